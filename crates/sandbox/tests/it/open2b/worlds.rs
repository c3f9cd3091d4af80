//! Worlds: founded, saved, loaded, moved, and in bad weather.

use super::{CONNECTOR, Shop, request_of};
use crate::kit::step;
use candor_sandbox::open2b::Open2b;
use candor_sandbox::stage::Api;
use jiff::Timestamp;
use serde_json::{Value, json};

#[test]
fn a_founded_world_is_one_that_the_rules_allow() {
    for now in ["2026-01-01T00:00:00Z", "-009999-01-02T01:59:59Z", "9999-12-30T22:00:00Z"] {
        let now: Timestamp = now.parse().unwrap();
        let state = Open2b::found(now);
        assert_eq!(state.data.len(), 11);
        assert_eq!(state.data.values().filter(|records| records.is_empty()).count(), 1);
        Open2b::check(&state).unwrap();
    }
}

#[test]
fn a_world_is_saved_and_loaded() {
    let shop = Shop::new();
    shop.done("commerce.products.update", &json!({ "id": 281, "product": { "position": 7 } }));
    let order =
        json!({ "order": { "customer": 4907, "items": [{ "sku": "A927TP", "quantity": 1 }] } });
    shop.done("commerce.orders.create", &order);
    let saved = shop.control("GET", "world", &json!(null));
    let other = Shop::new();
    other.control("PUT", "world", &saved);
    assert_eq!(other.control("GET", "world", &json!(null)), saved);
    let next = |shop: &Shop| shop.done("commerce.orders.create", &order);
    assert_eq!(next(&shop), next(&other), "both go on alike");
    shop.control("DELETE", "world", &json!(null));
    assert_eq!(shop.stock("A927TP"), 250);
}

#[test]
fn a_world_that_no_rule_leads_to_is_not_loaded() {
    let shop = Shop::new();
    let before = shop.control("GET", "world", &json!(null));
    for (state, why) in [
        (json!({ "store": { "release": "8.0" } }), "there is no release"),
        (json!({ "store": { "languages": [] } }), "languages"),
        (json!({ "store": { "languages": ["en"] } }), "name.it is not a valid value"),
        (json!({ "store": { "modules": ["teleport"] } }), "there is no module"),
        (json!({ "store": { "moved_status": 304 } }), "no store moves with 304"),
        (json!({ "store": { "limit": { "calls": 0 } } }), "a limit has one call"),
        (
            json!({ "keys": { "short": { "app": "a", "kind": "public", "enabled": true, "areas": [], "withheld": [], "window": null } } }),
            "malformed",
        ),
        (
            json!({ "data": { "products": { "281": { "producer": 7 } } } }),
            "producer is not a valid value",
        ),
        (json!({ "data": { "products": { "281": { "colour": "red" } } } }), "colour is unknown"),
        (json!({ "data": { "products": { "281": { "code": null } } } }), "code is missing"),
        (
            json!({ "data": { "products": { "281": { "code": "H9WM3" } } } }),
            "two products have the code",
        ),
        (json!({ "data": { "products": { "281": null } } }), "is not a valid value"),
        (
            json!({ "data": { "items": { "1003": { "quantity": -1 } } } }),
            "quantity is not a valid value",
        ),
        (json!({ "data": { "items": { "1003": { "isPrimary": false } } } }), "one primary item"),
        (json!({ "data": { "customer-groups": { "3": { "isDefault": true } } } }), "not 2"),
        (json!({ "data": { "price-lists": { "1": { "base": 3, "factor": 1 } } } }), "is derived"),
        (json!({ "data": { "price-lists": { "3": { "factor": null } } } }), "factor is missing"),
        (
            json!({ "data": { "orders": { "7890": { "status": "Lost" } } } }),
            "status is not a valid value",
        ),
        (json!({ "data": { "collections": { "70000": { "name": {} } } } }), "was never given out"),
        (json!({ "data": { "castles": {} } }), "unknown variant"),
        (json!({ "last_id": 4_000_000_000_u32 }), "the last id is too large"),
    ] {
        let body = json!({ "state": state }).to_string();
        let reply = shop.send(&step("PATCH", "/sandbox/world", &[], &body));
        let told = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(reply.status == 400 && told.contains(why), "{state}: {told}");
    }
    assert_eq!(shop.control("GET", "world", &json!(null)), before);
}

