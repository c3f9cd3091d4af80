//! The tree of tenants: the life of one, who sees whom, moving, pages.

use super::{Platform, by, control, delete, get, ids, post, put};
use serde_json::{Value, json};

fn tenant(id: &str) -> String {
    format!("/tenants/{id}")
}

fn created(platform: &Platform, parent: &str, kind: &str, name: &str) -> String {
    let body = json!({ "parent_id": parent, "kind": kind, "name": name });
    platform.ok(&post("/tenants", &body))["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_tenant_lives_from_creation_to_deletion() {
    let platform = Platform::new();
    let body = json!({
        "parent_id": ids::PARTNER, "kind": "customer", "name": "Acme", "customer_id": "crm-7",
        "contact": { "email": "ceo@acme.example", "firstname": "Ada", "types": ["legal"] },
    });
    let reply = platform.send(&post("/tenants", &body));
    assert_eq!(reply.status, 201);
    let acme: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(acme["version"], 1);
    assert_eq!(acme["contact"]["firstname"], "Ada");
    assert_eq!(acme["created_at"], "2026-01-01T00:00:00+00:00");
    let path = tenant(acme["id"].as_str().unwrap());

    let change = json!({ "version": 1, "enabled": false, "contact": { "lastname": "L" } });
    let disabled = platform.ok(&put(&path, &change));
    assert_eq!(disabled["version"], 2);
    assert_eq!(disabled["contact"]["firstname"], "Ada");
    assert_eq!(platform.send(&delete(&format!("{path}?version=2"))).status, 204);
    assert_eq!(platform.ok(&get(&path))["external_operation_status"], "deleting");
    assert_eq!(platform.row(&put(&path, &json!({ "version": 3 }))), "1011");

    platform.later(10);
    assert_eq!(platform.row(&get(&path)), "1005");
    let deleted = platform.ok(&get(&format!("{path}?allow_deleted=true")));
    assert_eq!(deleted["deleted_at"], "2026-01-01T00:00:10+00:00");
}

#[test]
fn numbers_and_booleans_may_come_as_texts() {
    let platform = Platform::new();
    let change = json!({ "version": "1", "enabled": "False" });
    assert_eq!(platform.ok(&put(&tenant(ids::CUSTOMER), &change))["enabled"], false);
}

#[test]
fn what_is_below_a_disabled_tenant_is_disabled_and_enabled_by_itself() {
    let platform = Platform::new();
    platform.ok(&put(&tenant(ids::CUSTOMER), &json!({ "version": 1, "enabled": false })));
    assert_eq!(platform.ok(&get(&tenant(ids::UNIT)))["enabled"], false);
    let enable = json!({ "version": 2, "enabled": true });
    assert_eq!(platform.row(&put(&tenant(ids::UNIT), &enable)), "1003");
    platform.ok(&put(&tenant(ids::CUSTOMER), &enable));
    assert_eq!(platform.ok(&get(&tenant(ids::UNIT)))["enabled"], false);
    platform.ok(&put(&tenant(ids::UNIT), &enable));
}

#[test]
fn a_deleted_tenant_takes_all_below_with_it_and_comes_back_with_them() {
    let platform = Platform::new();
    platform.ok(&put(&tenant(ids::CUSTOMER), &json!({ "version": 1, "enabled": false })));
    platform.ok(&delete(&format!("{}?version=2", tenant(ids::CUSTOMER))));
    platform.later(11);
    assert_eq!(platform.row(&get(&tenant(ids::UNIT))), "1005");
    assert_eq!(platform.row(&get(&format!("/users/{}", ids::JUNE))), "404");

    let restore = post(&format!("{}/restore", tenant(ids::CUSTOMER)), &Value::Null);
    assert_eq!(platform.send(&restore).status, 204);
    let status = |id: &str| platform.ok(&get(&tenant(id)))["external_operation_status"].clone();
    assert_eq!(status(ids::UNIT), "recovering");
    platform.later(10);
    assert_eq!(status(ids::UNIT), Value::Null);
    assert_eq!(platform.ok(&get(&format!("/users/{}", ids::JUNE)))["login"], "june.park");
    assert_eq!(platform.row(&restore), "1005");
}

#[test]
fn a_name_that_was_taken_meanwhile_stands_in_the_way_of_what_comes_back() {
    let platform = Platform::new();
    platform.ok(&delete(&format!("{}?version=1", tenant(ids::DISABLED))));
    platform.later(10);
    created(&platform, ids::PARTNER, "customer", "QUARRY tools");
    let restore = format!("{}/restore", tenant(ids::DISABLED));
    assert_eq!(platform.row(&post(&restore, &Value::Null)), "1004");
    platform.ok(&post(&format!("{restore}?force=true"), &Value::Null));
    assert_eq!(platform.ok(&get(&tenant(ids::DISABLED)))["name"], "Quarry Tools-1");
}

#[test]
fn a_deleted_tenant_is_kept_for_thirty_days() {
    let platform = Platform::new();
    platform.ok(&delete(&format!("{}?version=1", tenant(ids::DISABLED))));
    platform.later(31 * 24 * 3600);
    let restore = post(&format!("{}/restore", tenant(ids::DISABLED)), &Value::Null);
    assert_eq!(platform.row(&restore), "1005");
}

#[test]
fn a_lock_below_keeps_a_tenant_from_being_deleted() {
    let platform = Platform::new();
    platform.ok(&put(&tenant(ids::RESELLER), &json!({ "version": 1, "enabled": false })));
    assert_eq!(platform.row(&delete(&format!("{}?version=2", tenant(ids::RESELLER)))), "1012");
}

#[test]
fn who_locks_a_tenant_may_still_change_it() {
    let platform = Platform::new();
    let lock = json!({ "version": 1, "update_lock": { "enabled": true } });
    let locked = platform.ok(&put(&tenant(ids::CUSTOMER), &lock));
    assert_eq!(locked["update_lock"], json!({ "enabled": true, "owner_id": ids::PARTNER }));
    let open = json!({ "version": 2, "update_lock": { "enabled": "false" } });
    let open = platform.ok(&put(&tenant(ids::CUSTOMER), &open));
    assert_eq!(open["update_lock"], json!({ "enabled": false, "owner_id": null }));
}

#[test]
fn a_locked_tenant_moves_where_its_lock_holds() {
    let platform = Platform::new();
    let east = created(&platform, ids::PARTNER, "folder", "East");
    let inner = created(&platform, ids::PARTNER, "folder", "Inner");
    let lock = json!({ "version": 1, "update_lock": { "enabled": true } });
    platform.ok(&put(&tenant(&inner), &lock));
    let moved = platform.ok(&put(&tenant(&inner), &json!({ "version": 2, "parent_id": east })));
    assert_eq!(moved["update_lock"]["owner_id"], ids::PARTNER);
}

#[test]
fn nobody_disables_moves_or_deletes_the_own_tenant() {
    let platform = Platform::new();
    let path = tenant(ids::PARTNER);
    assert_eq!(platform.row(&put(&path, &json!({ "version": 1, "enabled": false }))), "1002");
    let move_it = json!({ "version": 1, "parent_id": ids::STRANGER });
    assert_eq!(platform.row(&put(&path, &move_it)), "1002");
    assert_eq!(platform.row(&delete(&format!("{path}?version=1"))), "1002");
    platform.ok(&put(&path, &json!({ "version": 1, "name": "Northwind" })));
}

#[test]
fn a_secluded_tenant_is_seen_by_its_parent_alone() {
    let platform = Platform::new();
    assert_eq!(platform.row(&get(&tenant(ids::SECLUDED))), "1002");
    let below = platform.ok(&get(&format!("{}/children", tenant(ids::FOLDER))));
    assert_eq!(below["items"], json!([]));
    let close = json!({ "version": 1, "ancestral_access": false });
    platform.ok(&put(&tenant(ids::CUSTOMER), &close));
    platform.ok(&get(&tenant(ids::CUSTOMER)));
}

#[test]
fn nobody_sees_sideways_or_up() {
    let platform = Platform::new();
    assert_eq!(platform.row(&get(&tenant(ids::STRANGER))), "403");
    let look = by("strangers-token", "GET", &tenant(ids::PARTNER), &Value::Null);
    assert_eq!(platform.row(&look), "403");
    let list = by("strangers-token", "GET", "/tenants", &Value::Null);
    let items = platform.ok(&list)["items"].as_array().unwrap().len();
    assert_eq!(items, 1);
}

#[test]
fn a_reader_reads_and_changes_nothing() {
    let platform = Platform::new();
    platform.ok(&by("read-only-token", "GET", "/tenants", &Value::Null));
    let change = json!({ "version": 1, "enabled": false });
    for (method, path, body) in [
        ("PUT", tenant(ids::CUSTOMER), change),
        ("DELETE", format!("{}?version=1", tenant(ids::DISABLED)), Value::Null),
        ("POST", format!("/users/{}/send-activation-email", ids::OMAR), Value::Null),
    ] {
        assert_eq!(platform.row(&by("read-only-token", method, &path, &body)), "1002", "{path}");
    }
}

#[test]
fn kinds_nest_as_the_tenancy_model_says() {
    let platform = Platform::new();
    let wrong = [
        (ids::PARTNER, "unit"),
        (ids::FOLDER, "unit"),
        (ids::CUSTOMER, "customer"),
        (ids::CUSTOMER, "folder"),
        (ids::UNIT, "partner"),
        (ids::PARTNER, "root"),
    ];
    for (parent, kind) in wrong {
        let body = json!({ "parent_id": parent, "kind": kind, "name": "New" });
        assert_eq!(platform.row(&post("/tenants", &body)), "1027", "{kind}");
    }
    for (parent, kind) in [(ids::PARTNER, "partner"), (ids::FOLDER, "folder"), (ids::UNIT, "unit")]
    {
        created(&platform, parent, kind, "New");
    }
}

#[test]
fn a_unit_does_not_leave_its_customer_nor_move_within() {
    let platform = Platform::new();
    for (target, row) in [(ids::UNIT_2, "1008"), (ids::CUSTOMER_2, "1027"), (ids::PARTNER, "1027")]
    {
        let body = json!({ "version": 1, "parent_id": target });
        assert_eq!(platform.row(&put(&tenant(ids::UNIT), &body)), row, "{target}");
    }
}

#[test]
fn a_tenant_that_moved_is_found_in_its_new_place() {
    let platform = Platform::new();
    let folder = created(&platform, ids::PARTNER, "folder", "East");
    let inner = created(&platform, ids::PARTNER, "folder", "Inner");
    let body = json!({ "version": 1, "parent_id": folder });
    assert_eq!(platform.ok(&put(&tenant(&inner), &body))["parent_id"], json!(folder));
    let children = platform.ok(&get(&format!("{}/children", tenant(&folder))));
    assert_eq!(children["items"], json!([inner]));
    assert_eq!(platform.ok(&get(&tenant(&folder)))["has_children"], true);
    let path = platform.ok(&get(&format!("{}?embed_path=true", tenant(&inner))))["path"].clone();
    assert_eq!(path, json!([folder, ids::PARTNER]));
}

#[test]
fn the_tree_has_a_deepest_place() {
    let platform = Platform::new();
    let mut parent = ids::PARTNER.to_owned();
    for depth in 2..=32 {
        parent = created(&platform, &parent, "folder", &format!("{depth}"));
    }
    let body = json!({ "parent_id": parent, "kind": "folder", "name": "33" });
    assert_eq!(platform.row(&post("/tenants", &body)), "1027");
    assert!(platform.ok(&get(&tenant(&parent)))["parent_id"].is_string());
}

#[test]
fn pages_lead_through_the_whole_tree_and_back() {
    let platform = Platform::new();
    let all = platform.ok(&get("/tenants"))["items"].as_array().unwrap().clone();
    let (mut seen, mut query) = (Vec::new(), "limit=3".to_owned());
    let mut last = Value::Null;
    loop {
        let page = platform.ok(&get(&format!("/tenants?{query}")));
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 3 && !items.is_empty());
        seen.extend(items.clone());
        last = if page["paging"]["cursors"]["before"].is_null() { last } else { page.clone() };
        let Some(after) = page["paging"]["cursors"]["after"].as_str() else { break };
        query = format!("after={after}");
    }
    assert_eq!(seen, all);
    let before = last["paging"]["cursors"]["before"].as_str().unwrap();
    let page = platform.ok(&get(&format!("/tenants?before={before}")));
    assert_eq!(page["items"].as_array().unwrap().len(), 3);
}

