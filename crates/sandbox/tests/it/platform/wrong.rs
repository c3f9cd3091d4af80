//! Requests that are wrong in all kinds of ways: each has its documented error.

use super::{by, delete, form, get, ids, post, put};
use crate::kit::laws::assert_refused;
use crate::kit::step;
use candor_sandbox::platform::AcronisPlatform;
use candor_sandbox::reach::Step;
use candor_sandbox::serve::LARGEST_BODY;
use serde_json::{Value, json};

const ACME: &str = r#"{"parent_id":"00000000-0000-4000-8000-000000000001","kind":"customer""#;
const TOKEN: (&str, &str) = ("Authorization", "Bearer sandbox-token");
const JSON: (&str, &str) = ("Content-Type", "application/json");

type Wrong = (&'static str, Step, &'static str);

/// A new tenant, whose body is a text.
fn raw(body: &str) -> Step {
    step("POST", "/api/2/tenants", &[TOKEN, JSON], body)
}

/// A new customer with more to it.
fn acme(more: &str) -> Step {
    raw(&format!("{ACME},{more}}}"))
}

fn look(headers: &[(&str, &str)]) -> Step {
    step("GET", &format!("/api/2/tenants/{}", ids::CUSTOMER), headers, "")
}

fn change(body: &Value) -> Step {
    put(&format!("/tenants/{}", ids::CUSTOMER), body)
}

#[test]
fn wrong_callers_and_wrong_paths() {
    let mut wrong = callers();
    wrong.extend(paths());
    wrong.extend(bodies());
    assert_refused::<AcronisPlatform>(&wrong);
}

fn callers() -> Vec<Wrong> {
    let accept = |what| look(&[TOKEN, ("Accept", what)]);
    vec![
        ("no token", look(&[]), "401"),
        ("another scheme", look(&[("Authorization", "Basic c2FuZGJveC10b2tlbg==")]), "401"),
        ("a scheme alone", look(&[("Authorization", "Bearer")]), "401"),
        ("an empty token", look(&[("Authorization", "Bearer ")]), "401"),
        ("a token alone", look(&[("Authorization", "sandbox-token")]), "401"),
        ("an unknown token", look(&[("Authorization", "Bearer sandbox-token-2")]), "401"),
        ("a token in other letters", look(&[("Authorization", "Bearer SANDBOX-TOKEN")]), "401"),
        ("only XML is taken", accept("application/xml, text/*"), "415"),
        ("JSON is ruled out", accept("application/json;q=0, text/html"), "415"),
    ]
}

fn paths() -> Vec<Wrong> {
    let bare = |method, path| step(method, path, &[TOKEN], "");
    vec![
        ("no base path", bare("GET", "/tenants"), "404"),
        ("a slash at the end", get("/tenants/"), "404"),
        ("an empty segment", get("//tenants"), "404"),
        ("an id that is no UTF-8", get("/tenants/%ff"), "404"),
        ("one segment too many", get("/tenants/a/b/c"), "404"),
        ("PATCH", by("sandbox-token", "PATCH", "/tenants", &json!({})), "405"),
        ("DELETE of all", delete("/tenants"), "405"),
        ("GET of a token", bare("GET", "/api/2/idp/token"), "405"),
        ("an id that is none", get("/tenants/1415032"), "1005"),
        ("an id with a NUL", get("/tenants/%00"), "1005"),
        ("a client that is none", get("/clients/x"), "404"),
        ("no page at all", get("/tenants?limit=0"), "400"),
        ("a negative page", get("/tenants?limit=-1"), "400"),
        ("a page too large", get("/tenants?limit=100000"), "400"),
        ("a page of words", get("/tenants?limit=all"), "400"),
        ("a cursor of its own", get("/tenants?after=MTIz"), "400"),
        ("an empty cursor", get("/users?before="), "400"),
        ("ids that are none", get("/tenants?uuids=1,2"), "400"),
        ("two filters", get("/tenants?uuids=x&parent_id=y"), "400"),
        ("a parent that is none", get("/tenants?parent_id=x"), "1005"),
        ("somebody else's subtree", get(&format!("/users?tenant_id={}", ids::STRANGER)), "403"),
    ]
}

