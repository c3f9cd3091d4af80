//! Answers.

use super::*;

const ANSWERS: &str = "  /x:
    post:
      responses:
        '200':
          description: d
          headers:
            X-Left: {required: true, schema: {type: integer}}
            Content-Type: {required: true, schema: {type: integer}}
          content:
            application/json: {schema: {type: object, required: [a]}}
            text/csv: {schema: {type: string}}
        '201': {description: d, content: {application/json: {}}}
        '204': {description: d}
        2xx: {description: d, content: {application/json: {schema: {type: array}}}}
        4XX: {description: d, content: {application/problem+json: {schema: {required: [title]}}}}
        default: {description: d, content: {'*/*': {schema: {type: string}}}}
";

fn answered(status: u16, media: &str, body: &str) -> Vec<String> {
    let api = api(&with_paths("3.0.3", ANSWERS));
    let headers = headers(&[("content-type", media), ("x-left", "1")]);
    told(answer(&api, status, &headers, Body::Bytes(body.as_bytes())).violations())
}

#[test]
fn the_status_itself_goes_before_its_range_and_that_before_the_default() {
    let media = "application/json";
    assert_eq!(answered(200, media, "{}"), ["/body required"]);
    assert_eq!(answered(202, media, "{}"), ["/body type"]);
    assert_eq!(answered(404, "application/problem+json", "{}"), ["/body required"]);
    assert_eq!(answered(503, media, "{}"), ["/body type"]);
    assert_eq!(answered(503, media, "\"a\""), [""; 0]);
}

#[test]
fn a_status_that_is_not_declared_is_told_apart() {
    let api = api(&with_paths("3.1.0", "  /x: {post: {responses: {'200': {description: d}}}}\n"));
    let found = answer(&api, 500, &json(), Body::Bytes(b"{}"));
    assert_eq!(found, Checked::Undeclared);
    assert!(!found.is_declared() && found.violations().is_empty());
    assert!(!operation(&api, &Method::POST, "/x").declares(StatusCode::BAD_GATEWAY));
}

#[test]
fn the_media_type_must_be_declared() {
    assert_eq!(answered(200, "text/html", "<p>"), ["/header/content-type content"]);
    assert_eq!(answered(404, "application/json", "{}"), ["/header/content-type content"]);
    assert_eq!(answered(200, "application/json", "no"), ["/body json"]);
}

#[test]
fn an_answer_without_content_has_no_body() {
    assert_eq!(answered(204, "application/json", "{}"), ["/body content"]);
    assert_eq!(answered(204, "application/json", ""), [""; 0]);
}

#[test]
fn no_bytes_are_no_json() {
    let api = api(&with_paths("3.0.3", ANSWERS));
    let left = headers(&[("x-left", "1")]);
    assert_eq!(answered(202, "application/json", ""), ["/body required"]);
    // Text may be empty.
    assert_eq!(answer(&api, 200, &left, Body::Bytes(b"")), Checked::Unheld);
    // Answers to `HEAD`.
    assert_eq!(answer(&api, 202, &left, Body::Absent), Checked::Unheld);
    // These never have one.
    assert_eq!(answer(&api, 205, &left, Body::Bytes(b"")), Checked::Passed);
}

#[test]
fn what_was_held_is_told_from_what_was_not() {
    let api = api(&with_paths("3.0.3", ANSWERS));
    let of = |media: &str| headers(&[("content-type", media), ("x-left", "1")]);
    let held = answer(&api, 200, &of("application/json"), Body::Bytes(b"{\"a\": 1}"));
    assert_eq!(held, Checked::Passed);
    assert_eq!(answer(&api, 200, &of("text/csv"), Body::Bytes(b"a,b")), Checked::Unheld);
    assert_eq!(answer(&api, 201, &of("application/json"), Body::Bytes(b"no")), Checked::Unheld);
}

#[test]
fn header_fields_are_held() {
    let api = api(&with_paths("3.0.3", ANSWERS));
    let body = Body::Bytes(b"{\"a\": 1}");
    assert_eq!(told(answer(&api, 200, &json(), body).violations()), ["/header required"]);
    let wrong = headers(&[("content-type", "application/json"), ("x-left", "x")]);
    assert_eq!(told(answer(&api, 200, &wrong, body).violations()), ["/header/X-Left type"]);
}
