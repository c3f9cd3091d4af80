//! What tenants use: offering items, storages, applications, brands, documents and registration.

mod laws;
mod wrong;

pub(super) use wrong::wrong;

use crate::kit::{Player, step};
use candor_sandbox::platform::AcronisPlatform;
use candor_sandbox::reach::Step;
use candor_sandbox::stage::Reply;
use serde_json::{Value, json};

const PARTNER: &str = "00000000-0000-4000-8000-000000000001";
const CUSTOMER: &str = "00000000-0000-4000-8000-000000000010";
const CUSTOMER_2: &str = "00000000-0000-4000-8000-000000000020";
const FOLDER: &str = "00000000-0000-4000-8000-000000000030";
const STRANGER: &str = "00000000-0000-4000-8000-000000000090";
const BACKUP: &str = "00000000-0000-4000-8000-0000000000a1";
const FILES: &str = "00000000-0000-4000-8000-0000000000a2";
const NOTARY: &str = "00000000-0000-4000-8000-0000000000a3";
const SHIPPING: &str = "00000000-0000-4000-8000-0000000000a4";
const LYON: &str = "00000000-0000-4000-8000-0000000000b1";
const GENEVA: &str = "00000000-0000-4000-8000-0000000000b2";
const STORE_LYON: &str = "00000000-0000-4000-8000-0000000000d1";
const STORE_GENEVA: &str = "00000000-0000-4000-8000-0000000000d2";
const STORE_LEFT: &str = "00000000-0000-4000-8000-0000000000d3";
const STORE_CLOSING: &str = "00000000-0000-4000-8000-0000000000d4";
const TERMS: &str = "00000000-0000-4000-8000-0000000000e1";
const NOBODY: &str = "00000000-0000-4000-8000-0000000000ff";

const TOKEN: (&str, &str) = ("Authorization", "Bearer sandbox-token");
const JSON: (&str, &str) = ("Content-Type", "application/json");

// === requests ===

fn get(path: &str) -> Step {
    step("GET", &format!("/api/2{path}"), &[TOKEN], "")
}

fn send(method: &str, path: &str, body: &Value) -> Step {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    step(method, &format!("/api/2{path}"), &[TOKEN, JSON], &body)
}

fn items(tenant: &str, lines: &Value) -> Step {
    let path = format!("/tenants/{tenant}/offering_items");
    send("PUT", &path, &json!({ "offering_items": lines }))
}

fn item(name: &str, more: &Value) -> Value {
    let application = match name {
        "fc_seats" | "fc_storage" => FILES,
        "notarizations" | "esignatures" => NOTARY,
        "drives_shipped_to_cloud" => SHIPPING,
        _ => BACKUP,
    };
    let mut line = json!({ "application_id": application, "name": name });
    let (Value::Object(line_members), Value::Object(more)) = (&mut line, more) else { panic!() };
    line_members.extend(more.clone());
    line
}

fn advance(seconds: u64) -> Step {
    step("PUT", "/sandbox/clock", &[], &json!({ "advance_seconds": seconds }).to_string())
}

fn usage(tenant: &str, item: &str, value: i64) -> Value {
    json!({ "tenant_id": tenant, "offering_item": item, "usage_value": value })
}

// === answers ===

type World = Player<AcronisPlatform>;

trait Answers {
    fn done(&self, step: &Step) -> Value;
    fn refused(&self, step: &Step) -> &'static str;
}

impl Answers for World {
    fn done(&self, step: &Step) -> Value {
        let reply = self.send(step);
        assert!(reply.status.is_success() && reply.row.is_none(), "{step:?}: {}", text(&reply));
        if reply.body.is_empty() { Value::Null } else { body(&reply) }
    }

    fn refused(&self, step: &Step) -> &'static str {
        let reply = self.send(step);
        reply.row.unwrap_or_else(|| panic!("{step:?}: {}", text(&reply)))
    }
}

fn text(reply: &Reply) -> String {
    format!("{} {}", reply.status, String::from_utf8_lossy(&reply.body))
}

fn body(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

/// The items of an answer with this name.
fn named<'v>(list: &'v Value, name: &str) -> Vec<&'v Value> {
    list["items"].as_array().unwrap().iter().filter(|item| item["name"] == name).collect()
}

// === offering items ===

