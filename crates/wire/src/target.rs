//! Where a call goes: a base URL that was parsed and checked once, at load.
//!
//! Parsed by the WHATWG URL standard, so that every odd spelling of an IP address (`0x7f.1`,
//! `2130706433`) is an address before anybody judges it. Addresses are judged later, by the guard,
//! for a name has other addresses tomorrow.

use crate::path::{PathError, RequestPath};
use crate::tls::Tls;
use http::HeaderValue;
use ipnet::IpNet;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use url::{Host, Url};

/// What an upstream may be, and what it must prove.
#[derive(Debug, Clone)]
pub struct TargetPolicy {
    /// Whether plain `http` is allowed. Off by default.
    pub allow_http: bool,
    /// Ranges of special use that this upstream may lie in, such as `10.0.0.0/8` for an internal
    /// partner. Metadata services and this process's own addresses stay refused. None by default.
    pub allow_cidrs: Vec<IpNet>,
    /// The oldest TLS version to accept; 1.2 by default.
    pub min_tls: TlsVersion,
    /// Whether the machine's own root certificates are trusted. On by default.
    pub platform_roots: bool,
    /// Further roots to trust, or the only ones where `platform_roots` is off.
    pub extra_roots: Vec<CertificateDer<'static>>,
    /// The certificate that shows who we are, for upstreams that ask for one.
    pub client: Option<Arc<ClientIdentity>>,
}

/// TLS versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246).
    V1_2,
    /// TLS 1.3 (RFC 8446).
    V1_3,
}

/// A client certificate with its key.
#[derive(Debug)]
pub struct ClientIdentity {
    /// The certificate, followed by those of its issuers.
    pub chain: Vec<CertificateDer<'static>>,
    /// Its private key. Its type masks it in output.
    pub key: PrivateKeyDer<'static>,
}

/// A checked base URL. Cheap to clone; clones share their kept connections.
#[derive(Debug, Clone)]
pub struct Target(Arc<Checked>);

#[derive(Debug)]
struct Checked {
    id: TargetId,
    origin: String,
    place: Place,
    port: u16,
    host: HeaderValue,
    base: RequestPath,
    tls: Option<Tls>,
    allow_cidrs: Vec<IpNet>,
}

/// Tells targets apart, so that no connection is kept for one and used for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TargetId(u64);

/// The host of a target.
#[derive(Debug)]
pub(crate) enum Place {
    /// An address; nothing is resolved.
    Address(IpAddr),
    /// A name, in ASCII.
    Name(String),
}

/// What is wrong with a base URL.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// It is not a URL.
    #[error("this is not a URL")]
    Url(#[from] url::ParseError),
    /// Its scheme is neither `https` nor `http`.
    #[error("the scheme is \"{0}\"; use https")]
    Scheme(String),
    /// It is plain `http`, and its policy does not allow that.
    #[error("plain http is not allowed here; use https, or allow it")]
    PlainHttp,
    /// It has a user name or a password; credentials belong in headers.
    #[error("credentials in a URL end up in logs; set them as a header instead")]
    Userinfo,
    /// It has a fragment, which is never sent.
    #[error("a fragment is never sent; remove it")]
    Fragment,
    /// It has no host, or one that no certificate can bear.
    #[error("the host is not one that can be called")]
    HostName,
    /// Its path or query cannot be sent.
    #[error("the path cannot be sent")]
    Path(#[from] PathError),
    /// The certificates or keys of its policy cannot be used.
    #[error("the TLS settings cannot be used")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
}

// === impl TargetPolicy ===

impl Default for TargetPolicy {
    fn default() -> Self {
        Self {
            allow_http: false,
            allow_cidrs: Vec::new(),
            min_tls: TlsVersion::V1_2,
            platform_roots: true,
            extra_roots: Vec::new(),
            client: None,
        }
    }
}

// === impl Target ===

impl Target {
    /// Parses and checks `url`, and compiles `policy` for it.
    pub fn parse(url: &str, policy: &TargetPolicy) -> Result<Self, TargetError> {
        let url = Url::parse(url)?;
        let secure = check(&url, policy)?;
        let place = place(&url)?;
        let port = url.port_or_known_default().ok_or(TargetError::HostName)?;
        let tls = secure.then(|| Tls::new(&place.text(), policy)).transpose()?;
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(Self(Arc::new(Checked {
            id: TargetId::next(),
            origin: url.origin().ascii_serialization(),
            place,
            port,
            host: host_header(&url)?,
            base: RequestPath::parse(&format!("{}{query}", url.path()))?,
            tls,
            allow_cidrs: policy.allow_cidrs.clone(),
        })))
    }

    /// Scheme, host and port, such as `https://api.example.com`.
    pub fn origin(&self) -> &str {
        &self.0.origin
    }

    /// The path and query of the base URL itself.
    pub fn path(&self) -> RequestPath {
        self.0.base.clone()
    }

    /// The base path followed by `rest`, which begins with `/` and may have a query. The query of
    /// the base URL, if any, is left out.
    pub fn join(&self, rest: &str) -> Result<RequestPath, PathError> {
        let base = self.0.base.path().trim_end_matches('/');
        let rest = RequestPath::parse(rest)?;
        if base.is_empty() {
            return Ok(rest);
        }
        RequestPath::parse(&format!("{base}{}", rest.as_str()))
    }

    pub(crate) fn id(&self) -> TargetId {
        self.0.id
    }

    pub(crate) fn place(&self) -> &Place {
        &self.0.place
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.port
    }

    pub(crate) fn host(&self) -> &HeaderValue {
        &self.0.host
    }

    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.0.tls.as_ref()
    }

    pub(crate) fn allow_cidrs(&self) -> &[IpNet] {
        &self.0.allow_cidrs
    }
}

