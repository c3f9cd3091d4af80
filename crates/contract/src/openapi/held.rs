//! The schemas of a description as the engine takes them: one document for all, so that what many
//! refer to is compiled once.
//!
//! The document is an object's schema. Each of its `properties` is the form of one value, and is
//! chosen by its name, which is a number; its `definitions` are what these refer to.

use crate::json::{Document, MAX_DEPTH};
use crate::schema::levels::{MOST, is_within};
use crate::schema::{Draft, Schema, SchemaError, VIOLATIONS};
use candor_facts::Violation;
use serde_json::{Map, Value, json};
use std::sync::{Arc, OnceLock};

/// The name of the member under which the forms stand.
pub(super) const FORMS: &str = "properties";
/// The name of the member under which the parts stand.
pub(super) const PARTS: &str = "definitions";

/// All schemas of a description, once it has been read.
pub(super) type Whole = Arc<OnceLock<Compiled>>;

/// All schemas of a description.
#[derive(Debug)]
pub(super) struct Compiled {
    schema: Schema,
    /// The deepest values that are held.
    depth: usize,
}

/// The form of a value.
#[derive(Debug, Clone)]
pub(super) struct Held {
    number: usize,
    /// Its name in the document, which is the number.
    name: Arc<str>,
    whole: Whole,
}

// === impl Compiled ===

impl Compiled {
    /// Compiles `forms`, which refer to `parts` by their numbers, and they to each other. No more
    /// than `levels` of these are held against one value, each within the other.
    pub(super) fn new(
        forms: impl Iterator<Item = Value>,
        parts: impl Iterator<Item = (usize, Value)>,
        levels: usize,
        draft: Draft,
    ) -> Result<Self, SchemaError> {
        let forms: Map<String, Value> = numbered(forms.enumerate());
        let document = together(&json!({ FORMS: forms }), parts);
        let schema = Schema::compile(&document, draft)?;
        Ok(Self { schema, depth: MOST / levels.max(1) })
    }
}

// === impl Held ===

impl Held {
    /// The form `number` of `whole`.
    pub(super) fn new(number: usize, whole: &Whole) -> Self {
        Self { number, name: number.to_string().into(), whole: Arc::clone(whole) }
    }

    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// What is wrong with `document`.
    pub(super) fn violations(&self, document: &Document<'_>) -> Vec<Violation> {
        // It is there for whoever can see an operation.
        let Some(Compiled { schema, depth }) = self.whole.get() else { return Vec::new() };
        if *depth < MAX_DEPTH && !is_within(document.root(), *depth) {
            let expected = format!("at most {depth} levels of arrays and objects");
            return vec![Violation { pointer: String::new(), rule: "depth".to_owned(), expected }];
        }
        schema.violations_as(&self.name, document, VIOLATIONS)
    }
}

/// The text of a reference to the part `number`.
pub(super) fn reference(number: usize) -> String {
    format!("#/{PARTS}/{number}")
}

/// One document of `root` and `parts`.
pub(super) fn together(root: &Value, parts: impl Iterator<Item = (usize, Value)>) -> Value {
    let mut document = root.clone();
    let parts = numbered(parts);
    if let Value::Object(members) = &mut document
        && !parts.is_empty()
    {
        members.insert(PARTS.to_owned(), parts.into());
    }
    document
}

fn numbered(values: impl Iterator<Item = (usize, Value)>) -> Map<String, Value> {
    values.map(|(number, value)| (number.to_string(), value)).collect()
}
