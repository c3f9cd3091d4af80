//! Wrong input of all kinds: each is refused by the API's own error, and no input is a failure of
//! the API.

use super::{Account, PLATFORM, SERVICES, call, pem, shipping};
use crate::kit::laws::assert_refused;
use crate::kit::step;
use candor_sandbox::reach::Step;
use candor_sandbox::solace::SolaceCloud;
use serde_json::{Value, json};

const ORDERS: &str = "/api/v2/missionControl/eventBrokerServices/svcorders01";
const QUEUES: &str = "/api/v2/missionControl/eventBrokerServices/svcorders01/broker/SEMP/v2/config/msgVpns/msgvpn-1/queues";

type Wrong = (&'static str, Step, &'static str);

/// A body for a new service, with one member changed.
fn with(member: &str, value: Value) -> String {
    let mut body = shipping();
    body[member] = value;
    body.to_string()
}

fn post(body: &str) -> Step {
    call("admin-token", "POST", SERVICES, body)
}

fn send(method: &str, path: &str, body: &str) -> Step {
    call("admin-token", method, path, body)
}

fn bodies() -> Vec<Wrong> {
    let nested = format!("{{\"name\":{}{}}}", "[".repeat(200), "]".repeat(200));
    let huge = format!("{{\"name\":\"{}\"}}", "x".repeat(1024 * 1024));
    let typed = |media| {
        let headers = [("Authorization", "Bearer admin-token"), ("Content-Type", media)];
        step("POST", SERVICES, &headers, &shipping().to_string())
    };
    let unknown = with(&"x".repeat(5000), json!(1));
    vec![
        ("no body", post(""), "400"),
        ("broken JSON", post("{\"name\":"), "400"),
        ("a list", post("[]"), "400"),
        ("a text", post("\"x\""), "400"),
        ("null", post("null"), "400"),
        ("not UTF-8 escapes", post("{\"name\":\"\\ud800\"}"), "400"),
        ("a member twice", post("{\"name\":\"a\",\"name\":\"b\"}"), "400"),
        ("nested nonsense", post(&nested), "400"),
        ("a huge body", post(&huge), "400"),
        ("a form", typed("application/x-www-form-urlencoded"), "400"),
        ("XML", typed("text/xml; charset=utf-8"), "400"),
        ("no media type", typed(";"), "400"),
        ("an empty object", post("{}"), "400.validation"),
        ("an unknown field", post(&with("colour", json!("red"))), "400.validation"),
        ("an unknown field with a long name", post(&unknown), "400.validation"),
        ("a blank name", post(&with("name", json!("  "))), "400.validation"),
        ("a name that is null", post(&with("name", Value::Null)), "400.validation"),
        ("a name that is a number", post(&with("name", json!(7))), "400.validation"),
        ("a name that is an object", post(&with("name", json!({"a": 1}))), "400.validation"),
        ("a name with NUL", post(&with("name", json!("a\0b"))), "400.validation"),
        ("a long name", post(&with("name", json!("x".repeat(51)))), "400.validation"),
        ("a name that exists", post(&with("name", json!("Ledger"))), "400.validation"),
        ("no such class", post(&with("serviceClassId", json!("HUGE"))), "400.validation"),
        ("no such datacenter", post(&with("datacenterId", json!("moon"))), "400.validation"),
        ("no such environment", post(&with("environmentId", json!("x"))), "400.validation"),
        ("no such version", post(&with("eventBrokerVersion", json!("9"))), "400.validation"),
        ("the default VPN", post(&with("msgVpnName", json!("default"))), "400.validation"),
        ("a lock that is text", post(&with("locked", json!("true"))), "400.validation"),
        ("a spool that is text", post(&with("maxSpoolUsage", json!("50"))), "400.validation"),
        ("a spool with a fraction", post(&with("maxSpoolUsage", json!(10.5))), "400.validation"),
        ("a negative spool", post(&with("maxSpoolUsage", json!(-1))), "400.validation"),
        ("an absurd spool", post(&with("maxSpoolUsage", json!(1e300))), "400.validation"),
        ("a vast spool", post(&with("maxSpoolUsage", json!(u64::MAX))), "400.validation"),
        ("too much spool", post(&with("maxSpoolUsage", json!(600))), "400"),
        ("links that are no list", post(&with("dmrLink", json!("x"))), "400.validation"),
        ("links that are no objects", post(&with("dmrLink", json!([1, null]))), "400.validation"),
    ]
}

