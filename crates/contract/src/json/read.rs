//! From bytes to a document. What nearly all bodies are is read in one pass, by `fast`; whatever it
//! does not take is read by `serde_json`, which knows what is wrong with it.

use super::fast;
use super::{
    Document, Entry, INDEXED_FROM, Index, JsonError, JsonErrorKind, MAX_DEPTH, MAX_NODES, Members,
};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;

/// Reads the whole of `bytes` as one value.
pub(super) fn document(bytes: &[u8]) -> Result<Document<'_>, JsonError> {
    let text = text(bytes)?;
    if let Some(entries) = fast::entries(text) {
        return Ok(Document { entries });
    }
    carefully(text)
}

/// Reads what may be wrong, or is rare.
pub(super) fn carefully(text: &str) -> Result<Document<'_>, JsonError> {
    let mut builder = Builder::with_room_for(text);
    let mut reader = serde_json::Deserializer::from_str(text);
    match ValueSeed(&mut builder).deserialize(&mut reader).and_then(|()| reader.end()) {
        Ok(()) => Ok(Document { entries: builder.entries }),
        Err(error) => Err(failure(&error, builder.refusal)),
    }
}

/// The bytes as text. Checked once for all of it, which is faster than string by string.
fn text(bytes: &[u8]) -> Result<&str, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|error| not_utf8(bytes, error.valid_up_to()))?;
    if text.starts_with('\u{feff}') {
        let problem = "it starts with a byte order mark, which JSON must not have".to_owned();
        return Err(JsonError { line: 1, column: 1, kind: JsonErrorKind::Syntax { problem } });
    }
    Ok(text)
}

fn not_utf8(bytes: &[u8], at: usize) -> JsonError {
    let mut lines = bytes.get(..at).unwrap_or(bytes).rsplit(|byte| *byte == b'\n');
    let column = lines.next().map_or(0, <[u8]>::len) + 1;
    JsonError { line: lines.count() + 1, column, kind: JsonErrorKind::NotUtf8 }
}

/// What to tell about `error`. A refusal of our own passes through the reader as a text without
/// meaning; what it was about is in `refusal`.
fn failure(error: &serde_json::Error, refusal: Option<JsonErrorKind>) -> JsonError {
    let kind = refusal.unwrap_or_else(|| JsonErrorKind::Syntax { problem: syntax_problem(error) });
    JsonError { line: error.line().max(1), column: error.column().max(1), kind }
}

fn syntax_problem(error: &serde_json::Error) -> String {
    if error.is_eof() {
        return "the text ends before its value is complete".to_owned();
    }
    let problem = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    problem.strip_suffix(&place).unwrap_or(&problem).to_owned()
}

/// The document so far.
pub(super) struct Builder<'a> {
    pub(super) entries: Vec<Entry<'a>>,
    /// The number of containers that are open.
    depth: usize,
    /// Why reading was stopped from here, if it was.
    refusal: Option<JsonErrorKind>,
}

/// A document is not read on; the builder knows why.
pub(super) struct Refused;

impl Refused {
    /// The same for the reader, whose error takes a text only.
    fn told<E: Error>(self) -> E {
        let Self = self;
        E::custom("refused")
    }
}

impl<'a> Builder<'a> {
    /// API bodies have about one entry in 8 bytes; growing from there is cheap.
    pub(super) fn with_room_for(text: &str) -> Self {
        let entries = Vec::with_capacity((text.len() / 8).clamp(4, 4096));
        Self { entries, depth: 0, refusal: None }
    }

    #[inline]
    pub(super) fn push(&mut self, entry: Entry<'a>) -> Result<(), Refused> {
        if self.entries.len() >= MAX_NODES {
            return self.refuse(JsonErrorKind::TooManyNodes);
        }
        self.entries.push(entry);
        Ok(())
    }

    /// Enters a container, and says where its entry will be: what it holds is not known yet.
    pub(super) fn open(&mut self) -> Result<usize, Refused> {
        if self.depth >= MAX_DEPTH {
            return self.refuse(JsonErrorKind::TooDeep);
        }
        self.depth += 1;
        self.push(Entry::Null)?;
        Ok(self.entries.len() - 1)
    }

    /// Leaves the container whose entry is at `at`; `entry` makes it of the count below it.
    pub(super) fn close(&mut self, at: usize, entry: impl FnOnce(u32) -> Entry<'a>) {
        self.depth -= 1;
        let below = u32::try_from(self.below(at).len()).unwrap_or(u32::MAX);
        if let Some(placeholder) = self.entries.get_mut(at) {
            *placeholder = entry(below);
        }
    }

