//! A body as it may be shown: bounded, and without secrets.
//!
//! Reads no JSON: what is shown may be cut off, broken, or a page of HTML. It looks for words that
//! name a secret (`password`, `access_token`, `X-Api-Key`…) in front of `:` or `=`, and for what
//! follows `Bearer` and `Basic`; what comes then is replaced. Too much is replaced rather than too
//! little: `tokenCount` is a secret here.

use candor_facts::Raw;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use memchr::memchr2_iter;

/// What stands in a secret's place.
const MASK: &str = "[redacted]";

/// A name that contains one of these, in any case and without `-` and `_`, names a secret. By their
/// first letter.
const SECRETS: [(u8, &[&str]); 6] = [
    (b'p', &["password", "passwd", "passphrase", "privatekey"]),
    (b's', &["secret"]),
    (b't', &["token"]),
    (b'a', &["authorization", "apikey", "assertion"]),
    (b'c', &["cookie", "credential"]),
    (b'x', &["xkey"]),
];

/// The letters of the shortest of them.
const SHORTEST: usize = 4;

/// The beginning of a body, at most `limit` bytes of it.
pub(crate) fn raw(headers: &HeaderMap, body: &[u8], limit: usize) -> Raw {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let shown = body.get(..limit).unwrap_or(body);
    Raw {
        content_type: content_type.map(ToOwned::to_owned),
        // Mostly it is text, which is seen sooner than what is not.
        body: match std::str::from_utf8(shown) {
            Ok(text) => masked(text),
            Err(_) => masked(&String::from_utf8_lossy(shown)),
        },
        cut: shown.len() < body.len(),
    }
}

