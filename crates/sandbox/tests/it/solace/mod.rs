//! The Solace PubSub+ Cloud REST API, played without sockets.

mod life;
mod limits;
mod operations;
mod walk;
mod wrong;

use crate::kit::{Player, assert_all_reached, step};
use candor_sandbox::reach::Step;
use candor_sandbox::solace::SolaceCloud;
use candor_sandbox::stage::Reply;
use serde_json::{Value, json};

const DOCUMENTED: &str = include_str!("../../../../../contracts/documented/solace-cloud.tsv");
const LITERALS: &str = include_str!("../literals/solace-cloud.tsv");

const SERVICES: &str = "/api/v2/missionControl/eventBrokerServices";
const PLATFORM: &str = "/api/v2/platform";

#[test]
fn each_documented_row_is_reached_through_state() {
    assert_all_reached::<SolaceCloud>(DOCUMENTED, LITERALS);
}

/// A call with a token.
fn call(token: &str, method: &str, path: &str, body: &str) -> Step {
    let bearer = format!("Bearer {token}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let sent = if body.is_empty() { &headers[..1] } else { &headers[..] };
    step(method, path, sent, body)
}

/// An answer as tests look at it.
struct Seen {
    status: u16,
    headers: http::HeaderMap,
    body: Value,
}

impl From<Reply> for Seen {
    fn from(reply: Reply) -> Self {
        let body = serde_json::from_slice(&reply.body).unwrap_or_default();
        Self { status: reply.status.as_u16(), headers: reply.headers, body }
    }
}

impl Seen {
    /// The text at a pointer.
    fn text(&self, pointer: &str) -> &str {
        let value = self.body.pointer(pointer);
        value.and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer} in {}", self.body))
    }
}

/// The account, called with the administrator's token.
struct Account(Player<SolaceCloud>);

impl Account {
    fn new() -> Self {
        Self(Player::new())
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Seen {
        self.send_as("admin-token", method, path, body)
    }

    fn send_as(&self, token: &str, method: &str, path: &str, body: &Value) -> Seen {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.0.send(&call(token, method, path, &body)).into()
    }

    fn get(&self, path: &str) -> Seen {
        self.send("GET", path, &Value::Null)
    }

    /// Changes the world by a merge patch of its state.
    fn patch(&self, state: &Value) {
        let seen = self.control("PATCH", "world", &json!({ "state": state }));
        assert_eq!(seen.status, 200, "{}", seen.body);
    }

    fn pass(&self, seconds: i64) {
        let seen = self.control("PUT", "clock", &json!({ "advance_seconds": seconds }));
        assert_eq!(seen.status, 200);
    }

    fn control(&self, method: &str, what: &str, body: &Value) -> Seen {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let path = format!("/sandbox/{what}");
        self.0.send(&step(method, &path, &[("Content-Type", "application/json")], &body)).into()
    }
}

fn shipping() -> Value {
    json!({ "name": "Shipping", "serviceClassId": "DEVELOPER", "datacenterId": "eks-us-east-1a" })
}

/// A certificate and a key in their frames.
fn pem() -> Value {
    let framed =
        |label: &str| format!("-----BEGIN {label}-----\nAQIDBA==\n-----END {label}-----\n");
    json!({ "certificate": framed("CERTIFICATE"), "privateKey": framed("PRIVATE KEY") })
}
