//! The keywords of schemas, by what is done with them.

/// Keywords with one schema; `true` where it is held against the value itself, not a part of it.
pub(super) const ONE: [(&str, bool); 11] = [
    ("not", true),
    ("if", true),
    ("then", true),
    ("else", true),
    ("items", false),
    ("additionalProperties", false),
    ("contains", false),
    ("propertyNames", false),
    ("unevaluatedItems", false),
    ("unevaluatedProperties", false),
    ("contentSchema", false),
];

/// Keywords with a list of schemas.
pub(super) const LIST: [(&str, bool); 4] =
    [("allOf", true), ("anyOf", true), ("oneOf", true), ("prefixItems", false)];

/// Keywords with a schema for each of some names.
pub(super) const NAMED: [(&str, bool); 3] =
    [("properties", false), ("patternProperties", false), ("dependentSchemas", true)];

/// Keywords of 3.0 that hold as they stand. Beside those with schemas, `required`, `nullable`
/// and the exclusive bounds, the rest of its dialect describes.
pub(super) const PLAIN_3_0: [&str; 14] = [
    "type",
    "format",
    "enum",
    "multipleOf",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
];

/// Keywords with schemas that 3.0 has.
pub(super) const SCHEMAS_3_0: [&str; 7] =
    ["not", "items", "additionalProperties", "allOf", "anyOf", "oneOf", "properties"];

/// Keywords of 3.1 that describe, or name a place. Definitions come along where a `$ref` leads.
pub(super) const LEFT_OUT_3_1: [&str; 21] = [
    "$schema",
    "$id",
    "$anchor",
    "$dynamicAnchor",
    "$recursiveAnchor",
    "$vocabulary",
    "$comment",
    "$defs",
    "definitions",
    "title",
    "description",
    "default",
    "deprecated",
    "example",
    "examples",
    "discriminator",
    "xml",
    "externalDocs",
    "readOnly",
    "writeOnly",
    "nullable",
];

/// The formats that 3.0 defines for texts; all others describe (OpenAPI 3.0.3, Data Types).
pub(super) const FORMATS_3_0: [&str; 4] = ["date", "date-time", "int32", "int64"];
