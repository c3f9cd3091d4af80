//! What the documents print, transcribed by hand, so that a contract and a sandbox that are wrong
//! together are found out.
//!
//! A line of a list: the row, a tab, what is looked at, a tab, the literal. Looked at are `status`,
//! `reason`, `body`, `header <Name>`, or a JSON pointer into the body (`/error/code`). In a literal
//! `{...}` stands for any text of at least one character.

use candor_sandbox::stage::Reply;
use serde_json::Value;

/// Whether all literals of `row` hold for `reply`; there must be at least one.
pub(crate) fn hold(list: &str, row: &str, reply: &Reply) -> Result<(), String> {
    let mut looked = 0;
    for line in list.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let columns: Vec<&str> = line.splitn(3, '\t').collect();
        let [of, what, literal] = columns[..] else { return Err(format!("odd line: {line}")) };
        if of != row {
            continue;
        }
        looked += 1;
        let seen = look(what, reply).ok_or_else(|| format!("there is no {what}"))?;
        if !fits(literal, &seen) {
            return Err(format!("{what} is {seen:?}, and the document has {literal:?}"));
        }
    }
    if looked == 0 { Err("the list of literals does not name it".to_owned()) } else { Ok(()) }
}

fn look(what: &str, reply: &Reply) -> Option<String> {
    let body = || String::from_utf8(reply.body.to_vec()).ok();
    match what.split_once(' ') {
        Some(("header", name)) => Some(reply.headers.get(name)?.to_str().ok()?.to_owned()),
        _ if what == "status" => Some(reply.status.as_u16().to_string()),
        _ if what == "reason" => reply.reason.clone(),
        _ if what == "body" => body(),
        _ => {
            let value: Value = serde_json::from_str(&body()?).ok()?;
            let found = value.pointer(what)?;
            Some(found.as_str().map_or_else(|| found.to_string(), str::to_owned))
        }
    }
}

/// Whether `text` is the literal, with something in the place of each `{...}`.
fn fits(literal: &str, text: &str) -> bool {
    let Some((before, rest)) = literal.split_once('{') else { return literal == text };
    let Some((_, after)) = rest.split_once('}') else { return literal == text };
    let Some(text) = text.strip_prefix(before) else { return false };
    let mut ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    ends.any(|end| fits(after, &text[end..]))
}

#[test]
fn a_literal_leaves_open_only_what_it_says() {
    assert!(fits("a {} b {X}", "a 1 b 2"));
    assert!(!fits("a {} b", "a  c"));
    assert!(!fits("a {}", "a "));
    assert!(fits("plain", "plain"));
    assert!(!fits("plain", "plain "));
}