fn bodies() -> Vec<Wrong> {
    let nested = format!(r#"{{"name":{}1{}}}"#, "[".repeat(5000), "]".repeat(5000));
    let long = format!(r#""name":"{}""#, "x".repeat(256));
    vec![
        ("no body", raw(""), "400"),
        ("an array", raw("[]"), "400"),
        ("a text", raw(r#""Acme""#), "400"),
        ("half an object", raw(ACME), "400"),
        ("a member twice", acme(r#""name":"a","name":"b""#), "400"),
        ("nested without end", raw(&nested), "400"),
        ("not UTF-16", acme(r#""name":"\ud800""#), "400"),
        ("too large", raw(&" ".repeat(LARGEST_BODY + 1)), "code.413"),
        ("no media type", step("POST", "/api/2/tenants", &[TOKEN], "{}"), "415"),
        (
            "a form",
            step(
                "POST",
                "/api/2/tenants",
                &[TOKEN, ("Content-Type", "application/x-www-form-urlencoded")],
                "name=Acme",
            ),
            "415",
        ),
        ("an unknown member", acme(r#""name":"a","colour":"red""#), "400"),
        ("a name that is a number", acme(r#""name":7"#), "400"),
        ("an empty name", acme(r#""name":"""#), "400"),
        ("a name of blanks", acme(r#""name":"   ""#), "400"),
        ("a name with a NUL", acme(r#""name":"a\u0000b""#), "400"),
        ("a name with a line break", acme(r#""name":"a\nb""#), "400"),
        ("a long name", acme(&long), "400"),
        ("no name", raw(&format!("{ACME}}}")), "400"),
        ("an unknown kind", raw(r#"{"name":"a","kind":"shop"}"#), "400"),
        ("no parent", raw(r#"{"name":"a","kind":"customer"}"#), "400"),
        ("a flag that is neither", acme(r#""name":"a","enabled":"maybe""#), "400"),
        ("a contact that is a list", acme(r#""name":"a","contact":[]"#), "400"),
        ("an address without a host", acme(r#""name":"a","contact":{"email":"a@"}"#), "400"),
        ("an unknown detail", acme(r#""name":"a","contact":{"shoe":"42"}"#), "400"),
        ("an unknown purpose", acme(r#""name":"a","contact":{"types":["fun"]}"#), "400"),
        ("half a lock", acme(r#""name":"a","update_lock":{}"#), "400"),
    ]
}

#[test]
fn wrong_changes_and_wrong_accounts() {
    let mut wrong = changes();
    wrong.extend(users());
    wrong.extend(clients());
    wrong.extend(forms());
    assert_refused::<AcronisPlatform>(&wrong);
}

fn changes() -> Vec<Wrong> {
    let path = format!("/tenants/{}", ids::CUSTOMER);
    let pricing = |body: &Value| put(&format!("{path}/pricing"), body);
    let huge = step("PUT", &format!("/api/2{path}"), &[TOKEN, JSON], r#"{"version":1e999}"#);
    vec![
        ("no version", change(&json!({ "name": "a" })), "400"),
        ("a negative version", change(&json!({ "version": -1 })), "400"),
        ("a broken version", change(&json!({ "version": 1.5 })), "400"),
        ("a version in words", change(&json!({ "version": "one" })), "400"),
        ("a version beyond all numbers", huge, "400"),
        ("a version beyond all exact ones", change(&json!({ "version": u64::MAX })), "400"),
        ("a version that is to come", change(&json!({ "version": 2 })), "1001"),
        ("a parent that is no id", change(&json!({ "version": 1, "parent_id": "up" })), "400"),
        (
            "a parent that is none",
            change(&json!({ "version": 1, "parent_id": ids::NOBODY })),
            "1005",
        ),
        ("a parent elsewhere", change(&json!({ "version": 1, "parent_id": ids::STRANGER })), "403"),
        ("below itself", change(&json!({ "version": 1, "parent_id": ids::CUSTOMER })), "1007"),
        ("below its unit", change(&json!({ "version": 1, "parent_id": ids::UNIT })), "1007"),
        ("another kind", change(&json!({ "version": 1, "kind": "partner" })), "1027"),
        ("a sibling's name", change(&json!({ "version": 1, "name": "harbour bakery" })), "1004"),
        (
            "a lock below a customer",
            change(&json!({ "version": 1, "parent_id": ids::LOCKED })),
            "1012",
        ),
        ("deleted without a version", delete(&path), "400"),
        ("deleted with a word", delete(&format!("{path}?version=last")), "400"),
        ("deleted with the wrong one", delete(&format!("{path}?version=0")), "1001"),
        ("restored, and still there", post(&format!("{path}/restore"), &Value::Null), "1005"),
        ("an unknown currency", pricing(&json!({ "version": 1, "currency": "XXX" })), "400"),
        ("an unknown mode", pricing(&json!({ "version": 1, "mode": "free" })), "400"),
        ("no word on the second factor", put(&format!("{path}/mfa/status"), &json!({})), "400"),
    ]
}

fn users() -> Vec<Wrong> {
    let new = |more: Value| {
        let mut body = json!({ "tenant_id": ids::CUSTOMER, "login": "ann.lee" });
        let (Value::Object(members), Value::Object(more)) = (&mut body, more) else { panic!() };
        members.extend(more);
        post("/users", &body)
    };
    let with =
        |name: &str, value: Value| new(json!({ "contact": { "email": "a@b" }, name: value }));
    let omar = format!("/users/{}", ids::OMAR);
    let roles = |body: Value| put(&format!("{omar}/access_policies"), &body);
    vec![
        ("nobody to write to", new(json!({})), "400"),
        ("an empty address", new(json!({ "contact": { "email": "" } })), "400"),
        ("a tenant that is none", with("tenant_id", json!(ids::NOBODY)), "1005"),
        ("a disabled tenant", with("tenant_id", json!(ids::DISABLED)), "1003"),
        ("a short login", with("login", json!("al")), "1033"),
        ("a login that is a list", with("login", json!([])), "400"),
        ("an unknown notification", with("notifications", json!(["gossip"])), "400"),
        ("an end in words", with("disable_after", json!("tomorrow")), "400"),
        ("no login asked for", get("/users/check_login"), "400"),
        ("a client is nobody", get("/users/me"), "404"),
        ("a user changed without a version", put(&omar, &json!({ "enabled": true })), "400"),
        (
            "an address taken away",
            put(&omar, &json!({ "version": 1, "contact": { "email": null } })),
            "400",
        ),
        ("a user deleted without a version", delete(&omar), "400"),
        (
            "a short password",
            post(&format!("{omar}/password"), &json!({ "password": "123" })),
            "400",
        ),
        ("no roles", roles(json!({})), "400"),
        ("roles that are an object", roles(json!({ "items": {} })), "400"),
        ("a role that is a text", roles(json!({ "items": ["admin"] })), "400"),
        (
            "an unknown role",
            roles(json!({ "items": [{ "role_id": "king", "tenant_id": ids::CUSTOMER }] })),
            "400",
        ),
        ("a role nowhere", roles(json!({ "items": [{ "role_id": "backup_user" }] })), "400"),
    ]
}

fn clients() -> Vec<Wrong> {
    let new = |more: Value| {
        let mut body = json!({
            "type": "api_client",
            "tenant_id": ids::CUSTOMER,
            "token_endpoint_auth_method": "client_secret_basic",
        });
        let (Value::Object(members), Value::Object(more)) = (&mut body, more) else { panic!() };
        members.extend(more);
        post("/clients", &body)
    };
    let own = format!("/clients/{}", ids::CLIENT);
    vec![
        ("a client of no type", new(json!({ "type": null })), "400"),
        ("an unknown method", new(json!({ "token_endpoint_auth_method": "magic" })), "400"),
        ("notes that are a list", new(json!({ "data": [] })), "400"),
        ("long notes", new(json!({ "data": { "a": "x".repeat(5000) } })), "400"),
        ("places that are numbers", new(json!({ "redirect_uris": [1] })), "400"),
        ("somebody else's tenant", new(json!({ "tenant_id": ids::STRANGER })), "403"),
        ("a machine by another name", put(&own, &json!({ "data": { "agentType": "x" } })), "1020"),
        ("an unknown status", put(&own, &json!({ "status": "asleep" })), "400"),
        (
            "another client's name",
            put(&own, &json!({ "data": { "client_name": "Reports" } })),
            "409",
        ),
    ]
}

fn forms() -> Vec<Wrong> {
    let token = |fields: &str| form("/api/2/idp/token", fields);
    let client = "client_id=00000000-0000-4000-8000-00000000c001&client_secret=sandbox-secret";
    let listen =
        |query: &str| step("GET", &format!("/api/event_manager/v1/events?{query}"), &[TOKEN], "");
    let basic = step(
        "POST",
        "/api/2/idp/token",
        &[("Authorization", "Basic ???"), ("Content-Type", "application/x-www-form-urlencoded")],
        "grant_type=client_credentials",
    );
    let twice = format!("grant_type=client_credentials&grant_type=password&{client}");
    let scope = format!("grant_type=client_credentials&{client}&scope=root");
    vec![
        (
            "JSON for a form",
            step("POST", "/api/2/idp/token", &[JSON], "{}"),
            "oauth.invalid_request",
        ),
        ("an empty form", token(""), "oauth.invalid_request"),
        ("a large form", token(&"a".repeat(LARGEST_BODY + 1)), "code.413"),
        ("a field twice", token(&twice), "oauth.invalid_request"),
        ("credentials that are none", basic, "oauth.invalid_request"),
        ("no credentials", token("grant_type=client_credentials"), "oauth.invalid_request"),
        (
            "a user without a password",
            token("grant_type=password&username=a"),
            "oauth.invalid_request",
        ),
        ("no code", token("grant_type=authorization_code"), "oauth.invalid_request"),
        ("an unknown code", token("grant_type=authorization_code&code=x"), "oauth.invalid_grant"),
        (
            "an unknown refresh",
            token("grant_type=refresh_token&refresh_token=x"),
            "oauth.invalid_grant",
        ),
        ("a scope that is not given", token(&scope), "oauth.access_denied"),
        (
            "a token that is not named",
            form("/api/2/idp/revoke_token", client),
            "oauth.invalid_request",
        ),
        ("nobody listens", listen("offset=0"), "400"),
        ("a subscription that is none", listen("subscription_id=1&consumer_id=2&offset=0"), "400"),
    ]
}
