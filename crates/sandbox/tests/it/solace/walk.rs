//! Random walks through the account.

use super::{PLATFORM, SERVICES, call, pem};
use crate::kit::laws::Walk;
use crate::kit::step;
use candor_sandbox::reach::Step;
use candor_sandbox::solace::SolaceCloud;
use candor_sandbox::solace::world::{Bucket, State};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// What may change without a call that is let through: the tokens' limits, and what time brings.
/// Bringing all operations to their ends makes worlds alike that differ only in time.
fn forget(state: &mut State) {
    for token in state.tokens.values_mut() {
        token.bucket = Bucket { taken_milli: 0, filled: Timestamp::UNIX_EPOCH };
    }
    state.advance(Timestamp::MAX);
}

#[test]
fn walks_keep_the_laws() {
    Walk::<SolaceCloud> { cases: 128, calls: 40, forget }.holds(calls());
}

fn calls() -> impl Strategy<Value = Step> {
    let token = prop_oneof![
        24 => Just("admin-token"),
        2 => Just("bob-token"),
        1 => select(vec!["viewer-token", "script-token", "expired-token", "nobody"]),
    ];
    let sent = (token, prop_oneof![3 => writes(), 2 => reads()])
        .prop_map(|(token, (method, path, body))| call(token, method, &path, &body));
    prop_oneof![8 => sent, 1 => controls()]
}

/// The clock goes on, now and then back, and work is planned otherwise.
fn controls() -> impl Strategy<Value = Step> {
    let json = [("Content-Type", "application/json")];
    let clock = select(vec![1, 5, 30, 400, 100_000, -60]).prop_map(move |seconds| {
        let body = json!({ "advance_seconds": seconds }).to_string();
        step("PUT", "/sandbox/clock", &json, &body)
    });
    let queue = (2..10_u32).prop_map(move |length| {
        let body = json!({ "state": { "settings": { "operation_queue": length } } }).to_string();
        step("PATCH", "/sandbox/world", &json, &body)
    });
    let work = select(vec!["delete_service", "create_client_profile", "install_certificate"]);
    let durations = (work, select(vec![0, 2000, 2001, 60_000])).prop_map(move |(work, ms)| {
        let settings = json!({ "durations_ms": { work: ms } });
        let body = json!({ "state": { "settings": settings } }).to_string();
        step("PATCH", "/sandbox/world", &json, &body)
    });
    prop_oneof![3 => clock, 1 => queue, 1 => durations]
}

type Sent = (&'static str, String, String);

fn service() -> impl Strategy<Value = String> {
    let known = vec![
        "svcorders01",
        "svclocked01",
        "svcbusy0001",
        "svcqueued01",
        "svcsource01",
        "svcclone001",
        "svcfailed01",
        "svcbob00001",
        "none",
    ];
    select(known).prop_map(|id| format!("{SERVICES}/{id}"))
}

fn reads() -> impl Strategy<Value = Sent> {
    let below = select(vec![
        "",
        "?expand=broker,allowedActions",
        "?expand=x",
        "/operations",
        "/operations/opbusy00001?expand=progressLogs",
        "/clientProfiles?pageSize=1",
        "/clientProfiles/p1",
        "/serverCertificates",
        "/broker/SEMP/v2/config/msgVpns/msgvpn-1/queues",
    ]);
    let of_service = (service(), below).prop_map(|(service, below)| format!("{service}{below}"));
    let others = select(vec![
        format!("{SERVICES}?pageSize=2&sort=createdTime:desc"),
        format!("{SERVICES}?pageNumber=0"),
        "/api/v2/missionControl/datacenters".to_owned(),
        "/api/v2/missionControl/serviceClasses/DEVELOPER".to_owned(),
        format!("{PLATFORM}/environments"),
        format!("{PLATFORM}/apiTokens"),
        "/nowhere".to_owned(),
    ]);
    prop_oneof![3 => of_service, 2 => others].prop_map(|path| ("GET", path, String::new()))
}

fn writes() -> impl Strategy<Value = Sent> {
    prop_oneof![3 => births(), 4 => changes(), 3 => below(), 2 => queues(), 3 => platform()]
}

fn name() -> impl Strategy<Value = Value> {
    select(vec![
        json!("Ledger"),
        json!("A"),
        json!("B"),
        json!("C"),
        json!(""),
        json!(7),
        json!(null),
    ])
}

fn place() -> impl Strategy<Value = &'static str> {
    select(vec!["eks-us-east-1a", "eks-us-east-1a", "eks-eu-central-1a", "k8s-full-1", "moon"])
}

