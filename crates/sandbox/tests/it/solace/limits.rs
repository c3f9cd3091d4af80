//! Tokens, limits, pages, weather and snapshots.

use super::{Account, PLATFORM, SERVICES, shipping};
use candor_sandbox::solace::world::{MAX_ENVIRONMENTS, MAX_SERVICES};
use serde_json::{Value, json};

#[test]
fn a_token_is_for_what_its_permissions_say() {
    let account = Account::new();
    let send = |token: &str, method: &str, path: &str| {
        account.send_as(token, method, path, &Value::Null).status
    };
    let own = format!("{SERVICES}/svcbob00001");
    let other = format!("{SERVICES}/svcorders01");
    assert_eq!(send("bob-token", "GET", &own), 200);
    assert_eq!(send("bob-token", "GET", &other), 403);
    assert_eq!(send("bob-token", "GET", &format!("{other}/operations")), 403);
    assert_eq!(send("viewer-token", "GET", &other), 200);
    assert_eq!(send("viewer-token", "DELETE", &own), 403);
    assert_eq!(send("bob-token", "GET", &format!("{PLATFORM}/environments")), 403);
    assert_eq!(send("bob-token", "DELETE", &own), 202);
    let list = account.send_as("bob-token", "GET", SERVICES, &Value::Null);
    assert_eq!(list.body["meta"]["pagination"]["count"], 1);
    let lacking = account.send_as(
        "viewer-token",
        "POST",
        &format!("{PLATFORM}/environments"),
        &json!({ "name": "X" }),
    );
    assert_eq!(lacking.text("/message"), "Subject does not have permission [environments:edit]");
}

#[test]
fn who_only_views_sees_no_credentials() {
    let account = Account::new();
    let path = format!("{SERVICES}/svcorders01?expand=broker");
    let vpn = |token| {
        account.send_as(token, "GET", &path, &Value::Null).body["data"]["broker"]["msgVpns"][0]
            .clone()
    };
    assert!(vpn("admin-token").get("managementAdminLoginCredential").is_some());
    assert!(vpn("viewer-token").get("managementAdminLoginCredential").is_none());
}

#[test]
fn tokens_are_shown_without_their_values() {
    let account = Account::new();
    let list = account.get(&format!("{PLATFORM}/apiTokens"));
    assert_eq!(list.body["meta"]["pagination"]["count"], 3);
    let id = list.text("/data/0/id").to_owned();
    assert_eq!(account.get(&format!("{PLATFORM}/apiTokens/{id}")).text("/data/id"), id);
    assert!(list.body["data"][0].get("bucket").is_none());
}

#[test]
fn a_token_that_expires_is_refused_from_then_on() {
    let account = Account::new();
    let end = "2026-01-01T01:00:00Z";
    account.patch(&json!({ "tokens": { "viewer-token": { "expires": end } } }));
    let look = || account.send_as("viewer-token", "GET", SERVICES, &Value::Null);
    assert_eq!(look().status, 200);
    account.pass(3600);
    let refused = look();
    assert_eq!(refused.status, 401);
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
}

#[test]
fn a_limit_is_per_token_and_fills_up() {
    let account = Account::new();
    let look = |token| account.send_as(token, "GET", SERVICES, &Value::Null);
    for _ in 0..3 {
        assert_eq!(look("script-token").status, 200);
    }
    let refused = look("script-token");
    assert_eq!((refused.status, refused.headers["retry-after"].to_str().unwrap()), (429, "20"));
    assert_eq!(look("viewer-token").status, 200);
    account.pass(20);
    assert_eq!(look("script-token").status, 200);
    assert_eq!(look("script-token").status, 429);
}

