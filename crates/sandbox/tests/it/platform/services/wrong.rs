//! Input that is refused, each in a fresh world.

use super::*;
use crate::kit::laws::assert_refused;

/// A name, a request, and the row that it is refused by.
type Wrong = (&'static str, Step, &'static str);

/// Requests of this floor that are refused.
pub(in crate::platform) fn wrong() -> Vec<Wrong> {
    let groups = [bodies(), lines(), quotas(), lists(), usages(), locations(), infra(), brands()];
    groups.into_iter().flatten().chain(others()).collect()
}

#[test]
fn wrong_input_is_refused() {
    assert_refused::<AcronisPlatform>(&wrong());
}

fn bodies() -> Vec<Wrong> {
    let path = format!("/api/2/tenants/{CUSTOMER}/offering_items");
    let put = |body: &str| step("PUT", &path, &[TOKEN, JSON], body);
    let reader = ("Authorization", "Bearer read-only-token");
    let nothing = r#"{"offering_items":[]}"#;
    vec![
        ("items: no body", put(""), "400"),
        ("items: not JSON", put("{"), "400"),
        ("items: an array", put("[]"), "400"),
        ("items: nested too deep", put(&"[".repeat(5000)), "400"),
        ("items: a body without end", put(&" ".repeat(9 << 20)), "code.413"),
        ("items: no media type", step("PUT", &path, &[TOKEN], nothing), "415"),
        ("items: none", put("{}"), "400"),
        ("items: null", put(r#"{"offering_items":null}"#), "400"),
        ("items: a text", put(r#"{"offering_items":"vms"}"#), "400"),
        ("items: a number as item", put(r#"{"offering_items":[1]}"#), "400"),
        ("items: an unknown member", put(r#"{"offering_items":[],"force":true}"#), "400"),
        ("items: by a reader", step("PUT", &path, &[reader, JSON], nothing), "1002"),
        ("items: without a token", step("GET", &path, &[], ""), "401"),
        ("items: POST", step("POST", &path, &[TOKEN, JSON], nothing), "405"),
        ("items: no such tenant", items(NOBODY, &json!([])), "1005"),
        ("items: a stranger's", items(STRANGER, &json!([])), "403"),
        ("items: NUL for a tenant", get("/tenants/%00/offering_items"), "1005"),
    ]
}

fn lines() -> Vec<Wrong> {
    let line = |name, more: Value| items(CUSTOMER, &json!([item(name, &more)]));
    let vms = || item("vms", &json!({}));
    let of_files = json!({ "application_id": FILES, "name": "vms" });
    let on_nothing = json!({ "infra_id": NOBODY, "status": 1 });
    vec![
        ("items: twice", items(CUSTOMER, &json!([vms(), vms()])), "400"),
        ("items: status 2", line("vms", json!({ "status": 2 })), "400"),
        ("items: status yes", line("vms", json!({ "status": "yes" })), "400"),
        ("items: machines on a storage", line("vms", json!({ "infra_id": STORE_LYON })), "400"),
        ("items: no storage", line("storage", json!({ "status": 1 })), "400"),
        ("items: an unknown storage", line("storage", on_nothing), "1021"),
        ("items: an unknown item", line("yachts", json!({ "status": 1 })), "1021"),
        ("items: of another application", items(CUSTOMER, &json!([of_files])), "1021"),
        ("items: a locked one", line("local_storage", json!({ "status": 0 })), "1027"),
    ]
}

fn quotas() -> Vec<Wrong> {
    let set =
        |name, quota: Value| items(CUSTOMER, &json!([item(name, &json!({ "quota": quota }))]));
    let quota = |value: Value| set("vms", json!({ "value": value, "overage": null, "version": 1 }));
    let whole = json!({ "value": 1, "overage": 1, "version": 0 });
    vec![
        ("quota: of a feature", set("local_storage", whole), "400"),
        ("quota: a number", set("vms", json!(5)), "400"),
        ("quota: no overage", set("vms", json!({ "value": 1, "version": 1 })), "400"),
        ("quota: no version", set("vms", json!({ "value": 1, "overage": 1 })), "400"),
        ("quota: negative", quota(json!(-1)), "400"),
        ("quota: a fraction", quota(json!(1.5)), "400"),
        ("quota: absurd", quota(json!(u64::MAX)), "400"),
        ("quota: a list", quota(json!([1])), "400"),
    ]
}

fn lists() -> Vec<Wrong> {
    let of_customer = |rest: &str| get(&format!("/tenants/{CUSTOMER}/offering_items{rest}"));
    let tree = |rest: &str| {
        get(&format!("/tenants/offering_items?subtree_root_tenant_id={PARTNER}&{rest}"))
    };
    let edition = json!({ "application_id": BACKUP, "target_edition": "gold" });
    vec![
        ("list: an odd status", of_customer("?status=on"), "400"),
        ("list: an odd type", of_customer("?type=cloud"), "400"),
        ("list: an odd storage", of_customer("?infra_uuid=1"), "400"),
        ("list: oddly available", of_customer("?available_only=some"), "400"),
        ("list: an odd moment", tree("updated_since=now"), "400"),
        ("list: an empty page", tree("limit=0"), "400"),
        ("list: an odd cursor", tree("after=x"), "400"),
        ("list: of no tree", get("/tenants/offering_items"), "400"),
        ("list: no kind of child", of_customer("/available_for_child?kind=planet"), "400"),
        ("list: a partner's parent", of_customer("/available_for_child?kind=partner"), "1027"),
        ("edition: none", send("PUT", &format!("/tenants/{CUSTOMER}/edition"), &edition), "400"),
    ]
}

fn usages() -> Vec<Wrong> {
    let reported = |items: Value| send("PUT", "/tenants/usages", &json!({ "items": items }));
    vec![
        ("usages: of nobody", get("/tenants/usages"), "400"),
        ("usages: of a word", get("/tenants/usages?tenants=x"), "400"),
        ("usages: no value", reported(json!([{ "tenant_id": CUSTOMER }])), "400"),
        ("usages: a negative value", reported(json!([usage(CUSTOMER, "vms", -1)])), "400"),
        ("usages: half a value", reported(json!([{ "usage_value": 0.5 }])), "400"),
        ("usages: too many", reported(json!(vec![usage(CUSTOMER, "vms", 1); 1001])), "400"),
    ]
}

fn locations() -> Vec<Wrong> {
    let named = |owner: &str, name: &str| {
        send("POST", "/locations", &json!({ "owner_tenant_id": owner, "name": name }))
    };
    let delete = |rest: &str| send("DELETE", &format!("/locations/{LYON}{rest}"), &Value::Null);
    vec![
        ("locations: none named", get("/locations"), "400"),
        ("locations: no name", named(PARTNER, " "), "400"),
        ("locations: a long name", named(PARTNER, &"x".repeat(2000)), "400"),
        ("locations: a NUL in a name", named(PARTNER, "\0"), "400"),
        ("locations: of a customer", named(CUSTOMER, "N"), "1027"),
        ("locations: of nobody", named(NOBODY, "N"), "1005"),
        ("locations: no version", delete(""), "400"),
        ("locations: an odd version", delete("?version=-1"), "400"),
        ("locations: with storages", delete("?version=1"), "1031"),
    ]
}

fn infra() -> Vec<Wrong> {
    let with = |name: &str, value: Value| {
        let mut body = json!({ "owner_tenant_id": PARTNER, "name": "N", "url": "s3://n.example" });
        body["capabilities"] = json!(["backup"]);
        body[name] = value;
        send("POST", "/infra", &body)
    };
    let delete = |rest: &str| send("DELETE", &format!("/infra/{STORE_LYON}{rest}"), &Value::Null);
    vec![
        ("infra: no URL", with("url", json!("lyon")), "400"),
        ("infra: a URL with blanks", with("url", json!("s3://a b")), "400"),
        ("infra: a number for a URL", with("url", json!(1)), "400"),
        ("infra: no capabilities", with("capabilities", json!([])), "400"),
        ("infra: unknown capabilities", with("capabilities", json!(["fly"])), "400"),
        ("infra: numbers for capabilities", with("capabilities", json!([1])), "400"),
        ("infra: an unknown member", with("version", json!(1)), "400"),
        ("infra: nowhere", with("location_id", json!(NOBODY)), "404"),
        ("infra: of a customer", with("owner_tenant_id", json!(CUSTOMER)), "1027"),
        ("infra: at another's place", with("owner_tenant_id", json!(FOLDER)), "400"),
        ("infra: no version", delete(""), "400"),
        ("infra: an old version", delete("?version=0"), "1001"),
        ("infra: odd force", delete("?version=1&force=much"), "400"),
    ]
}

fn brands() -> Vec<Wrong> {
    let set = |name: &str, value: Value| {
        let path = format!("/tenants/{PARTNER}/brand?version=1");
        send("PUT", &path, &json!({ name: value }))
    };
    let of = |tenant: &str, rest: &str| {
        send("POST", &format!("/tenants/{tenant}/brand{rest}"), &Value::Null)
    };
    vec![
        ("brand: no version", of(FOLDER, ""), "400"),
        ("brand: twice", of(PARTNER, "?version=1"), "409"),
        ("brand: of a customer", of(CUSTOMER, "?version=1"), "1027"),
        ("brand: a list for a colour", set("color", json!(["red"])), "400"),
        ("brand: an odd port", set("smtp_port", json!("many")), "400"),
        ("brand: a port beyond all", set("smtp_port", json!(70_000)), "1025"),
        ("brand: an odd encryption", set("smtp_encryption", json!("ROT13")), "400"),
        ("brand: no sender", set("smtp_reply_address", json!("nobody")), "1025"),
    ]
}

fn others() -> Vec<Wrong> {
    let token = |seconds: u64, scopes: Value| {
        let wanted = json!({ "expires_in": seconds, "scopes": scopes });
        send("POST", &format!("/tenants/{CUSTOMER}/registration_tokens"), &wanted)
    };
    let scope = json!([format!("urn:acronis.com:tenant-id:{CUSTOMER}:backup_agent_admin")]);
    let post = |path: String| send("POST", &path, &Value::Null);
    let publish = |version| post(format!("/legal_documents/{TERMS}/versions/{version}/publish"));
    let nobodys = format!("/applications/{BACKUP}/bindings/tenants/{NOBODY}");
    vec![
        ("applications: unknown", get(&format!("/applications/{NOBODY}")), "404"),
        ("applications: bound to nobody", post(nobodys), "1005"),
        ("documents: version none", publish("none"), "404"),
        ("documents: version 0", publish("0"), "404"),
        ("documents: unknown", get(&format!("/legal_documents/{NOBODY}")), "404"),
        ("tokens: for ever", token(1 << 40, scope.clone()), "400"),
        ("tokens: for no time", token(0, scope), "400"),
        ("tokens: no scopes", token(60, Value::Null), "400"),
        ("tokens: odd scopes", token(60, json!(["root"])), "400"),
        ("tokens: unknown", send("DELETE", "/registration_tokens/x", &Value::Null), "404"),
    ]
}
