//! The schema of a verdict, member by member.

use super::{DIALECT, about, one_of, open};
use candor_facts::{Class, FaultKind, How, Origin, Outcome, Sent, Who, Why};
use serde_json::{Value, json};

/// The JSON Schema (2020-12) of a verdict. Members without a value are absent. Readers must not
/// mind members that they do not know.
pub fn verdict_schema() -> Value {
    let members = vec![
        ("class", about("What happened.", one_of(Class::ALL.iter().map(|class| class.name())))),
        ("status", about("The upstream's HTTP status, where it answered.", status())),
        ("code", about("The vendor's own code, as text.", text())),
        ("origin", about("Whose doing it is.", one_of(Origin::ALL.iter().map(|o| o.name())))),
        (
            "outcome",
            about(
                "Whether the request took effect.",
                one_of(Outcome::ALL.iter().map(|o| o.name())),
            ),
        ),
        ("retry", about("Whether and when the request may be sent again as it is.", retry())),
        ("fields", about("The fields of the request that are at fault.", list(&field()))),
        (
            "message",
            about(
                "What to show a person. Absent where the documents say that nothing is shown.",
                text(),
            ),
        ),
        ("detail", about("What the vendor said, in its own words.", text())),
        ("next", about("Who acts next, and how.", next())),
        (
            "error_id",
            about(
                "Candor's id of this failure (UUIDv7).",
                json!({ "type": "string", "format": "uuid" }),
            ),
        ),
        ("upstream_error_id", about("The vendor's id of this failure, for its support.", text())),
        (
            "contract",
            about(
                "The contract that was applied: `name@version`.",
                json!({ "type": "string", "pattern": "@" }),
            ),
        ),
        ("row", about("The contract's row that recognised the exchange.", text())),
        ("cite", about("Where the row is documented.", text())),
        (
            "inferred",
            about(
                "Whether the row, or a part of it, is a conclusion that no document states. Default: false.",
                json!({ "type": "boolean" }),
            ),
        ),
        (
            "attempts",
            about(
                "Every send, in order. Absent where nothing was sent, and in an explanation.",
                list(&attempt()),
            ),
        ),
        ("raw", about("The upstream's answer as it came, bounded and redacted.", raw())),
    ];
    let required = ["class", "origin", "outcome", "retry", "next", "contract", "row"];
    let mut schema = open(&required, members);
    let head = json!({
        "$schema": DIALECT,
        "title": "Candor verdict",
        "description": "What a contract says an exchange means.",
    });
    if let (Value::Object(schema), Value::Object(mut head)) = (&mut schema, head) {
        head.append(schema);
        *schema = head;
    }
    schema
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn status() -> Value {
    json!({ "type": "integer", "minimum": 100, "maximum": 999 })
}

fn list(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn retry() -> Value {
    open(
        &["safe", "why"],
        vec![
            (
                "safe",
                about(
                    "Whether the contract allows a repeat, and a repeat cannot take effect twice.",
                    json!({ "type": "boolean" }),
                ),
            ),
            (
                "after",
                about(
                    "How long to wait before it, in whole seconds, rounded up. Absent where nothing says so.",
                    json!({ "type": "integer", "minimum": 0 }),
                ),
            ),
            ("why", about("The reason for `safe`.", one_of(Why::ALL.iter().map(|why| why.name())))),
        ],
    )
}

fn field() -> Value {
    open(
        &["path"],
        vec![
            ("path", about("The field as the vendor wrote it.", text())),
            ("pointer", about("The same place as a JSON Pointer (RFC 6901).", text())),
            ("kind", about("What is wrong with it.", text())),
            ("related", about("The other field that makes this one wrong.", text())),
            ("message", about("The vendor's words about it.", text())),
        ],
    )
}

fn next() -> Value {
    open(
        &["who", "how"],
        vec![
            ("who", about("Who acts.", one_of(Who::ALL.iter().map(|who| who.name())))),
            ("how", about("How.", one_of(How::ALL.iter().map(|how| how.name())))),
        ],
    )
}

fn attempt() -> Value {
    let sent: Vec<Value> = [Sent::Nothing, Sent::Part, Sent::All].map(|sent| json!(sent)).to_vec();
    open(
        &["number", "row", "took_ms", "decision"],
        vec![
            ("number", about("Its number, from 1.", json!({ "type": "integer", "minimum": 1 }))),
            ("status", about("The status that came back, if any.", status())),
            (
                "fault",
                about(
                    "The transport's failure, if any.",
                    one_of(FaultKind::ALL.map(FaultKind::name)),
                ),
            ),
            (
                "sent",
                about(
                    "How much of the request had left when the transport failed.",
                    json!({ "enum": sent }),
                ),
            ),
            ("row", about("The row that recognised its ending.", text())),
            (
                "took_ms",
                about(
                    "How long it took, in milliseconds.",
                    json!({ "type": "integer", "minimum": 0 }),
                ),
            ),
            ("decision", about("What was decided after it, in words.", text())),
        ],
    )
}

fn raw() -> Value {
    open(
        &["body"],
        vec![
            ("content_type", about("Its content type.", text())),
            (
                "body",
                about(
                    "The start of its body, as text; bytes that are not UTF-8 are replaced.",
                    text(),
                ),
            ),
            (
                "cut",
                about(
                    "Whether the body was longer than what is kept. Default: false.",
                    json!({ "type": "boolean" }),
                ),
            ),
        ],
    )
}
