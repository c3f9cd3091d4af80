//! The life of things: products, stock, orders, groups.

use super::{Shop, error, invalid};
use serde_json::json;

#[test]
fn a_product_lives_from_its_creation_to_its_deletion() {
    let shop = Shop::new();
    let product =
        json!({ "code": "ICEAXE", "name": { "en": "Ice axe" }, "prices": { "2": "75.5" } });
    let created = shop.done("commerce.products.create", &json!({ "product": product }));
    let id = created["id"].as_u64().unwrap();
    let get = || shop.done("commerce.products.get", &json!({ "id": id }))["product"].clone();
    assert_eq!(get()["salePrice"], 75.5);
    assert_eq!(
        (&get()["isVisible"], &get()["updateTime"]),
        (&json!(false), &json!("2026-01-01 00:00:00"))
    );
    assert_eq!(shop.stock("ICEAXE"), 0, "its first item comes with it");
    shop.advance(60);
    let change = json!({ "id": id, "product": { "isVisible": true, "producer": 39 } });
    shop.done("commerce.products.update", &change);
    assert_eq!((&get()["isVisible"], &get()["code"]), (&json!(true), &json!("ICEAXE")));
    assert_eq!(
        (&get()["updateTime"], &get()["creationTime"]),
        (&json!("2026-01-01 00:01:00"), &json!("2026-01-01 00:00:00"))
    );
    shop.done("commerce.products.delete", &json!({ "id": id }));
    assert_eq!(get(), json!(null));
    assert_eq!(shop.stock("ICEAXE"), json!(null), "and goes with it");
    assert_eq!(shop.wrong("commerce.products.update", &change), invalid("id"));
    let again = shop.done("commerce.products.create", &json!({ "product": product }));
    assert_ne!(again["id"], id, "an id is given out once");
}

#[test]
fn codes_are_unique() {
    let shop = Shop::new();
    let create = |code: &str| {
        shop.wrong("commerce.products.create", &json!({ "product": { "code": code, "name": {} } }))
    };
    assert_eq!(create("FG94CA"), invalid("product.code"));
    assert_eq!(create("H9WM3-44"), invalid("product.code"), "an item has that SKU");
    let rename = json!({ "id": 281, "product": { "code": "H9WM3" } });
    assert_eq!(shop.wrong("commerce.products.update", &rename), invalid("product.code"));
    let email = json!({ "id": 4907, "customer": { "email": "desk@paper.example" } });
    assert_eq!(shop.wrong("commerce.customers.update", &email), invalid("customer.email"));
}

#[test]
fn an_order_takes_its_items_out_of_the_stock() {
    let shop = Shop::new();
    let items = json!([{ "sku": "FG94CA", "quantity": 2 }, { "sku": "A927TP", "quantity": "1.5" }]);
    let order = json!({ "order": { "customer": 4907, "items": items, "address": "Via Po 1" } });
    let id = shop.done("commerce.orders.create", &order)["id"].clone();
    let placed = shop.done("commerce.orders.get", &json!({ "id": id }))["order"].clone();
    assert_eq!((&placed["status"], &placed["total"]), (&json!("New"), &json!(375.25)));
    assert_eq!(
        (&placed["items"][0]["price"], &placed["customerName"]),
        (&json!(180.5), &json!("Anna Bianchi"))
    );
    assert_eq!((shop.stock("FG94CA"), shop.stock("A927TP")), (json!(5), json!(248.5)));
    let moved =
        json!({ "conditions": { "sku": "FG94CA" }, "fields": ["adjustment", "description"] });
    let movements = shop.done("commerce.movements.find", &moved);
    let description = format!("order number {id}");
    assert_eq!(movements["movements"], json!([{ "adjustment": -2, "description": description }]));
    let cancel = json!({ "id": id, "order": { "status": "Cancelled" } });
    shop.done("commerce.orders.update", &cancel);
    assert_eq!((shop.stock("FG94CA"), shop.stock("A927TP")), (json!(7), json!(250)));
    shop.done("commerce.orders.update", &cancel);
    assert_eq!(shop.stock("FG94CA"), 7, "it is put back once");
}

