//! `candor sandbox` from outside: where it listens, what it keeps, what it refuses.

use crate::run::{candor, screen};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A running sandbox with what it has told, stopped at the end.
struct Sandbox {
    child: Child,
    told: Value,
}

impl Sandbox {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_candor"))
            .args(["sandbox", "--listen", "127.0.0.1:0", "--format", "json"])
            .args(arguments)
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        Self { child, told: serde_json::from_str(&line).unwrap() }
    }

    /// The controls of the first API, without `http://`.
    fn controls(&self) -> String {
        let controls = self.told["apis"][0]["controls"].as_str().unwrap();
        controls.strip_prefix("http://").unwrap().to_owned()
    }

    fn get(&self, control: &str) -> Value {
        send("GET", &format!("{}{control}", self.controls()), "").1
    }

    fn put(&self, control: &str, body: &Value) -> (u16, Value) {
        send("PUT", &format!("{}{control}", self.controls()), &body.to_string())
    }

    /// Ends it as Ctrl-C or a service manager does.
    fn stop(mut self) {
        let pid = self.child.id().to_string();
        Command::new("kill").args(["-TERM", &pid]).status().unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn send(method: &str, url: &str, body: &str) -> (u16, Value) {
    let (address, path) = url.split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!("{method} /{path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

#[test]
fn a_kept_world_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    for api in candor_sandbox::house::APIS {
        let arguments = [api.name, "--seed", "1", "--state", "worlds.json"];
        let first = Sandbox::start(folder.path(), &arguments);
        assert_eq!(first.put("/clock", &json!({ "advance_seconds": 3600 })).0, 200);
        let before = first.get("/world");
        first.stop();
        let second = Sandbox::start(folder.path(), &arguments);
        assert_eq!(second.get("/world"), before, "{}", api.name);
        second.stop();
    }
    let kept = std::fs::read_to_string(folder.path().join("worlds.json")).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&kept).unwrap().as_object().unwrap().len(), 5);
    assert!(!kept.contains("open sesame"), "a login's password is kept as its digest");
}

#[test]
fn a_file_that_holds_no_worlds_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("worlds.json");
    for foreign in ["no JSON", r#"{"open2b": {"state": 7}}"#] {
        std::fs::write(&file, foreign).unwrap();
        let arguments = ["sandbox", "open2b", "--listen", "127.0.0.1:0", "--state"];
        let output = candor(&[&arguments[..], &[file.to_str().unwrap()]].concat(), "");
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(error.contains("holds no worlds") && error.contains("move it away"), "{error}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), foreign);
    }
}

#[test]
fn all_apis_share_a_port_below_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(folder.path(), &["--one-port"]);
    let apis = sandbox.told["apis"].as_array().unwrap();
    assert_eq!(apis.len(), 5);
    for api in apis {
        let (name, controls) = (api["name"].as_str().unwrap(), api["controls"].as_str().unwrap());
        assert!(controls.ends_with(&format!("/{name}/sandbox")), "{controls}");
        let (status, shown) = send("GET", controls.strip_prefix("http://").unwrap(), "");
        assert_eq!((status, shown["api"].as_str().unwrap()), (200, name));
    }
    sandbox.stop();
}

#[test]
fn a_control_says_what_is_wrong_with_what_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(folder.path(), &["open2b"]);
    for (control, body, part) in [
        ("/conditions", json!({ "mutes": true }), "unknown field `mutes`"),
        ("/clock", json!({ "advance_seconds": "soon" }), "invalid type"),
        ("/world", json!({}), "missing field `state`"),
    ] {
        let (status, problem) = sandbox.put(control, &body);
        assert_eq!(status, 400);
        assert!(problem["detail"].as_str().unwrap().contains(part), "{problem}");
    }
    let url = format!("{}/nothing", sandbox.controls());
    assert_eq!(send("GET", &url, "").0, 404);
    let url = format!("{}/clock", sandbox.controls());
    assert_eq!(send("POST", &url, "{}").0, 405);
    sandbox.stop();
}

#[test]
fn what_cannot_be_opened_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for (arguments, part) in [
        (vec!["opn2b"], "Did you mean `open2b`?"),
        (vec!["--listen", "192.0.2.1:80"], "on loopback only"),
        (vec!["open2b", "--listen", &address], "choose another port"),
        (vec!["open2b", "--print-gateway"], "no callback handler"),
        (vec!["open2b", "--list", "--row", "nothing"], "no scene reaches the row `nothing`"),
    ] {
        let screen = screen(&[&["sandbox"], &arguments[..]].concat(), "");
        assert!(screen.contains(part), "{arguments:?}: {screen}");
        assert!(!screen.ends_with("exit 0"));
    }
    drop(folder);
}
