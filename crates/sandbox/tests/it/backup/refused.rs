//! Wrong input of all kinds, each with the answer that the document has for it.

use super::*;
use crate::kit::laws::assert_refused;

/// What is wrong, the request, and the row that refuses it.
type Input = (&'static str, Step, &'static str);

#[test]
fn a_body_that_is_wrong_is_refused() {
    assert_refused::<AtlassianBackup>(&[forms(), members(), schedules(), changes()].concat());
}

#[test]
fn a_request_that_is_wrong_is_refused() {
    assert_refused::<AtlassianBackup>(&[callers(), paths(), queries(), accounts()].concat());
}

#[test]
fn work_that_cannot_be_done_is_refused() {
    assert_refused::<AtlassianBackup>(&[restores(), transfers(), storages()].concat());
}

fn read(path: &str) -> Step {
    request("GET", path, "")
}

fn post(path: &str, body: &Value) -> Step {
    request("POST", path, &body.to_string())
}

fn typed(media: &str, body: &str) -> Step {
    with("POST", "/policies", &[("Authorization", ADA), ("Content-Type", media)], body)
}

/// A new policy with one member more, or another value in it.
fn made(member: &str, value: impl Into<Value>) -> Step {
    let mut body = json!({ "policyName": "Test", "cloudId": id(2, 3), "productType": "JIRA" });
    body[member] = value.into();
    post("/policies", &body)
}

fn forms() -> Vec<Input> {
    let sent = |body: &str| request("POST", "/policies", body);
    let deep = format!("{{\"a\":{}1{}}}", "{\"a\":".repeat(300), "}".repeat(300));
    let untyped = with("POST", "/policies", &[("Authorization", ADA)], "{}");
    vec![
        ("no body", sent(""), "400"),
        ("half an object", sent("{\"policyName\":"), "400"),
        ("a list", sent("[]"), "400"),
        ("a text", sent("\"policy\""), "400"),
        ("null", sent("null"), "400"),
        ("nested brackets", sent(&"[".repeat(500)), "400"),
        ("nested objects", sent(&deep), "400"),
        ("a member twice", sent("{\"policyName\":\"A\",\"policyName\":\"B\"}"), "400"),
        ("a comment", sent("{} // no"), "400"),
        ("more than is read", made("policyName", "a".repeat(2 << 20)), "400"),
        ("no media type", untyped, "400"),
        ("a form", typed("application/x-www-form-urlencoded", "policyName=A"), "400"),
        ("XML", typed("text/xml", "{}"), "400"),
        ("nothing required", sent("{}"), "400"),
    ]
}

fn members() -> Vec<Input> {
    vec![
        ("an unknown member", made("colour", "red"), "400"),
        ("a member like a wording", made("JIRA is not present in cloud site x", 1), "400"),
        ("a number for a name", made("policyName", 7), "400"),
        ("a blank name", made("policyName", "  "), "400"),
        ("NUL in a name", made("policyName", "a\u{0}b"), "400"),
        ("a very long name", made("policyName", "é".repeat(256)), "400"),
        ("null for what is required", made("cloudId", Value::Null), "400"),
        ("a blank site", made("cloudId", ""), "400"),
        ("a site with blanks", made("cloudId", "a b"), "400"),
        ("a very long site", made("cloudId", "a".repeat(10_000)), "400"),
        ("an unknown site", made("cloudId", "nowhere"), "404"),
        ("another's site", made("cloudId", id(2, 6)), "404"),
        ("an unknown product", made("productType", "TRELLO"), "400"),
        ("a product in small letters", made("productType", "jira"), "400"),
        ("a product as an object", made("productType", json!({ "JIRA": null })), "400"),
        ("a text for a flag", made("includeAttachments", "yes"), "400"),
        ("a number for a flag", made("includeAttachments", 1e308), "400"),
        ("an unknown storage", made("storageId", "none"), "129"),
        ("another site's storage", made("storageId", id(8, 1)), "422"),
    ]
}

fn schedules() -> Vec<Input> {
    let scheduled = |schedule: Value| made("scheduleDetails", schedule);
    let from = |date: &str| scheduled(json!({ "interval": "ONCE", "startDate": date }));
    let once = |member: &str, value: &str| scheduled(json!({ "interval": "ONCE", member: value }));
    vec![
        ("a schedule as a text", scheduled(json!("WEEKLY")), "400"),
        ("a schedule without an interval", scheduled(json!({})), "400"),
        ("an unknown interval", scheduled(json!({ "interval": "HOURLY" })), "400"),
        ("an interval as a number", scheduled(json!({ "interval": 7 })), "400"),
        ("a schedule for each day", scheduled(json!({ "interval": "DAILY" })), "422"),
        ("a date that is none", from("soon"), "400"),
        ("a day that is not in the calendar", from("2026-02-30"), "400"),
        ("a date in the past", from("2020-01-01"), "422"),
        ("a date far ahead", from("2999-12-31"), "422"),
        ("a date beyond the calendar", from("99999-12-31"), "400"),
        ("a slot that is none", once("scheduleSlot", "25:00"), "400"),
        ("an unknown member of a schedule", once("cron", "* * * * *"), "400"),
    ]
}

