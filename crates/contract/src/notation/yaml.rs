//! YAML as a tree with places. With `syntax` the only file that names the YAML crate.
//!
//! A scalar stays text until somebody says what it should be, so `version: 7.10` keeps its zero and
//! `name: no` is a name. Anchors, aliases, tags and several documents in one file are refused: a
//! contract needs none of them, and without aliases there is no YAML bomb.

use super::{Diagnosis, Problems, syntax};
use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};
use std::collections::HashMap;
use std::ops::Range;

/// The largest file that is read, in bytes.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;
/// The deepest nesting that is read.
pub const MAX_DEPTH: usize = 64;
/// The most nodes that are read.
pub const MAX_NODES: usize = 400_000;

/// How much of a file is read.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// In bytes.
    pub bytes: usize,
    /// Values; what an alias repeats counts each time.
    pub nodes: usize,
    /// Whether anchors and aliases are taken.
    pub aliases: bool,
}

impl Limits {
    /// Those of files that people write: [`MAX_BYTES`] and [`MAX_NODES`].
    const WRITTEN: Self = Self { bytes: MAX_BYTES, nodes: MAX_NODES, aliases: false };
}

/// A value and its place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The byte range in the file.
    pub span: Range<usize>,
    /// What stands there.
    pub value: Value,
}

/// A YAML value, uninterpreted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A scalar; `quoted` where it was written in quotes or as a block, and is text for certain.
    Scalar {
        /// The text.
        text: String,
        /// Whether it can only be text.
        quoted: bool,
    },
    /// A sequence.
    Sequence(Vec<Node>),
    /// A mapping, in the order of the file.
    Mapping(Vec<Entry>),
}

/// One member of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The key's byte range.
    pub key_span: Range<usize>,
    /// The value.
    pub node: Node,
    /// Whether the key stands alone, without a colon, as it can in `{ a, b }`. More often than not
    /// it is the end of a text with a comma.
    pub bare: bool,
}

impl Node {
    /// Whether nothing stands there, or the name of nothing: `null` or `~`.
    pub fn is_nothing(&self) -> bool {
        matches!(&self.value, Value::Scalar { text, quoted: false } if is_null(text))
    }

    /// Whether this reads like a template's slot without quotes, `{name}` or `{}`, which YAML takes
    /// for a mapping.
    pub(super) fn looks_like_a_slot(&self) -> bool {
        matches!(&self.value, Value::Mapping(entries) if entries.iter().all(|e| e.bare))
    }

    /// What this is, for people.
    pub fn describe(&self) -> &'static str {
        match &self.value {
            Value::Scalar { .. } if self.is_nothing() => "nothing",
            Value::Scalar { .. } => "a single value",
            Value::Sequence(_) => "a list",
            Value::Mapping(_) => "a mapping",
        }
    }

    /// How many values there are at and below this one, and how many levels of them.
    fn extent(&self) -> (usize, usize) {
        let below: Vec<(usize, usize)> = match &self.value {
            Value::Scalar { .. } => Vec::new(),
            Value::Sequence(items) => items.iter().map(Self::extent).collect(),
            Value::Mapping(entries) => entries.iter().map(|e| e.node.extent()).collect(),
        };
        let (values, depths): (Vec<usize>, Vec<usize>) = below.into_iter().unzip();
        (1 + values.iter().sum::<usize>(), 1 + depths.into_iter().max().unwrap_or_default())
    }

    /// The same as a JSON value, by the rules of YAML's core schema. Numbers that JSON cannot hold
    /// stay text.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Scalar { text, quoted: true } => text.clone().into(),
            Value::Scalar { text, quoted: false } => plain_to_json(text),
            Value::Sequence(items) => items.iter().map(Node::to_json).collect(),
            Value::Mapping(entries) => {
                let members = entries.iter().map(|e| (e.key.clone(), e.node.to_json()));
                serde_json::Value::Object(members.collect())
            }
        }
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn plain_to_json(text: &str) -> serde_json::Value {
    match text {
        "true" | "True" | "TRUE" => true.into(),
        "false" | "False" | "FALSE" => false.into(),
        _ if is_null(text) => serde_json::Value::Null,
        _ => text
            .parse::<serde_json::Number>()
            .map_or_else(|_| text.into(), serde_json::Value::Number),
    }
}

