//! Giving the tree a meaning: typed access that notes every mistake and goes on.

use super::{Entry, Node, Problems, Value};
use std::cell::RefCell;
use std::ops::Range;
use std::time::Duration;

/// A mapping that is being read. It remembers which keys were asked for, so that the rest can be
/// reported as unknown, with the nearest known one as a hint.
#[derive(Debug)]
pub struct Map<'n> {
    what: &'static str,
    span: Range<usize>,
    entries: &'n [Entry],
    asked: RefCell<Vec<&'static str>>,
    missing: RefCell<Vec<&'static str>>,
}

impl<'n> Map<'n> {
    /// Reads `node` as a mapping; `what` names it in messages, such as "a row".
    pub fn open(node: &'n Node, what: &'static str, problems: &mut Problems) -> Option<Self> {
        let entries = match &node.value {
            Value::Mapping(entries) => entries.as_slice(),
            Value::Scalar { .. } if node.is_nothing() => &[],
            Value::Scalar { .. } | Value::Sequence(_) => {
                problems.add(
                    node.span.clone(),
                    format!("{what} must be a mapping"),
                    format!("this is {}", node.describe()),
                );
                return None;
            }
        };
        let (asked, missing) = (RefCell::default(), RefCell::default());
        Some(Self { what, span: node.span.clone(), entries, asked, missing })
    }

    /// The value of `key`, if it is there. A key with nothing behind it counts as absent.
    pub fn get(&self, key: &'static str) -> Option<&'n Node> {
        let mut asked = self.asked.borrow_mut();
        if !asked.contains(&key) {
            asked.push(key);
        }
        self.entry(key).map(|e| &e.node).filter(|node| !node.is_nothing())
    }

    /// The value of `key`, which must be there. That it is missing is noted when the mapping is
    /// closed, since it may be there under a name that is spelled wrongly.
    pub fn required(&self, key: &'static str) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            self.missing.borrow_mut().push(key);
        }
        found
    }

    /// Whether `key` is written, whatever stands behind it.
    pub fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Whether every key that is written was asked for. Where one was not, what is missing may be
    /// that one, spelled wrongly.
    pub fn all_known(&self) -> bool {
        let asked = self.asked.borrow();
        self.entries.iter().all(|e| asked.contains(&e.key.as_str()))
    }

    /// The place of `key`'s value, or of the mapping's beginning where there is none.
    pub fn place(&self, key: &str) -> Range<usize> {
        self.entry(key).map_or_else(|| self.start(), |e| e.node.span.clone())
    }

    /// The places of all values, by key.
    pub fn places(&self) -> Vec<(String, Range<usize>)> {
        self.entries.iter().map(|e| (e.key.clone(), e.node.span.clone())).collect()
    }

    fn entry(&self, key: &str) -> Option<&'n Entry> {
        self.entries.iter().find(|e| e.key == key)
    }

    /// All members, for a mapping whose keys are free names.
    pub fn entries(&self) -> &'n [Entry] {
        self.entries
    }

    /// The place of the mapping's beginning.
    pub fn start(&self) -> Range<usize> {
        let start = self.entries.first().map_or(self.span.start, |e| e.key_span.start);
        let end = self.entries.first().map_or(self.span.start, |e| e.key_span.end);
        start..end
    }

    /// Notes every key that nobody asked for, and every one that is missing.
    pub fn close(self, problems: &mut Problems) {
        let asked = self.asked.into_inner();
        let mut missing = self.missing.into_inner();
        for entry in self.entries.iter().filter(|e| !asked.contains(&e.key.as_str())) {
            let meant = nearest(&entry.key, asked.iter().copied());
            missing.retain(|key| Some(*key) != meant);
            let title = format!("`{}` is not a key of {}", entry.key, self.what);
            let help = match (meant, entry.bare) {
                (None, true) => {
                    "if the comma before it belongs to a text, put all of the text in quotes".into()
                }
                _ => hint(&entry.key, &asked),
            };
            problems.add(entry.key_span.clone(), title, "unknown key").help(help);
        }
        note_missing(self.what, self.span, self.entries, &missing, problems);
    }
}