#[test]
fn items_are_listed_by_edition_status_and_storage() {
    let world = World::new();
    let path = format!("/tenants/{PARTNER}/offering_items");
    let standard = world.done(&get(&path));
    assert!(named(&standard, "adv_vms").is_empty());
    assert_eq!(named(&standard, "storage").len(), 3);
    assert_eq!(named(&world.done(&get(&format!("{path}?edition=*"))), "adv_vms").len(), 1);
    let geneva = world.done(&get(&format!("{path}?infra_uuid={STORE_GENEVA}&status=1")));
    assert_eq!(geneva["items"].as_array().unwrap().len(), 2);
    let off = world.done(&get(&format!("{path}?status=0&type=infra&usage_names=storage")));
    assert_eq!(off["items"][0]["infra_id"], STORE_LEFT);
    let seats = &world.done(&get(&format!("/tenants/{CUSTOMER}/offering_items")));
    let expected = json!({ "value": 1, "overage": 0, "version": 1 });
    assert_eq!(named(seats, "fc_seats")[0]["quota"], expected);
    assert!(named(seats, "local_storage")[0].get("quota").is_none());
}

#[test]
fn a_tenant_sees_what_it_could_turn_on() {
    let world = World::new();
    let own = world.done(&get(&format!("/tenants/{CUSTOMER}/offering_items?available_only=true")));
    assert_eq!(named(&own, "mobiles")[0]["status"], 0);
    let child = format!("/tenants/{FOLDER}/offering_items/available_for_child");
    let child = world.done(&get(&format!("{child}?kind=customer&edition=*")));
    assert!(named(&child, "servers").is_empty() && named(&child, "vms").len() == 1);
}

