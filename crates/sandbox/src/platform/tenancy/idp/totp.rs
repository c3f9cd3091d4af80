//! One-time codes by the clock (RFC 6238), as authenticator apps show them.

use aws_lc_rs::hmac;
use jiff::Timestamp;

/// For how many seconds a code is shown.
const STEP: i64 = 30;

/// Whether a code is of this moment, or of the one before or after: clocks differ.
pub(super) fn fits(secret: &str, code: &str, now: Timestamp) -> bool {
    let Some(secret) = base32(secret) else { return false };
    let step = now.as_second().div_euclid(STEP);
    (-1..=1).any(|off| totp(&secret, step.saturating_add(off)).as_deref() == Some(code))
}

/// The six digits of a step (RFC 4226, 5.3).
fn totp(secret: &[u8], step: i64) -> Option<String> {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag.last()? & 0x0f);
    let four: [u8; 4] = tag.get(at..at.checked_add(4)?)?.try_into().ok()?;
    Some(format!("{:06}", (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000))
}

/// The bytes of a text in base 32 (RFC 4648), without padding.
fn base32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0u32, 0u32);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        held = (held << 5 | u32::from(value)) & 0xfff;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of RFC 6238, appendix B: `12345678901234567890`.
    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn codes_are_those_of_the_rfc() {
        assert_eq!(base32(SECRET).unwrap(), b"12345678901234567890");
        for (second, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")]
        {
            assert!(fits(SECRET, code, Timestamp::from_second(second).unwrap()), "{second}");
        }
    }

    #[test]
    fn a_code_is_good_for_a_moment() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(fits(SECRET, "287082", at(89)));
        assert!(!fits(SECRET, "287082", at(90)));
        assert!(!fits(SECRET, "", at(59)));
        assert!(!fits("not base 32", "287082", at(59)));
    }
}
