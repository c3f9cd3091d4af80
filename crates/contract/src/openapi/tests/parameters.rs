//! Parameters in their places and styles.

use super::*;

/// `GET /x` with the parameter that `parameter` describes, or `GET /x/{p}`.
fn with(parameter: &str) -> OpenApi {
    let path = if parameter.contains("in: path") { "/x/{p}" } else { "/x" };
    let operation = format!("get: {{parameters: [{{{parameter}}}], responses: {{}}}}");
    api(&with_paths("3.1.0", &format!("  {path}: {{{operation}}}\n")))
}

/// Holds each of `good` and `bad`, which are queries, path segments, or values of a field or a
/// cookie `p`.
fn check(parameter: &str, good: &[&str], bad: &[(&str, &str)]) {
    let api = with(parameter);
    assert_eq!(notes(&api), [], "{parameter}");
    let good = good.iter().map(|text| (*text, None));
    for (text, wrong) in good.chain(bad.iter().map(|(text, wrong)| (*text, Some(*wrong)))) {
        let none = HeaderMap::new();
        let found = if parameter.contains("in: path") {
            get(&api, &format!("/x/{text}"), "", &none)
        } else if parameter.contains("in: header") {
            get(&api, "/x", "", &headers(&[("p", text)]))
        } else if parameter.contains("in: cookie") {
            get(&api, "/x", "", &headers(&[("cookie", text)]))
        } else {
            get(&api, "/x", text, &none)
        };
        assert_eq!(found, wrong.into_iter().collect::<Vec<_>>(), "{parameter} {text}");
    }
}

#[test]
fn text_becomes_what_the_schema_speaks_of() {
    check(
        "name: p, in: query, schema: {type: integer, minimum: 2}",
        &["p=7", "", "q=x", "p=2&q=p"],
        &[("p=1", "/query/p minimum"), ("p=x", "/query/p type"), ("p=", "/query/p type")],
    );
    check("name: p, in: query, schema: {type: boolean}", &["p=true"], &[("p=1", "/query/p type")]);
    check(
        "name: p, in: query, schema: {type: string, maxLength: 3}",
        &["p=7", "p=%C3%A4%20b", "p=a+b"],
        &[("p=abcd", "/query/p maxLength"), ("p=%FF", "/query/p encoding")],
    );
    check(
        "name: p, in: query, schema: {type: [integer, 'null']}",
        &["p=", "p=7"],
        &[("p=x", "/query/p type")],
    );
    check(
        "name: p, in: query, schema: {enum: [a, 1]}",
        &["p=a", "p=1"],
        &[("p=2", "/query/p enum")],
    );
}

#[test]
fn text_that_may_mean_several_values_is_held_as_each() {
    let ids = "{anyOf: [{type: integer, minimum: 10}, {type: string, pattern: '^[0-9]$'}]}";
    check(
        &format!("name: p, in: query, schema: {ids}"),
        &["p=7", "p=17"],
        &[("p=x", "/query/p anyOf")],
    );
    let several = "{oneOf: [{type: string}, {type: array, items: {type: string}, maxItems: 2}]}";
    check(
        &format!("name: p, in: query, schema: {several}"),
        &["p=a", "p=a&p=b"],
        &[("p=a&p=b&p=c", "/query/p oneOf")],
    );
}

#[test]
fn what_is_required_must_be_there() {
    let required = "required: true, schema: {type: string}";
    let name = "p";
    check(
        &format!("name: {name}, in: query, {required}"),
        &["p=", "%70=1"],
        &[("", "/query required")],
    );
    check(
        &format!("name: {name}, in: cookie, {required}"),
        &["a=b; p=1"],
        &[("a=b", "/cookie required")],
    );
    let api = with(&format!("name: P, in: header, {required}"));
    assert_eq!(get(&api, "/x", "", &headers(&[("p", "1")])), [""; 0]);
    assert_eq!(get(&api, "/x", "", &HeaderMap::new()), ["/header required"]);
}

#[test]
fn a_value_that_is_not_a_list_comes_once() {
    check(
        "name: p, in: query, schema: {type: integer}",
        &["p=1"],
        &[("p=1&p=1", "/query/p repeated")],
    );
}

#[test]
fn an_empty_value_is_taken_where_that_is_said() {
    check(
        "name: p, in: query, allowEmptyValue: true, schema: {type: integer}",
        &["p", "p="],
        &[("p=x", "/query/p type")],
    );
}

#[test]
fn arrays_are_written_in_their_styles() {
    let numbers = "schema: {type: array, minItems: 2, items: {type: integer}}";
    let of = |rest: &str| format!("name: p, {rest}, {numbers}");
    check(
        &of("in: query"),
        &["p=1&p=2"],
        &[("p=1", "/query/p minItems"), ("p=1,2&p=3", "/query/p/0 type")],
    );
    check(
        &of("in: query, explode: false"),
        &["p=1,2"],
        &[("p=1&p=2", "/query/p repeated"), ("p=1,x", "/query/p/1 type")],
    );
    check(
        &of("in: query, style: spaceDelimited, explode: false"),
        &["p=1%202", "p=1+2"],
        &[("p=1", "/query/p minItems")],
    );
    check(
        &of("in: query, style: pipeDelimited, explode: false"),
        &["p=1|2", "p=1%7C2", "p=1%7c2"],
        &[("p=1|x", "/query/p/1 type")],
    );
    check(&of("in: path"), &["1,2"], &[("1", "/path/p minItems"), ("1,%78", "/path/p/1 type")]);
    check(&of("in: path, style: label"), &[".1,2"], &[("1,2", "/path/p style")]);
    check(&of("in: path, style: label, explode: true"), &[".1.2"], &[(".1.x", "/path/p/1 type")]);
    check(&of("in: path, style: matrix"), &[";p=1,2"], &[(";q=1,2", "/path/p style")]);
    check(
        &of("in: path, style: matrix, explode: true"),
        &[";p=1;p=2"],
        &[(";p=1;q=2", "/path/p style")],
    );
    check(&of("in: header"), &["1, 2"], &[("1", "/header/p minItems")]);
    check(&of("in: cookie"), &["p=1,2; q=3"], &[("p=1", "/cookie/p minItems")]);
}