#[test]
fn tenants_are_found_by_ids_by_parent_and_by_subtree() {
    let platform = Platform::new();
    let count = |query: &str| {
        platform.ok(&get(&format!("/tenants?{query}")))["items"].as_array().unwrap().len()
    };
    let strangers_too = format!("uuids={},{},{}", ids::CUSTOMER, ids::STRANGER, ids::NOBODY);
    assert_eq!(count(&strangers_too), 1);
    assert_eq!(count(&format!("parent_id={}", ids::CUSTOMER)), 2);
    assert_eq!(count(&format!("subtree_root_id={}", ids::CUSTOMER)), 3);
}

#[test]
fn pricing_has_a_version_of_its_own() {
    let platform = Platform::new();
    let path = format!("{}/pricing", tenant(ids::CUSTOMER));
    assert_eq!(platform.ok(&get(&path))["mode"], "trial");
    let pay = json!({ "version": 1, "mode": "production", "currency": "EUR" });
    let paying = platform.ok(&put(&path, &pay));
    assert_eq!((&paying["version"], &paying["currency"]), (&json!(2), &json!("EUR")));
    assert_eq!(platform.row(&put(&path, &pay)), "1001");
    assert_eq!(platform.row(&put(&path, &json!({ "version": 2, "mode": "trial" }))), "1027");
    assert_eq!(platform.ok(&get(&tenant(ids::CUSTOMER)))["pricing_mode"], "production");
}

