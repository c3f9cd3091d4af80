//! The documented request: what the handler gets.

use crate::gateway::{ID, before};
use crate::handler::{Handler, ok};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Value, json};
use uuid::Uuid;

fn decoded(text: &str) -> String {
    String::from_utf8(STANDARD.decode(text).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handler_gets_the_documented_request() {
    let handler = Handler::plain(|_, seen| Some(ok(seen, "{}"))).await;
    let gateway = before(format!("http://{}/hook", handler.address)).start();
    let called = gateway.call(r#"{"login": "ä" }"#).await;
    assert_eq!(called.status(), 200);
    let seen = handler.seen().remove(0);
    assert!(seen.head.starts_with("POST /hook HTTP/1.1"));
    assert_eq!(seen.header("content-type"), Some("application/json"));
    assert_eq!(
        decoded(seen.header("x-cyberapp-auth").unwrap()),
        r#"admin:{"password":"s3cret:planted"}"#
    );
    assert_eq!(seen.header("x-cyberapp-extra"), Some("e30="));
    let body = seen.json();
    assert_eq!(body["type"], "request.echo");
    assert_eq!(body["payload"], json!({"login": "ä"}));
    assert_eq!(
        body["context"],
        json!({"callback_id": ID, "endpoint_id": "endpoint.test", "tenant_id": "acme",
               "datacenter_url": "https://dc.example"})
    );
    assert_eq!(body["request_id"], called.header("candor-request-id"));
    assert!(Uuid::try_parse(body["request_id"].as_str().unwrap()).is_ok());
    assert!(body["created_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(body.as_object().unwrap().len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn its_token_is_verified_by_the_published_keys() {
    let handler = Handler::plain(|_, seen| Some(ok(seen, "{}"))).await;
    let gateway = before(format!("http://{}/", handler.address)).start();
    gateway.call(r#"{"login":"a"}"#).await;
    let published =
        gateway.send("GET /api/idp/v1/keys HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n").await;
    let keys: JwkSet = serde_json::from_value(published.json()).unwrap();
    let seen = handler.seen().remove(0);
    let token = seen.header("authorization").unwrap().strip_prefix("Bearer ").unwrap();
    let head = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!(head.alg, Algorithm::RS256);
    let key = keys.find(head.kid.as_deref().unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_audience(&["acronis.cloud"]);
    validation.set_issuer(&["https://acronis.cloud"]);
    let token =
        jsonwebtoken::decode::<Value>(token, &DecodingKey::from_jwk(key).unwrap(), &validation);
    let claims = token.unwrap().claims;
    assert_eq!(claims["scope"], json!([{"role": "endpoint.test"}]));
    assert_eq!((&claims["ver"], &claims["sub_type"]), (&json!(2), &json!("platform-acgw")));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_serves_the_next_call() {
    let handler = Handler::plain(|_, seen| Some(ok(seen, "{}"))).await;
    let mut made = before(format!("http://{}/", handler.address));
    made.limits.connections = 100;
    let gateway = made.start();
    for _ in 0..8 {
        assert_eq!(gateway.call(r#"{"login":"a"}"#).await.status(), 200);
    }
    assert!(handler.count() <= 2, "one a worker, and no more");
}
