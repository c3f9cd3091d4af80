//! SHA-256 digests, as settings write them: `sha256:` and 64 hexadecimal digits.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use std::fmt;
use std::str::FromStr;

/// The SHA-256 digest of an API key, or of a certificate (its fingerprint).
///
/// Two of them are compared in constant time. Not to be used for passwords: what a person can
/// remember is found by trying, and wants a slow hash. A key of 128 random bits or more is not.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

/// A text that is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest is written `sha256:` and 64 hexadecimal digits, as `sha256sum` shows them")]
pub struct BadDigest;

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let mut own = [0; 32];
        own.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Self(own)
    }

    /// The first half, to look for it in a map: how long that takes says something about a digest,
    /// which nobody can work back to a key, and nothing about the key.
    pub(super) fn start(&self) -> [u8; 16] {
        let mut start = [0; 16];
        self.0.iter().zip(&mut start).for_each(|(from, to)| *to = *from);
        start
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Eq for Digest {}

impl FromStr for Digest {
    type Err = BadDigest;

    fn from_str(text: &str) -> Result<Self, BadDigest> {
        let digits = text.strip_prefix("sha256:").ok_or(BadDigest)?.as_bytes();
        let (pairs, rest) = digits.as_chunks::<2>();
        let bytes: Option<Vec<u8>> = pairs.iter().map(|[high, low]| byte(*high, *low)).collect();
        let bytes = bytes.filter(|_| rest.is_empty()).ok_or(BadDigest)?;
        bytes.try_into().map(Self).map_err(|_| BadDigest)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Shows enough to tell two apart.
impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str("…")
    }
}

fn byte(high: u8, low: u8) -> Option<u8> {
    let digit = |of: u8| char::from(of).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1.
    const ABC: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn it_is_what_sha256sum_shows() {
        let digest = Digest::of(b"abc");
        assert_eq!((digest.to_string().as_str(), ABC.parse()), (ABC, Ok(digest)));
        assert_eq!(ABC.replace("ba", "BA").parse(), Ok(digest));
        assert_eq!(format!("{digest:?}"), "sha256:ba7816bf…");
    }

    #[test]
    fn what_is_no_digest_is_refused() {
        let longer = format!("{ABC}00");
        let (bare, shorter) = (ABC.replace("sha256:", ""), ABC.replace("ad", ""));
        for bad in ["", "sha256:", &bare, &shorter, &longer, &ABC.replace('f', "g")] {
            assert_eq!(bad.parse::<Digest>(), Err(BadDigest), "{bad}");
        }
    }
}
