//! JSON Schema: holds a body against its declared form.
//!
//! A schema is compiled once, when a contract is loaded, and read by all calls. Schemas of the
//! drafts 4, 6, 7, 2019-09 and 2020-12 are taken; `$schema` says which, and the caller says what
//! holds where it is absent. Bodies are [`Document`]s: on the way of a body that is valid, nothing
//! is copied.
//!
//! Differences are told for people and never hold the value itself, which may be a secret; they may
//! name members of the body, and everything that the schema says.
//!
//! Nothing is ever fetched: a `$ref` that leads out of the schema is a mistake in it. Patterns run
//! on an engine of linear time, so those with look-around or back-references are refused at load.
//! `format` is asserted where the draft's own default is to assert it (4, 6 and 7).
//!
//! Schemas come from operators and their contracts, not from callers: a body cannot make checking
//! expensive, but a schema that nests `anyOf` in a recursive `$ref` can.
//!
//! This is the only place that knows the engine (the `jsonschema` crate); the modules below it take
//! its names from `engine`.

mod borrowed;
pub(crate) mod levels;
mod words;

use crate::json::{Document, MAX_DEPTH, Node};
use borrowed::{Borrowed, View};
use candor_facts::Violation;
use serde_json::Value;
use std::fmt;

/// The engine's names.
mod engine {
    pub(super) use jsonschema::error::{TypeKind, ValidationErrorKind as ErrorKind};
    pub(super) use jsonschema::json::{Array, Json, Node, NodeIdentity, Object};
    pub(super) use jsonschema::{
        Draft, JsonType, PatternOptions, ReferencingError, ValidationError, Validator, options_for,
    };

    /// The engine's own representation: what the tests compare with.
    #[cfg(test)]
    pub(super) use jsonschema::json::SerdeJson;
}

/// A compiled schema.
pub struct Schema {
    validator: engine::Validator<Borrowed>,
    /// The deepest bodies that are held against it.
    deepest: usize,
}

/// The supported versions of JSON Schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Draft {
    /// Draft 4, 2013.
    D4,
    /// Draft 6, 2017.
    D6,
    /// Draft 7, 2018.
    D7,
    /// Draft 2019-09.
    D2019,
    /// Draft 2020-12.
    D2020,
}

/// A mistake in a schema itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at {}: {message}", if pointer.is_empty() { "the root" } else { pointer })]
pub struct SchemaError {
    /// Where in the schema: an RFC 6901 JSON Pointer; empty for the whole schema, and where the
    /// place is not known.
    pub pointer: String,
    /// What is wrong, for people.
    pub message: String,
}

/// A bound for the number of violations to tell at once that is enough for people.
pub const VIOLATIONS: usize = 50;

/// How much a list of differences may cost, in bytes, before it is begun.
///
/// The engine collects all differences before the first can be seen, each with its full pointer. A
/// body of 1 MiB can have a member whose name takes half of that, over a hundred thousand wrong
/// values. So the pointers of all its values are added up first.
const DETAIL_BUDGET: usize = 8 << 20;

/// The share of one difference in [`DETAIL_BUDGET`] beside its pointer.
const DETAIL_FIXED: usize = 64;

// === impl Schema ===

impl Schema {
    /// Compiles the schema in `source`; `default_draft` holds where it has no `$schema`.
    ///
    /// Fails with the first mistake found: a keyword with a wrong value, a `$schema` of another
    /// dialect, a `$ref` that leads nowhere or out of the schema, a pattern that cannot be run in
    /// linear time.
    pub fn compile(source: &Value, default_draft: Draft) -> Result<Self, SchemaError> {
        let validator = build(source, default_draft)?;
        Ok(Self { validator, deepest: levels::deepest(source) })
    }

    /// Whether `document` has the declared form. One that is too deep to be held has not.
    pub fn is_valid(&self, document: &Document<'_>) -> bool {
        let root = document.root();
        self.reaches_down(root) && self.validator.is_valid(View::Node(root))
    }

    /// The places where `document` differs from the declared form, at most `limit` of them; empty
    /// if and only if it is valid (or `limit` is 0).
    ///
    /// Of a body so large that naming each place would be a burden in itself, only the fact is told.
    /// One that is deeper than the schema's references among themselves allow is not held: its one
    /// rule is `depth`.
    pub fn violations(&self, document: &Document<'_>, limit: usize) -> Vec<Violation> {
        self.violations_at(document.root(), limit)
    }

    /// The same for one value of a document; pointers start at it.
    pub fn violations_at(&self, root: Node<'_, '_>, limit: usize) -> Vec<Violation> {
        self.violations_in(View::Node(root), root, limit)
    }

    /// The same for `document` as the one member `name` of an object. One schema can hold many
    /// forms that share their parts, as its `properties`; the name chooses among them. Pointers
    /// start at the document.
    pub fn violations_as(
        &self,
        name: &str,
        document: &Document<'_>,
        limit: usize,
    ) -> Vec<Violation> {
        let root = document.root();
        let before = step(name);
        let mut violations = self.violations_in(View::Only(name, root), root, limit);
        for one in &mut violations {
            if let Some(pointer) = one.pointer.strip_prefix(&before) {
                one.pointer = pointer.to_owned();
            }
        }
        violations
    }

