//! Certificates, revocation lists and keys as files have them.

use rustls_pki_types::pem::{self, PemObject};

/// A certificate in DER.
pub type Certificate = rustls_pki_types::CertificateDer<'static>;

/// The certificates of a PEM file (RFC 7468), in order; other sections are passed over.
///
/// # Errors
/// A section that is not PEM.
pub fn certificates(file: &[u8]) -> Result<Vec<Certificate>, pem::Error> {
    Certificate::pem_slice_iter(file).collect()
}

/// A certificate revocation list in DER (RFC 5280, section 5).
pub type RevocationList = rustls_pki_types::CertificateRevocationListDer<'static>;

/// The revocation lists of a PEM file (RFC 7468), in order; other sections are passed over.
///
/// # Errors
/// A section that is not PEM.
pub fn revocation_lists(file: &[u8]) -> Result<Vec<RevocationList>, pem::Error> {
    RevocationList::pem_slice_iter(file).collect()
}

/// A private key in DER.
pub type PrivateKey = rustls_pki_types::PrivateKeyDer<'static>;

/// The first private key of a PEM file (RFC 7468): PKCS #8, PKCS #1 or SEC 1.
///
/// # Errors
/// No section with a key, or one that is not PEM.
pub fn private_key(file: &[u8]) -> Result<PrivateKey, pem::Error> {
    PrivateKey::from_pem_slice(file)
}