/// One mistake for all keys that are not written, and one for each that has nothing behind it.
fn note_missing(
    what: &str,
    span: Range<usize>,
    entries: &[Entry],
    missing: &[&'static str],
    problems: &mut Problems,
) {
    let written = |key: &str| entries.iter().find(|e| e.key == key);
    for entry in missing.iter().filter_map(|key| written(key)) {
        let title = format!("{what} needs a `{}`", entry.key);
        problems.add(entry.key_span.clone(), title, "there is nothing behind it");
    }
    let absent: Vec<_> = missing.iter().filter(|key| written(key).is_none()).collect();
    if absent.is_empty() {
        return;
    }
    let names: Vec<_> = absent.iter().map(|key| format!("`{key}`")).collect();
    let lines: Vec<_> = absent.iter().map(|key| format!("`{key}: …`")).collect();
    let at = entries.first().map_or(span, |e| e.key_span.clone());
    let label = if absent.len() == 1 { "it is missing here" } else { "they are missing here" };
    problems
        .add(at, format!("{what} needs {}", and(&names)), label)
        .help(format!("add {}", and(&lines)));
}

/// `a`, `a and b`, `a, b and c`.
fn and(words: &[String]) -> String {
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// "Did you mean", or the list of what is possible.
pub(crate) fn hint(written: &str, possible: &[&str]) -> String {
    match nearest(written, possible.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it is one of: {}", wrapped(possible)),
    }
}

/// The names in lines of bearable length.
fn wrapped(names: &[&str]) -> String {
    let mut text = String::new();
    let mut line = "it is one of: ".len();
    for (at, name) in names.iter().enumerate() {
        if at > 0 {
            text.push_str(if line > 80 { ",\n" } else { ", " });
            line = if line > 80 { 0 } else { line + 2 };
        }
        text.push_str(name);
        line += name.len();
    }
    text
}

/// The possible name that `written` was probably meant to be: a third of the longer one is
/// different at most, or it is the same but for capitals, or it is the first word of it.
pub fn nearest<'a>(written: &str, possible: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let lower = written.to_ascii_lowercase();
    let distance = |name: &str| match name.to_ascii_lowercase() {
        name if name == lower => 0,
        name if name.strip_prefix(&lower).is_some_and(|rest| rest.starts_with(['_', '-'])) => 1,
        name => strsim::damerau_levenshtein(&lower, &name),
    };
    let near = possible.min_by_key(|name| distance(name))?;
    let most = written.len().max(near.len()).max(3) / 3;
    (distance(near) <= most && !lower.is_empty()).then_some(near)
}

/// The scalar's text, whatever it looks like.
pub fn scalar<'n>(node: &'n Node, problems: &mut Problems) -> Option<&'n str> {
    match &node.value {
        Value::Scalar { text, .. } => Some(text),
        Value::Sequence(_) | Value::Mapping(_) => {
            let label = format!("this is {}", node.describe());
            let problem = problems.add(node.span.clone(), "a single value is needed", label);
            if node.looks_like_a_slot() {
                problem.help("put a text that starts with `{` in quotes: \"{name} …\"");
            }
            None
        }
    }
}

/// The scalar as text; must not be empty.
pub fn text(node: &Node, problems: &mut Problems) -> Option<String> {
    let text = scalar(node, problems)?;
    if text.is_empty() {
        problems.add(node.span.clone(), "a text is needed", "this is empty");
        return None;
    }
    Some(text.to_owned())
}

