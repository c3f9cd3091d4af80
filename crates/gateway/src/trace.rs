//! Where a call belongs in a trace (W3C Trace Context, level 1).
//!
//! A caller's trace goes on at the upstream, with the gateway as the parent of what happens there; a
//! call without one begins a trace. Nothing is recorded here.

use http::{HeaderMap, HeaderName, HeaderValue};
use std::fmt;

/// The field that names the trace and the parent.
const PARENT: HeaderName = HeaderName::from_static("traceparent");
/// The field with what vendors know of the trace.
const STATE: HeaderName = HeaderName::from_static("tracestate");

/// A call's place in a trace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Trace {
    /// The trace, shared by all that happens because of one request.
    id: u128,
    /// This gateway's part of it: the parent of what happens at the upstream.
    span: u64,
    /// Whether somebody records it, and other flags.
    flags: u8,
    /// Whether the trace is the caller's.
    given: bool,
}

impl Trace {
    /// The trace that the caller is in, or a new one. A field that is not to be understood is none.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let parent = headers.get(PARENT).and_then(|value| parent(value.as_bytes()));
        let (id, flags) = parent.unwrap_or_else(|| (fastrand::u128(1..), 0));
        Self { id, span: fastrand::u64(1..), flags, given: parent.is_some() }
    }

    /// A trace as it was kept.
    pub(crate) fn read(text: &str) -> Self {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(PARENT, value);
        }
        Self::of(&headers)
    }

    /// As it is kept: `traceparent`.
    pub(crate) fn text(self) -> String {
        String::from_utf8_lossy(&self.parent()).into_owned()
    }

    /// Names this gateway as the parent of a request. What vendors know belongs to the caller's trace
    /// and goes with it.
    pub(crate) fn mark(self, headers: &mut HeaderMap) {
        if !self.given {
            headers.remove(STATE);
        }
        if let Ok(value) = HeaderValue::from_bytes(&self.parent()) {
            headers.insert(PARENT, value);
        }
    }

    /// The trace's id, as logs have it.
    pub(crate) fn id(self) -> impl fmt::Display {
        Id(self.id)
    }
}

impl Trace {
    /// As `traceparent` has it. Every call writes one, so it is not formatted.
    fn parent(self) -> Vec<u8> {
        let (id, span) = (self.id.to_be_bytes(), self.span.to_be_bytes());
        let parts: [&[u8]; 4] = [&[0], &id, &span, &[self.flags]];
        let mut text = Vec::with_capacity(55);
        for part in parts {
            if !text.is_empty() {
                text.push(b'-');
            }
            text.extend(part.iter().flat_map(|byte| [hex_digit(byte >> 4), hex_digit(byte & 15)]));
        }
        text
    }
}

fn hex_digit(number: u8) -> u8 {
    if number < 10 { b'0' + number } else { b'a' + number - 10 }
}

struct Id(u128);

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// The trace and the flags of a `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`, in lower case. Later
/// versions may have more after that.
fn parent(value: &[u8]) -> Option<(u128, u8)> {
    let text = std::str::from_utf8(value).ok()?;
    let mut parts = text.split('-');
    let [version, id, span, flags] = [parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    let version = hex(version, 2)?;
    let whole = version != 0xff && (version != 0 || parts.next().is_none());
    let (id, span) = (hex(id, 32)?, hex(span, 16)?);
    let flags = u8::try_from(hex(flags, 2)?).ok()?;
    // Level 1 knows one flag.
    (whole && id != 0 && span != 0).then_some((id, flags & 1))
}

fn hex(text: &str, length: usize) -> Option<u128> {
    let lower = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    let right = text.len() == length && text.bytes().all(lower);
    right.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn marked(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        Trace::of(&headers).mark(&mut headers);
        headers
    }

    #[test]
    fn a_callers_trace_goes_on_with_another_parent() {
        let headers = marked(&[("traceparent", GIVEN), ("tracestate", "a=1")]);
        let parts = |text: &str| text.split('-').map(ToOwned::to_owned).collect::<Vec<_>>();
        let (new, given) = (parts(headers["traceparent"].to_str().unwrap()), parts(GIVEN));
        assert_eq!((&new[0], &new[1], &new[3]), (&given[0], &given[1], &given[3]));
        assert_ne!(new[2], given[2]);
        assert_eq!(headers["tracestate"], "a=1");
    }

    #[test]
    fn what_is_no_trace_begins_one() {
        for wrong in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        ] {
            let headers = marked(&[("traceparent", wrong), ("tracestate", "a=1")]);
            let parent = headers["traceparent"].to_str().unwrap();
            assert!(super::parent(parent.as_bytes()).is_some(), "{parent}");
            assert!(!parent.contains("0af7651916cd43dd8448eb211c80319c"), "{wrong}");
            assert!(!headers.contains_key("tracestate"), "{wrong}");
        }
    }
}