#[test]
fn lists_come_in_pages() {
    let account = Account::new();
    let mut names = Vec::new();
    for number in 1..=4 {
        let page = account.get(&format!("{SERVICES}?pageSize=3&pageNumber={number}"));
        let pagination = &page.body["meta"]["pagination"];
        assert_eq!(pagination["count"], 8);
        assert_eq!(pagination["totalPages"], 3);
        let next = if number < 3 { json!(number + 1) } else { Value::Null };
        assert_eq!(pagination["nextPage"], next);
        for service in page.body["data"].as_array().unwrap() {
            names.push(service["name"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(names.len(), 8);
    assert!(names.is_sorted());
    let first = account.get(&format!("{SERVICES}?sort=name:desc&pageSize=1"));
    assert_eq!(first.text("/data/0/name"), names[7]);
    let named = account.get(&format!("{SERVICES}?customAttributes=name%3D%3D%22Ledger%22"));
    assert_eq!(named.text("/data/0/id"), "svclocked01");
    assert_eq!(named.body["meta"]["pagination"]["count"], 1);
}

#[test]
fn an_account_is_bounded() {
    let account = Account::new();
    let environments = format!("{PLATFORM}/environments");
    let make =
        |at: usize| account.send("POST", &environments, &json!({ "name": format!("e{at}") }));
    let made = (0..MAX_ENVIRONMENTS).filter(|at| make(*at).status == 201).count();
    assert_eq!(made, MAX_ENVIRONMENTS - 3);
    assert_eq!(make(1000).status, 400);

    let settings = json!({ "durations_ms": { "create_service": 0 } });
    account.patch(
        &json!({ "settings": settings, "datacenters": { "eks-us-east-1a": { "capacity": 1000 } } }),
    );
    let make = |at: usize| {
        let mut body = shipping();
        body["name"] = format!("s{at}").into();
        account.send("POST", SERVICES, &body).status
    };
    let made = (0..MAX_SERVICES).filter(|at| make(*at) == 201).count();
    assert_eq!(made, MAX_SERVICES - 8);
    assert_eq!(make(1000), 400);
}

#[test]
fn spools_grow_as_far_as_the_account_may() {
    let account = Account::new();
    let grow = |service: &str, size: u32| {
        let path = format!("{SERVICES}/{service}/messageSpool");
        account.send("PATCH", &path, &json!({ "messageSpoolSizeInGB": size })).status
    };
    assert_eq!(grow("svcorders01", 551), 400);
    assert_eq!(grow("svcorders01", 550), 202);
    account.pass(120);
    assert_eq!(grow("svclocked01", 51), 400);
    let path = format!("{SERVICES}/svcorders01?expand=messageSpoolDetails");
    let spool = account.get(&path).body["data"]["messageSpoolDetails"].clone();
    assert_eq!(spool, json!({ "defaultGbSize": 50, "expandedGbBilled": 500, "totalGbSize": 550 }));
}

#[test]
fn a_datacenter_under_maintenance_can_be_looked_at_only() {
    let account = Account::new();
    account.patch(&json!({ "datacenters": { "eks-us-east-1a": { "maintenance": true } } }));
    let service = format!("{SERVICES}/svcorders01");
    assert_eq!(account.get(&service).status, 200);
    assert_eq!(account.send("PATCH", &service, &json!({ "locked": true })).status, 503);
    assert_eq!(account.send("POST", SERVICES, &shipping()).status, 503);
    let datacenters = "/api/v2/missionControl/datacenters";
    let seen = account.get(&format!("{datacenters}/eks-us-east-1a"));
    assert_eq!(seen.text("/data/operState"), "down");
    assert_eq!(
        account.get(&format!("{datacenters}?provider=eks")).body["meta"]["pagination"]["count"],
        2
    );
}

#[test]
fn maintenance_says_when_it_ends() {
    let account = Account::new();
    account.control(
        "PUT",
        "conditions",
        &json!({ "maintenance": true, "maintenance_seconds": 60 }),
    );
    account.pass(20);
    let seen = account.get(SERVICES);
    assert_eq!((seen.status, seen.headers["retry-after"].to_str().unwrap()), (503, "40"));
    account.pass(40);
    assert_eq!(account.get(SERVICES).status, 200);
}

#[test]
fn what_cannot_be_kept_is_not_done() {
    let account = Account::new();
    account.control("PUT", "conditions", &json!({ "store_offline": true }));
    let orders = format!("{SERVICES}/svcorders01");
    let queues = format!("{orders}/broker/SEMP/v2/config/msgVpns/msgvpn-1/queues");
    let changes = [
        ("POST", SERVICES.to_owned(), shipping()),
        ("PATCH", orders.clone(), json!({ "locked": true })),
        ("DELETE", orders.clone(), Value::Null),
        ("POST", format!("{orders}/clientProfiles"), json!({ "name": "p" })),
        ("POST", queues, json!({ "queueName": "q" })),
        ("DELETE", format!("{PLATFORM}/environments/envspare001"), Value::Null),
        ("POST", format!("{PLATFORM}/userGroups"), json!({ "name": "g" })),
    ];
    for (method, path, body) in changes {
        let before = account.0.0.world().state.clone();
        assert_eq!(account.send(method, &path, &body).status, 500, "{method} {path}");
        let mut after = account.0.0.world().state.clone();
        after.tokens = before.tokens.clone();
        assert_eq!(before, after);
    }
    assert_eq!(account.send("PATCH", &orders, &json!({ "locked": 1 })).status, 400);
    assert_eq!(account.get(&orders).status, 200);
}

#[test]
fn a_saved_world_goes_on_where_it_stood() {
    let account = Account::new();
    let accepted = account.send("POST", SERVICES, &shipping());
    let saved = account.control("GET", "world", &Value::Null).body;
    let other = Account::new();
    assert_eq!(other.control("PUT", "world", &saved).status, 200);
    assert_eq!(other.control("GET", "world", &Value::Null).body, saved);
    let path = accepted.headers["location"].to_str().unwrap();
    for account in [&account, &other] {
        account.pass(300);
        assert_eq!(account.get(path).text("/data/status"), "SUCCEEDED");
    }
    let (one, two) = (account.0.0.world(), other.0.0.world());
    assert_eq!(one.state, two.state);
}

#[test]
fn impossible_worlds_are_not_taken() {
    let account = Account::new();
    let busy = json!({ "operations": { "opbusy00001": { "service_id": "svcorders01" } } });
    let impossible = [
        json!({ "services": { "svcorders01": { "datacenter_id": "nowhere" } } }),
        json!({ "services": { "svcorders01": { "name": "Ledger" } } }),
        json!({ "services": { "svcorders01": { "creation": "ongoing" } } }),
        json!({ "services": { "svcorders01": { "service_class_id": "HUGE" } } }),
        json!({ "services": { "svcorders01": { "owned_by": "nobody" } } }),
        json!({ "services": { "svcclone001": null } }),
        json!({ "services": { "svcsource01": null } }),
        json!({ "environments": { "envdefault1": { "is_default": false } } }),
        json!({ "environments": { "envprod0001": { "is_default": true } } }),
        json!({ "tokens": { "admin-token": { "permissions": ["everything"] } } }),
        json!({ "tokens": { "admin-token": { "user_id": "nobody" } } }),
        json!({ "settings": { "operation_queue": 1000 } }),
        json!({ "settings": { "durations_ms": { "create_service": 1_000_000_000_000_u64 } } }),
        json!({ "user_groups": { "groupops001": { "roles": ["king"] } } }),
        json!({ "operations": { "opbusy00001": { "starts": "2030-01-01T00:00:00Z" } } }),
    ];
    for state in impossible {
        let seen = account.control("PATCH", "world", &json!({ "state": state }));
        assert_eq!(seen.status, 400, "{state}");
    }
    assert_eq!(account.control("PATCH", "world", &json!({ "state": busy })).status, 200);
}
