//! What is in `deploy/`: one configuration that the unit, the image and the manifests agree with, and
//! that does what its README says. Containers are not started here; what would run in them is.

use crate::reach::Server;
use crate::tidy::root;
use candor_contract::notation::{self, Node};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};

const CANDOR: &str = env!("CARGO_BIN_EXE_candor");
/// Where the configuration and what is written are, everywhere.
const FILE: &str = "/etc/candor/candor.yaml";
const STATE: &str = "/var/lib/candor";
const KEY: &str = "candor-demo-operator";

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join("deploy").join(name)).unwrap()
}

/// The documents of a YAML file, every scalar a text.
fn documents(name: &str) -> Vec<Value> {
    let text = read(name);
    let documents = text.split("\n---\n").map(|text| notation::parse(name, text).unwrap());
    documents.map(|node| value(&node)).collect()
}

fn value(node: &Node) -> Value {
    match &node.value {
        notation::Value::Scalar { text, .. } => json!(text),
        notation::Value::Sequence(nodes) => nodes.iter().map(value).collect(),
        notation::Value::Mapping(entries) => {
            entries.iter().map(|entry| (entry.key.clone(), value(&entry.node))).collect()
        }
    }
}

/// The environment variables that a configuration takes secrets from.
fn variables(config: &str) -> BTreeSet<&str> {
    let named = config.split("{ env: ").skip(1);
    named.map(|rest| rest.split(' ').next().unwrap()).collect()
}

/// The variables that the configuration takes as it stands.
fn needed() -> BTreeSet<String> {
    let config = read("candor.yaml");
    let lines = config.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.flat_map(variables).map(str::to_owned).collect()
}

/// The configuration with everything that is switched off: a `#` directly before its words.
fn switched_on(config: &str) -> String {
    let on = |line: &str| match line.trim_start().strip_prefix('#') {
        Some(rest) if !rest.starts_with(' ') => line.replacen('#', "", 1),
        _ => line.to_owned(),
    };
    config.lines().map(on).collect::<Vec<_>>().join("\n")
}

/// What `candor` says of the configuration `config`, and of nothing but it.
fn run(config: &str, arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("candor.yaml"), config).unwrap();
    let mut command = Command::new(CANDOR);
    command.args(["serve", "candor.yaml"]).args(arguments).current_dir(folder.path());
    command.envs(variables(config).into_iter().map(|name| (name, KEY)));
    let output = command.env("NO_COLOR", "1").output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn the_configuration_has_no_mistake_with_and_without_what_is_switched_off() {
    let config = read("candor.yaml");
    assert_eq!(run(&config, &["--check"]), "candor.yaml: 1 route, no mistake\n");
    let all = switched_on(&config);
    assert_eq!(run(&all, &["--check"]), "candor.yaml: 3 routes, no mistake\n");
}

#[test]
fn callers_are_known_so_that_it_may_listen_beyond_this_machine() {
    let config = read("candor.yaml").replace(STATE, "state");
    // An address that no machine has (RFC 5737): it gets as far as to ask for it.
    let elsewhere = ["--listen", "192.0.2.1:8420"];
    let said = run(&config, &elsewhere);
    assert!(said.contains("cannot listen on 192.0.2.1:8420"), "{said}");
    let (before, rest) = config.split_once("\ncallers:\n").unwrap();
    let (_, after) = rest.split_once("\nroutes:\n").unwrap();
    let said = run(&format!("{before}\nroutes:\n{after}"), &elsewhere);
    assert!(said.contains("callers"), "{said}");
}

#[test]
fn the_config_map_holds_the_same_configuration() {
    let config = documents("kubernetes.yaml")[0]["data"]["candor.yaml"].clone();
    assert_eq!(config, read("candor.yaml"));
    assert!(run(config.as_str().unwrap(), &["--check"]).contains("no mistake"));
}

/// The ports of the configuration: of callers, and of operators.
fn ports() -> [String; 2] {
    let config = &documents("candor.yaml")[0];
    let listen = [&config["listen"], &config["admin"]["listen"]];
    listen.map(|address| address.as_str().unwrap().rsplit(':').next().unwrap().to_owned())
}

#[test]
fn the_image_and_its_neighbours_name_what_the_configuration_names() {
    let [callers, operators] = ports();
    let image = read("Dockerfile");
    for words in [
        format!("\nEXPOSE {callers} {operators}\n"),
        format!("\nVOLUME {STATE}\n"),
        format!("\nCMD [\"serve\", \"{FILE}\","),
        "\nUSER 65532:65532\n".to_owned(),
    ] {
        assert!(image.contains(&words), "the Dockerfile has no {words}");
    }
    let services = &documents("compose.yaml")[0]["services"];
    let gateway = &services["gateway"];
    let published = [&callers, &operators].map(|port| format!("127.0.0.1:{port}:{port}"));
    assert_eq!(gateway["ports"], json!(published));
    let volumes = [format!("./candor.yaml:{FILE}:ro"), format!("state:{STATE}")];
    assert_eq!(gateway["volumes"], json!(volumes));
    let given = gateway["environment"].as_object().unwrap().keys().cloned();
    assert_eq!(given.collect::<BTreeSet<String>>(), needed());
    let upstream = &documents("candor.yaml")[0]["routes"]["demo"]["url"];
    let played = services["sandbox"]["command"].as_array().unwrap().last().unwrap();
    assert_eq!(*upstream, format!("http://{}", played.as_str().unwrap()));
}