    fn violations_in<'v>(
        &self,
        view: View<'v>,
        root: Node<'v, 'v>,
        limit: usize,
    ) -> Vec<Violation> {
        if !self.reaches_down(root) {
            return vec![words::too_deep(self.deepest)].into_iter().take(limit).collect();
        }
        if self.validator.is_valid(view) {
            return Vec::new();
        }
        if spend(root, 0, DETAIL_BUDGET).is_none() {
            return vec![words::too_large_to_tell()].into_iter().take(limit).collect();
        }
        let errors = self.validator.iter_errors(view);
        errors.take(limit).map(|error| words::violation(&error)).collect()
    }
}

impl Schema {
    /// Whether holding a value of this depth stays within a thread's stack.
    fn reaches_down(&self, root: Node<'_, '_>) -> bool {
        self.deepest >= MAX_DEPTH || levels::is_within(root, self.deepest)
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").finish_non_exhaustive()
    }
}

/// Compiles for a representation: documents in the product, and the engine's own in tests.
fn build<F: engine::Json>(
    source: &Value,
    default_draft: Draft,
) -> Result<engine::Validator<F>, SchemaError> {
    let draft = engine::Draft::from(default_draft).detect(source);
    if draft == engine::Draft::Unknown {
        return Err(SchemaError::unknown_dialect(source));
    }
    engine::options_for::<F>()
        .with_draft(draft)
        .with_pattern_options(engine::PatternOptions::regex())
        .offline()
        .build(source)
        .map_err(|error| SchemaError::from_engine(&error, source))
}

/// What is left of `budget` after one difference for each value at and below `node`, whose own
/// pointer has `length` bytes; `None` when it does not suffice.
fn spend(node: Node<'_, '_>, length: usize, budget: usize) -> Option<usize> {
    let mut left = budget.checked_sub(length + DETAIL_FIXED)?;
    for (name, value) in node.members() {
        left = spend(value, length + 1 + name.len(), left)?;
    }
    for element in node.elements() {
        left = spend(element, length + 2, left)?;
    }
    Some(left)
}

// === impl Draft ===

impl From<Draft> for engine::Draft {
    fn from(draft: Draft) -> Self {
        match draft {
            Draft::D4 => Self::Draft4,
            Draft::D6 => Self::Draft6,
            Draft::D7 => Self::Draft7,
            Draft::D2019 => Self::Draft201909,
            Draft::D2020 => Self::Draft202012,
        }
    }
}

// === impl SchemaError ===

impl SchemaError {
    fn new(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), message: message.into() }
    }

    fn unknown_dialect(source: &Value) -> Self {
        let named = source.get("$schema").and_then(Value::as_str).unwrap_or_default();
        let message = format!(
            "`{named}` is not a known version of JSON Schema; \
             use one of the drafts 4, 6, 7, 2019-09 and 2020-12"
        );
        Self::new("/$schema", message)
    }

    fn from_engine(error: &engine::ValidationError<'_>, source: &Value) -> Self {
        if let engine::ErrorKind::Referencing(reason) = error.kind() {
            return Self::from_reference(reason, source);
        }
        let (pointer, message) = words::schema_mistake(error);
        Self { pointer, message }
    }

    fn from_reference(reason: &engine::ReferencingError, source: &Value) -> Self {
        let (target, message) = words::bad_reference(reason);
        let pointer = target.and_then(|target| reference_to(source, target)).unwrap_or_default();
        Self::new(pointer, message)
    }
}

/// Where `schema` refers to `target`, an absolute URI, or a pointer or name without its `#`: the
/// engine does not say.
fn reference_to(schema: &Value, target: &str) -> Option<String> {
    let (own, children): (Option<&str>, Vec<(String, &Value)>) = match schema {
        Value::Object(members) => (
            ["$ref", "$dynamicRef"]
                .iter()
                .find(|name| {
                    members.get(**name).and_then(Value::as_str).is_some_and(|to| leads(to, target))
                })
                .copied(),
            members.iter().map(|(name, value)| (step(name), value)).collect(),
        ),
        Value::Array(elements) => (
            None,
            elements.iter().enumerate().map(|(at, value)| (format!("/{at}"), value)).collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => (None, Vec::new()),
    };
    own.map(|name| format!("/{name}")).or_else(|| {
        children.into_iter().find_map(|(step, child)| Some(step + &reference_to(child, target)?))
    })
}

/// Whether the text of a reference leads to `target`: relative references are its end.
fn leads(reference: &str, target: &str) -> bool {
    let (resource, fragment) = reference.split_once('#').unwrap_or((reference, ""));
    target == fragment || (!resource.is_empty() && target.ends_with(resource))
}

/// One step of a pointer, with its slash.
fn step(name: &str) -> String {
    let mut pointer = crate::json::Pointer::root();
    pointer.push(name);
    pointer.to_string()
}

#[cfg(test)]
mod tests;
