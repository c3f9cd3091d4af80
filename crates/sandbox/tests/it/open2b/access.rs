//! Who may call what, in which version, and how often.

use super::{CONNECTOR, COURIER, STOREFRONT, Shop, error, request_of};
use crate::kit::step;
use serde_json::{Value, json};

#[test]
fn three_headers_carry_a_key() {
    let shop = Shop::new();
    let json = ("Content-Type", "application/json");
    for (header, key, expected) in [
        ("X-Key", CONNECTOR, 200),
        ("x-key", STOREFRONT, 200),
        ("X-Secret-Key", CONNECTOR, 200),
        ("X-Public-Key", STOREFRONT, 200),
        ("X-Secret-Key", STOREFRONT, 403),
        ("X-Public-Key", CONNECTOR, 403),
        ("Authorization", CONNECTOR, 403),
    ] {
        let call = step("POST", "/api/v13/commerce.products.find", &[(header, key), json], "{}");
        assert_eq!(shop.send(&call).status, expected, "{header} {key}");
    }
}

#[test]
fn public_keys_read_what_anybody_may_see() {
    let shop = Shop::with(STOREFRONT);
    let product = shop.done("commerce.products.get", &json!({ "id": 281 }))["product"].clone();
    assert!(product.get("costPrice").is_none() && product.get("prices").is_none());
    assert_eq!(product["salePrice"], 180.5);
    let fields = json!({ "id": 281, "fields": ["id", "costPrice"] });
    assert_eq!(shop.wrong("commerce.products.get", &fields), error("costPrice", "AccessDenied"));
    for method in ["products.create", "orders.find", "customers.get", "movements.count"] {
        let reply = shop.send(&request_of(STOREFRONT, &format!("commerce.{method}"), &json!({})));
        assert_eq!((reply.status.as_u16(), reply.row), (403, Some("key.refused")), "{method}");
    }
}

#[test]
fn a_key_may_be_for_some_areas_and_fields() {
    let shop = Shop::with(COURIER);
    let order = shop.done("commerce.orders.get", &json!({ "id": 7890 }))["order"].clone();
    assert!(order.get("total").is_none() && order["address"].is_string());
    let fields = json!({ "fields": ["number", "total"] });
    assert_eq!(shop.wrong("commerce.orders.find", &fields), error("total", "AccessDenied"));
    let paid = json!({ "id": 7890, "order": { "isPaidFor": true } });
    assert_eq!(
        shop.wrong("commerce.orders.update", &paid),
        error("order.isPaidFor", "AccessDenied")
    );
    let open = json!({ "id": 7890, "order": { "status": "Open" } });
    shop.done("commerce.orders.update", &open);
    let reply = shop.send(&request_of(COURIER, "commerce.products.find", &json!({})));
    assert_eq!(reply.row, Some("key.refused"));
}

#[test]
fn a_key_makes_a_thousand_calls_in_five_minutes() {
    let shop = Shop::new();
    let count = request_of(CONNECTOR, "commerce.products.count", &json!({}));
    let wait = || {
        let reply = shop.send(&count);
        assert_eq!(
            (reply.status.as_u16(), reply.reason.as_deref()),
            (503, Some("Service Unavailable"))
        );
        reply.headers["x-wait-seconds"].to_str().unwrap().to_owned()
    };
    for call in 0..1_000 {
        assert_eq!(shop.send(&count).status, 200, "call {call}");
    }
    assert_eq!(wait(), "300");
    shop.advance(299);
    assert_eq!(wait(), "1");
    let other = request_of(STOREFRONT, "commerce.products.count", &json!({}));
    assert_eq!(shop.send(&other).status, 200, "each key has its own limit");
    shop.advance(1);
    assert_eq!(shop.send(&count).status, 200);
    shop.advance(-100);
    assert_eq!(shop.send(&count).status, 200, "a clock that went back starts a new span");
}

