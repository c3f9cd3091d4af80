//! Answers that were given already, by request id.
//!
//! A gateway that had no answer sends the same request again, with the same `request_id`: it gets
//! the same answer, and nothing is done twice.

use super::answers::{Answer, Refusal};
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use uuid::Uuid;

/// What makes two requests the same, their id aside.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fingerprint {
    pub(super) callback_id: &'static str,
    /// Whoever sends it: a partner organization or a tenant.
    pub(super) sender: String,
    pub(super) payload: Option<Value>,
}

/// The answers that were given, the latest of them.
#[derive(Debug, Default)]
pub(super) struct Seen {
    answers: HashMap<Uuid, (Fingerprint, Answer)>,
    order: VecDeque<Uuid>,
}

/// How many answers are kept: more than any retry needs.
const KEPT: usize = 10_000;

impl Seen {
    /// The answer that was given to this request, if it was seen.
    pub(super) fn answer(&self, id: Uuid, of: &Fingerprint) -> Result<Option<Answer>, Refusal> {
        match self.answers.get(&id) {
            None => Ok(None),
            Some((same, answer)) if same == of => Ok(Some(answer.clone())),
            Some(_) => Err(Refusal::malformed("this request_id was used for another request")),
        }
    }

    /// Keeps an answer, and forgets the oldest where there are too many.
    pub(super) fn keep(&mut self, id: Uuid, of: Fingerprint, answer: Answer) {
        if self.answers.insert(id, (of, answer)).is_none() {
            self.order.push_back(id);
        }
        while self.order.len() > KEPT {
            if let Some(oldest) = self.order.pop_front() {
                self.answers.remove(&oldest);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;

    fn of(sender: &str) -> Fingerprint {
        Fingerprint { callback_id: "c", sender: sender.to_owned(), payload: None }
    }

    #[test]
    fn an_id_belongs_to_one_request() {
        let (mut seen, id) = (Seen::default(), Uuid::new_v4());
        assert!(seen.answer(id, &of("a")).unwrap().is_none());
        seen.keep(id, of("a"), Answer::new(StatusCode::OK));
        assert!(seen.answer(id, &of("a")).unwrap().is_some());
        assert!(seen.answer(id, &of("b")).is_err());
    }

    #[test]
    fn the_oldest_answers_are_forgotten() {
        let (mut seen, first) = (Seen::default(), Uuid::new_v4());
        seen.keep(first, of("a"), Answer::new(StatusCode::OK));
        for _ in 0..KEPT {
            seen.keep(Uuid::new_v4(), of("a"), Answer::new(StatusCode::OK));
        }
        assert!(seen.answer(first, &of("a")).unwrap().is_none());
        assert_eq!((seen.answers.len(), seen.order.len()), (KEPT, KEPT));
    }
}
