//! The published schemas: of the contract file, for editors, and of the verdict, for its readers.
//!
//! Both are built here, so that their closed sets are those of the program and no list is kept
//! twice. The contract's schema refuses every key that the reader refuses. It does not know what
//! several places of a file say together: that is told by the reader alone.
//!
//! This is not the check of bodies against declared forms, which is `schema`.

mod contract;
mod row;
mod verdict;
mod when;

pub use contract::contract_schema;
pub use verdict::verdict_schema;

use serde_json::{Map, Value, json};

/// The dialect of both schemas.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// A member of an object, with what it is for.
type Member = (&'static str, Value);

/// `schema` with what it is for, in front.
fn about(description: &str, schema: Value) -> Value {
    let mut members = Map::new();
    members.insert("description".to_owned(), description.into());
    if let Value::Object(rest) = schema {
        members.extend(rest);
    }
    Value::Object(members)
}

/// An object with these members and no others.
fn closed(required: &[&str], members: Vec<Member>) -> Value {
    let mut schema = open(required, members);
    if let Value::Object(schema) = &mut schema {
        schema.insert("additionalProperties".to_owned(), false.into());
    }
    schema
}

/// An object with at least these members.
fn open(required: &[&str], members: Vec<Member>) -> Value {
    let members: Map<String, Value> =
        members.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({ "type": "object", "required": required, "properties": members })
}

/// One of these names.
fn one_of<'n>(names: impl IntoIterator<Item = &'n str>) -> Value {
    let names: Vec<&str> = names.into_iter().collect();
    json!({ "enum": names })
}

/// A definition by its name.
fn defined(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// An object with free names, of which each value is a `schema`.
fn map_of(schema: &Value) -> Value {
    json!({ "type": "object", "additionalProperties": schema })
}

/// One `schema` alone, or a list of at least one.
fn one_or_many(schema: &Value) -> Value {
    json!({ "anyOf": [schema, { "type": "array", "minItems": 1, "items": schema }] })
}
