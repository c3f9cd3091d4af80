//! Clients that know nothing of Candor, as they come: Python's `requests` and Node's own fetch call
//! each documented row through the gateway, and are told what the API itself says. What curl is told
//! is held in `reach`.

use crate::reach::{AT_THE_DOOR, CALLBACK, Server, gateway};
use crate::run::candor;
use crate::tidy::root;
use base64::Engine;
use candor_contract::{Library, Table, Words, explain};
use candor_facts::{Answer, Check, Class, Ending, Exchange, Request, Verdict};
use http::{HeaderMap, HeaderName};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc;
use std::time::Duration;

/// How long a client may take for all rows, on a machine that does much else. It takes ten seconds.
const LONGEST: Duration = Duration::from_mins(2);

/// Set where nothing may be left out: by `test.sh`, which has installed everything.
const ALL: &str = "CANDOR_ALL_TESTS";

/// A program that calls, and how to see that it is there.
struct Client {
    name: &'static str,
    program: &'static str,
    script: &'static str,
    probe: &'static str,
    flag: &'static str,
}

const REQUESTS: Client = Client {
    name: "Python's requests",
    program: "python",
    script: "clients.py",
    probe: "import requests",
    flag: "-c",
};
const FETCH: Client = Client {
    name: "Node's fetch",
    program: "node",
    script: "clients.mjs",
    probe: "process.exit(globalThis.fetch ? 0 : 1)",
    flag: "-e",
};

#[test]
fn requests_of_python_is_told_each_documented_row() {
    println!("{}", is_told_each_row(&REQUESTS));
}

#[test]
fn fetch_of_node_is_told_each_documented_row() {
    println!("{}", is_told_each_row(&FETCH));
}