#[test]
fn a_delimiter_that_is_encoded_belongs_to_the_value() {
    let texts = "explode: false, schema: {type: array, maxItems: 1, items: {type: string}}";
    check(&format!("name: p, in: query, {texts}"), &["p=a%2Cb"], &[("p=a,b", "/query/p maxItems")]);
}

#[test]
fn objects_are_written_in_their_styles() {
    let point = "schema: {type: object, required: [x], additionalProperties: false, \
                 properties: {x: {type: integer}, tag: {type: array, items: {type: string}}}}";
    let of = |rest: &str| format!("name: p, {rest}, {point}");
    check(
        &of("in: query"),
        &["x=1&tag=a&other=1", "", "x=1&tag=a&tag=b"],
        &[("x=a", "/query/p/x type"), ("tag=a", "/query/p required")],
    );
    check(
        &of("in: query, explode: false"),
        &["p=x,1"],
        &[
            ("p=x,a", "/query/p/x type"),
            ("p=x", "/query/p style"),
            ("p=x,1,y,2", "/query/p additionalProperties"),
        ],
    );
    check(
        &of("in: query, style: deepObject, explode: true"),
        &["p[x]=1", "p%5Bx%5D=1&p[tag]=a&p[tag]=b", "q[x]=a"],
        &[
            ("p[x]=a", "/query/p/x type"),
            ("p[tag]=a", "/query/p required"),
            ("p[x]=1&p[y]=1", "/query/p additionalProperties"),
        ],
    );
    check(&of("in: path"), &["x,1"], &[("x,a", "/path/p/x type")]);
    check(&of("in: path, explode: true"), &["x=1,tag=a"], &[("x", "/path/p style")]);
    check(&of("in: path, style: matrix, explode: true"), &[";x=1"], &[(";x=a", "/path/p/x type")]);
    check(&of("in: path, style: matrix"), &[";p=x,1"], &[(";p=x,a", "/path/p/x type")]);
    check(
        &of("in: path, style: label, explode: true"),
        &[".x=1.tag=a"],
        &[(".x=a", "/path/p/x type")],
    );
    check(&of("in: header, explode: true"), &["x=1,tag=a"], &[("x=a", "/header/p/x type")]);
}

#[test]
fn scalars_have_the_marks_of_their_styles() {
    let number = "schema: {type: integer}";
    check(
        &format!("name: p, in: path, style: label, {number}"),
        &[".1"],
        &[("1", "/path/p style"), (".x", "/path/p type")],
    );
    check(
        &format!("name: p, in: path, style: matrix, {number}"),
        &[";p=1"],
        &[("1", "/path/p style"), (";p=x", "/path/p type")],
    );
}

#[test]
fn a_parameter_can_be_a_json_text() {
    let object = "content: {application/json: {schema: {type: object, required: [a]}}}";
    check(
        &format!("name: p, in: query, {object}"),
        &["p=%7B%22a%22:1%7D"],
        &[
            ("p={}", "/query/p required"),
            ("p={", "/query/p json"),
            ("p={\"a\":1,\"a\":2}", "/query/p json"),
        ],
    );
}

#[test]
fn what_has_no_form_is_noted_and_only_its_presence_held() {
    for parameter in [
        "name: p, in: query, required: true, style: deepObject, schema: {type: string}",
        "name: p, in: query, required: true, schema: {type: array, items: {type: object}}",
        "name: p, in: query, required: true, content: {text/plain: {}}",
        "name: p, in: query, required: true",
    ] {
        let api = with(parameter);
        assert_eq!(notes(&api), [(NoteKind::Parameter, 4)], "{parameter}");
        assert_eq!(get(&api, "/x", "p=1", &HeaderMap::new()), [""; 0], "{parameter}");
        assert_eq!(get(&api, "/x", "", &HeaderMap::new()), ["/query required"], "{parameter}");
    }
}

#[test]
fn those_of_an_operation_replace_those_of_its_path() {
    let api = api(&with_paths(
        "3.0.3",
        "  /x/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: integer}}
      - {name: n, in: query, schema: {type: integer}}
      - {name: authorization, in: header, required: true, schema: {type: string}}
    get:
      parameters: [{name: n, in: query, schema: {type: boolean}}]
      responses: {}
",
    ));
    assert_eq!(get(&api, "/x/7", "n=true", &HeaderMap::new()), [""; 0]);
    assert_eq!(get(&api, "/x/a", "n=7", &HeaderMap::new()), ["/query/n type", "/path/id type"]);
}

#[test]
fn slots_and_parameters_that_miss_each_other_are_noted() {
    let source =
        "  /x/{a}: {get: {parameters: [{name: b, in: path, schema: {}}], responses: {}}}\n";
    assert_eq!(notes(&api(&with_paths("3.1.0", source)))[0].0, NoteKind::Slot);
}
