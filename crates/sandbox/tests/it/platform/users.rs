//! Users and their roles.

use super::{Platform, delete, form, get, ids, post, put};
use serde_json::{Value, json};

fn user(id: &str) -> String {
    format!("/users/{id}")
}

fn policies(id: &str) -> String {
    format!("/users/{id}/access_policies")
}

fn role(role: &str, tenant: &str) -> Value {
    json!({ "items": [{ "role_id": role, "tenant_id": tenant }] })
}

#[test]
fn a_user_lives_from_creation_to_deletion() {
    let platform = Platform::new();
    let body = json!({
        "tenant_id": ids::CUSTOMER, "login": "ann.lee", "notifications": ["quota"],
        "contact": { "email": "ann@juniper.example", "firstname": "Ann" },
    });
    let ann = platform.ok(&post("/users", &body));
    assert_eq!((&ann["version"], &ann["activated"]), (&json!(1), &json!(false)));
    let id = ann["id"].as_str().unwrap();
    platform.ok(&post(&format!("{}/send-activation-email", user(id)), &Value::Null));
    platform.ok(&post(&format!("{}/password", user(id)), &json!({ "password": "correct horse" })));
    let sign_in =
        form("/api/2/idp/token", "grant_type=password&username=ann.lee&password=correct+horse");
    platform.ok(&sign_in);

    let change = json!({ "version": "2", "contact": { "lastname": "Lee" }, "enabled": "false" });
    let changed = platform.ok(&put(&user(id), &change));
    assert_eq!(changed["contact"]["firstname"], "Ann");
    assert_eq!(changed["contact"]["lastname"], "Lee");
    assert_eq!(platform.row(&put(&user(id), &change)), "1001");
    assert_eq!(platform.row(&sign_in), "oauth.access_denied");
    assert_eq!(platform.send(&delete(&format!("{}?version=3", user(id)))).status, 204);
    assert_eq!(platform.row(&get(&user(id))), "404");
}

#[test]
fn a_login_is_had_once_in_whatever_letters() {
    let platform = Platform::new();
    let check = |login: &str| platform.send(&get(&format!("/users/check_login?username={login}")));
    assert_eq!(check("june.park").row, Some("1033"));
    assert_eq!(check("JUNE.Park").row, Some("1033"));
    assert_eq!(check("x").row, Some("1033"));
    assert_eq!(check("june.third").status, 204);
    let rename = json!({ "version": 1, "login": "June.Park" });
    platform.ok(&put(&user(ids::JUNE), &rename));
    assert_eq!(platform.row(&put(&user(ids::OMAR), &rename)), "1033");
}

#[test]
fn a_user_is_disabled_from_the_moment_that_was_set() {
    let platform = Platform::new();
    let until = json!({ "version": 1, "disable_after": "2026-01-01T01:00:00" });
    assert_eq!(platform.ok(&put(&user(ids::OMAR), &until))["enabled"], true);
    platform.later(3600);
    assert_eq!(platform.ok(&get(&user(ids::OMAR)))["enabled"], false);
    let activate = post(&format!("{}/send-activation-email", user(ids::OMAR)), &Value::Null);
    assert_eq!(platform.row(&activate), "1018");
}

#[test]
fn a_guest_has_an_address_and_no_login() {
    let platform = Platform::new();
    let guest = |tenant: &str, email: &str| {
        post("/users", &json!({ "tenant_id": tenant, "contact": { "email": email } }))
    };
    let made = platform.ok(&guest(ids::CUSTOMER, "friend@else.example"));
    let roles = platform.ok(&get(&policies(made["id"].as_str().unwrap())));
    assert_eq!(roles["items"][0]["role_id"], "sync_share_guest");
    assert_eq!(platform.row(&guest(ids::CUSTOMER, "FRIEND@else.example")), "1028");
    assert_eq!(platform.row(&guest(ids::PARTNER, "friend@else.example")), "1027");
    platform.ok(&guest(ids::CUSTOMER_2, "friend@else.example"));
    assert_eq!(platform.ok(&get(&user(ids::GUEST)))["login"], "guest@printshop.example");
}

