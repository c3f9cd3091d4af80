//! The types that a schema speaks of, which say how text is to be read.

use serde_json::Value;

/// How far types are looked for through references and alternatives.
const MAX_LOOK: usize = 16;

/// A set of JSON types; an integer is a number here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Types(u8);

impl Types {
    pub(super) const NULL: Self = Self(1);
    pub(super) const BOOLEAN: Self = Self(2);
    pub(super) const NUMBER: Self = Self(4);
    pub(super) const STRING: Self = Self(8);
    pub(super) const ARRAY: Self = Self(16);
    pub(super) const OBJECT: Self = Self(32);
    /// Those that are one text.
    pub(super) const SCALAR: Self = Self(1 | 2 | 4 | 8);

    /// Whether any of `others` is among these.
    pub(super) fn has(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// Whether nothing is said of types, so that all are possible.
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Both together.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    fn named(name: &str) -> Self {
        match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" | "number" => Self::NUMBER,
            "string" => Self::STRING,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => Self::default(),
        }
    }

    fn of_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(_) => Self::NUMBER,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    /// What `schema` says of its own, without references and alternatives.
    fn own(schema: &Value) -> Self {
        let mut types = Self::default();
        match schema.get("type") {
            Some(Value::String(name)) => types.add(Self::named(name)),
            Some(Value::Array(names)) => {
                names.iter().filter_map(Value::as_str).for_each(|n| types.add(Self::named(n)));
            }
            _ => {
                let listed = schema.get("enum").and_then(Value::as_array).map(Vec::as_slice);
                let values = listed.unwrap_or_default().iter().chain(schema.get("const"));
                values.for_each(|value| types.add(Self::of_value(value)));
            }
        }
        types
    }
}

/// The types of a value, and of what it consists of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) types: Types,
    /// Of the elements, where it is an array.
    pub(super) elements: Types,
    /// Of the members that are declared, where it is an object.
    pub(super) members: Vec<(String, Types)>,
    /// Of all other members.
    others: Types,
}

impl Shape {
    /// What the document `source` speaks of.
    pub(super) fn of(source: &Value) -> Self {
        let mut shape = Self::default();
        each(source, source, MAX_LOOK, &mut |schema| {
            shape.types.add(Types::own(schema));
            if let Some(items) = schema.get("items") {
                shape.elements.add(all(items, source));
            }
            if let Some(others) = schema.get("additionalProperties") {
                shape.others.add(all(others, source));
            }
            let members = schema.get("properties").and_then(Value::as_object);
            for (name, member) in members.into_iter().flatten() {
                shape.member(name, all(member, source));
            }
        });
        if shape.types.is_empty() && !shape.members.is_empty() {
            shape.types = Types::OBJECT;
        }
        shape
    }

    fn member(&mut self, name: &str, types: Types) {
        match self.members.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => known.add(types),
            None => self.members.push((name.to_owned(), types)),
        }
    }

    /// Whether a member may be an object.
    pub(super) fn has_objects(&self) -> bool {
        self.members.iter().any(|(_, types)| types.has(Types::OBJECT))
            || self.others.has(Types::OBJECT)
    }

    /// The types of the member `name`.
    pub(super) fn of_member(&self, name: &str) -> Types {
        let known = self.members.iter().find(|(known, _)| known == name);
        known.map_or(self.others, |(_, types)| *types)
    }
}

/// The types that `schema`, a part of `root`, speaks of.
fn all(schema: &Value, root: &Value) -> Types {
    let mut types = Types::default();
    each(schema, root, MAX_LOOK, &mut |schema| types.add(Types::own(schema)));
    types
}

/// Calls `look` with `schema` and all that are held against the same value.
fn each(schema: &Value, root: &Value, left: usize, look: &mut dyn FnMut(&Value)) {
    let Some(left) = left.checked_sub(1) else { return };
    look(schema);
    let target = schema.get("$ref").and_then(Value::as_str);
    let target = target.and_then(|to| root.pointer(to.strip_prefix('#')?));
    let lists = ["allOf", "anyOf", "oneOf"].into_iter();
    let listed = lists.filter_map(|key| schema.get(key).and_then(Value::as_array)).flatten();
    let branches = ["then", "else"].into_iter().filter_map(|key| schema.get(key));
    target.into_iter().chain(listed).chain(branches).for_each(|one| each(one, root, left, look));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_are_found_behind_references_and_alternatives() {
        let shape = Shape::of(&json!({
            "anyOf": [{"$ref": "#/definitions/0"}, {"enum": ["a", 1]}],
            "definitions": {"0": {"type": ["array", "null"], "items": {"allOf": [{"type": "integer"}]}}},
        }));
        assert!(shape.types.has(Types::ARRAY) && shape.types.has(Types::NULL));
        assert!(shape.types.has(Types::STRING) && shape.types.has(Types::NUMBER));
        assert!(!shape.types.has(Types::OBJECT) && !shape.types.has(Types::BOOLEAN));
        assert_eq!(shape.elements, Types::NUMBER);
    }

    #[test]
    fn members_are_gathered_from_all_parts() {
        let shape = Shape::of(&json!({
            "properties": {"a": {"type": "integer"}},
            "allOf": [{"properties": {"a": {"type": "null"}, "b": {"type": "boolean"}}}],
        }));
        assert_eq!(shape.types, Types::OBJECT);
        assert!(shape.of_member("a").has(Types::NUMBER) && shape.of_member("a").has(Types::NULL));
        assert_eq!(shape.of_member("b"), Types::BOOLEAN);
        assert!(shape.of_member("c").is_empty());
    }

    #[test]
    fn a_cycle_ends() {
        let cycle =
            json!({"$ref": "#/definitions/0", "definitions": {"0": {"$ref": "#/definitions/0"}}});
        assert_eq!(Shape::of(&cycle), Shape::default());
    }
}
