//! Walks through the platform: whatever is sent, in whatever order.

use super::{by, control, form, ids};
use crate::kit::laws::Walk;
use candor_sandbox::platform::AcronisPlatform;
use candor_sandbox::reach::Step;
use candor_sandbox::stage::{Api, Ids};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::collections::BTreeSet;

type State = <AcronisPlatform as Api>::State;

#[test]
fn whatever_is_sent_no_rule_is_broken() {
    Walk::<AcronisPlatform> { cases: 64, calls: 40, forget }.holds(calls());
}

// === what is sent ===

fn calls() -> impl Strategy<Value = Step> {
    let call = prop_oneof![
        4 => create(),
        6 => change(),
        3 => remove(),
        2 => users(),
        2 => roles(),
        2 => clients(),
        1 => tokens(),
        2 => looks(),
        1 => services(),
        2 => (0i64..40).prop_map(|seconds| {
            control("PUT", "/sandbox/clock", &json!({ "advance_seconds": seconds }))
        }),
    ];
    call.boxed()
}

/// Tenants that are there at the start, some that may come to be, and some that are none.
fn tenant() -> impl Strategy<Value = String> {
    let founded = [
        ids::PARTNER,
        ids::CUSTOMER,
        ids::UNIT,
        ids::UNIT_2,
        ids::CUSTOMER_2,
        ids::FOLDER,
        ids::SECLUDED,
        ids::DISABLED,
        ids::DORMANT,
        ids::LOCKED,
        ids::RESELLER,
        ids::NORTH,
        ids::RESOLD,
    ];
    // The ids that a new world gives out.
    let mut source = Ids::new(1);
    let new: Vec<String> = (0..10).map(|_| source.uuid().to_string()).collect();
    prop_oneof![
        12 => select(founded.map(str::to_owned).to_vec()),
        2 => select(new),
        1 => select([ids::STRANGER, ids::NOBODY, "x"].map(str::to_owned).to_vec()),
    ]
}

/// Tenants that come and go more often than the others.
fn leaving() -> impl Strategy<Value = String> {
    let few = [ids::DISABLED, ids::DORMANT, ids::CUSTOMER, ids::UNIT].map(str::to_owned);
    prop_oneof![4 => select(few.to_vec()), 1 => tenant()]
}

fn user() -> impl Strategy<Value = &'static str> {
    select(vec![ids::NORA, ids::JUNE, ids::JUNE_2, ids::OMAR, ids::DORA, ids::GUEST, ids::HANK])
}

fn token() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        12 => Just("sandbox-token"),
        1 => select(vec!["read-only-token", "strangers-token", "service-token", "expired-token"]),
    ]
}

/// Mostly the version of something that was changed little.
fn version() -> impl Strategy<Value = Value> {
    prop_oneof![
        8 => Just(json!(1)),
        6 => (1u64..4).prop_map(Value::from),
        2 => (1u64..3).prop_map(|version| json!(version.to_string())),
        1 => select(vec![json!(null), json!(-1), json!(1.5), json!([]), json!(u64::MAX)]),
    ]
}

/// Values that a member may not have, now and then.
fn odd() -> impl Strategy<Value = Value> {
    select(vec![json!(null), json!(0), json!(""), json!("\0"), json!([]), json!({ "a": {} })])
}

fn word() -> impl Strategy<Value = String> {
    select(["Acme", "acme", "Juniper Dental", "West", "x", "north"].map(str::to_owned).to_vec())
}

fn create() -> impl Strategy<Value = Step> {
    let kind = select(vec!["folder", "customer", "customer", "unit", "partner", "root"]);
    (token(), tenant(), kind, word(), any::<[bool; 4]>(), odd()).prop_map(
        |(token, parent, kind, name, [enabled, lock, open, wrong], odd)| {
            let mut body = json!({
                "parent_id": parent, "kind": kind, "name": name, "enabled": enabled || lock,
                "update_lock": { "enabled": lock && enabled }, "ancestral_access": open || enabled,
            });
            if wrong && lock {
                body["contact"] = odd;
            }
            by(token, "POST", "/tenants", &body)
        },
    )
}

