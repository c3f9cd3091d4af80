//! The lives of things, from their creation to their end.

use super::*;

#[test]
fn a_policy_is_made_activated_changed_and_deactivated() {
    let play = Play::new();
    let body = json!({
        "policyName": "Test", "cloudId": id(2, 3), "productType": "CONFLUENCE",
        "includeAttachments": true, "includeUsersAndGroups": false,
        "scheduleDetails": { "interval": "WEEKLY", "startDate": "2026-01-05", "scheduleSlot": "02:30" },
    });
    let (status, made) = play.post("/policies", &body);
    assert_eq!((status, text(&made, "/status").as_str()), (201, "INACTIVE"));
    assert_eq!(text(&made, "/cloudInfo/cloudUrl"), "https://acme-test.atlassian.net");
    assert_eq!(text(&made, "/details/scheduleDetails/startDate"), "2026-01-05T02:30:00Z");
    assert_eq!(text(&made, "/createdBy"), account(1));
    let policy = text(&made, "/policyId");

    // It begins later, so activating it makes no backup yet.
    let (status, backups) = play.activate(&policy, &[("X-Atl-Account-Id", &account(4))]);
    assert_eq!((status, backups), (200, json!({ "backups": [], "totalItems": 0 })));
    play.wait(4 * DAY + 3 * HOUR);
    let (_, backups) = play.get(&format!("/backups?cloudId={}&product=CONFLUENCE", id(2, 3)));
    assert_eq!(text(&backups, "/backups/0/createdAt"), "2026-01-05T02:30:00Z");
    assert_eq!(text(&backups, "/backups/0/status"), "RUNNING");
    assert_eq!(backups["backups"][0]["selections"], json!(["ATTACHMENTS"]));

    let path = format!("/policies/{policy}");
    let change = json!({ "policyName": "Once more", "includePersonalSpaces": true });
    let (status, changed) = play.put(&path, &change);
    assert_eq!((status, text(&changed, "/policyName").as_str()), (200, "Once more"));
    assert_eq!(changed["includePersonalSpaces"], true);
    assert_eq!(text(&changed, "/status"), "ACTIVE");

    let (status, changed) = play.put(&path, &json!({ "scheduleDetails": null }));
    assert_eq!((status, text(&changed, "/status").as_str()), (200, "INACTIVE"));
    assert_eq!(play.get(&path).1, changed);
    assert_eq!(play.activate(&policy, &[("X-Atl-Account-Id", &account(1))]).0, 422);
    play.wait(20 * DAY);
    let (_, backups) = play.get(&format!("/backups?cloudId={}", id(2, 3)));
    assert_eq!(backups["totalItems"], 1);
}

#[test]
fn a_policy_shows_its_details_when_asked() {
    let play = Play::new();
    let path = format!("/policies/{}", id(3, 2));
    assert_eq!(play.put(&path, &json!({ "storageId": id(8, 1) })).0, 200);
    let (_, short) = play.get(&path);
    assert_eq!(text(&short, "/details/storageId"), id(8, 1));
    assert!(short["details"].get("backupDetails").is_none());
    let (_, long) = play.get(&format!("{path}?storageDetails&backupDetails=true"));
    assert_eq!(text(&long, "/details/storageDetails/storageName"), "acme-backups");
    assert_eq!(long["details"]["backupDetails"]["totalAvailableBackups"], 1);
}

#[test]
fn a_weekly_policy_runs_by_itself_and_its_backups_end() {
    let play = Play::new();
    let count = |expected: u64| {
        let (_, policy) = play.get(&format!("/policies/{}?backupDetails", id(3, 1)));
        assert_eq!(policy["details"]["backupDetails"]["totalAvailableBackups"], expected);
    };
    count(1);
    play.wait(4 * DAY + 2 * HOUR);
    count(2);
    play.wait(14 * DAY);
    count(4);
    // Runs that would be gone by now are not made up for.
    play.wait(3_000 * DAY);
    count(4);
    let state = &play.0.0.world().state;
    assert!(state.backups.len() < 20, "{}", state.backups.len());
}

