//! Request paths as patterns: `/tenants/{id}`, `/**/exports/{}`.
//!
//! A slot stands for one segment, `**` for any number of them. This is not a router: it answers
//! whether one path has one form.

/// The most segments of a pattern.
const MAX_SEGMENTS: usize = 32;

/// A compiled path pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern {
    source: String,
    segments: Vec<Segment>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Literal(String),
    One,
    Any,
}

impl PathPattern {
    /// Compiles `source`; `None` where it does not start with `/`, has more than 32 segments or
    /// more than one `**`.
    pub fn compile(source: &str) -> Option<Self> {
        let segments: Vec<Segment> = source.strip_prefix('/')?.split('/').map(segment).collect();
        let any = segments.iter().filter(|s| **s == Segment::Any).count();
        let fits = segments.len() <= MAX_SEGMENTS && any <= 1;
        fits.then(|| Self { source: source.to_owned(), segments })
    }

    /// The pattern as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether `path` (without its query) has this form. A slash at its end makes no difference.
    pub fn matches(&self, path: &str) -> bool {
        let path = path.strip_prefix('/').unwrap_or(path);
        let path = path.strip_suffix('/').unwrap_or(path);
        let parts: Vec<&str> = path.split('/').collect();
        let Some(any) = self.segments.iter().position(|s| *s == Segment::Any) else {
            return same(&self.segments, &parts);
        };
        let (before, rest) = self.segments.split_at(any);
        let after = rest.get(1..).unwrap_or_default();
        let Some(tail) = parts.len().checked_sub(after.len()).filter(|n| *n >= before.len()) else {
            return false;
        };
        let (head, end) = parts.split_at(tail);
        head.get(..before.len()).is_some_and(|head| same(before, head)) && same(after, end)
    }

    /// A path that has this form, for writing examples.
    pub fn example(&self) -> String {
        let parts = self.segments.iter().map(|s| match s {
            Segment::Literal(text) => text.as_str(),
            Segment::One | Segment::Any => "1",
        });
        parts.fold(String::new(), |path, part| path + "/" + part)
    }
}

fn segment(text: &str) -> Segment {
    match text {
        "**" => Segment::Any,
        _ if text.starts_with('{') && text.ends_with('}') => Segment::One,
        _ => Segment::Literal(text.to_owned()),
    }
}

fn same(pattern: &[Segment], parts: &[&str]) -> bool {
    let fits = |(segment, part): (&Segment, &&str)| match segment {
        Segment::Literal(text) => text == part,
        Segment::One | Segment::Any => !part.is_empty(),
    };
    pattern.len() == parts.len() && pattern.iter().zip(parts).all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(pattern: &str, path: &str) -> bool {
        PathPattern::compile(pattern).unwrap().matches(path)
    }

    #[test]
    fn a_slot_is_one_segment_and_two_stars_are_any_number() {
        assert!(fits("/tenants/{id}", "/tenants/7"));
        assert!(fits("/tenants/{id}", "/tenants/7/"));
        assert!(!fits("/tenants/{id}", "/tenants/7/users"));
        assert!(fits("/**/exports/{}", "/v2/orgs/o/exports/9"));
        assert!(fits("/**/exports/{}", "/exports/9"));
        assert!(!fits("/**/exports/{}", "/v2/exports"));
        assert!(fits("/v2/**", "/v2/a/b"));
    }

    #[test]
    fn an_example_has_its_own_form() {
        for source in ["/api/2/idp/token", "/**/exports/{}", "/tenants/{id}"] {
            let pattern = PathPattern::compile(source).unwrap();
            assert!(pattern.matches(&pattern.example()), "{source}");
        }
    }

    #[test]
    fn a_pattern_starts_with_a_slash_and_has_one_double_star() {
        assert_eq!(PathPattern::compile("tenants"), None);
        assert_eq!(PathPattern::compile("/**/a/**"), None);
    }
}
