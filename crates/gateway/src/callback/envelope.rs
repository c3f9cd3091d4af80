//! The handler's answer, held against the responses that the callback declares.
//!
//! A declared status with a body of another form is a response schema error. A status that is not
//! declared is not checked here: the documented defaults speak of it.

use super::{Callback, Response};
use crate::call::{Answered, Ended};
use candor_contract::json::{Document, Kind, Node};
use candor_contract::schema::VIOLATIONS;
use candor_facts::Violation;
use uuid::Uuid;

impl Callback {
    /// The places where an answer differs from the response that is declared for its status; `None`
    /// where none is declared.
    pub(crate) fn check_answer(
        &self,
        answered: &Answered,
        request: Uuid,
    ) -> Option<Vec<Violation>> {
        let response = self.response(answered.status())?;
        Some(match Document::parse(&answered.body) {
            Ok(document) => differences(response, &document, request),
            Err(error) => {
                vec![wrong("", "type", format!("a JSON object; it is not JSON: {error}"))]
            }
        })
    }

    /// The handler's own words for people, where the callback shows them and the answer has some.
    pub(crate) fn err_message(&self, ended: &Ended) -> Option<String> {
        let answered = ended.result.as_ref().ok()?;
        if !self.shows_err_message() || answered.status() < 400 {
            return None;
        }
        let document = Document::parse(&answered.body).ok()?;
        let text = document.root().get("err_message")?.as_str()?;
        let shown: String = text.chars().filter(|c| !c.is_control()).take(MAX_SHOWN).collect();
        (!shown.trim().is_empty()).then_some(shown)
    }
}

/// How much of a handler's words is shown to people, in characters.
const MAX_SHOWN: usize = 1000;

fn differences(response: &Response, document: &Document<'_>, request: Uuid) -> Vec<Violation> {
    let root = document.root();
    if root.kind() != Kind::Object {
        return vec![wrong("", "type", "a JSON object".to_owned())];
    }
    let members = [
        response_type(root, &response.response_type),
        request_id(root, request),
        response_id(root),
    ];
    let mut found: Vec<Violation> = members.into_iter().flatten().collect();
    found.extend(payload(root, response));
    found
}

fn response_type(root: Node<'_, '_>, expected: &str) -> Option<Violation> {
    let there = root.get("type").and_then(candor_contract::json::Node::as_str);
    (there != Some(expected)).then(|| wrong("/type", "const", format!("\"{expected}\"")))
}

/// The request's id comes back, whatever the case of its letters.
fn request_id(root: Node<'_, '_>, request: Uuid) -> Option<Violation> {
    let there = root.get("request_id").and_then(|node| Uuid::try_parse(node.as_str()?).ok());
    let expected = || "the id of the request, as it was sent".to_owned();
    (there != Some(request)).then(|| wrong("/request_id", "const", expected()))
}

fn response_id(root: Node<'_, '_>) -> Option<Violation> {
    let there = root.get("response_id").and_then(|node| Uuid::try_parse(node.as_str()?).ok());
    there.is_none().then(|| wrong("/response_id", "format", "a UUID".to_owned()))
}

fn payload(root: Node<'_, '_>, response: &Response) -> Vec<Violation> {
    match (&response.schema, root.get("payload")) {
        (None, None) => Vec::new(),
        (None, Some(node)) if is_nothing(node) => Vec::new(),
        (None, Some(_)) => {
            vec![wrong("/payload", "additionalProperties", "no payload here".to_owned())]
        }
        (Some(_), None) => vec![wrong("", "required", "the member `payload`".to_owned())],
        (Some(schema), Some(node)) => {
            let below = |mut violation: Violation| {
                violation.pointer.insert_str(0, "/payload");
                violation
            };
            schema.violations_at(node, VIOLATIONS).into_iter().map(below).collect()
        }
    }
}

/// `null` and `{}` stand for no payload.
pub(super) fn is_nothing(node: Node<'_, '_>) -> bool {
    node.is_null() || node.kind() == Kind::Object && node.is_empty()
}

fn wrong(pointer: &str, rule: &str, expected: String) -> Violation {
    Violation { pointer: pointer.to_owned(), rule: rule.to_owned(), expected }
}
