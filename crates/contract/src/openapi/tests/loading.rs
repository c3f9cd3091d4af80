//! Files, references between them, and mistakes.

use super::*;
use std::collections::HashMap;

fn read(files: &[(&'static str, &str)]) -> Result<OpenApi, Mistakes> {
    let all: HashMap<&str, &str> = files.iter().copied().collect();
    let mut load = |name: &str| {
        all.get(name).map(|text| (*text).to_owned()).ok_or_else(|| "not there".to_owned())
    };
    OpenApi::read(files[0].0, files[0].1, &mut load)
}

/// The lines of `source` with mistakes and their titles.
fn mistakes(source: &str) -> Vec<(usize, String)> {
    let mistakes = read(&[("api.yaml", source)]).unwrap_err();
    let [file] = mistakes.files() else { panic!("{mistakes}") };
    file.problems().iter().map(|one| (file.line_of(one), one.title.clone())).collect()
}

#[test]
fn json_is_read_as_well() {
    let source = "{\n\t\"openapi\": \"3.0.3\",\n\t\"info\": {\"title\": \"\\ud83d\\ude00\\/\", \"version\": \"1\"},\n\t\"paths\": {}\n}";
    let api = read(&[("api.json", source)]).unwrap();
    assert_eq!((api.title(), api.version(), api.operations().count()), ("😀/", "1", 0));
}

#[test]
fn a_description_may_have_many_files() {
    let main = with_paths("3.0.3", "  /x: {$ref: 'paths/x.yaml'}\n");
    let x = "post:
  parameters: [{$ref: '../shared.yaml#/parameters/n'}]
  requestBody: {$ref: '../shared.yaml#/bodies/x'}
  responses: {'200': {$ref: '../shared.yaml#/answers/ok'}}
";
    let shared =
        "parameters: {n: {name: n, in: query, required: true, schema: {$ref: '#/schemas/n'}}}
bodies: {x: {content: {application/json: {schema: {$ref: 'schemas/tree.json'}}}}}
answers: {ok: {description: d, content: {application/json: {schema: {$ref: '#/schemas/n'}}}}}
schemas: {n: {type: integer}}
";
    let tree = "{\"type\": \"object\", \"properties\": {\"kid\": {\"$ref\": \"#\"}, \"n\": {\"$ref\": \"../shared.yaml#/schemas/n\"}}}";
    let files = [
        ("api/main.yaml", main.as_str()),
        ("api/paths/x.yaml", x),
        ("api/shared.yaml", shared),
        ("api/schemas/tree.json", tree),
    ];
    let api = read(&files).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(
        post(&api, &json(), "{\"kid\": {\"n\": \"a\"}}"),
        ["/query required", "/body/kid/n type"]
    );
    assert_eq!(
        told(answer(&api, 200, &json(), Body::Bytes(b"\"a\"")).violations()),
        ["/body type"]
    );
    assert!(api.notes().is_empty());
}

#[test]
fn a_file_that_is_missing_or_broken_is_told_once() {
    let schema =
        "{properties: {a: {$ref: 'no.yaml#/A'}, b: {$ref: 'no.yaml#/B'}, c: {$ref: 'bad.yaml'}}}";
    let main = with_schema("3.0.3", schema, "{}");
    let text = read(&[("api.yaml", main.as_str()), ("bad.yaml", "a: [")]).unwrap_err().to_string();
    assert_eq!(text.matches("the file `no.yaml` cannot be read").count(), 1, "{text}");
    assert_eq!(text.matches("bad.yaml:").count(), 1, "{text}");
}

#[test]
fn anchors_and_aliases_are_taken() {
    let schema = "{type: object, properties: {a: &a {type: integer}, b: *a}}";
    let api = api(&with_schema("3.0.3", schema, "{}"));
    assert_eq!(post(&api, &json(), "{\"b\": \"x\"}"), ["/body/b type"]);
}

#[test]
fn other_versions_are_told() {
    for (source, title) in [
        ("swagger: '2.0'\n", "this is Swagger, not OpenAPI 3"),
        ("openapi: 3.2.0\npaths: {}\n", "OpenAPI 3.2.0 is not read"),
        ("openapi: 3.10\npaths: {}\n", "OpenAPI 3.10 is not read"),
        ("paths: {}\n", "a description needs an `openapi` with its version"),
        ("[]\n", "a description must be a mapping"),
        ("openapi: 3.0.3\n", "a description needs `paths`"),
    ] {
        assert_eq!(mistakes(source), [(1, title.to_owned())], "{source}");
    }
    let dialect = "openapi: 3.1.0\njsonSchemaDialect: http://json-schema.org/draft-04/schema#\n";
    assert_eq!(mistakes(dialect)[0].0, 2);
}

#[test]
fn mistakes_are_all_told_with_their_places() {
    let source = with_paths(
        "3.0.3",
        "  /x:
    gett: {}
    post:
      parameters:
        - {in: query, schema: {}}
        - {name: a, in: quary, schema: {}}
        - {name: b, in: query, schema: {$ref: '#/components/schemas/Ab'}}
        - {name: c, in: query, style: simple, schema: {}}
        - {name: d, in: query, schema: {}}
        - {name: d, in: query, schema: {}}
      requestBody: {}
      responses:
        2000: {description: d}
        '200': {description: d, content: {json: {}, application/json: {schema: {type: text}}}}
  /{a}{b}: {}
components:
  schemas: {Abc: {}}
",
    );
    let told: Vec<String> =
        mistakes(&source).into_iter().map(|(line, title)| format!("{line} {title}")).collect();
    assert_eq!(
        told,
        [
            "5 `gett` is neither a method nor a member of a path",
            "8 a parameter needs a `name` and its place, `in`",
            "9 `quary` is not a place of a parameter",
            "10 the reference `#/components/schemas/Ab` leads nowhere",
            "11 `simple` is not a style of a query parameter",
            "13 there are two query parameters `d`",
            "14 a request body needs a `content`",
            "16 `2000` is not a status",
            "17 `json` is not a media type",
            "17 this is not a schema",
            "18 two slots need a text between them",
        ]
    );
    let text = read(&[("api.yaml", &source)]).unwrap_err().to_string();
    assert!(
        text.contains("did you mean `Abc`?") && text.contains("did you mean `query`?"),
        "{text}"
    );
}

#[test]
fn a_mistake_in_a_shared_schema_is_told_once_where_it_stands() {
    let source = with_schema(
        "3.1.0",
        "{$ref: '#/components/schemas/A'}",
        "\n    A: {type: number, exclusiveMinimum: true}",
    );
    let all = mistakes(&source);
    assert_eq!(all, [(10, "this is not a schema".to_owned())]);
}

#[test]
fn a_schema_that_refers_to_itself_without_end_is_a_mistake() {
    for parts in [
        "{A: {$ref: '#/components/schemas/A'}}",
        "{A: {allOf: [{$ref: '#/components/schemas/B'}]}, B: {anyOf: [{$ref: '#/components/schemas/A'}]}}",
        "{A: {not: {$ref: '#/components/schemas/A'}}}",
    ] {
        let all = mistakes(&with_schema("3.1.0", "{$ref: '#/components/schemas/A'}", parts));
        assert!(
            !all.is_empty() && all.iter().all(|(_, t)| t.contains("refers to itself")),
            "{all:?}"
        );
    }
    let long: Vec<String> = (0..100)
        .map(|at| format!("A{at}: {{allOf: [{{$ref: '#/components/schemas/A{}'}}]}}", at + 1))
        .collect();
    let parts = format!("{{{}, A100: {{}}}}", long.join(", "));
    let all = mistakes(&with_schema("3.1.0", "{$ref: '#/components/schemas/A0'}", &parts));
    assert!(all.iter().any(|(_, title)| title.contains("too many references")), "{all:?}");
}

#[test]
fn references_in_a_circle_end() {
    let source = with_paths(
        "3.0.3",
        "  /x: {post: {responses: {'200': {$ref: '#/components/responses/A'}}}}
components:
  responses: {A: {$ref: '#/components/responses/B'}, B: {$ref: '#/components/responses/A'}}
",
    );
    assert!(mistakes(&source)[0].1.contains("without end"));
}

#[test]
fn the_size_of_everything_is_bounded() {
    let too_long = format!("openapi: 3.0.3 #{}", " ".repeat(MAX_BYTES));
    assert!(mistakes(&too_long)[0].1.contains("more than the"));
    let path = |at| format!("  /x{at}: {{get: {{responses: {{}}}}}}");
    let paths = (0..=MAX_OPERATIONS).map(path).collect::<Vec<_>>().join("\n") + "\n";
    assert!(mistakes(&with_paths("3.0.3", &paths))[0].1.contains("operations"));
    let mut load = |name: &str| {
        let number: usize = name.trim_start_matches('f').parse().unwrap();
        Ok(format!("{{allOf: [{{properties: {{a: {{$ref: f{}}}}}}}]}}", number + 1))
    };
    let source = with_schema("3.0.3", "{$ref: f0}", "{}");
    let text = OpenApi::read("api.yaml", &source, &mut load).unwrap_err().to_string();
    assert!(text.contains("more than 256 files"), "{text}");
}

#[test]
fn an_operation_id_that_is_there_twice_is_noted() {
    let source = "  /a: {get: {operationId: x, responses: {}}}\n  /b: {get: {operationId: x, responses: {}}}\n";
    let api = api(&with_paths("3.0.3", source));
    assert_eq!(notes(&api), [(NoteKind::OperationId, 5)]);
    assert_eq!(api.notes()[0].to_string(), "api.yaml:5: there is another operation `x`");
}

#[test]
fn servers_of_a_path_are_noted() {
    let source = "  /a: {servers: [{url: /b}], get: {responses: {}}}\n";
    assert_eq!(notes(&api(&with_paths("3.0.3", source))), [(NoteKind::Servers, 4)]);
}
