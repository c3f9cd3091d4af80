//! Random walks: whatever is sent, in whatever order.

use super::{CONNECTOR, COURIER, Open2b, STOREFRONT, request_of};
use crate::kit::laws::Walk;
use crate::kit::step;
use candor_sandbox::reach::Step;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

const AREAS: [&str; 11] = [
    "products",
    "items",
    "departments",
    "collections",
    "producers",
    "price-lists",
    "customer-groups",
    "customers",
    "orders",
    "movements",
    "invoices",
];
const VERBS: [&str; 9] =
    ["find", "get", "count", "create", "create", "create", "update", "update", "delete"];
const STATUSES: [&str; 6] = ["New", "Open", "Ready", "Shipped", "Completed", "Cancelled"];

/// What a call is made of.
#[derive(Debug, Clone)]
struct Draw {
    /// The number of a record within its area: of those at the start, and of some later ones.
    at: usize,
    code: String,
    amount: f64,
    flag: bool,
    status: &'static str,
}

fn draw() -> impl Strategy<Value = Draw> {
    let skus = select(vec!["H9WM3", "H9WM3-44", "FG94CA", "A927TP"]).prop_map(str::to_owned);
    let code = prop_oneof![1 => skus, 1 => "[A-D]{1,2}"];
    (0..6_usize, code, -9_i32..400, any::<bool>(), select(STATUSES.to_vec())).prop_map(
        |(at, code, tenths, flag, status)| {
            let amount = f64::from(tenths) / 10.0;
            Draw { at, code, amount, flag, status }
        },
    )
}

impl Draw {
    /// The id of a record: one from the start, or one that may have been created.
    fn id(&self, area: &str) -> Value {
        let known: &[u32] = match area {
            "products" => &[281, 89, 496, 295],
            "departments" => &[34, 35],
            "collections" => &[8, 22],
            "producers" => &[39, 91],
            "price-lists" => &[2, 1, 3, 4],
            "customer-groups" => &[1, 3, 7, 2],
            "customers" => &[4907, 37_091, 39_628],
            "orders" => &[7890, 7891, 7892, 7893],
            _ => &[58_912, 58_913],
        };
        let later = [60_001, 60_002, 60_003];
        json!(known.iter().chain(&later).nth(self.at).unwrap_or(&60_004))
    }

    /// A record as it is sent.
    fn record(&self, area: &str, new: bool) -> (&'static str, Value) {
        let Self { at: _, code, amount, flag, status } = self;
        let name = json!({ "en": code, "it": status });
        let lines = json!([{ "sku": code, "quantity": amount.abs() }]);
        match area {
            "products" => (
                "product",
                json!({
                    "code": code, "name": name, "isVisible": flag, "allowOrders": flag,
                    "producer": self.id("producers"), "collections": [self.id("collections")],
                    "accessories": [self.id("products")], "costPrice": amount,
                    "prices": { "1": 7, "2": amount.abs() },
                }),
            ),
            "items" if new => (
                "item",
                json!({ "sku": code, "product": self.id("products"), "quantity": amount.abs() }),
            ),
            "items" => ("item", json!({ "quantity": amount, "isForSale": flag })),
            "departments" => ("department", json!({ "code": code, "name": name })),
            "collections" => ("collection", json!({ "code": code, "name": name })),
            "producers" => ("producer", json!({ "code": code, "name": code })),
            "price-lists" if *flag => ("priceList", json!({ "code": code, "name": status })),
            "price-lists" => (
                "priceList",
                json!({ "name": code, "base": self.id("price-lists"), "factor": amount.abs() }),
            ),
            "customer-groups" => (
                "group",
                json!({
                    "name": code, "sale": self.id("price-lists"), "list": null,
                    "isDefault": flag, "allowOrders": true, "minOrder": amount, "maxOrder": 30,
                }),
            ),
            "customers" => (
                "customer",
                json!({
                    "email": format!("{code}@example.com"), "country": "IT",
                    "group": self.id("customer-groups"), "canLogin": flag,
                }),
            ),
            "orders" if new => {
                ("order", json!({ "customer": self.id("customers"), "items": lines }))
            }
            "orders" => ("order", json!({ "status": status, "isPaidFor": flag })),
            "movements" => ("movement", json!({ "sku": code, "adjustment": amount })),
            _ => (
                "invoice",
                json!({ "type": "Invoice", "order": self.id("orders"), "issueDate": "2026-01-01" }),
            ),
        }
    }