#[test]
fn a_backup_is_restored_and_reported_on() {
    let play = Play::new();
    let (_, activated) = play.activate(&id(3, 3), &[("X-Atl-Account-Id", &account(1))]);
    assert_eq!(text(&activated, "/backups/0/status"), "CREATED");
    let backup = text(&activated, "/backups/0/backupId");
    let path = format!("/backups/{backup}");
    let body = json!({ "backupId": backup });
    assert_eq!(play.get(&path).1["backupSize"], Value::Null);
    play.wait(60 + HOUR / 2);
    let (_, running) = play.get(&path);
    assert_eq!(
        (text(&running, "/status").as_str(), &running["progressPercentage"]),
        ("RUNNING", &json!(50))
    );
    assert_eq!(play.post("/restores", &body).0, 409, "the product is being backed up");
    play.wait(HOUR / 2);
    let (_, done) = play.get(&path);
    assert_eq!(
        (text(&done, "/status").as_str(), &done["progressPercentage"]),
        ("COMPLETED", &json!(100))
    );
    assert_eq!(done["backupSize"]["totalBackupSizeInGB"], 9);
    assert_eq!(text(&done, "/expiryTime"), "2026-01-31T01:01:00Z");

    let (status, restore) = play.post("/restores", &body);
    assert_eq!((status, text(&restore, "/status").as_str()), (202, "CREATED"));
    let report = format!("/migrations/{}/post-operation-report", text(&restore, "/migrationId"));
    assert_eq!(play.get(&report).1["errorCode"], "143");
    play.wait(3 * HOUR);
    let (_, restored) = play.get(&format!("/restores/{}", text(&restore, "/restoreId")));
    assert_eq!(text(&restored, "/status"), "COMPLETED");
    let (status, report) = play.get(&report);
    assert_eq!((status, text(&report, "/backupId")), (200, backup));

    assert_eq!(play.post("/restores", &body).0, 409, "it was restored less than 7 days ago");
    play.wait(7 * DAY);
    assert_eq!(play.post("/restores", &body).0, 202);
    play.wait(23 * DAY);
    assert_eq!(play.post("/restores", &body).1["errorCode"], "108");
    assert_eq!(play.get(&path).1["errorCode"], "108");
}

#[test]
fn a_product_is_backed_up_once_in_seven_days_unless_it_failed() {
    let play = Play::new();
    let (healthy, broken) =
        (json!({ "policyId": id(3, 1) }), json!({ "policyId": id(3, 4), "name": "Nightly" }));
    assert_eq!(play.post("/backups", &healthy).0, 409);
    let path = format!("/policies/{}", id(3, 1));
    assert_eq!(play.put(&path, &json!({ "scheduleDetails": null })).0, 200);
    play.wait(4 * DAY - 1);
    assert_eq!(play.post("/backups", &healthy).0, 409);
    play.wait(1);
    assert_eq!(play.post("/backups", &healthy).0, 202);
    let (status, made) = play.post("/backups", &broken);
    assert_eq!((status, text(&made, "/name").as_str()), (202, "Nightly"));
    assert_eq!(play.post("/backups", &broken).0, 409, "one is under way");
    play.wait(2 * HOUR);
    let (_, failed) = play.get(&format!("/backups/{}", text(&made, "/backupId")));
    assert_eq!(text(&failed, "/status"), "FAILED");
    assert_eq!(text(&failed, "/statusMessage"), "The product's data could not be read");
    let restore = json!({ "backupId": text(&made, "/backupId") });
    assert_eq!(play.post("/restores", &restore).0, 422, "a failed backup is no backup");
    assert_eq!(play.post("/backups", &broken).0, 202, "and may be made again");
}

#[test]
fn a_restore_into_a_full_jira_fails_until_it_is_emptied() {
    let play = Play::new();
    let (status, restore) = play.post("/restores", &json!({ "backupId": id(4, 1) }));
    assert_eq!(status, 202);
    let path = format!("/restores/{}", text(&restore, "/restoreId"));
    let again = format!("{path}/revalidate");
    assert_eq!(play.post(&again, &Value::Null).0, 409, "it is under way");
    play.wait(HOUR);
    assert_eq!(text(&play.get(&path).1, "/status"), "FAILED");
    let site = id(2, 1);
    play.change(
        &json!({ "state": { "sites": { site: { "products": { "JIRA": { "empty": true } } } } } }),
    );
    let (status, restore) = play.post(&again, &Value::Null);
    assert_eq!((status, text(&restore, "/status").as_str()), (202, "CREATED"));
    play.wait(3 * HOUR);
    assert_eq!(text(&play.get(&path).1, "/status"), "COMPLETED");
    assert_eq!(play.post(&again, &Value::Null).0, 422, "there is nothing left to do");
    let report = format!("/migrations/{}/post-operation-report", text(&restore, "/migrationId"));
    assert_eq!(play.get(&report).0, 200);
}

