//! `Idempotency-Key`: a string by which a repeated request is known (the IETF's draft "The
//! Idempotency-Key HTTP Header Field", section 2: a structured field, RFC 8941, section 3.3.3).

use aws_lc_rs::digest::{Context, SHA256};
use candor_facts::{Held, HeldKind};
use http::{HeaderMap, HeaderName};

/// The field.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The longest key, in bytes.
const LONGEST: usize = 255;

/// The key of a request, where it has one.
///
/// # Errors
/// The field is there twice, is no string, or is empty or too long: the request is held back, for
/// without its key it would not be protected.
pub(super) fn key(headers: &HeaderMap) -> Result<Option<String>, Held> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(malformed("`Idempotency-Key` is there twice"));
    }
    let key = value.to_str().ok().and_then(string);
    let key = key.ok_or_else(|| {
        malformed("`Idempotency-Key` is a string in double quotes, such as \"8e03978e-40d5\"")
    })?;
    if key.is_empty() || key.len() > LONGEST {
        return Err(malformed("`Idempotency-Key` has 1 to 255 characters"));
    }
    Ok(Some(key))
}

/// The key as it is kept: callers of one tenant do not meet by choosing the same.
pub(super) fn of_caller(caller: &str, key: &str) -> String {
    format!("{}:{caller}:{key}", caller.len())
}

/// A digest of all that must be the same for two requests to be one.
pub(super) fn fingerprint(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        // With its length, so that no two lists of parts look the same.
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut own = [0; 32];
    own.copy_from_slice(context.finish().as_ref());
    own
}

/// A string item (RFC 8941, section 4.2.5); its parameters are disregarded.
fn string(value: &str) -> Option<String> {
    let mut letters = value.trim().strip_prefix('"')?.chars();
    let mut text = String::new();
    loop {
        match letters.next()? {
            '"' => break,
            '\\' => text.push(letters.next().filter(|c| ['"', '\\'].contains(c))?),
            letter @ ' '..='~' => text.push(letter),
            _ => return None,
        }
    }
    let rest = letters.as_str().trim();
    (rest.is_empty() || rest.starts_with(';')).then_some(text)
}

fn malformed(detail: &str) -> Held {
    Held::new(HeldKind::Malformed, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_string_of_a_structured_field() {
        assert_eq!(string(r#""abc""#).as_deref(), Some("abc"));
        assert_eq!(string(r#" "a\"b\\" ;p=1"#).as_deref(), Some(r#"a"b\"#));
        for wrong in ["abc", r#""abc"#, r#""a\b""#, r#""a"b"#, "", "\"ä\"", "\"a\tb\""] {
            assert_eq!(string(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn callers_and_requests_do_not_meet_by_chance() {
        assert_ne!(of_caller("a", "1:b:c"), of_caller("a:1", "b:c"));
        assert_ne!(fingerprint(&[b"ab", b"c"]), fingerprint(&[b"a", b"bc"]));
        assert_eq!(fingerprint(&[b"ab", b"c"]), fingerprint(&[b"ab", b"c"]));
    }
}
