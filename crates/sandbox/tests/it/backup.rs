//! The Atlassian backup management API, played without sockets.

mod life;
mod limits;
mod lists;
mod refused;
mod walk;
mod worlds;

use crate::kit::{Player, assert_all_reached, step};
use candor_sandbox::backup::AtlassianBackup;
use candor_sandbox::reach::Step;
use candor_sandbox::stage::Reply;
use serde_json::{Value, json};

const DOCUMENTED: &str = include_str!("../../../../contracts/documented/atlassian-backup.tsv");
const LITERALS: &str = include_str!("literals/atlassian-backup.tsv");

const BASE: &str = "/public/backup-management/v2";
const ADA: &str = "Basic YWRhQGV4YW1wbGUuY29tOmFkYS10b2tlbg==";
const BEN: &str = "Basic YmVuQGV4YW1wbGUuY29tOmJlbi10b2tlbg==";
const DAN: &str = "Basic ZGFuQGV4YW1wbGUuY29tOmRhbi10b2tlbg==";
const JSON: (&str, &str) = ("Content-Type", "application/json");
/// An hour and a day in seconds.
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

#[test]
fn each_documented_row_is_reached_through_state() {
    assert_all_reached::<AtlassianBackup>(DOCUMENTED, LITERALS);
}

/// An id of the first world: 1 organizations, 2 sites, 3 policies, and so on.
fn id(kind: u8, number: u8) -> String {
    format!("{kind}0000000-0000-4000-8000-{number:012}")
}

fn account(number: u8) -> String {
    format!("712020:{}", id(0, number))
}

/// A request of Ada's in the first organization.
fn request(method: &str, path: &str, body: &str) -> Step {
    with(method, path, &[("Authorization", ADA), JSON], body)
}

fn with(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Step {
    step(method, &format!("{BASE}/orgs/{}{path}", id(1, 1)), headers, body)
}

/// The API, with Ada as its caller.
struct Play(Player<AtlassianBackup>);

impl Play {
    fn new() -> Self {
        Self(Player::new())
    }

    fn send(&self, step: &Step) -> Reply {
        self.0.send(step)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let reply = self.send(&request(method, path, &body));
        let shown = serde_json::from_slice(&reply.body).unwrap_or_default();
        (reply.status.as_u16(), shown)
    }

    fn get(&self, path: &str) -> (u16, Value) {
        self.call("GET", path, &Value::Null)
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.call("POST", path, body)
    }

    fn put(&self, path: &str, body: &Value) -> (u16, Value) {
        self.call("PUT", path, body)
    }

    fn control(&self, method: &str, what: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let reply = self.send(&step(method, &format!("/sandbox/{what}"), &[], &body));
        (reply.status.as_u16(), serde_json::from_slice(&reply.body).unwrap())
    }

    fn wait(&self, seconds: i64) {
        assert_eq!(self.control("PUT", "clock", &json!({ "advance_seconds": seconds })).0, 200);
    }

    fn change(&self, patch: &Value) {
        let (status, answer) = self.control("PATCH", "world", patch);
        assert_eq!(status, 200, "{answer}");
    }

    fn activate(&self, policy: &str, headers: &[(&str, &str)]) -> (u16, Value) {
        let path = format!("/policies/{policy}/activate");
        let headers = [&[("Authorization", ADA)], headers].concat();
        let reply = self.send(&with("PUT", &path, &headers, ""));
        (reply.status.as_u16(), serde_json::from_slice(&reply.body).unwrap())
    }
}

/// The text at a pointer.
fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}