#[test]
fn an_export_outlives_its_backup_and_is_imported() {
    let play = Play::new();
    play.wait(2 * HOUR);
    let body = json!({ "backupId": id(4, 1), "storageId": id(8, 1) });
    let (status, export) = play.post("/exports", &body);
    assert_eq!(status, 202);
    assert_eq!(play.post("/exports", &body).1["errorCode"], "140");
    play.wait(HOUR);
    let path = format!("/exports/{}", text(&export, "/exportId"));
    let (_, done) = play.get(&format!("{path}?cloudId={}", id(2, 1)));
    assert_eq!(text(&done, "/status"), "COMPLETED");
    play.wait(28 * DAY);
    assert_eq!(play.get(&path).1["errorCode"], "113");

    let body = json!({ "backupId": id(4, 1) });
    let (status, import) = play.post("/imports", &body);
    assert_eq!(status, 202);
    assert_eq!(play.post("/imports", &body).0, 409, "it is being imported");
    let imported = text(&import, "/importedBackupId");
    let restore = json!({ "backupId": imported, "cloudId": id(2, 3) });
    assert_eq!(play.post("/restores", &restore).0, 422, "it is not there yet");
    play.wait(HOUR);
    assert_eq!(text(&play.get(&format!("/backups/{imported}")).1, "/status"), "COMPLETED");
    assert_eq!(play.post("/restores", &restore).0, 202);
    play.wait(30 * DAY);
    let (_, gone) = play.get(&format!("/imports/{}", text(&import, "/importId")));
    assert_eq!(
        (&gone["errorCode"], &gone["errorMessage"]),
        (
            &json!("113"),
            &json!(format!("BackupId not found for importId = {}", text(&import, "/importId")))
        )
    );
}

#[test]
fn an_export_fails_where_the_bucket_was_closed() {
    let play = Play::new();
    play.wait(2 * HOUR);
    play.change(
        &json!({ "state": { "aws": { "buckets": { "acme-backups": { "writable": [] } } } } }),
    );
    let (_, export) =
        play.post("/exports", &json!({ "backupId": id(4, 1), "storageId": id(8, 1) }));
    play.wait(HOUR);
    let (_, failed) = play.get(&format!("/exports/{}", text(&export, "/exportId")));
    assert_eq!(text(&failed, "/status"), "FAILED");
    // The import of an older export needs the bucket as well.
    let (_, import) = play.post("/imports", &json!({ "backupId": id(4, 4) }));
    play.wait(HOUR);
    let (_, failed) = play.get(&format!("/imports/{}", text(&import, "/importId")));
    assert_eq!(text(&failed, "/status"), "FAILED");
}

#[test]
fn a_storage_is_made_where_the_bucket_and_the_role_are_right() {
    let play = Play::new();
    let body = json!({
        "storageName": "acme-archive", "storageRegion": "eu-west-1", "storagePrefix": "jira/2026",
        "storageType": "aws", "roleIdentifier": "arn:aws:iam::123456789012:role/atlassian-backup",
        "principalTag": "acme-backup", "cloudId": id(2, 3),
    });
    let (status, made) = play.post("/storages", &body);
    assert_eq!(status, 201);
    let (_, shown) = play.get(&format!("/storages/{}", text(&made, "/storageId")));
    assert_eq!(shown, made);
    for (name, value) in body.as_object().unwrap() {
        assert_eq!(shown[name], *value, "{name}");
    }
    assert_eq!(play.post("/storages", &body).1["errorCode"], "128");
    let regions = json!({ "regions": ["eu-west-1", "us-east-1"] });
    assert_eq!(play.get("/storages/regions"), (200, regions.clone()));
    assert_eq!(
        play.post("/storages/regions", &json!({ "cloudId": id(2, 3) })),
        (200, regions.clone())
    );
    assert_eq!(play.post("/storages/regions", &Value::Null), (200, regions));
    // A policy's storage is one of its site's.
    let path = format!("/policies/{}", id(3, 1));
    assert_eq!(play.put(&path, &json!({ "storageId": text(&made, "/storageId") })).0, 422);
}
