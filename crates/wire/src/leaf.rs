//! One question about a certificate that the TLS library does not answer: is it its own issuer?
//!
//! Reads the few DER elements on the way to the two names (RFC 5280, section 4.1); checks nothing.

/// Whether the certificate's issuer is its subject, byte for byte. False for what is no certificate.
pub(crate) fn is_its_own_issuer(certificate: &[u8]) -> bool {
    names(certificate).is_some_and(|(issuer, subject)| issuer == subject)
}

/// The encoded issuer and subject.
fn names(certificate: &[u8]) -> Option<(&[u8], &[u8])> {
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
    Some((issuer, subject))
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
    use rcgen::{CertificateParams, DnType, Issuer, KeyPair};

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
