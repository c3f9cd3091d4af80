//! The schema of the contract file: its outermost keys and its forms. Rows are told in `row`, their
//! conditions in `when`.

use super::{DIALECT, about, closed, defined, map_of, row, when};
use candor_facts::Class;
use serde_json::{Value, json};

/// The JSON Schema (2020-12) of a contract file.
pub fn contract_schema() -> Value {
    let members = vec![
        (
            "contract",
            about(
                "The name: at most 64 lower-case letters, digits and `-`.",
                json!({ "type": "string", "pattern": "^[a-z0-9-]{1,64}$" }),
            ),
        ),
        (
            "version",
            about(
                "The version: at most 64 letters, digits, `.`, `-`, `+` and `_`. A verdict names its contract as `name@version`.",
                json!({ "anyOf": [{ "type": "string", "pattern": "^[A-Za-z0-9.+_-]{1,64}$" }, { "type": "number" }] }),
            ),
        ),
        ("title", about("What it is the contract of, for people.", defined("text"))),
        ("document", about("The document that it follows.", document())),
        (
            "extends",
            about(
                "The contract whose rows follow its own, or `none`. Default: `http`.",
                defined("text"),
            ),
        ),
        (
            "forms",
            about(
                "The forms of its error bodies, by name. The first is the default form of its rows.",
                map_of(&form()),
            ),
        ),
        (
            "success",
            about(
                "The rows of success. They are tried first, so they must not hold for errors.",
                rows("success"),
            ),
        ),
        (
            "rows",
            about(
                "The rows of failure, the special before the general: the first that holds is taken.",
                rows("failure"),
            ),
        ),
        (
            "messages",
            about(
                "Texts for people: sets, locales (BCP 47), keys. The first set, and in it the first locale, is the default. A text may have `{names}`.",
                map_of(&map_of(&map_of(&defined("scalar")))),
            ),
        ),
    ];
    let mut schema = closed(&["contract", "version", "title"], members);
    let head = json!({
        "$schema": DIALECT,
        "title": "Candor contract",
        "description": "How an API reports its outcomes.",
    });
    let definitions = json!({
        "text": { "type": ["string", "number", "boolean"], "minLength": 1 },
        "scalar": { "type": ["string", "number", "boolean"] },
        "pointer": { "type": "string", "pattern": POINTER },
        "header": { "type": "string", "pattern": HEADER },
        "success": row::row(&classes(true)),
        "failure": row::row(&classes(false)),
        "when": when::when(),
        "test": when::test(),
        "source": row::source(),
        "retry": row::retry(),
    });
    if let (Value::Object(schema), Value::Object(mut head)) = (&mut schema, head) {
        head.append(schema);
        head.insert("$defs".to_owned(), definitions);
        *schema = head;
    }
    schema
}

/// RFC 6901, section 3.
const POINTER: &str = "^(/([^~/]|~[01])*)*$";
/// A token (RFC 9110, section 5.6.2).
const HEADER: &str = "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$";

/// The names of the classes of success, or of failure.
fn classes(success: bool) -> Vec<&'static str> {
    let all = Class::ALL.iter().filter(|class| class.is_success() == success);
    all.map(|class| class.name()).collect()
}

fn document() -> Value {
    closed(
        &["title"],
        vec![
            ("title", about("Its title.", defined("text"))),
            ("url", about("Its address. Default: none.", defined("text"))),
        ],
    )
}

fn form() -> Value {
    closed(
        &["body"],
        vec![
            (
                "media",
                about(
                    "The media type. Default: `application/json`.",
                    json!({ "type": "string", "pattern": "^[ -~]+/[ -~]+$" }),
                ),
            ),
            (
                "body",
                about(
                    "The body, with placeholders for its parts: \"{code}\", \"{message}\", \"{info}\", \"{field}\", \"{fields}\", \"{error_id}\" or a free name. With `?` it may be absent, with `:number` it is written as a number: \"{code:number?}\".",
                    json!({ "type": "object" }),
                ),
            ),
        ],
    )
}

fn rows(definition: &str) -> Value {
    json!({ "type": "array", "items": defined(definition) })
}