fn targets() -> Vec<Wrong> {
    let get = |path: &str| send("GET", path, "");
    let of = |below: &str| format!("{ORDERS}{below}");
    let services = |query: &str| get(&format!("{SERVICES}?{query}"));
    vec![
        ("no path", get("/"), "404"),
        ("a path of another version", get("/api/v0/services"), "404"),
        ("a path with a slash more", get(&format!("{SERVICES}/")), "404"),
        ("a long path", get(&format!("/api/v2/{}", "x".repeat(8000))), "404"),
        ("an odd segment", get(&format!("{SERVICES}/%00%0d%0a")), "404"),
        ("no UTF-8 in the path", get(&format!("{SERVICES}/%ff")), "404"),
        ("another method", send("PUT", SERVICES, "{}"), "405"),
        ("an unknown method", send("BREW", SERVICES, ""), "405"),
        ("HEAD", send("HEAD", SERVICES, ""), "405"),
        ("no such operation", get(&of("/operations/none")), "404"),
        ("operations of no service", get(&format!("{SERVICES}/none/operations")), "404"),
        ("no such profile", get(&of("/clientProfiles/none")), "404"),
        ("no such certificate", get(&of("/serverCertificates/none")), "404"),
        ("no such datacenter", get("/api/v2/missionControl/datacenters/moon"), "404"),
        ("no such class", get("/api/v2/missionControl/serviceClasses/HUGE"), "400"),
        ("no such environment", get(&format!("{PLATFORM}/environments/none")), "404"),
        ("no such user group", get(&format!("{PLATFORM}/userGroups/none")), "404"),
        ("no such token", get(&format!("{PLATFORM}/apiTokens/none")), "404"),
        ("page 0", services("pageNumber=0"), "400.validation"),
        ("page -1", services("pageNumber=-1"), "400.validation"),
        ("an absurd page", services(&format!("pageNumber={}", "9".repeat(99))), "400.validation"),
        ("an empty page number", services("pageNumber="), "400.validation"),
        ("a size of 101", services("pageSize=101"), "400.validation"),
        ("a size in words", services("pageSize=ten"), "400.validation"),
        ("an unknown order", services("sort=colour"), "400.validation"),
        ("an order that is none", services("sort=name:up"), "400.validation"),
        ("an unknown expansion", get(&of("?expand=soul")), "400.validation"),
        ("an odd filter", services("customAttributes=colour==red"), "400.validation"),
        (
            "no such provider",
            get("/api/v2/missionControl/datacenters?provider=x"),
            "400.validation",
        ),
    ]
}

fn callers() -> Vec<Wrong> {
    let with = |authorization: &str| step("GET", SERVICES, &[("Authorization", authorization)], "");
    let long = format!("Bearer {}", "x".repeat(8000));
    vec![
        ("no token", step("GET", SERVICES, &[], ""), "401"),
        ("an unknown token", with("Bearer nobody"), "401"),
        ("an expired token", with("Bearer expired-token"), "401"),
        ("another scheme", with("Basic YWRtaW4tdG9rZW46"), "401"),
        ("a scheme alone", with("Bearer"), "401"),
        ("a token alone", with("admin-token"), "401"),
        ("a long token", with(&long), "401"),
        ("a foreign service", call("bob-token", "GET", ORDERS, ""), "403"),
    ]
}

