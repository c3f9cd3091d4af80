//! Who a client's certificate says that it is.

use super::Digest;
use super::caller::Member;
use super::settings::{CallersError, CertificateMark};
use rustls_pki_types::CertificateDer;
use std::collections::HashMap;
use std::sync::Arc;
use webpki::EndEntityCert;

/// What a certificate says of its bearer. That it is good, and that its bearer has its key, was
/// found by the TLS handshake.
#[derive(Debug, Clone)]
pub struct PeerIdentity {
    names: Vec<String>,
    fingerprint: Digest,
}

/// What is no certificate (X.509, version 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an X.509 certificate of version 3")]
pub struct BadCertificate;

impl PeerIdentity {
    /// Reads the certificate that a client showed first. Do it once a connection.
    ///
    /// Its common name is not read: names are in the subject alternative names (RFC 9525, section
    /// 2), and a certificate without them can be known by its fingerprint.
    ///
    /// # Errors
    /// It is not a certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, BadCertificate> {
        let fingerprint = Digest::of(der);
        let der = CertificateDer::from(der);
        let certificate = EndEntityCert::try_from(&der).map_err(|_| BadCertificate)?;
        let hosts = certificate.valid_dns_names().map(str::to_ascii_lowercase);
        let names = hosts.chain(certificate.valid_uri_names().map(str::to_owned)).collect();
        Ok(Self { names, fingerprint })
    }

    /// Its subject alternative names that are DNS names (in lower case) or URIs.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The digest of the whole certificate.
    pub fn fingerprint(&self) -> Digest {
        self.fingerprint
    }
}

/// Whose certificate is which.
#[derive(Debug, Default)]
pub(super) struct Certificates {
    by_name: HashMap<String, Arc<Member>>,
    by_fingerprint: HashMap<[u8; 16], (Digest, Arc<Member>)>,
}

impl Certificates {
    pub(super) fn add(
        &mut self,
        mark: CertificateMark,
        member: &Arc<Member>,
    ) -> Result<(), CallersError> {
        let member = Arc::clone(member);
        let (which, before) = match mark {
            CertificateMark::Name(name) => {
                let name = if name.contains(':') { name } else { name.to_ascii_lowercase() };
                (name.clone(), self.by_name.insert(name, member).is_some())
            }
            CertificateMark::Fingerprint(digest) => {
                let before = self.by_fingerprint.insert(digest.start(), (digest, member));
                (digest.to_string(), before.is_some())
            }
        };
        if before {
            return Err(CallersError::Twice { what: "callers have the certificate", which });
        }
        Ok(())
    }

    pub(super) fn members(&mut self) -> impl Iterator<Item = &mut Arc<Member>> {
        let whole = self.by_fingerprint.values_mut().map(|(_, member)| member);
        self.by_name.values_mut().chain(whole)
    }

    /// Whose certificate this is: the fingerprint says it before the names do, and the first name
    /// that is known before the others.
    pub(super) fn find(&self, peer: &PeerIdentity) -> Option<&Arc<Member>> {
        let whole = self.by_fingerprint.get(&peer.fingerprint.start());
        let whole = whole.filter(|(digest, _)| *digest == peer.fingerprint);
        whole
            .map(|(_, member)| member)
            .or_else(|| peer.names.iter().find_map(|name| self.by_name.get(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair, SanType};

    fn certificate(dns: &[&str], uri: &[&str]) -> Vec<u8> {
        let names: Vec<String> = dns.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        let uris = uri.iter().map(|uri| SanType::URI((*uri).try_into().unwrap()));
        params.subject_alt_names.extend(uris);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn a_certificate_has_names_and_a_fingerprint() {
        let der = certificate(&["Billing.Example"], &["spiffe://example/Billing"]);
        let peer = PeerIdentity::from_der(&der).unwrap();
        assert_eq!(peer.names(), ["billing.example", "spiffe://example/Billing"]);
        assert_eq!(peer.fingerprint(), Digest::of(&der));
    }

    #[test]
    fn no_cut_or_foreign_bytes_are_a_certificate() {
        let der = certificate(&["a.example"], &[]);
        for end in 0..der.len() {
            assert!(PeerIdentity::from_der(&der[..end]).is_err());
        }
        assert!(PeerIdentity::from_der(b"no certificate").is_err());
        assert!(PeerIdentity::from_der(&certificate(&[], &[])).unwrap().names().is_empty());
    }
}
