//! The eleven predefined callbacks: what each does, and when it refuses.

use crate::gateway::{Callback, Gateway, Reply, TENANT};
use candor_sandbox::callback::{Account, Organization, Partner};
use http::StatusCode;
use serde_json::{Value, json};

const PARTNER: &str = "999d63d2-831e-40b9-aaab-16f919a483d0";
const CUSTOMER: &str = "18a55fe8-7275-478c-a54e-af2ed53b6a20";

/// Shorter names for the callbacks.
impl Gateway {
    fn read_enablement(&self) -> Callback {
        self.any()
    }

    fn write_enablement(&self, vendor: &str, acronis: &str) -> Callback {
        let payload = json!({ "vendor_tenant_id": vendor, "acronis_tenant_id": acronis });
        let id = "v1.0~a.p.enablement.write.v1.0";
        self.callback(id, id, payload)
    }

    fn reset_enablement(&self) -> Callback {
        self.callback("v1.0~a.p.enablement.reset.v1.0", "v1.0~a.p.empty.v1.0", Value::Null)
    }

    fn read_topology(&self) -> Callback {
        let id = "v1.0~a.p.topology.read.v1.0";
        self.callback(id, id, json!({}))
    }

    fn read_mapping(&self) -> Callback {
        self.callback("v1.0~a.p.tenant_mapping.read.v1.0", "v1.0~a.p.empty.v1.0", Value::Null)
    }

    fn write_mapping(&self, modified: &Value) -> Callback {
        let id = "v1.0~a.p.tenant_mapping.write.v1.0";
        self.callback(id, id, json!({ "modified": modified }))
    }

    fn mirroring(&self, name: &str, payload: Value) -> Callback {
        let (callback, request) =
            (format!("v2.0~a.p.{name}.v1.0"), format!("v1.1~a.p.{name}.v1.0"));
        self.callback(&callback, &request, payload).without("x-cyberapp-auth")
    }

    fn enable_partner(&self) -> Callback {
        let payload = json!({ "acronis_tenant_id": TENANT, "acronis_tenant_name": "Northwind" });
        self.mirroring("partner.mirroring.enable", payload)
    }

    fn set_customers(&self, change: &str, customers: &Value) -> Callback {
        let mut payload =
            json!({ "partner_tenant_id": TENANT, "partner_tenant_name": "Northwind" });
        payload[change] = customers.clone();
        self.mirroring("customer.mirroring.set_state", payload)
    }

    async fn payload(&self, call: &Callback) -> Value {
        self.send(call).await.json()["payload"].clone()
    }

    /// Two partners, each with a login and a customer.
    async fn with_two_partners() -> Self {
        Self::with(|settings| {
            let organization = Organization::new("org-2000", "Southwind");
            let customers = vec![Organization::new("org-2001", "Oak Hotel")];
            settings.partners.push(Partner { organization, customers });
            let (identity, password) = ("south".to_owned(), "wind".to_owned());
            settings.accounts.push(Account { identity, password, org: "org-2000".to_owned() });
        })
        .await
    }
}

/// Holds an answer against the documented envelope of a success.
#[track_caller]
fn assert_done(reply: &Reply, call: &Callback, response: &str, payload: &Value) {
    let body = reply.json();
    assert_eq!(reply.status, StatusCode::OK, "{body}");
    assert_eq!(reply.headers["content-type"], "application/json");
    assert_eq!(body["type"], format!("cti.a.p.acgw.response.{response}"));
    assert_eq!(body["request_id"], call.body["request_id"]);
    assert!(body["response_id"].as_str().unwrap().parse::<uuid::Uuid>().is_ok());
    assert_eq!(body.get("payload").unwrap_or(&Value::Null), payload);
    assert!(body.get("err_message").is_none());
}

/// Holds an answer against the documented envelope of an error.
#[track_caller]
fn assert_refused(reply: &Reply, call: &Callback, status: StatusCode, why: &str) {
    let body = reply.json();
    assert_eq!((reply.status, &body["err_message"]), (status, &json!(why)));
    assert_eq!(body["request_id"], call.body["request_id"]);
    assert!(body["response_id"].is_string() && body.get("type").is_none());
}

const NO_CONTENT: &str = "v1.0~a.p.success_no_content.v1.0";

