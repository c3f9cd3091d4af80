//! What schemas of both versions say.

use super::*;

/// Holds each of `good` and `bad` as a request's body against `schema`.
fn check(version: &str, schema: &str, components: &str, good: &[&str], bad: &[(&str, &str)]) {
    let api = api(&with_schema(version, schema, components));
    for body in good {
        assert_eq!(post(&api, &json(), body), [""; 0], "{schema} {body}");
    }
    for (body, wrong) in bad {
        assert_eq!(post(&api, &json(), body), [*wrong], "{schema} {body}");
    }
}

#[test]
fn null_is_taken_where_3_0_says_nullable() {
    let of = |schema: &str, good: &[&str], bad: &[(&str, &str)]| {
        check("3.0.3", schema, "{A: {type: integer}}", good, bad);
    };
    of("{type: string, nullable: true}", &["null", "\"a\""], &[("1", "/body type")]);
    of("{type: string}", &["\"a\""], &[("null", "/body type")]);
    of("{type: string, enum: [a], nullable: true}", &["null", "\"a\""], &[("\"b\"", "/body enum")]);
    of(
        "{allOf: [{$ref: '#/components/schemas/A'}], nullable: true}",
        &["null", "1"],
        &[("\"a\"", "/body type")],
    );
}

#[test]
fn nullable_says_nothing_in_3_1() {
    check("3.1.0", "{type: string, nullable: true}", "{}", &["\"a\""], &[("null", "/body type")]);
    check("3.1.0", "{type: [string, 'null']}", "{}", &["\"a\"", "null"], &[("1", "/body type")]);
}

#[test]
fn exclusive_bounds_are_flags_in_3_0_and_numbers_in_3_1() {
    check(
        "3.0.3",
        "{type: number, minimum: 1, exclusiveMinimum: true, maximum: 3, exclusiveMaximum: false}",
        "{}",
        &["2", "3"],
        &[("1", "/body exclusiveMinimum"), ("4", "/body maximum")],
    );
    check(
        "3.1.0",
        "{type: number, exclusiveMinimum: 1}",
        "{}",
        &["2"],
        &[("1", "/body exclusiveMinimum")],
    );
}

#[test]
fn formats_of_3_0_are_ranges_and_dates_and_nothing_else() {
    check(
        "3.0.3",
        "{type: integer, format: int32}",
        "{}",
        &["2147483647"],
        &[("2147483648", "/body maximum")],
    );
    check(
        "3.0.3",
        "{type: integer, format: int32, minimum: 0}",
        "{}",
        &["1"],
        &[("-1", "/body minimum")],
    );
    check(
        "3.0.3",
        "{type: string, format: date-time}",
        "{}",
        &["\"2026-11-21T10:00:00Z\""],
        &[("\"today\"", "/body format")],
    );
    check("3.0.3", "{type: string, format: email}", "{}", &["\"not one\""], &[]);
    check("3.1.0", "{type: string, format: date-time}", "{}", &["\"today\""], &[]);
}

#[test]
fn what_stands_beside_a_reference_holds_in_3_1_alone() {
    let schema = "{$ref: '#/components/schemas/A', maxLength: 1}";
    let parts = "{A: {type: string}}";
    check("3.0.3", schema, parts, &["\"abc\""], &[("1", "/body type")]);
    check(
        "3.1.0",
        schema,
        parts,
        &["\"a\""],
        &[("\"abc\"", "/body maxLength"), ("1", "/body type")],
    );
    let noted = api(&with_schema("3.0.3", schema, parts));
    assert_eq!(notes(&noted), [(NoteKind::BesideReference, 6), (NoteKind::BesideReference, 7)]);
    assert!(api(&with_schema("3.1.0", schema, parts)).notes().is_empty());
}

