//! The form in which a caller reads a failure: by its own wish, by its route's setting, or by the
//! gateway's.
//!
//! What a form looks like is the contract's business; here one is chosen.

use candor_contract::Table;
use http::HeaderMap;
use http::header::ACCEPT;
use std::collections::HashMap;
use std::sync::Arc;

/// The form of a failure.
#[derive(Debug, Clone, Default)]
pub enum AnswerAs {
    /// `application/problem+json` (RFC 9457).
    #[default]
    Problem,
    /// The form of a contract.
    Contract(Arc<Table>),
    /// As the upstream wrote it, where it did; its meaning stands in the `candor-` fields alone. What
    /// no upstream wrote is a problem.
    AsItCame,
}

/// The forms that a caller may ask for by name, besides `problem` and `upstream`.
pub type Dialects = HashMap<String, Arc<Table>>;

/// The parameter of a media range that names a form: `Accept: application/json;dialect=open2b`.
const PARAMETER: &str = "dialect";

impl AnswerAs {
    /// The form that a caller asks for. A name that is not known is no wish (RFC 9110, section
    /// 12.5.1: a server may disregard the field).
    pub(crate) fn wished(headers: &HeaderMap, known: &Dialects) -> Option<Self> {
        let accept = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut best: Option<(f32, Self)> = None;
        for range in accept.flat_map(|value| value.split(',')) {
            let Some((weight, form)) = wish(range, known) else { continue };
            if weight > best.as_ref().map_or(0.0, |(most, _)| *most) {
                best = Some((weight, form));
            }
        }
        best.map(|(_, form)| form)
    }

    /// The form of this name.
    pub fn named(name: &str, known: &Dialects) -> Option<Self> {
        match name {
            "problem" => Some(Self::Problem),
            "upstream" => Some(Self::AsItCame),
            name => known.get(name).cloned().map(Self::Contract),
        }
    }
}

/// The form that one media range names, with its weight.
fn wish(range: &str, known: &Dialects) -> Option<(f32, AnswerAs)> {
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next()?;
    let mut named = None;
    let mut weight = 1.0;
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        let value = value.trim().trim_matches('"');
        if name.trim().eq_ignore_ascii_case(PARAMETER) {
            named = Some(value);
        } else if name.trim().eq_ignore_ascii_case("q") {
            weight = value.parse().unwrap_or(0.0);
        }
    }
    let form = match named {
        Some(name) => AnswerAs::named(name, known),
        None => media.eq_ignore_ascii_case("application/problem+json").then_some(AnswerAs::Problem),
    };
    form.map(|form| (weight, form))
}

#[cfg(test)]
mod tests {
    use super::*;
    use candor_contract::Library;
    use http::HeaderValue;

    fn wished(accept: &'static str) -> Option<String> {
        let library = Library::shipped().unwrap();
        let known = library.tables().iter().map(|t| (t.name().to_owned(), Arc::clone(t))).collect();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        AnswerAs::wished(&headers, &known).map(|form| match form {
            AnswerAs::Problem => "problem".to_owned(),
            AnswerAs::Contract(table) => table.name().to_owned(),
            AnswerAs::AsItCame => "upstream".to_owned(),
        })
    }

    #[test]
    fn a_caller_names_the_form_it_reads() {
        let cases = [
            ("*/*", None),
            ("application/json", None),
            ("application/json, application/problem+json", Some("problem")),
            ("application/json;dialect=open2b", Some("open2b")),
            ("application/json; q=0.5; dialect=\"solace-cloud\"", Some("solace-cloud")),
            ("*/*;dialect=upstream", Some("upstream")),
            ("application/json;dialect=nobodys", None),
            ("application/problem+json;q=0", None),
            ("application/problem+json;q=0.1, */*;dialect=upstream;q=0.2", Some("upstream")),
            ("application/problem+json;q=much", None),
        ];
        for (accept, form) in cases {
            assert_eq!(wished(accept).as_deref(), form, "{accept}");
        }
    }
}
