//! A callback: a named call to a partner's handler, as it was declared.
//!
//! Compiled at load: its schemas, and a contract in which its own responses stand before the
//! documented defaults, so that they win.

mod durability;
mod envelope;
mod order;

pub use durability::{Durability, Promote, SerialKey, SerialRule};
pub(crate) use order::{Ingredients, Order};

use crate::pace::{Plan, RetryPolicy};
use candor_contract::Table;
use candor_contract::json::Document;
use candor_contract::row::Row;
use candor_contract::schema::{Schema, VIOLATIONS};
use candor_facts::{Held, HeldKind, Violation};
use candor_wire::Timeouts;
use std::time::Duration;

/// A callback, ready to be called.
#[derive(Debug)]
pub struct Callback {
    id: String,
    request_type: String,
    request_schema: Option<Schema>,
    responses: Vec<Response>,
    timeout: Duration,
    retry: Option<RetryPolicy>,
    shows_err_message: bool,
    durability: Durability,
    table: Table,
}

/// How a callback was declared.
#[derive(Debug)]
pub struct Declared {
    /// Its id.
    pub id: String,
    /// The request's `type`.
    pub request_type: String,
    /// The form of the payload; `None` where there is no payload.
    pub request_schema: Option<Schema>,
    /// What the handler may answer; the statuses differ.
    pub responses: Vec<Response>,
    /// How long the handler may take to answer, for each attempt.
    pub timeout: Duration,
    /// How it is repeated; `None`: it is not.
    pub retry: Option<RetryPolicy>,
    /// Whether people are shown the handler's `err_message`.
    pub shows_err_message: bool,
    /// How its calls are kept, where there is a ledger.
    pub durability: Durability,
}

/// One declared response.
#[derive(Debug)]
pub struct Response {
    /// The status by which it is known.
    pub status: u16,
    /// Its `type`.
    pub response_type: String,
    /// The form of the payload; `None` where there must be none.
    pub schema: Option<Schema>,
}

impl Callback {
    /// Compiles a callback over the contract of the handlers.
    pub fn new(declared: Declared, contract: &Table) -> Self {
        let rows = declared.responses.iter().map(|r| Row::declared(r.status, &r.response_type));
        let table = contract.layered(contract.name(), rows.collect());
        let Declared { id, request_type, request_schema, responses, timeout, retry, .. } = declared;
        Self {
            id,
            request_type,
            request_schema,
            responses,
            timeout,
            retry,
            shows_err_message: declared.shows_err_message,
            durability: declared.durability,
            table,
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its contract: its own responses, then the documented defaults.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// How long each phase of an attempt may take.
    pub(crate) fn timeouts(&self) -> Timeouts {
        Timeouts { head: self.timeout, body: self.timeout, ..Timeouts::default() }
    }

    /// How long one attempt may take: to connect, and then to answer.
    pub(crate) fn attempt_time(&self) -> Duration {
        let timeouts = Timeouts::default();
        timeouts.resolve + timeouts.connect + timeouts.handshake + self.timeout
    }

    /// Whether and when it is wanted again: only by a policy of its own.
    pub(crate) fn plan(&self) -> Plan<'_> {
        self.retry.as_ref().map_or(Plan::Off, Plan::Policy)
    }

    pub(crate) fn shows_err_message(&self) -> bool {
        self.shows_err_message
    }

    pub(crate) fn durability(&self) -> &Durability {
        &self.durability
    }

    fn response(&self, status: u16) -> Option<&Response> {
        self.responses.iter().find(|response| response.status == status)
    }

    /// Holds the caller's payload against the declared form.
    ///
    /// # Errors
    /// The call is held back: malformed JSON with its place, or every place that differs.
    pub(crate) fn check_payload(&self, payload: &[u8]) -> Result<(), Held> {
        if payload.trim_ascii().is_empty() {
            return match self.request_schema {
                None => Ok(()),
                Some(_) => Err(schema_error(vec![missing_payload()])),
            };
        }
        let document = Document::parse(payload).map_err(|error| {
            Held::new(HeldKind::Malformed, format!("the payload is not JSON: {error}"))
        })?;
        match &self.request_schema {
            None if envelope::is_nothing(document.root()) => Ok(()),
            None => Err(schema_error(vec![unwanted_payload()])),
            Some(schema) => match schema.violations(&document, VIOLATIONS) {
                violations if violations.is_empty() => Ok(()),
                violations => Err(schema_error(violations)),
            },
        }
    }

    /// Whether a payload is sent at all: one that is empty by declaration is left out.
    pub(crate) fn sends_payload(&self) -> bool {
        self.request_schema.is_some()
    }
}

fn schema_error(violations: Vec<Violation>) -> Held {
    let detail = match violations.as_slice() {
        [one] => format!("the payload does not match the request schema: {}", one.expected),
        many => format!("the payload does not match the request schema in {} places", many.len()),
    };
    Held { violations, ..Held::new(HeldKind::RequestSchema, detail) }
}

fn missing_payload() -> Violation {
    Violation {
        pointer: String::new(),
        rule: "required".to_owned(),
        expected: "a payload, as the body of the request".to_owned(),
    }
}

fn unwanted_payload() -> Violation {
    Violation {
        pointer: String::new(),
        rule: "additionalProperties".to_owned(),
        expected: "no payload: this callback takes none".to_owned(),
    }
}