#[test]
fn read_only_members_may_be_missing_in_requests_and_write_only_ones_in_answers() {
    let schema = "{type: object, required: [id, name, key], properties: \
                  {id: {type: integer, readOnly: true}, name: {type: string}, \
                  key: {$ref: '#/components/schemas/Key'}}}";
    let api = api(&with_schema("3.0.3", schema, "{Key: {type: string, writeOnly: true}}"));
    assert_eq!(post(&api, &json(), "{\"name\": \"n\", \"key\": \"k\"}"), [""; 0]);
    assert_eq!(post(&api, &json(), "{\"id\": 1, \"name\": \"n\"}"), ["/body required"]);
    let answered =
        |body: &str| told(answer(&api, 200, &json(), Body::Bytes(body.as_bytes())).violations());
    assert_eq!(answered("{\"id\": 1, \"name\": \"n\"}"), [""; 0]);
    assert_eq!(answered("{\"name\": \"n\"}"), ["/body required"]);
    assert_eq!(answered("{\"id\": 1, \"name\": \"n\", \"key\": \"k\"}"), ["/body/key false"]);
}

#[test]
fn members_of_a_base_are_lifted_with_it() {
    let schema = "{allOf: [{$ref: '#/components/schemas/Base'}, {required: [id, name]}]}";
    let base = "{Base: {type: object, properties: {id: {type: integer, readOnly: true}}}}";
    check("3.0.3", schema, base, &["{\"name\": 1}"], &[("{}", "/body required")]);
}

#[test]
fn a_part_that_is_closed_refuses_the_members_of_its_siblings() {
    let schema = "{allOf: [{type: object, additionalProperties: false, properties: {a: {}}}, \
                  {type: object, properties: {b: {}}}]}";
    let bad = [("{\"a\": 1, \"b\": 2}", "/body additionalProperties")];
    check("3.0.3", schema, "{}", &["{\"a\": 1}"], &bad);
    let open = "{unevaluatedProperties: false, allOf: [{$ref: '#/components/schemas/A'}, {properties: {b: {}}}]}";
    let bad = [("{\"c\": 1}", "/body unevaluatedProperties")];
    check("3.1.0", open, "{A: {properties: {a: {}}}}", &["{\"a\": 1, \"b\": 2}"], &bad);
}

#[test]
fn a_schema_may_refer_to_itself_within_its_value() {
    let tree = "{Tree: {type: object, properties: {kids: {type: array, items: {$ref: '#/components/schemas/Tree'}}, up: {$ref: '#/components/schemas/Tree'}}}}";
    check(
        "3.0.3",
        "{$ref: '#/components/schemas/Tree'}",
        tree,
        &["{\"kids\": [{\"kids\": []}], \"up\": {}}"],
        &[("{\"kids\": [{\"kids\": [1]}]}", "/body/kids/0/kids/0 type")],
    );
}

#[test]
fn a_discriminator_is_noted_and_the_alternatives_hold() {
    let schema = "{oneOf: [{$ref: '#/components/schemas/A'}, {$ref: '#/components/schemas/B'}], \
                  discriminator: {propertyName: kind, mapping: {a: '#/components/schemas/B'}}}";
    let parts = "{A: {required: [kind], properties: {kind: {enum: [a]}}}, B: {required: [kind], properties: {kind: {enum: [b]}}}}";
    for version in ["3.0.3", "3.1.0"] {
        check(
            version,
            schema,
            parts,
            &["{\"kind\": \"a\"}"],
            &[("{\"kind\": \"c\"}", "/body oneOf")],
        );
        let noted = api(&with_schema(version, schema, parts));
        assert_eq!(noted.notes().len(), 2);
        assert!(noted.notes().iter().all(|note| note.kind == NoteKind::Discriminator));
    }
}

