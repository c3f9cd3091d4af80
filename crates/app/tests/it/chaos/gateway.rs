//! The program as a process that can be killed or stopped at any instant, and its configuration.

use super::kind::{ID, KINDS, Kind};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a gateway may be silent before its operations are taken over: the shortest there is.
pub(super) const LEASE: Duration = Duration::from_secs(1);

/// Where the program is.
pub(super) fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_candor"))
}

/// Writes the configuration into `folder`: every kind of callback, to the handler at `upstream`.
pub(super) fn configure(folder: &Path, upstream: &str, ledger: &str) {
    let lease = LEASE.as_secs();
    let callbacks: String = KINDS.iter().map(callback).collect();
    let text = format!(
        "listen: 127.0.0.1:0\nledger: {ledger}\noperations: {{ lease: {lease}s }}\n\
         predefined_callbacks: false\n\
         cyberapps:\n  app:\n    name: App\n    endpoint_id: e\n    url: http://{upstream}/\n    \
         allow_http: true\n    allow_addresses: [127.0.0.0/8]\n\
         tenants:\n  acme: {{ app: {{ identity: a, secrets: {{ password: s3cret }} }} }}\n\
         callbacks:\n{callbacks}"
    );
    std::fs::write(folder.join("candor.yaml"), text).unwrap();
}

fn callback(Kind { name, says, .. }: &Kind) -> String {
    let says = says.join("\n    ");
    format!(
        "  {ID}.{name}.v1.0:\n    request: {{ type: ask, schema: {{ type: object }} }}\n    \
         responses: {{ \"200\": {{ type: done }} }}\n    timeout: 30s\n    {says}\n"
    )
}

/// `candor serve` with the configuration in a folder.
pub(super) struct Gateway {
    child: Child,
    pub(super) address: String,
}

impl Gateway {
    /// Starts it, and waits until it listens; `fault` is what a program with planted faults does wrong.
    pub(super) fn start(folder: &Path, fault: Option<&str>) -> Self {
        let mut command = program();
        command.args(["serve", "candor.yaml"]).current_dir(folder).stdout(Stdio::piped());
        if let Some(fault) = fault {
            command.env("CANDOR_PLANTED_FAULT", fault);
        }
        let log = std::fs::File::options().create(true).append(true).open(folder.join("log"));
        let mut child = command.stderr(log.unwrap()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit_once("http://").map(|(_, address)| address.to_owned());
        let Some(address) = address else {
            let _ = child.kill();
            let _ = child.wait();
            let log = std::fs::read_to_string(folder.join("log")).unwrap();
            panic!("a gateway did not start: {log}");
        };
        Self { child, address }
    }

    /// SIGKILL: it has no time to do anything.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends the process a signal by its name.
    pub(super) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An answer whose head has come whole.
pub(super) struct Answer {
    pub(super) status: u16,
    /// The operation that it names.
    pub(super) operation: Option<String>,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}", self.body))
    }
}

/// Sends a request, and reads the answer; none where its head does not come whole.
pub(super) fn ask(address: &str, head: &str, body: &str) -> Option<Answer> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(40))).ok()?;
    let length = body.len();
    let request = format!(
        "{head}Host: g\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    // What came before the connection broke was said.
    drop(stream.read_to_end(&mut answer));
    let answer = String::from_utf8(answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let named = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("candor-operation").then(|| value.trim().to_owned())
    };
    Some(Answer {
        status: head.split(' ').nth(1)?.parse().ok()?,
        operation: head.lines().find_map(named),
        body: body.to_owned(),
    })
}

/// What is at `path`.
pub(super) fn get(address: &str, path: &str) -> Option<Answer> {
    ask(address, &format!("GET {path} HTTP/1.1\r\n"), "")
}
