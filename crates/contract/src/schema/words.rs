//! What was expected, in words for people.
//!
//! A text completes the sentence "expected …". It holds what the schema says and names of members,
//! never a value of the body.

use super::engine::{ErrorKind, JsonType, ReferencingError, TypeKind, ValidationError};
use crate::json::shown_name;
use candor_facts::Violation;
use serde_json::Value;

/// The most names, options or alternatives that a text lists.
const LISTED: usize = 8;

/// The most characters of a value of the schema that a text shows.
const SHOWN: usize = 80;

/// A difference that the engine found.
pub(super) fn violation(error: &ValidationError<'_>) -> Violation {
    Violation {
        pointer: error.instance_path().as_str().to_owned(),
        rule: rule(error).to_owned(),
        expected: expected(error),
    }
}

/// Stands for all differences of a body that is too large to name each.
pub(super) fn too_large_to_tell() -> Violation {
    Violation {
        pointer: String::new(),
        rule: "schema".to_owned(),
        expected: "a value of the declared form; this one is too large to tell each difference"
            .to_owned(),
    }
}

/// Stands for all differences of a body that is too deep to be held.
pub(super) fn too_deep(levels: usize) -> Violation {
    let expected = format!("at most {levels} levels of arrays and objects");
    Violation { pointer: String::new(), rule: "depth".to_owned(), expected }
}

/// Where a schema is wrong, and how. Where it fits no alternative of its draft's own schema, the
/// one that it comes closest to tells more: it fails the deepest.
pub(super) fn schema_mistake(error: &ValidationError<'_>) -> (String, String) {
    let pointer = error.instance_path().as_str();
    if let ErrorKind::AnyOf { context } | ErrorKind::OneOfNotValid { context } = error.kind()
        && let Some(closest) = context.iter().flatten().max_by_key(|error| depth(error))
        && depth(closest) > depth(error)
    {
        return schema_mistake(closest);
    }
    (pointer.to_owned(), schema_text(pointer, error.kind()))
}

fn depth(error: &ValidationError<'_>) -> usize {
    error.instance_path().segments().count()
}

fn schema_text(pointer: &str, kind: &ErrorKind) -> String {
    let keyword = pointer.rsplit('/').next().unwrap_or_default();
    match (keyword, kind) {
        (_, ErrorKind::Custom { message, .. }) => message.clone(),
        ("type", ErrorKind::AnyOf { .. } | ErrorKind::Enum { .. }) => {
            "`type` must be one of array, boolean, integer, null, number, object and string, \
             or a list of them"
                .to_owned()
        }
        (_, ErrorKind::Format { format }) if format == "regex" => {
            "not a regular expression that can be run in linear time; \
             look-around and back-references cannot"
                .to_owned()
        }
        _ => format!("expected {}", of_kind(kind)),
    }
}

/// What a reference in a schema leads to, as far as the engine names it, and what is wrong with it.
pub(super) fn bad_reference(reason: &ReferencingError) -> (Option<&str>, String) {
    match reason {
        ReferencingError::Unretrievable { uri, .. } => (
            Some(uri),
            format!("`{uri}` lies outside of this schema, and nothing is fetched; include it"),
        ),
        ReferencingError::PointerToNowhere { pointer }
        | ReferencingError::InvalidPercentEncoding { pointer, .. }
        | ReferencingError::InvalidArrayIndex { pointer, .. } => {
            (Some(pointer), format!("a reference leads to `{pointer}`, where there is nothing"))
        }
        ReferencingError::NoSuchAnchor { anchor } | ReferencingError::InvalidAnchor { anchor } => {
            (Some(anchor), format!("a reference leads to `{anchor}`, which no part is named"))
        }
        ReferencingError::InvalidUri(error) => {
            (None, format!("an identifier or reference is not a URI: {error}"))
        }
        ReferencingError::UnknownSpecification { specification: uri }
        | ReferencingError::CircularMetaschema { uri } => {
            (Some(uri), format!("`{uri}` is not a known version of JSON Schema"))
        }
    }
}

/// The keyword that was broken. `false` as a schema is no keyword, so the one that it stands under is
/// named, unless that is a member or a place in a list.
fn rule<'e>(error: &'e ValidationError<'_>) -> &'e str {
    if !matches!(error.kind(), ErrorKind::FalseSchema) {
        return error.kind().keyword();
    }
    match error.schema_path().as_str().rsplit('/').next() {
        Some(
            keyword @ ("additionalProperties" | "propertyNames" | "additionalItems" | "items"),
        ) => keyword,
        _ => "false",
    }
}

fn expected(error: &ValidationError<'_>) -> String {
    particular(error).unwrap_or_else(|| of_kind(error.kind()))
}

/// What can be said of this very difference, beyond its kind.
fn particular(error: &ValidationError<'_>) -> Option<String> {
    if let ErrorKind::AnyOf { context } | ErrorKind::OneOfNotValid { context } = error.kind() {
        return alternatives(context, error);
    }
    if let ErrorKind::PropertyNames { error } = error.kind() {
        let name = shown_name(error.instance().as_str()?);
        return Some(format!("of the member name {name}: {}", expected(error)));
    }
    let of_all_members = matches!(error.kind(), ErrorKind::FalseSchema)
        && matches!(rule(error), "additionalProperties" | "propertyNames");
    of_all_members.then(|| "no members".to_owned())
}