#[test]
fn what_is_not_supported_is_noted_and_lets_anything_through() {
    for (version, schema, kind, good) in [
        ("3.0.3", "{type: string, pattern: '^(?!a)'}", NoteKind::Pattern, "\"a\""),
        ("3.1.0", "{patternProperties: {'^(?!a)': false}}", NoteKind::Pattern, "{\"b\": 1}"),
        ("3.1.0", "{$dynamicRef: '#a'}", NoteKind::Schema, "1"),
        (
            "3.1.0",
            "{$schema: 'http://json-schema.org/draft-04/schema#', minimum: 1, exclusiveMinimum: true}",
            NoteKind::Schema,
            "1",
        ),
        ("3.1.0", "{$id: x, type: integer}", NoteKind::Schema, "1"),
        ("3.0.3", "{$ref: 'https://example.com/a.yaml'}", NoteKind::Reference, "1"),
        ("3.1.0", "{$ref: '#anchor', minimum: 0}", NoteKind::Reference, "1"),
    ] {
        let api = api(&with_schema(version, schema, "{}"));
        assert!(api.notes().iter().all(|note| note.kind == kind), "{schema} {:?}", api.notes());
        assert!(!api.notes().is_empty(), "{schema}");
        assert_eq!(post(&api, &json(), good), [""; 0], "{schema}");
    }
}

#[test]
fn names_that_look_like_keywords_are_members() {
    let schema = "{type: object, required: [pattern], properties: {$ref: {type: integer}, pattern: {type: integer}, discriminator: {type: integer}}}";
    for version in ["3.0.3", "3.1.0"] {
        check(
            version,
            schema,
            "{}",
            &["{\"pattern\": 1}"],
            &[("{\"pattern\": 1, \"discriminator\": \"a\"}", "/body/discriminator type")],
        );
        assert!(api(&with_schema(version, schema, "{}")).notes().is_empty());
    }
}

/// A schema in which `levels` are held against each value: chains of `keyword` and references.
fn chained(keyword: &str, levels: usize) -> OpenApi {
    let last = levels / 2 - 1;
    let to = |next: usize| format!("{{$ref: '#/components/schemas/A{next}'}}");
    let chain = (0..last).map(|at| format!("A{at}: {{{keyword}: [{}]}}", to(at + 1)));
    let end = format!("A{last}: {{type: array, items: {}}}", to(0));
    let parts: Vec<String> = chain.chain([end]).collect();
    api(&with_schema("3.1.0", &to(0), &format!("{{{}}}", parts.join(", "))))
}

/// The same in 3.0, where each schema takes null besides.
fn chained_with_null(levels: usize) -> OpenApi {
    let last = levels / 3 - 1;
    let to = |next: usize| format!("{{$ref: '#/components/schemas/A{next}'}}");
    let chain = (0..last).map(|at| format!("A{at}: {{nullable: true, allOf: [{}]}}", to(at + 1)));
    let end = format!("A{last}: {{type: array, items: {}}}", to(0));
    let parts: Vec<String> = chain.chain([end]).collect();
    api(&with_schema("3.0.3", &to(0), &format!("{{{}}}", parts.join(", "))))
}

/// A list in a list, and so on, with something wrong in the last.
fn nested(depth: usize) -> String {
    "[".repeat(depth) + "1" + &"]".repeat(depth)
}

/// The deepest that holding can go, on the stack of a thread: the longest chain at each level of
/// the deepest body that it takes.
#[test]
fn the_deepest_body_is_held_by_the_longest_chain() {
    for keyword in ["allOf", "anyOf", "oneOf", "nullable"] {
        for levels in [6, 10, 12, 24, MAX_CHAIN - 4] {
            let api = match keyword {
                "nullable" => chained_with_null(levels),
                _ => chained(keyword, levels),
            };
            let most = (1..=crate::json::MAX_DEPTH)
                .rev()
                .find(|depth| post(&api, &json(), &nested(*depth)) != ["/body depth"])
                .unwrap();
            assert!(most * levels > 1200 || most == crate::json::MAX_DEPTH, "{levels} {most}");
            assert_eq!(post(&api, &json(), &nested(most)).len(), 1);
            assert_eq!(post(&api, &json(), "[[], []]"), [""; 0]);
        }
    }
}
