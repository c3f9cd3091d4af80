//! The schema of a row's conditions.

use super::{about, closed, defined, one_of, one_or_many};
use crate::document::names;
use candor_facts::{FaultKind, HeldKind, Phase};
use serde_json::{Value, json};

pub(super) fn when() -> Value {
    let status = json!({ "anyOf": [{ "type": "integer", "minimum": 100, "maximum": 999 }, { "type": "string", "pattern": "^ *[1-9][0-9]{2} *(- *[1-9][0-9]{2} *)?$" }] });
    let method = json!({ "type": "string", "pattern": "^[A-Z]+$" });
    let path = json!({ "type": "string", "pattern": "^/" });
    let members: Vec<Member> = vec![
        (
            "status",
            about(
                "Statuses, 100 to 999: 404, 400-499, or a list. The first is the one used for writing.",
                one_or_many(&status),
            ),
        ),
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
            "text",
            about(
                "The reason phrase or the plain body, whatever the case.",
                one_or_many(&defined("text")),
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
            "header",
            about(
                "Header fields by name.",
                json!({ "type": "object", "propertyNames": defined("header"), "additionalProperties": defined("test") }),
            ),
        ),
        (
            "body_is",
            about(
                "What the body is: `recognised` has the row's form, `json` is JSON of another form.",
                one_or_many(&one_of(names::of(&names::BODY_KINDS))),
            ),
        ),
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
        (
            "check",
            about(
                "What came of holding the answer against its declared schema.",
                one_of(names::of(&names::CHECKS)),
            ),
        ),
    ];
    let mut schema = closed(&[], members);
    if let Value::Object(schema) = &mut schema {
        schema.insert("minProperties".to_owned(), 1.into());
    }
    schema
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