fn changes() -> Vec<Input> {
    let change = |path: &str, body: Value| request("PUT", path, &body.to_string());
    let path = format!("/policies/{}", id(3, 1));
    vec![
        ("nothing to change", change(&path, json!({})), "400"),
        ("what cannot be changed", change(&path, json!({ "cloudId": id(2, 2) })), "400"),
        ("an unknown policy", change("/policies/none", json!({ "policyName": "A" })), "404"),
        (
            "another's policy",
            change(&format!("/policies/{}", id(3, 5)), json!({ "policyName": "A" })),
            "404",
        ),
        ("a storage that is not there", change(&path, json!({ "storageId": "none" })), "129"),
    ]
}

fn callers() -> Vec<Input> {
    let as_who = |value: &str| with("GET", "/policies", &[("Authorization", value)], "");
    let org = |org: &str, who: &str| {
        step("GET", &format!("{BASE}/orgs/{org}/policies"), &[("Authorization", who)], "")
    };
    vec![
        ("no credentials", with("GET", "/policies", &[], ""), "401"),
        ("a scheme alone", as_who("Basic"), "401"),
        ("a token of an app", as_who("Bearer ada-token"), "401"),
        ("no base64", as_who("Basic !!!"), "401"),
        ("no colon", as_who("Basic YWRh"), "401"),
        ("no UTF-8", as_who("Basic /////w=="), "401"),
        ("another token", as_who("Basic YWRhQGV4YW1wbGUuY29tOndyb25n"), "401"),
        ("an expired token", as_who("Basic Y2xlb0BleGFtcGxlLmNvbTpjbGVvLXRva2Vu"), "401"),
        ("a member", as_who(BEN), "403"),
        ("an administrator elsewhere", org(&id(1, 2), DAN), "403"),
        ("an unknown organization", org("none", ADA), "404"),
        ("an organization with blanks", org("a%20b", ADA), "400"),
    ]
}

fn paths() -> Vec<Input> {
    let long = format!("/policies/{}", "a".repeat(500));
    let version = format!("/public/backup-management/v3/orgs/{}/policies", id(1, 1));
    vec![
        ("NUL in a path", read("/policies/%00"), "400"),
        ("a path that is no UTF-8", read("/policies/%ff"), "404"),
        ("a very long id", read(&long), "400"),
        (
            "an id like a wording",
            read("/storages/x%20is%20not%20present%20in%20cloud%20site%20y"),
            "400",
        ),
        ("another version", step("GET", &version, &[("Authorization", ADA)], ""), "404"),
        ("the root", step("GET", "/", &[], ""), "404"),
        ("an unknown path", read("/schedules"), "404"),
        ("a slash too much", read("/policies/"), "404"),
        ("a method that is not there", request("DELETE", "/policies", ""), "404"),
        ("a method that nobody knows", request("BREW", "/policies", ""), "404"),
    ]
}

fn queries() -> Vec<Input> {
    let flag = format!("/policies/{}?storageDetails=1", id(3, 1));
    vec![
        ("a negative page", read("/policies?start=-1"), "400"),
        ("a page that is a word", read("/policies?start=first"), "400"),
        ("an empty page size", read("/policies?pageSize="), "400"),
        ("pages of nothing", read("/policies?pageSize=0"), "400"),
        ("too large a page", read("/policies?pageSize=101"), "400"),
        ("an unknown order", read("/policies?sortOrder=UP"), "400"),
        ("sorted by a name", read("/policies?sortBy=name"), "400"),
        ("an unknown product", read("/backups?product=TRELLO"), "400"),
        ("a blank site", read("/backups?cloudId="), "400"),
        ("an unknown site", read("/backups?cloudId=none"), "404"),
        ("a flag that is none", read(&flag), "400"),
        ("an unknown policy", read("/policies/none"), "404"),
        ("another's policy", read(&format!("/policies/{}", id(3, 5))), "404"),
    ]
}

fn accounts() -> Vec<Input> {
    let activate = |headers: &[(&str, &str)]| {
        let headers = [&[("Authorization", ADA)], headers].concat();
        with("PUT", &format!("/policies/{}/activate", id(3, 3)), &headers, "")
    };
    let of = |account: &str| activate(&[("X-Atl-Account-Id", account)]);
    vec![
        ("no account", activate(&[]), "400"),
        ("a blank account", of(" "), "400"),
        ("an account with blanks", of("a b"), "400"),
        ("an unknown account", of("712020:none"), "404"),
        ("a member's account", of(&account(2)), "403"),
    ]
}

