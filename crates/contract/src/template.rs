//! Documented wordings as matchers: `Storage Details not found for storageId = {}`.
//!
//! A template is literal text with slots, named (`{orgId}`) or not (`{}`). It is compiled once and
//! then used both ways: to recognise a foreign message and take its parts, and to write one. This
//! is not a regular expression: matching is anchored at both ends, linear, and never backtracks.

use memchr::memmem;
use std::fmt;

/// The most slots of one template.
pub(crate) const MAX_SLOTS: usize = 16;

/// A compiled template.
#[derive(Debug, Clone)]
pub struct Template {
    source: String,
    head: String,
    slots: Vec<Slot>,
}

/// A slot and the literal text behind it.
#[derive(Debug, Clone)]
struct Slot {
    name: String,
    tail: String,
    finder: memmem::Finder<'static>,
}

/// The parts of a message that stood in a template's slots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Captures<'m> {
    parts: Vec<(String, &'m str)>,
}

impl<'m> Captures<'m> {
    /// What stood in the slot `name`; the first one, where several have that name.
    pub fn get(&self, name: &str) -> Option<&'m str> {
        self.parts.iter().find(|(n, _)| n == name).map(|(_, text)| *text)
    }

    /// All parts in order. The slots without a name have an empty one.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &'m str)> {
        self.parts.iter().map(|(name, text)| (name.as_str(), *text))
    }
}

/// Why a text is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A `{` without its `}`.
    #[error("a slot is opened with `{{` and not closed")]
    Unclosed,
    /// A slot's name has characters other than letters, digits, `_` and `-`.
    #[error("`{0}` is not a slot's name: letters, digits, `_` and `-` are possible")]
    Name(String),
    /// Two slots with nothing between them.
    #[error("two slots stand side by side, so nothing tells where one ends")]
    Adjacent,
    /// More than 16.
    #[error("there are more than {MAX_SLOTS} slots")]
    TooMany,
}

impl Template {
    /// Compiles `source`.
    pub fn compile(source: &str) -> Result<Self, TemplateError> {
        let mut parts = source.split('{');
        let head = parts.next().unwrap_or_default().to_owned();
        let slots = parts.map(slot).collect::<Result<Vec<_>, _>>()?;
        if slots.len() > MAX_SLOTS {
            return Err(TemplateError::TooMany);
        }
        let inner = slots.len().saturating_sub(1);
        if slots.iter().take(inner).any(|s| s.tail.is_empty()) {
            return Err(TemplateError::Adjacent);
        }
        Ok(Self { source: source.to_owned(), head, slots })
    }

    /// The template as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The slots' names in order; empty for those without.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.slots.iter().map(|s| s.name.as_str())
    }

    /// How much of the template is literal, in bytes. Of two templates that match, the one with
    /// more of it says more.
    pub fn literal_len(&self) -> usize {
        self.head.len() + self.slots.iter().map(|s| s.tail.len()).sum::<usize>()
    }

    /// The captured parts, where `message` as a whole has this form.
    pub fn captures<'m>(&self, message: &'m str) -> Option<Captures<'m>> {
        let mut rest = message.strip_prefix(self.head.as_str())?;
        let Some((last, inner)) = self.slots.split_last() else {
            return rest.is_empty().then(Captures::default);
        };
        let mut parts = Vec::with_capacity(self.slots.len());
        for slot in inner {
            let at = slot.finder.find(rest.as_bytes())?;
            let (part, after) = rest.split_at_checked(at)?;
            rest = after.strip_prefix(slot.tail.as_str())?;
            parts.push((slot.name.clone(), part));
        }
        let part = rest.strip_suffix(last.tail.as_str())?;
        parts.push((last.name.clone(), part));
        Some(Captures { parts })
    }

    /// Whether `message` as a whole has this form. Allocates nothing.
    pub fn matches(&self, message: &str) -> bool {
        let Some(mut rest) = message.strip_prefix(self.head.as_str()) else { return false };
        let Some((last, inner)) = self.slots.split_last() else { return rest.is_empty() };
        for slot in inner {
            let found = slot.finder.find(rest.as_bytes());
            let after = found.and_then(|at| rest.get(at + slot.tail.len()..));
            let Some(after) = after else { return false };
            rest = after;
        }
        rest.ends_with(last.tail.as_str())
    }

    /// The template with `value` called for each slot (by its name and its number, from 0).
    pub fn fill<'v>(
        &self,
        mut value: impl FnMut(&str, usize) -> std::borrow::Cow<'v, str>,
    ) -> String {
        let mut text = self.head.clone();
        for (number, slot) in self.slots.iter().enumerate() {
            text.push_str(&value(&slot.name, number));
            text.push_str(&slot.tail);
        }
        text
    }
}

fn slot(part: &str) -> Result<Slot, TemplateError> {
    let (name, tail) = part.split_once('}').ok_or(TemplateError::Unclosed)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.chars().all(fits) {
        return Err(TemplateError::Name(name.to_owned()));
    }
    let finder = memmem::Finder::new(tail.as_bytes()).into_owned();
    Ok(Slot { name: name.to_owned(), tail: tail.to_owned(), finder })
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Template {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(template: &str, message: &str) -> Option<Vec<(String, String)>> {
        let template = Template::compile(template).unwrap();
        let found = template.captures(message);
        assert_eq!(found.is_some(), template.matches(message), "{template} / {message}");
        found.map(|c| c.iter().map(|(n, p)| (n.to_owned(), p.to_owned())).collect())
    }

    fn pair(name: &str, part: &str) -> (String, String) {
        (name.to_owned(), part.to_owned())
    }

    #[test]
    fn a_foreign_message_gives_its_parts() {
        let template = "Backup Policy already exists with orgId: {org} cloudId: {} product: {p}";
        let message = "Backup Policy already exists with orgId: 7 cloudId: c-1 product: JIRA";
        let expected = vec![pair("org", "7"), pair("", "c-1"), pair("p", "JIRA")];
        assert_eq!(parts(template, message), Some(expected));
    }

    #[test]
    fn both_ends_are_anchored() {
        assert_eq!(parts("id = {}", "the id = 7"), None);
        assert_eq!(parts("{} is required", "Name is required now"), None);
        assert_eq!(parts("Export Already in Progress", "Export Already in Progress"), Some(vec![]));
    }

    #[test]
    fn the_last_slot_reaches_to_the_end() {
        let expected = vec![pair("", "a is required if b")];
        assert_eq!(parts("{} is required", "a is required if b is required"), Some(expected));
    }

    #[test]
    fn a_slot_may_be_empty() {
        assert_eq!(parts("id = {id}", "id = "), Some(vec![pair("id", "")]));
    }

    #[test]
    fn writing_and_recognising_are_inverse() {
        let template = Template::compile("Field '{field}' is unknown").unwrap();
        let written = template.fill(|_, _| "naem".into());
        assert_eq!(written, "Field 'naem' is unknown");
        assert_eq!(template.captures(&written).unwrap().get("field"), Some("naem"));
    }

    #[test]
    fn what_cannot_be_told_apart_is_refused() {
        assert_eq!(Template::compile("{}{}").unwrap_err(), TemplateError::Adjacent);
        assert_eq!(Template::compile("{a").unwrap_err(), TemplateError::Unclosed);
        assert_eq!(Template::compile("{a b}").unwrap_err(), TemplateError::Name("a b".into()));
        let many = "{} ".repeat(17);
        assert_eq!(Template::compile(&many).unwrap_err(), TemplateError::TooMany);
    }
}