#[test]
fn the_manifest_names_what_the_configuration_names() {
    let [config, deployment, service, budget] = &*documents("kubernetes.yaml") else {
        panic!("four objects")
    };
    let [callers, operators] = ports();
    let pod = &deployment["spec"]["template"];
    let container = &pod["spec"]["containers"][0];
    let ports = json!([
        { "name": "http", "containerPort": callers },
        { "name": "admin", "containerPort": operators },
    ]);
    assert_eq!(container["ports"], ports);
    assert_eq!(container["args"][1], FILE);
    for (probe, path) in [("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")] {
        assert_eq!(container[probe]["httpGet"], json!({ "path": path, "port": "admin" }));
    }
    let named = container["env"].as_array().unwrap().iter().map(|one| one["name"].as_str());
    assert_eq!(named.map(|name| name.unwrap().to_owned()).collect::<BTreeSet<_>>(), needed());
    let folder = Path::new(FILE).parent().unwrap().to_str().unwrap();
    let mounts = [&container["volumeMounts"][0], &container["volumeMounts"][1]];
    assert_eq!(mounts.map(|mount| &mount["mountPath"]), [folder, STATE]);
    assert_eq!(pod["spec"]["volumes"][0]["configMap"]["name"], config["metadata"]["name"]);
    assert_eq!(service["spec"]["ports"][0]["targetPort"], "http");
    let labels = &pod["metadata"]["labels"];
    for object in [deployment, budget] {
        assert_eq!(object["spec"]["selector"]["matchLabels"], *labels);
    }
    assert_eq!(service["spec"]["selector"], *labels);
}

#[test]
fn the_unit_names_what_the_configuration_names() {
    let unit = read("candor.service");
    let of = |key: &str| {
        let lines = unit.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        lines.map(str::to_owned).collect::<Vec<String>>()
    };
    let check = format!("/usr/local/bin/candor serve {FILE} --check");
    assert_eq!(of("ExecStartPre"), [&*check]);
    assert_eq!(of("ExecReload"), [&*check, "/bin/kill -HUP $MAINPID"]);
    let [callers, _] = ports();
    let start =
        format!("/usr/local/bin/candor serve {FILE} --listen 127.0.0.1:{callers} --log json");
    assert_eq!(of("ExecStart"), [start]);
    assert_eq!(of("StateDirectory"), [STATE.rsplit('/').next().unwrap()]);
}

#[test]
fn systemd_finds_no_mistake_in_the_unit() {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("candor.service");
    // It asks whether the programs are there.
    std::fs::write(&unit, read("candor.service").replace("/usr/local/bin/candor", CANDOR)).unwrap();
    let mut command = Command::new("systemd-analyze");
    command.args(["verify", "--man=no"]).arg(&unit).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(output) = command.output() else {
        return eprintln!("left out: systemd's own look at the unit; systemd is not installed");
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !said.contains("candor.service"), "{said}");
}

#[test]
fn the_first_try_is_answered_as_the_readme_says() {
    let folder = tempfile::tempdir().unwrap();
    let (_sandbox, told) = Server::told(
        &["sandbox", "open2b", "--listen", "127.0.0.1:0", "--format", "json"],
        folder.path(),
        1,
    );
    let told: Value = serde_json::from_str(&told[0]).unwrap();
    let played = told["apis"][0]["controls"].as_str().unwrap().strip_suffix("/sandbox").unwrap();
    let mut config = read("candor.yaml");
    let [callers, operators] = ports().map(|port| format!("0.0.0.0:{port}"));
    for (written, here) in [
        (&*callers, "127.0.0.1:0"),
        (&*operators, "127.0.0.1:0"),
        (STATE, "state"),
        ("http://127.0.0.1:8431", played),
    ] {
        assert!(config.contains(written), "{written}");
        config = config.replace(written, here);
    }
    let config = variables(&config)
        .into_iter()
        .fold(config.clone(), |config, name| config.replace(&format!("{{ env: {name} }}"), KEY));
    std::fs::write(folder.path().join("candor.yaml"), config).unwrap();
    let (_gateway, told) = Server::told(&["serve", "candor.yaml"], folder.path(), 2);
    let address = |line: &str| {
        let rest = line.split("http://").nth(1).unwrap();
        rest.split('/').next().unwrap().trim().to_owned()
    };
    let [gateway, admin] = [address(&told[0]), address(&told[1])];
    let readme = read("README.md");
    let commands = readme.lines().filter(|line| line.starts_with("curl "));
    let answers = commands.map(|command| {
        let command = command.replace("127.0.0.1:8420", &gateway).replace("127.0.0.1:8430", &admin);
        let output = Command::new("sh").args(["-c", &command]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    });
    let expected = [
        "candor-class: ok\r\n",
        "candor-row: open2b@7.8/field.missing\r\n",
        "HTTP/1.1 401 Unauthorized\r\n",
        "\r\n\r\nready\n",
        "\n# TYPE candor_",
    ];
    let answers: Vec<String> = answers.collect();
    assert_eq!(answers.len(), expected.len());
    for (answer, words) in answers.iter().zip(expected) {
        assert!(answer.contains(words), "no {words:?} in {answer}");
    }
}
