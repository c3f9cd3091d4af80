//! Walks through the API, by calls that are right, wrong, and out of place.

use super::*;
use crate::kit::laws::Walk;
use candor_sandbox::backup::State;
use candor_sandbox::backup::state::Source;
use proptest::prelude::*;
use proptest::sample::select;

/// What time brings, and what is counted.
fn forget(state: &mut State) {
    state.limits.clear();
    state.backups.retain(|_, backup| backup.source != Source::Schedule);
    state.policies.values_mut().for_each(|policy| policy.next_run = None);
}

#[test]
fn no_walk_leaves_the_rules() {
    Walk::<AtlassianBackup> { cases: 64, calls: 40, forget }.holds(calls());
}

/// Ids of all kinds, known and unknown; those that the first calls of a world make are fixed too,
/// but which they are is not worth knowing.
fn some_id() -> impl Strategy<Value = String> {
    let known: Vec<String> = (2..=9).flat_map(|kind| (1..=6).map(move |n| id(kind, n))).collect();
    prop_oneof![12 => select(known), 1 => "[ -~]{0,12}", 1 => Just("a\u{0}é".to_owned())]
}

fn id_of(kind: u8, most: u8) -> impl Strategy<Value = String> {
    prop_oneof![6 => (1..=most).prop_map(move |n| id(kind, n)), 1 => some_id()]
}

fn product() -> impl Strategy<Value = Value> {
    select(vec![json!("JIRA"), json!("CONFLUENCE"), json!("jira"), json!(1)])
}

fn schedule() -> impl Strategy<Value = Value> {
    let interval = select(vec!["ONCE", "WEEKLY", "MONTHLY", "DAILY", "NEVER"]);
    let start =
        select(vec![Value::Null, json!("2026-01-03"), json!("2026-02-01T00:00:00Z"), json!("x")]);
    let whole = (interval, start)
        .prop_map(|(interval, start)| json!({ "interval": interval, "startDate": start }));
    prop_oneof![4 => whole, 1 => Just(Value::Null), 1 => any::<bool>().prop_map(Value::from)]
}

fn post(path: &'static str, body: impl Strategy<Value = Value>) -> impl Strategy<Value = Step> {
    body.prop_map(move |body| request("POST", path, &body.to_string()))
}

fn policies() -> impl Strategy<Value = Step> {
    let new = (id_of(2, 6), product(), schedule()).prop_map(|(site, product, schedule)| {
        json!({ "policyName": "P", "cloudId": site, "productType": product, "scheduleDetails": schedule })
    });
    let change = (id_of(3, 5), schedule(), id_of(8, 1)).prop_map(|(policy, schedule, storage)| {
        let body = json!({ "scheduleDetails": schedule, "storageId": storage });
        request("PUT", &format!("/policies/{}", encoded(&policy)), &body.to_string())
    });
    let activate = (id_of(3, 5), 0..6_u8).prop_map(|(policy, who)| {
        let path = format!("/policies/{}/activate", encoded(&policy));
        let account = account(who);
        with("PUT", &path, &[("Authorization", ADA), ("X-Atl-Account-Id", &account)], "")
    });
    prop_oneof![post("/policies", new), change, activate]
}

fn jobs() -> impl Strategy<Value = Step> {
    let backup = id_of(3, 5).prop_map(|policy| json!({ "policyId": policy }));
    let restore = (id_of(4, 7), id_of(2, 6))
        .prop_map(|(backup, site)| json!({ "backupId": backup, "cloudId": site }));
    let export = (id_of(4, 7), id_of(8, 1))
        .prop_map(|(backup, storage)| json!({ "backupId": backup, "storageId": storage }));
    let import = id_of(4, 7).prop_map(|backup| json!({ "backupId": backup }));
    let revalidate = id_of(5, 3)
        .prop_map(|id| request("POST", &format!("/restores/{}/revalidate", encoded(&id)), ""));
    prop_oneof![
        post("/backups", backup),
        post("/restores", restore),
        post("/exports", export),
        post("/imports", import),
        revalidate
    ]
}

fn storages() -> impl Strategy<Value = Step> {
    let bucket = select(vec!["acme-archive", "acme-backups", "other", "X"]);
    let body = (
        bucket,
        select(vec!["eu-west-1", "us-east-1", "x"]),
        select(vec!["jira", "atlassian"]),
        id_of(2, 6),
    );
    post("/storages", body.prop_map(|(name, region, prefix, site)| {
        json!({
            "storageName": name, "storageRegion": region, "storagePrefix": prefix, "storageType": "aws",
            "roleIdentifier": "arn:aws:iam::123456789012:role/atlassian-backup",
            "principalTag": "acme-backup", "cloudId": site,
        })
    }))
}

fn reads() -> impl Strategy<Value = Step> {
    let what = select(vec!["policies", "backups", "restores", "exports", "imports", "storages"]);
    let query =
        select(vec!["", "?pageSize=2&start=1", "?sortOrder=ASC", "?cloudId=x", "?backupDetails"]);
    let list = (what.clone(), query.clone())
        .prop_map(|(what, query)| request("GET", &format!("/{what}{query}"), ""));
    let one = (what, some_id(), query).prop_map(|(what, id, query)| {
        request("GET", &format!("/{what}/{}{query}", encoded(&id)), "")
    });
    let job = prop_oneof![
        id_of(6, 3).prop_map(|id| ("exports", id)),
        id_of(7, 2).prop_map(|id| ("imports", id)),
    ];
    let site = (job, some_id()).prop_map(|((what, id), site)| {
        request("GET", &format!("/{what}/{}?cloudId={}", encoded(&id), encoded(&site)), "")
    });
    let report = id_of(9, 3).prop_map(|id| {
        request("GET", &format!("/migrations/{}/post-operation-report", encoded(&id)), "")
    });
    prop_oneof![2 => list, 3 => one, 2 => site, 1 => report]
}

/// Anything at all, to any path.
fn noise() -> impl Strategy<Value = Step> {
    let method = select(vec!["GET", "POST", "PUT", "DELETE", "HEAD"]);
    let who = select(vec![ADA, BEN, DAN, "Bearer x", ""]);
    let path = select(vec![
        "/policies",
        "/backups",
        "/restores",
        "/storages/regions",
        "/",
        "/x/y/z",
        "//",
    ]);
    let body = prop_oneof!["\\PC{0,40}", Just("{\"cloudId\":{\"a\":[1,2]}}".to_owned())];
    (method, who, path, body).prop_map(|(method, who, path, body)| {
        with(method, path, &[("Authorization", who), JSON], &body)
    })
}

fn controls() -> impl Strategy<Value = Step> {
    let seconds = select(vec![1, 60, 3_600, 86_400, 8 * 86_400, 31 * 86_400, -3_600]);
    seconds.prop_map(|seconds| {
        let body = json!({ "advance_seconds": seconds }).to_string();
        step("PUT", "/sandbox/clock", &[], &body)
    })
}

fn calls() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => policies(),
        6 => jobs(),
        1 => storages(),
        3 => reads(),
        1 => noise(),
        3 => controls(),
    ]
}

/// A segment of a path, each byte of it that is not plain as `%XX`.
fn encoded(segment: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(byte);
    segment
        .bytes()
        .map(
            |byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") },
        )
        .collect()
}
