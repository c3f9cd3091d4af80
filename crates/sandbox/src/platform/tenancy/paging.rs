//! Pages of a list: so many items, and cursors to what comes before and after them.
//!
//! A cursor is the whole question again with the place where it goes on, so that a client needs to
//! send nothing else; for the client it is an opaque text.

use crate::platform::errors;
use crate::stage::{Call, Refusal};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How many items a page has where nobody says.
const USUAL: usize = 100;
/// How many items a page may have.
const MOST: usize = 2000;
/// How long a cursor may be, in bytes.
const LONGEST_CURSOR: usize = 2048;

/// What is asked for: filters, and a page.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Question {
    filters: BTreeMap<String, String>,
    limit: usize,
    from: From,
}

/// Where a page begins or ends.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum From {
    Start,
    After(String),
    Before(String),
}

impl Question {
    /// What a call asks for, by the filters that the list has. A cursor has them within.
    ///
    /// # Errors
    /// 400: the limit is not a number from 1 to 2000, or the cursor is none of ours.
    pub(super) fn read(call: &Call, known: &[&str]) -> Result<Self, Refusal> {
        let cursor = call.query("after").or_else(|| call.query("before"));
        if let Some(cursor) = cursor {
            return unpacked(&cursor).ok_or_else(|| bad("The cursor is not one of this list."));
        }
        let limit = match call.query("limit") {
            None => USUAL,
            Some(text) => text.parse().unwrap_or_default(),
        };
        if !(1..=MOST).contains(&limit) {
            return Err(bad("`limit` is not a number from 1 to 2000."));
        }
        let filter = |name: &&str| Some(((*name).to_owned(), call.query(name)?.into_owned()));
        Ok(Self { filters: known.iter().filter_map(filter).collect(), limit, from: From::Start })
    }

    /// A filter.
    pub(super) fn filter(&self, name: &str) -> Option<&str> {
        self.filters.get(name).map(String::as_str)
    }

    /// Whether a filter is true.
    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.filter(name), Some("true" | "True" | "1"))
    }

    /// The page of `all`, which are sorted by their keys, and its cursors.
    pub(super) fn page<T>(&self, all: Vec<(String, T)>) -> (Vec<T>, Value) {
        let keys: Vec<&String> = all.iter().map(|(key, _)| key).collect();
        let first = match &self.from {
            From::Start => 0,
            From::After(key) => keys.partition_point(|at| *at <= key),
            From::Before(key) => keys.partition_point(|at| *at < key).saturating_sub(self.limit),
        };
        let last = match &self.from {
            From::Before(key) => keys.partition_point(|at| *at < key),
            From::Start | From::After(_) => first.saturating_add(self.limit).min(keys.len()),
        };
        let before = keys.get(first).filter(|_| first > 0).map(|key| From::Before((*key).clone()));
        let end = last.checked_sub(1).and_then(|end| keys.get(end)).filter(|_| last < keys.len());
        let after = end.map(|key| From::After((*key).clone()));
        let cursors = self.cursors(before, after);
        let page = all.into_iter().skip(first).take(last.saturating_sub(first));
        (page.map(|(_, item)| item).collect(), cursors)
    }

    fn cursors(&self, before: Option<From>, after: Option<From>) -> Value {
        let mut cursors = json!({});
        for (name, from) in [("before", before), ("after", after)] {
            if let (Some(from), Value::Object(members)) = (from, &mut cursors) {
                members.insert(name.to_owned(), json!(packed(&Self { from, ..self.clone() })));
            }
        }
        json!({ "cursors": cursors })
    }
}

fn packed(question: &Question) -> String {
    URL_SAFE_NO_PAD.encode(json!(question).to_string())
}

fn unpacked(cursor: &str) -> Option<Question> {
    if cursor.len() > LONGEST_CURSOR {
        return None;
    }
    let question: Question = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    (1..=MOST).contains(&question.limit).then_some(question)
}

fn bad(info: &str) -> Refusal {
    errors::http(400).info(info)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(from: From) -> Question {
        Question { filters: BTreeMap::new(), limit: 2, from }
    }

    fn page(from: From) -> (Vec<u8>, Option<From>, Option<From>) {
        let all = [("a", 1), ("b", 2), ("c", 3), ("d", 4), ("e", 5)];
        let all = all.map(|(key, item)| (key.to_owned(), item)).into();
        let (items, paging) = question(from).page(all);
        let cursor = |name: &str| {
            let text = paging["cursors"].get(name)?.as_str()?;
            Some(unpacked(text).unwrap().from)
        };
        (items, cursor("before"), cursor("after"))
    }

    #[test]
    fn cursors_lead_to_the_end_and_back() {
        let (items, before, after) = page(From::Start);
        assert_eq!((items, before.is_none()), (vec![1, 2], true));
        let (items, _, after) = page(after.unwrap());
        assert_eq!(items, [3, 4]);
        let (items, before, after) = page(after.unwrap());
        assert_eq!((items, after.is_none()), (vec![5], true));
        let (items, before, _) = page(before.unwrap());
        assert_eq!(items, [3, 4]);
        assert_eq!(page(before.unwrap()).0, [1, 2]);
    }

    #[test]
    fn what_left_meanwhile_is_no_gap() {
        assert_eq!(page(From::After("bb".to_owned())).0, [3, 4]);
        assert_eq!(page(From::After("z".to_owned())).0, [0u8; 0]);
        assert_eq!(page(From::Before("a".to_owned())).0, [0u8; 0]);
    }

    #[test]
    fn other_cursors_are_refused() {
        for cursor in ["", "x", "e30", &URL_SAFE_NO_PAD.encode("{\"limit\":0}")] {
            assert!(unpacked(cursor).is_none(), "{cursor}");
        }
    }
}
