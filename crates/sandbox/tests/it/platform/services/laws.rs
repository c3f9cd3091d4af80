//! The laws of every API, walked with the calls of this floor.

use super::*;
use crate::kit::laws::Walk;
use proptest::prelude::*;

fn one_of(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(words).prop_map(str::to_owned)
}

fn tenants() -> impl Strategy<Value = String> {
    one_of(&[PARTNER, CUSTOMER, CUSTOMER_2, FOLDER, STRANGER, NOBODY])
}

fn stores() -> impl Strategy<Value = String> {
    one_of(&[STORE_LYON, STORE_GENEVA, STORE_LEFT, STORE_CLOSING, NOBODY])
}

fn lines() -> impl Strategy<Value = Value> {
    let names = one_of(&[
        "vms",
        "servers",
        "storage",
        "adv_storage",
        "dr_storage",
        "compute_points",
        "local_storage",
        "fc_seats",
        "fc_storage",
        "notarizations",
        "drives_shipped_to_cloud",
    ]);
    let quota = proptest::option::of((0u64..20, proptest::option::of(0u64..3), 0u64..4));
    let line = (names, stores(), proptest::option::of(0u8..2), quota);
    let line = line.prop_map(|(name, store, status, quota)| {
        let mut more = json!({});
        if name.ends_with("storage") && name != "local_storage" {
            more["infra_id"] = json!(store);
        }
        if let Some(status) = status {
            more["status"] = json!(status);
        }
        if let Some((value, overage, version)) = quota {
            more["quota"] = json!({ "value": value, "overage": overage, "version": version });
        }
        item(&name, &more)
    });
    proptest::collection::vec(line, 1..4).prop_map(|lines| json!(lines))
}

/// Calls of this floor, good and bad ones, and what moves the clock.
fn calls() -> impl Strategy<Value = Step> {
    let apps = || one_of(&[BACKUP, FILES, NOTARY, SHIPPING, NOBODY]);
    let wrong: Vec<_> = wrong().into_iter().map(|(_, step, _)| step).collect();
    let small: Vec<_> = wrong.into_iter().filter(|step| step.body.len() < 10_000).collect();
    prop_oneof![
        4 => (tenants(), lines()).prop_map(|(tenant, lines)| items(&tenant, &lines)),
        2 => (tenants(), apps(), any::<bool>()).prop_map(|(tenant, app, on)| {
            let method = if on { "POST" } else { "DELETE" };
            send(method, &format!("/applications/{app}/bindings/tenants/{tenant}"), &Value::Null)
        }),
        2 => (tenants(), one_of(&["vms", "fc_seats", "workstations"]), -1i64..20).prop_map(
            |(tenant, item, value)| {
                let reported = json!({ "items": [usage(&tenant, &item, value)] });
                send("PUT", "/tenants/usages", &reported)
            }
        ),
        2 => (stores(), 0u8..3, any::<bool>()).prop_map(|(store, version, force)| {
            let path = format!("/infra/{store}?version={version}&force={force}");
            send("DELETE", &path, &Value::Null)
        }),
        1 => (tenants(), one_of(&["vcd", "backup", "files_cloud"]), 0u8..4).prop_map(
            |(owner, capability, at)| {
                let store = json!({ "owner_tenant_id": owner, "name": "N",
                    "url": format!("s3://store-{at}.example"), "capabilities": [capability] });
                send("POST", "/infra", &store)
            }
        ),
        1 => (tenants(), one_of(&["Lyon", "Nantes", "Basel"])).prop_map(|(owner, name)| {
            send("POST", "/locations", &json!({ "owner_tenant_id": owner, "name": name }))
        }),
        1 => (0u8..3, one_of(&[LYON, GENEVA])).prop_map(|(version, place)| {
            send("DELETE", &format!("/locations/{place}?version={version}"), &Value::Null)
        }),
        1 => (tenants(), apps(), one_of(&["standard", "advanced"])).prop_map(
            |(tenant, app, edition)| {
                let to = json!({ "target_edition": edition, "application_id": app });
                send("PUT", &format!("/tenants/{tenant}/edition"), &to)
            }
        ),
        1 => (tenants(), 0u8..4, one_of(&["POST", "PUT", "DELETE"])).prop_map(
            |(tenant, version, method)| {
                let change = if method == "PUT" { json!({ "color": "00FF00" }) } else { Value::Null };
                send(&method, &format!("/tenants/{tenant}/brand?version={version}"), &change)
            }
        ),
        1 => (0u8..5).prop_map(|version| {
            send("POST", &format!("/legal_documents/{TERMS}/versions/{version}/publish"), &Value::Null)
        }),
        1 => (tenants(), 1u32..100).prop_map(|(tenant, seconds)| {
            let scope = format!("urn:acronis.com:tenant-id:{tenant}:backup_agent_admin");
            let wanted = json!({ "expires_in": seconds, "scopes": [scope] });
            send("POST", &format!("/tenants/{tenant}/registration_tokens"), &wanted)
        }),
        1 => (tenants(), one_of(&[PARTNER, FOLDER, STRANGER])).prop_map(|(tenant, parent)| {
            let to = json!({ "version": 1, "parent_id": parent });
            send("PUT", &format!("/tenants/{tenant}"), &to)
        }),
        1 => (tenants(), one_of(&["partner", "folder", "customer", "unit"]), 0u8..9).prop_map(
            |(parent, kind, n)| {
                let tenant = json!({ "name": format!("T{n}"), "parent_id": parent, "kind": kind });
                send("POST", "/tenants", &tenant)
            }
        ),
        1 => tenants().prop_map(|tenant| get(&format!("/tenants/{tenant}/usages"))),
        2 => proptest::sample::select(small),
        1 => (1u64..7200).prop_map(advance),
    ]
}

#[test]
fn the_laws_hold() {
    // No tenant is deleted here, so time alone changes nothing.
    let forget = |_: &mut _| {};
    Walk::<AcronisPlatform> { cases: 64, calls: 40, forget }.holds(calls());
}
