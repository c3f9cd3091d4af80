//! What a schema of OpenAPI says, in words of JSON Schema.
//!
//! Descriptions of 3.0 have a dialect of their own, near draft 5; it becomes draft 7. Those of 3.1
//! are JSON Schema 2020-12. What only describes is left out on the way, and each `$ref` becomes one
//! into the document that [`super::schemas`] puts together.

use super::held;
use super::keywords::{FORMATS_3_0, LEFT_OUT_3_1, LIST, NAMED, ONE, PLAIN_3_0, SCHEMAS_3_0};
use super::notes::NoteKind;
use super::schemas::{Schemas, Step};
use super::tree::{File, elements, get, members};
use super::{Direction, Version};
use crate::notation::{Entry, Node, Value as Written};
use crate::schema::{Draft, Schema};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::rc::Rc;

/// How far required members are looked for through `allOf` and references.
const MAX_BASES: usize = 16;

/// A schema that was translated.
#[derive(Debug, Default)]
pub(super) struct Translated {
    /// What it says. References name the number of a known schema.
    pub(super) value: Value,
    /// Where it refers to.
    pub(super) steps: Vec<Step>,
    /// How many values it has.
    pub(super) size: usize,
    /// The most of its schemas that are held against one value, each within the other.
    pub(super) levels: usize,
}

/// Where a schema stands in the outermost one.
#[derive(Debug, Clone, Copy)]
struct At {
    /// Whether both are held against the same value.
    same: bool,
    /// How many schemas around it are held against the same value as it.
    level: usize,
}

impl At {
    const OUTERMOST: Self = Self { same: true, level: 0 };

    /// One level further in; `own` tells whether it is the same value.
    fn within(self, own: bool) -> Self {
        if own { Self { level: self.level + 1, ..self } } else { Self { same: false, level: 1 } }
    }
}

/// Translates the schema `node` of `file`, for what goes in `direction`.
pub(super) fn translate(
    schemas: &mut Schemas<'_, '_>,
    file: &Rc<File>,
    node: &Node,
    direction: Direction,
) -> Translated {
    let mut work = Work { schemas, file, direction, steps: Vec::new(), levels: 0 };
    let value = work.schema(node, &BTreeSet::new(), At::OUTERMOST);
    let (size, levels) = (size(&value), work.levels);
    Translated { value, steps: work.steps, size, levels }
}

struct Work<'w, 's, 'l> {
    schemas: &'w mut Schemas<'s, 'l>,
    file: &'w Rc<File>,
    direction: Direction,
    steps: Vec<Step>,
    levels: usize,
}

