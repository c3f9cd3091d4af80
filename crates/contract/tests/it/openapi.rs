//! OpenAPI from outside: whatever fits a schema passes, whatever does not is refused, wherever it
//! stands; and no description makes the reader panic.

use candor_contract::openapi::{
    Body, Checked, Found, OpenApi, Operation, PathParams, RequestParts,
};
use candor_facts::Violation;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A schema with a value that fits it and one that does not.
#[derive(Debug, Clone)]
struct Case {
    schema: Value,
    good: Value,
    bad: Value,
}

fn case(schema: Value, good: impl Into<Value>, bad: impl Into<Value>) -> Case {
    Case { schema, good: good.into(), bad: bad.into() }
}

/// Schemas of single values. A text that is `bad` is no value of the type either.
fn scalar() -> impl Strategy<Value = Case> {
    let integer = (-1000_i64..1000, 0_i64..50, any::<bool>()).prop_map(|(least, more, below)| {
        let bad = if below { least - 1 } else { least + more + 1 };
        let schema = json!({"type": "integer", "minimum": least, "maximum": least + more});
        case(schema, least + more, bad)
    });
    let number =
        (-1e6..1e6_f64).prop_map(|value| case(json!({"type": "number"}), value, "no number"));
    let text = ("[ -~äß€/?&=+%.]{1,12}", 0_usize..4).prop_map(|(good, more)| {
        let most = good.chars().count() + more;
        let bad = "x".repeat(most + 1);
        case(json!({"type": "string", "maxLength": most}), good, bad)
    });
    let one_of = "[a-z]{1,5}"
        .prop_map(|good| case(json!({"type": "string", "enum": [good, "other"]}), good, "NONE"));
    let truth = any::<bool>().prop_map(|good| case(json!({"type": "boolean"}), good, "perhaps"));
    prop_oneof![integer, number, text, one_of, truth]
}

/// Schemas of all kinds, up to three levels deep.
fn any_case() -> impl Strategy<Value = Case> {
    scalar().prop_recursive(3, 24, 4, |inner| {
        let list = (inner.clone(), 1_usize..4).prop_map(|(Case { schema, good, bad }, count)| {
            let mut wrong = vec![good.clone(); count - 1];
            wrong.push(bad);
            let schema = json!({"type": "array", "items": schema, "maxItems": 4});
            case(schema, vec![good; count], wrong)
        });
        let object =
            (prop::collection::vec(inner.clone(), 1..4), any::<prop::sample::Index>(), 0..3)
                .prop_map(|(members, which, how)| {
                    object(&members, which.index(members.len()), how)
                });
        let both = inner
            .prop_map(|Case { schema, good, bad }| case(json!({"allOf": [schema, {}]}), good, bad));
        prop_oneof![list, object, both]
    })
}

/// An object of `members`, all required, in which the one at `which` is wrong, missing, or not
/// alone.
fn object(members: &[Case], which: usize, how: i32) -> Case {
    let name = |at: usize| format!("m{at}");
    let all = |value: fn(&Case) -> &Value| -> serde_json::Map<String, Value> {
        members.iter().enumerate().map(|(at, one)| (name(at), value(one).clone())).collect()
    };
    let good = all(|one| &one.good);
    let mut bad = good.clone();
    match how {
        0 => drop(bad.insert(name(which), members[which].bad.clone())),
        1 => drop(bad.remove(&name(which))),
        _ => drop(bad.insert("more".to_owned(), true.into())),
    }
    let required: Vec<String> = (0..members.len()).map(name).collect();
    let schema = json!({
        "type": "object", "required": required, "additionalProperties": false,
        "properties": all(|one| &one.schema),
    });
    case(schema, good, bad)
}

/// `POST /x/{p}` with the schema for its bodies, as a reference or in place, and for a parameter in
/// each place.
fn api(version: &str, schema: &Value, shared: bool, parameters: bool) -> OpenApi {
    let used = if shared { json!({"$ref": "#/components/schemas/S"}) } else { schema.clone() };
    let content = json!({"application/json": {"schema": used}});
    let places = if parameters { &["path", "query", "header", "cookie"][..] } else { &[] };
    let parameters: Vec<Value> = places
        .iter()
        .map(|place| json!({"name": "p", "in": place, "required": true, "schema": used}))
        .collect();
    let description = json!({
        "openapi": version, "info": {"title": "T", "version": "1"},
        "paths": {"/x/{p}": {"post": {
            "parameters": parameters,
            "requestBody": {"required": true, "content": content},
            "responses": {"2XX": {"description": "d", "content": content}},
        }}},
        "components": {"schemas": {"S": schema}},
    });
    let mut none = |name: &str| Err(format!("{name} is not there"));
    OpenApi::read("api.json", &description.to_string(), &mut none).unwrap()
}

fn found<'o, 'p>(api: &'o OpenApi, path: &'p str) -> (&'o Operation, PathParams<'p>)
where
    'o: 'p,
{
    let Found::Operation { operation, params } = api.find(&Method::POST, path) else {
        panic!("{path} is not found")
    };
    (operation, params)
}

fn json_headers() -> HeaderMap {
    let media = HeaderValue::from_static("application/json; charset=utf-8");
    [(http::header::CONTENT_TYPE, media)].into_iter().collect()
}

fn request(api: &OpenApi, body: &Value) -> Vec<Violation> {
    let (operation, params) = found(api, "/x/a");
    let (headers, body) = (json_headers(), body.to_string());
    let body = Body::Bytes(body.as_bytes());
    let request = RequestParts { params: &params, query: "", headers: &headers, body };
    operation.check_request(&request)
}

