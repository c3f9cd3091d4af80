//! Which operations a list is to have: what its URL says.

use crate::admit;
use candor_facts::{Held, HeldKind};
use candor_ledger::{Cursor, Filter, State};
use http::request::Parts;
use jiff::Timestamp;
use std::collections::HashMap;
use uuid::Uuid;

/// What the URL of a list may name.
pub(super) const PARAMETERS: [&str; 10] = [
    "tenant",
    "status",
    "resourceId",
    "operationType",
    "createdBy",
    "createdFrom",
    "createdBefore",
    "deadLetter",
    "after",
    "limit",
];
/// How many are listed where nothing is said, and at most.
const USUALLY: usize = 50;
const MOST: usize = 200;

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) filter: Filter,
    pub(super) after: Option<Cursor>,
    pub(super) limit: usize,
}

impl Listing {
    /// What the URL asks for; `query` is what it names besides the tenant.
    ///
    /// # Errors
    /// A value that is none.
    pub(super) fn read(mut query: HashMap<String, String>) -> Result<Self, Held> {
        let states = query.remove("status").map(|text| states(&text)).transpose()?;
        let mut time = |name: &str| {
            let text = query.remove(name);
            let time = text.as_ref().map(|text| text.parse::<Timestamp>()).transpose();
            time.map_err(|_| wrong(name, "a time such as 2026-11-21T09:00:00Z"))
        };
        let (from, before) = (time("createdFrom")?, time("createdBefore")?);
        let after = query.remove("after").map(|text| text.parse::<Uuid>()).transpose();
        let after = after.map_err(|_| wrong("after", "the `next` of the list before"))?;
        let limit = query.remove("limit").map(|text| text.parse::<usize>().ok());
        let limit = limit.map(|limit| limit.filter(|limit| (1..=MOST).contains(limit)));
        let limit = match limit {
            None => USUALLY,
            Some(limit) => limit.ok_or_else(|| wrong("limit", "a number from 1 to 200"))?,
        };
        let dead_letters = match query.remove("deadLetter").as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(wrong("deadLetter", "`true` or `false`")),
        };
        let filter = Filter {
            states: states.unwrap_or_default(),
            resource_id: query.remove("resourceId"),
            operation_type: query.remove("operationType"),
            created_by: query.remove("createdBy"),
            from: from.map(Into::into),
            before: before.map(Into::into),
            dead_letters,
        };
        Ok(Self { filter, after: after.map(Cursor), limit })
    }

    /// Where the list goes on after `next`.
    pub(super) fn link(head: &Parts, next: Cursor) -> String {
        let query = head.uri.query().unwrap_or_default();
        let kept =
            url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "after");
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(kept).append_pair("after", &next.0.to_string());
        format!("<{}?{}>; rel=\"next\"", head.uri.path(), query.finish())
    }
}

/// Statuses, one or several, in either form.
fn states(text: &str) -> Result<Vec<State>, Held> {
    let names = "of pending, inProgress, succeeded, failed and cancelled, one or several";
    text.split(',').map(|name| state(name).ok_or_else(|| wrong("status", names))).collect()
}

fn state(name: &str) -> Option<State> {
    let plain = |text: &str| text.replace('_', "").to_ascii_lowercase();
    State::ALL.into_iter().find(|state| plain(state.name()) == plain(name.trim()))
}

fn wrong(name: &str, expected: &str) -> Held {
    Held::new(HeldKind::Malformed, format!("`{name}` is {expected}"))
}

/// What a URL names besides the tenant, which it must name.
///
/// # Errors
/// The tenant is missing, or something is named that is not known here.
pub(super) fn query(
    head: &Parts,
    known: &[&'static str],
) -> Result<(String, HashMap<String, String>), Held> {
    let mut query = admit::query(head, known)?;
    let tenant = query.remove("tenant").ok_or_else(admit::no_tenant)?;
    Ok((tenant, query))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Listing, Held> {
        Listing::read(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn a_list_is_narrowed_by_its_url() {
        let all = read(&[]).unwrap();
        assert_eq!((all.limit, all.filter), (USUALLY, Filter::default()));
        let some = read(&[("status", "failed,INPROGRESS"), ("limit", "7"), ("deadLetter", "true")]);
        let some = some.unwrap();
        assert_eq!(some.filter.states, [State::Failed, State::InProgress]);
        assert!(some.filter.dead_letters && some.limit == 7);
    }

    #[test]
    fn what_is_no_value_is_told() {
        for (name, value) in [
            ("status", "done"),
            ("limit", "0"),
            ("limit", "201"),
            ("after", "x"),
            ("createdFrom", "yesterday"),
            ("deadLetter", "yes"),
        ] {
            assert_eq!(read(&[(name, value)]).unwrap_err().kind, HeldKind::Malformed, "{name}");
        }
    }
}