impl Work<'_, '_, '_> {
    /// One schema. `lifted` names members that a schema around it does not require in this
    /// direction; `at` is where it stands.
    fn schema(&mut self, node: &Node, lifted: &BTreeSet<String>, at: At) -> Value {
        match &node.value {
            Written::Scalar { text, quoted: false } if text == "true" => return true.into(),
            Written::Scalar { text, quoted: false } if text == "false" => return false.into(),
            Written::Mapping(_) => {}
            Written::Scalar { .. } if node.is_nothing() => {
                self.note(NoteKind::Schema, node, "nothing is not a schema; anything fits");
                return true.into();
            }
            Written::Scalar { .. } | Written::Sequence(_) => {
                let label = format!("this is {}", node.describe());
                self.wrong(node, "a schema must be a mapping", &label);
                return true.into();
            }
        }
        if self.is_foreign(node) {
            return true.into();
        }
        // A schema that takes null besides holds the rest within a condition.
        let nullable = get(node, "nullable").is_some();
        let at = At { level: at.level + usize::from(nullable), ..at };
        self.levels = self.levels.max(at.level + 1);
        let mut object = Map::new();
        if let Some(reference) = get(node, "$ref") {
            if let Some(number) = self.reference(reference, at) {
                object.insert("$ref".to_owned(), held::reference(number).into());
            }
            if self.schemas.version == Version::V3_0 {
                self.note_siblings(node);
                return object.into();
            }
        }
        let mut lifted = lifted.clone();
        if get(node, "required").is_some() || get(node, "allOf").is_some() {
            let bases = self.schemas.marked_members(self.file, node, self.direction, MAX_BASES);
            lifted.extend(bases);
        }
        for entry in members(node) {
            self.keyword(entry, &lifted, at, &mut object);
        }
        if self.schemas.version == Version::V3_0 {
            self.of_3_0(node, object)
        } else {
            object.into()
        }
    }

    fn reference(&mut self, reference: &Node, at: At) -> Option<usize> {
        let target = self.schemas.files.resolve(self.file, reference)?;
        let to = self.schemas.number(target, self.direction);
        let file = Rc::clone(self.file);
        self.steps.push(Step {
            to,
            same: at.same,
            level: at.level + 1,
            file,
            span: reference.span.clone(),
        });
        Some(to)
    }

    fn keyword(
        &mut self,
        entry: &Entry,
        lifted: &BTreeSet<String>,
        at: At,
        object: &mut Map<String, Value>,
    ) {
        let key = entry.key.as_str();
        let is_3_0 = self.schemas.version == Version::V3_0;
        let has_schemas = !is_3_0 || SCHEMAS_3_0.contains(&key);
        let of = |table: &[(&str, bool)]| {
            table.iter().find(|(name, _)| *name == key && has_schemas).map(|(_, own)| *own)
        };
        let value = if let Some(own) = of(&ONE) {
            self.schema(&entry.node, &BTreeSet::new(), at.within(own))
        } else if let Some(own) = of(&LIST) {
            self.list(entry, lifted, at.within(own))
        } else if let Some(own) = of(&NAMED) {
            self.named(entry, at.within(own))
        } else if key == "required" {
            required(&entry.node, lifted)
        } else if !self.is_kept(entry, is_3_0) {
            return;
        } else {
            data(key, &entry.node)
        };
        object.insert(key.to_owned(), value);
    }

    /// Whether a keyword without schemas holds. Notes those that would, but are left out.
    fn is_kept(&mut self, entry: &Entry, is_3_0: bool) -> bool {
        let key = entry.key.as_str();
        if key == "discriminator" {
            let text = "`discriminator` is not regarded; the schemas beside it hold";
            self.note_key(NoteKind::Discriminator, entry, text);
        }
        if key == "pattern" {
            return self.is_linear(entry, &data(key, &entry.node));
        }
        if is_3_0 {
            let describes = key == "format" && !is_format(&entry.node);
            return PLAIN_3_0.contains(&key) && !describes;
        }
        if matches!(key, "$dynamicRef" | "$recursiveRef") {
            let text = format!("`{key}` is not followed; anything fits there");
            self.note_key(NoteKind::Schema, entry, &text);
            return false;
        }
        let left_out = LEFT_OUT_3_1.contains(&key) || key == "$ref" || key.starts_with("x-");
        if left_out {
            self.check_left_out(entry);
        }
        !left_out
    }

    /// Whether `pattern` can be run in linear time; notes that it cannot.
    fn is_linear(&mut self, entry: &Entry, pattern: &Value) -> bool {
        if !pattern.is_string() {
            return true;
        }
        let compiled = Schema::compile(&json!({ "pattern": pattern }), Draft::D7);
        if let Err(mistake) = &compiled {
            let text = format!("the pattern {pattern} is not held: {}", mistake.message);
            self.note_key(NoteKind::Pattern, entry, &text);
        }
        compiled.is_ok()
    }

    /// The schemas of a list. Those of `allOf` share what is required with the schema around them.
    fn list(&mut self, entry: &Entry, lifted: &BTreeSet<String>, at: At) -> Value {
        if !matches!(entry.node.value, Written::Sequence(_)) {
            let title = format!("`{}` must be a list of schemas", entry.key);
            let label = format!("this is {}", entry.node.describe());
            self.wrong(&entry.node, &title, &label);
        }
        let none = BTreeSet::new();
        let lifted = if entry.key == "allOf" { lifted } else { &none };
        elements(&entry.node).iter().map(|node| self.schema(node, lifted, at)).collect()
    }

    fn named(&mut self, entry: &Entry, at: At) -> Value {
        if !matches!(entry.node.value, Written::Mapping(_)) && !entry.node.is_nothing() {
            let title = format!("`{}` must be a mapping from names to schemas", entry.key);
            let label = format!("this is {}", entry.node.describe());
            self.wrong(&entry.node, &title, &label);
        }
        let hides = entry.key == "properties" && self.direction == Direction::Response;
        let mut map = Map::new();
        for member in members(&entry.node) {
            let hidden = hides && self.schemas.is_marked(self.file, &member.node, "writeOnly");
            let value =
                if hidden { false.into() } else { self.schema(&member.node, &BTreeSet::new(), at) };
            let pattern = entry.key == "patternProperties";
            if !pattern || self.is_linear(member, &member.key.clone().into()) {
                map.insert(member.key.clone(), value);
            }
        }
        map.into()
    }

    /// A keyword that is left out must not change how the rest is read.
    fn check_left_out(&mut self, entry: &Entry) {
        let at_root = members(&self.file.root).iter().any(|e| e.key_span == entry.key_span);
        if entry.key == "$id" && !at_root {
            let text = "`$id` is not regarded; references are read from the file they stand in";
            self.note_key(NoteKind::Schema, entry, text);
        }
    }

    /// Whether `node` says that it is written in another dialect, and so cannot be held.
    fn is_foreign(&mut self, node: &Node) -> bool {
        let Some(dialect) = get(node, "$schema") else { return false };
        let known =
            matches!(&dialect.value, Written::Scalar { text, .. } if super::is_dialect(text));
        if !known && self.schemas.version == Version::V3_1 {
            self.note(NoteKind::Schema, dialect, "schemas of this dialect are not held");
        }
        !known && self.schemas.version == Version::V3_1
    }

    /// Notes what stands beside a `$ref` in vain.
    fn note_siblings(&mut self, node: &Node) {
        let says =
            |key: &str| key == "nullable" || PLAIN_3_0.contains(&key) || SCHEMAS_3_0.contains(&key);
        let vain = members(node).iter().find(|entry| says(&entry.key) || entry.key == "required");
        if let Some(entry) = vain {
            let text = format!("`{}` beside `$ref` says nothing in OpenAPI 3.0", entry.key);
            self.note_key(NoteKind::BesideReference, entry, &text);
        }
    }

    /// What the dialect of 3.0 says in its own way.
    fn of_3_0(&mut self, node: &Node, mut object: Map<String, Value>) -> Value {
        for (exclusive, bound) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")]
        {
            if self.flag(node, exclusive)
                && let Some(limit) = object.remove(bound)
            {
                object.insert(exclusive.to_owned(), limit);
            }
        }
        range_of_format(&mut object);
        if self.flag(node, "nullable") { nullable(object) } else { object.into() }
    }

    fn flag(&mut self, node: &Node, key: &str) -> bool {
        self.schemas.files.flag(self.file, node, key).unwrap_or_default()
    }

    fn wrong(&mut self, node: &Node, title: &str, label: &str) {
        self.schemas.files.wrong(self.file, &node.span, title, label);
    }

    fn note(&mut self, kind: NoteKind, node: &Node, text: &str) {
        self.schemas.files.note(kind, self.file, &node.span, text.to_owned());
    }

    fn note_key(&mut self, kind: NoteKind, entry: &Entry, text: &str) {
        self.schemas.files.note(kind, self.file, &entry.key_span, text.to_owned());
    }
}

