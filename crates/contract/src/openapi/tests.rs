use super::*;
use crate::json::Document;
use candor_facts::Violation;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

mod dialects;
mod loading;
mod lookup;
mod parameters;
mod requests;
mod responses;

/// No other files.
fn alone(name: &str) -> Result<String, String> {
    Err(format!("there is no `{name}`"))
}

fn api(source: &str) -> OpenApi {
    OpenApi::read("api.yaml", source, &mut alone).unwrap_or_else(|why| panic!("{why}"))
}

/// A description of `version` with `paths`, which are indented by two.
fn with_paths(version: &str, paths: &str) -> String {
    format!("openapi: {version}\ninfo: {{title: T, version: '1'}}\npaths:\n{paths}")
}

/// A description with the one operation `POST /x`, whose JSON bodies both ways have `schema`.
fn with_schema(version: &str, schema: &str, components: &str) -> String {
    let content = format!("content: {{application/json: {{schema: {schema}}}}}");
    with_paths(
        version,
        &format!(
            "  /x:\n    post:\n      requestBody: {{required: true, {content}}}\n      \
             responses: {{'200': {{description: d, {content}}}}}\n\
             components:\n  schemas: {components}\n"
        ),
    )
}

fn operation<'o>(api: &'o OpenApi, method: &Method, path: &'o str) -> &'o Operation {
    let Found::Operation { operation, .. } = api.find(method, path) else {
        panic!("{method} {path} is not found")
    };
    operation
}

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    let field = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    };
    fields.iter().map(field).collect()
}

fn json() -> HeaderMap {
    headers(&[("content-type", "application/json")])
}

/// Pointers and rules, as `pointer rule`.
fn told(found: &[Violation]) -> Vec<String> {
    found.iter().map(|one| format!("{} {}", one.pointer, one.rule)).collect()
}

/// What is wrong with a call of `GET path?query` with `headers`.
fn get(api: &OpenApi, path: &str, query: &str, headers: &HeaderMap) -> Vec<String> {
    let Found::Operation { operation, params } = api.find(&Method::GET, path) else {
        panic!("{path} is not found")
    };
    let body = Body::Absent;
    told(&operation.check_request(&RequestParts { params: &params, query, headers, body }))
}

/// What is wrong with `POST /x` with `body`.
fn post(api: &OpenApi, headers: &HeaderMap, body: &str) -> Vec<String> {
    let Found::Operation { operation, params } = api.find(&Method::POST, "/x") else {
        panic!("/x is not found")
    };
    let body = Body::Bytes(body.as_bytes());
    told(&operation.check_request(&RequestParts { params: &params, query: "", headers, body }))
}

/// What comes of an answer of `POST /x` with `status` and `body`.
fn answer(api: &OpenApi, status: u16, headers: &HeaderMap, body: Body<'_>) -> Checked {
    let status = StatusCode::from_u16(status).unwrap();
    operation(api, &Method::POST, "/x").check_response(status, headers, body)
}

fn notes(api: &OpenApi) -> Vec<(NoteKind, usize)> {
    api.notes().iter().map(|note| (note.kind, note.line)).collect()
}
