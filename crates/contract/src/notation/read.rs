//! Giving the tree a meaning: typed access that notes every mistake and goes on.

use super::yaml::is_null;
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
}

impl<'n> Map<'n> {
    /// Reads `node` as a mapping; `what` names it in messages, such as "a row".
    pub fn open(node: &'n Node, what: &'static str, problems: &mut Problems) -> Option<Self> {
        let entries = match &node.value {
            Value::Mapping(entries) => entries.as_slice(),
            Value::Scalar { text, quoted: false } if is_null(text) => &[],
            Value::Scalar { .. } | Value::Sequence(_) => {
                problems.add(
                    node.span.clone(),
                    format!("{what} must be a mapping"),
                    format!("this is {}", node.describe()),
                );
                return None;
            }
        };
        Some(Self { what, span: node.span.clone(), entries, asked: RefCell::default() })
    }

    /// The value of `key`, if it is there. A key with nothing behind it counts as absent.
    pub fn get(&self, key: &'static str) -> Option<&'n Node> {
        self.asked.borrow_mut().push(key);
        let entry = self.entries.iter().find(|e| e.key == key)?;
        match &entry.node.value {
            Value::Scalar { text, quoted: false } if is_null(text) => None,
            _ => Some(&entry.node),
        }
    }

    /// The value of `key`, which must be there.
    pub fn required(&self, key: &'static str, problems: &mut Problems) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            problems
                .add(
                    self.start(),
                    format!("{} needs `{key}`", self.what),
                    format!("`{key}` is missing"),
                )
                .help(format!("add `{key}: …`"));
        }
        found
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

    /// Reports every key that nobody asked for.
    pub fn close(self, problems: &mut Problems) {
        let asked = self.asked.into_inner();
        for entry in self.entries.iter().filter(|e| !asked.contains(&e.key.as_str())) {
            let title = format!("`{}` is not a key of {}", entry.key, self.what);
            let problem = problems.add(entry.key_span.clone(), title, "unknown key");
            problem.help(hint(&entry.key, &asked));
        }
    }
}

/// "Did you mean", or the list of what is possible.
fn hint(written: &str, possible: &[&str]) -> String {
    match nearest(written, possible) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it is one of: {}", possible.join(", ")),
    }
}

fn nearest<'a>(written: &str, possible: &[&'a str]) -> Option<&'a str> {
    let distance = |name: &str| strsim::damerau_levenshtein(written, name);
    let near = possible.iter().copied().min_by_key(|name| distance(name))?;
    (distance(near) <= 1 + near.len() / 4).then_some(near)
}

/// The scalar's text, whatever it looks like.
pub fn scalar<'n>(node: &'n Node, problems: &mut Problems) -> Option<&'n str> {
    match &node.value {
        Value::Scalar { text, .. } => Some(text),
        Value::Sequence(_) | Value::Mapping(_) => {
            problems.add(
                node.span.clone(),
                "a single value is needed",
                format!("this is {}", node.describe()),
            );
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