/// Reads the file `name` with the text `source` into a tree.
///
/// # Errors
/// What is not YAML, goes over a limit ([`MAX_BYTES`], [`MAX_DEPTH`], [`MAX_NODES`]), repeats a key
/// or uses a feature that is refused. Repeated keys are all reported; the rest stops the reading.
pub fn parse(name: &str, source: &str) -> Result<Node, Diagnosis> {
    parse_within(name, source, Limits::WRITTEN)
}

/// The same with other limits, for files that programs write.
pub fn parse_within(name: &str, source: &str, limits: Limits) -> Result<Node, Diagnosis> {
    let mut problems = Problems::default();
    let node = if source.len() > limits.bytes {
        let (has, most) = (source.len(), limits.bytes);
        let title = format!("the file has {has} bytes, more than the {most} allowed");
        problems.add(0..0, title, "this file").help("split it, or remove what is not needed");
        None
    } else {
        Builder::new(source, limits).build(&mut problems)
    };
    match (problems.into_diagnosis(name, source), node) {
        (None, Some(node)) => Ok(node),
        (Some(diagnosis), _) => Err(diagnosis),
        (None, None) => Ok(Node { span: 0..0, value: Value::Mapping(Vec::new()) }),
    }
}

/// A collection that is still open.
enum Open {
    Sequence(usize, Vec<Node>),
    Mapping {
        start: usize,
        entries: Vec<Entry>,
        seen: HashMap<String, Range<usize>>,
        key: Option<(String, Range<usize>)>,
    },
}

struct Builder<'s> {
    source: &'s str,
    open: Vec<Open>,
    root: Option<Node>,
    nodes: usize,
    limits: Limits,
    /// The anchor of each collection that is open; 0 for none.
    anchors: Vec<usize>,
    /// The values that have an anchor.
    named: HashMap<usize, Node>,
}

impl<'s> Builder<'s> {
    fn new(source: &'s str, limits: Limits) -> Self {
        let (open, anchors, named) = (Vec::new(), Vec::new(), HashMap::new());
        Self { source, open, root: None, nodes: 0, limits, anchors, named }
    }

    fn build(mut self, problems: &mut Problems) -> Option<Node> {
        for event in Parser::new_from_str(self.source) {
            let taken = match event {
                Ok((event, span)) => self.take(event, &self.range(span), problems),
                Err(error) => {
                    self.syntax(&error, problems);
                    None
                }
            };
            taken?;
        }
        self.root
    }

