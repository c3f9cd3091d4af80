//! The state of the world around the handler, its start and its end.

use crate::gateway::{Callback, Gateway, connect};
use candor_sandbox::callback::{
    Account, CallbackHandler, Conditions, Organization, RateLimit, Settings, StartError,
};
use http::{HeaderMap, Method, StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

fn fair() -> Conditions {
    Conditions::default()
}

async fn under(conditions: Conditions) -> (Gateway, crate::gateway::Reply) {
    let gateway = Gateway::new().await;
    gateway.handler.conditions().set(conditions);
    let reply = gateway.send(&gateway.any()).await;
    (gateway, reply)
}

fn control(method: Method, body: Value) -> Callback {
    let path = "/sandbox/conditions".to_owned();
    Callback { method, path, headers: HeaderMap::new(), body }
}

#[tokio::test]
async fn a_retired_handler_is_gone() {
    let (_, reply) = under(Conditions { retired: true, ..fair() }).await;
    assert_eq!(reply.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_moved_handler_redirects() {
    let moved_to = Some("https://elsewhere.example/callback".to_owned());
    let (_, reply) = under(Conditions { moved_to, ..fair() }).await;
    assert_eq!(reply.status, StatusCode::FOUND);
    assert_eq!(reply.headers["location"], "https://elsewhere.example/callback");
}

#[tokio::test]
async fn a_maintenance_page_is_html_with_200() {
    let (_, reply) = under(Conditions { maintenance_page: true, ..fair() }).await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.headers["content-type"], "text/html; charset=utf-8");
}

#[tokio::test]
async fn a_used_up_rate_limit_says_when_it_ends() {
    let rate_limit = Some(RateLimit { requests: 2, window_seconds: 30 });
    let (gateway, first) = under(Conditions { rate_limit, ..fair() }).await;
    assert_eq!(first.status, StatusCode::OK);
    gateway.pass(10);
    assert_eq!(gateway.send(&gateway.any()).await.status, StatusCode::OK);
    let third = gateway.send(&gateway.any()).await;
    assert_eq!(third.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(third.headers["retry-after"], "20");
    gateway.pass(20);
    assert_eq!(gateway.send(&gateway.any()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_backend_that_is_down_makes_the_service_unavailable() {
    let (gateway, reply) = under(Conditions { backend_up: false, ..fair() }).await;
    assert_eq!(reply.status, StatusCode::SERVICE_UNAVAILABLE);
    gateway.handler.conditions().set(fair());
    assert_eq!(gateway.send(&gateway.any()).await.status, StatusCode::OK);
}

#[tokio::test]
async fn queued_work_is_done_and_its_result_not_told() {
    let (gateway, reply) = under(Conditions { asynchronous: true, ..fair() }).await;
    assert_eq!(reply.status, StatusCode::ACCEPTED);
    assert!(reply.json().get("payload").is_none());
    let id = "v1.0~a.p.enablement.write.v1.0";
    let pair = json!({"vendor_tenant_id": "org-1000", "acronis_tenant_id": "t"});
    assert_eq!(gateway.send(&gateway.callback(id, id, pair.clone())).await.status.as_u16(), 202);
    gateway.handler.conditions().set(fair());
    assert_eq!(gateway.send(&gateway.any()).await.json()["payload"], pair);
}

#[tokio::test]
async fn a_mute_handler_takes_the_request_and_never_answers() {
    let gateway = Gateway::new().await;
    gateway.handler.conditions().set(Conditions { mute: true, ..fair() });
    let call = gateway.any();
    assert!(timeout(Duration::from_millis(50), gateway.send(&call)).await.is_err());
    assert_eq!(gateway.send(&control(Method::PUT, json!({}))).await.status, StatusCode::OK);
    assert_eq!(gateway.send(&call).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_slow_handler_answers_after_its_latency() {
    let gateway = Gateway::new().await;
    let slow = Conditions { latency_ms: 60_000, ..fair() };
    gateway.handler.conditions().set(slow);
    let call = gateway.any();
    assert!(timeout(Duration::from_millis(50), gateway.send(&call)).await.is_err());
    gateway.handler.conditions().set(Conditions { latency_ms: 1, ..fair() });
    assert_eq!(gateway.send(&call).await.status, StatusCode::OK);
}

#[tokio::test]
async fn conditions_are_set_and_shown_over_http() {
    let gateway = Gateway::new().await;
    let reply = gateway.send(&control(Method::PUT, json!({"retired": true}))).await;
    assert_eq!((reply.status, &reply.json()["retired"]), (StatusCode::OK, &json!(true)));
    assert_eq!(gateway.handler.conditions().get(), Conditions { retired: true, ..fair() });
    assert_eq!(gateway.send(&control(Method::GET, json!({}))).await.json()["retired"], true);
    let wrong = gateway.send(&control(Method::PUT, json!({"retried": true}))).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    let other = Callback { path: "/sandbox/other".into(), ..control(Method::GET, json!({})) };
    assert_eq!(gateway.send(&other).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_stopped_handler_frees_its_port_and_closes_its_connections() {
    let gateway = Gateway::new().await;
    let address = gateway.handler.address();
    let open = connect(address).await.unwrap();
    gateway.handler.stop().await;
    assert!(connect(address).await.is_err());
    open.readable().await.unwrap();
    assert!(matches!(open.try_read(&mut [0; 1]), Ok(0) | Err(_)));
}

#[tokio::test]
async fn settings_that_do_not_fit_together_are_refused() {
    let start = async |change: fn(&mut Settings)| {
        let mut settings = Settings::example("http://127.0.0.1:1/keys", "e");
        change(&mut settings);
        CallbackHandler::start(settings).await.unwrap_err()
    };
    let error = start(|s| s.address = "192.0.2.1:0".parse().unwrap()).await;
    assert!(matches!(error, StartError::NotLoopback(_)), "{error}");
    let error = start(|s| s.jwks_url = "https://acronis.cloud/keys".into()).await;
    assert!(matches!(error, StartError::JwksUrl(_)), "{error}");
    let account = |org: &str| {
        let (identity, password) = ("i".to_owned(), "p".to_owned());
        Account { identity, password, org: org.to_owned() }
    };
    assert!(!format!("{:?}", account("o")).contains("\"p\""));
    let error = start(|s| s.accounts[0].org = "org-1001".into()).await;
    assert!(
        matches!(error, StartError::UnknownPartner { .. }),
        "a customer is no partner: {error}"
    );
    let error =
        start(|s| s.partners[0].customers.push(Organization::new("org-1000", "Twin"))).await;
    assert!(matches!(error, StartError::SameId(_)), "{error}");
}

#[test]
fn it_works_on_a_runtime_of_either_kind() {
    for mut builder in
        [tokio::runtime::Builder::new_current_thread(), tokio::runtime::Builder::new_multi_thread()]
    {
        let runtime = builder.enable_all().build().unwrap();
        let status = runtime.block_on(async {
            let gateway = Gateway::new().await;
            gateway.send(&gateway.any()).await.status
        });
        assert_eq!(status, StatusCode::OK);
    }
}
