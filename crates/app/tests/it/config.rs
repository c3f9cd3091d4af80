//! Configuration files: every mistake at once, at its place.

use crate::run::screen;

fn check(config: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("candor.yaml");
    std::fs::write(&path, config).unwrap();
    let text = screen(&["serve", path.to_str().unwrap(), "--check"], "");
    text.replace(&folder.path().display().to_string(), "…")
}

#[test]
fn the_example_has_no_mistake() {
    let example = screen(&["serve", "--print-example"], "");
    let example = example.strip_suffix("exit 0").unwrap();
    assert_eq!(check(example), "…/candor.yaml: 12 callbacks, no mistake\nexit 0");
}

#[test]
fn all_mistakes_are_told_at_once() {
    insta::assert_snapshot!(check(
        r#"
listen: localhost
workers: none
answer_as: open2c
message_set: corected
limits: { request_body: 1GB }
contracts: [missing.yaml]
token: { lifetime: 5s }
cyberapps:
  shop:
    name: Shop
    endpoint: e
    url: http://10.0.0.1/
    allow_addresses: [ten]
    min_tls: "1.1"
tenants:
  acme:
    shoop: { identity: "a:b", secrets: { password: { env: CANDOR_TEST_NOT_SET } } }
callbacks:
  one:
    request: { type: t, schema: { type: objekt } }
    responses: { "99": { type: r } }
    timeout: soon
    retry: { max: 5s }
"#
    ));
}

#[test]
fn a_missing_file_is_an_error_of_its_own() {
    insta::assert_snapshot!(screen(&["serve", "no-such.yaml"], ""));
}

#[test]
fn what_is_not_yaml_says_where() {
    insta::assert_snapshot!(check("listen: [1\ncallbacks: {}\n"));
}

#[test]
fn what_a_handler_must_prove_is_checked() {
    insta::assert_snapshot!(check(
        r#"
cyberapps:
  shop:
    name: Shop
    endpoint_id: e
    url: https://shop.example/callback
    http: "3"
    pins: [abc]
    extra_roots: [candor.yaml]
    client_certificate: { chain: candor.yaml, key: missing.key }
    breaker: { failures: 0, rest: 2m }
    retry_budget: { percent: many }
callbacks:
  one:
    request: { type: t }
    responses: { "204": { type: r } }
    timeout: 2m
"#
    ));
}
