//! The lives of things, from creation to deletion.

use super::{Account, PLATFORM, SERVICES, pem, shipping};
use serde_json::{Value, json};

#[test]
fn a_service_lives_from_its_creation_to_its_deletion() {
    let account = Account::new();
    let accepted = account.send("POST", SERVICES, &shipping());
    assert_eq!((accepted.status, accepted.text("/data/status")), (202, "PENDING"));
    let operation = accepted.headers["location"].to_str().unwrap().to_owned();
    let path = format!("{SERVICES}/{}", accepted.text("/data/resourceId"));
    assert_eq!(operation, format!("{path}/operations/{}", accepted.text("/data/id")));

    assert_eq!(account.get(&path).text("/data/creationState"), "PENDING");
    account.pass(60);
    assert_eq!(account.get(&operation).text("/data/status"), "INPROGRESS");
    let service = account.get(&path);
    assert_eq!(service.text("/data/creationState"), "INPROGRESS");
    assert_eq!(service.text("/data/ongoingOperationIds/0"), accepted.text("/data/id"));
    assert_eq!(account.send("PATCH", &path, &json!({ "locked": true })).status, 409);
    account.pass(300);
    assert_eq!(account.get(&operation).text("/data/status"), "SUCCEEDED");
    assert_eq!(account.get(&path).text("/data/creationState"), "COMPLETED");

    assert_eq!(
        account.send("PATCH", &path, &json!({ "locked": true })).body["data"]["locked"],
        true
    );
    assert_eq!(account.send("DELETE", &path, &Value::Null).status, 400);
    account.send("PATCH", &path, &json!({ "locked": false, "name": "Freight" }));
    let deletion = account.send("DELETE", &path, &Value::Null);
    assert_eq!(deletion.text("/data/operationType"), "deleteService");
    account.pass(60);
    assert_eq!(account.get(&path).status, 404);
    let deletion = account.get(deletion.headers["location"].to_str().unwrap());
    assert_eq!(deletion.text("/data/status"), "SUCCEEDED");
}

#[test]
fn a_clone_has_the_configuration_of_its_source_and_its_protection() {
    let account = Account::new();
    account.patch(&json!({ "services": { "svcorders01": { "locked": true } } }));
    let path = format!("{SERVICES}/svcorders01/clone");
    let accepted = account.send("POST", &path, &json!({ "datacenterId": "eks-eu-central-1a" }));
    assert_eq!((accepted.status, accepted.text("/data/operationType")), (202, "cloneService"));
    let clone = format!("{SERVICES}/{}", accepted.text("/data/resourceId"));
    let again = account.send("POST", &path, &json!({ "name": "B", "datacenterId": "k8s-full-1" }));
    assert_eq!(again.status, 409, "the source is being read");
    account.pass(300);
    let operation = account.get(accepted.headers["location"].to_str().unwrap());
    assert_eq!(operation.text("/data/status"), "COPYING");
    account.pass(300);
    let service = account.get(&clone);
    assert_eq!(service.text("/data/name"), "US-EAST-Prod-1 - Clone");
    assert_eq!(service.text("/data/datacenterId"), "eks-eu-central-1a");
    assert_eq!(service.body["data"]["locked"], true);
    let profiles = account.get(&format!("{clone}/clientProfiles"));
    assert_eq!(profiles.body["meta"]["pagination"]["count"], 2);
    assert_eq!(account.get(&format!("{clone}/serverCertificates")).body["data"], json!([]));
}

#[test]
fn a_clone_that_finds_no_room_is_not_protected() {
    let account = Account::new();
    let body = json!({ "datacenterId": "k8s-full-1" });
    let accepted = account.send("POST", &format!("{SERVICES}/svclocked01/clone"), &body);
    account.pass(500);
    let clone = format!("{SERVICES}/{}", accepted.text("/data/resourceId"));
    let service = account.get(&clone);
    assert_eq!(service.text("/data/creationState"), "FAILED");
    let operation = account.get(accepted.headers["location"].to_str().unwrap());
    assert_eq!(operation.text("/data/error/errorId"), service.text("/data/errorId"));
    assert_eq!(operation.text("/data/error/message"), service.text("/data/errorMessage"));
    assert_eq!(account.send("DELETE", &clone, &Value::Null).status, 202);
}

