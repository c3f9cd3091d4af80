//! Path templates, and the way from a path to one of them.
//!
//! Templates become a tree of segments when a description is read. A path is found segment by
//! segment from the left: a literal before one with a slot in it, and that before a mere slot, so
//! that `/pets/mine` goes before `/pets/{id}` (OpenAPI 3.0.3, Paths Object). Where a literal leads
//! nowhere further on, the slot beside it is tried.

use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::hash::{Hash, Hasher};

/// The most segments of a template. A path with more has no operation.
pub(super) const MAX_SEGMENTS: usize = 32;

/// A path template. Two are equal where they match the same paths.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pub(super) source: String,
    segments: Vec<Segment>,
    /// The names of its slots, in their order.
    pub(super) names: Vec<String>,
}

/// One segment of a template, without the names of its slots.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Segment {
    Literal(String),
    /// Text before, between and behind slots, such as `{name}.{format}`: one more than slots.
    Mixed(Vec<String>),
    Slot,
}

impl Template {
    /// Reads `source`; fails with what is wrong.
    pub(super) fn read(source: &str) -> Result<Self, String> {
        let rest = source.strip_prefix('/').ok_or("a path must start with `/`")?;
        let mut names = Vec::new();
        let segments: Vec<Segment> =
            rest.split('/').map(|text| segment(text, &mut names)).collect::<Result<_, _>>()?;
        if segments.len() > MAX_SEGMENTS {
            return Err(format!("a path has at most {MAX_SEGMENTS} segments"));
        }
        let mut sorted: Vec<&String> = names.iter().collect();
        sorted.sort();
        if let Some([twice, _]) = sorted.array_windows().find(|[one, next]| one == next) {
            return Err(format!("the slot `{{{twice}}}` is there twice"));
        }
        Ok(Self { source: source.to_owned(), segments, names })
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.segments == other.segments
    }
}

impl Eq for Template {}

impl Hash for Template {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.segments.hash(state);
    }
}

fn segment(text: &str, names: &mut Vec<String>) -> Result<Segment, String> {
    let mut texts = Vec::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, after) = behind.split_once('}').ok_or("a slot is opened and not closed")?;
        if name.is_empty() || name.contains('{') || before.contains('}') {
            return Err("a slot is written `{name}`".to_owned());
        }
        if before.is_empty() && !texts.is_empty() {
            return Err("two slots need a text between them".to_owned());
        }
        names.push(name.to_owned());
        texts.push(before.to_owned());
        rest = after;
    }
    if rest.contains('}') {
        return Err("a slot is written `{name}`".to_owned());
    }
    texts.push(rest.to_owned());
    Ok(match texts.as_slice() {
        [only] => Segment::Literal(only.clone()),
        [before, behind] if before.is_empty() && behind.is_empty() => Segment::Slot,
        _ => Segment::Mixed(texts),
    })
}

/// All templates, as a tree. Leaves are numbers that the caller gave.
#[derive(Debug, Default)]
pub(super) struct Routes {
    branches: Vec<Branch>,
}

/// What may follow one segment; numbers are those of branches.
#[derive(Debug, Default)]
struct Branch {
    /// Sorted by text.
    literals: Vec<(String, usize)>,
    /// Those with more text first.
    mixed: Vec<(Vec<String>, usize)>,
    slot: Option<usize>,
    leaf: Option<usize>,
}

impl Routes {
    /// Adds `template`; `leaf` is what it is found as.
    pub(super) fn add(&mut self, template: &Template, leaf: usize) {
        if self.branches.is_empty() {
            self.branches.push(Branch::default());
        }
        let mut at = 0;
        for segment in &template.segments {
            at = self.step(at, segment);
        }
        if let Some(branch) = self.branches.get_mut(at) {
            branch.leaf = Some(leaf);
        }
    }

    /// The branch behind `segment`, made where there is none yet.
    fn step(&mut self, at: usize, segment: &Segment) -> usize {
        let new = self.branches.len();
        let Some(branch) = self.branches.get_mut(at) else { return at };
        let next = match segment {
            Segment::Literal(text) => {
                match branch.literals.binary_search_by(|(known, _)| known.cmp(text)) {
                    Ok(found) => branch.literals.get(found).map_or(new, |(_, next)| *next),
                    Err(place) => {
                        branch.literals.insert(place, (text.clone(), new));
                        new
                    }
                }
            }
            Segment::Mixed(texts) => {
                if let Some((_, next)) = branch.mixed.iter().find(|(known, _)| known == texts) {
                    *next
                } else {
                    branch.mixed.push((texts.clone(), new));
                    branch.mixed.sort_by_key(|(texts, _)| {
                        std::cmp::Reverse(texts.iter().map(String::len).sum::<usize>())
                    });
                    new
                }
            }
            Segment::Slot => *branch.slot.get_or_insert(new),
        };
        if next == new {
            self.branches.push(Branch::default());
        }
        next
    }

