//! Media types as descriptions write them: `application/json`, `text/*`, `*/*`, and though no
//! specification has it, `application/*+json`.

/// A media type or a range of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MediaRange {
    /// As it was written.
    pub(super) source: String,
    /// In lower case; `*` for any.
    kind: String,
    subtype: String,
    /// Parameters beside `charset`, sorted; names in lower case.
    parameters: Vec<(String, String)>,
}

impl MediaRange {
    /// Reads `source`; `None` where it is no media type.
    pub(super) fn read(source: &str) -> Option<Self> {
        let (essence, parameters) = parts(source);
        let (kind, subtype) = essence.split_once('/')?;
        let is_token = |text: &str| {
            !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || "/,;".contains(c))
        };
        let fits = is_token(kind) && is_token(subtype) && (kind != "*" || subtype == "*");
        fits.then(|| Self {
            source: source.to_owned(),
            kind: kind.to_ascii_lowercase(),
            subtype: subtype.to_ascii_lowercase(),
            parameters: parameters.collect(),
        })
    }

    /// How closely `media`, a `content-type`, fits: the more, the closer; `None` where it does not.
    /// A `charset` makes no difference; other parameters must be there where they are declared.
    fn fits(&self, media: &str) -> Option<usize> {
        let (essence, parameters) = parts(media);
        let (kind, subtype) = essence.split_once('/')?;
        let same_kind = self.kind.eq_ignore_ascii_case(kind);
        let rank = match (self.kind.as_str(), self.subtype.strip_prefix('*')) {
            ("*", _) => 0,
            (_, Some("")) if same_kind => 1,
            (_, Some(suffix)) if same_kind && has_suffix(subtype, suffix) => 2,
            (_, None) if same_kind && self.subtype.eq_ignore_ascii_case(subtype) => 3,
            _ => return None,
        };
        if self.parameters.is_empty() {
            return Some(rank);
        }
        let given: Vec<_> = parameters.collect();
        let all = self.parameters.iter().all(|own| given.contains(own));
        all.then_some(rank + self.parameters.len())
    }
}

/// Whether `subtype` ends with `suffix`, such as `+json`, and has something before it.
fn has_suffix(subtype: &str, suffix: &str) -> bool {
    let start = subtype.len().saturating_sub(suffix.len());
    start > 0 && subtype.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
}

/// What stands beside the range that fits `media` the closest.
pub(super) fn closest<'r, T>(ranges: &'r [(MediaRange, T)], media: &str) -> Option<&'r T> {
    let fitting = ranges.iter().filter_map(|(range, what)| Some((range.fits(media)?, what)));
    fitting.max_by_key(|(rank, _)| *rank).map(|(_, what)| what)
}

/// Whether bodies of `media` are JSON: `application/json`, or any with the suffix `+json` (RFC
/// 6839, section 3.1).
pub(super) fn is_json(media: &str) -> bool {
    let (essence, _) = parts(media);
    let Some((kind, subtype)) = essence.split_once('/') else { return false };
    let suffix = subtype.rsplit_once('+').map(|(_, suffix)| suffix);
    suffix.is_some_and(|suffix| suffix.eq_ignore_ascii_case("json"))
        || (subtype.eq_ignore_ascii_case("json")
            && (kind.eq_ignore_ascii_case("application") || kind.eq_ignore_ascii_case("text")))
}

/// The essence, and the parameters beside `charset`.
fn parts(media: &str) -> (&str, impl Iterator<Item = (String, String)>) {
    let (essence, rest) = media.split_once(';').unwrap_or((media, ""));
    let parameters = rest.split(';').filter_map(|one| {
        let (name, value) = one.split_once('=')?;
        let name = name.trim().to_ascii_lowercase();
        (name != "charset").then(|| (name, value.trim().trim_matches('"').to_owned()))
    });
    (essence.trim(), parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closest_range_is_taken() {
        let sources = [
            "*/*",
            "text/*",
            "application/json",
            "application/json; version=2",
            "Text/CSV",
            "application/*+json",
        ];
        let ranges: Vec<_> = sources.iter().map(|s| (MediaRange::read(s).unwrap(), *s)).collect();
        let of = |media| *closest(&ranges, media).unwrap();
        assert_eq!(of("application/json"), "application/json");
        assert_eq!(of("Application/JSON; charset=utf-8"), "application/json");
        assert_eq!(of("application/json;Version=\"2\""), "application/json; version=2");
        assert_eq!(of("application/json; version=3"), "application/json");
        assert_eq!(of("text/csv"), "Text/CSV");
        assert_eq!(of("text/plain"), "text/*");
        assert_eq!(of("image/png"), "*/*");
        assert_eq!(of("application/Problem+JSON"), "application/*+json");
        assert_eq!(of("application/+json"), "*/*");
        assert_eq!(closest(&ranges[1..3], "image/png"), None);
        assert_eq!(closest(&ranges, "nonsense"), None);
    }

    #[test]
    fn json_is_known_by_name_or_suffix() {
        for media in ["application/json", "text/json", "application/problem+json; charset=utf-8"] {
            assert!(is_json(media), "{media}");
        }
        for media in ["application/xml", "application/jsonl", "application/json-seq", "json"] {
            assert!(!is_json(media), "{media}");
        }
    }

    #[test]
    fn what_is_no_media_type_is_refused() {
        for source in ["json", "*/json", "a/", "a b/c", ""] {
            assert_eq!(MediaRange::read(source), None, "{source}");
        }
    }
}