    /// Adds a member's name to the open object at `at`, unless it already has one of that name.
    pub(super) fn name(
        &mut self,
        at: usize,
        name: Cow<'a, str>,
        seen: &mut Seen<'a>,
    ) -> Result<(), Refused> {
        if seen.len == INDEXED_FROM {
            seen.index = Some(Box::new(index(self.below(at))));
        }
        let value_at = self.below(at).len() + 1;
        let duplicate = match &mut seen.index {
            Some(index) => index.insert(name.clone(), value_at).is_some(),
            // Most names share their mark with no other one.
            None => {
                seen.may_have(&name) && Members::of(self.below(at)).any(|(other, _)| other == name)
            }
        };
        if duplicate {
            return self.refuse(JsonErrorKind::DuplicateKey(name.into_owned()));
        }
        seen.len += 1;
        self.push(Entry::Text(name))
    }

    fn below(&self, at: usize) -> &[Entry<'a>] {
        self.entries.get(at + 1..).unwrap_or_default()
    }

    /// Stops the reader, for a reason that is kept aside.
    fn refuse<T>(&mut self, reason: JsonErrorKind) -> Result<T, Refused> {
        self.refusal = Some(reason);
        Err(Refused)
    }
}

/// The members of an open object so far.
#[derive(Default)]
pub(super) struct Seen<'a> {
    pub(super) len: usize,
    pub(super) index: Option<Box<Index<'a>>>,
    /// A bit for each name's mark.
    marks: u64,
}

impl Seen<'_> {
    /// Whether a name of the same mark was there before; from now on there was.
    fn may_have(&mut self, name: &str) -> bool {
        let bytes = name.as_bytes();
        let [first, last] = [bytes.first(), bytes.last()].map(|byte| byte.copied().unwrap_or(0));
        let mark = bytes.len() ^ usize::from(first) ^ (usize::from(last) << 2);
        let mark = 1 << (mark & 63);
        let had = self.marks & mark != 0;
        self.marks |= mark;
        had
    }
}

/// An index over the members in `below`.
fn index<'a>(below: &[Entry<'a>]) -> Index<'a> {
    let mut index = Index::with_capacity(2 * INDEXED_FROM);
    let mut at = 0;
    while let Some(Entry::Text(name)) = below.get(at) {
        index.insert(name.clone(), at + 1);
        at += 2 + below.get(at + 1).map_or(0, Entry::below);
    }
    index
}

/// Reads one value into the builder.
struct ValueSeed<'b, 'a>(&'b mut Builder<'a>);

impl<'a> DeserializeSeed<'a> for ValueSeed<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for ValueSeed<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.0.push(Entry::Null).map_err(Refused::told)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.0.push(Entry::Bool(value)).map_err(Refused::told)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.0.push(Entry::Number(value.into())).map_err(Refused::told)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.0.push(Entry::Number(value.into())).map_err(Refused::told)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        // The reader itself refuses what is beyond the range of an f64.
        let number = serde_json::Number::from_f64(value).ok_or_else(|| E::custom("not finite"))?;
        self.0.push(Entry::Number(number)).map_err(Refused::told)
    }

    fn visit_borrowed_str<E: Error>(self, value: &'a str) -> Result<(), E> {
        self.0.push(Entry::Text(Cow::Borrowed(value))).map_err(Refused::told)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.0.push(Entry::Text(Cow::Owned(value.to_owned()))).map_err(Refused::told)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut elements: A) -> Result<(), A::Error> {
        let Self(builder) = self;
        let at = builder.open().map_err(Refused::told)?;
        let mut len = 0;
        while elements.next_element_seed(ValueSeed(builder))?.is_some() {
            len += 1;
        }
        builder.close(at, |below| Entry::Array { len, below });
        Ok(())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<(), A::Error> {
        let Self(builder) = self;
        let at = builder.open().map_err(Refused::told)?;
        let mut seen = Seen::default();
        while let Some(name) = members.next_key_seed(NameSeed)? {
            builder.name(at, name, &mut seen).map_err(Refused::told)?;
            members.next_value_seed(ValueSeed(builder))?;
        }
        let len = u32::try_from(seen.len).unwrap_or(u32::MAX);
        builder.close(at, |below| Entry::Object { len, below, index: seen.index });
        Ok(())
    }
}

/// Reads a member's name, borrowed where it has no escapes: `Cow`'s own reading always copies.
struct NameSeed;

impl<'a> DeserializeSeed<'a> for NameSeed {
    type Value = Cow<'a, str>;

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'a> Visitor<'a> for NameSeed {
    type Value = Cow<'a, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_borrowed_str<E: Error>(self, name: &'a str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}