#[test]
fn a_second_factor_is_asked_for_by_tenants_that_are_no_folders() {
    let platform = Platform::new();
    let path = |id: &str| format!("{}/mfa/status", tenant(id));
    let on = json!({ "enabled": true });
    assert_eq!(platform.ok(&put(&path(ids::CUSTOMER), &on))["mfa_status"], "enabled");
    assert_eq!(platform.row(&put(&path(ids::FOLDER), &on)), "1027");
    let status = platform.ok(&get(&path(ids::CUSTOMER_2)));
    assert_eq!(status["users_with_totp_enabled_count"], 1);
    let june = platform.ok(&get(&format!("/users/{}", ids::JUNE)));
    assert_eq!(june["mfa_status"], "setup_required");
}

#[test]
fn events_are_heard_from_an_offset_on() {
    let platform = Platform::new();
    created(&platform, ids::PARTNER, "customer", "Acme");
    platform.ok(&delete(&format!("{}?version=1", tenant(ids::DISABLED))));
    platform.later(10);
    let who = format!("subscription_id={}&consumer_id={}", ids::NOBODY, ids::NOBODY);
    let events = |offset: &Value| {
        let path = format!("/api/event_manager/v1/events?{who}&offset={offset}");
        let auth = [("Authorization", "Bearer sandbox-token")];
        platform.send(&crate::kit::step("GET", &path, &auth, ""))
    };
    let heard: Value = serde_json::from_slice(&events(&json!(0)).body).unwrap();
    let types: Vec<_> = heard["items"].as_array().unwrap().iter().map(|it| &it["type"]).collect();
    assert_eq!(types.len(), 2);
    assert_eq!(types[1], "cti.a.p.em.event.v1.0~a.p.tenant.deleted.v1.0");
    let later = events(&heard["next_offset"]);
    assert_eq!(
        (later.status.as_u16(), &later.headers["retry-after"]),
        (202, &"30".parse().unwrap())
    );
}