/// An answer as a client has seen it.
#[derive(Debug, Deserialize)]
struct Seen {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

/// What a client has seen of a scene.
#[derive(Debug, Deserialize)]
struct Played {
    direct: Option<Seen>,
    through: Seen,
}

/// What is to be said of it.
fn is_told_each_row(client: &Client) -> String {
    let Some(program) = client.found() else {
        assert!(std::env::var_os(ALL).is_none(), "{} is not installed", client.name);
        return format!("left out: the calls with {}, which is not installed", client.name);
    };
    let folder = tempfile::tempdir().unwrap();
    let [sandbox, gate] = ports();
    let (listen, gate) = (format!("127.0.0.1:{sandbox}"), format!("127.0.0.1:{gate}"));
    let arguments = |more: &[&'static str]| {
        let flags = ["sandbox", "all", "--listen", &listen, "--gateway", &gate, "--ca", "ca.pem"];
        flags.iter().chain(more).map(|word| (*word).to_owned()).collect::<Vec<String>>()
    };
    let run = |more| Server::start(&words(&arguments(more)), folder.path());
    let _sandbox = run(&["--seed", "1", "--format", "json"]);
    let _gateway = gateway(folder.path(), &words(&arguments(&["--print-gateway"])));
    let listed = candor(&words(&arguments(&["--list", "--format", "json"])), "");
    let ways: Vec<Value> = serde_json::from_slice(&listed.stdout).unwrap();
    let meets = |way: &Value| !AT_THE_DOOR.contains(&text(way, "row"));
    let ways: Vec<Value> = ways.into_iter().filter(meets).collect();
    let plan: Vec<Value> = ways.iter().map(|way| scene(way, &gate)).collect();
    let played = client.play(&program, &plan, folder.path());
    let library = Library::shipped().unwrap();
    let wrong = ways.iter().zip(&played).filter_map(|(way, played)| {
        let mistake = mistake(way, played, &library)?;
        Some(format!("{} {}: {mistake}\n{:?}", way["api"], way["row"], played.through))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty() && ways.len() == played.len(), "{}", wrong.join("\n"));
    let rows: BTreeSet<_> = ways.iter().map(|way| (text(way, "api"), text(way, "row"))).collect();
    format!("{}: {} rows in {} scenes", client.name, rows.len(), ways.len())
}

/// The scene as a client plays it. The handler of callbacks is called by the gateway alone.
fn scene(way: &Value, gate: &str) -> Value {
    let api = text(way, "api");
    let world = text(way, "reset").rsplit(' ').next().unwrap();
    let reset = json!({ "method": "DELETE", "url": world, "headers": [], "body": "", "times": 1 });
    let requests = way["requests"].as_array().unwrap();
    let (last, before) = requests.split_last().unwrap();
    let before: Vec<&Value> = std::iter::once(&reset).chain(before).collect();
    if api == CALLBACK {
        return json!({ "before": before, "direct": null, "again": [], "through": last });
    }
    let path = text(last, "url").strip_prefix(world.strip_suffix("/sandbox/world").unwrap());
    let mut through = last.clone();
    through["url"] = format!("http://{gate}/{api}{}", path.unwrap()).into();
    // A limit that was reached is still reached; of all else the second call needs a world of its own.
    let limit = requests.iter().any(|step| step["times"] != 1);
    let again = if limit { &[] } else { &*before };
    json!({ "before": before, "direct": last, "again": again, "through": through })
}

/// What is wrong with what the client was told through the gateway.
fn mistake(way: &Value, played: &Played, library: &Library) -> Option<String> {
    let table = library.get(text(way, "api")).unwrap();
    let through = &played.through;
    let row = format!("{}/{}", table.label(), text(way, "row"));
    if through.field("candor-row").trim_matches('"') != row {
        return Some(format!("the row is not {row}"));
    }
    let direct = played.direct.as_ref();
    let expected = direct.map(|seen| verdict(&table, seen, way));
    let told: Value = serde_json::from_slice(&through.bytes()).unwrap_or_default();
    // What a handler has answered the gateway alone has seen: the row says what it is.
    let known = expected.as_ref().map(|verdict| verdict.class);
    let known = known.or_else(|| Some(table.row(text(way, "row"))?.class));
    let class = through.field("candor-class");
    if known.is_some_and(|known| known.name() != class) {
        return Some(format!("the class is not {known:?}"));
    }
    if [Class::Ok, Class::Accepted].map(Class::name).contains(&class) {
        let same = |seen: &Seen| (seen.status, &seen.body) == (through.status, &through.body);
        return (!direct.is_none_or(same)).then(|| format!("it is not as it was: {direct:?}"));
    }
    if through.field("content-type") != "application/problem+json" {
        return Some("it is no problem+json".to_owned());
    }
    let mut wrong = vec![
        ("class", json!(class)),
        ("row", way["row"].clone()),
        ("outcome", json!(through.field("candor-outcome"))),
    ];
    if let Some(verdict) = expected {
        wrong.push(("outcome", json!(verdict.outcome)));
        wrong.push(("retry", json!(verdict.retry)));
        wrong.push(("upstream_status", json!(verdict.status)));
    }
    wrong.retain(|(name, value)| told[name] != *value);
    (!wrong.is_empty()).then(|| format!("expected were {wrong:?} in {told}"))
}

/// What the contract says of the API's own answer.
fn verdict(table: &Table, seen: &Seen, way: &Value) -> Verdict {
    let last = way["requests"].as_array().unwrap().last().unwrap();
    let method = text(last, "method").parse().unwrap();
    let url: url::Url = text(last, "url").parse().unwrap();
    let headers = seen.headers.iter();
    let headers: HeaderMap =
        headers.map(|(n, v)| (n.parse::<HeaderName>().unwrap(), v.parse().unwrap())).collect();
    let body = seen.bytes();
    let status = seen.status.try_into().unwrap();
    let answer =
        Answer { status, reason: None, headers: &headers, body: &body, check: Check::NotMade };
    let request = Request { method: &method, path: url.path(), ..Request::default() };
    let exchange = Exchange { request, ending: Ending::Answer(answer), ended_at: None };
    explain::under(table, &exchange, &Words::default()).verdict
}

/// A member that is a text.
fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// Free ports: of a sandbox, which takes the five that follow as well, and of its gateway. They lie
/// below those from which connections are made.
fn ports() -> [u16; 2] {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 1000).unwrap() * 10;
    let free = |from: &u16| (*from..from + 7).all(|p| TcpListener::bind(("127.0.0.1", p)).is_ok());
    let next = || first + NEXT.fetch_add(10, Ordering::SeqCst);
    let from = std::iter::repeat_with(next).find(free).unwrap();
    [from, from + 6]
}

// === impl Client ===

impl Client {
    /// The machine's own, or the one that `install.sh` has installed.
    fn found(&self) -> Option<PathBuf> {
        let target = Path::new(env!("CARGO_BIN_EXE_candor")).ancestors().nth(2).unwrap();
        let own = target.join("tools").join(self.program).join("bin").join(self.program);
        let candidates = [PathBuf::from(self.program), format!("{}3", self.program).into(), own];
        candidates.into_iter().find(|program| {
            let mut probe = Command::new(program);
            probe.args([self.flag, self.probe]).stdout(Stdio::null()).stderr(Stdio::null());
            probe.status().is_ok_and(|status| status.success())
        })
    }

    /// Has the client play all scenes.
    fn play(&self, program: &Path, plan: &[Value], folder: &Path) -> Vec<Played> {
        let file = folder.join("plan.json");
        std::fs::write(&file, serde_json::to_vec(plan).unwrap()).unwrap();
        let script = root().join("crates/app/tests/clients").join(self.script);
        let mut command = Command::new(program);
        command.arg(script).arg(file).env("NO_PROXY", "127.0.0.1").stdout(Stdio::piped());
        let Output { status, stdout, .. } = bounded(command);
        assert!(status.success(), "{} ended with {status}", self.name);
        serde_json::from_slice(&stdout).unwrap()
    }
}

/// Runs a command to its end, or ends it.
fn bounded(mut command: Command) -> Output {
    let child = command.spawn().unwrap();
    let id = child.id().to_string();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || tell.send(child.wait_with_output()));
    let output = told.recv_timeout(LONGEST).unwrap_or_else(|_| {
        drop(Command::new("kill").arg(&id).status());
        panic!("{command:?} took longer than {LONGEST:?}")
    });
    output.unwrap()
}

// === impl Seen ===

impl Seen {
    fn field(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn bytes(&self) -> Vec<u8> {
        base64::engine::general_purpose::STANDARD.decode(&self.body).unwrap()
    }
}
