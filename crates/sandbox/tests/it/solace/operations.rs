//! How operations are written, planned, and refused.

use super::{Account, SERVICES, pem, shipping};
use serde_json::{Value, json};

#[test]
fn short_work_is_answered_with_its_result() {
    let account = Account::new();
    account.patch(&json!({ "settings": { "durations_ms": {
        "create_service": 2000, "clone_service": 0, "delete_service": 0,
        "create_client_profile": null, "update_client_profile": null,
        "delete_client_profile": null, "service_request": null,
        "upload_certificate": null, "install_certificate": null, "delete_certificate": null,
    } } }));
    let made = account.send("POST", SERVICES, &shipping());
    assert_eq!((made.status, made.text("/data/creationState")), (201, "COMPLETED"));
    let path = format!("{SERVICES}/{}", made.text("/data/id"));
    let send = |method, below: &str, body: &Value| {
        account.send(method, &format!("{path}{below}"), body).status
    };
    let target = json!({ "datacenterId": "eks-us-east-1a" });
    assert_eq!(send("POST", "/clone", &target), 201);
    assert_eq!(send("POST", "/clientProfiles", &json!({ "name": "p" })), 201);
    assert_eq!(send("PUT", "/clientProfiles/p", &json!({})), 200);
    assert_eq!(send("PATCH", "/clientProfiles/p", &json!({})), 200);
    assert_eq!(send("DELETE", "/clientProfiles/p", &Value::Null), 204);
    assert_eq!(send("PATCH", "/messageSpool", &json!({ "messageSpoolSizeInGB": 20 })), 200);
    let uploaded = account.send("POST", &format!("{path}/serverCertificates"), &pem());
    assert_eq!(uploaded.status, 201);
    assert_eq!(send("POST", "/serverCertificates", &pem()), 400, "it exists");
    let install = format!("/serverCertificates/{}/install", uploaded.text("/data/id"));
    assert_eq!(send("POST", &install, &Value::Null), 200);
    assert_eq!(send("DELETE", "", &Value::Null), 204);
    assert_eq!(account.get(&path).status, 404);
    let full = json!({ "name": "X", "serviceClassId": "DEVELOPER", "datacenterId": "k8s-full-1" });
    let failed = account.send("POST", SERVICES, &full);
    assert_eq!(failed.status, 500, "there is no capacity, and nothing to look at later");
    assert_eq!(
        account.get(&format!("{SERVICES}?customAttributes=name==%22X%22")).body["data"],
        json!([])
    );
}

#[test]
fn an_error_is_there_exactly_when_the_operation_failed() {
    let account = Account::new();
    for hours in 0..60 {
        let world = account.control("GET", "world", &Value::Null);
        let operations = world.body.pointer("/state/operations").unwrap().as_object().unwrap();
        for (id, operation) in operations {
            let service = operation["service_id"].as_str().unwrap();
            let seen = account.get(&format!("{SERVICES}/{service}/operations/{id}"));
            let status = seen.text("/data/status");
            let ended = matches!(status, "SUCCEEDED" | "FAILED");
            assert_eq!(seen.body["data"]["completedTime"].is_string(), ended, "{hours} {id}");
            assert_eq!(seen.body["data"]["error"].is_object(), status == "FAILED", "{hours} {id}");
            assert_eq!(seen.headers.contains_key("retry-after"), !ended);
        }
        account.pass(3600);
    }
}

#[test]
fn states_only_step_forward() {
    let order = ["PENDING", "INPROGRESS", "COPYING", "SUCCEEDED"];
    let account = Account::new();
    let body = json!({ "datacenterId": "eks-us-east-1a" });
    let accepted = account.send("POST", &format!("{SERVICES}/svclocked01/clone"), &body);
    let path = accepted.headers["location"].to_str().unwrap();
    let mut seen = Vec::new();
    for _ in 0..50 {
        let state = account.get(path).text("/data/status").to_owned();
        seen.push(order.iter().position(|known| *known == state).unwrap());
        account.pass(10);
    }
    assert!(seen.is_sorted());
    seen.dedup();
    assert_eq!(seen, [0, 1, 2, 3]);
}