fn restores() -> Vec<Input> {
    let restore = |backup: u8, site: &str| {
        post("/restores", &json!({ "backupId": id(4, backup), "cloudId": site }))
    };
    let again = |number| post(&format!("/restores/{}/revalidate", id(5, number)), &json!({}));
    let report = |id: &str| read(&format!("/migrations/{id}/post-operation-report"));
    vec![
        ("a backup that is gone", read(&format!("/backups/{}", id(4, 4))), "108"),
        ("a backup by an unknown policy", post("/backups", &json!({ "policyId": "none" })), "404"),
        ("a backup by nothing", post("/backups", &json!({})), "400"),
        ("a restore of nothing", post("/restores", &json!({})), "400"),
        ("a restore of what is gone", restore(4, &id(2, 1)), "108"),
        ("a restore of a restore", post("/restores", &json!({ "backupId": id(5, 1) })), "108"),
        ("a restore of a backup under way", restore(3, &id(2, 2)), "422"),
        ("a restore into a product under backup", restore(2, &id(2, 1)), "409"),
        ("a restore where one is under way", restore(2, &id(2, 3)), "137"),
        ("a restore of what was just restored", restore(2, &id(2, 2)), "409"),
        ("a restore into an unknown site", restore(1, "none"), "404"),
        ("a restore into another's site", restore(1, &id(2, 6)), "404"),
        ("a restore into a site without Jira", restore(1, &id(2, 2)), "103"),
        ("a restore into a site with keys of its own", restore(1, &id(2, 4)), "422"),
        ("another look at a restore under way", again(1), "409"),
        ("another look at a restore that is done", again(3), "422"),
        ("another look at nothing", again(9), "120"),
        ("a restore that is none", read("/restores/none"), "120"),
        ("a report of nothing", report("none"), "143"),
        ("a report of a failed restore", report(&id(9, 2)), "143"),
    ]
}

fn transfers() -> Vec<Input> {
    let export = |backup: &str, storage: &str| {
        post("/exports", &json!({ "backupId": backup, "storageId": storage }))
    };
    let of_export = |query: &str| read(&format!("/exports/{}{query}", id(6, 1)));
    vec![
        ("an export of nothing", export("none", &id(8, 1)), "108"),
        ("an export of what is gone", export(&id(4, 4), &id(8, 1)), "108"),
        ("an export to nowhere", export(&id(4, 1), "none"), "129"),
        ("an export of a backup under way", export(&id(4, 3), &id(8, 1)), "422"),
        ("an export of a failed backup", export(&id(4, 5), &id(8, 1)), "422"),
        ("an export without a storage", post("/exports", &json!({ "backupId": id(4, 1) })), "400"),
        ("an export's site that is blank", of_export("?cloudId=%20"), "400"),
        ("an export of another site", of_export("?cloudId=none"), "112.export"),
        ("an import of nothing", post("/imports", &json!({ "backupId": "none" })), "108"),
        ("an import of a backup as a list", post("/imports", &json!({ "backupId": [1] })), "400"),
        ("an import that is none", read("/imports/none"), "110.import"),
    ]
}

fn storages() -> Vec<Input> {
    let made = |member: &str, value: Value| {
        let mut body = json!({
            "storageName": "acme-archive", "storageRegion": "eu-west-1", "storagePrefix": "jira",
            "storageType": "aws", "principalTag": "acme-backup", "cloudId": id(2, 3),
            "roleIdentifier": "arn:aws:iam::123456789012:role/atlassian-backup",
        });
        body[member] = value;
        post("/storages", &body)
    };
    let regions = |body: Value| post("/storages/regions", &body);
    vec![
        ("a bucket in large letters", made("storageName", json!("Acme")), "400"),
        ("a short bucket", made("storageName", json!("a")), "400"),
        ("a long bucket", made("storageName", json!("a".repeat(64))), "400"),
        ("a bucket that is not there", made("storageName", json!("acme-other")), "142"),
        ("another cloud", made("storageType", json!("azure")), "400"),
        ("no cloud", made("storageType", Value::Null), "400"),
        ("a region with blanks", made("storageRegion", json!("eu west")), "400"),
        ("a blank tag", made("principalTag", json!("")), "400"),
        ("an unknown site", made("cloudId", json!("none")), "404"),
        ("the bucket's wrong region", made("storageRegion", json!("us-east-1")), "142"),
        ("an unknown role", made("roleIdentifier", json!("arn:aws:iam::1:role/x")), "130"),
        ("regions of an unknown site", regions(json!({ "cloudId": "none" })), "404"),
        ("regions of a number", regions(json!({ "cloudId": 1 })), "400"),
        ("regions of a list", regions(json!([])), "400"),
    ]
}