#[test]
fn what_cannot_be_ordered_is_refused_with_its_line() {
    let shop = Shop::new();
    let order = |customer: u64, items: serde_json::Value| {
        let order = json!({ "order": { "customer": customer, "items": items } });
        shop.wrong("commerce.orders.create", &order)
    };
    let line = |sku: &str, quantity: u64| json!({ "sku": sku, "quantity": quantity });
    assert_eq!(order(4907, json!([])), invalid("order.items"));
    assert_eq!(
        order(4907, json!([line("A927TP", 1), line("FG94CA", 8)])),
        invalid("order.items[1].quantity")
    );
    assert_eq!(order(4907, json!([line("A927TP", 0)])), invalid("order.items[0].quantity"));
    assert_eq!(
        order(4907, json!([line("A927TP", 1), line("A927TP", 1)])),
        invalid("order.items[1].sku")
    );
    assert_eq!(
        order(4907, json!([line("C371PR", 1)])),
        invalid("order.items[0].sku"),
        "quotes only"
    );
    assert_eq!(order(4907, json!([line("NONE", 1)])), invalid("order.items[0].sku"));
    assert_eq!(
        order(4907, json!([{ "sku": "A927TP" }])),
        error("order.items[0].quantity", "Missing")
    );
    assert_eq!(
        order(39_628, json!([line("A927TP", 1)])),
        invalid("order.customer"),
        "the press orders nothing"
    );
    assert_eq!(
        order(37_091, json!([line("A927TP", 1)])),
        invalid("order.items"),
        "less than resellers order"
    );
    assert_eq!(shop.stock("A927TP"), 250);
}

#[test]
fn an_order_goes_from_status_to_status() {
    let shop = Shop::new();
    let to = |status: &str| {
        let order = json!({ "id": 7890, "order": { "status": status } });
        shop.call("commerce.orders.update", &order)["status"].clone()
    };
    let steps =
        ["Shipped", "Open", "Delivered", "Ready", "Shipped", "Cancelled", "Completed", "New"];
    let taken = steps.map(to);
    assert_eq!(taken, ["error", "ok", "error", "ok", "ok", "error", "ok", "error"]);
    let paid = json!({ "id": 7890, "order": { "isPaidFor": true } });
    shop.done("commerce.orders.update", &paid);
    let items = json!({ "id": 7890, "order": { "items": [] } });
    assert_eq!(shop.wrong("commerce.orders.update", &items), error("order.items", "AccessDenied"));
}

#[test]
fn a_stock_that_is_set_is_a_movement_and_the_other_way_round() {
    let shop = Shop::new();
    shop.done("commerce.items.update", &json!({ "sku": "FG94CA", "item": { "quantity": 4.5 } }));
    let last = json!({ "order": ["-id"], "limit": 1 });
    let movement = shop.done("commerce.movements.find", &last)["movements"][0].clone();
    assert_eq!((&movement["sku"], &movement["adjustment"]), (&json!("FG94CA"), &json!(-2.5)));
    let adjust = |by: &str| json!({ "movement": { "sku": "FG94CA", "adjustment": by } });
    shop.done("commerce.movements.create", &adjust("-4.50"));
    assert_eq!(shop.stock("FG94CA"), 0);
    assert_eq!(
        shop.wrong("commerce.movements.create", &adjust("-0.01")),
        invalid("movement.adjustment")
    );
    assert_eq!(
        shop.wrong("commerce.movements.create", &adjust("0.001")),
        error("movement.adjustment", "Malformed")
    );
    shop.done("commerce.movements.create", &adjust("99999999.99"));
    assert_eq!(
        shop.wrong("commerce.movements.create", &adjust("0.01")),
        invalid("movement.adjustment")
    );
}

#[test]
fn items_are_sizes_of_a_product() {
    let shop = Shop::new();
    let item =
        json!({ "item": { "sku": "FG94CA-42", "product": 281, "isForSale": true, "quantity": 1 } });
    assert_eq!(shop.done("commerce.items.create", &item)["sku"], "FG94CA-42");
    let order =
        json!({ "order": { "customer": null, "items": [{ "sku": "FG94CA-42", "quantity": 1 }] } });
    shop.done("commerce.orders.create", &order);
    shop.done("commerce.items.delete", &json!({ "sku": "FG94CA-42" }));
    assert_eq!(shop.wrong("commerce.items.delete", &json!({ "sku": "FG94CA" })), invalid("sku"));
    let renamed = json!({ "sku": "FG94CA", "item": { "sku": "OTHER" } });
    assert_eq!(shop.wrong("commerce.items.update", &renamed), error("item.sku", "AccessDenied"));
}

