//! Two questions about a certificate that the TLS library does not answer: is it its own issuer,
//! and which key does it bear?
//!
//! Reads the few DER elements on the way to them (RFC 5280, section 4.1); checks nothing.

use aws_lc_rs::digest::{SHA256, digest};

/// Whether the certificate's issuer is its subject, byte for byte. False for what is no certificate.
pub(crate) fn is_its_own_issuer(certificate: &[u8]) -> bool {
    read(certificate).is_some_and(|leaf| leaf.issuer == leaf.subject)
}

/// The SHA-256 digest of the certificate's `SubjectPublicKeyInfo`, as keys are pinned (RFC 7469,
/// section 2.4). `None` for what is no certificate.
pub(crate) fn key_digest(certificate: &[u8]) -> Option<[u8; 32]> {
    let key = read(certificate)?.key;
    digest(&SHA256, key).as_ref().try_into().ok()
}

/// The parts of a certificate that are asked for.
struct Leaf<'d> {
    /// The issuer's name, without its tag and length.
    issuer: &'d [u8],
    /// The subject's name, likewise.
    subject: &'d [u8],
    /// The whole element of the key.
    key: &'d [u8],
}

fn read(certificate: &[u8]) -> Option<Leaf<'_>> {
    let (mut certificate, _) = enter(certificate)?;
    let mut fields = descend(&mut certificate)?;
    if fields.first() == Some(&VERSION) {
        skip(&mut fields)?;
    }
    skip(&mut fields)?; // serial number
    skip(&mut fields)?; // signature algorithm
    let issuer = descend(&mut fields)?;
    skip(&mut fields)?; // validity
    let subject = descend(&mut fields)?;
    let from_key = fields;
    skip(&mut fields)?;
    let key = from_key.get(..from_key.len() - fields.len())?;
    Some(Leaf { issuer, subject, key })
}

/// The tag of the optional version field.
const VERSION: u8 = 0xa0;

/// The content of the element at the front, which is stepped over.
fn descend<'d>(data: &mut &'d [u8]) -> Option<&'d [u8]> {
    let (content, rest) = enter(data)?;
    *data = rest;
    Some(content)
}

fn skip(data: &mut &[u8]) -> Option<()> {
    descend(data).map(drop)
}

/// The content of the element at the front, and what follows it.
fn enter(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let (_tag, data) = data.split_first()?;
    let (&first, data) = data.split_first()?;
    let (length, data) = match first {
        0..=0x7f => (usize::from(first), data),
        0x81..=0x84 => long_length(usize::from(first & 0x7f), data)?,
        _ => return None,
    };
    data.split_at_checked(length)
}

/// A length in `count` bytes, most significant first.
fn long_length(count: usize, data: &[u8]) -> Option<(usize, &[u8])> {
    let (bytes, data) = data.split_at_checked(count)?;
    let length = bytes.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte));
    Some((length, data))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, Issuer, KeyPair, PublicKeyData};

    fn named(name: &str) -> CertificateParams {
        let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params
    }

    #[test]
    fn a_self_signed_certificate_is_its_own_issuer() {
        let certificate = named("one").self_signed(&KeyPair::generate().unwrap()).unwrap();
        assert!(is_its_own_issuer(certificate.der()));
    }

    #[test]
    fn an_issued_certificate_is_not() {
        let issuer = Issuer::new(named("authority"), KeyPair::generate().unwrap());
        let certificate = named("one").signed_by(&KeyPair::generate().unwrap(), &issuer).unwrap();
        assert!(!is_its_own_issuer(certificate.der()));
    }

    #[test]
    fn the_pinned_key_is_the_whole_element() {
        let key = KeyPair::generate().unwrap();
        let certificate = named("one").self_signed(&key).unwrap();
        let expected = digest(&SHA256, &key.subject_public_key_info());
        assert_eq!(key_digest(certificate.der()).unwrap(), expected.as_ref());
        assert_eq!(key_digest(b"no certificate"), None);
    }

    #[test]
    fn no_cut_or_twisted_certificate_is_misread() {
        let whole = named("one").self_signed(&KeyPair::generate().unwrap()).unwrap();
        for end in 0..whole.der().len() {
            assert!(!is_its_own_issuer(&whole.der()[..end]));
        }
        for length in 0..=255 {
            assert!(!is_its_own_issuer(&[0x30, length, 0x30, length, 0x84, 0xff, 0xff, 0xff]));
        }
    }
}
