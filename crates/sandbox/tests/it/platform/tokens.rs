//! Tokens and API clients.

use super::{Platform, by, form, get, ids, post, put};
use serde_json::{Value, json};

const CLIENT: &str = "client_id=00000000-0000-4000-8000-00000000c001&client_secret=sandbox-secret";

fn token(platform: &Platform, fields: &str) -> String {
    let reply = platform.ok(&form("/api/2/idp/token", fields));
    assert_eq!((&reply["token_type"], &reply["expires_in"]), (&json!("bearer"), &json!(7200)));
    assert_eq!(reply["id_token"].as_str().unwrap().split('.').count(), 3);
    reply["access_token"].as_str().unwrap().to_owned()
}

#[test]
fn a_token_is_good_for_two_hours() {
    let platform = Platform::new();
    let token = token(&platform, &format!("grant_type=client_credentials&{CLIENT}"));
    let look = by(&token, "GET", "/clients", &Value::Null);
    platform.later(7199);
    platform.ok(&look);
    platform.later(1);
    assert_eq!(platform.row(&look), "401");
}

#[test]
fn a_client_proves_itself_in_the_header_too() {
    let platform = Platform::new();
    let mut request = form("/bc/idp/token", "grant_type=client_credentials");
    let basic = "Basic MDAwMDAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDBjMDAxOnNhbmRib3gtc2VjcmV0";
    request.headers.push(("Authorization".to_owned(), basic.to_owned()));
    platform.ok(&request);
    request.body.push_str("&client_secret=sandbox-secret");
    assert_eq!(platform.row(&request), "oauth.invalid_request");
}

#[test]
fn a_user_acts_where_it_administers() {
    let platform = Platform::new();
    let sign_in = |login: &str| {
        let fields = format!("grant_type=password&username={login}&password=sandbox-password");
        token(&platform, &fields)
    };
    let june = sign_in("JUNE.park");
    let me = platform.ok(&by(&june, "GET", "/users/me", &Value::Null));
    assert_eq!((&me["id"], &me["tenant_kind"]), (&json!(ids::JUNE), &json!("customer")));
    let own = format!("/tenants/{}", ids::CUSTOMER);
    platform.ok(&by(&june, "PUT", &own, &json!({ "version": 1, "internal_tag": "x" })));
    assert_eq!(
        platform.row(&by(&june, "GET", &format!("/tenants/{}", ids::PARTNER), &Value::Null)),
        "403"
    );
    let omar = sign_in("omar.reyes");
    platform.ok(&by(&omar, "GET", &own, &Value::Null));
    assert_eq!(platform.row(&by(&omar, "PUT", &own, &json!({ "version": 2 }))), "1002");
}

#[test]
fn a_token_ends_with_the_account_that_it_stands_for() {
    let platform = Platform::new();
    let june = token(&platform, "grant_type=password&username=june.park&password=sandbox-password");
    let look = by(&june, "GET", "/users/me", &Value::Null);
    platform.ok(&look);
    let off = json!({ "version": 1, "enabled": false });
    platform.ok(&put(&format!("/users/{}", ids::JUNE), &off));
    assert_eq!(platform.row(&look), "401");
    platform.ok(&put(&format!("/users/{}", ids::JUNE), &json!({ "version": 2, "enabled": true })));
    platform.ok(&look);
    platform.ok(&put(&format!("/tenants/{}", ids::CUSTOMER), &off));
    assert_eq!(platform.row(&look), "401");
}

#[test]
fn a_second_factor_is_a_code_of_the_moment() {
    let platform = Platform::new();
    let sign_in = "grant_type=password&username=hank.baker&password=sandbox-password&totp_code=";
    // What an authenticator with the founded secret shows at the start of 2026.
    platform.ok(&form("/api/2/idp/token", &format!("{sign_in}452777")));
    platform.later(90);
    let late = form("/api/2/idp/token", &format!("{sign_in}452777"));
    assert_eq!(platform.row(&late), "oauth.invalid_totp");
}

#[test]
fn a_revoked_token_is_no_good_and_can_be_revoked_again() {
    let platform = Platform::new();
    let token = token(&platform, &format!("grant_type=client_credentials&{CLIENT}"));
    let revoke = form("/api/2/idp/revoke_token", &format!("{CLIENT}&token={token}"));
    assert_eq!(platform.send(&revoke).status, 200);
    assert_eq!(platform.row(&by(&token, "GET", "/clients", &Value::Null)), "401");
    assert_eq!(platform.send(&revoke).status, 200);
    let others = form("/api/2/idp/revoke_token", &format!("{CLIENT}&token=service-token"));
    assert_eq!(platform.row(&others), "oauth.invalid_request");
}

#[test]
fn tokens_are_bounded_and_the_founded_ones_stay() {
    let platform = Platform::new();
    let ask = form("/api/2/idp/token", &format!("grant_type=client_credentials&{CLIENT}"));
    for _ in 0..1010 {
        platform.ok(&ask);
    }
    platform.ok(&get("/clients"));
    let world = platform.ok(&crate::kit::step("GET", "/sandbox/world", &[], ""));
    assert_eq!(world["state"]["tenancy"]["tokens"].as_object().unwrap().len(), 1000);
}

#[test]
fn a_client_lives_from_creation_to_deletion() {
    let platform = Platform::new();
    let body = json!({
        "type": "api_client", "tenant_id": ids::CUSTOMER,
        "token_endpoint_auth_method": "client_secret_basic", "data": { "client_name": "PSA" },
    });
    let reply = platform.send(&post("/clients", &body));
    assert_eq!(reply.status, 201);
    let client: Value = serde_json::from_slice(&reply.body).unwrap();
    let (id, secret) =
        (client["client_id"].as_str().unwrap(), client["client_secret"].as_str().unwrap());
    let path = format!("/clients/{id}");
    assert!(platform.ok(&get(&path)).get("client_secret").is_none());
    let ask = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
    let token = token(&platform, &ask);
    assert_eq!(
        platform.row(&by(&token, "GET", &format!("/tenants/{}", ids::PARTNER), &Value::Null)),
        "403"
    );

    let changed = platform.ok(&put(&path, &json!({ "status": "disabled", "data": { "x": 1 } })));
    assert_eq!(changed["data"], json!({ "client_name": "PSA", "x": 1 }));
    assert_eq!(platform.row(&form("/api/2/idp/token", &ask)), "oauth.access_denied");
    assert_eq!(platform.send(&super::delete(&path)).status, 204);
    assert_eq!(platform.row(&get(&path)), "404");
    assert_eq!(platform.row(&form("/api/2/idp/token", &ask)), "oauth.invalid_client");
}

#[test]
fn a_service_registers_machines() {
    let platform = Platform::new();
    let body = json!({
        "type": "managed_client", "tenant_id": ids::CUSTOMER,
        "token_endpoint_auth_method": "client_secret_basic", "data": { "hostname": "front-desk-1" },
    });
    assert_eq!(platform.row(&post("/clients", &body)), "1020");
    platform.ok(&by("service-token", "POST", "/clients", &body));
    let list = platform.ok(&get(&format!("/clients?tenant_id={}", ids::CUSTOMER)));
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}
