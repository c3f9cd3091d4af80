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

/// A route to a vendor with this way out.
fn with_proxy(site: &str, route: &str) -> String {
    check(&format!(
        "proxy: {site}\nroutes:\n  shop:\n    url: https://api.shop.example/\n    contract: open2b\n    {route}\n"
    ))
}

#[test]
fn a_way_out_is_taken_at_the_top_and_on_a_route() {
    let fine = "…/candor.yaml: 11 callbacks and 1 route, no mistake\nexit 0";
    for (site, route) in [
        ("{ url: http://proxy.example:3128 }", ""),
        ("off", "proxy: { url: https://proxy.example, resolve: proxy, no_proxy: [.inside] }"),
        ("{ url: http://proxy.example, credentials: { user: a, password: b } }", "proxy: off"),
        // Ranges are held where names are resolved here.
        ("{ url: http://proxy.example }", "allow_addresses: [10.0.0.0/8]"),
        (
            "{ url: http://proxy.example, resolve: proxy, no_proxy: [shop.example] }",
            "allow_addresses: [10.0.0.0/8]",
        ),
    ] {
        assert_eq!(with_proxy(site, route), fine, "{site} {route}");
    }
}

#[test]
fn what_is_wrong_with_a_proxy_is_told_at_once() {
    insta::assert_snapshot!(with_proxy(
        r#"
  url: http://candor:secret@proxy.example
  credentials: { user: "a:b", password: { env: CANDOR_TEST_NOT_SET } }
  no_proxy: ["inside example", 10.0.0.0/40]
  resolve: there
  extra_roots: []
  retries: 2"#,
        "proxy: { url: socks5://proxy.example, credentials: { user: a } }"
    ));
}

#[test]
fn what_a_proxy_makes_void_is_refused_and_says_why() {
    insta::assert_snapshot!(with_proxy(
        "{ url: http://proxy.example/path, credentials: { user: \"a:b\", password: c } }",
        "proxy: { url: http://proxy.example, resolve: proxy, platform_roots: false }\n    allow_addresses: [10.0.0.0/8]"
    ));
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

#[test]
fn what_is_kept_needs_a_ledger() {
    insta::assert_snapshot!(check(
        r"
ledger: off
operations: { after: soon, lease: 10ms }
callbacks:
  one:
    request: { type: t }
    responses: { '200': { type: r } }
    promote: always
    fire_and_forget: true
    serial: { key: resource, when_busy: refuse, waiting: 3 }
"
    ));
}

#[test]
fn what_is_wrong_with_a_shared_limit_is_told() {
    let route = |name: &str, limit: &str| {
        format!("  {name}: {{ url: https://{name}.example/, contract: open2b, limit: {limit} }}\n")
    };
    let routes = [
        route("shop", "{ calls: 1000, per: 5m, shared: true, name: vendor }"),
        route("other", "{ calls: 2000, per: 5m, shared: true, name: vendor }"),
        route("alone", "{ calls: 10, per: 5m, name: alone, nodes: 2, when_down: deny }"),
        route("local", "{ calls: 10, per: 5m, shared: true, when_down: local }"),
        route("short", "{ calls: 10, per: 500ms, shared: true, when_down: wait, nodes: 0 }"),
        route("brief", "{ calls: 10, per: 500ms, shared: true }"),
        route("nameless", "{ calls: 10, per: 5m, shared: true, name: '' }"),
    ];
    insta::assert_snapshot!(check(&format!("routes:\n{}", routes.concat())));
}

#[test]
fn a_shared_limit_needs_a_ledger() {
    insta::assert_snapshot!(check(
        r"
ledger: off
routes:
  shop:
    url: https://shop.example/
    contract: open2b
    limit: { calls: 1000, per: 5m, shared: true }
"
    ));
}

#[test]
fn what_contradicts_itself_is_told() {
    insta::assert_snapshot!(check(
        r"
ledger: { env: CANDOR_TEST_NOT_SET }
operations: { lease: 10ms, most_per_tenant: 0 }
callbacks:
  one:
    request: { type: t }
    responses: { '200': { type: r } }
    promote: never
    serial: { key: /id, when_busy: wait }
  two:
    request: { type: t }
    responses: { '200': { type: r } }
    promote: never
    fire_and_forget: true
"
    ));
}

#[test]
fn a_check_opens_no_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("candor.yaml");
    std::fs::write(&path, "ledger: state/ledger.db\n").unwrap();
    let text = screen(&["serve", path.to_str().unwrap(), "--check"], "");
    assert!(text.ends_with("no mistake\nexit 0"), "{text}");
    assert!(!folder.path().join("state").exists());
}
