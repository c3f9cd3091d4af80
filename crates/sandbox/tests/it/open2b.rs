//! The Open2b API, played without sockets.

mod access;
mod finding;
mod selling;
mod walk;
mod wire;
mod worlds;
mod wrong;

use crate::kit::{Player, assert_all_reached, step};
use candor_sandbox::open2b::Open2b;
use candor_sandbox::reach::Step;
use candor_sandbox::stage::Reply;
use serde_json::{Value, json};

const DOCUMENTED: &str = include_str!("../../../../contracts/documented/open2b.tsv");
const LITERALS: &str = include_str!("literals/open2b.tsv");

const CONNECTOR: &str = "PrivateKeyOfTheConnector00000001";
const STOREFRONT: &str = "PublicKeyOfTheStorefront00000001";
const COURIER: &str = "PrivateKeyOfTheCourierApp0000001";

#[test]
fn each_documented_row_is_reached_through_state() {
    assert_all_reached::<Open2b>(DOCUMENTED, LITERALS);
}

/// A store, and an app that calls it with a key.
struct Shop {
    player: Player<Open2b>,
    key: &'static str,
}

impl Shop {
    fn new() -> Self {
        Self::with(CONNECTOR)
    }

    fn with(key: &'static str) -> Self {
        Self { player: Player::new(), key }
    }

    fn send(&self, step: &Step) -> Reply {
        self.player.send(step)
    }

    /// What a method answers.
    fn call(&self, method: &str, request: &Value) -> Value {
        let reply = self.send(&request_of(self.key, method, request));
        serde_json::from_slice(&reply.body).unwrap_or_else(|_| panic!("{method}: {reply:?}"))
    }

    /// What a method answers where it is done.
    fn done(&self, method: &str, request: &Value) -> Value {
        let answer = self.call(method, request);
        assert_eq!(answer["status"], "ok", "{method} {request}: {answer}");
        answer
    }

    /// The field and the type of the error that a method answers.
    fn wrong(&self, method: &str, request: &Value) -> (String, String) {
        let answer = self.call(method, request);
        assert_eq!(answer["status"], "error", "{method} {request}: {answer}");
        let text = |name: &str| answer["error"][name].as_str().unwrap().to_owned();
        (text("field"), text("type"))
    }

    /// The ids that are found.
    fn ids(&self, method: &str, request: &Value) -> Vec<u64> {
        let answer = self.done(method, request);
        let (_, found) =
            answer.as_object().unwrap().iter().find(|(name, _)| *name != "status").unwrap();
        found.as_array().unwrap().iter().map(|one| one["id"].as_u64().unwrap()).collect()
    }

    fn control(&self, method: &str, what: &str, body: &Value) -> Value {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let reply = self.send(&step(method, &format!("/sandbox/{what}"), &[], &body));
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        serde_json::from_slice(&reply.body).unwrap()
    }

    fn patch(&self, state: &Value) {
        self.control("PATCH", "world", &json!({ "state": state }));
    }

    fn advance(&self, seconds: i64) {
        self.control("PUT", "clock", &json!({ "advance_seconds": seconds }));
    }

    /// How many of an item there are.
    fn stock(&self, sku: &str) -> Value {
        let item = self.done("commerce.items.get", &json!({ "sku": sku }));
        item["item"]["quantity"].clone()
    }
}

fn request_of(key: &str, method: &str, request: &Value) -> Step {
    let headers = [("X-Key", key), ("Content-Type", "application/json")];
    step("POST", &format!("/api/v13/{method}"), &headers, &request.to_string())
}

fn error(field: &str, kind: &str) -> (String, String) {
    (field.to_owned(), kind.to_owned())
}

fn invalid(field: &str) -> (String, String) {
    error(field, "InvalidValue")
}