impl TargetId {
    fn next() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        Self(COUNT.fetch_add(1, Ordering::Relaxed))
    }
}

impl Place {
    fn text(&self) -> String {
        match self {
            Self::Address(address) => address.to_string(),
            Self::Name(name) => name.clone(),
        }
    }
}

// === the checks of a base URL ===

/// Whether the target is secure, if it may be called at all.
fn check(url: &Url, policy: &TargetPolicy) -> Result<bool, TargetError> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetError::Userinfo);
    }
    if url.fragment().is_some() {
        return Err(TargetError::Fragment);
    }
    match url.scheme() {
        "https" => Ok(true),
        "http" if policy.allow_http => Ok(false),
        "http" => Err(TargetError::PlainHttp),
        other => Err(TargetError::Scheme(other.to_owned())),
    }
}

fn place(url: &Url) -> Result<Place, TargetError> {
    match url.host() {
        Some(Host::Ipv4(address)) => Ok(Place::Address(address.into())),
        Some(Host::Ipv6(address)) => Ok(Place::Address(address.into())),
        Some(Host::Domain(name)) => Ok(Place::Name(name.to_owned())),
        None => Err(TargetError::HostName),
    }
}

/// RFC 9110, section 7.2: the host, and the port where it is not the scheme's own.
fn host_header(url: &Url) -> Result<HeaderValue, TargetError> {
    let host = url.host_str().ok_or(TargetError::HostName)?;
    let text = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    HeaderValue::try_from(text).map_err(|_| TargetError::HostName)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Target, TargetError> {
        Target::parse(url, &TargetPolicy { allow_http: true, ..TargetPolicy::default() })
    }

    #[test]
    fn odd_spellings_of_addresses_are_addresses() {
        for url in ["http://0x7f.1", "http://2130706433", "http://127.1", "http://0177.0.0.1"] {
            let target = parse(url).unwrap();
            assert!(matches!(target.place(), Place::Address(address) if address.is_loopback()));
        }
    }

    #[test]
    fn what_cannot_be_called_is_said_at_load() {
        assert!(matches!(parse("nonsense"), Err(TargetError::Url(_))));
        assert!(matches!(parse("ftp://a.example"), Err(TargetError::Scheme(_))));
        assert!(matches!(parse("http://u:p@a.example"), Err(TargetError::Userinfo)));
        assert!(matches!(parse("http://a.example/#x"), Err(TargetError::Fragment)));
        let strict = Target::parse("http://a.example", &TargetPolicy::default());
        assert!(matches!(strict, Err(TargetError::PlainHttp)));
    }

    #[test]
    fn the_port_is_named_only_where_it_is_not_the_usual_one() {
        assert_eq!(parse("http://a.example:80/").unwrap().host(), "a.example");
        assert_eq!(parse("http://a.example:8080/").unwrap().host(), "a.example:8080");
        assert_eq!(parse("http://[2001:DB8::1]:81").unwrap().host(), "[2001:db8::1]:81");
    }

    #[test]
    fn the_base_path_goes_before_the_rest() {
        let target = parse("http://a.example/api/v2/?key=1").unwrap();
        assert_eq!(target.path().as_str(), "/api/v2/?key=1");
        assert_eq!(target.join("/things?x=%20").unwrap().as_str(), "/api/v2/things?x=%20");
        assert_eq!(parse("http://a.example").unwrap().join("/x").unwrap().as_str(), "/x");
    }
}
