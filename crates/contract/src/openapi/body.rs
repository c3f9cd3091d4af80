//! Bodies, and what is declared of them for each media type.

use super::held::Held;
use super::media::{self, MediaRange, closest};
use crate::json::Document;
use candor_facts::Violation;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// The body of a request or an answer.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// There is none, or it is not to be looked at.
    Absent,
    /// As it was sent, without content coding. It is read only where it is to be held; no bytes
    /// are no body.
    Bytes(&'a [u8]),
    /// Already read.
    Document(&'a Document<'a>),
}

impl Body<'_> {
    pub(super) fn is_empty(self) -> bool {
        match self {
            Self::Absent => true,
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::Document(_) => false,
        }
    }
}

/// What is declared for each media type.
#[derive(Debug, Clone, Default)]
pub(super) struct Content {
    pub(super) types: Vec<(MediaRange, Option<Held>)>,
}

/// What came of holding a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is declared, but without a form that can be held.
    Unheld,
    /// What is wrong with it.
    Held(Vec<Violation>),
}

impl Content {
    /// Holds `body`, which is not empty, by the media type that `headers` give it.
    pub(super) fn check(&self, headers: &HeaderMap, body: Body<'_>) -> Outcome {
        let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let Some((media, found)) = media.and_then(|m| Some((m, closest(&self.types, m)?))) else {
            let at = if self.types.is_empty() { "/body" } else { "/header/content-type" };
            return Outcome::Held(vec![violation(at, "content", self.expected())]);
        };
        match found {
            Some(schema) if media::is_json(media) => hold(schema, body),
            Some(_) | None => Outcome::Unheld,
        }
    }

    /// Whether all declared media types are JSON.
    pub(super) fn is_json(&self) -> bool {
        self.types.iter().all(|(range, _)| media::is_json(&range.source))
    }

    /// The declared media types, for people.
    pub(super) fn expected(&self) -> String {
        let names: Vec<String> =
            self.types.iter().map(|(range, _)| format!("`{}`", range.source)).collect();
        if names.is_empty() {
            "no body".to_owned()
        } else {
            format!("a body of {}", names.join(" or "))
        }
    }
}

/// Holds `body`, which is read where it is not yet.
fn hold(schema: &Held, body: Body<'_>) -> Outcome {
    let found = match body {
        Body::Absent => return Outcome::Unheld,
        Body::Document(document) => schema.violations(document),
        Body::Bytes(bytes) => match Document::parse(bytes) {
            Ok(document) => schema.violations(&document),
            Err(error) => {
                let expected = format!("a JSON text; {error}");
                return Outcome::Held(vec![violation("/body", "json", expected)]);
            }
        },
    };
    let within = |one: Violation| Violation { pointer: format!("/body{}", one.pointer), ..one };
    Outcome::Held(found.into_iter().map(within).collect())
}

pub(super) fn violation(pointer: &str, rule: &str, expected: String) -> Violation {
    Violation { pointer: pointer.to_owned(), rule: rule.to_owned(), expected }
}