#[tokio::test]
async fn enablement_is_written_read_and_reset() {
    let gateway = Gateway::new().await;
    let ok = "v1.0~a.p.enablement.read.ok.v1.0";
    let read = gateway.read_enablement();
    assert_done(&gateway.send(&read).await, &read, ok, &json!({"vendor_tenant_id": "org-1000"}));
    let write = gateway.write_enablement("org-1000", PARTNER);
    assert_done(&gateway.send(&write).await, &write, NO_CONTENT, &Value::Null);
    let read = gateway.read_enablement();
    let mapped = json!({"vendor_tenant_id": "org-1000", "acronis_tenant_id": PARTNER});
    assert_done(&gateway.send(&read).await, &read, ok, &mapped);
    let reset = gateway.reset_enablement();
    assert_done(&gateway.send(&reset).await, &reset, NO_CONTENT, &Value::Null);
    let after = gateway.payload(&gateway.read_enablement()).await;
    assert_eq!(after, json!({"vendor_tenant_id": "org-1000"}));
}

#[tokio::test]
async fn topology_lists_the_customers() {
    let gateway = Gateway::new().await;
    let read = gateway.read_topology();
    let items = json!({"items": [
        {"id": "org-1001", "name": "Juniper Dental"},
        {"id": "org-1002", "name": "Harbour Bakery"},
    ]});
    assert_done(&gateway.send(&read).await, &read, "v1.0~a.p.topology.read.ok.v1.0", &items);
}

#[tokio::test]
async fn customers_are_mapped_and_unmapped() {
    let gateway = Gateway::new().await;
    let map = json!([{"vendor_tenant_id": "org-1001", "acronis_tenant_id": CUSTOMER}]);
    let write = gateway.write_mapping(&map);
    assert_done(&gateway.send(&write).await, &write, NO_CONTENT, &Value::Null);
    let read = gateway.read_mapping();
    let items = json!({"items": [
        {"vendor_tenant_id": "org-1001", "acronis_tenant_id": CUSTOMER},
        {"vendor_tenant_id": "org-1002"},
    ]});
    assert_done(&gateway.send(&read).await, &read, "v1.0~a.p.tenant_mapping.read.ok.v1.0", &items);
    let unmap = gateway.write_mapping(&json!([{"vendor_tenant_id": "org-1001"}]));
    assert_done(&gateway.send(&unmap).await, &unmap, NO_CONTENT, &Value::Null);
    let items = gateway.payload(&gateway.read_mapping()).await;
    assert_eq!(items["items"][0], json!({"vendor_tenant_id": "org-1001"}));
}

#[tokio::test]
async fn resetting_the_partner_unmaps_its_customers() {
    let gateway = Gateway::new().await;
    let map = json!([{"vendor_tenant_id": "org-1001", "acronis_tenant_id": CUSTOMER}]);
    gateway.send(&gateway.write_mapping(&map)).await;
    gateway.send(&gateway.reset_enablement()).await;
    let items = gateway.payload(&gateway.read_mapping()).await;
    assert_eq!(items["items"][0], json!({"vendor_tenant_id": "org-1001"}));
}

#[tokio::test]
async fn an_unsigned_contract_stops_the_mapping_of_all_and_says_so() {
    let gateway = Gateway::new().await;
    let both = json!([
        {"vendor_tenant_id": "org-1001", "acronis_tenant_id": CUSTOMER},
        {"vendor_tenant_id": "org-1002", "acronis_tenant_id": PARTNER},
    ]);
    let write = gateway.write_mapping(&both);
    let why = "Harbour Bakery has not signed its contract yet.";
    assert_refused(&gateway.send(&write).await, &write, StatusCode::FORBIDDEN, why);
    let items = gateway.payload(&gateway.read_mapping()).await;
    assert_eq!(items["items"][0], json!({"vendor_tenant_id": "org-1001"}), "nothing was done");
    assert!(gateway.handler.set_contract_signed("org-1002", true));
    let write = gateway.write_mapping(&both);
    assert_done(&gateway.send(&write).await, &write, NO_CONTENT, &Value::Null);
}

#[tokio::test]
async fn a_tenant_is_mapped_to_one_organization() {
    let gateway = Gateway::with_two_partners().await;
    gateway.send(&gateway.write_enablement("org-1000", PARTNER)).await;
    let write = gateway.write_enablement("org-2000", PARTNER).login("south", "wind");
    let why = "The tenant is mapped to another organization.";
    assert_refused(&gateway.send(&write).await, &write, StatusCode::FORBIDDEN, why);
    let write = gateway.write_mapping(&json!([
        {"vendor_tenant_id": "org-1001", "acronis_tenant_id": PARTNER},
    ]));
    assert_refused(&gateway.send(&write).await, &write, StatusCode::FORBIDDEN, why);
}