/// The scalar as `true` or `false`.
pub fn boolean(node: &Node, problems: &mut Problems) -> Option<bool> {
    match scalar(node, problems)? {
        "true" => Some(true),
        "false" => Some(false),
        other => {
            let label = format!("`{other}` is neither");
            problems.add(node.span.clone(), "`true` or `false` is needed", label);
            None
        }
    }
}

/// The scalar as a whole number within `range`.
pub fn integer(
    node: &Node,
    range: std::ops::RangeInclusive<u64>,
    problems: &mut Problems,
) -> Option<u64> {
    let text = scalar(node, problems)?;
    let number = text.parse::<u64>().ok().filter(|n| range.contains(n));
    if number.is_none() {
        let title = format!("a whole number from {} to {} is needed", range.start(), range.end());
        problems.add(node.span.clone(), title, format!("`{text}` is not one"));
    }
    number
}

/// The scalar as a length of time: a number with `ms`, `s`, `m`, `h` or `d`, such as `1.5s`.
pub fn duration(node: &Node, problems: &mut Problems) -> Option<Duration> {
    let text = scalar(node, problems)?;
    let found = parse_duration(text);
    if found.is_none() {
        problems
            .add(node.span.clone(), "a length of time is needed", format!("`{text}` is not one"))
            .help("write a number with its unit: 500ms, 2s, 1.5m, 24h, 30d");
    }
    found
}

/// Reads `500ms`, `2s`, `1.5m`, `24h` or `30d`; at most ten years.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at_checked(unit_at)?;
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let number: f64 = number.trim().parse().ok().filter(|n: &f64| n.is_finite() && *n >= 0.0)?;
    Duration::try_from_secs_f64(number * seconds).ok().filter(|d| d.as_secs() <= 3650 * 86_400)
}

/// The scalar as a member of a closed set, by its name.
pub fn name_of<T>(
    node: &Node,
    what: &str,
    names: &[&'static str],
    from_name: impl Fn(&str) -> Option<T>,
    problems: &mut Problems,
) -> Option<T> {
    let text = scalar(node, problems)?;
    let found = from_name(text);
    if found.is_none() {
        problems
            .add(node.span.clone(), format!("`{text}` is not {what}"), "unknown name")
            .help(hint(text, names));
    }
    found
}

/// The scalar as a member of a table of names.
pub fn one_of<T: Copy>(
    node: &Node,
    what: &str,
    table: &[(&'static str, T)],
    problems: &mut Problems,
) -> Option<T> {
    let names: Vec<_> = table.iter().map(|(name, _)| *name).collect();
    let from_name =
        |text: &str| table.iter().find(|(name, _)| *name == text).map(|(_, member)| *member);
    name_of(node, what, &names, from_name, problems)
}

/// What `one` makes of each item of a list, of which there must be one; a single value counts as a
/// list of one.
pub fn each<T>(
    node: &Node,
    problems: &mut Problems,
    one: impl Fn(&Node, &mut Problems) -> Option<T>,
) -> Vec<T> {
    let items = list(node);
    if items.is_empty() {
        problems
            .add(node.span.clone(), "an empty list says nothing", "here")
            .help("leave the key out where there is no condition");
    }
    items.iter().filter_map(|item| one(item, problems)).collect()
}

/// A list's items; a single value counts as a list of one.
pub fn list(node: &Node) -> &[Node] {
    match &node.value {
        Value::Sequence(items) => items,
        Value::Scalar { .. } | Value::Mapping(_) => std::slice::from_ref(node),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_take_a_number_and_a_unit() {
        for (text, millis) in [("500ms", 500), ("2s", 2000), ("1.5m", 90_000), ("24h", 86_400_000)]
        {
            assert_eq!(parse_duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "s", "-1s", "1 week", "1e999s", "9999999d", "NaNs"] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }

    #[test]
    fn a_near_miss_is_named() {
        assert_eq!(hint("calss", &["class", "code"]), "did you mean `class`?");
        assert_eq!(hint("zzz", &["class", "code"]), "it is one of: class, code");
    }
}
