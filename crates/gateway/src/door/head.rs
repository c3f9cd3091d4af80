//! The head of an HTTP/1 request, as bytes: whether it is well-formed (RFC 9112, sections 2 to 6),
//! and how its body is framed.
//!
//! Stricter than hyper wherever both have a say, so that what is let in here is read by hyper in one
//! way only. Gathers nothing: names and values are looked at where they lie, each byte once.

use super::Refusal;
use candor_facts::HeldKind;
use memchr::memchr;

/// The most bytes of a head: 32 KiB.
const MOST_BYTES: usize = 32 * 1024;
/// The most bytes of its first line: 16 KiB. Section 3 of RFC 9112 asks for 8,000 at least.
const MOST_LINE: usize = 16 * 1024;
/// The most fields: 100, as hyper has it.
const MOST_FIELDS: usize = 100;

/// How the body after a head is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes; often none.
    Length(u64),
    Chunked,
}

/// What is known of the bytes so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scan {
    /// The head takes so many bytes.
    Complete(usize, Framing),
    /// More bytes are needed.
    Partial,
    Refused(Refusal),
}

/// Goes through a head line by line, and remembers how far it came: a head that comes in pieces is
/// not looked at from its beginning with each of them.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// Where the first line begins that was not looked at yet.
    next: usize,
    begun: bool,
    fields: usize,
    old_version: bool,
    length: Option<u64>,
    chunked: bool,
}

type Judged = Result<(), Refusal>;

impl Head {
    /// Goes on in `bytes`: the head from its beginning, as far as it has come.
    pub(super) fn scan(&mut self, bytes: &[u8]) -> Scan {
        loop {
            let rest = bytes.get(self.next..).unwrap_or_default();
            let Some(end) = memchr(b'\n', rest) else { return self.partial(bytes, rest) };
            let line = rest.get(..end).unwrap_or_default();
            self.next += end + 1;
            if self.next > MOST_BYTES {
                return Scan::Refused(TOO_LARGE);
            }
            match self.line(line) {
                Ok(false) => {}
                Ok(true) => return Scan::Complete(self.next, self.framing()),
                Err(refusal) => return Scan::Refused(refusal),
            }
        }
    }

    /// A line that has no end yet. What can be refused already is refused: who does not speak HTTP at
    /// all would wait for an end that never comes.
    fn partial(&self, bytes: &[u8], line: &[u8]) -> Scan {
        let first = line.first().copied().unwrap_or(b'\r');
        match () {
            () if !self.begun && !is_token(first) && first != b'\r' => Scan::Refused(NOT_HTTP),
            () if !self.begun && line.len() > MOST_LINE => Scan::Refused(LONG_TARGET),
            () if bytes.len() > MOST_BYTES => Scan::Refused(TOO_LARGE),
            () => Scan::Partial,
        }
    }

    /// Looks at a line without its line feed. Gives whether it ends the head.
    fn line(&mut self, line: &[u8]) -> Result<bool, Refusal> {
        let Some((b'\r', line)) = line.split_last() else { return Err(BARE_LF) };
        if !self.begun {
            // Empty lines before a request are passed over (RFC 9112, section 2.2).
            if !line.is_empty() {
                self.begun = true;
                self.request_line(line)?;
            }
            return Ok(false);
        }
        if line.is_empty() {
            return Ok(true);
        }
        self.field(line)?;
        Ok(false)
    }

    fn framing(&self) -> Framing {
        if self.chunked { Framing::Chunked } else { Framing::Length(self.length.unwrap_or(0)) }
    }

    fn request_line(&mut self, line: &[u8]) -> Judged {
        if line.len() > MOST_LINE {
            return Err(LONG_TARGET);
        }
        let (method, rest) = split(line, b' ').ok_or(BAD_LINE)?;
        let (target, version) = split(rest, b' ').ok_or(BAD_LINE)?;
        if method.is_empty() || !method.iter().all(|byte| is_token(*byte)) {
            return Err(if method.first().is_some_and(|b| is_token(*b)) {
                BAD_LINE
            } else {
                NOT_HTTP
            });
        }
        self.old_version = old_version(version)?;
        if method == b"CONNECT" {
            return Err(TUNNEL);
        }
        check_target(target)
    }