fn change() -> impl Strategy<Value = Step> {
    let what = prop_oneof![
        3 => any::<bool>().prop_map(|flag| json!({ "enabled": flag })),
        3 => tenant().prop_map(|parent| json!({ "parent_id": parent })),
        1 => word().prop_map(|name| json!({ "name": name })),
        1 => any::<bool>().prop_map(|flag| json!({ "update_lock": { "enabled": flag } })),
        1 => any::<bool>().prop_map(|flag| json!({ "ancestral_access": flag.to_string() })),
        1 => select(vec!["partner", "folder", "unit"]).prop_map(|kind| json!({ "kind": kind })),
        1 => odd().prop_map(|odd| json!({ "name": odd })),
    ];
    let id = prop_oneof![2 => tenant(), 1 => leaving()];
    (token(), id, version(), what).prop_map(|(token, id, version, mut body)| {
        body["version"] = version;
        by(token, "PUT", &format!("/tenants/{id}"), &body)
    })
}

fn remove() -> impl Strategy<Value = Step> {
    (token(), leaving(), 1u64..4, any::<[bool; 2]>()).prop_map(
        |(token, id, version, [restore, force])| {
            if restore {
                let path = format!("/tenants/{id}/restore?force={force}");
                return by(token, "POST", &path, &Value::Null);
            }
            by(token, "DELETE", &format!("/tenants/{id}?version={version}"), &Value::Null)
        },
    )
}

fn users() -> impl Strategy<Value = Step> {
    let login = ["ann.lee", "bob.lee", "cat.lee", "june.park", "a b"].map(Value::from);
    let login = prop_oneof![4 => select(login.to_vec()), 1 => Just(json!(null))];
    let email = ["june@juniper.example", "ann@b", "bob@b", "cat@b", "x@tempmail.example", "none"];
    let email = select(email.to_vec());
    (token(), tenant(), user(), login, email, version(), 0u8..4).prop_map(
        |(token, tenant, user, login, email, version, how)| {
            let path = format!("/users/{user}");
            match how {
                0 => by(token, "DELETE", &format!("{path}?version=1"), &Value::Null),
                1 => {
                    let contact = json!({ "email": email });
                    let body = json!({ "version": version, "login": login, "contact": contact });
                    by(token, "PUT", &path, &body)
                }
                2 => by(token, "POST", &format!("{path}/send-activation-email"), &Value::Null),
                _ => {
                    let contact = json!({ "email": email });
                    let body = json!({ "tenant_id": tenant, "login": login, "contact": contact });
                    by(token, "POST", "/users", &body)
                }
            }
        },
    )
}

fn roles() -> impl Strategy<Value = Step> {
    let names = ["sync_share_user", "company_admin", "partner_admin", "unit_admin", "king"];
    let item = (select(names.to_vec()), tenant());
    let items = proptest::collection::vec(item, 0..3);
    (token(), user(), items).prop_map(|(token, user, items)| {
        let item = |(role, tenant)| json!({ "role_id": role, "tenant_id": tenant });
        let items: Vec<Value> = items.into_iter().map(item).collect();
        by(token, "PUT", &format!("/users/{user}/access_policies"), &json!({ "items": items }))
    })
}

fn clients() -> impl Strategy<Value = Step> {
    let data = select(vec![json!({}), json!({ "client_name": "a" }), json!({ "hostname": "b" })]);
    (token(), tenant(), data, any::<bool>()).prop_map(|(token, tenant, data, new)| {
        if !new {
            return by(token, "DELETE", &format!("/clients/{tenant}"), &Value::Null);
        }
        let body = json!({
            "type": "api_client", "tenant_id": tenant, "data": data,
            "token_endpoint_auth_method": "client_secret_basic",
        });
        by(token, "POST", "/clients", &body)
    })
}