#[test]
fn items_of_a_tree_come_in_pages() {
    let world = World::new();
    let path = format!("/tenants/offering_items?subtree_root_tenant_id={PARTNER}");
    let all = world.done(&get(&path))["items"].as_array().unwrap().len();
    let (mut seen, mut after) = (0, Some("0".to_owned()));
    while let Some(cursor) = after {
        let page = world.done(&get(&format!("{path}&limit=10&after={cursor}")));
        seen += page["items"].as_array().unwrap().len();
        after = page["paging"]["cursors"]["after"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, all);
    assert!(all > 20);
}

#[test]
fn a_quota_has_a_new_version_after_each_change() {
    let world = World::new();
    let quota = |version: &Value| json!({ "quota": { "value": "30", "overage": null, "version": version } });
    let set = |version| items(CUSTOMER, &json!([item("workstations", &quota(&version))]));
    let answer = world.done(&set(json!(1)));
    let version = &answer["items"][0]["quota"]["version"];
    assert_eq!(answer["items"][0]["quota"]["value"], 30);
    assert_ne!(*version, 1);
    assert_eq!(world.refused(&set(json!(1))), "426");
    world.done(&set(version.clone()));
}

#[test]
fn an_item_goes_off_for_all_below() {
    let world = World::new();
    world.done(&items(PARTNER, &json!([item("vms", &json!({ "status": "0" }))])));
    for tenant in [CUSTOMER, FOLDER] {
        let list = world.done(&get(&format!("/tenants/{tenant}/offering_items")));
        assert_eq!(named(&list, "vms")[0]["status"], 0, "{tenant}");
    }
    let on = items(CUSTOMER, &json!([item("vms", &json!({ "status": 1 }))]));
    assert_eq!(world.refused(&on), "1021");
}

#[test]
fn a_customer_changes_its_storage_in_one_request() {
    let world = World::new();
    let line = |infra, status| item("storage", &json!({ "infra_id": infra, "status": status }));
    let both = json!([line(STORE_LYON, 0), line(STORE_GENEVA, 1)]);
    world.done(&items(CUSTOMER, &both));
    let used = format!("/tenants/{CUSTOMER}/infra");
    assert!(world.done(&get(&used))["infras"].as_array().unwrap().contains(&json!(STORE_GENEVA)));
    assert_eq!(world.refused(&items(CUSTOMER, &json!([line(STORE_LYON, 1)]))), "1027");
}

#[test]
fn what_is_needed_stays_on() {
    let world = World::new();
    let recovery = json!({ "infra_id": STORE_LYON, "status": 1 });
    let points = item("compute_points", &json!({ "status": 1 }));
    world.done(&items(CUSTOMER, &json!([points, item("dr_storage", &recovery)])));
    let off = json!({ "infra_id": STORE_LYON, "status": 0 });
    assert_eq!(world.refused(&items(CUSTOMER, &json!([item("dr_storage", &off)]))), "1023");
}

#[test]
fn usage_is_asked_for_before_something_is_turned_off() {
    let world = World::new();
    let vms = json!([item("vms", &json!({ "status": 0 }))]);
    let path = format!("/tenants/{CUSTOMER}/offering_items");
    let checked = json!({ "offering_items": vms, "check_usage": true });
    assert_eq!(world.refused(&send("PUT", &path, &checked)), "1027");
    world.done(&items(CUSTOMER, &vms));
}

#[test]
fn an_edition_is_switched_with_its_quota_and_usage() {
    let world = World::new();
    let edition = json!({ "target_edition": "advanced", "application_id": BACKUP });
    let path = format!("/tenants/{CUSTOMER}/edition");
    // The partner has no servers in the advanced edition.
    assert_eq!(world.refused(&send("PUT", &path, &edition)), "1021");
    world.done(&items(CUSTOMER, &json!([item("servers", &json!({ "status": 0 }))])));
    let asked = format!("{path}?target_edition=advanced&application_id={BACKUP}");
    assert_eq!(world.done(&get(&asked))["warnings"][0], "NewFeaturesBecomeAvailable");
    let answer = world.done(&send("PUT", &path, &edition));
    assert_eq!(named(&answer, "adv_vms")[0]["quota"]["value"], 10);
    let usages = world.done(&get(&format!("/tenants/{CUSTOMER}/usages?editions=advanced")));
    assert_eq!(named(&usages, "adv_vms")[0]["value"], 7);
}

// === usages ===

#[test]
fn usage_of_those_below_is_counted_above() {
    let world = World::new();
    let path = format!("/tenants/usages?tenants={PARTNER},{CUSTOMER}&usage_names=vms,workstations");
    let answer = world.done(&get(&path));
    let of = |at: usize| json!({ "items": answer["items"][at]["usages"] });
    assert_eq!(named(&of(0), "vms")[0]["value"], 7);
    assert_eq!(named(&of(1), "workstations")[0]["value"], 12);
    assert_eq!(named(&of(1), "vms")[0]["range_start"], "2026-01-01T00:00:00");
}

#[test]
fn a_report_is_taken_item_by_item() {
    let world = World::new();
    let reported = json!({ "items": [
        usage(CUSTOMER, "workstations", 20),
        usage(CUSTOMER, "vms", 13),
        usage(CUSTOMER, "mobiles", 1),
        usage(NOBODY, "vms", 1),
        usage(STRANGER, "vms", 1),
        usage(CUSTOMER, "vms", 12),
    ] });
    let answer = body(&world.send(&send("PUT", "/tenants/usages", &reported)));
    let codes: Vec<_> =
        (0..6).map(|at| answer["items"][at]["error"]["error"]["code"].clone()).collect();
    assert_eq!(json!(codes), json!([null, 1022, 1021, 1005, 403, null]));
    let usages = world.done(&get(&format!("/tenants/{CUSTOMER}/usages")));
    assert_eq!(named(&usages, "vms")[0]["value"], 12);
    assert_eq!(named(&usages, "workstations")[0]["value"], 20);
}

#[test]
fn a_hard_quota_above_holds_below() {
    let world = World::new();
    let quota = json!({ "quota": { "value": 15, "overage": 0, "version": 0 } });
    world.done(&items(PARTNER, &json!([item("workstations", &quota)])));
    let reported = json!({ "items": [usage(CUSTOMER, "workstations", 16)] });
    let answer = body(&world.send(&send("PUT", "/tenants/usages", &reported)));
    assert_eq!(answer["items"][0]["error"]["error"]["code"], 1022);
}

#[test]
fn seats_are_counted_by_the_users_on_them() {
    let world = World::new();
    let usages = world.done(&get(&format!("/tenants/{PARTNER}/usages?usage_names=fc_seats")));
    assert_eq!(named(&usages, "fc_seats")[0]["value"], 1);
    let reported = json!({ "items": [usage(CUSTOMER, "fc_seats", 5)] });
    let answer = body(&world.send(&send("PUT", "/tenants/usages", &reported)));
    assert_eq!(answer["items"][0]["error"]["error"]["code"], 1021);
}

#[test]
fn nothing_is_reported_to_a_store_that_is_offline() {
    let world = World::new();
    world.send(&step("PUT", "/sandbox/conditions", &[], r#"{"store_offline":true}"#));
    let reported = json!({ "items": [usage(CUSTOMER, "workstations", 20)] });
    assert_eq!(world.refused(&send("PUT", "/tenants/usages", &reported)), "1000");
    world.done(&send("PUT", "/tenants/usages", &json!({ "items": [] })));
}

// === places ===

#[test]
fn the_life_of_a_location_and_its_storage() {
    let world = World::new();
    let place = json!({ "owner_tenant_id": FOLDER, "name": "Nantes" });
    let place = world.done(&send("POST", "/locations", &place));
    let (path, id) = (format!("/locations/{}", place["id"].as_str().unwrap()), &place["id"]);
    let renamed = json!({ "name": "Nantes Sud", "version": "1" });
    assert_eq!(world.done(&send("PUT", &path, &renamed))["version"], 2);
    assert_eq!(world.refused(&send("PUT", &path, &renamed)), "1001");
    let store = json!({ "owner_tenant_id": FOLDER, "name": "Loire", "url": "amazon+s3://loire.example/b",
        "capabilities": ["backup"], "backend_type": null });
    let store = world.done(&send("POST", &format!("{path}/infra"), &store));
    assert_eq!(store["location_id"], *id);
    let own = store["id"].as_str().unwrap();
    world.done(&items(FOLDER, &json!([item("storage", &json!({ "infra_id": own, "status": 1 }))])));
    assert_eq!(world.refused(&send("DELETE", &format!("{path}?version=2"), &Value::Null)), "1031");
    let change = json!({ "version": 1, "name": "Loire 2", "content_url": "https://loire.example" });
    assert_eq!(world.done(&send("PUT", &format!("/infra/{own}"), &change))["name"], "Loire 2");
    world.done(&send("DELETE", &format!("/infra/{own}?version=2"), &Value::Null));
    world.done(&send("DELETE", &format!("{path}?version=2"), &Value::Null));
    assert_eq!(world.refused(&get(&path)), "404");
}

#[test]
fn the_data_of_a_storage_is_removed_after_a_while() {
    let world = World::new();
    let path = format!("/infra/{STORE_LEFT}?version=1&force=True");
    world.done(&send("DELETE", &path, &Value::Null));
    assert_eq!(world.refused(&send("DELETE", &path, &Value::Null)), "1029");
    assert_eq!(world.refused(&send("PUT", &path, &json!({ "version": 1 }))), "1029");
    world.send(&advance(61));
    assert_eq!(world.refused(&send("DELETE", &path, &Value::Null)), "404");
    let again = json!({ "owner_tenant_id": PARTNER, "name": "Left again", "capabilities": ["vcd"],
        "url": "acronis+fes://left.northwind.example:44445" });
    assert_eq!(world.done(&send("POST", "/infra", &again))["location_id"], LYON);
}

#[test]
fn a_storage_is_no_longer_sold_for_what_it_cannot_do() {
    let world = World::new();
    let path = format!("/infra/{STORE_GENEVA}");
    let change = |capabilities: &[&str]| json!({ "version": 1, "capabilities": capabilities });
    assert_eq!(world.refused(&send("PUT", &path, &change(&["backup"]))), "1009");
    world.done(&send("PUT", &path, &change(&["backup", "files_cloud"])));
    let gone = item("dr_storage", &json!({ "infra_id": STORE_GENEVA, "status": 1 }));
    assert_eq!(world.refused(&items(PARTNER, &json!([gone]))), "1021");
    let elsewhere = json!({ "version": 2, "location_id": LYON, "content_url": null });
    assert_eq!(world.done(&send("PUT", &path, &elsewhere))["location_id"], LYON);
}

#[test]
fn force_does_not_take_a_storage_from_customers() {
    let world = World::new();
    let path = format!("/infra/{STORE_GENEVA}?version=1&force=1");
    assert_eq!(world.refused(&send("DELETE", &path, &Value::Null)), "1009");
}

#[test]
fn a_batch_is_of_what_there_is() {
    let world = World::new();
    let both = world.done(&get(&format!("/infra?uuids={STORE_LYON},{STORE_GENEVA}")));
    assert_eq!(both["items"][1]["id"], STORE_GENEVA);
    let places = world.done(&get(&format!("/tenants/{PARTNER}/locations")));
    assert_eq!(places["locations"], json!([LYON, GENEVA]));
    assert_eq!(world.refused(&get(&format!("/locations?uuids={LYON},{NOBODY}"))), "404");
    let at = world.done(&get(&format!("/locations/{GENEVA}/infra")));
    assert_eq!(at["infras"], json!([STORE_GENEVA, STORE_CLOSING]));
}

// === applications, brands, documents, registration ===

#[test]
fn an_application_goes_off_with_all_that_was_used_of_it() {
    let world = World::new();
    let path = format!("/applications/{BACKUP}/bindings/tenants/{PARTNER}");
    world.done(&send("DELETE", &path, &Value::Null));
    assert_eq!(world.refused(&send("DELETE", &path, &Value::Null)), "404");
    let usages = world.done(&get(&format!("/tenants/{CUSTOMER}/usages")));
    assert_eq!(named(&usages, "vms")[0]["value"], 0);
    let bound = world.done(&get(&format!("/tenants/{CUSTOMER}/applications")));
    assert_eq!(bound["items"], json!([FILES]));
    let bind = format!("/applications/{BACKUP}/bindings/tenants/{CUSTOMER}");
    assert_eq!(world.refused(&send("POST", &bind, &Value::Null)), "1026");
}

#[test]
fn a_new_customer_has_the_applications_and_features_of_its_parent() {
    let world = World::new();
    let tenant = json!({ "name": "Delta Books", "parent_id": FOLDER, "kind": "customer" });
    let tenant = world.done(&send("POST", "/tenants", &tenant));
    let id = tenant["id"].as_str().unwrap();
    let bound = world.done(&get(&format!("/tenants/applications?tenants={id}")));
    assert_eq!(bound["items"][0]["applications"], json!([BACKUP, FILES, NOTARY]));
    let list = world.done(&get(&format!("/tenants/{id}/offering_items")));
    assert_eq!(named(&list, "local_storage")[0]["status"], 1);
    assert_eq!(named(&list, "vms")[0]["status"], 0);
    world.done(&items(id, &json!([item("vms", &json!({ "status": 1 }))])));
}

#[test]
fn what_a_tenant_had_is_gone_with_it() {
    let world = World::new();
    let place = json!({ "owner_tenant_id": FOLDER, "name": "Nantes" });
    let place = world.done(&send("POST", "/locations", &place));
    for tenant in ["00000000-0000-4000-8000-000000000031", FOLDER] {
        let state = json!({ "state": { "tenancy": { "tenants": { tenant: {
            "enabled": false, "ancestral_access": true } } } } });
        world.send(&step("PATCH", "/sandbox/world", &[], &state.to_string()));
    }
    world.done(&send("DELETE", &format!("/tenants/{FOLDER}?version=1"), &Value::Null));
    assert_eq!(world.refused(&items(FOLDER, &json!([]))), "1011");
    world.send(&advance(3600));
    assert_eq!(world.refused(&items(FOLDER, &json!([]))), "1005");
    assert_eq!(
        world.refused(&get(&format!("/locations/{}", place["id"].as_str().unwrap()))),
        "404"
    );
    world.done(&send("POST", &format!("/tenants/{FOLDER}/restore"), &Value::Null));
    let bound = world.done(&get(&format!("/tenants/{FOLDER}/applications")));
    assert_eq!(bound["items"], json!([BACKUP, FILES, NOTARY]));
}

#[test]
fn the_life_of_a_brand() {
    let world = World::new();
    let path = format!("/tenants/{FOLDER}/brand");
    assert_eq!(world.done(&get(&path))["company_name"], "Northwind Managed IT");
    let put = |version, change: Value| send("PUT", &format!("{path}?version={version}"), &change);
    assert_eq!(world.refused(&put(1, json!({ "color": "FF0000" }))), "1027");
    let enabled = world.done(&send("POST", &format!("{path}?version=1"), &Value::Null));
    assert_eq!(enabled["version"], 2);
    assert_eq!(world.refused(&put(1, json!({ "color": "FF0000" }))), "1001");
    let change = json!({ "color": "FF0000", "white_labeled_agent": "true", "smtp_override": 1,
        "smtp_server": "SMTP.northwind.example", "smtp_port": "587", "smtp_encryption": "TLS",
        "smtp_reply_address": "hello@west.example", "smtp_password": "secret" });
    assert_eq!(world.done(&put(2, change))["version"], 3);
    let own = world.done(&get(&path));
    assert_eq!((&own["smtp_port"], &own["smtp_password"]), (&json!(587), &json!("")));
    assert_eq!(world.done(&get(&format!("{path}?effective=1")))["color"], Value::Null);
    world.done(&send("DELETE", &format!("{path}?version=3"), &Value::Null));
    assert_eq!(world.done(&get(&path))["color"], Value::Null);
}

#[test]
fn versions_of_a_document_are_published_in_their_order() {
    let world = World::new();
    let publish = |number: u8| {
        send("POST", &format!("/legal_documents/{TERMS}/versions/{number}/publish"), &Value::Null)
    };
    assert_eq!(world.refused(&publish(3)), "1034");
    assert_eq!(world.done(&publish(2))["state"], "published");
    world.done(&publish(3));
    assert_eq!(world.refused(&publish(3)), "409");
    let path = format!("/tenants/{PARTNER}/legal_documents");
    assert_eq!(world.done(&get(&path))["items"][0]["current_version"], 3);
    let new = world.done(&send("POST", &path, &json!({ "name": "Privacy" })));
    let new = format!("/legal_documents/{}", new["id"].as_str().unwrap());
    let url = json!({ "url": "https://northwind.example/privacy" });
    assert_eq!(world.done(&send("POST", &format!("{new}/versions"), &url))["version"], 1);
    assert_eq!(world.done(&get(&format!("{new}/versions")))["items"][0]["state"], "draft");
    world.done(&send("DELETE", &new, &Value::Null));
    assert_eq!(world.refused(&get(&new)), "404");
}

#[test]
fn a_registration_token_is_good_for_its_time() {
    let world = World::new();
    let scope = format!("urn:acronis.com:tenant-id:{CUSTOMER}:backup_agent_admin");
    let wanted = json!({ "expires_in": "600", "scopes": [scope] });
    let path = format!("/tenants/{CUSTOMER}/registration_tokens");
    let token = world.done(&send("POST", &path, &wanted));
    assert_eq!(token["token"].as_str().unwrap().len(), 14);
    assert_eq!(world.done(&get(&path))["items"][0]["id"], token["id"]);
    let older = world.send(&send("POST", "/registration_tokens", &wanted));
    assert_eq!((older.status.as_u16(), &body(&older)["tenant_uuid"]), (201, &json!(PARTNER)));
    world.send(&advance(601));
    assert_eq!(world.done(&get(&path))["items"], json!([]));
    assert_eq!(
        world.refused(&send(
            "DELETE",
            &format!("/registration_tokens/{}", token["id"]),
            &Value::Null
        )),
        "404"
    );
}

#[test]
fn a_kept_world_is_the_same_after_loading() {
    let world = World::new();
    world.done(&items(PARTNER, &json!([item("mobiles", &json!({ "status": 0 }))])));
    let saved = world.send(&step("GET", "/sandbox/world", &[], ""));
    let saved = String::from_utf8(saved.body.to_vec()).unwrap();
    world.send(&step("DELETE", "/sandbox/world", &[], ""));
    assert_eq!(world.send(&step("PUT", "/sandbox/world", &[], &saved)).status, 200);
    let again = world.send(&step("GET", "/sandbox/world", &[], ""));
    assert_eq!(String::from_utf8(again.body.to_vec()).unwrap(), saved);
}

#[test]
fn a_world_that_no_rule_leads_to_is_not_loaded() {
    let patches = [
        json!({ "items": { NOBODY: {} } }),
        json!({ "bindings": { CUSTOMER: [NOBODY] } }),
        json!({ "items": { PARTNER: { "vms": { "on": false } } } }),
        json!({ "items": { CUSTOMER_2: { "fc_seats": { "name": "vms" } } } }),
        json!({ "infra": { STORE_LYON: { "location_id": NOBODY } } }),
        json!({ "infra": { STORE_LYON: null } }),
        json!({ "default_storages": { PARTNER: NOBODY } }),
        json!({ "usages": { CUSTOMER: { "vms": -1 } } }),
    ];
    for patch in patches {
        let world = World::new();
        let patch = json!({ "state": { "services": patch } }).to_string();
        assert_eq!(
            world.send(&step("PATCH", "/sandbox/world", &[], &patch)).status,
            400,
            "{patch}"
        );
    }
}
