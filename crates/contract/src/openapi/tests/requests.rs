//! Bodies of requests.

use super::*;

const BODIES: &str = "  /x:
    post:
      requestBody:
        required: true
        content:
          application/json: {schema: {type: object, required: [a]}}
          application/*+json: {schema: {type: array}}
          application/vnd.one+json: {schema: {type: string}}
          text/plain: {schema: {type: integer}}
      responses: {}
";

#[test]
fn each_media_type_has_its_form() {
    let api = api(&with_paths("3.0.3", BODIES));
    let of = |media: &str, body: &str| post(&api, &headers(&[("content-type", media)]), body);
    assert_eq!(of("application/json", "{\"a\": 1}"), [""; 0]);
    assert_eq!(of("application/json; charset=utf-8", "{}"), ["/body required"]);
    assert_eq!(of("Application/JSON;charset=\"UTF-8\"", "[]"), ["/body type"]);
    assert_eq!(of("application/vnd.two+json", "[]"), [""; 0]);
    assert_eq!(of("application/vnd.two+json", "{}"), ["/body type"]);
    assert_eq!(of("application/vnd.one+json", "\"a\""), [""; 0]);
    assert_eq!(of("text/plain", "what is not JSON is not held"), [""; 0]);
    assert_eq!(of("application/xml", "<a/>"), ["/header/content-type content"]);
    assert_eq!(of("nonsense", "{}"), ["/header/content-type content"]);
    assert_eq!(post(&api, &HeaderMap::new(), "{}"), ["/header/content-type content"]);
}

#[test]
fn a_body_that_is_required_must_be_there() {
    let api = api(&with_paths("3.0.3", BODIES));
    assert_eq!(post(&api, &json(), ""), ["/body required"]);
    let operation = operation(&api, &Method::POST, "/x");
    assert!(operation.requires_body());
    let found = operation.check_request(&RequestParts {
        params: &PathParams::default(),
        query: "",
        headers: &json(),
        body: Body::Absent,
    });
    assert_eq!(told(&found), ["/body required"]);
    assert!(found[0].expected.starts_with("a body of `application/json` or "), "{found:?}");
}

#[test]
fn what_is_not_json_is_told_by_its_place() {
    let api = api(&with_paths("3.0.3", BODIES));
    assert_eq!(post(&api, &json(), "{\"a\": }"), ["/body json"]);
    assert_eq!(post(&api, &json(), "{\"a\": 1, \"a\": 2}"), ["/body json"]);
}

#[test]
fn a_document_that_was_read_is_not_read_again() {
    let api = api(&with_paths("3.0.3", BODIES));
    let document = Document::parse(b"{}").unwrap();
    let (params, headers) = (PathParams::default(), json());
    let body = Body::Document(&document);
    let request = RequestParts { params: &params, query: "", headers: &headers, body };
    let found = operation(&api, &Method::POST, "/x").check_request(&request);
    assert_eq!(told(&found), ["/body required"]);
}

#[test]
fn a_body_that_is_not_declared_is_not_held() {
    let api = api(&with_paths("3.1.0", "  /x: {post: {responses: {}}}\n"));
    assert_eq!(post(&api, &HeaderMap::new(), "anything"), [""; 0]);
    assert_eq!(post(&api, &HeaderMap::new(), ""), [""; 0]);
}

#[test]
fn a_body_that_may_be_absent_is_held_where_it_is_there() {
    let optional = BODIES.replace("required: true", "required: false");
    let api = api(&with_paths("3.0.3", &optional));
    assert_eq!(post(&api, &HeaderMap::new(), ""), [""; 0]);
    assert_eq!(post(&api, &json(), "{}"), ["/body required"]);
}

#[test]
fn the_number_of_violations_is_bounded() {
    let api = api(&with_schema("3.1.0", "{type: array, items: {type: string}}", "{}"));
    let body = format!("[{}]", vec!["1"; 1000].join(","));
    assert_eq!(post(&api, &json(), &body).len(), crate::schema::VIOLATIONS);
}
