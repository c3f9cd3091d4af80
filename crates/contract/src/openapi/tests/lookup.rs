//! Which operation a call is.

use super::*;

const PATHS: &str = "  /pets/mine: {get: {responses: {}}}
  /pets/{id}: {get: {responses: {}}, delete: {responses: {}}}
  /pets/{id}.json: {get: {responses: {}}}
  /pets/: {post: {responses: {}}}
  /files/{path}: {get: {responses: {}}, head: {operationId: own, responses: {}}}
  /files/{name}: {put: {responses: {}}, get: {operationId: hidden, responses: {}}}
  /odd?beta=true: {get: {responses: {}}}
";

fn found(method: &Method, path: &str) -> String {
    let api = api(&with_paths("3.1.0", PATHS));
    match api.find(method, path) {
        Found::Operation { operation, params } => {
            let params: Vec<String> = params.iter().map(|(k, v)| format!("{k}={v}")).collect();
            format!("{} {} {}", operation.method(), operation.path(), params.join(","))
        }
        Found::OtherMethods(methods) => format!("{methods:?}"),
        Found::Nothing => "nothing".to_owned(),
    }
}

#[test]
fn the_most_concrete_path_wins() {
    assert_eq!(found(&Method::GET, "/pets/mine"), "GET /pets/mine ");
    assert_eq!(found(&Method::GET, "/pets/7"), "GET /pets/{id} id=7");
    assert_eq!(found(&Method::GET, "/pets/7.json"), "GET /pets/{id}.json id=7");
    assert_eq!(found(&Method::DELETE, "/pets/mine"), "[GET]");
    assert_eq!(found(&Method::GET, "/pets/a%2Fb%20c"), "GET /pets/{id} id=a%2Fb%20c");
}

#[test]
fn a_slash_at_the_end_makes_another_path() {
    assert_eq!(found(&Method::POST, "/pets/"), "POST /pets/ ");
    assert_eq!(found(&Method::POST, "/pets"), "nothing");
    assert_eq!(found(&Method::GET, "/pets/7/"), "nothing");
}

#[test]
fn head_is_get_where_it_is_not_declared() {
    assert_eq!(found(&Method::HEAD, "/pets/7"), "GET /pets/{id} id=7");
    assert_eq!(found(&Method::HEAD, "/files/a"), "HEAD /files/{path} path=a");
    assert_eq!(found(&Method::HEAD, "/pets/"), "[POST]");
}

#[test]
fn paths_that_differ_in_names_alone_are_one() {
    assert_eq!(found(&Method::GET, "/files/a"), "GET /files/{path} path=a");
    assert_eq!(found(&Method::PUT, "/files/a"), "PUT /files/{name} name=a");
}

#[test]
fn paths_that_no_request_has_are_noted() {
    let api = api(&with_paths("3.1.0", PATHS));
    let of_paths = api.notes().iter().filter(|note| note.kind == NoteKind::Path);
    let texts: Vec<&str> = of_paths.map(|note| note.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "GET /files/{name}: never found, for `/files/{path}` matches the same paths",
            "`/odd?beta=true`: a path has no query, so no request is this one",
        ]
    );
}

#[test]
fn bases_come_from_the_servers() {
    let servers = "servers:
  - {url: 'https://{region}.example.com/{base}/v2/', variables: {region: {default: eu}, base: {default: api}}}
  - {url: 'https://example.com/api'}
  - {url: '/'}
";
    let api = api(&(with_paths("3.0.3", "  /a: {get: {responses: {}}}\n") + servers));
    assert_eq!(api.bases(), ["/api/v2", "/api", ""]);
    assert_eq!(api.below_base("/api/v2/a"), Some("/a"));
    assert_eq!(api.below_base("/api/a"), Some("/a"));
    assert_eq!(api.below_base("/apis/a"), Some("/apis/a"));
    assert_eq!(api.below_base("a"), None);
}