#[test]
fn calls_that_are_no_calls_are_not_counted() {
    let shop = Shop::new();
    shop.patch(&json!({ "store": { "limit": { "calls": 1 } } }));
    let typed = step("POST", "/api/v13/commerce.products.count", &[("X-Key", CONNECTOR)], "{}");
    assert_eq!(shop.send(&typed).status, 405);
    shop.wrong("commerce.products.count", &json!({ "limit": 1 }));
    let next = request_of(CONNECTOR, "commerce.products.count", &json!({}));
    assert_eq!(shop.send(&next).status, 503, "a call with a wrong field was one");
}

#[test]
fn a_release_has_its_versions() {
    let shop = Shop::new();
    let headers = [("X-Key", CONNECTOR), ("Content-Type", "application/json")];
    let status = |path: &str| shop.send(&step("POST", path, &headers, "{}")).status.as_u16();
    let versions = |method: &str| {
        let found = (0..20).filter(|v| status(&format!("/api/v{v}/commerce.{method}")) == 200);
        found.collect::<Vec<_>>()
    };
    assert_eq!(versions("products.find"), (3..=13).collect::<Vec<_>>());
    assert_eq!(versions("customer-groups.find"), (6..=13).collect::<Vec<_>>());
    for (release, expected) in [("2012", 1..=1), ("2019", 2..=6), ("7.1", 3..=7), ("7.9", 3..=13)] {
        shop.patch(&json!({ "store": { "release": release } }));
        assert_eq!(versions("products.find"), expected.collect::<Vec<_>>(), "{release}");
    }
    assert_eq!(status("/open2b/api/v3/commerce.products.find"), 200);
    for path in [
        "/",
        "/api",
        "/api/v13",
        "/api/v13/",
        "/api/v013/commerce.products.find",
        "/api/v+3/commerce.products.find",
        "/api/13/commerce.products.find",
        "/api/v13/products.find",
        "/api/v13/commerce.products",
        "/api/v13/commerce.products.find/",
        "/api/v13/commerce.products.Find",
        "/api/v13/commerce.orders.delete",
        "/open2b/open2b/api/v3/commerce.products.find",
        "/api/v99999999999999999999/commerce.products.find",
    ] {
        assert_eq!(status(path), 404, "{path}");
    }
}

#[test]
fn a_request_is_an_object_or_null() {
    let shop = Shop::new();
    let headers = [("X-Key", CONNECTOR), ("Content-Type", "text/javascript; charset=UTF-8")];
    for (body, expected) in [
        ("{}", 200),
        ("null", 200),
        (" {} ", 200),
        ("", 400),
        ("[]", 400),
        ("7", 400),
        ("{}{}", 400),
    ] {
        let length = body.len().to_string();
        let framed = [headers[0], headers[1], ("Content-Length", length.as_str())];
        let reply = shop.send(&step("POST", "/api/v13/commerce.products.find", &framed, body));
        assert_eq!(reply.status, expected, "{body:?}");
    }
}

#[test]
fn errors_are_told_as_sentences() {
    let shop = Shop::new();
    let told = |method: &str, request: Value| shop.call(method, &request)["error"].clone();
    assert_eq!(
        told("commerce.products.find", json!({ "conditions": { "ids": [1, "x"] } })),
        json!({ "field": "conditions.ids[1]", "type": "Malformed", "description": "Conditions.ids[1] is not syntactically correct" })
    );
    assert_eq!(
        told("commerce.products.find", json!({ "conditions": { "hasPrice": true } })),
        json!({ "field": "group", "type": "MissingCombination", "description": "Group is required if conditions.hasPrice is provided" })
    );
    assert_eq!(
        told("commerce.products.find", json!({ "conditions": { "size": 1 } })),
        json!({ "field": "unknown", "type": "UnknownField", "description": "Field 'conditions.size' is unknown" })
    );
    let long = told("commerce.products.find", json!({ "x".repeat(100_000): 1 }));
    assert!(long.to_string().len() < 300, "a long name is not told back in full");
}
