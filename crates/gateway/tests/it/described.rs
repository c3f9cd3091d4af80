//! Requests and answers held against a route's own description.

use crate::gateway::{Called, Made, Started, before, post};
use crate::routes::{get, heads, route};
use candor_contract::openapi::OpenApi;
use candor_gateway::{Described, Mode, Route};
use candor_hostile::{Answer, Hostile};
use std::sync::Arc;

const SHOP: &str = r##"
openapi: 3.1.0
info: { title: Shop, version: "1" }
servers: [{ url: https://shop.example/base }]
paths:
  /orders/{id}:
    get:
      operationId: order
      parameters:
        - { name: id, in: path, required: true, schema: { type: integer } }
      responses:
        "200":
          description: fine
          content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } }
        "404": { description: gone }
  /orders:
    post:
      operationId: place
      requestBody:
        required: true
        content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } }
      responses: { "201": { description: made } }
components:
  schemas:
    Order: { type: object, required: [sku], properties: { sku: { type: string } } }
"##;

fn through(upstream: &Hostile, mode: Mode) -> Started {
    let api = OpenApi::read("shop.yaml", SHOP, &mut |_| Err("none".to_owned())).unwrap();
    let described = Some(Described { api: Arc::new(api), mode });
    let routes = vec![Route { described, ..route(upstream, "http") }];
    Made { routes, ..before("http://127.0.0.1:1/") }.start()
}

async fn place(gateway: &Started, order: &str) -> Called {
    gateway.send(&post("/shop/orders", "", order)).await
}

#[tokio::test]
async fn enforced_a_request_that_differs_is_not_sent() {
    let upstream = Hostile::http1(Answer::new(201).turn()).unwrap();
    let gateway = through(&upstream, Mode::Enforce);
    let refused = place(&gateway, r#"{"sku": 5}"#).await;
    assert_eq!((refused.status(), refused.header("candor-class")), (422, "request_schema"));
    assert_eq!(refused.json()["fields"][0]["pointer"], "/body/sku");
    assert_eq!(place(&gateway, "").await.header("candor-class"), "request_schema");
    assert_eq!(get(&gateway, "/shop/orders/x", "").await.header("candor-class"), "request_schema");
    assert_eq!(get(&gateway, "/shop/orders", "").await.status(), 405);
    assert_eq!(get(&gateway, "/shop/else", "").await.status(), 404);
    assert_eq!(heads(&upstream).len(), 0);
    assert_eq!(place(&gateway, r#"{"sku": "cup"}"#).await.status(), 201);
}

#[tokio::test]
async fn observed_nothing_changes() {
    let upstream = Hostile::http1(Answer::json(r#"{"sku":5}"#).turn()).unwrap();
    let gateway = through(&upstream, Mode::Observe);
    assert_eq!(place(&gateway, r#"{"sku": 5}"#).await.status(), 200);
    for path in ["/shop/orders/1", "/shop/orders/x", "/shop/orders", "/shop/else"] {
        let answer = get(&gateway, path, "").await;
        assert_eq!((answer.status(), &answer.0.body[..]), (200, &br#"{"sku":5}"#[..]), "{path}");
    }
}

#[tokio::test]
async fn enforced_a_success_that_differs_is_none() {
    for (answer, status, class) in [
        (Answer::json(r#"{"sku":5}"#), 502, "response_schema"),
        (Answer::json(r#"{"sku":"cup"}"#), 200, "ok"),
        (Answer::json("{}").status(202), 502, "response_schema"),
        // An error that the description does not know is the contract's all the same.
        (Answer::json("{}").status(409), 409, "conflict"),
        (Answer::of_type("text/csv", "sku"), 502, "response_schema"),
    ] {
        let upstream = Hostile::http1(answer.turn()).unwrap();
        let gateway = through(&upstream, Mode::Enforce);
        let answer = get(&gateway, "/shop/orders/1", "").await;
        assert_eq!((answer.status(), answer.header("candor-class")), (status, class));
    }
}