/// A text without its secrets.
pub(crate) fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + MASK.len());
    let mut rest = text;
    while let Some((at, length)) = first_secret(rest.as_bytes()) {
        let (shown, hidden) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.push_str(shown);
        out.push_str(MASK);
        rest = hidden.get(length..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Where the first secret begins, and how long it is. Looked at is what stands before `:` and `=`, and
/// what begins with a `b`; everything else is passed over many bytes at a time.
fn first_secret(text: &[u8]) -> Option<(usize, usize)> {
    let assigned =
        memchr2_iter(b':', b'=', text).find_map(|at| value_of(text, at).map(|v| (at, v)));
    // A scheme counts where it comes before the name.
    let before = assigned.map_or(text.len(), |(at, _)| at);
    let begun = text.get(..before).unwrap_or(text);
    let shown = memchr2_iter(b'b', b'B', begun).find_map(|at| credentials(text, at));
    shown.or(assigned.map(|(_, value)| value))
}

/// The secret that the `:` or `=` at `at` gives to the name before it.
fn value_of(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let before = text.get(..at)?;
    // `"name": value`, `\"name\": value`, `name = value`.
    let before = strip_end(before, u8::is_ascii_whitespace);
    let before = strip_end(before, |b| matches!(b, b'"' | b'\'' | b'\\'));
    let name = before.get(strip_end(before, |b| is_word(*b)).len()..)?;
    if names_a_secret(name) { value(text, blank(text, at + 1)) } else { None }
}

/// `bytes` without those at its end that are `of` a kind.
fn strip_end(bytes: &[u8], of: impl Fn(&u8) -> bool) -> &[u8] {
    let kept = bytes.iter().rposition(|b| !of(b)).map_or(0, |last| last + 1);
    bytes.get(..kept).unwrap_or_default()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Whether a word contains the name of a secret.
fn names_a_secret(word: &[u8]) -> bool {
    (0..word.len().saturating_sub(SHORTEST - 1)).any(|at| {
        let from_here = word.get(at..).unwrap_or_default();
        let first = from_here.first().map_or(0, u8::to_ascii_lowercase);
        let names = SECRETS.iter().find(|(letter, _)| *letter == first);
        names.is_some_and(|(_, names)| names.iter().any(|name| begins_with(from_here, name)))
    })
}

/// Whether a word begins like this, in any case and without `-` and `_`.
fn begins_with(word: &[u8], name: &str) -> bool {
    let mut letters = word.iter().filter(|b| !matches!(b, b'_' | b'-'));
    name.bytes().all(|expected| letters.next().is_some_and(|b| b.to_ascii_lowercase() == expected))
}

/// What follows the word at `at`, where that is the name of a scheme of authentication.
fn credentials(text: &[u8], at: usize) -> Option<(usize, usize)> {
    if at.checked_sub(1).and_then(|before| text.get(before)).is_some_and(|b| is_word(*b)) {
        return None;
    }
    let end = at + text.get(at..)?.iter().take_while(|b| is_word(**b)).count();
    let word = text.get(at..end)?;
    if !word.eq_ignore_ascii_case(b"bearer") && !word.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let start = blank(text, end);
    let length = token(text.get(start..)?);
    let shown = text.get(start..start + length)?;
    (start > end && is_secret(shown)).then_some((start, length))
}

/// The value that begins at `at`, without its quotes: where it begins, and how long it is.
fn value(rest: &[u8], at: usize) -> Option<(usize, usize)> {
    let value = rest.get(at..)?;
    let (quoted, length) = match value {
        [b'"', inside @ ..] => (1, string(inside)),
        // JSON inside a string of JSON.
        [b'\\', b'"', inside @ ..] => (2, bare(inside)),
        [b'{' | b'[', ..] => (0, balanced(value)),
        _ => (0, bare(value)),
    };
    (length > 0).then_some((at + quoted, length))
}

/// Where blanks end that begin at `at`.
fn blank(bytes: &[u8], at: usize) -> usize {
    at + bytes.iter().skip(at).take_while(|b| b.is_ascii_whitespace()).count()
}

/// Whether what follows a scheme's name is a secret, and not the next word of a sentence.
fn is_secret(word: &[u8]) -> bool {
    word.len() >= 16 || word.iter().any(|b| !b.is_ascii_lowercase())
}

/// The length of what a scheme is followed by (RFC 9110, section 11.2: `token68`).
fn token(bytes: &[u8]) -> usize {
    let of_it = |b: &u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(b);
    bytes.iter().take_while(|b| of_it(b)).count()
}

/// The length of a string up to its closing quote.
fn string(bytes: &[u8]) -> usize {
    let mut escaped = false;
    let open = |byte: &&u8| {
        let closes = **byte == b'"' && !escaped;
        escaped = **byte == b'\\' && !escaped;
        !closes
    };
    bytes.iter().take_while(open).count()
}

/// The length of a value without quotes: up to what cannot belong to one. A header field's value goes
/// on after a blank (`Authorization: Bearer …`).
fn bare(bytes: &[u8]) -> usize {
    let ends = |b: &u8| b",;&<}]\"\\\r\n".contains(b);
    bytes.iter().take_while(|b| !ends(b)).count()
}

/// The length of an object or an array; all of it where it does not end.
fn balanced(bytes: &[u8]) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'"' => at += string(bytes.get(at..).unwrap_or_default()) + 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return at,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_are_named() {
        let cases = [
            (r#"{"password":"hunter2","name":"x"}"#, r#"{"password":"[redacted]","name":"x"}"#),
            (r#"{"a":{"X-Api-Key" : "k\"1" }}"#, r#"{"a":{"X-Api-Key" : "[redacted]" }}"#),
            (r#"{"access_token":12345}"#, r#"{"access_token":[redacted]}"#),
            (r#"{"secrets":{"a":"}","b":[1]},"c":2}"#, r#"{"secrets":[redacted],"c":2}"#),
            (r#"{"clientSecret":"cut o"#, r#"{"clientSecret":"[redacted]"#),
            ("grant=x&client_secret=abc&y=1", "grant=x&client_secret=[redacted]&y=1"),
            ("Authorization: Basic dXNlcjpw\r\nHost: x", "Authorization: [redacted]\r\nHost: x"),
            ("the header was Bearer abc.def-1, bad", "the header was Bearer [redacted], bad"),
            ("<p>Cookie: sid=1</p>", "<p>Cookie: [redacted]</p>"),
            (r#""{\"password\":\"p\"}""#, r#""{\"password\":\"[redacted]\"}""#),
        ];
        for (text, shown) in cases {
            assert_eq!(masked(text), shown, "{text}");
        }
    }

    #[test]
    fn what_is_no_secret_stays() {
        for text in [
            "",
            "password",
            "no token was shown",
            r#"{"code":1022,"message":"Hard quota"}"#,
            "Bearer",
            "the basic edition",
            "ключ: значение",
            r#"{"password":""}"#,
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn each_name_is_found_within_a_longer_one() {
        for name in SECRETS.iter().flat_map(|(_, names)| *names) {
            assert!(name.len() >= SHORTEST);
            let text = format!("my-{}s=hush", name.to_ascii_uppercase());
            assert_eq!(masked(&text), text.replace("hush", MASK));
        }
    }

    #[test]
    fn any_text_is_shown_without_a_panic() {
        let pieces = ["password", "\"", ":", "=", "{", "}", "[", "\\", "é", " ", "Bearer ", "a"];
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let count = random.usize(..12);
            let text: String = (0..count).map(|_| pieces[random.usize(..pieces.len())]).collect();
            masked(&text);
        }
    }
}