#[test]
fn a_seat_that_was_left_can_be_taken() {
    let platform = Platform::new();
    let share = role("sync_share_user", ids::CUSTOMER);
    assert_eq!(platform.row(&put(&policies(ids::OMAR), &share)), "1030");
    let admin = role("company_admin", ids::CUSTOMER);
    platform.ok(&put(&policies(ids::JUNE), &admin));
    platform.ok(&put(&policies(ids::OMAR), &share));
    assert_eq!(platform.row(&put(&policies(ids::JUNE_2), &share)), "1030");
}

#[test]
fn who_shares_cannot_take_the_address_of_another_who_shares() {
    let platform = Platform::new();
    let share = role("sync_share_user", ids::CUSTOMER);
    assert_eq!(platform.row(&put(&policies(ids::JUNE_2), &share)), "1010");
    let seats = role("sync_share_user", ids::CUSTOMER_2);
    platform.ok(&put(&policies(ids::HANK), &seats));
    let address = json!({ "version": 1, "contact": { "email": "June@juniper.example" } });
    assert_eq!(platform.row(&put(&user(ids::HANK), &address)), "1010");
    platform.ok(&put(&user(ids::OMAR), &address));
}

#[test]
fn roles_that_stay_keep_their_ids() {
    let platform = Platform::new();
    let before = platform.ok(&get(&policies(ids::JUNE)));
    let mut items = before["items"].as_array().unwrap().clone();
    items.push(json!({ "role_id": "backup_user", "tenant_id": ids::UNIT }));
    let after = platform.ok(&put(&policies(ids::JUNE), &json!({ "items": items })));
    assert_eq!(after["items"].as_array().unwrap()[..2], before["items"].as_array().unwrap()[..]);
    assert_eq!(after["items"][2]["trustee_id"], ids::JUNE);
}

#[test]
fn roles_are_given_in_the_own_tenant_and_below() {
    let platform = Platform::new();
    let give =
        |id: &str, name: &str, tenant: &str| platform.row(&put(&policies(id), &role(name, tenant)));
    assert_eq!(give(ids::JUNE, "company_admin", ids::CUSTOMER_2), "1027");
    assert_eq!(give(ids::JUNE, "partner_admin", ids::PARTNER), "1027");
    assert_eq!(give(ids::JUNE, "partner_admin", ids::CUSTOMER), "1027");
    assert_eq!(give(ids::JUNE, "unit_admin", ids::UNIT), "none");
    assert_eq!(give(ids::NORA, "company_admin", ids::CUSTOMER), "none");
    assert_eq!(give(ids::DORA, "sync_share_user", ids::CUSTOMER), "1018");
    let twice = json!({ "items": [
        { "role_id": "backup_user", "tenant_id": ids::CUSTOMER },
        { "role_id": "backup_user", "tenant_id": ids::CUSTOMER },
    ] });
    assert_eq!(platform.row(&put(&policies(ids::OMAR), &twice)), "409");
}

#[test]
fn users_are_found_by_ids_by_tenant_and_by_subtree() {
    let platform = Platform::new();
    let found = |query: &str| platform.ok(&get(&format!("/users?{query}")))["items"].clone();
    let count = |query: &str| found(query).as_array().unwrap().len();
    assert_eq!(count(&format!("uuids={},{}", ids::JUNE, ids::NOBODY)), 1);
    assert_eq!(count(&format!("tenant_id={}", ids::CUSTOMER_2)), 2);
    assert_eq!(count(&format!("subtree_root_tenant_id={}&limit=3", ids::PARTNER)), 3);
    let june = found(&format!("uuids={}&with_access_policies=true", ids::JUNE));
    assert_eq!(june[0]["access_policies"].as_array().unwrap().len(), 2);
    let of_tenant = platform.ok(&get(&format!("/tenants/{}/users", ids::CUSTOMER)));
    assert_eq!(of_tenant["items"].as_array().unwrap().len(), 5);
}

#[test]
fn an_unknown_domain_is_no_forbidden_one() {
    let platform = Platform::new();
    let with = |email: &str| json!({ "version": 1, "contact": { "email": email } });
    assert_eq!(platform.row(&put(&user(ids::OMAR), &with("o@TempMail.example"))), "1024");
    platform.ok(&put(&user(ids::OMAR), &with("o@mail.tempmail.example")));
}