fn changes() -> Vec<Wrong> {
    let of = |method, below: &str, body: Value| {
        send(method, &format!("{ORDERS}{below}"), &body.to_string())
    };
    let profile = |body| of("POST", "/clientProfiles", body);
    let no_key = json!({ "certificate": pem()["certificate"] });
    let swapped = json!({ "certificate": pem()["privateKey"], "privateKey": pem()["certificate"] });
    let thresholds = "eventClientProvisionedEndpointSpoolUsageThreshold";
    let platform = |method, below: &str, body: Value| {
        send(method, &format!("{PLATFORM}/{below}"), &body.to_string())
    };
    vec![
        ("a name of another", of("PATCH", "", json!({"name": "Ledger"})), "400.validation"),
        ("a name taken away", of("PATCH", "", json!({"name": ""})), "400.validation"),
        ("an owner from outside", of("PATCH", "", json!({"ownedBy": "eve"})), "400.validation"),
        ("a class that stays", of("PATCH", "", json!({"serviceClassId": "X"})), "400.validation"),
        ("no spool", of("PATCH", "/messageSpool", json!({})), "400.validation"),
        (
            "a smaller spool",
            of("PATCH", "/messageSpool", json!({"messageSpoolSizeInGB": 40})),
            "400.validation",
        ),
        ("a profile without a name", profile(json!({})), "400.validation"),
        ("a profile with blanks", profile(json!({"name": "a b"})), "400.validation"),
        ("a profile that exists", profile(json!({"name": "default"})), "400.validation"),
        (
            "a keepalive of an hour and more",
            profile(json!({"name": "p", "serviceMinKeepaliveTimeout": 3601})),
            "400.validation",
        ),
        ("half a threshold", profile(json!({"name": "p", thresholds: {"x": 1}})), "400.validation"),
        (
            "a threshold beyond all",
            profile(json!({"name": "p", thresholds: {"setPercent": 101}})),
            "400.validation",
        ),
        (
            "another profile's name",
            of("PUT", "/clientProfiles/publishers", json!({"name": "x"})),
            "400.validation",
        ),
        ("a clone to nowhere", of("POST", "/clone", json!({})), "400.validation"),
        (
            "a clone of another class",
            of("POST", "/clone", json!({"datacenterId": "eks-us-east-1a", "serviceClassId": "X"})),
            "400.validation",
        ),
        (
            "a certificate without a key",
            of("POST", "/serverCertificates", no_key),
            "400.validation",
        ),
        (
            "key and certificate swapped",
            of("POST", "/serverCertificates", swapped),
            "400.validation",
        ),
        (
            "a certificate that is installed",
            of("POST", "/serverCertificates/certold0001/install", json!({})),
            "400",
        ),
        (
            "an environment without a name",
            platform("POST", "environments", json!({})),
            "400.validation",
        ),
        (
            "an environment that exists",
            platform("POST", "environments", json!({"name": "Spare"})),
            "400.validation",
        ),
        (
            "no default environment",
            platform("PUT", "environments/envdefault1", json!({"name": "D", "isDefault": false})),
            "400.validation",
        ),
        (
            "production that changes",
            platform(
                "PUT",
                "environments/envprod0001",
                json!({"name": "P", "isProduction": false}),
            ),
            "400.validation",
        ),
        (
            "a role that is unknown",
            platform(
                "POST",
                "userGroups",
                json!({"name": "g", "roles": ["administrator", "king"]}),
            ),
            "400.validation",
        ),
        (
            "a group that exists",
            platform("POST", "userGroups", json!({"name": "Operators"})),
            "400.validation",
        ),
    ]
}

fn broker() -> Vec<Wrong> {
    let queue = format!("{QUEUES}/orders");
    let create = |body| send("POST", QUEUES, body);
    let other = QUEUES.replace("msgvpn-1", "msgvpn-2");
    vec![
        ("no such queue", send("GET", &format!("{QUEUES}/none"), ""), "semp.6"),
        ("no such VPN", send("GET", &other, ""), "semp.6"),
        ("a queue without a name", create("{}"), "semp.27"),
        ("no body for the broker", create(""), "semp.27"),
        ("no JSON for the broker", create("x"), "semp.27"),
        ("a queue of another VPN", create(r#"{"queueName":"q","msgVpnName":"x"}"#), "semp.27"),
        ("a flag that is text", create(r#"{"queueName":"q","egressEnabled":"true"}"#), "semp.27"),
        ("another queue's name", send("PATCH", &queue, r#"{"queueName":"x"}"#), "semp.27"),
        ("an unknown attribute", send("PATCH", &queue, r#"{"colour":"blue"}"#), "semp.11"),
        ("a queue that exists", create(r#"{"queueName":"orders"}"#), "semp.4xx"),
        ("a broker of no service", send("GET", &QUEUES.replace("svcorders01", "x"), ""), "404"),
    ]
}

#[test]
fn wrong_input_is_refused_by_its_row() {
    let inputs: Vec<Wrong> =
        [bodies(), targets(), callers(), changes(), broker()].into_iter().flatten().collect();
    assert_refused::<SolaceCloud>(&inputs);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let account = Account::new();
    let body = json!({ "name": 1, "maxSpoolUsage": 5, "locked": "no", "colour": "red" });
    let seen = account.send("POST", SERVICES, &body);
    assert_eq!(seen.text("/message"), "An entity of type service was passed in an invalid format.");
    let expected = json!({
        "colour": ["is not a known field"],
        "name": ["must be a string"],
        "serviceClassId": ["must not be blank"],
        "datacenterId": ["must not be blank"],
        "locked": ["must be true or false"],
        "maxSpoolUsage": ["must be greater than or equal to 10"],
    });
    assert_eq!(seen.body["validationDetails"], expected);
}

#[test]
fn each_error_has_an_id_of_its_own() {
    let account = Account::new();
    let id = || account.get("/nowhere").text("/errorId").to_owned();
    let (one, two) = (id(), id());
    assert_ne!(one, two);
    assert_eq!(one.len(), 36);
}
