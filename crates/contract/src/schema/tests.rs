use super::*;
use candor_facts::Violation;
use proptest::prelude::*;
use serde_json::json;

fn schema(source: &Value) -> Schema {
    Schema::compile(source, Draft::D4).unwrap()
}

fn broken(source: &Value) -> SchemaError {
    Schema::compile(source, Draft::D4).unwrap_err()
}

fn violations(source: &Value, body: &str) -> Vec<Violation> {
    let document = Document::parse(body.as_bytes()).unwrap();
    schema(source).violations(&document, VIOLATIONS)
}

/// The single difference between `body` and `source`, as pointer, rule and text.
fn difference(source: &Value, body: &str) -> (String, String, String) {
    let mut all = violations(source, body);
    assert_eq!(all.len(), 1, "{source} {body} {all:?}");
    let Violation { pointer, rule, expected } = all.remove(0);
    (pointer, rule, expected)
}

/// Places and rules of all differences, in an order of their own.
type Places = Vec<(String, String)>;

fn ours(source: &Value, draft: Draft, body: &str) -> (bool, Places) {
    let document = Document::parse(body.as_bytes()).unwrap();
    let schema = Schema::compile(source, draft).unwrap();
    let all = schema.violations(&document, usize::MAX);
    let mut places: Places = all.into_iter().map(|one| (one.pointer, one.rule)).collect();
    places.sort();
    (schema.is_valid(&document), places)
}

/// The same by the engine's own representation.
fn theirs(source: &Value, draft: Draft, body: &str) -> (bool, Places) {
    let body: Value = serde_json::from_str(body).unwrap();
    let validator = build::<engine::SerdeJson>(source, draft).unwrap();
    let all = validator.iter_errors(&body).map(|error| words::violation(&error));
    let mut places: Places = all.map(|one| (one.pointer, one.rule)).collect();
    places.sort();
    (validator.is_valid(&body), places)
}

#[test]
fn a_schema_is_shared_by_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Schema>();
}

#[test]
fn a_name_chooses_among_the_forms_of_one_schema() {
    let source = json!({
        "properties": {"0": {"$ref": "#/definitions/a"}, "1": {"items": {"$ref": "#/definitions/a"}}},
        "definitions": {"a": {"type": "integer"}}
    });
    let told = |name: &str, body: &str| {
        let document = Document::parse(body.as_bytes()).unwrap();
        let all = schema(&source).violations_as(name, &document, VIOLATIONS);
        all.into_iter().map(|one| format!("{} {}", one.pointer, one.rule)).collect::<Vec<_>>()
    };
    assert_eq!(told("0", "1"), [""; 0]);
    assert_eq!(told("0", "[1]"), [" type"]);
    assert_eq!(told("1", "[1]"), [""; 0]);
    assert_eq!(told("1", "[1, \"a\", {\"1\": []}]"), ["/1 type", "/2 type"]);
    assert_eq!(told("2", "\"whatever has no form\""), [""; 0]);
}

// === Verdicts ===

#[test]
fn verdicts_are_those_of_the_drafts() {
    let mut pairs = 0;
    for line in include_str!("verdicts.txt").lines().filter(|line| !line.starts_with('#')) {
        let [drafts, verdict, source, body] =
            line.split(" | ").map(str::trim).collect::<Vec<_>>().try_into().unwrap();
        let source: Value = serde_json::from_str(source).unwrap();
        for draft in drafts.split(' ').map(draft_named) {
            pairs += 1;
            let (valid, places) = ours(&source, draft, body);
            assert_eq!(valid, verdict == "valid", "{draft:?} {line}");
            assert_eq!(valid, places.is_empty(), "{draft:?} {line}");
            assert_eq!((valid, places), theirs(&source, draft, body), "{draft:?} {line}");
        }
    }
    assert!(pairs > 200, "only {pairs} pairs");
}

fn draft_named(name: &str) -> Draft {
    match name {
        "4" => Draft::D4,
        "6" => Draft::D6,
        "7" => Draft::D7,
        "2019" => Draft::D2019,
        "2020" => Draft::D2020,
        _ => panic!("no draft {name}"),
    }
}

