//! Wrong input for the callback handler: each kind gets the handler's own refusal, in its envelope,
//! and nothing is done.

use crate::gateway::{Callback, Gateway};
use http::Method;
use serde_json::{Value, json};

type Change = fn(Callback) -> Callback;

fn body(call: Callback, body: Value) -> Callback {
    Callback { body, ..call }
}

fn lacking(mut call: Callback, pointer: &str) -> Callback {
    let (parent, member) = pointer.rsplit_once('/').unwrap();
    call.body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(member);
    call
}

fn deep(depth: usize) -> Value {
    (0..depth).fold(json!(1), |inner, _| json!([inner]))
}

/// Wrong envelopes, headers and credentials.
const OF_ANY: &[(&str, u16, Change)] = &[
    ("another method", 405, |c| Callback { method: Method::PUT, ..c }),
    ("GET with a body", 405, |c| Callback { method: Method::GET, ..c }),
    ("no content type", 415, |c| c.without("content-type")),
    ("another content type", 415, |c| c.header("content-type", "text/plain")),
    ("an empty content type", 415, |c| c.header("content-type", "")),
    ("no token", 401, |c| c.without("authorization")),
    ("an empty token", 401, |c| c.header("authorization", "Bearer ")),
    ("three dots for a token", 401, |c| c.token("...")),
    ("a very long token", 401, |c| c.token(&"a".repeat(6000))),
    ("another scheme", 401, |c| c.header("authorization", "Digest a=b")),
    ("no vendor credentials", 401, |c| c.without("x-cyberapp-auth")),
    ("vendor credentials that are no base64", 401, |c| c.header("x-cyberapp-auth", "%%%")),
    ("vendor credentials without a colon", 401, |c| c.header("x-cyberapp-auth", "YWJj")),
    ("vendor secrets that are no JSON", 401, |c| c.header("x-cyberapp-auth", "YTpi")),
    ("an unknown user", 401, |c| c.login("nobody@northwind.example", "open sesame")),
    ("a wrong password", 401, |c| c.login("demo@northwind.example", "open")),
    ("an empty password", 401, |c| c.login("demo@northwind.example", "")),
    ("extra that is no base64", 400, |c| c.header("x-cyberapp-extra", "%%%")),
    ("extra that is no JSON", 400, |c| c.header("x-cyberapp-extra", "YTpi")),
    ("an array for a body", 400, |c| body(c, json!([]))),
    ("a text for a body", 400, |c| body(c, json!("callback"))),
    ("null for a body", 400, |c| body(c, Value::Null)),
    ("an empty object", 400, |c| body(c, json!({}))),
    ("a deep body", 400, |c| body(c, deep(200))),
    ("a huge body", 413, |c| body(c, json!("x".repeat(1024 * 1024)))),
    ("no type", 400, |c| lacking(c, "/type")),
    ("a number for the type", 400, |c| c.body("/type", json!(7))),
    ("another type", 400, |c| c.body("/type", json!("cti.a.p.acgw.request.v1.0~other.v1.0"))),
    ("no request id", 400, |c| lacking(c, "/request_id")),
    ("a request id that is no UUID", 400, |c| c.body("/request_id", json!("7"))),
    ("a number for the request id", 400, |c| c.body("/request_id", json!(7))),
    ("no time", 400, |c| lacking(c, "/created_at")),
    ("a time that is none", 400, |c| c.body("/created_at", json!("yesterday"))),
    ("no context", 400, |c| lacking(c, "/context")),
    ("an array for the context", 400, |c| c.body("/context", json!([]))),
    ("no callback id", 400, |c| lacking(c, "/context/callback_id")),
    ("an unknown callback", 404, |c| c.body("/context/callback_id", json!("cti.a.p.none"))),
    ("a callback id with a NUL", 404, |c| c.body("/context/callback_id", json!("cti\u{0}"))),
    ("a very long callback id", 404, |c| c.body("/context/callback_id", json!("c".repeat(60_000)))),
    ("another endpoint", 403, |c| c.body("/context/endpoint_id", json!("cti.a.p.other"))),
    ("no endpoint", 400, |c| lacking(c, "/context/endpoint_id")),
    ("a number for the tenant", 400, |c| c.body("/context/tenant_id", json!(7))),
];

/// Wrong payloads of a callback that maps customers.
fn payloads() -> Vec<(&'static str, u16, Value)> {
    let mapped =
        |id: &str| json!({ "modified": [{ "vendor_tenant_id": id, "acronis_tenant_id": "t" }] });
    vec![
        ("no payload", 400, Value::Null),
        ("an empty payload", 400, json!({})),
        ("a text for the payload", 400, json!("modified")),
        ("a list for the payload", 400, json!([])),
        ("an object for the list", 400, json!({ "modified": {} })),
        ("numbers in the list", 400, json!({ "modified": [1, 2] })),
        ("an item without an id", 400, json!({ "modified": [{ "acronis_tenant_id": "t" }] })),
        ("a number for an id", 400, json!({ "modified": [{ "vendor_tenant_id": 7 }] })),
        ("a customer that there is not", 403, mapped("org-9")),
        ("another partner's organization", 403, mapped("org-3000")),
        ("a customer without a contract", 403, mapped("org-1002")),
    ]
}

fn write(gateway: &Gateway, payload: Value) -> Callback {
    let id = "v1.0~a.p.tenant_mapping.write.v1.0";
    gateway.callback(id, id, payload)
}

#[tokio::test]
async fn wrong_input_is_refused_in_the_handlers_own_form() {
    let gateway = Gateway::new().await;
    let of_any =
        OF_ANY.iter().map(|(name, status, change)| (*name, *status, change(gateway.any())));
    let payloads = payloads().into_iter();
    let of_payload =
        payloads.map(|(name, status, payload)| (name, status, write(&gateway, payload)));
    let all: Vec<_> = of_any.chain(of_payload).collect();
    assert!(all.len() >= 50);
    let mut wrong = Vec::new();
    for (name, status, call) in all {
        let reply = gateway.send(&call).await;
        let told = reply.json()["err_message"].as_str().is_some_and(|words| !words.is_empty());
        if reply.status.as_u16() != status || !told {
            wrong.push(format!("{name}: {} {}", reply.status, reply.json()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let id = "v1.0~a.p.tenant_mapping.read.v1.0";
    let read = gateway.callback(id, "v1.0~a.p.empty.v1.0", Value::Null);
    let items = &gateway.send(&read).await.json()["payload"]["items"];
    assert!(items.as_array().unwrap().iter().all(|item| item.get("acronis_tenant_id").is_none()));
}

#[tokio::test]
async fn the_applications_own_callbacks_keep_users() {
    let gateway = Gateway::new().await;
    let own = |name: &str| format!("v1.0~example.backup.users.{name}.v1.0");
    let ada = json!({ "login": "grace", "name": "Grace" });
    let written = gateway.send(&gateway.callback(&own("write"), &own("write"), ada)).await;
    assert_eq!(written.status.as_u16(), 200, "{}", written.json());
    let read = gateway.callback(&own("read"), "v1.0~a.p.empty.v1.0", Value::Null);
    let items = gateway.send(&read).await.json()["payload"]["items"].clone();
    assert_eq!(items[1], json!({ "login": "grace", "name": "Grace" }));
}