    /// Takes one event; `None` ends the reading, with the reason among the problems.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the parser may learn more")]
    fn take(&mut self, event: Event<'_>, at: &Range<usize>, problems: &mut Problems) -> Option<()> {
        if let Some(what) = self.refused(&event) {
            let at = self.word_before(at.start).unwrap_or_else(|| at.clone());
            problems
                .add(at, format!("{what} are not supported"), "this is one")
                .help("write the value out");
            return None;
        }
        let anchor = event.anchor_id().unwrap_or_default();
        match event {
            Event::Alias(anchor) => self.repeat(anchor, at, problems),
            Event::DocumentStart(..) if self.root.is_some() => {
                problems
                    .add(at.clone(), "a second document in one file", "starts here")
                    .help("put it into a file of its own");
                None
            }
            Event::Scalar(text, style, ..) => {
                let quoted = !matches!(style, ScalarStyle::Plain);
                let value = Value::Scalar { text: text.into_owned(), quoted };
                self.put(Node { span: at.clone(), value }, anchor, problems)
            }
            Event::SequenceStart(..) => {
                self.anchors.push(anchor);
                self.push(Open::Sequence(at.start, Vec::new()), at, problems)
            }
            Event::MappingStart(..) => {
                self.anchors.push(anchor);
                let (entries, seen) = (Vec::new(), HashMap::new());
                self.push(Open::Mapping { start: at.start, entries, seen, key: None }, at, problems)
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(at.end, problems),
            _ => Some(()),
        }
    }

    fn push(&mut self, open: Open, at: &Range<usize>, problems: &mut Problems) -> Option<()> {
        if self.open.len() >= MAX_DEPTH {
            problems.add(at.clone(), format!("nested deeper than {MAX_DEPTH} levels"), "here");
            return None;
        }
        self.open.push(open);
        Some(())
    }

    fn close(&mut self, end: usize, problems: &mut Problems) -> Option<()> {
        let node = match self.open.pop()? {
            Open::Sequence(start, items) => {
                Node { span: start..end.max(start), value: Value::Sequence(items) }
            }
            Open::Mapping { start, entries, .. } => {
                Node { span: start..end.max(start), value: Value::Mapping(entries) }
            }
        };
        let anchor = self.anchors.pop().unwrap_or_default();
        self.put(node, anchor, problems)
    }

    /// Puts the value of `anchor` in its place once more.
    fn repeat(&mut self, anchor: usize, at: &Range<usize>, problems: &mut Problems) -> Option<()> {
        let Some(extent) = self.named.get(&anchor).map(Node::extent) else {
            problems.add(at.clone(), "a value cannot be a part of itself", "this alias");
            return None;
        };
        let (values, depth) = extent;
        if self.open.len() + depth > MAX_DEPTH {
            problems.add(at.clone(), format!("nested deeper than {MAX_DEPTH} levels"), "here");
            return None;
        }
        self.count(values, at, problems)?;
        let node = self.named.get(&anchor)?.clone();
        self.put(node, 0, problems)
    }

    fn count(&mut self, more: usize, at: &Range<usize>, problems: &mut Problems) -> Option<()> {
        self.nodes += more;
        let most = self.limits.nodes;
        if self.nodes > most {
            problems.add(at.clone(), format!("more than {most} values in one file"), "here");
            return None;
        }
        Some(())
    }

    /// Puts `node` in its place, and keeps it for aliases where it has an anchor.
    fn put(&mut self, node: Node, anchor: usize, problems: &mut Problems) -> Option<()> {
        self.count(1, &node.span, problems)?;
        if anchor != 0 {
            self.count(node.extent().0, &node.span, problems)?;
            self.named.insert(anchor, node.clone());
        }
        let bare = self.stands_alone(&node);
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Sequence(_, items)) => items.push(node),
            Some(Open::Mapping { entries, seen, key, .. }) => match key.take() {
                None => *key = Some(key_of(node, problems)?),
                Some((text, span)) => {
                    note_repetition(seen, &text, &span, problems);
                    entries.push(Entry { key: text, key_span: span, node, bare });
                }
            },
        }
        Some(())
    }

    fn syntax(&self, error: &ScanError, problems: &mut Problems) {
        let at = self.offset(error.marker().byte_offset(), error.marker().index());
        let before = self.source.get(..at).unwrap_or_default();
        let line = before.rfind('\n').and_then(|end| before.get(end..)).unwrap_or(before);
        let words = syntax::words(error.kind(), line);
        problems.add(at..at + 1, words.title, words.label).help(words.help);
    }

    /// Whether `node` is the nothing behind a key that has no colon. Of a value that is not there,
    /// the parser gives the place behind the key.
    fn stands_alone(&self, node: &Node) -> bool {
        let Some(Open::Mapping { key: Some((_, key)), .. }) = self.open.last() else {
            return false;
        };
        let behind = self.source.get(key.end..).unwrap_or_default().trim_start();
        node.is_nothing() && behind.starts_with([',', '}'])
    }

    /// The word before `at` in its line: the anchor or the tag of the value there.
    fn word_before(&self, at: usize) -> Option<Range<usize>> {
        let before = self.source.get(..at)?.trim_end_matches(' ');
        let start = before.rfind([' ', '\n']).map_or(0, |space| space + 1);
        let word = before.get(start..)?;
        word.starts_with(['&', '*', '!']).then_some(start..before.len())
    }

    fn range(&self, span: Span) -> Range<usize> {
        let start = self.offset(span.start.byte_offset(), span.start.index());
        let end = self.offset(span.end.byte_offset(), span.end.index());
        start..end.max(start)
    }

    /// The parser counts characters; bytes where it knows them.
    fn offset(&self, bytes: Option<usize>, chars: usize) -> usize {
        bytes.unwrap_or_else(|| {
            self.source.char_indices().nth(chars).map_or(self.source.len(), |(at, _)| at)
        })
    }

    /// The feature that this event uses, where it is one that is refused.
    fn refused(&self, event: &Event<'_>) -> Option<&'static str> {
        if !self.limits.aliases && (event.is_alias() || event.anchor_id().is_some()) {
            return Some("anchors and aliases");
        }
        event.tag().map(|_| "tags")
    }
}