#[test]
fn a_client_profile_is_updated_in_part_and_replaced_as_a_whole() {
    let account = Account::new();
    let profiles = format!("{SERVICES}/svcorders01/clientProfiles");
    let profile = format!("{profiles}/bulk");
    let made = json!({ "name": "bulk", "maxEgressFlowCount": 5, "elidingEnabled": true });
    assert_eq!(account.send("POST", &profiles, &made).status, 202);
    assert_eq!(account.get(&profile).status, 404, "it is at work");
    account.pass(10);
    let seen = account.get(&profile);
    assert_eq!(seen.body["data"]["maxEgressFlowCount"], 5);
    assert_eq!(seen.body["data"]["tcpKeepaliveCount"], 5);
    account.send("PATCH", &profile, &json!({ "tcpKeepaliveCount": 3 }));
    account.pass(10);
    let seen = account.get(&profile);
    assert_eq!(seen.body["data"]["tcpKeepaliveCount"], 3);
    assert_eq!(seen.body["data"]["elidingEnabled"], true);
    account.send("PUT", &profile, &json!({ "maxEgressFlowCount": 7 }));
    account.pass(10);
    let seen = account.get(&profile);
    assert_eq!(seen.body["data"]["maxEgressFlowCount"], 7);
    assert_eq!(seen.body["data"]["elidingEnabled"], false);
    assert_eq!(account.send("DELETE", &profile, &Value::Null).status, 202);
    account.pass(10);
    assert_eq!(account.get(&profile).status, 404);
    assert_eq!(account.send("DELETE", &format!("{profiles}/default"), &Value::Null).status, 400);
}

#[test]
fn a_certificate_is_uploaded_installed_and_deleted() {
    let account = Account::new();
    let certificates = format!("{SERVICES}/svcorders01/serverCertificates");
    let accepted = account.send("POST", &certificates, &pem());
    let resource = accepted.text("/data/resourceId").to_owned();
    account.pass(5);
    let certificate = format!("{SERVICES}/{resource}");
    assert_eq!(account.get(&certificate).body["data"]["installed"], false);

    let again = account.send("POST", &certificates, &pem());
    account.pass(5);
    let again = account.get(again.headers["location"].to_str().unwrap());
    assert_eq!(again.text("/data/status"), "FAILED");
    assert_eq!(again.text("/data/error/message"), "Failed to upload. Certificate already exists.");

    assert_eq!(account.send("POST", &format!("{certificate}/install"), &Value::Null).status, 202);
    account.pass(30);
    assert_eq!(account.get(&certificate).body["data"]["installed"], true);
    let old = format!("{certificates}/certold0001");
    assert_eq!(account.get(&old).body["data"]["installed"], false);
    assert_eq!(account.send("DELETE", &certificate, &Value::Null).status, 400);
    assert_eq!(account.send("DELETE", &old, &Value::Null).status, 202);
}

#[test]
fn environments_have_one_default() {
    let account = Account::new();
    let environments = format!("{PLATFORM}/environments");
    let made = account.send("POST", &environments, &json!({ "name": "QA", "isDefault": true }));
    assert_eq!(made.status, 201);
    assert_eq!(
        account.get(&format!("{environments}/envdefault1")).body["data"]["isDefault"],
        false
    );
    let path = format!("{environments}/{}", made.text("/data/id"));
    let refused = account.send("DELETE", &path, &Value::Null);
    assert_eq!(refused.text("/message"), "The default environment cannot be deleted.");
    let renamed = json!({ "name": "Quality", "description": "tests" });
    assert_eq!(account.send("PUT", &path, &renamed).text("/data/name"), "Quality");
    let found = account.get(&format!("{environments}?name=Quality"));
    assert_eq!(found.body["data"].as_array().unwrap().len(), 1);
    let used = account.send("DELETE", &format!("{environments}/envprod0001"), &Value::Null);
    assert_eq!(used.status, 400, "a service is in it");
}

#[test]
fn user_groups_are_made_changed_and_deleted() {
    let account = Account::new();
    let groups = format!("{PLATFORM}/userGroups");
    let made = account.send("POST", &groups, &json!({ "name": "Dev", "roles": ["administrator"] }));
    assert_eq!(made.status, 201);
    let path = format!("{groups}/{}", made.text("/data/id"));
    let changed = account.send("PUT", &path, &json!({ "name": "Devs", "description": "x" }));
    assert_eq!((changed.status, changed.body["data"]["roles"].clone()), (200, json!([])));
    let deleted = account.send("DELETE", &path, &Value::Null);
    assert_eq!(deleted.status, 204);
    assert!(deleted.body.is_null());
    assert_eq!(account.get(&path).status, 404);
}

#[test]
fn queues_live_behind_the_proxy() {
    let account = Account::new();
    let queues = format!("{SERVICES}/svcorders01/broker/SEMP/v2/config/msgVpns/msgvpn-1/queues");
    let made = account.send("POST", &queues, &json!({ "queueName": "q1", "egressEnabled": true }));
    assert_eq!((made.status, made.text("/data/queueName")), (200, "q1"));
    let queue = format!("{queues}/q1");
    let changed = account.send("PATCH", &queue, &json!({ "ingressEnabled": true }));
    assert_eq!(changed.body["data"]["egressEnabled"], true);
    assert_eq!(account.get(&queues).body["data"].as_array().unwrap().len(), 2);
    assert_eq!(account.send("DELETE", &queue, &Value::Null).body["meta"]["responseCode"], 200);
    assert_eq!(account.get(&queue).body["meta"]["error"]["code"], 6);
}
