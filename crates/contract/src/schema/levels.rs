//! How deep a body may be, so that holding it stays within a thread's stack.
//!
//! The engine goes down by recursion: for each level of the body through all schemas that are held
//! against the same value, each within the other, references among them. A schema that refers to
//! itself for a member takes a body of any depth. So the longest such chain bounds the depth.
//!
//! Not here: how deep a body may be at all ([`crate::json::MAX_DEPTH`]).

use crate::json::{Kind, Node};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// The most schemas, each within the other, that holding a value may come to. One took about 1 KiB
/// of stack where nothing is optimised; a thread has 2 MiB.
pub(crate) const MOST: usize = 1500;

/// Where the schemas of the drafts themselves are, which the engine knows, and what one may come to.
const DRAFTS: [&str; 2] = ["http://json-schema.org/", "https://json-schema.org/"];
const OF_DRAFTS: usize = 16;

/// Keywords whose schema is held against the same value.
const SAME: [&str; 4] = ["not", "if", "then", "else"];
/// Those with a list of schemas.
const SAME_LIST: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// Those with schemas by name.
const SAME_MAP: [&str; 2] = ["dependentSchemas", "dependencies"];
/// Those that say where the schema is.
const SAME_ELSEWHERE: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// Keywords whose schemas, one, a list or by name, are held against a part of the value.
const PARTS: [&str; 11] = [
    "properties",
    "patternProperties",
    "additionalProperties",
    "propertyNames",
    "unevaluatedProperties",
    "items",
    "prefixItems",
    "additionalItems",
    "contains",
    "unevaluatedItems",
    "contentSchema",
];

/// The deepest bodies that are held against `schema`, in levels of arrays and objects.
pub(super) fn deepest(schema: &Value) -> usize {
    let mut walk =
        Walk { root: schema, chains: HashMap::new(), open: vec![schema], unclear: false };
    let mut longest = 1;
    while let Some(next) = walk.open.pop() {
        longest = longest.max(walk.chain(next, 0));
    }
    // No chain is longer than all schemas one after the other.
    let longest = if walk.unclear { objects(schema) + OF_DRAFTS } else { longest };
    MOST / longest
}

/// Whether `node` has at most `levels` of arrays and objects.
pub(crate) fn is_within(node: Node<'_, '_>, levels: usize) -> bool {
    if !matches!(node.kind(), Kind::Array | Kind::Object) {
        return true;
    }
    let Some(left) = levels.checked_sub(1) else { return false };
    node.elements().all(|element| is_within(element, left))
        && node.members().all(|(_, member)| is_within(member, left))
}

/// A walk over all schemas that are held against something.
struct Walk<'s> {
    root: &'s Value,
    /// The length of the chain from each schema on, by its place in memory; `None` while it is open.
    chains: HashMap<*const Value, Option<usize>>,
    /// Schemas that are held against parts of the value.
    open: Vec<&'s Value>,
    /// Whether a chain could not be followed: it comes back to itself, or goes by names.
    unclear: bool,
}

impl<'s> Walk<'s> {
    /// How many schemas are held against the same value from `schema` on, each within the other.
    fn chain(&mut self, schema: &'s Value, before: usize) -> usize {
        let Value::Object(members) = schema else { return 1 };
        match self.chains.get(&std::ptr::from_ref(schema)) {
            Some(Some(length)) => return *length,
            Some(None) => return self.is_unclear(),
            None if before > MOST => return self.is_unclear(),
            None => drop(self.chains.insert(schema, None)),
        }
        self.unclear |= !std::ptr::eq(schema, self.root) && is_renamed(members);
        self.open.extend(PARTS.iter().filter_map(|key| members.get(*key)).flat_map(schemas));
        let within = self.same(members).into_iter().map(|next| self.chain(next, before + 1));
        let of_drafts = if leaves_for_drafts(members) { OF_DRAFTS } else { 0 };
        let length = 1 + within.max().unwrap_or_default().max(of_drafts);
        self.chains.insert(schema, Some(length));
        length
    }