fn tokens() -> impl Strategy<Value = Step> {
    let client = "client_id=00000000-0000-4000-8000-00000000c001&client_secret=sandbox-secret";
    let grants = [
        format!("grant_type=client_credentials&{client}"),
        "grant_type=password&username=june.park&password=sandbox-password".to_owned(),
        "grant_type=password&username=hank.baker&password=sandbox-password".to_owned(),
        "grant_type=%00".to_owned(),
    ];
    select(grants.to_vec()).prop_map(|fields| form("/api/2/idp/token", &fields))
}

fn looks() -> impl Strategy<Value = Step> {
    let paths = ["", "/children", "/users", "/pricing", "/mfa/status", "?allow_deleted=true"];
    (token(), tenant(), select(paths.to_vec()), any::<bool>()).prop_map(
        |(token, tenant, path, list)| {
            let one = format!("/tenants/{tenant}{path}");
            let path = if list { format!("/tenants?limit=3&parent_id={tenant}") } else { one };
            by(token, "GET", &path, &Value::Null)
        },
    )
}

/// The other floor, as far as the tree is concerned: what is turned on stands in the way of moving.
fn services() -> impl Strategy<Value = Step> {
    (tenant(), 0u8..2).prop_map(|(tenant, status)| {
        let item = json!({
            "application_id": "00000000-0000-4000-8000-0000000000a1", "name": "vms",
            "status": status,
        });
        let path = format!("/tenants/{tenant}/offering_items");
        by("sandbox-token", "PUT", &path, &json!({ "offering_items": [item] }))
    })
}

// === what time brings ===

/// Takes out what changes by time alone, which a refused call may be the first to see: tenants that
/// leave or have left, with all that they have.
fn forget(state: &mut State) {
    let text = serde_json::to_string(&*state).unwrap();
    let busy = ["\"deleting\"", "\"recovering\""].iter().any(|word| text.contains(word));
    if !busy && text.contains("\"buried\":{}") {
        return;
    }
    let mut value = serde_json::to_value(&*state).unwrap();
    let tenancy = &value["tenancy"];
    let mut leaving = BTreeSet::new();
    for (id, tenant) in tenancy["tenants"].as_object().unwrap() {
        if tenant["external_operation_status"] == "deleting" {
            leaving.insert(id.clone());
        }
    }
    for buried in tenancy["buried"].as_object().unwrap().values() {
        let tenants = buried["tenants"].as_array().unwrap();
        leaving.extend(tenants.iter().map(|tenant| tenant["id"].as_str().unwrap().to_owned()));
    }
    for user in tenancy["users"].as_object().unwrap().values() {
        if leaving.contains(user["tenant_id"].as_str().unwrap()) {
            leaving.insert(user["id"].as_str().unwrap().to_owned());
        }
    }
    for client in tenancy["clients"].as_object().unwrap().values() {
        if leaving.contains(client["tenant_id"].as_str().unwrap()) {
            leaving.insert(client["client_id"].as_str().unwrap().to_owned());
        }
    }
    prune(&mut value, &leaving);
    if !leaving.is_empty() {
        value["tenancy"]["buried"] = json!({});
        value["tenancy"]["events"] = json!({ "count": 0, "last": [] });
    }
    *state = serde_json::from_value(value).unwrap();
}

/// Drops what is one of `leaving`, or belongs to one; ends recoveries.
fn prune(value: &mut Value, leaving: &BTreeSet<String>) {
    let belongs = |value: &Value| {
        let of = ["id", "tenant_id", "owner_id", "owner_tenant_id", "client_id", "tenant_uuid"];
        let mut of = of.iter().filter_map(|name| value.get(name)?.as_str());
        value.get("enabled").is_none_or(|_| value.get("id").is_some())
            && of.any(|id| leaving.contains(id))
    };
    match value {
        Value::Object(members) => {
            members.retain(|name, value| !leaving.contains(name) && !belongs(value));
            for name in ["external_operation_status", "external_operation_ends"] {
                if members.contains_key(name) {
                    members[name] = Value::Null;
                }
            }
            for value in members.values_mut() {
                prune(value, leaving);
            }
        }
        Value::Array(items) => {
            items.retain(|item| !belongs(item));
            for item in items {
                prune(item, leaving);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
