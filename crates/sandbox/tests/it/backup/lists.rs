//! Lists, their pages, and what the paths answer to.

use super::*;

fn ids(list: &Value, name: &str, id: &str) -> Vec<String> {
    list[name].as_array().unwrap().iter().map(|entry| text(entry, &format!("/{id}"))).collect()
}

#[test]
fn lists_come_in_pages_the_newest_first() {
    let play = Play::new();
    let (status, all) = play.get("/backups");
    assert_eq!((status, &all["totalItems"]), (200, &json!(5)));
    let all = ids(&all, "backups", "backupId");
    assert_eq!(all, [id(4, 3), id(4, 5), id(4, 7), id(4, 1), id(4, 2)]);
    let mut paged = Vec::new();
    for page in 0..4 {
        let (_, list) = play.get(&format!("/backups?start={page}&pageSize=2&sortBy=createdAt"));
        assert_eq!(list["totalItems"], 5);
        paged.extend(ids(&list, "backups", "backupId"));
    }
    assert_eq!(paged, all);
    let (_, rising) = play.get("/backups?sortOrder=ASC");
    let rising = ids(&rising, "backups", "backupId");
    assert!(rising.iter().eq(all.iter().rev()));
    let (status, beyond) = play.get("/backups?start=99999999999999999999&pageSize=100");
    assert_eq!((status, &beyond["backups"]), (200, &json!([])));
}

#[test]
fn lists_are_of_one_organization_and_may_be_of_one_site_and_product() {
    let play = Play::new();
    let count = |path: &str| play.get(path).1["totalItems"].as_u64().unwrap();
    assert_eq!(count("/policies"), 4);
    assert_eq!(count(&format!("/policies?cloudId={}", id(2, 1))), 2);
    assert_eq!(count(&format!("/policies?cloudId={}&product=JIRA", id(2, 1))), 1);
    assert_eq!(count("/policies?product=CONFLUENCE"), 2);
    assert_eq!(count("/restores"), 3);
    assert_eq!(count(&format!("/restores?cloudId={}", id(2, 3))), 2);
    assert_eq!(count("/exports?product=JIRA"), 3);
    assert_eq!(count("/imports?product=CONFLUENCE"), 0);
    assert_eq!(count("/storages?product=CONFLUENCE"), 1);
    assert_eq!(count(&format!("/storages?cloudId={}", id(2, 2))), 0);
    assert_eq!(play.get(&format!("/policies?cloudId={}", id(2, 6))).0, 404, "another's site");
    let other =
        step("GET", &format!("{BASE}/orgs/{}/policies", id(1, 2)), &[("Authorization", ADA)], "");
    let reply = play.send(&other);
    let list: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(ids(&list, "policies", "policyId"), [id(3, 5)]);
}

#[test]
fn a_head_is_a_get_and_other_methods_are_not_found() {
    let play = Play::new();
    assert_eq!(play.send(&request("HEAD", "/policies", "")).status.as_u16(), 200);
    let reply = play.send(&request("DELETE", &format!("/policies/{}", id(3, 1)), ""));
    assert_eq!(reply.status.as_u16(), 404);
    assert_eq!(reply.headers["allow"], "GET, PUT");
}