/// Whether `node` names a format that holds in 3.0.
fn is_format(node: &Node) -> bool {
    matches!(&node.value, Written::Scalar { text, .. } if FORMATS_3_0.contains(&text.as_str()))
}

/// How many values `value` has, with itself.
fn size(value: &Value) -> usize {
    match value {
        Value::Object(members) => 1 + members.values().map(size).sum::<usize>(),
        Value::Array(elements) => 1 + elements.iter().map(size).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 1,
    }
}

/// A value that is no schema. Texts that look like something else stay texts where the keyword
/// takes nothing but texts.
fn data(key: &str, node: &Node) -> Value {
    match &node.value {
        Written::Scalar { text, .. } if matches!(key, "pattern" | "format") => text.clone().into(),
        // Without quotes, `null` is what YAML takes for nothing.
        Written::Scalar { text, .. } if key == "type" => text.clone().into(),
        Written::Sequence(items) if key == "type" => {
            items.iter().map(|item| data(key, item)).collect()
        }
        Written::Scalar { .. } | Written::Sequence(_) | Written::Mapping(_) => node.to_json(),
    }
}

/// The names that are required in spite of their direction.
fn required(node: &Node, lifted: &BTreeSet<String>) -> Value {
    let Written::Sequence(items) = &node.value else { return node.to_json() };
    let name = |item: &Node| match &item.value {
        Written::Scalar { text, .. } => Value::from(text.clone()),
        Written::Sequence(_) | Written::Mapping(_) => item.to_json(),
    };
    let stays = |name: &Value| !name.as_str().is_some_and(|name| lifted.contains(name));
    items.iter().map(name).filter(stays).collect()
}

/// The range of an integer format, where no narrower one is written.
fn range_of_format(object: &mut Map<String, Value>) {
    let range: (Value, Value) = match object.get("format").and_then(Value::as_str) {
        Some("int32") => (i32::MIN.into(), i32::MAX.into()),
        Some("int64") => (i64::MIN.into(), i64::MAX.into()),
        _ => return,
    };
    for (bound, exclusive, limit) in
        [("minimum", "exclusiveMinimum", range.0), ("maximum", "exclusiveMaximum", range.1)]
    {
        if !object.contains_key(bound) && !object.contains_key(exclusive) {
            object.insert(bound.to_owned(), limit);
        }
    }
}

/// `object`, or null. Where only a type stands in its way, it is among the types, which tells best;
/// otherwise the rest of the schema holds for what is not null.
fn nullable(mut object: Map<String, Value>) -> Value {
    let simple =
        !["enum", "allOf", "anyOf", "oneOf", "not"].iter().any(|key| object.contains_key(*key));
    match object.get("type").and_then(Value::as_str).map(str::to_owned) {
        Some(kind) if simple => {
            object.insert("type".to_owned(), json!([kind, "null"]));
            object.into()
        }
        _ => json!({"if": {"type": "null"}, "else": object}),
    }
}