fn answer(api: &OpenApi, body: &Value) -> Checked {
    let (operation, _) = found(api, "/x/a");
    let body = body.to_string();
    operation.check_response(StatusCode::OK, &json_headers(), Body::Bytes(body.as_bytes()))
}

/// What a call with `value` in each place of a parameter breaks, as the places. Header fields and
/// cookies know no encoding, so that not every value can stand there.
fn parameters(api: &OpenApi, value: &Value) -> Vec<String> {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let encoded = utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string();
    let plain = text.bytes().all(|b| b.is_ascii_graphic() && !b",;\"".contains(&b));
    let mut headers = HeaderMap::new();
    let raw = if plain { text } else { "1".to_owned() };
    headers.insert("p", HeaderValue::from_str(&raw).unwrap());
    headers.insert(http::header::COOKIE, HeaderValue::from_str(&format!("p={raw}")).unwrap());
    let (path, query) = (format!("/x/{encoded}"), format!("q=1&p={encoded}"));
    let (operation, params) = found(api, &path);
    let body = Body::Absent;
    let request = RequestParts { params: &params, query: &query, headers: &headers, body };
    let all = operation.check_request(&request).into_iter().map(|one| one.pointer);
    let places = ["/path/p", "/query/p"].into_iter();
    let places: Vec<&str> =
        places.chain(plain.then_some(["/header/p", "/cookie/p"]).into_iter().flatten()).collect();
    all.filter(|pointer| places.contains(&pointer.as_str())).collect()
}

#[test]
fn a_description_is_shared_by_threads() {
    let api = api("3.1.0", &json!({"type": "integer"}), true, false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(request(&api, &json!("a")).len(), 1));
        }
    });
}

fn version() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("3.0.3"), Just("3.1.0")]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bodies_pass_if_and_only_if_they_fit(case in any_case(), version in version(), shared in any::<bool>()) {
        let api = api(version, &case.schema, shared, false);
        prop_assert_eq!(request(&api, &case.good), []);
        prop_assert_eq!(answer(&api, &case.good), Checked::Passed);
        let wrong = request(&api, &case.bad);
        prop_assert!(!wrong.is_empty() && wrong.iter().all(|one| one.pointer.starts_with("/body")));
        prop_assert_eq!(answer(&api, &case.bad), Checked::Failed(wrong));
    }

    #[test]
    fn parameters_pass_if_and_only_if_they_fit(case in scalar(), version in version(), shared in any::<bool>()) {
        let api = api(version, &case.schema, shared, true);
        prop_assert!(api.notes().is_empty());
        prop_assert_eq!(parameters(&api, &case.good), Vec::<String>::new());
        let wrong = parameters(&api, &case.bad);
        prop_assert!(wrong.starts_with(&["/path/p".to_owned(), "/query/p".to_owned()]), "{:?}", wrong);
    }

    /// Whatever a request says, holding it ends, with a bounded list.
    #[test]
    fn no_request_makes_the_check_panic(
        case in any_case(),
        path in "[ -~]{0,30}",
        query in "[ -~]{0,60}",
        field in "[ -~]{0,30}",
        body in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let api = api("3.1.0", &case.schema, true, true);
        let path = format!("/x/{}", path.replace('/', ""));
        let Found::Operation { operation, params } = api.find(&Method::POST, &path) else { return Ok(()) };
        let mut headers = json_headers();
        headers.insert("p", HeaderValue::from_str(&field).unwrap());
        headers.insert("cookie", HeaderValue::from_str(&field).unwrap());
        let request = RequestParts { params: &params, query: &query, headers: &headers, body: Body::Bytes(&body) };
        prop_assert!(operation.check_request(&request).len() <= candor_contract::schema::VIOLATIONS);
    }

    /// A description that was cut or changed somewhere is read, or told to be wrong.
    #[test]
    fn no_description_makes_the_reader_panic(
        at in any::<prop::sample::Index>(),
        end in any::<prop::sample::Index>(),
        put in "[\\[\\]{}:,#$&*!'\"a-z0-9 \n-]{0,6}",
    ) {
        let (from, to) = (at.index(DESCRIPTION.len()), end.index(DESCRIPTION.len()));
        let to = if from <= to && to - from < 40 { to } else { from };
        let (before, behind) = (DESCRIPTION.get(..from), DESCRIPTION.get(to..));
        let source = format!("{}{put}{}", before.unwrap_or_default(), behind.unwrap_or_default());
        let mut none = |name: &str| Err(format!("{name} is not there"));
        if let Err(mistakes) = OpenApi::read("api.yaml", &source, &mut none) {
            prop_assert!(!mistakes.to_string().is_empty());
        }
    }
}

const DESCRIPTION: &str = "openapi: 3.1.0
info: {title: Pets, version: '1'}
servers: [{url: 'https://pets.example/{v}', variables: {v: {default: v2}}}]
paths:
  /pets/{id}.json:
    parameters: [{name: id, in: path, required: true, schema: {type: integer, minimum: 1}}]
    put:
      operationId: put
      parameters:
        - {name: tags, in: query, explode: false, schema: {type: array, items: {type: string}}}
        - {name: at, in: query, style: deepObject, schema: {type: object, properties: {x: {type: number}}}}
      requestBody: {required: true, content: {application/*+json: {schema: {$ref: '#/components/schemas/Pet'}}}}
      responses:
        '200': {$ref: '#/components/responses/Pet'}
        4XX: {description: d, headers: {x-left: {schema: {type: integer}}}}
        default: {description: d}
components:
  responses: {Pet: {description: d, content: {application/json: {schema: {$ref: '#/components/schemas/Pet'}}}}}
  schemas:
    Pet: {type: object, required: [id], properties: {id: {type: integer, readOnly: true}, kids: {type: array, items: {$ref: '#/components/schemas/Pet'}}}}
";