#[tokio::test]
async fn a_partner_that_is_enabled_keeps_its_tenant() {
    let gateway = Gateway::new().await;
    for _ in 0..2 {
        let write = gateway.write_enablement("org-1000", PARTNER);
        assert_done(&gateway.send(&write).await, &write, NO_CONTENT, &Value::Null);
    }
    let write = gateway.write_enablement("org-1000", CUSTOMER);
    let why = "This partner is enabled for another tenant already.";
    assert_refused(&gateway.send(&write).await, &write, StatusCode::FORBIDDEN, why);
}

#[tokio::test]
async fn nobody_changes_anothers_organizations() {
    let gateway = Gateway::with_two_partners().await;
    let write = gateway.write_enablement("org-2000", PARTNER);
    let why = "These credentials belong to another partner.";
    assert_refused(&gateway.send(&write).await, &write, StatusCode::FORBIDDEN, why);
    let write = gateway.write_mapping(&json!([{"vendor_tenant_id": "org-2001"}]));
    let why = "You have no customer \"org-2001\".";
    assert_refused(&gateway.send(&write).await, &write, StatusCode::FORBIDDEN, why);
}

#[tokio::test]
async fn an_organization_that_is_not_set_up_yet_has_no_id_to_tell() {
    let gateway = Gateway::with(|s| s.partners[0].organization.provisioned = false).await;
    let read = gateway.read_enablement();
    let ok = "v1.0~a.p.enablement.read.ok.v1.0";
    assert_done(&gateway.send(&read).await, &read, ok, &json!({}));
}

#[tokio::test]
async fn a_payload_that_does_not_fit_is_refused() {
    let gateway = Gateway::new().await;
    for (call, payload) in [
        (gateway.write_mapping(&json!([])), json!({})),
        (gateway.write_mapping(&json!([])), json!({"modified": [{}]})),
        (gateway.write_enablement("org-1000", PARTNER), json!({"vendor_tenant_id": "org-1000"})),
        (gateway.read_topology(), json!([])),
        (gateway.enable_partner(), json!({"acronis_tenant_id": TENANT})),
    ] {
        let reply = gateway.send(&call.body("/payload", payload)).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{}", reply.json());
    }
}

#[tokio::test]
async fn partners_are_mirrored_without_vendor_credentials() {
    let gateway = Gateway::new().await;
    let state = || gateway.mirroring("partner.mirroring.get_state", Value::Null);
    let ok = "v1.1~a.p.partner.mirroring.get_state.ok.v1.0";
    let read = state();
    assert_done(&gateway.send(&read).await, &read, ok, &json!({"state": "DISABLED"}));
    let enabled =
        json!({"state": "ENABLED", "vendor_tenant_id": "mirror-1", "acronis_tenant_id": TENANT});
    let enable = gateway.enable_partner();
    let enable_ok = "v1.1~a.p.partner.mirroring.enable.ok.v1.0";
    assert_done(&gateway.send(&enable).await, &enable, enable_ok, &enabled);
    assert_eq!(gateway.payload(&state()).await, enabled);
    let reset = gateway.mirroring("partner.mirroring.reset", Value::Null);
    let reset_ok = "v1.1~a.p.partner.mirroring.reset.ok.v1.0";
    assert_done(&gateway.send(&reset).await, &reset, reset_ok, &Value::Null);
    assert_eq!(gateway.payload(&state()).await, json!({"state": "DISABLED"}));
}