    fn field(&mut self, line: &[u8]) -> Judged {
        self.fields += 1;
        if self.fields > MOST_FIELDS {
            return Err(MANY_FIELDS);
        }
        if let Some(b' ' | b'\t') = line.first() {
            return Err(FOLDED);
        }
        let colon = line.iter().position(|byte| !is_token(*byte)).ok_or(NO_COLON)?;
        let (name, value) = line.split_at_checked(colon).ok_or(NO_COLON)?;
        let Some((b':', value)) = value.split_first() else { return Err(BAD_NAME) };
        if name.is_empty() {
            return Err(BAD_NAME);
        }
        // Not `any`: without a way out in the middle the loop takes many bytes at once.
        if value.iter().fold(false, |bad, byte| bad | is_control(*byte)) {
            return Err(BAD_VALUE);
        }
        match name.len() {
            14 | 17 => self.framing_field(name, value),
            _ => Ok(()),
        }
    }

    /// The two fields that frame a body, and those that only look like them: a server that takes `_`
    /// for `-`, as many a language's environment does, would read them as such.
    fn framing_field(&mut self, name: &[u8], value: &[u8]) -> Judged {
        let is = |other: &[u8]| name.eq_ignore_ascii_case(other);
        match () {
            () if is(b"content-length") => self.content_length(value.trim_ascii()),
            () if is(b"transfer-encoding") => self.transfer_encoding(value.trim_ascii()),
            () if is(b"content_length") || is(b"transfer_encoding") => Err(LOOKALIKE),
            () => Ok(()),
        }
    }

    fn content_length(&mut self, value: &[u8]) -> Judged {
        if self.chunked {
            return Err(TWO_FRAMINGS);
        }
        let length = number(value).ok_or(BAD_LENGTH)?;
        match self.length.replace(length) {
            None => Ok(()),
            Some(_) => Err(TWO_LENGTHS),
        }
    }

    fn transfer_encoding(&mut self, value: &[u8]) -> Judged {
        match () {
            () if self.old_version => Err(OLD_CODING),
            () if self.length.is_some() => Err(TWO_FRAMINGS),
            () if self.chunked => Err(BAD_CODING),
            () if value.eq_ignore_ascii_case(b"chunked") => {
                self.chunked = true;
                Ok(())
            }
            () if ends_chunked(value) => Err(OTHER_CODING),
            () => Err(BAD_CODING),
        }
    }
}

/// Whether it is HTTP/1.0.
fn old_version(version: &[u8]) -> Result<bool, Refusal> {
    match version {
        b"HTTP/1.1" => Ok(false),
        b"HTTP/1.0" => Ok(true),
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() =>
        {
            Err(VERSION)
        }
        _ => Err(BAD_LINE),
    }
}

/// The characters of a target (RFC 3986), and some that are common without being allowed. A `#` is
/// refused: what stands after it would be dropped in silence.
fn check_target(target: &[u8]) -> Judged {
    if target.is_empty() || !target.iter().all(|byte| is_of_target(*byte)) {
        return Err(BAD_TARGET);
    }
    let origin = target.starts_with(b"/") || target == b"*";
    // The rare form is worth parsing: hyper refuses it without a word.
    if origin
        || http::Uri::try_from(target)
            .is_ok_and(|uri| uri.host().is_some_and(|h| !h.is_empty()) && uri.scheme().is_some())
    {
        return Ok(());
    }
    Err(BAD_TARGET)
}

