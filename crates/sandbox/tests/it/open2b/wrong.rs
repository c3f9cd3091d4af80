//! Everything that clients send by mistake, each with the error that the API has for it.

use super::{CONNECTOR, Open2b, request_of};
use crate::kit::laws::assert_refused;
use crate::kit::step;
use candor_sandbox::reach::Step;
use candor_sandbox::serve::LARGEST_BODY;
use serde_json::{Value, json};

/// Requests with something wrong in them: a method, the row that it is refused by, and the request.
const FIELDS: &str = r#"
products.find field.invalid-value { "limit": 0 }
products.find field.invalid-value { "limit": -1 }
products.find field.malformed { "limit": 1.5 }
products.find field.malformed { "limit": "ten" }
products.find field.malformed { "limit": null }
products.find field.malformed { "limit": 1e300 }
products.find field.malformed { "limit": [10] }
products.find field.invalid-value { "first": -1 }
products.find field.invalid-value { "first": 2147483648 }
products.find field.unknown { "page": 2 }
products.find field.unknown { "": 2 }
products.find field.malformed { "conditions": [] }
products.find field.malformed { "conditions": { "ids": 281 } }
products.find field.invalid-value { "conditions": { "ids": [0] } }
products.find field.malformed { "conditions": { "codes": [""] } }
products.find field.malformed { "conditions": { "isVisible": "true" } }
products.find field.malformed { "conditions": { "isVisible": 1 } }
products.find field.invalid-value { "conditions": { "department": 36 } }
products.find field.invalid-value { "conditions": { "labels": [65] } }
products.find field.invalid-value { "group": 256 }
products.find field.malformed { "language": "eng" }
products.find field.invalid-value { "language": "fr" }
products.find field.malformed { "fields": "id" }
products.find field.malformed { "fields": [7] }
products.find field.invalid-value { "order": ["--name"] }
products.find field.invalid-value { "order": ["costPrice"] }
products.get field.malformed { "id": "281x" }
products.get field.malformed { "id": null }
products.delete field.invalid-value { "id": 1 }
products.delete field.unknown { "ids": [281] }
products.create field.missing {}
products.create field.malformed { "product": null }
products.create field.missing { "product": {} }
products.update field.missing { "id": 281 }
products.update field.malformed { "id": 281, "product": { "name": null } }
orders.find field.invalid-value { "conditions": { "status": ["Lost"] } }
orders.find field.malformed { "conditions": { "status": "New" } }
products.find field.invalid-value { "group": 1, "conditions": { "salePriceTo": -1 } }
products.find field.malformed { "group": 1, "conditions": { "salePriceTo": 1.0005 } }
products.find field.invalid-value { "group": 1, "conditions": { "salePriceTo": 1e9 } }
products.find field.missing-combination { "priceList": 1, "conditions": { "hasPrice": true } }
products.create field.access-denied { "product": { "id": 7, "code": "A", "name": {} } }
products.create field.invalid-value { "product": { "code": "A", "name": { "xx": "A" } } }
products.create field.malformed { "product": { "code": "A", "name": { "en": 7 } } }
products.create field.invalid-value { "product": { "code": "A", "name": {}, "prices": { "9": 1 } } }
products.create field.malformed { "product": { "code": "A", "name": {}, "prices": { "one": 1 } } }
products.create field.malformed { "product": { "code": "A", "name": {}, "prices": [1] } }
products.update field.invalid-value { "id": 281, "product": { "accessories": [281] } }
products.update field.access-denied { "id": 281, "product": { "salePrice": 1 } }
customers.create field.malformed { "customer": { "email": "nobody", "country": "IT", "group": 1 } }
customers.create field.invalid-value { "customer": { "email": "a@b", "country": "it", "group": 1 } }
customers.create field.malformed { "customer": { "email": "a@b", "country": "ITA", "group": 1 } }
orders.find field.malformed { "conditions": { "fromCreationTime": "2026-01-01" } }
orders.create field.invalid-value { "order": { "customer": 1, "items": [] } }
orders.create field.malformed { "order": { "customer": null, "items": ["A927TP"] } }
orders.create field.access-denied { "order": { "customer": null, "items": [{ "sku": "A927TP", "price": 1 }] } }
orders.create field.unknown { "order": { "customer": null, "items": [{ "size": 1 }] } }
movements.create field.invalid-value { "movement": { "sku": "NONE", "adjustment": 1 } }
movements.create field.malformed { "movement": { "sku": "A927TP", "adjustment": true } }
items.get field.unknown { "id": 1001 }
items.get field.malformed { "sku": 7 }
invoices.count method.not-available { "nonsense": 1 }
"#;