/// What a kind of difference says by itself.
fn of_kind(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::Type { kind } => types(kind),
        ErrorKind::Required { property } => {
            format!("the member {}", property.as_str().map_or_else(|| shown(property), shown_name))
        }
        ErrorKind::AdditionalProperties { unexpected }
        | ErrorKind::UnevaluatedProperties { unexpected } => {
            let names = unexpected.iter().map(|name| shown_name(name));
            format!("no members beside the declared ones; found {}", list(names, "and"))
        }
        ErrorKind::AdditionalItems { limit } => format!("at most {}", count(*limit, "element")),
        ErrorKind::UnevaluatedItems { unexpected } => {
            format!("no elements beside the declared ones; found {}", unexpected.len())
        }
        ErrorKind::Enum { options } => one_of(options),
        ErrorKind::Constant { expected_value } => format!("exactly {}", shown(expected_value)),
        ErrorKind::Minimum { limit } => format!("a number of at least {}", shown(limit)),
        ErrorKind::Maximum { limit } => format!("a number of at most {}", shown(limit)),
        ErrorKind::ExclusiveMinimum { limit } => format!("a number above {}", shown(limit)),
        ErrorKind::ExclusiveMaximum { limit } => format!("a number below {}", shown(limit)),
        ErrorKind::MultipleOf { multiple_of } => format!("a multiple of {multiple_of}"),
        ErrorKind::MinLength { limit } => format!("at least {}", count(*limit, "character")),
        ErrorKind::MaxLength { limit } => format!("at most {}", count(*limit, "character")),
        ErrorKind::MinItems { limit } => format!("at least {}", count(*limit, "element")),
        ErrorKind::MaxItems { limit } => format!("at most {}", count(*limit, "element")),
        ErrorKind::MinProperties { limit } => format!("at least {}", count(*limit, "member")),
        ErrorKind::MaxProperties { limit } => format!("at most {}", count(*limit, "member")),
        ErrorKind::Pattern { pattern } => format!("text that matches `{}`", cut(pattern)),
        ErrorKind::BacktrackLimitExceeded { .. } | ErrorKind::RegexEngineFailure { .. } => {
            "text whose pattern can be decided; this one could not".to_owned()
        }
        ErrorKind::Format { format } => format!("text in the format `{}`", cut(format)),
        ErrorKind::ContentEncoding { content_encoding } => {
            format!("text encoded as {}", cut(content_encoding))
        }
        ErrorKind::FromUtf8 { .. } => "text that decodes to UTF-8".to_owned(),
        ErrorKind::ContentMediaType { content_media_type } => {
            format!("text of the media type {}", cut(content_media_type))
        }
        ErrorKind::UniqueItems => "elements that all differ".to_owned(),
        ErrorKind::Contains => "elements of the declared form, in the declared number".to_owned(),
        ErrorKind::AnyOf { .. } => "a value that fits at least one of the alternatives".to_owned(),
        ErrorKind::OneOfNotValid { .. } => "a value that fits one of the alternatives".to_owned(),
        ErrorKind::OneOfMultipleValid { .. } => {
            "a value that fits exactly one of the alternatives; this one fits several".to_owned()
        }
        ErrorKind::Not { .. } => "a value that is not of the excluded form".to_owned(),
        ErrorKind::FalseSchema => "nothing here".to_owned(),
        ErrorKind::PropertyNames { error } => {
            format!("of each member name: {}", of_kind(error.kind()))
        }
        ErrorKind::Custom { message, .. } => cut(message),
        ErrorKind::Referencing(_) => "a reference that can be resolved".to_owned(),
    }
}

/// The alternatives themselves, where each asks for one thing at the place of `error`: "a string,
/// or null" says more than "one of the alternatives".
fn alternatives(
    branches: &[Vec<ValidationError<'static>>],
    error: &ValidationError<'_>,
) -> Option<String> {
    if branches.len() > LISTED {
        return None;
    }
    let mut texts = Vec::with_capacity(branches.len());
    for branch in branches {
        let [only] = branch.as_slice() else { return None };
        if only.instance_path().as_str() != error.instance_path().as_str() {
            return None;
        }
        let text = expected(only);
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    Some(list(texts.into_iter(), "or"))
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => with_article(*one).to_owned(),
        TypeKind::Multiple(set) => list(set.iter().map(|one| with_article(one).to_owned()), "or"),
    }
}

fn with_article(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Array => "an array",
        JsonType::Boolean => "true or false",
        JsonType::Integer => "an integer",
        JsonType::Null => "null",
        JsonType::Number => "a number",
        JsonType::Object => "an object",
        JsonType::String => "a string",
    }
}

fn one_of(options: &Value) -> String {
    match options.as_array().map(Vec::as_slice) {
        Some([only]) => format!("exactly {}", shown(only)),
        Some(several) => format!("one of {}", list(several.iter().map(shown), "and")),
        None => format!("one of {}", shown(options)),
    }
}

/// `1 element`, `2 elements`.
fn count(number: impl TryInto<u64>, noun: &str) -> String {
    let number = number.try_into().unwrap_or(u64::MAX);
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `a, b and c`, or `a, b and 7 more`.
fn list(texts: impl Iterator<Item = String>, last: &str) -> String {
    let texts: Vec<String> = texts.collect();
    match texts.as_slice() {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., end] if texts.len() <= LISTED => format!("{} {last} {end}", most.join(", ")),
        _ => {
            let shown: Vec<&str> = texts.iter().take(LISTED - 1).map(String::as_str).collect();
            format!("{} {last} {} more", shown.join(", "), texts.len() - shown.len())
        }
    }
}

/// A value of the schema as JSON text, cut when it is long.
fn shown(value: &Value) -> String {
    cut(&value.to_string())
}

fn cut(text: &str) -> String {
    let mut characters = text.chars();
    let start: String = characters.by_ref().take(SHOWN).collect();
    let rest = if characters.next().is_some() { "…" } else { "" };
    start + rest
}