    /// The schemas that are held against the same value as the one with these members.
    fn same(&mut self, members: &'s Map<String, Value>) -> Vec<&'s Value> {
        let get = |key: &&str| members.get(*key);
        let mut same: Vec<_> = SAME.iter().filter_map(get).collect();
        same.extend(SAME_LIST.iter().filter_map(get).filter_map(Value::as_array).flatten());
        let maps = SAME_MAP.iter().filter_map(get).filter_map(Value::as_object);
        same.extend(maps.flat_map(Map::values));
        for reference in references(members).filter(|reference| !is_of_drafts(reference)) {
            match follow(self.root, reference) {
                Some(schema) => same.push(schema),
                None => self.unclear = true,
            }
        }
        same
    }

    fn is_unclear(&mut self) -> usize {
        self.unclear = true;
        0
    }
}

/// The schemas of a keyword: one, a list of them, or by name.
fn schemas(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        // One schema and schemas by name look alike: what is no schema has no keywords.
        Value::Object(members) => std::iter::once(value).chain(members.values()).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}

/// Where the schema with these members says that another one is.
fn references(members: &Map<String, Value>) -> impl Iterator<Item = &str> {
    SAME_ELSEWHERE.iter().filter_map(|key| members.get(*key)).filter_map(Value::as_str)
}

fn is_of_drafts(reference: &str) -> bool {
    DRAFTS.iter().any(|start| reference.starts_with(start))
}

fn leaves_for_drafts(members: &Map<String, Value>) -> bool {
    references(members).any(is_of_drafts)
}

/// The name of a schema in its own words; one that begins with `#` is a place in another one.
fn name(members: &Map<String, Value>) -> Option<&str> {
    ["$id", "id"].iter().find_map(|key| members.get(*key)?.as_str())
}

/// Whether references from here on start at another place than the document's root.
fn is_renamed(members: &Map<String, Value>) -> bool {
    name(members).is_some_and(|name| !name.starts_with('#'))
}

/// How many objects a document has.
fn objects(value: &Value) -> usize {
    match value {
        Value::Array(list) => list.iter().map(objects).sum(),
        Value::Object(members) => 1 + members.values().map(objects).sum::<usize>(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

/// What `reference` leads to in `document`, by a JSON Pointer from its root or by an anchor.
fn follow<'d>(document: &'d Value, reference: &str) -> Option<&'d Value> {
    let (whole, fragment) = reference.split_once('#').unwrap_or((reference, ""));
    let own = document.as_object().and_then(name).unwrap_or_default();
    if !own.trim_end_matches('#').ends_with(whole) {
        return None;
    }
    let fragment = percent_decode_str(fragment).decode_utf8().ok()?;
    let anchor = !fragment.is_empty() && !fragment.starts_with('/');
    if anchor { anchored(document, &fragment) } else { document.pointer(&fragment) }
}

/// The schema with this anchor.
fn anchored<'d>(value: &'d Value, anchor: &str) -> Option<&'d Value> {
    let is = |members: &Map<String, Value>| {
        let own =
            ["$anchor", "$dynamicAnchor"].iter().filter_map(|key| members.get(*key)?.as_str());
        let old = name(members).and_then(|name| name.strip_prefix('#'));
        own.chain(old).any(|name| name == anchor)
    };
    match value {
        Value::Object(members) if is(members) => Some(value),
        Value::Object(members) => members.values().find_map(|value| anchored(value, anchor)),
        Value::Array(list) => list.iter().find_map(|value| anchored(value, anchor)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The longest chain that is found.
    fn longest(schema: &Value) -> usize {
        (1..=MOST).find(|length| MOST / length == deepest(schema)).unwrap()
    }

    #[test]
    fn a_chain_is_all_that_is_held_against_the_same_value() {
        let refers = |to: &str| json!({"$ref": to});
        for (schema, length) in [
            (json!(true), 1),
            (json!({"properties": {"not": {"properties": {"a": {}}}}}), 2),
            (json!({"allOf": [{"anyOf": [{}, {"not": {}}]}]}), 4),
            (json!({"items": {"if": {}, "else": {"oneOf": [{}]}}}), 3),
            (json!({"dependencies": {"a": ["b"], "c": {"allOf": [{}]}}}), 3),
            (json!({"properties": {"next": refers("#")}}), 2),
            (
                json!({"definitions": {"a b": {"allOf": [{}]}}, "items": refers("#/definitions/a%20b")}),
                3,
            ),
            (json!({"$defs": {"n": {"$anchor": "n", "items": refers("#n")}}, "$ref": "#n"}), 2),
            (json!({"$id": "https://a.example/s", "$defs": {"a": {}}, "$ref": "s#/$defs/a"}), 2),
            (json!({"definitions": {"unused": {"allOf": [{"allOf": [{}]}]}}}), 1),
            (json!({"$ref": "http://json-schema.org/draft-07/schema#"}), 17),
        ] {
            assert_eq!(longest(&schema), length, "{schema}");
        }
    }

    #[test]
    fn what_cannot_be_followed_counts_as_all_schemas() {
        for (schema, length) in [
            (json!({"$ref": "#"}), 17),
            (json!({"$ref": "b#/x", "$defs": {"b": {"$id": "b", "x": {}}}}), 20),
            (json!({"items": {"$id": "other", "items": {"$ref": "#"}}}), 19),
        ] {
            assert_eq!(longest(&schema), length, "{schema}");
        }
    }
}
