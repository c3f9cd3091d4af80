//! Certificates that are made at run time: one that is good, and those that nobody should trust.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use std::fmt;
use std::io;

/// A server's certificate with its key, and the root that a client is told to trust.
#[derive(Clone)]
pub struct Certificate {
    /// The certificate that is served, as DER.
    pub certificate: Vec<u8>,
    /// The root to trust, as DER. It signed the certificate only where that is the point.
    pub root: Vec<u8>,
    /// The key, as PKCS #8.
    pub(crate) key: Vec<u8>,
}

type Root = CertifiedIssuer<'static, KeyPair>;

impl Certificate {
    /// For `name`, signed by the root, and valid now.
    ///
    /// # Errors
    /// A `name` that no certificate can be for; the same holds for all the others.
    pub fn good(name: &str) -> io::Result<Self> {
        Self::signed(name, |_| {})
    }

    /// Not valid any more.
    pub fn expired(name: &str) -> io::Result<Self> {
        Self::signed(name, |params| {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        })
    }

    /// Not valid yet.
    pub fn not_yet_valid(name: &str) -> io::Result<Self> {
        Self::signed(name, |params| {
            params.not_before = date_time_ymd(2090, 1, 1);
            params.not_after = date_time_ymd(2091, 1, 1);
        })
    }

    /// Its own issuer.
    pub fn self_signed(name: &str) -> io::Result<Self> {
        let key = KeyPair::generate().map_err(io::Error::other)?;
        let certificate = params(name)?.self_signed(&key).map_err(io::Error::other)?;
        let root = root("The root that did not sign")?;
        Ok(Self::of(certificate.der(), &key, &root))
    }

    /// Signed by a root of another name than the one to trust.
    pub fn of_unknown_issuer(name: &str) -> io::Result<Self> {
        let unknown = Self::signed(name, |_| {})?;
        let other = root("Another root")?;
        Ok(Self { root: other.der().to_vec(), ..unknown })
    }

    /// For `other.test`, whatever the client asks for.
    pub fn of_another_name() -> io::Result<Self> {
        Self::good("other.test")
    }

    fn signed(name: &str, change: impl FnOnce(&mut CertificateParams)) -> io::Result<Self> {
        let (root, key) = (root("The root")?, KeyPair::generate().map_err(io::Error::other)?);
        let mut params = params(name)?;
        change(&mut params);
        let certificate = params.signed_by(&key, &root).map_err(io::Error::other)?;
        Ok(Self::of(certificate.der(), &key, &root))
    }

    fn of(certificate: &[u8], key: &KeyPair, root: &Root) -> Self {
        Self {
            certificate: certificate.to_vec(),
            root: root.der().to_vec(),
            key: key.serialize_der(),
        }
    }
}

/// The subject is the name, so that no two of these have the same one by default.
fn params(name: &str) -> io::Result<CertificateParams> {
    let mut params = CertificateParams::new(vec![name.to_owned()]).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, name);
    Ok(params)
}

fn root(name: &str) -> io::Result<Root> {
    let mut params = CertificateParams::new(Vec::<String>::new()).map_err(io::Error::other)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    let key = KeyPair::generate().map_err(io::Error::other)?;
    CertifiedIssuer::self_signed(params, key).map_err(io::Error::other)
}

/// Without the key, small as its secret is.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").finish_non_exhaustive()
    }
}
