//! Finding records: conditions, sorting, paging, and what is shown of them.

use super::{Shop, error, invalid};
use serde_json::{Value, json};

const FIND: &str = "commerce.products.find";

#[test]
fn conditions_narrow_what_is_found() {
    let shop = Shop::new();
    for (conditions, expected) in [
        (json!({}), vec![89, 281, 295, 496]),
        (json!({ "ids": [281, "89", 7] }), vec![89, 281]),
        (json!({ "ids": [] }), vec![]),
        (json!({ "codes": ["FG94CA", "none"] }), vec![281]),
        (json!({ "isVisible": false }), vec![295]),
        (json!({ "isFeatured": true }), vec![281]),
        (json!({ "allowOrders": true, "department": 34 }), vec![89, 281]),
        (json!({ "producer": 91 }), vec![295, 496]),
        (json!({ "collections": [22, 8] }), vec![89, 281]),
        (json!({ "isAccessoryOf": 281 }), vec![496]),
        (json!({ "keywords": ["BOOT"] }), vec![281, 496]),
        (json!({ "keywords": ["scarpa", "trail"] }), vec![89]),
        (json!({ "labels": [1, 64] }), vec![89]),
        (json!({ "after": 281 }), vec![295, 496]),
        (json!({ "after": 281, "isVisible": true }), vec![496]),
    ] {
        assert_eq!(shop.ids(FIND, &json!({ "conditions": conditions })), expected, "{conditions}");
        let counted = shop.done("commerce.products.count", &json!({ "conditions": conditions }));
        assert_eq!(counted["count"], expected.len(), "{conditions}");
    }
}

#[test]
fn prices_are_those_of_the_group_or_the_list() {
    let shop = Shop::new();
    let prices = |request: &Value| {
        let product = shop.done("commerce.products.get", request);
        (product["product"]["listPrice"].clone(), product["product"]["salePrice"].clone())
    };
    assert_eq!(prices(&json!({ "id": 281 })), (json!(210), json!(180.5)));
    assert_eq!(prices(&json!({ "id": 281, "group": 3 })), (json!(210), json!(168)));
    assert_eq!(prices(&json!({ "id": 281, "priceList": "3" })), (json!(null), json!(168)));
    assert_eq!(prices(&json!({ "id": 295 })), (json!(159), json!(null)));
    let much = json!({ "id": 295, "product": { "prices": { "1": 9_999_999.99 } } });
    shop.done("commerce.products.update", &much);
    shop.done("commerce.price-lists.update", &json!({ "id": 3, "priceList": { "factor": 9 } }));
    assert_eq!(prices(&json!({ "id": 295, "group": 3 })).1, json!(null), "that is no price");
    for (conditions, expected) in [
        (json!({ "hasPrice": true }), vec![89, 281, 496]),
        (json!({ "hasPrice": false }), vec![295]),
        (json!({ "salePriceFrom": 10, "salePriceTo": "100.000" }), vec![89]),
    ] {
        let request = json!({ "conditions": conditions, "group": 1 });
        assert_eq!(shop.ids(FIND, &request), expected, "{conditions}");
    }
}

#[test]
fn pages_follow_one_another() {
    let shop = Shop::new();
    let page = |first: u64, limit: u64| shop.ids(FIND, &json!({ "first": first, "limit": limit }));
    assert_eq!((page(0, 3), page(3, 3), page(6, 3)), (vec![89, 281, 295], vec![496], vec![]));
    for number in 0..8 {
        let movement = json!({ "movement": { "sku": "A927TP", "adjustment": number + 1 } });
        shop.done("commerce.movements.create", &movement);
    }
    assert_eq!(shop.ids("commerce.movements.find", &json!({})).len(), 10, "that many by default");
    let after = json!({ "conditions": { "after": 58_913 }, "limit": 100 });
    assert_eq!(shop.ids("commerce.movements.find", &after).len(), 8);
}

#[test]
fn records_are_sorted_by_several_fields() {
    let shop = Shop::new();
    for (order, language, expected) in [
        (json!(["name"]), "en", vec![496, 295, 89, 281]),
        (json!(["name"]), "it", vec![496, 295, 89, 281]),
        (json!(["-name"]), "en", vec![281, 89, 295, 496]),
        (json!(["isVisible", "-id"]), "en", vec![295, 496, 281, 89]),
        (json!(["-salePrice"]), "en", vec![281, 89, 496, 295]),
        (json!(["code", "code"]), "en", vec![496, 295, 281, 89]),
    ] {
        let request = json!({ "order": order, "language": language });
        assert_eq!(shop.ids(FIND, &request), expected, "{request}");
    }
    let orders = json!({ "order": ["-number"], "conditions": { "fromNumber": "7891" } });
    assert_eq!(shop.ids("commerce.orders.find", &orders), [7893, 7892, 7891]);
    let skus = shop.done("commerce.items.find", &json!({ "order": ["-sku"], "fields": ["sku"] }));
    assert_eq!(skus["items"][0], json!({ "sku": "H9WM3-44" }));
}

#[test]
fn only_what_is_asked_for_is_shown() {
    let shop = Shop::new();
    let product = |request: Value| shop.done("commerce.products.get", &request)["product"].clone();
    let named = product(json!({ "id": 281, "fields": ["name", "id"], "language": "it" }));
    assert_eq!(named, json!({ "id": 281, "name": { "it": "Scarpone invernale" } }));
    let whole = product(json!({ "id": 295 }));
    assert_eq!(whole["labels"], json!([]), "what was never told is shown as empty");
    assert_eq!(whole["costPrice"], 65);
    assert_eq!(product(json!({ "id": 282 })), json!(null));
    assert_eq!(
        shop.wrong("commerce.products.get", &json!({ "id": 281, "fields": ["colour"] })),
        invalid("fields[0]")
    );
    assert_eq!(shop.done("commerce.items.get", &json!({ "sku": "none" }))["item"], json!(null));
}

#[test]
fn dates_are_found_by_their_spans() {
    let shop = Shop::new();
    let between = |from: &str, to: &str| {
        let conditions = json!({ "fromCreationTime": from, "toCreationTime": to });
        shop.ids("commerce.orders.find", &json!({ "conditions": conditions }))
    };
    assert_eq!(between("2025-12-31 00:00:00", "2025-12-31 23:59:59"), [7890, 7891]);
    assert_eq!(between("2026-01-01 00:00:00", "2025-01-01 00:00:00"), [] as [u64; 0]);
    let first = shop.done("commerce.orders.get", &json!({ "id": 7890 }));
    assert_eq!(first["order"]["creationTime"], "2025-12-31 22:00:00");
}

#[test]
fn every_area_can_be_read() {
    let shop = Shop::new();
    for (area, fields) in [
        ("products", 21),
        ("items", 8),
        ("departments", 4),
        ("collections", 4),
        ("producers", 6),
        ("price-lists", 5),
        ("customer-groups", 13),
        ("customers", 19),
        ("orders", 13),
        ("movements", 5),
    ] {
        let answer = shop.done(&format!("commerce.{area}.find"), &json!(null));
        let (_, records) =
            answer.as_object().unwrap().iter().find(|(name, _)| *name != "status").unwrap();
        assert!(records.as_array().unwrap().len() > 1, "{area}");
        assert_eq!(records[0].as_object().unwrap().len(), fields, "{area}");
    }
    let other = shop.wrong("commerce.producers.find", &json!({ "order": ["salePrice"] }));
    assert_eq!(other, invalid("order[0]"));
    assert_eq!(
        shop.wrong("commerce.orders.find", &json!({ "language": "en" })),
        error("unknown", "UnknownField")
    );
}
