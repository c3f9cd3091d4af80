//! A body as it may be shown: bounded, and without secrets.
//!
//! Reads no JSON: what is shown may be cut off, broken, or a page of HTML. It looks for words that
//! name a secret (`password`, `access_token`, `X-Api-Key`…) in front of `:` or `=`, and for what
//! follows `Bearer` and `Basic`; what comes then is replaced. Too much is replaced rather than too
//! little: `tokenCount` is a secret here.

use candor_facts::Raw;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

/// What stands in a secret's place.
const MASK: &str = "[redacted]";

/// A name that contains one of these, in any case and without `-` and `_`, names a secret.
const SECRETS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "authorization",
    "cookie",
    "apikey",
    "privatekey",
    "credential",
    "assertion",
    "xkey",
];

/// The beginning of a body, at most `limit` bytes of it.
pub(crate) fn raw(headers: &HeaderMap, body: &[u8], limit: usize) -> Raw {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let shown = body.get(..limit).unwrap_or(body);
    Raw {
        content_type: content_type.map(ToOwned::to_owned),
        body: masked(&String::from_utf8_lossy(shown)),
        cut: shown.len() < body.len(),
    }
}

/// A text without its secrets.
pub(crate) fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // What is not in `out` yet, and how much of that has been looked at.
    let (mut rest, mut at) = (text, 0);
    while let Some((name, after)) = word(rest, at) {
        at = rest.len() - after.len();
        if let Some((before, value)) = secret(name, after) {
            let (shown, hidden) = rest.split_at_checked(at + before).unwrap_or((rest, ""));
            out.push_str(shown);
            out.push_str(MASK);
            (rest, at) = (hidden.get(value..).unwrap_or_default(), 0);
        }
    }
    out.push_str(rest);
    out
}

/// The next word from `at` on, and what follows it.
fn word(text: &str, at: usize) -> Option<(&str, &str)> {
    let is_word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-');
    let bytes = text.as_bytes().get(at..)?;
    let start = at + bytes.iter().position(is_word)?;
    let length = text.as_bytes().get(start..)?.iter().take_while(|b| is_word(b)).count();
    text.get(start..)?.split_at_checked(length)
}

/// Where in `rest` the secret begins that `name` announces, and how long it is. Most words are not
/// followed by a value, which is seen sooner than that they name no secret.
fn secret(name: &str, rest: &str) -> Option<(usize, usize)> {
    let rest = rest.as_bytes();
    if name.eq_ignore_ascii_case("bearer") || name.eq_ignore_ascii_case("basic") {
        return credentials(rest);
    }
    let at = assigned(rest)?;
    if names_a_secret(name) { value(rest, at) } else { None }
}

/// Whether a word contains the name of a secret.
fn names_a_secret(word: &str) -> bool {
    let word = word.as_bytes();
    (0..word.len()).any(|at| {
        let from_here = word.get(at..).unwrap_or_default();
        let first = from_here.first().map_or(0, u8::to_ascii_lowercase);
        // Few letters begin a name, and one look tells which.
        SECRETS.iter().any(|secret| {
            secret.as_bytes().first() == Some(&first) && begins_with(from_here, secret)
        })
    })
}

/// Whether a word begins like this, in any case and without `-` and `_`.
fn begins_with(word: &[u8], name: &str) -> bool {
    let mut letters = word.iter().filter(|b| !matches!(b, b'_' | b'-'));
    name.bytes().all(|expected| letters.next().is_some_and(|b| b.to_ascii_lowercase() == expected))
}

/// What follows the name of a scheme of authentication.
fn credentials(rest: &[u8]) -> Option<(usize, usize)> {
    let at = blank(rest, 0);
    let length = token(rest.get(at..)?);
    let shown = rest.get(at..at + length)?;
    (at > 0 && is_secret(shown)).then_some((at, length))
}

/// Where the value of a name begins: `"name": value`, `\"name\": value`, `name=value`.
fn assigned(rest: &[u8]) -> Option<usize> {
    let quotes = rest.iter().take_while(|b| matches!(b, b'"' | b'\'' | b'\\')).count();
    let at = blank(rest, quotes);
    matches!(rest.get(at), Some(b':' | b'=')).then(|| blank(rest, at + 1))
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