#[test]
fn operations_can_be_written_as_the_page_prints_them() {
    let account = Account::new();
    account.patch(&json!({ "settings": { "states": "page", "operations": "bare" } }));
    let accepted = account.send("POST", SERVICES, &shipping());
    let members: Vec<&String> = accepted.body.as_object().unwrap().keys().collect();
    let printed = [
        "id",
        "resourceId",
        "operationType",
        "createdBy",
        "createdTime",
        "completedTime",
        "status",
        "error",
    ];
    assert_eq!(members, printed);
    assert_eq!(accepted.text("/status"), "pending");
    account.pass(60);
    let seen = account.get(accepted.headers["location"].to_str().unwrap());
    assert_eq!(seen.text("/status"), "inProgress");
}

#[test]
fn progress_is_told_step_by_step() {
    let account = Account::new();
    let accepted = account.send("POST", SERVICES, &shipping());
    let path = format!("{}?expand=progressLogs", accepted.headers["location"].to_str().unwrap());
    let statuses = || {
        let seen = account.get(&path);
        let logs = seen.body["data"]["progressLogs"].as_array().unwrap().clone();
        logs.iter().map(|log| log["status"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(statuses(), ["pending", "pending", "pending", "pending"]);
    account.pass(200);
    assert_eq!(statuses(), ["success", "success", "inProgress", "pending"]);
    account.pass(200);
    assert_eq!(statuses(), ["success", "success", "success", "success"]);
    let failed =
        account.get(&format!("{SERVICES}/svcfailed01/operations/opfailed001?expand=progressLogs"));
    assert_eq!(failed.text("/data/progressLogs/3/status"), "failed");
    let plain = account.get(path.split('?').next().unwrap());
    assert!(plain.body["data"].get("progressLogs").is_none());
}

#[test]
fn any_change_of_a_busy_service_conflicts() {
    let account = Account::new();
    let busy = format!("{SERVICES}/svcbusy0001");
    let queues = "/broker/SEMP/v2/config/msgVpns/msgvpn-3/queues";
    let changes = [
        ("PATCH", "", json!({ "name": "New" })),
        ("DELETE", "", Value::Null),
        ("POST", "/clone", json!({ "datacenterId": "eks-us-east-1a" })),
        ("PATCH", "/messageSpool", json!({ "messageSpoolSizeInGB": 70 })),
        ("POST", "/clientProfiles", json!({ "name": "p" })),
        ("PUT", "/clientProfiles/default", json!({})),
        ("PATCH", "/clientProfiles/default", json!({})),
        ("POST", "/serverCertificates", pem()),
        ("POST", queues, json!({ "queueName": "q" })),
    ];
    for (method, below, body) in changes {
        let seen = account.send(method, &format!("{busy}{below}"), &body);
        assert_eq!(seen.status, 409, "{method} {below}: {}", seen.body);
    }
    assert_eq!(account.get(&busy).status, 200);
}

#[test]
fn the_queue_of_operations_gets_free_again() {
    let account = Account::new();
    account.patch(&json!({ "settings": { "operation_queue": 4 } }));
    assert_eq!(account.send("POST", SERVICES, &shipping()).status, 202);
    let spool = format!("{SERVICES}/svcorders01/messageSpool");
    let larger = json!({ "messageSpoolSizeInGB": 60 });
    let full = account.send("PATCH", &spool, &larger);
    assert_eq!(full.status, 409);
    assert!(full.text("/message").contains("could not be queued"));
    account.pass(300);
    assert_eq!(account.send("PATCH", &spool, &larger).status, 202);
}

#[test]
fn finished_operations_are_dropped_oldest_first() {
    let account = Account::new();
    let profile = format!("{SERVICES}/svcorders01/clientProfiles/default");
    for _ in 0..210 {
        assert_eq!(account.send("PATCH", &profile, &json!({})).status, 202);
        account.pass(10);
    }
    account.get(SERVICES);
    let count = account.0.0.world().state.operations.len();
    assert!((200..=205).contains(&count), "{count}");
    assert_eq!(account.get(&format!("{SERVICES}/svcorders01/operations/opdone00001")).status, 404);
    let list = account.get(&format!("{SERVICES}/svcorders01/operations?pageSize=1"));
    assert_eq!(list.text("/data/0/operationType"), "updateClientProfile");
}
