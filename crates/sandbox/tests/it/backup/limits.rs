//! How often an operation may be called, and by whom.

use super::*;

fn by(who: &str, method: &str, path: &str, body: &str) -> Step {
    with(method, path, &[("Authorization", who), JSON], body)
}

#[test]
fn restores_are_limited_by_user() {
    let play = Play::new();
    let path = "/restores";
    for _ in 0..5 {
        assert_eq!(play.send(&by(ADA, "POST", path, "{}")).status.as_u16(), 400);
    }
    play.wait(17);
    let reply = play.send(&by(ADA, "POST", path, "{}"));
    assert_eq!(
        (reply.status.as_u16(), &reply.headers["retry-after"]),
        (429, &"43".parse().unwrap())
    );
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    assert!(body.get("errorCode").is_none());
    assert_eq!(play.send(&by(DAN, "POST", path, "{}")).status.as_u16(), 400);
    let other = format!("/restores/{}/revalidate", id(5, 1));
    assert_eq!(play.send(&by(ADA, "POST", &other, "")).status.as_u16(), 409, "a limit of its own");
    play.wait(43);
    assert_eq!(play.send(&by(ADA, "POST", path, "{}")).status.as_u16(), 400);
}

#[test]
fn policies_storages_and_imports_are_limited_by_organization() {
    let policy = format!("/policies/{}", id(3, 1));
    for (method, path) in [
        ("POST", "/policies"),
        ("PUT", policy.as_str()),
        ("POST", "/storages"),
        ("POST", "/imports"),
        ("POST", "/exports"),
    ] {
        let play = Play::new();
        for call in 0..10 {
            let who = if call % 2 == 0 { ADA } else { DAN };
            assert_eq!(play.send(&by(who, method, path, "{}")).status.as_u16(), 400, "{path}");
        }
        assert_eq!(play.send(&by(DAN, method, path, "{}")).status.as_u16(), 429, "{path}");
    }
}

#[test]
fn strangers_use_up_no_limit() {
    let play = Play::new();
    for _ in 0..150 {
        assert_eq!(play.send(&by("Basic e30=", "GET", "/policies", "")).status.as_u16(), 401);
        assert_eq!(play.send(&by(BEN, "GET", "/policies", "")).status.as_u16(), 403);
    }
    assert_eq!(play.get("/policies").0, 200);
}

#[test]
fn a_clock_that_is_set_back_begins_a_new_minute() {
    let play = Play::new();
    for _ in 0..6 {
        play.post("/restores", &json!({}));
    }
    play.wait(-30);
    assert_eq!(play.post("/restores", &json!({})).0, 400);
}
