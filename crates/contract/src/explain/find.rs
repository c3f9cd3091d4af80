//! Finding rows by what a person has: a status, a code, a text.

use crate::row::{MessageKey, Row, Scalar};
use crate::table::Table;
use crate::template::Template;

/// A row that was found.
#[derive(Debug, Clone, Copy)]
pub struct Match<'t> {
    /// The row.
    pub row: &'t Row,
    /// The status that was asked for.
    pub status: Option<u16>,
    /// The code that was asked for.
    pub code: Option<&'t str>,
}

/// The contract's own rows that apply to an answer with `status`. The one that applies when nothing
/// else is known comes first; the others follow in the order in which they are tried.
pub fn by_status(table: &Table, status: u16) -> Vec<Match<'_>> {
    let has = |(low, high): &(u16, u16)| (*low..=*high).contains(&status);
    let fits = |row: &&Row| row.when.iter().any(|when| when.status.iter().any(has));
    let mut rows: Vec<&Row> = table.own_rows().iter().filter(fits).collect();
    if rows.is_empty() {
        rows = table.rows().iter().filter(fits).take(1).collect();
    }
    let weight = |row: &Row| row.when.first().map_or(0, crate::row::When::weight);
    rows.sort_by_key(|row| weight(row));
    // Of rows that ask for nothing but the status, the first takes all.
    let mut bare = 0;
    rows.retain(|row| {
        bare += usize::from(weight(row) == 0);
        weight(row) > 0 || bare == 1
    });
    rows.into_iter().map(|row| Match { row, status: Some(status), code: None }).collect()
}

/// The contract's own rows with the code `code`.
pub fn by_code<'t>(table: &'t Table, code: &'t str) -> Vec<Match<'t>> {
    let codes = |row: &Row| row.when.iter().flat_map(|w| &w.code).any(|c| c.matches(code));
    let rows = table.own_rows().iter().filter(|row| codes(row));
    rows.map(|row| Match { row, status: None, code: Some(code) }).collect()
}

/// The contract's own rows with the wording `text`: its message, its reason phrase, its title, its
/// code, or the text of its own that it shows a person. The one whose wording has more literal text comes first.
pub fn by_text<'t>(table: &'t Table, text: &str) -> Vec<Match<'t>> {
    let text = text.trim();
    let weight = |row: &Row| {
        let wording = row.wording().filter(|w| w.literal_len() > 3 && w.matches(text));
        let phrase = row.when.iter().flat_map(|w| &w.text).any(|t| t.eq_ignore_ascii_case(text));
        let coded = row.code() == Some(text) || row.id == text;
        let titled = coded || row.title.eq_ignore_ascii_case(text);
        wording
            .or_else(|| shown(table, row).find(|shown| shown.matches(text)))
            .map(Template::literal_len)
            .or((phrase || titled).then_some(text.len()))
    };
    let mut found: Vec<_> =
        table.own_rows().iter().filter_map(|row| Some((weight(row)?, row))).collect();
    found.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    found.into_iter().map(|(_, row)| Match { row, status: None, code: None }).collect()
}

/// The texts that a row shows a person, of all sets and locales; those of its class say no more
/// than the class.
fn shown<'t>(table: &'t Table, row: &'t Row) -> impl Iterator<Item = &'t Template> {
    let key = match &row.message {
        MessageKey::Key(key) => Some(key),
        MessageKey::Class | MessageKey::None => None,
    };
    let texts = table.messages().iter().flat_map(|set| &set.locales).flat_map(|(_, texts)| texts);
    texts.filter(move |text| Some(&text.key) == key).map(|text| &text.text)
}

/// Up to five documented codes next to `code`: by number where both are numbers, else by letters.
pub fn nearest_codes(table: &Table, code: &str) -> Vec<String> {
    let mut codes: Vec<&str> = Vec::new();
    for scalar in table.own_rows().iter().flat_map(|row| &row.when).flat_map(|w| &w.code) {
        if let Scalar::Is(text) = scalar
            && !codes.contains(&text.as_str())
        {
            codes.push(text);
        }
    }
    codes.sort_by_key(|known| distance(known, code));
    codes.into_iter().take(5).map(str::to_owned).collect()
}

fn distance(known: &str, code: &str) -> u64 {
    match (known.parse::<u64>(), code.parse::<u64>()) {
        (Ok(known), Ok(code)) => known.abs_diff(code),
        _ => 1_000_000 + strsim::damerau_levenshtein(known, code) as u64,
    }
}