/// Whether the last coding is `chunked`, so that the body's end could be told.
fn ends_chunked(value: &[u8]) -> bool {
    let last = value.rsplit(|byte| *byte == b',').next().unwrap_or_default();
    last.trim_ascii().eq_ignore_ascii_case(b"chunked")
}

/// Digits and nothing else (RFC 9110, section 8.6).
fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

fn split(bytes: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let (before, rest) = bytes.split_at_checked(memchr(at, bytes)?)?;
    Some((before, rest.get(1..)?))
}

// === bytes ===

const TOKEN: u8 = 1;
const TARGET: u8 = 2;

/// What each byte may stand in.
const BYTES: [u8; 256] = table();

const fn table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0x21_u8;
    while byte < 0x7f {
        let word = byte.is_ascii_alphanumeric();
        let token = word || is_in(byte, b"!#$%&'*+-.^_`|~");
        let target = !is_in(byte, b"\"#<>\\`");
        // In range: a byte is below 256.
        #[expect(clippy::indexing_slicing, reason = "a byte is in the table; get_mut is not const")]
        {
            table[byte as usize] = if token { TOKEN } else { 0 } | if target { TARGET } else { 0 };
        }
        byte += 1;
    }
    table
}

const fn is_in(byte: u8, mut all: &[u8]) -> bool {
    while let Some((first, rest)) = all.split_first() {
        if *first == byte {
            return true;
        }
        all = rest;
    }
    false
}

fn is_a(byte: u8, class: u8) -> bool {
    BYTES.get(usize::from(byte)).is_some_and(|classes| classes & class != 0)
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    is_a(byte, TOKEN)
}

fn is_of_target(byte: u8) -> bool {
    is_a(byte, TARGET)
}

/// What a value may not hold (RFC 9110, section 5.5).
fn is_control(byte: u8) -> bool {
    (byte < b' ' && byte != b'\t') || byte == 0x7f
}

// === refusals ===

const fn malformed(detail: &'static str) -> Refusal {
    Refusal::new(HeldKind::Malformed, detail)
}

const NOT_HTTP: Refusal = malformed("this is not HTTP");
const BAD_LINE: Refusal =
    malformed("the first line is not `METHOD target HTTP/1.1` with single spaces");
const BAD_TARGET: Refusal = malformed(
    "the target is neither a path nor an `http` URL, or has characters that must be percent-encoded",
);
const BARE_LF: Refusal = malformed("a line of the head does not end with CR LF");
const FOLDED: Refusal = malformed("a line of the head begins with a blank");
const NO_COLON: Refusal = malformed("a line of the head has no colon");
const BAD_NAME: Refusal =
    malformed("a field's name has characters that no name has, or a blank before the colon");
const BAD_VALUE: Refusal = malformed("a field's value has control characters");
const BAD_LENGTH: Refusal = malformed("`Content-Length` is not a number of bytes");
const TWO_LENGTHS: Refusal = malformed("`Content-Length` is given twice");
const TWO_FRAMINGS: Refusal =
    malformed("`Content-Length` and `Transfer-Encoding` are both given: send one of them");
const BAD_CODING: Refusal =
    malformed("`Transfer-Encoding` is not `chunked`, so that the body has no end");
const OLD_CODING: Refusal = malformed("HTTP/1.0 has no `Transfer-Encoding`");
const LOOKALIKE: Refusal =
    malformed("a field is named like one that frames the body, with `_` for `-`");
const TOO_LARGE: Refusal = Refusal::new(HeldKind::HeadTooLarge, "the head is larger than 32 KiB");
const MANY_FIELDS: Refusal =
    Refusal::new(HeldKind::HeadTooLarge, "the head has more than 100 fields");
const LONG_TARGET: Refusal =
    Refusal::new(HeldKind::TargetTooLong, "the first line is longer than 16 KiB");
const OTHER_CODING: Refusal =
    Refusal::new(HeldKind::NotImplemented, "no transfer coding but `chunked` is spoken");