/// What is too long or too deep to be written down.
fn large() -> Vec<(&'static str, &'static str, Value)> {
    let condition = |value: Value| json!({ "conditions": value });
    let deep = (0..60).fold(json!(1), |inner, _| json!({ "a": [inner] }));
    let named = |name: &str| json!({ "product": { "code": "A", "name": { "en": name } } });
    vec![
        ("products.find", "field.invalid-value", json!({ "first": "9".repeat(5_000) })),
        ("products.find", "field.unknown", json!({ "a\u{0}' is unknown": 2 })),
        ("products.find", "field.unknown", json!({ "a".repeat(500_000): 2 })),
        ("products.find", "field.invalid-value", condition(json!({ "ids": vec![1; 1_001] }))),
        ("products.find", "field.malformed", condition(json!({ "ids": deep }))),
        ("products.find", "field.malformed", condition(json!({ "codes": ["x".repeat(41)] }))),
        ("products.find", "field.malformed", condition(json!({ "codes": ["a\u{0}b"] }))),
        ("products.create", "field.malformed", named(&"x".repeat(256))),
        ("products.create", "field.malformed", named("\u{7f}")),
    ]
}

/// Requests that are no calls of the API.
fn calls() -> Vec<(&'static str, Step, &'static str)> {
    let path = "/api/v13/commerce.products.find";
    let json = ("Content-Type", "application/json");
    let key = ("X-Key", CONNECTOR);
    let post = |headers: &[(&str, &str)], body: &str| step("POST", path, headers, body);
    vec![
        ("a method of HTTP", step("DELETE", path, &[key, json], "{}"), "method-not-allowed"),
        ("a method nobody has", step("FETCH", path, &[key, json], "{}"), "method-not-allowed"),
        ("an empty key", post(&[("X-Key", ""), json], "{}"), "key.malformed"),
        ("a key with blanks", post(&[("X-Key", &" ".repeat(32)), json], "{}"), "key.malformed"),
        ("a very long key", post(&[("X-Key", &"a".repeat(9_000)), json], "{}"), "key.malformed"),
        ("two keys", post(&[key, key, json], "{}"), "key.malformed"),
        ("a key and the wrong path", step("POST", "/api/v13/x", &[json], "{}"), "not-found"),
        (
            "a length with a sign",
            post(&[key, json, ("Content-Length", "+2")], "{}"),
            "content-length.invalid",
        ),
        (
            "an empty length",
            post(&[key, json, ("Content-Length", "")], "{}"),
            "content-length.invalid",
        ),
        (
            "two lengths",
            post(&[key, json, ("Content-Length", "2"), ("Content-Length", "2")], "{}"),
            "content-length.invalid",
        ),
        ("no body and no length", post(&[key, json], ""), "content-length.missing"),
        (
            "a huge body",
            post(&[key, json], &"x".repeat(LARGEST_BODY + 1)),
            "content-length.invalid",
        ),
        ("an empty type", post(&[key, ("Content-Type", "")], "{}"), "content-type.invalid"),
        ("two types", post(&[key, json, json], "{}"), "content-type.invalid"),
        (
            "another charset",
            post(&[key, ("Content-Type", "application/json; charset=utf-16")], "{}"),
            "content-type.invalid",
        ),
        (
            "an XML body",
            post(&[key, ("Content-Type", "application/xml")], "<a/>"),
            "content-type.invalid",
        ),
        ("a single quote", post(&[key, json], "{'limit': 10}"), "malformed-json"),
        ("a member twice", post(&[key, json], r#"{"limit": 1, "limit": 2}"#), "malformed-json"),
        ("a comma too much", post(&[key, json], r#"{"limit": 1,}"#), "malformed-json"),
        ("nested too deep", post(&[key, json], &"[".repeat(100_000)), "malformed-json"),
        ("a byte order mark", post(&[key, json], "\u{feff}{}"), "malformed-json"),
        ("NUL", post(&[key, json], "\0"), "malformed-json"),
        ("NaN", post(&[key, json], r#"{"limit": NaN}"#), "malformed-json"),
    ]
}

#[test]
fn mistakes_have_their_documented_error() {
    let written = FIELDS.lines().filter(|line| !line.is_empty()).map(|line| {
        let mut words = line.splitn(3, ' ');
        let mut word = || words.next().unwrap();
        (word(), word(), serde_json::from_str(word()).unwrap())
    });
    let requests = written.chain(large()).map(|(method, row, request)| {
        (method, request_of(CONNECTOR, &format!("commerce.{method}"), &request), row)
    });
    let all: Vec<_> = requests.chain(calls()).collect();
    assert_refused::<Open2b>(&all);
}