#[test]
fn a_saved_world_goes_on_where_it_was() {
    let platform = Platform::new();
    platform.ok(&delete(&format!("{}?version=1", tenant(ids::DISABLED))));
    created(&platform, ids::PARTNER, "customer", "Acme");
    let saved = platform.ok(&get_world());
    let other = Platform::new();
    assert_eq!(other.send(&control("PUT", "/sandbox/world", &saved)).status, 200);
    assert_eq!(other.ok(&get_world()), saved);
    other.later(10);
    assert_eq!(other.row(&get(&tenant(ids::DISABLED))), "1005");
}

fn get_world() -> candor_sandbox::reach::Step {
    crate::kit::step("GET", "/sandbox/world", &[], "")
}

#[test]
fn worlds_that_no_rule_leads_to_are_not_taken() {
    let platform = Platform::new();
    let below =
        |id: &str, change: Value| json!({ "state": { "tenancy": { "tenants": { id: change } } } });
    let wrong = [
        below(ids::CUSTOMER, json!({ "parent_id": ids::NOBODY })),
        below(ids::RESELLER, json!({ "parent_id": ids::NORTH })),
        below(ids::CUSTOMER, json!({ "enabled": false })),
        below(ids::CUSTOMER, json!({ "name": "Harbour Bakery" })),
        below(ids::CUSTOMER, json!({ "kind": "folder" })),
        below(
            ids::CUSTOMER,
            json!({ "update_lock": { "enabled": true, "owner_id": ids::FOLDER } }),
        ),
        below(ids::CUSTOMER, json!({ "external_operation_status": "deleting" })),
        below(ids::CUSTOMER, Value::Null),
        json!({ "state": { "tenancy": { "buried": { "x": {
            "parent_id": ids::PARTNER, "tenants": [], "users": [], "deleted_at": "2026-01-01T00:00:00Z",
        } } } } }),
        json!({ "state": { "tenancy": { "users": { ids::OMAR: { "login": "june.PARK" } } } } }),
        json!({ "state": { "tenancy": { "users": { ids::OMAR: { "tenant_id": ids::NOBODY } } } } }),
        json!({ "state": { "tenancy": { "tokens": { "sandbox-token": { "owner_id": "x" } } } } }),
    ];
    for change in wrong {
        let reply = platform.send(&control("PATCH", "/sandbox/world", &change));
        assert_eq!(reply.status, 400, "{change}");
    }
    let good = below(ids::UNIT, json!({ "enabled": false }));
    assert_eq!(platform.send(&control("PATCH", "/sandbox/world", &good)).status, 200);
}