fn births() -> impl Strategy<Value = Sent> {
    let create =
        (name(), place(), any::<bool>(), 0..700_u32).prop_map(|(name, place, lock, gb)| {
            let body = json!({ "name": name, "datacenterId": place, "locked": lock,
            "serviceClassId": "DEVELOPER", "maxSpoolUsage": gb });
            ("POST", SERVICES.to_owned(), body.to_string())
        });
    let clone = (service(), name(), place()).prop_map(|(service, name, place)| {
        let body = json!({ "name": name, "datacenterId": place });
        ("POST", format!("{service}/clone"), body.to_string())
    });
    prop_oneof![2 => create, 1 => clone]
}

fn changes() -> impl Strategy<Value = Sent> {
    let patch = (service(), name(), any::<Option<bool>>()).prop_map(|(service, name, locked)| {
        ("PATCH", service, json!({ "name": name, "locked": locked }).to_string())
    });
    let delete = service().prop_map(|service| ("DELETE", service, String::new()));
    let resize = (service(), 0..700_u32).prop_map(|(service, gb)| {
        let body = json!({ "messageSpoolSizeInGB": gb });
        ("PATCH", format!("{service}/messageSpool"), body.to_string())
    });
    prop_oneof![2 => patch, 1 => delete, 1 => resize]
}

fn below() -> impl Strategy<Value = Sent> {
    let profile = select(vec!["p1", "p2", "publishers", "default", "a b"]);
    let method = select(vec!["POST", "PUT", "PATCH", "DELETE"]);
    let profiles =
        (service(), method, profile, 0..5000_u32).prop_map(|(service, method, name, timeout)| {
            let body = json!({ "name": name, "serviceMinKeepaliveTimeout": timeout }).to_string();
            let of_one = format!("{service}/clientProfiles/{}", name.replace(' ', "%20"));
            match method {
                "POST" => (method, format!("{service}/clientProfiles"), body),
                "DELETE" => (method, of_one, String::new()),
                _ => (method, of_one, body),
            }
        });
    let upload = service()
        .prop_map(|service| ("POST", format!("{service}/serverCertificates"), pem().to_string()));
    let certificate = select(vec!["certold0001", "certnew0001", "none"]);
    let certificates =
        (service(), certificate, any::<bool>()).prop_map(|(service, id, install)| {
            let path = format!("{service}/serverCertificates/{id}");
            if install {
                ("POST", format!("{path}/install"), String::new())
            } else {
                ("DELETE", path, String::new())
            }
        });
    prop_oneof![3 => profiles, 1 => upload, 2 => certificates]
}

fn queues() -> impl Strategy<Value = Sent> {
    let bodies = vec!["{\"queueName\":\"q\"}", "{\"owner\":\"x\"}", "{\"colour\":1}", "{", ""];
    let method = select(vec!["POST", "PATCH", "DELETE"]);
    (method, select(vec!["orders", "q"]), select(bodies)).prop_map(|(method, queue, body)| {
        let queues =
            format!("{SERVICES}/svcorders01/broker/SEMP/v2/config/msgVpns/msgvpn-1/queues");
        let path = if method == "POST" { queues } else { format!("{queues}/{queue}") };
        (method, path, body.to_owned())
    })
}

fn platform() -> impl Strategy<Value = Sent> {
    let id = select(vec!["envdefault1", "envprod0001", "envspare001", "groupops001", "none"]);
    let method = select(vec!["POST", "PUT", "DELETE"]);
    let what = select(vec!["environments", "userGroups"]);
    (what, method, id, name(), any::<Option<bool>>()).prop_map(
        |(what, method, id, name, default)| {
            let body = match what {
                "environments" => json!({ "name": name, "isDefault": default }),
                _ => json!({ "name": name, "roles": ["administrator"] }),
            };
            let of_one = format!("{PLATFORM}/{what}/{id}");
            match method {
                "POST" => (method, format!("{PLATFORM}/{what}"), body.to_string()),
                "PUT" => (method, of_one, body.to_string()),
                _ => (method, of_one, String::new()),
            }
        },
    )
}