#[tokio::test]
async fn customers_are_mirrored_with_their_settings() {
    let gateway = Gateway::new().await;
    gateway.send(&gateway.enable_partner()).await;
    let customers = json!([
        {"acronis_tenant_id": CUSTOMER, "acronis_tenant_name": "Oak", "settings": {"plan": "s"}},
    ]);
    let enable = gateway.set_customers("enabled", &customers);
    let set_ok = "v1.1~a.p.customer.mirroring.set_state.ok.v1.0";
    assert_done(&gateway.send(&enable).await, &enable, set_ok, &Value::Null);
    let read = gateway.mirroring("customer.mirroring.get_state", Value::Null);
    let states = json!([
        {"vendor_tenant_id": "mirror-2", "acronis_tenant_id": CUSTOMER, "settings": {"plan": "s"}},
    ]);
    let get_ok = "v1.1~a.p.customer.mirroring.get_state.ok.v1.0";
    assert_done(&gateway.send(&read).await, &read, get_ok, &states);
    let customers = json!([{"acronis_tenant_id": CUSTOMER}]);
    let disable = gateway.set_customers("disabled", &customers);
    assert_done(&gateway.send(&disable).await, &disable, set_ok, &Value::Null);
    let read = gateway.mirroring("customer.mirroring.get_state", Value::Null);
    assert_done(&gateway.send(&read).await, &read, get_ok, &json!([]));
}

#[tokio::test]
async fn customers_of_a_partner_that_is_not_enabled_are_refused() {
    let gateway = Gateway::new().await;
    let customers = json!([{"acronis_tenant_id": CUSTOMER}]);
    let enable = gateway.set_customers("enabled", &customers);
    let why = "The partner is not enabled. Enable the partner first.";
    assert_refused(&gateway.send(&enable).await, &enable, StatusCode::FORBIDDEN, why);
}

#[tokio::test]
async fn a_mirrored_customer_has_one_partner() {
    let gateway = Gateway::new().await;
    let customers = json!([{"acronis_tenant_id": CUSTOMER}]);
    gateway.send(&gateway.enable_partner()).await;
    gateway.send(&gateway.set_customers("enabled", &customers)).await;
    let as_another = |call: Callback, member: &str| {
        call.body("/context/tenant_id", json!(PARTNER)).body(member, json!(PARTNER))
    };
    gateway.send(&as_another(gateway.enable_partner(), "/payload/acronis_tenant_id")).await;
    let call = gateway.set_customers("enabled", &customers);
    let call = as_another(call, "/payload/partner_tenant_id");
    let why = "The customer is enabled by another partner.";
    assert_refused(&gateway.send(&call).await, &call, StatusCode::FORBIDDEN, why);
}

#[tokio::test]
async fn a_payload_speaks_for_the_contexts_tenant_only() {
    let gateway = Gateway::new().await;
    let call = gateway.enable_partner().body("/payload/acronis_tenant_id", json!(PARTNER));
    let why = "The payload speaks for another tenant than the context.";
    assert_refused(&gateway.send(&call).await, &call, StatusCode::FORBIDDEN, why);
}

#[tokio::test]
async fn the_same_request_is_answered_alike_and_done_once() {
    let gateway = Gateway::new().await;
    let enable = gateway.enable_partner();
    let first = gateway.send(&enable).await;
    gateway.send(&gateway.mirroring("partner.mirroring.reset", Value::Null)).await;
    let again = gateway.send(&enable).await;
    assert_eq!(first.text, again.text);
    let state = gateway.mirroring("partner.mirroring.get_state", Value::Null);
    assert_eq!(gateway.payload(&state).await, json!({"state": "DISABLED"}), "not enabled again");
}

#[tokio::test]
async fn a_request_id_is_not_taken_for_another_request() {
    let gateway = Gateway::new().await;
    let first = gateway.read_enablement();
    gateway.send(&first).await;
    let second = gateway.read_topology().body("/request_id", first.body["request_id"].clone());
    let why = "this request_id was used for another request";
    assert_refused(&gateway.send(&second).await, &second, StatusCode::BAD_REQUEST, why);
}

#[tokio::test]
async fn an_unknown_callback_is_not_found() {
    let gateway = Gateway::new().await;
    let id = "v1.0~northwind.backup.read_users.v1.0";
    let call = gateway.callback(id, id, Value::Null);
    let why = "This callback is not implemented.";
    assert_refused(&gateway.send(&call).await, &call, StatusCode::NOT_FOUND, why);
}

#[tokio::test]
async fn a_request_of_another_type_is_refused() {
    let gateway = Gateway::new().await;
    let call =
        gateway.read_topology().body("/type", json!("cti.a.p.acgw.request.v1.0~a.p.empty.v1.0"));
    let why = "this callback takes cti.a.p.acgw.request.v1.0~a.p.topology.read.v1.0";
    assert_refused(&gateway.send(&call).await, &call, StatusCode::BAD_REQUEST, why);
}