#[test]
fn what_cannot_be_kept_is_not_changed_and_reading_goes_on() {
    let shop = Shop::new();
    shop.control("PUT", "conditions", &json!({ "store_offline": true }));
    let change = json!({ "id": 281, "product": { "isVisible": false } });
    let reply = shop.send(&request_of(CONNECTOR, "commerce.products.update", &change));
    assert_eq!(reply.status, 500);
    let product = shop.done("commerce.products.get", &json!({ "id": 281 }));
    assert_eq!(product["product"]["isVisible"], true);
    let wrong = json!({ "id": 281, "product": { "isVisible": "no" } });
    shop.wrong("commerce.products.update", &wrong);
}

#[test]
fn weather_stands_in_front_of_everything() {
    let shop = Shop::new();
    let get = || shop.send(&step("GET", "/api/v13/nothing?a=b", &[], ""));
    for status in [300, 301, 302, 303, 307] {
        shop.patch(&json!({ "store": { "moved_status": status } }));
        shop.control("PUT", "conditions", &json!({ "moved_to": "https://new.example/shop/" }));
        let reply = get();
        assert_eq!(reply.status.as_u16(), status);
        assert_eq!(reply.headers["location"], "https://new.example/shop/api/v13/nothing?a=b");
    }
    shop.control("PUT", "conditions", &json!({ "portal_page": true }));
    assert_eq!(
        (get().status.as_u16(), &get().headers["content-type"]),
        (200, &"text/html; charset=utf-8".parse().unwrap())
    );
    shop.control("PUT", "conditions", &json!({ "latency_ms": 2, "time_limit_ms": 1 }));
    assert_eq!(get().status, 504);
    shop.control("PUT", "conditions", &json!({ "maintenance": true, "maintenance_seconds": 90 }));
    assert_eq!(
        (get().status.as_u16(), get().headers["retry-after"].to_str().unwrap()),
        (503, "90")
    );
    assert!(!get().headers.contains_key("x-wait-seconds"));
    shop.advance(90);
    assert_eq!(get().status, 405, "the maintenance is over");
}

#[test]
fn an_area_has_a_largest_number_of_records() {
    let shop = Shop::new();
    let mut world = shop.control("GET", "world", &json!(null));
    let record = |id: u32| (id.to_string(), json!({ "name": "P" }));
    world["state"]["data"]["producers"] = Value::Object(
        (39..5_037).map(record).chain([(91.to_string(), json!({ "name": "P" }))]).collect(),
    );
    let movement = |id: u32| {
        (
            id.to_string(),
            json!({ "sku": "A927TP", "adjustment": 1, "creationTime": "2026-01-01 00:00:00" }),
        )
    };
    world["state"]["data"]["movements"] = Value::Object((1..=5_000).map(movement).collect());
    shop.control("PUT", "world", &world);
    let create =
        || shop.call("commerce.producers.create", &json!({ "producer": { "name": "New" } }));
    assert_eq!([create(), create()].map(|answer| answer["status"].clone()), ["ok", "ok"]);
    assert_eq!(create()["error"]["field"], "producer");
    shop.done(
        "commerce.movements.create",
        &json!({ "movement": { "sku": "A927TP", "adjustment": 1 } }),
    );
    assert_eq!(shop.done("commerce.movements.count", &json!({}))["count"], 5_000);
    let first = json!({ "limit": 1, "fields": ["id"] });
    assert_eq!(shop.ids("commerce.movements.find", &first), [2], "the oldest is forgotten");
}

#[test]
fn small_areas_are_full_at_255() {
    let shop = Shop::new();
    let create = || {
        let list = json!({ "priceList": { "name": "More" } });
        shop.call("commerce.price-lists.create", &list)["id"].as_u64()
    };
    let ids: Vec<u64> = std::iter::from_fn(create).take(300).collect();
    assert_eq!((ids.len(), ids.last()), (252, Some(&255)));
}
