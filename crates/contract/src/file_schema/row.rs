//! The schema of a row: what it means and what is taken from it.

use super::{about, closed, defined, one_of, one_or_many};
use crate::document::names;
use candor_facts::{How, Origin, Outcome, Who};
use serde_json::{Value, json};

/// A length of time.
const DURATION: &str = r"[0-9]+(\.[0-9]+)?(ms|s|m|h|d)";

pub(super) fn row(classes: &[&'static str]) -> Value {
    let outcomes = Outcome::ALL.iter().map(|o| o.name()).chain([names::BY_EVIDENCE]);
    let members = vec![
        (
            "id",
            about(
                "Its id, unique in the contract: at most 100 letters, digits, `.`, `-` and `_`.",
                json!({ "anyOf": [{ "type": "string", "pattern": "^[A-Za-z0-9._-]{1,100}$" }, { "type": "number" }] }),
            ),
        ),
        (
            "title",
            about(
                "What the document calls it, in a few words. Default: the name of its class.",
                defined("text"),
            ),
        ),
        (
            "when",
            about(
                "When it applies: conditions that all hold, or a list of such sets. The first set is the one used for writing. Default: always.",
                one_or_many(&defined("when")),
            ),
        ),
        ("form", about("The form of its body. Default: the contract's first.", defined("text"))),
        ("class", about("What happened.", one_of(classes.iter().copied()))),
        (
            "origin",
            about(
                "Whose doing it is. Default: by class.",
                one_of(Origin::ALL.iter().map(|o| o.name())),
            ),
        ),
        (
            "outcome",
            about(
                "Whether the request took effect; `by_evidence`: what had been sent when the transport failed decides. Default: by class.",
                one_of(outcomes),
            ),
        ),
        (
            "retry",
            about(
                "Whether the document allows to send the request again. Whether it is safe follows from the outcome, the method and the key. Default: by class.",
                defined("retry"),
            ),
        ),
        (
            "says",
            about(
                "The documented wording, as a template: `{}` and `{name}` are slots. Default: the `message` of `when`.",
                defined("scalar"),
            ),
        ),
        (
            "take",
            about(
                "Where the parts of the verdict stand, where that is not where the form has them.",
                take(),
            ),
        ),
        (
            "field_kind",
            about(
                "What is wrong with the field that it names, such as `missing`. Default: not said.",
                defined("text"),
            ),
        ),
        (
            "message",
            about(
                "What to show a person: a key of `messages`, or `none`. Default: the text of the class.",
                defined("text"),
            ),
        ),
        ("next", about("Who acts next, and how. Default: by class and origin.", next())),
        ("cite", about("Where it is documented. Default: nowhere.", defined("text"))),
        (
            "inferred",
            about(
                "What no document states: `true` for the row as a whole, or the names of its members. Default: `false`.",
                json!({ "anyOf": [{ "type": "boolean" }, one_or_many(&one_of(names::INFERRED))] }),
            ),
        ),
    ];
    closed(&["id", "class"], members)
}

fn take() -> Value {
    let part = |what: &str| about(what, defined("source"));
    closed(
        &[],
        vec![
            ("code", part("The vendor's code. Default: {code} of the form.")),
            ("detail", part("The vendor's words. Default: {info} of the form, else {message}.")),
            ("field", part("The field at fault. Default: {field} of the form.")),
            ("related", part("The field that makes it wrong. Default: none.")),
            ("error_id", part("The vendor's error id. Default: {error_id} of the form.")),
        ],
    )
}

/// A place in an answer: a pointer, or exactly one of the others.
pub(super) fn source() -> Value {
    let header = ("header", about("A header field.", defined("header")));
    let capture = ("capture", about("A named slot of the row's wording.", defined("text")));
    json!({ "anyOf": [
        about("A place in the JSON body.", defined("pointer")),
        closed(&["header"], vec![header]),
        closed(&["capture"], vec![capture]),
    ] })
}

pub(super) fn retry() -> Value {
    let wait = json!({ "type": "string", "pattern": format!(r"^{DURATION}(\.\.{DURATION})?$") });
    let window = json!({ "type": "string", "pattern": format!("^{DURATION}$") });
    let method = json!({ "type": "string", "pattern": "^[A-Z]+$" });
    let mut after = closed(
        &[],
        vec![
            ("header", about("The header that says how long.", defined("header"))),
            (
                "as",
                about(
                    "How the header is written. Default: `either`.",
                    one_of(names::of(&names::WAIT_FORMS)),
                ),
            ),
            (
                "window",
                about(
                    "Without the header: until the current window of this length ends, such as `5m`.",
                    window,
                ),
            ),
        ],
    );
    if let Value::Object(after) = &mut after {
        after.insert("minProperties".to_owned(), 1.into());
    }
    let allow = || one_of(names::of(&names::ALLOW));
    let members = vec![
        ("allow", about("What the document says.", allow())),
        (
            "times",
            about(
                "How often at most. Default: the document gives no number.",
                json!({ "type": "integer", "minimum": 1, "maximum": 100 }),
            ),
        ),
        (
            "wait",
            about(
                "How long to wait where no header says so, or from..to: `2s`, `1s..2s`. Units: ms, s, m, h, d. Default: not said.",
                wait,
            ),
        ),
        ("after", about("Where the answer says how long to wait. Default: nowhere.", after)),
        (
            "key",
            about(
                "The dedupe key that makes a repeat safe where it is sent unchanged. Default: none.",
                defined("text"),
            ),
        ),
        (
            "methods",
            about("The methods for which it is allowed. Default: all.", one_or_many(&method)),
        ),
    ];
    json!({ "anyOf": [allow(), closed(&["allow"], members)] })
}

fn next() -> Value {
    closed(
        &["who", "how"],
        vec![
            ("who", about("Who acts.", one_of(Who::ALL.iter().map(|who| who.name())))),
            ("how", about("How.", one_of(How::ALL.iter().map(|how| how.name())))),
        ],
    )
}