const TUNNEL: Refusal = Refusal::new(HeldKind::NotImplemented, "no tunnels are opened (`CONNECT`)");
const VERSION: Refusal =
    Refusal::new(HeldKind::VersionNotSupported, "HTTP/1.0, HTTP/1.1 and HTTP/2 are spoken");

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Scan {
        Head::default().scan(text.as_bytes())
    }

    fn with(fields: &str) -> Scan {
        scan(&format!("POST /a HTTP/1.1\r\nHost: a\r\n{fields}\r\n"))
    }

    fn refused(refusal: Refusal) -> Scan {
        Scan::Refused(refusal)
    }

    #[test]
    fn a_head_is_told_from_its_body() {
        let head = "POST /a?b=[c]|{d} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
        let expected = Scan::Complete(head.len(), Framing::Length(3));
        assert_eq!(scan(&format!("{head}abcGET / HTTP/1.1\r\n")), expected);
        assert_eq!(scan("GET / HTTP/1.0\r\n\r\n"), Scan::Complete(18, Framing::Length(0)));
        assert_eq!(scan("\r\nGET / HTTP/1.1\r\n\r\n"), Scan::Complete(20, Framing::Length(0)));
    }

    #[test]
    fn framing_is_unambiguous_or_refused() {
        let complete = |fields: &str, framing| {
            assert!(
                matches!(with(fields), Scan::Complete(_, found) if found == framing),
                "{fields}"
            );
        };
        complete("Transfer-Encoding: chunked\r\n", Framing::Chunked);
        complete("transfer-encoding:\tCHUNKED \r\n", Framing::Chunked);
        complete("Content-Length: 007\r\n", Framing::Length(7));
        let table = [
            ("Content-Length: 1\r\nContent-Length: 1\r\n", TWO_LENGTHS),
            ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", TWO_FRAMINGS),
            ("Transfer-Encoding: chunked\r\ncontent-length: 1\r\n", TWO_FRAMINGS),
            ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", BAD_CODING),
            ("Transfer-Encoding: gzip, chunked\r\n", OTHER_CODING),
            ("Transfer-Encoding: chunked, chunked\r\n", OTHER_CODING),
            ("Transfer-Encoding: chunked, gzip\r\n", BAD_CODING),
            ("Transfer-Encoding: \"chunked\"\r\n", BAD_CODING),
            ("Transfer-Encoding: xchunked\r\n", BAD_CODING),
            ("Transfer-Encoding:\r\n", BAD_CODING),
            ("Content-Length:\r\n", BAD_LENGTH),
            ("Content-Length: 5, 5\r\n", BAD_LENGTH),
            ("Content-Length: +5\r\n", BAD_LENGTH),
            ("Content-Length: 0x5\r\n", BAD_LENGTH),
            ("Content-Length: 99999999999999999999\r\n", BAD_LENGTH),
            ("Content_Length: 5\r\n", LOOKALIKE),
            ("Transfer_Encoding: chunked\r\n", LOOKALIKE),
        ];
        for (fields, refusal) in table {
            assert_eq!(with(fields), refused(refusal), "{fields}");
        }
    }

    #[test]
    fn lines_are_as_written_in_the_rfc_or_refused() {
        let table = [
            ("GET / HTTP/1.1\nHost: a\r\n\r\n", BARE_LF),
            ("GET / HTTP/1.1\r\nHost: a\n\r\n", BARE_LF),
            ("GET / HTTP/1.1\r\nHost: a\r\n\n", BARE_LF),
            ("\nGET / HTTP/1.1\r\n\r\n", BARE_LF),
            ("GET  / HTTP/1.1\r\n\r\n", BAD_LINE),
            ("GET / /b HTTP/1.1\r\n\r\n", BAD_LINE),
            ("GET /\r\n\r\n", BAD_LINE),
            ("GET / HTTP/1.1 \r\n\r\n", BAD_LINE),
            ("GET / http/1.1\r\n\r\n", BAD_LINE),
            ("G(T / HTTP/1.1\r\n\r\n", BAD_LINE),
            (" GET / HTTP/1.1\r\n\r\n", NOT_HTTP),
            ("\u{16}\u{3}\u{1}", NOT_HTTP),
            ("GET / HTTP/2.0\r\n\r\n", VERSION),
            ("GET / HTTP/1.2\r\n\r\n", VERSION),
            ("GET a HTTP/1.1\r\n\r\n", BAD_TARGET),
            ("GET http:// HTTP/1.1\r\n\r\n", BAD_TARGET),
            ("GET /a#b HTTP/1.1\r\n\r\n", BAD_TARGET),
            ("GET /ä HTTP/1.1\r\n\r\n", BAD_TARGET),
            ("GET /a\\b HTTP/1.1\r\n\r\n", BAD_TARGET),
            ("CONNECT a:443 HTTP/1.1\r\n\r\n", TUNNEL),
            ("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", OLD_CODING),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", BAD_NAME),
            ("GET / HTTP/1.1\r\n: a\r\n\r\n", BAD_NAME),
            ("GET / HTTP/1.1\r\nH\u{0}st: a\r\n\r\n", BAD_NAME),
            ("GET / HTTP/1.1\r\nHost\r\n\r\n", NO_COLON),
            ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", FOLDED),
            ("GET / HTTP/1.1\r\nA: b\r\n\tc\r\n\r\n", FOLDED),
            ("GET / HTTP/1.1\r\nA: b\u{0}\r\n\r\n", BAD_VALUE),
            ("GET / HTTP/1.1\r\nA: b\rc\r\n\r\n", BAD_VALUE),
            ("GET / HTTP/1.1\r\nA: b\r\r\n\r\n", BAD_VALUE),
            ("GET / HTTP/1.1\r\nA: \u{7f}\r\n\r\n", BAD_VALUE),
        ];
        for (text, refusal) in table {
            assert_eq!(scan(text), refused(refusal), "{text:?}");
        }
    }

    #[test]
    fn bounds_are_kept() {
        let fields = |count: usize| "A: b\r\n".repeat(count);
        assert!(matches!(with(&fields(MOST_FIELDS - 1)), Scan::Complete(..)));
        assert_eq!(with(&fields(MOST_FIELDS)), refused(MANY_FIELDS));
        assert_eq!(with(&format!("A: {}\r\n", "b".repeat(MOST_BYTES))), refused(TOO_LARGE));
        assert_eq!(
            scan(&format!("GET / HTTP/1.1\r\nA: {}", "b".repeat(MOST_BYTES))),
            refused(TOO_LARGE)
        );
        assert_eq!(scan(&format!("GET /{}", "b".repeat(MOST_LINE))), refused(LONG_TARGET));
        assert_eq!(
            scan(&format!("GET /{} HTTP/1.1\r\n", "b".repeat(MOST_LINE))),
            refused(LONG_TARGET)
        );
    }

    #[test]
    fn pieces_give_the_same_as_the_whole() {
        let whole = b"\r\nPOST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
        for size in 1..whole.len() {
            let mut head = Head::default();
            let mut found = Scan::Partial;
            for end in (size..whole.len() + size).step_by(size) {
                assert_eq!(found, Scan::Partial);
                found = head.scan(&whole[..end.min(whole.len())]);
            }
            assert_eq!(found, Scan::Complete(whole.len(), Framing::Length(3)), "{size}");
        }
    }

    /// What is let in is a target that hyper can read.
    #[test]
    fn every_target_let_in_is_one_for_hyper() {
        for byte in 0..=255_u8 {
            for target in [vec![b'/', byte, b'a'], vec![b'/', b'?', byte, b'a']] {
                if check_target(&target).is_ok() {
                    assert!(http::Uri::try_from(target.as_slice()).is_ok(), "{byte}");
                }
            }
        }
    }
}
