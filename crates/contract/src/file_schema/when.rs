//! The schema of a row's conditions.

use super::{Member, about, closed, defined, one_of, one_or_many};
use crate::document::names;
use candor_facts::{FaultKind, HeldKind, Phase};
use serde_json::{Value, json};

pub(super) fn when() -> Value {
    let members = [of_requests(), of_heads(), of_bodies(), of_calls()].concat();
    let mut schema = closed(&[], members);
    if let Value::Object(schema) = &mut schema {
        schema.insert("minProperties".to_owned(), 1.into());
    }
    schema
}

/// Conditions on the request.
fn of_requests() -> Vec<Member> {
    let method = json!({ "type": "string", "pattern": "^[A-Z]+$" });
    let path = json!({ "type": "string", "pattern": "^/" });
    vec![
        ("method", about("Methods of the request.", one_or_many(&method))),
        (
            "path",
            about(
                "Paths of the request: `{}` or `{name}` is one segment, `**` (once) any number.",
                one_or_many(&path),
            ),
        ),
        (
            "operation",
            about(
                "Operations by name: a callback's id, an `operationId`.",
                one_or_many(&defined("text")),
            ),
        ),
    ]
}

/// Conditions on an answer's head, and on what came of its check.
fn of_heads() -> Vec<Member> {
    let status = json!({ "anyOf": [{ "type": "integer", "minimum": 100, "maximum": 999 }, { "type": "string", "pattern": "^ *[1-9][0-9]{2} *(- *[1-9][0-9]{2} *)?$" }] });
    vec![
        (
            "status",
            about(
                "Statuses, 100 to 999: 404, 400-499, or a list. The first is the one used for writing.",
                one_or_many(&status),
            ),
        ),
        (
            "text",
            about(
                "The reason phrase or the plain body, whatever the case.",
                one_or_many(&defined("text")),
            ),
        ),
        (
            "header",
            about(
                "Header fields by name.",
                json!({ "type": "object", "propertyNames": defined("header"), "additionalProperties": defined("test") }),
            ),
        ),
        (
            "check",
            about(
                "What came of holding the answer against its declared schema.",
                one_of(names::of(&names::CHECKS)),
            ),
        ),
    ]
}

/// Conditions on an answer's body.
fn of_bodies() -> Vec<Member> {
    vec![
        (
            "code",
            about(
                "The vendor's code, where the row's form has it: compared as text, or a range such as 1000-1035.",
                one_or_many(&defined("scalar")),
            ),
        ),
        (
            "message",
            about(
                "The wording of the vendor's message, where the row's form has it, as a template. It is `says` too.",
                defined("scalar"),
            ),
        ),
        (
            "body",
            about(
                "Places in a JSON body, as JSON Pointers (RFC 6901); a step `*` is some element of an array.",
                json!({ "type": "object", "propertyNames": defined("pointer"), "additionalProperties": defined("test") }),
            ),
        ),
        (
            "body_is",
            about(
                "What the body is: `recognised` has the row's form, `json` is JSON of another form.",
                one_or_many(&one_of(names::of(&names::BODY_KINDS))),
            ),
        ),
    ]
}

/// Conditions on calls without an answer.
fn of_calls() -> Vec<Member> {
    vec![
        (
            "fault",
            about(
                "Kinds of transport failure.",
                one_or_many(&one_of(FaultKind::ALL.map(FaultKind::name))),
            ),
        ),
        (
            "phase",
            about(
                "Phases in which the transport failed.",
                one_or_many(&one_of(Phase::ALL.map(Phase::name))),
            ),
        ),
        (
            "held",
            about(
                "Reasons for which Candor did not send the call.",
                one_or_many(&one_of(HeldKind::ALL.map(HeldKind::name))),
            ),
        ),
    ]
}

pub(super) fn test() -> Value {
    let types = one_or_many(&one_of(names::of(&names::JSON_TYPES)));
    let mut exact = closed(
        &[],
        vec![
            ("exists", about("Whether it is there.", json!({ "type": "boolean" }))),
            ("type", about("Its JSON type.", types)),
            ("in", about("It is one of these.", one_or_many(&defined("scalar")))),
            ("not_in", about("It is there, and none of these.", one_or_many(&defined("scalar")))),
            ("template", about("It has this wording.", defined("scalar"))),
        ],
    );
    if let Value::Object(exact) = &mut exact {
        exact.insert("minProperties".to_owned(), 1.into());
        exact.insert("maxProperties".to_owned(), 1.into());
    }
    json!({ "anyOf": [one_or_many(&defined("scalar")), exact] })
}