#[test]
fn the_schema_names_its_draft() {
    // An array of schemas in `items` is a list of places until 2019-09, and a mistake in 2020-12.
    let of_2020 = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "prefixItems": [{"type": "string"}], "items": false
    });
    assert_eq!(violations(&of_2020, r#"["a"]"#), []);
    assert_eq!(difference(&of_2020, r#"["a", 1]"#).1, "items");
    let of_4 = json!({
        "$schema": "http://json-schema.org/draft-04/schema#", "maximum": 5, "exclusiveMaximum": true
    });
    let document = Document::parse(b"5").unwrap();
    assert!(!Schema::compile(&of_4, Draft::D2020).unwrap().is_valid(&document));
}

/// The subset of Draft 4 that is documented for callback payloads.
#[test]
fn a_callback_payload_is_checked() {
    let source = json!({
        "title": "tenant", "type": "object", "required": ["id", "login"],
        "additionalProperties": false,
        "properties": {
            "id": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "login": {"type": ["string", "null"]},
            "tags": {"type": "array", "items": {"type": "string"}}
        }
    });
    assert_eq!(violations(&source, r#"{"id": 7, "login": null, "tags": ["a"]}"#), []);
    let all = violations(&source, r#"{"id": true, "tags": ["a", 1], "x/y": {}}"#);
    let mut told: Vec<String> =
        all.iter().map(|one| format!("{} {}: {}", one.pointer, one.rule, one.expected)).collect();
    told.sort();
    assert_eq!(
        told,
        [
            " additionalProperties: no members beside the declared ones; found `x/y`",
            " required: the member `login`",
            "/id anyOf: a string or an integer",
            "/tags/1 type: a string",
        ]
    );
}

// === Words ===

#[test]
fn each_keyword_says_what_was_expected() {
    for line in include_str!("words.txt").lines().filter(|line| !line.starts_with('#')) {
        let [draft, source, body, pointer, rule, text] =
            line.split(" | ").map(str::trim).collect::<Vec<_>>().try_into().unwrap();
        let source: Value = serde_json::from_str(source).unwrap();
        let document = Document::parse(body.as_bytes()).unwrap();
        let schema = Schema::compile(&source, draft_named(draft)).unwrap();
        let all = schema.violations(&document, VIOLATIONS);
        let told: Vec<[&str; 3]> =
            all.iter().map(|one| [&*one.pointer, &*one.rule, &*one.expected]).collect();
        assert_eq!(told, [[pointer, rule, text]], "{line}");
    }
}

#[test]
fn pointers_are_escaped() {
    let source = json!({"additionalProperties": {"type": "integer"}});
    assert_eq!(difference(&source, r#"{"a/b~c": "x"}"#).0, "/a~1b~0c");
    assert_eq!(difference(&source, r#"{"\u00e9\ud83e\udd80": "x"}"#).0, "/é🦀");
}

#[test]
fn long_lists_are_cut() {
    let options: Vec<String> = (0..40).map(|at| format!("{at:0>200}")).collect();
    let (_, _, text) = difference(&json!({"enum": options}), "1");
    assert!(text.ends_with("… and 33 more") && text.len() < 800, "{text}");
    let members: Vec<String> = (0..40).map(|at| format!("\"{at:0>200}\":0")).collect();
    let body = format!("{{{}}}", members.join(","));
    let (_, _, text) =
        difference(&json!({"properties": {"a": {}}, "additionalProperties": false}), &body);
    assert!(text.ends_with("…` and 33 more") && text.len() < 800, "{text}");
}

#[test]
fn the_number_of_violations_is_bounded() {
    let source = json!({"items": {"type": "string"}});
    let body = format!("[{}0]", "0,".repeat(999));
    let document = Document::parse(body.as_bytes()).unwrap();
    for limit in [0, 1, VIOLATIONS] {
        assert_eq!(schema(&source).violations(&document, limit).len(), limit);
    }
}

#[test]
fn a_body_too_large_to_tell_is_refused_as_a_whole() {
    let source = json!({"additionalProperties": {"items": {"type": "string"}}});
    let long_name = "n".repeat(200_000);
    let body = format!("{{\"{long_name}\": [{}0]}}", "0,".repeat(50));
    let (pointer, rule, _) = difference(&source, &body);
    assert_eq!((&*pointer, &*rule), ("", "schema"));
    let valid = body.replace('0', "\"\"");
    assert_eq!(violations(&source, &valid), []);
}

/// Each value of the body carries the mark, and no violation may.
#[test]
fn violations_hold_no_values() {
    let mark = "hunter2";
    let wrong = format!(r#"{{"a": "{mark}", "b": ["{mark}", "{mark}"], "c": {{"d": "{mark}"}}}}"#);
    for keyword in [
        json!({"type": "null"}),
        json!({"enum": [1]}),
        json!({"const": 1}),
        json!({"not": {}}),
        json!({"maxLength": 1, "maxItems": 1, "maxProperties": 0}),
        json!({"pattern": "^$", "items": false, "additionalProperties": false}),
        json!({"format": "ipv4", "uniqueItems": true, "properties": {"d": {"type": "null"}}}),
        json!({"unevaluatedItems": false, "unevaluatedProperties": false, "type": ["string", "object", "array"]}),
        json!({"anyOf": [{"type": "null"}, {"const": 1}], "oneOf": [{"maxLength": 1}, {"maxItems": 1}]}),
        json!({"contains": {"type": "null"}, "propertyNames": {"maxLength": 0}}),
        json!({"contentEncoding": "base64", "contentMediaType": "application/json"}),
    ] {
        for draft in [Draft::D7, Draft::D2019, Draft::D2020] {
            let source = json!({"additionalProperties": keyword});
            let schema = Schema::compile(&source, draft).unwrap();
            let document = Document::parse(wrong.as_bytes()).unwrap();
            let told = format!("{:?}", schema.violations(&document, VIOLATIONS));
            assert!(!told.contains(mark), "{keyword}: {told}");
        }
    }
}

// === Uniqueness and recursion ===

#[test]
fn elements_differ_by_value_in_arrays_of_any_length() {
    let schema = schema(&json!({"uniqueItems": true}));
    let valid = |elements: &[String]| {
        let body = format!("[{}]", elements.join(","));
        schema.is_valid(&Document::parse(body.as_bytes()).unwrap())
    };
    let pairs = [
        ("1", "1.0"),
        ("0", "-0.0"),
        ("18446744073709551615", "18446744073709551615"),
        ("1e300", "1e300"),
        ("1e30", "1000000000000000000000000000000"),
        ("null", "null"),
        ("\"a\"", "\"\\u0061\""),
        ("[1, {\"a\": []}]", "[1.0, {\"a\": []}]"),
        ("{\"a\": 1, \"b\": 2}", "{\"b\": 2.0, \"a\": 1}"),
        ("{}", "{}"),
        ("[]", "[]"),
    ];
    let different = [
        ("1", "true"),
        ("0", "false"),
        ("[]", "{}"),
        ("\"\"", "null"),
        ("\"1\"", "1"),
        ("1", "1.5"),
        ("18446744073709551615", "18446744073709551614"),
        ("18446744073709551615", "1.8446744073709552e19"),
        ("{\"a\": 1}", "{\"b\": 1}"),
        ("[1, 2]", "[2, 1]"),
        ("[[1], 2]", "[1, [2]]"),
    ];
    for padding in [0, 5, 40, 400] {
        let with = |one: &str, other: &str| {
            let mut elements = vec![one.to_owned()];
            elements.extend((0..padding).map(|at| format!("\"padding {at}\"")));
            elements.push(other.to_owned());
            elements
        };
        for (one, other) in pairs {
            assert!(!valid(&with(one, other)), "{one} {other} {padding}");
        }
        for (one, other) in different {
            assert!(valid(&with(one, other)), "{one} {other} {padding}");
        }
    }
}

#[test]
fn wide_objects_are_compared_by_name() {
    let members = |order: &mut dyn Iterator<Item = usize>| {
        let members: Vec<String> = order.map(|at| format!("\"m{at}\": {at}")).collect();
        format!("{{{}}}", members.join(","))
    };
    let body = format!("[{}, {}]", members(&mut (0..1000)), members(&mut (0..1000).rev()));
    assert_eq!(difference(&json!({"uniqueItems": true}), &body).1, "uniqueItems");
}

#[test]
fn recursive_schemas_follow_the_body_down() {
    let source = json!({
        "properties": {"next": {"$ref": "#"}}, "additionalProperties": false
    });
    let levels = crate::json::MAX_DEPTH - 1;
    let chain = |end: &str| "{\"next\":".repeat(levels) + end + &"}".repeat(levels);
    assert_eq!(violations(&source, &chain("{}")), []);
    assert_eq!(difference(&source, &chain("{\"x\":1}")).0, "/next".repeat(levels));
}

/// The deepest that holding can go, on the stack of a thread: the longest chain at each level of the
/// deepest body that the schema takes.
#[test]
fn the_deepest_body_is_held_by_the_longest_chain() {
    for keyword in ["allOf", "anyOf", "oneOf"] {
        for levels in [1_usize, 6, 12, 40, 400, 1400] {
            let to = |at: usize| json!({"$ref": format!("#/definitions/{at}")});
            let part = |at: usize| (at.to_string(), json!({keyword: [to(at + 1)]}));
            let mut parts: serde_json::Map<_, _> = (0..levels).map(part).collect();
            let last = json!({"type": "array", "items": {"$ref": "#"}});
            parts.insert(levels.to_string(), last);
            let schema = schema(&json!({"definitions": parts, "$ref": "#/definitions/0"}));
            let rules = |end: &str, depth: usize| {
                let body = "[".repeat(depth) + end + &"]".repeat(depth);
                let document = Document::parse(body.as_bytes()).unwrap();
                let found = schema.violations(&document, VIOLATIONS);
                assert_eq!(schema.is_valid(&document), found.is_empty());
                found.into_iter().map(|one| one.rule).collect::<Vec<_>>()
            };
            // Each step of a chain is a schema with a reference and one with a keyword; an element is
            // held against a reference, the root and the chain.
            let deepest = (1500 / (2 * levels + 3)).min(crate::json::MAX_DEPTH);
            if deepest > 0 {
                assert_eq!(rules("", deepest), [""; 0], "{keyword} {levels}");
                assert_ne!(rules("1", deepest), [""; 0], "{keyword} {levels}");
            }
            if deepest < crate::json::MAX_DEPTH {
                assert_eq!(rules("", deepest + 1), ["depth"], "{keyword} {levels}");
            }
        }
    }
}

#[test]
fn circular_references_end() {
    for source in [
        json!({"$ref": "#"}),
        json!({"allOf": [{"$ref": "#"}]}),
        json!({"definitions": {"a": {"$ref": "#/definitions/b"}, "b": {"$ref": "#/definitions/a"}}, "$ref": "#/definitions/a"}),
        json!({"definitions": {"n": {"allOf": [{"$ref": "#/definitions/n"}]}}, "propertyNames": {"$ref": "#/definitions/n"}}),
    ] {
        let schema = Schema::compile(&source, Draft::D7).unwrap();
        let document = Document::parse(br#"{"a": {"b": [1]}, "c": ""}"#).unwrap();
        assert!(schema.is_valid(&document), "{source}");
        assert_eq!(schema.violations(&document, VIOLATIONS), [], "{source}");
    }
}

// === Mistakes in schemas ===

#[test]
fn mistakes_in_schemas_say_where() {
    let cases = [
        (
            json!({"properties": {"a": {"type": "text"}}}),
            "/properties/a/type",
            "`type` must be one of array, boolean, integer, null, number, object and string, or a list of them",
        ),
        (json!({"required": "a"}), "/required", "expected an array"),
        (json!({"required": []}), "/required", "expected at least 1 element"),
        (
            json!({"items": {"maxLength": -1}}),
            "/items/maxLength",
            "expected a number of at least 0",
        ),
        (
            json!({"pattern": "(?=a)b"}),
            "/pattern",
            "not a regular expression that can be run in linear time; look-around and back-references cannot",
        ),
        (
            json!({"pattern": "("}),
            "/pattern",
            "not a regular expression that can be run in linear time; look-around and back-references cannot",
        ),
        (
            json!({"$schema": "https://example.com/own"}),
            "/$schema",
            "`https://example.com/own` is not a known version of JSON Schema; use one of the drafts 4, 6, 7, 2019-09 and 2020-12",
        ),
        (
            json!({"items": {"$ref": "https://example.com/a.json#/x"}}),
            "/items/$ref",
            "`https://example.com/a.json` lies outside of this schema, and nothing is fetched; include it",
        ),
        (
            json!({"items": [{"$ref": "other.json"}]}),
            "/items/0/$ref",
            "`other.json` lies outside of this schema, and nothing is fetched; include it",
        ),
        (
            json!({"properties": {"a/b": {"$ref": "#/definitions/none"}}}),
            "/properties/a~1b/$ref",
            "a reference leads to `/definitions/none`, where there is nothing",
        ),
        (json!(7), "", "expected an object"),
        (json!([]), "", "expected an object"),
    ];
    for (source, pointer, message) in cases {
        let error = broken(&source);
        assert_eq!((&*error.pointer, &*error.message), (pointer, message), "{source}");
    }
}

#[test]
fn schema_errors_read_as_sentences() {
    assert_eq!(broken(&json!(7)).to_string(), "at the root: expected an object");
    assert_eq!(broken(&json!({"required": 1})).to_string(), "at /required: expected an array");
}

#[test]
fn odd_identifiers_are_answered() {
    for id in
        ["", "#", "#a", "a b", "%%", "http://x/#", "http://[", "urn:x:y", "a#b", "//", "\u{0}"]
    {
        for (member, draft) in [("id", Draft::D4), ("$id", Draft::D7), ("$id", Draft::D2020)] {
            let _answered =
                Schema::compile(&json!({member: id, "items": {member: id, "$ref": "#"}}), draft);
        }
    }
}

// === Agreement with the engine's own representation ===

/// Values over few names, numbers and texts, so that schemas of the same words apply to them.
fn bodies() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        (-3_i64..6).prop_map(Value::from),
        prop::sample::select(vec![0.5, 1.0, -0.0, 2.5, 1e20, 1e300]).prop_map(Value::from),
        "[abé]{0,3}".prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((names(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn names() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "d/e", "~", ""]).prop_map(str::to_owned)
}

/// Schemas that all drafts read, mostly in the same way.
fn schemas() -> impl Strategy<Value = Value> {
    let types = prop::sample::select(vec![
        json!("string"),
        json!("integer"),
        json!("number"),
        json!("object"),
        json!("array"),
        json!("null"),
        json!("boolean"),
        json!(["string", "null"]),
        json!(["integer", "object"]),
    ]);
    let leaf = prop_oneof![
        types.prop_map(|types| json!({"type": types})),
        (0_u8..4).prop_map(|limit| json!({"minLength": limit, "minItems": limit})),
        (0_u8..4).prop_map(
            |limit| json!({"maxLength": limit, "maxItems": limit, "maxProperties": limit})
        ),
        (-2_i8..4).prop_map(|limit| json!({"minimum": limit, "maximum": limit + 2})),
        prop::sample::select(vec![1.0, 0.5, 2.0]).prop_map(|step| json!({"multipleOf": step})),
        prop::collection::vec(bodies(), 1..4).prop_map(|options| json!({"enum": options})),
        Just(json!({"uniqueItems": true})),
        Just(json!({"pattern": "^a"})),
        Just(json!({"$ref": "#"})),
        Just(json!({})),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        let members = prop::collection::btree_map(names(), inner.clone(), 1..4);
        let several = prop::collection::vec(inner.clone(), 1..4);
        let required = prop::collection::btree_set(names(), 1..4);
        prop_oneof![
            (members, any::<bool>()).prop_map(
                |(members, open)| json!({"properties": members, "additionalProperties": open})
            ),
            required.prop_map(|names| json!({"required": names})),
            inner.clone().prop_map(|of| json!({"items": of, "additionalProperties": of})),
            inner.clone().prop_map(|of| json!({"patternProperties": {"^[ab]": of}})),
            inner.prop_map(|of| json!({"not": of})),
            several.clone().prop_map(|of| json!({"anyOf": of})),
            several.clone().prop_map(|of| json!({"oneOf": of})),
            several.prop_map(|of| json!({"allOf": of})),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_the_engines_own_representation(
        source in schemas(),
        bodies in prop::collection::vec(bodies(), 1..6),
        draft in prop::sample::select(vec![Draft::D4, Draft::D6, Draft::D7, Draft::D2019, Draft::D2020]),
    ) {
        for body in bodies {
            let body = body.to_string();
            let (valid, places) = ours(&source, draft, &body);
            prop_assert_eq!(valid, places.is_empty());
            prop_assert_eq!((valid, places), theirs(&source, draft, &body));
        }
    }

    #[test]
    fn equality_is_that_of_the_engine(one in bodies(), other in bodies()) {
        let body = one.to_string();
        for source in [json!({"enum": [other]}), json!({"enum": [one]})] {
            prop_assert_eq!(ours(&source, Draft::D7, &body), theirs(&source, Draft::D7, &body));
        }
        let pair = json!([one, 0, other]).to_string();
        let unique = json!({"uniqueItems": true});
        prop_assert_eq!(ours(&unique, Draft::D7, &pair), theirs(&unique, Draft::D7, &pair));
    }
}