#[test]
fn what_is_referred_to_is_let_go_or_stays() {
    let shop = Shop::new();
    shop.done("commerce.producers.delete", &json!({ "id": 39 }));
    shop.done("commerce.collections.delete", &json!({ "id": 8 }));
    let boot = || shop.done("commerce.products.get", &json!({ "id": 281 }))["product"].clone();
    assert_eq!((&boot()["producer"], &boot()["collections"]), (&json!(null), &json!([22])));
    shop.done("commerce.customers.delete", &json!({ "id": 4907 }));
    let order = shop.done("commerce.orders.get", &json!({ "id": 7890 }))["order"].clone();
    assert_eq!(
        (&order["customer"], &order["customerName"]),
        (&json!(null), &json!("Anna Bianchi"))
    );
    let delete =
        |area: &str, id: u64| shop.wrong(&format!("commerce.{area}.delete"), &json!({ "id": id }));
    assert_eq!(delete("customer-groups", 3), invalid("id"), "it has customers");
    assert_eq!(delete("customer-groups", 1), invalid("id"), "it is the default one");
    assert_eq!(delete("price-lists", 2), invalid("id"), "a group sells by it");
    assert_eq!(delete("price-lists", 1), invalid("id"), "another one is derived from it");
    shop.done("commerce.products.delete", &json!({ "id": 496 }));
    assert_eq!(boot()["accessories"], json!([]));
    let movements = json!({ "conditions": { "sku": "A927TP" } });
    assert_eq!(shop.done("commerce.movements.count", &movements)["count"], 2, "what was, was");
}

#[test]
fn price_lists_are_derived_once() {
    let shop = Shop::new();
    let list = |list: serde_json::Value| {
        shop.call("commerce.price-lists.create", &json!({ "priceList": list }))
    };
    let field = |answer: serde_json::Value| answer["error"]["field"].clone();
    assert_eq!(field(list(json!({ "name": "A", "base": 3, "factor": 2 }))), "priceList.base");
    let without = shop
        .wrong("commerce.price-lists.create", &json!({ "priceList": { "name": "A", "base": 1 } }));
    assert_eq!(without, error("priceList.factor", "MissingCombination"));
    let made = list(json!({ "name": "A", "base": 2, "factor": "1.5" }));
    assert_eq!(made["id"], 4, "the smallest id that is free");
    let itself = json!({ "id": 1, "priceList": { "base": 2, "factor": 1 } });
    assert_eq!(
        shop.wrong("commerce.price-lists.update", &itself),
        invalid("priceList.base"),
        "it is a base"
    );
    let alone = json!({ "id": 4, "priceList": { "base": null } });
    assert_eq!(
        shop.wrong("commerce.price-lists.update", &alone),
        error("priceList.base", "MissingCombination")
    );
    shop.done(
        "commerce.price-lists.update",
        &json!({ "id": 4, "priceList": { "base": null, "factor": null } }),
    );
    let derived = json!({ "conditions": { "isDerived": true } });
    assert_eq!(shop.ids("commerce.price-lists.find", &derived), [3]);
}

#[test]
fn one_group_is_the_default_one() {
    let shop = Shop::new();
    let default = || {
        shop.ids("commerce.customer-groups.find", &json!({ "conditions": { "isDefault": true } }))
    };
    let off = json!({ "id": 1, "group": { "isDefault": false } });
    assert_eq!(shop.wrong("commerce.customer-groups.update", &off), invalid("group.isDefault"));
    shop.done(
        "commerce.customer-groups.update",
        &json!({ "id": 3, "group": { "isDefault": true } }),
    );
    assert_eq!(default(), [3]);
    let bounds = json!({ "id": 3, "group": { "maxOrder": 99.99 } });
    assert_eq!(shop.wrong("commerce.customer-groups.update", &bounds), invalid("group.maxOrder"));
}

#[test]
fn invoices_come_with_their_module() {
    let shop = Shop::new();
    let invoice =
        json!({ "invoice": { "type": "Invoice", "order": 7891, "issueDate": "2026-01-01" } });
    assert_eq!(
        shop.wrong("commerce.invoices.create", &invoice),
        invalid("commerce.invoices.create")
    );
    shop.patch(&json!({ "store": { "modules": ["inventory", "invoicing"] } }));
    let id = shop.done("commerce.invoices.create", &invoice)["id"].clone();
    let got = shop.done("commerce.invoices.get", &json!({ "id": id }))["invoice"].clone();
    assert_eq!(
        (&got["total"], &got["customer"], &got["status"]),
        (&json!(89.9), &json!(4907), &json!("Open"))
    );
    let of_cancelled =
        json!({ "invoice": { "type": "Invoice", "order": 7893, "issueDate": "2026-01-01" } });
    assert_eq!(shop.wrong("commerce.invoices.create", &of_cancelled), invalid("invoice.order"));
    let early = json!({ "invoice": { "type": "Proforma", "order": 7891, "issueDate": "2026-01-02", "dueDate": "2026-01-01" } });
    assert_eq!(shop.wrong("commerce.invoices.create", &early), invalid("invoice.dueDate"));
}
