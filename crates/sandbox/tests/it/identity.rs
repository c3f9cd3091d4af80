//! Who may call: tokens, vendor credentials, and the shape of a request.

use crate::gateway::{Callback, Gateway};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use std::sync::atomic::Ordering;

async fn status(gateway: &Gateway, call: Callback) -> StatusCode {
    gateway.send(&call).await.status
}

#[tokio::test]
async fn a_token_must_be_there_and_be_whole() {
    let gateway = Gateway::new().await;
    let good = gateway.token(&gateway.claims());
    let corrupted = good.replacen('.', ".e", 1);
    let unsigned = format!("{}.", good.rsplit_once('.').unwrap().0);
    for call in [
        gateway.any().without("authorization"),
        gateway.any().header("authorization", "Basic YTpi"),
        gateway.any().token("not-a-token"),
        gateway.any().token(&corrupted),
        gateway.any().token(&unsigned),
    ] {
        let reply = gateway.send(&call).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert_eq!(reply.headers["www-authenticate"], "Bearer");
    }
}

#[tokio::test]
async fn a_token_must_name_issuer_audience_and_end() {
    let gateway = Gateway::new().await;
    for (claim, value) in [
        ("iss", json!("https://cloud.acronis.com")),
        ("aud", json!("cloud.acronis.com")),
        ("exp", json!(gateway.time.load(Ordering::SeqCst))),
        ("iss", Value::Null),
        ("aud", Value::Null),
        ("exp", Value::Null),
    ] {
        let mut claims = gateway.claims();
        claims[claim] = value;
        if claims[claim].is_null() {
            claims.as_object_mut().unwrap().remove(claim);
        }
        let call = gateway.any().token(&gateway.token(&claims));
        assert_eq!(status(&gateway, call).await, StatusCode::UNAUTHORIZED, "{claims}");
    }
}

#[tokio::test]
async fn a_token_ends_by_the_sandboxs_clock() {
    let gateway = Gateway::new().await;
    let call = gateway.any();
    gateway.pass(3599);
    assert_eq!(gateway.send(&call).await.status, StatusCode::OK);
    gateway.pass(1);
    assert_eq!(gateway.send(&call).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_for_another_endpoint_is_forbidden() {
    let gateway = Gateway::new().await;
    let mut claims = gateway.claims();
    claims["scope"] = json!([{ "role": "cti.a.p.acgw.endpoint.v1.0~other.app.endpoint.v1.0" }]);
    let call = gateway.any().token(&gateway.token(&claims));
    assert_eq!(status(&gateway, call).await, StatusCode::FORBIDDEN);
    let other = json!("cti.a.p.acgw.endpoint.v1.0~other.app.endpoint.v1.0");
    let call = gateway.any().token(&gateway.token(&claims)).body("/context/endpoint_id", other);
    assert_eq!(status(&gateway, call).await, StatusCode::FORBIDDEN, "nor is it this endpoint");
}

#[tokio::test]
async fn the_key_set_is_fetched_once_and_again_for_an_unknown_key() {
    let gateway = Gateway::new().await;
    let asked = || gateway.asked.load(Ordering::SeqCst);
    for _ in 0..3 {
        assert_eq!(status(&gateway, gateway.any()).await, StatusCode::OK);
    }
    assert_eq!(asked(), 1);
    let unknown = || gateway.any().token(&gateway.token_by("unknown", &gateway.claims()));
    assert_eq!(status(&gateway, unknown()).await, StatusCode::UNAUTHORIZED);
    assert_eq!(asked(), 1, "it was just asked for");
    gateway.pass(5);
    assert_eq!(status(&gateway, unknown()).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&gateway, unknown()).await, StatusCode::UNAUTHORIZED);
    assert_eq!(asked(), 2);
    gateway.pass(24 * 3600);
    assert_eq!(status(&gateway, gateway.any()).await, StatusCode::OK);
    assert_eq!(asked(), 3, "a day later it is fetched anew");
}

#[tokio::test]
async fn without_the_key_set_nothing_can_be_verified() {
    let gateway = Gateway::with(|s| s.jwks_url = "http://127.0.0.1:1/keys".to_owned()).await;
    for _ in 0..2 {
        assert_eq!(status(&gateway, gateway.any()).await, StatusCode::SERVICE_UNAVAILABLE);
    }
}

#[tokio::test]
async fn vendor_credentials_must_be_right() {
    let gateway = Gateway::new().await;
    for call in [
        gateway.any().without("x-cyberapp-auth"),
        gateway.any().header("x-cyberapp-auth", "%%%"),
        gateway.any().login("demo@northwind.example", "open"),
        gateway.any().login("nobody", "open sesame"),
    ] {
        let reply = gateway.send(&call).await;
        assert_eq!(reply.status, StatusCode::UNAUTHORIZED);
        assert_eq!(reply.json()["request_id"], call.body["request_id"]);
    }
}

#[tokio::test]
async fn a_changed_password_locks_the_old_one_out() {
    let gateway = Gateway::new().await;
    assert!(gateway.handler.set_password("demo@northwind.example", "new"));
    assert!(!gateway.handler.set_password("nobody", "new"));
    assert_eq!(status(&gateway, gateway.any()).await, StatusCode::UNAUTHORIZED);
    let call = gateway.any().login("demo@northwind.example", "new");
    assert_eq!(status(&gateway, call).await, StatusCode::OK);
}

#[tokio::test]
async fn a_request_that_is_no_callback_is_refused() {
    let gateway = Gateway::new().await;
    for (call, expected) in [
        (gateway.any().body("/request_id", json!("7")), StatusCode::BAD_REQUEST),
        (gateway.any().body("/created_at", json!("now")), StatusCode::BAD_REQUEST),
        (gateway.any().body("/context", json!(null)), StatusCode::BAD_REQUEST),
        (gateway.any().body("", json!([])), StatusCode::BAD_REQUEST),
        (gateway.any().header("x-cyberapp-extra", "{}"), StatusCode::BAD_REQUEST),
        (gateway.any().header("content-type", "text/plain"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (gateway.any().without("content-type"), StatusCode::UNSUPPORTED_MEDIA_TYPE),
        (
            gateway.any().body("/created_at", json!("x".repeat(1 << 20))),
            StatusCode::PAYLOAD_TOO_LARGE,
        ),
    ] {
        assert_eq!(status(&gateway, call).await, expected);
    }
    let get = Callback { method: Method::GET, ..gateway.any() };
    let reply = gateway.send(&get).await;
    assert_eq!(
        (reply.status, &reply.headers["allow"]),
        (StatusCode::METHOD_NOT_ALLOWED, &"POST".parse().unwrap())
    );
}