    /// The leaf of `path`, and what stands in the slots, as it is written. `None` for a path that
    /// no template matches.
    pub(super) fn find<'p>(&self, path: &'p str) -> Option<(usize, Vec<&'p str>)> {
        let rest = path.strip_prefix('/')?;
        if memchr::memchr_iter(b'/', rest.as_bytes()).nth(MAX_SEGMENTS - 1).is_some() {
            return None;
        }
        let mut values = Vec::new();
        let leaf = self.search(0, Some(rest), &mut values)?;
        Some((leaf, values))
    }

    /// Goes on at the branch `at` with what is left of the path; as deep as the path has segments.
    /// Looks at no branch twice, since each stands for one way from the beginning.
    fn search<'p>(
        &self,
        at: usize,
        rest: Option<&'p str>,
        values: &mut Vec<&'p str>,
    ) -> Option<usize> {
        let branch = self.branches.get(at)?;
        let Some(rest) = rest else { return branch.leaf };
        let (text, rest) = rest.split_once('/').map_or((rest, None), |(a, b)| (a, Some(b)));
        let plain = decoded(text);
        if let Ok(found) = branch.literals.binary_search_by(|(known, _)| known.as_str().cmp(&plain))
            && let Some((_, next)) = branch.literals.get(found)
            && let Some(leaf) = self.search(*next, rest, values)
        {
            return Some(leaf);
        }
        let before = values.len();
        for (texts, next) in &branch.mixed {
            if split(text, texts, values).is_some()
                && let Some(leaf) = self.search(*next, rest, values)
            {
                return Some(leaf);
            }
            values.truncate(before);
        }
        let next = branch.slot.filter(|_| !text.is_empty())?;
        values.push(text);
        let leaf = self.search(next, rest, values);
        if leaf.is_none() {
            values.truncate(before);
        }
        leaf
    }
}

/// The segment without percent-encoding, as literals are compared (RFC 3986, section 6.2.2.2).
fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8().unwrap_or(Cow::Borrowed(text))
}

/// Takes the values between `texts` out of `text`; each is as short as can be, but not empty.
fn split<'p>(text: &'p str, texts: &[String], values: &mut Vec<&'p str>) -> Option<()> {
    let (first, others) = texts.split_first()?;
    let (last, between) = others.split_last()?;
    let mut rest = text.strip_prefix(first.as_str())?.strip_suffix(last.as_str())?;
    for separator in between {
        let (value, behind) = rest.split_once(separator.as_str())?;
        if value.is_empty() {
            return None;
        }
        values.push(value);
        rest = behind;
    }
    values.push(rest);
    (!rest.is_empty()).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATES: [&str; 10] = [
        "/",
        "/pets",
        "/pets/mine",
        "/pets/{id}",
        "/pets/{id}/toys/{toy}",
        "/pets/mine/name",
        "/files/{name}.{format}",
        "/files/{name}",
        "/v1/{name}:cancel",
        "/a b/{x}",
    ];

    fn routes() -> Routes {
        let mut routes = Routes::default();
        for (at, source) in TEMPLATES.iter().enumerate() {
            routes.add(&Template::read(source).unwrap(), at);
        }
        routes
    }

    fn found(path: &str) -> Option<(&'static str, Vec<&str>)> {
        routes().find(path).map(|(leaf, values)| (TEMPLATES[leaf], values))
    }

    #[test]
    fn literals_go_before_slots_and_slots_are_tried_where_literals_end() {
        assert_eq!(found("/"), Some(("/", vec![])));
        assert_eq!(found("/pets"), Some(("/pets", vec![])));
        assert_eq!(found("/pets/mine"), Some(("/pets/mine", vec![])));
        assert_eq!(found("/pets/7"), Some(("/pets/{id}", vec!["7"])));
        let toys = Some(("/pets/{id}/toys/{toy}", vec!["mine", "b%2Fc"]));
        assert_eq!(found("/pets/mine/toys/b%2Fc"), toys);
        assert_eq!(found("/pets/mine/name"), Some(("/pets/mine/name", vec![])));
    }

    #[test]
    fn a_segment_can_hold_texts_and_slots() {
        assert_eq!(found("/files/a.tar.gz"), Some(("/files/{name}.{format}", vec!["a", "tar.gz"])));
        assert_eq!(found("/files/readme"), Some(("/files/{name}", vec!["readme"])));
        assert_eq!(found("/files/.gz"), Some(("/files/{name}", vec![".gz"])));
        assert_eq!(found("/v1/job:cancel"), Some(("/v1/{name}:cancel", vec!["job"])));
        assert_eq!(found("/v1/job"), None);
    }

    #[test]
    fn encoding_makes_no_difference_for_literals() {
        assert_eq!(found("/p%65ts"), Some(("/pets", vec![])));
        assert_eq!(found("/a%20b/1"), Some(("/a b/{x}", vec!["1"])));
    }

    #[test]
    fn a_slash_at_the_end_and_an_empty_segment_are_not_ignored() {
        for path in ["", "pets", "/pets/", "/pets//toys/1", "/pets/7/", "//", "/Pets"] {
            assert_eq!(found(path), None, "{path}");
        }
        assert_eq!(found(&"/pets".repeat(1000)), None);
    }

    #[test]
    fn templates_say_what_is_wrong() {
        for (source, why) in [
            ("pets", "start with"),
            ("/{a", "not closed"),
            ("/a}", "written"),
            ("/{}", "written"),
            ("/{a}{b}", "between"),
            ("/{a}/{a}", "twice"),
        ] {
            assert!(Template::read(source).unwrap_err().contains(why), "{source}");
        }
        assert!(Template::read(&"/a".repeat(33)).is_err());
    }
}