    /// A request as it is sent.
    fn request(&self, area: &str, verb: &str) -> Value {
        let key = if area == "items" { "sku" } else { "id" };
        let named = if area == "items" { json!(self.code) } else { self.id(area) };
        let (one, record) = self.record(area, verb == "create");
        match (verb, area) {
            ("create", _) => json!({ one: record }),
            ("update", _) => json!({ key: named, one: record }),
            ("get" | "delete", _) => json!({ key: named }),
            ("find", "products") => json!({
                "conditions": { "salePriceFrom": self.amount, "isVisible": self.flag },
                "group": self.id("customer-groups"), "order": ["-salePrice", "name"],
            }),
            ("find", _) => json!({ "limit": self.at + 1, "first": self.at, "order": [key] }),
            _ => {
                json!({ "conditions": { "after": if area == "items" { json!("A") } else { json!(3) } } })
            }
        }
    }
}

/// Something that goes wrong with a request, once in a while: a member is lost, is something else, or
/// is one too many.
fn spoiled(request: Value, (how, at): (u8, usize)) -> Value {
    let Value::Object(mut members) = request else { return request };
    let name = members.keys().nth(at % members.len().max(1)).cloned().unwrap_or_default();
    let odd = [json!(null), json!("x"), json!(-1), json!(2.5), json!([[]]), json!({ "a": {} })];
    match how {
        0 => drop(members.shift_remove(&name)),
        1 => drop(members.insert(name, odd[at % odd.len()].clone())),
        2 => drop(members.insert("more".to_owned(), json!(at))),
        3 => {
            if let Some(inner) = members.get_mut(&name) {
                *inner = spoiled(inner.take(), (u8::try_from(at % 3).unwrap_or_default(), at));
            }
        }
        _ => {}
    }
    Value::Object(members)
}

fn call() -> impl Strategy<Value = Step> {
    let keys = prop_oneof![12 => Just(CONNECTOR), 1 => Just(STOREFRONT), 1 => Just(COURIER)];
    let spoiling = (0..24_u8, 0..6_usize);
    (select(AREAS.to_vec()), select(VERBS.to_vec()), keys, draw(), spoiling).prop_map(
        |(area, verb, key, draw, spoiling)| {
            let request = spoiled(draw.request(area, verb), spoiling);
            request_of(key, &format!("commerce.{area}.{verb}"), &request)
        },
    )
}

/// Requests that are hardly ones.
fn noise() -> impl Strategy<Value = Step> {
    let method = select(vec!["POST", "POST", "GET", "PUT"]);
    let path = select(vec![
        "/api/v13/commerce.products.find",
        "/open2b/api/v3/commerce.orders.get",
        "/api/v2/commerce.items.find",
        "/",
    ]);
    let key = select(vec![("X-Key", CONNECTOR), ("X-Public-Key", STOREFRONT), ("X-Key", "none")]);
    let media = select(vec!["application/json", "text/javascript", "text/plain", ""]);
    (method, path, key, media, "\\PC{0,12}").prop_map(|(method, path, key, media, body)| {
        step(method, path, &[key, ("Content-Type", media)], &body)
    })
}

fn control() -> impl Strategy<Value = Step> {
    let controls = select(vec![
        ("/sandbox/clock", "PUT", r#"{"advance_seconds":301}"#),
        ("/sandbox/clock", "PUT", r#"{"advance_seconds":-7}"#),
        ("/sandbox/world", "PATCH", r#"{"state":{"store":{"modules":["inventory","invoicing"]}}}"#),
        ("/sandbox/world", "PATCH", r#"{"state":{"store":{"limit":{"calls":9}}}}"#),
    ]);
    controls.prop_map(|(path, method, body)| step(method, path, &[], body))
}

fn anything() -> impl Strategy<Value = Step> {
    prop_oneof![20 => call(), 2 => noise(), 1 => control()]
}

#[test]
fn whatever_is_sent_is_answered_by_the_contract_and_keeps_the_rules() {
    let forget = |state: &mut candor_sandbox::open2b::State| {
        state.keys.values_mut().for_each(|key| key.window = None);
    };
    Walk::<Open2b> { cases: 64, calls: 40, forget }.holds(anything());
}
