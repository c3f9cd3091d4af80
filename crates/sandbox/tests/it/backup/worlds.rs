//! Weather, worlds that are kept and changed, and bounds.

use super::*;
use candor_sandbox::backup::state::{KEPT, Source};

#[test]
fn nothing_changes_while_nothing_can_be_stored() {
    let play = Play::new();
    play.control("PUT", "conditions", &json!({ "store_offline": true }));
    assert_eq!(play.get("/policies").0, 200);
    assert_eq!(play.post("/backups", &json!({ "policyId": id(3, 4) })).0, 500);
    assert_eq!(
        play.post("/backups", &json!({ "policyId": id(3, 1) })).0,
        409,
        "refused by a rule first"
    );
    assert_eq!(play.activate(&id(3, 3), &[("X-Atl-Account-Id", &account(1))]).0, 500);
    play.wait(5 * DAY);
    play.get("/policies");
    let scheduled = |play: &Play| {
        let state = &play.0.0.world().state;
        state.backups.values().filter(|backup| backup.source == Source::Schedule).count()
    };
    assert_eq!(scheduled(&play), 0, "not even by schedule");
    play.control("PUT", "conditions", &json!({}));
    play.get("/policies");
    assert_eq!(scheduled(&play), 1);
    assert_eq!(play.post("/backups", &json!({ "policyId": id(3, 4) })).0, 202);
}

#[test]
fn only_reads_are_given_up_and_a_maintenance_ends() {
    let play = Play::new();
    play.control("PUT", "conditions", &json!({ "latency_ms": 20, "time_limit_ms": 10 }));
    assert_eq!(play.get("/policies").0, 504);
    assert_eq!(play.post("/backups", &json!({ "policyId": id(3, 4) })).0, 202);
    play.control("PUT", "conditions", &json!({ "maintenance": true, "maintenance_seconds": 60 }));
    let (status, body) = play.get("/policies");
    assert_eq!((status, body.get("errorCode")), (503, None));
    play.wait(60);
    assert_eq!(play.get("/policies").0, 200);
}

#[test]
fn a_kept_world_goes_on_where_it_was() {
    let play = Play::new();
    play.activate(&id(3, 3), &[("X-Atl-Account-Id", &account(1))]);
    play.post("/restores", &json!({ "backupId": id(4, 1), "cloudId": id(2, 3) }));
    play.wait(HOUR);
    play.get("/policies");
    let (_, kept) = play.control("GET", "world", &Value::Null);
    let list = play.get("/restores");

    let other = Play::new();
    assert_eq!(other.control("PUT", "world", &kept), (200, kept));
    assert_eq!(other.get("/restores"), list);
}

#[test]
fn a_world_that_no_rule_leads_to_is_refused() {
    let play = Play::new();
    let (_, before) = play.control("GET", "world", &Value::Null);
    let wrong = [
        json!({ "policies": { id(3, 1): { "cloud_id": "nowhere" } } }),
        json!({ "policies": { id(3, 2): { "product": "JIRA" } } }),
        json!({ "policies": { id(3, 3): { "next_run": "2026-01-01T00:00:00Z" } } }),
        json!({ "policies": { id(3, 1): { "storage_id": id(8, 9) } } }),
        json!({ "policies": { id(3, 1): { "schedule": { "interval": "DAILY" } } } }),
        json!({ "storages": { id(8, 1): { "org": id(1, 2) } } }),
        json!({ "sites": { id(2, 1): { "org": "nobody" } } }),
        json!({ "restores": { id(5, 3): { "job": { "ends_at": "2020-01-01T00:00:00Z" } } } }),
        json!({ "restores": { id(5, 3): { "migration_id": id(9, 1) } } }),
        json!({ "backups": { id(4, 2): { "job": { "ends_at": "2026-01-01T00:00:00Z" } } } }),
        json!({ "users": { account(2): { "email": "ADA@example.com" } } }),
        json!({ "durations": { "backup": 2_592_000 } }),
        json!({ "surprise": true }),
    ];
    for patch in wrong {
        let (status, _) = play.control("PATCH", "world", &json!({ "state": patch }));
        assert_eq!(status, 400, "{patch}");
    }
    assert_eq!(play.control("GET", "world", &Value::Null).1, before);
}

#[test]
fn the_oldest_backups_are_forgotten_and_those_of_use_are_kept() {
    let play = Play::new();
    let body = json!({ "policyId": id(3, 4) });
    for _ in 0..KEPT + 20 {
        assert_eq!(play.post("/backups", &body).0, 202);
        play.wait(2 * HOUR - 600);
    }
    assert_eq!(play.0.0.world().state.backups.len(), KEPT);
    let (_, policy) = play.get(&format!("/policies/{}?backupDetails", id(3, 1)));
    let left = policy["details"]["backupDetails"]["totalAvailableBackups"].as_u64().unwrap();
    assert!(left >= 2, "failed backups pushed out good ones: {left}");
}

#[test]
fn jobs_take_as_long_as_the_world_says() {
    let play = Play::new();
    play.change(&json!({ "state": { "durations": { "queue": 0, "backup": 0 } } }));
    let (_, made) = play.post("/backups", &json!({ "policyId": id(3, 4) }));
    assert_eq!(text(&made, "/status"), "FAILED");
}