fn key_of(node: Node, problems: &mut Problems) -> Option<(String, Range<usize>)> {
    match node.value {
        Value::Scalar { text, .. } => Some((text, node.span)),
        Value::Sequence(_) | Value::Mapping(_) => {
            problems.add(node.span, "a key must be a single value", "this is not");
            None
        }
    }
}

fn note_repetition(
    seen: &mut HashMap<String, Range<usize>>,
    key: &str,
    span: &Range<usize>,
    problems: &mut Problems,
) {
    if let Some(first) = seen.insert(key.to_owned(), span.clone()) {
        problems
            .add(span.clone(), format!("the key `{key}` is there twice"), "again here")
            .other(first, "first here");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistakes(source: &str) -> String {
        parse("x.yaml", source).unwrap_err().to_string()
    }

    #[test]
    fn scalars_keep_their_text() {
        let node = parse("x.yaml", "version: 7.10\nname: no\n").unwrap();
        let Value::Mapping(entries) = node.value else { panic!("a mapping") };
        assert_eq!(entries[0].node.value, Value::Scalar { text: "7.10".into(), quoted: false });
        assert_eq!(entries[1].node.to_json(), "no");
    }

    #[test]
    fn places_are_bytes_even_behind_wide_characters() {
        let source = "a: \"ä€\"\nb: here\n";
        let node = parse("x.yaml", source).unwrap();
        let Value::Mapping(entries) = node.value else { panic!("a mapping") };
        assert_eq!(&source[entries[1].node.span.clone()], "here");
    }

    #[test]
    fn all_repeated_keys_are_reported() {
        let text = mistakes("a: 1\na: 2\nb: {c: 1, c: 2}\n");
        assert!(
            text.contains("`a` is there twice") && text.contains("`c` is there twice"),
            "{text}"
        );
    }

    #[test]
    fn a_yaml_bomb_is_refused_at_its_first_anchor() {
        assert!(mistakes("a: &a [x, x]\nb: [*a, *a]\n").contains("anchors and aliases"));
    }

    #[test]
    fn aliases_are_taken_where_that_is_asked_for_and_never_explode() {
        let limits = Limits { aliases: true, ..Limits::WRITTEN };
        let read = |source: &str| parse_within("x.yaml", source, limits).map(|n| n.to_json());
        let twice = read("a: &a [1, {b: 2}]\nc: *a\n").unwrap();
        assert_eq!(twice["a"], twice["c"]);
        let nested = |most: usize, again: usize| -> String {
            let line = |at| {
                format!("a{at}: &a{at} [{}]\n", vec![format!("*a{}", at - 1); again].join(","))
            };
            std::iter::once("a0: &a0 [x]\n".to_owned()).chain((1..most).map(line)).collect()
        };
        let (bomb, deep) = (nested(40, 2), nested(100, 1));
        assert!(read(&bomb).unwrap_err().to_string().contains("values in one file"));
        assert!(read("a: &a [*a]\n").unwrap_err().to_string().contains("part of itself"));
        assert!(read(&deep).unwrap_err().to_string().contains("nested deeper"));
    }

    #[test]
    fn deep_nesting_is_refused() {
        assert!(mistakes(&"[".repeat(100_000)).contains("nested deeper"));
    }

    #[test]
    fn a_large_file_is_refused_by_its_size() {
        assert!(mistakes(&"# \n".repeat(4_000_000)).contains("more than the"));
    }

    #[test]
    fn a_second_document_and_tags_are_refused() {
        assert!(mistakes("a: 1\n---\nb: 2\n").contains("second document"));
        assert!(mistakes("a: !!int 1\n").contains("tags"));
    }

    #[test]
    fn broken_yaml_names_its_place() {
        let text = mistakes("a: [1, 2]]\nb: 3\n");
        assert!(text.contains("brackets do not match") && text.contains("x.yaml:"), "{text}");
    }
}
