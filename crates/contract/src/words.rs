//! Words for people: the one place where a text is chosen.
//!
//! A contract has sets of texts, each by locale and by key. A row names a key, or none. The chosen
//! set is asked first, then the contract's default, then those of its base; within a set the
//! wanted locale, then the set's first.

use crate::classify::Reading;
use crate::document::{MessageSet, Text};
use crate::row::MessageKey;
use crate::table::Table;
use candor_facts::Verdict;
use std::borrow::Cow;

/// What the choice of words depends on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Words<'w> {
    /// The set; the contract's default where empty or unknown.
    pub set: &'w str,
    /// The wanted locales, the best first, as BCP 47 tags.
    pub locales: &'w [String],
    /// Values for the names in a text, such as `cyberapp_name`.
    pub names: &'w [(&'w str, &'w str)],
}

impl Reading<'_> {
    /// The text to show a person; `None` where the document says that nothing is shown.
    pub fn message(&self, words: &Words<'_>) -> Option<String> {
        let key = match &self.row.message {
            MessageKey::None => return None,
            MessageKey::Key(key) => key.as_str(),
            MessageKey::Class => self.row.class.name(),
        };
        let text = find(self.table, key, words)?;
        Some(text.text.fill(|name, _| value(name, words)))
    }

    /// The whole verdict, in words.
    pub fn verdict(&self, words: &Words<'_>) -> Verdict {
        Verdict {
            class: self.row.class,
            status: self.status,
            code: self.code.clone(),
            origin: self.row.origin,
            outcome: self.outcome,
            retry: self.retry,
            fields: self.fields.clone(),
            message: self.message(words),
            detail: self.detail.clone(),
            next: self.next(),
            error_id: None,
            upstream_error_id: self.upstream_error_id.clone(),
            contract: self.table.label(),
            row: self.row.id.clone(),
            cite: self.row.cite.clone(),
            inferred: self.row.is_inferred(),
            attempts: Vec::new(),
            raw: None,
        }
    }
}

fn value<'w>(name: &str, words: &Words<'w>) -> Cow<'w, str> {
    let known = words.names.iter().find(|(n, _)| *n == name);
    known.map_or_else(|| Cow::Owned(format!("<{name}>")), |(_, value)| Cow::Borrowed(*value))
}

fn find<'t>(table: &'t Table, key: &str, words: &Words<'_>) -> Option<&'t Text> {
    let sets = table.messages();
    let chosen = sets.iter().filter(|set| set.name == words.set);
    chosen.chain(sets).find_map(|set| in_set(set, key, words.locales))
}

fn in_set<'t>(set: &'t MessageSet, key: &str, locales: &[String]) -> Option<&'t Text> {
    let wanted = locales.iter().find_map(|tag| {
        let texts = set.locales.iter().find(|(locale, _)| covers(locale, tag))?;
        texts.1.iter().find(|text| text.key == key)
    });
    let first = || set.locales.first()?.1.iter().find(|text| text.key == key);
    wanted.or_else(first)
}

/// Look-up by RFC 4647, section 3.4: `de-CH` is served by `de`.
fn covers(locale: &str, tag: &str) -> bool {
    let same = |tag: &str| locale.eq_ignore_ascii_case(tag);
    let mut tag = tag;
    while !same(tag) {
        match tag.rsplit_once('-') {
            Some((shorter, _)) => tag = shorter,
            None => return false,
        }
    }
    true
}

/// The locales of an `Accept-Language` header, the best first (RFC 9110, section 12.5.4). At most
/// 16 are read; `*` and those with weight 0 are left out.
pub fn accept_language(header: &str) -> Vec<String> {
    let mut found: Vec<(u16, &str)> = header.split(',').take(16).filter_map(weighted).collect();
    found.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    found.into_iter().map(|(_, tag)| tag.to_owned()).collect()
}

fn weighted(part: &str) -> Option<(u16, &str)> {
    let (tag, weight) = part.split_once(';').unwrap_or((part, "q=1"));
    let tag = tag.trim();
    let letters = tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let weight: f32 = weight.trim().strip_prefix("q=")?.parse().ok()?;
    let in_range = (0.001..=1.0).contains(&weight);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 1000")]
    let weight = (weight * 1000.0) as u16;
    (letters && in_range && !tag.is_empty()).then_some((weight, tag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_come_in_the_order_of_their_weight() {
        assert_eq!(accept_language("de-CH, en;q=0.5, it;q=0.9"), ["de-CH", "it", "en"]);
        assert_eq!(accept_language("*, en;q=0, x y, de;q=nan"), Vec::<String>::new());
    }

    #[test]
    fn a_region_is_served_by_its_language() {
        assert!(covers("de", "de-CH-1996"));
        assert!(covers("de-CH", "de-ch"));
        assert!(!covers("de-CH", "de"));
    }
}
