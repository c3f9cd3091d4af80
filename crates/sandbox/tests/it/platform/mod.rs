//! The Acronis platform API, played without sockets.

mod services;
mod tenancy;
mod tokens;
mod users;
mod walks;
mod wrong;

use crate::kit::{Player, assert_all_reached, step};
use candor_sandbox::platform::AcronisPlatform;
use candor_sandbox::reach::Step;
use candor_sandbox::stage::Reply;
use serde_json::{Value, json};

const DOCUMENTED: &str = include_str!("../../../../../contracts/documented/acronis-platform.tsv");
const LITERALS: &str = include_str!("../literals/acronis-platform.tsv");

/// Ids of the founded world, as scenes have them.
mod ids {
    pub(super) const PARTNER: &str = "00000000-0000-4000-8000-000000000001";
    pub(super) const CUSTOMER: &str = "00000000-0000-4000-8000-000000000010";
    pub(super) const UNIT: &str = "00000000-0000-4000-8000-000000000011";
    pub(super) const UNIT_2: &str = "00000000-0000-4000-8000-000000000012";
    pub(super) const CUSTOMER_2: &str = "00000000-0000-4000-8000-000000000020";
    pub(super) const FOLDER: &str = "00000000-0000-4000-8000-000000000030";
    pub(super) const SECLUDED: &str = "00000000-0000-4000-8000-000000000031";
    pub(super) const DISABLED: &str = "00000000-0000-4000-8000-000000000040";
    pub(super) const DORMANT: &str = "00000000-0000-4000-8000-000000000050";
    pub(super) const LOCKED: &str = "00000000-0000-4000-8000-000000000060";
    pub(super) const RESELLER: &str = "00000000-0000-4000-8000-000000000070";
    pub(super) const NORTH: &str = "00000000-0000-4000-8000-000000000071";
    pub(super) const RESOLD: &str = "00000000-0000-4000-8000-000000000072";
    pub(super) const STRANGER: &str = "00000000-0000-4000-8000-000000000090";
    pub(super) const CLIENT: &str = "00000000-0000-4000-8000-00000000c001";
    pub(super) const NORA: &str = "00000000-0000-4000-8000-00000000a001";
    pub(super) const JUNE: &str = "00000000-0000-4000-8000-00000000a010";
    pub(super) const JUNE_2: &str = "00000000-0000-4000-8000-00000000a011";
    pub(super) const OMAR: &str = "00000000-0000-4000-8000-00000000a012";
    pub(super) const DORA: &str = "00000000-0000-4000-8000-00000000a013";
    pub(super) const GUEST: &str = "00000000-0000-4000-8000-00000000a014";
    pub(super) const HANK: &str = "00000000-0000-4000-8000-00000000a020";
    pub(super) const NOBODY: &str = "00000000-0000-4000-8000-00000000ffff";
}

/// Plays the platform.
struct Platform(Player<AcronisPlatform>);

impl Platform {
    fn new() -> Self {
        Self(Player::new())
    }

    fn send(&self, step: &Step) -> Reply {
        self.0.send(step)
    }

    /// The answer to a request that succeeds.
    fn ok(&self, step: &Step) -> Value {
        let reply = self.send(step);
        let body = String::from_utf8_lossy(&reply.body).into_owned();
        assert!(reply.status.is_success(), "{step:?}: {} {body}", reply.status);
        serde_json::from_slice(&reply.body).unwrap_or(Value::Null)
    }

    /// The row that a request is refused by.
    fn row(&self, step: &Step) -> &'static str {
        self.send(step).row.unwrap_or("none")
    }

    fn later(&self, seconds: i64) {
        self.send(&control("PUT", "/sandbox/clock", &json!({ "advance_seconds": seconds })));
    }
}

fn get(path: &str) -> Step {
    by("sandbox-token", "GET", path, &Value::Null)
}

fn post(path: &str, body: &Value) -> Step {
    by("sandbox-token", "POST", path, body)
}

fn put(path: &str, body: &Value) -> Step {
    by("sandbox-token", "PUT", path, body)
}

fn delete(path: &str) -> Step {
    by("sandbox-token", "DELETE", path, &Value::Null)
}

/// A request with somebody's token, below `/api/2`.
fn by(token: &str, method: &str, path: &str, body: &Value) -> Step {
    let bearer = format!("Bearer {token}");
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    step(method, &format!("/api/2{path}"), &headers, &body)
}

fn form(path: &str, fields: &str) -> Step {
    step("POST", path, &[("Content-Type", "application/x-www-form-urlencoded")], fields)
}

fn control(method: &str, path: &str, body: &Value) -> Step {
    step(method, path, &[("Content-Type", "application/json")], &body.to_string())
}

#[test]
fn each_documented_row_is_reached_through_state() {
    assert_all_reached::<AcronisPlatform>(DOCUMENTED, LITERALS);
}
