//! Where a call goes: a base URL that was parsed and checked once, at load.
//!
//! Parsed by the WHATWG URL standard, so that every odd spelling of an IP address (`0x7f.1`,
//! `2130706433`) is an address before anybody judges it. Addresses are judged later, by the guard,
//! for a name has other addresses tomorrow.

use crate::path::{PathError, RequestPath};
use crate::proxy::{Proxy, ProxyError, WayOut};
use crate::roots::RevocationList;
use crate::tls::Tls;
use http::HeaderValue;
use http::uri::Authority;
use ipnet::IpNet;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use url::{Host, Url};

/// What an upstream may be, and what it must prove.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// What the certificates' issuers have revoked. A certificate that no list speaks of is not
    /// refused for that. Lists are held against the chains of `extra_roots` only, so
    /// `platform_roots` must be off where there are any. None by default.
    pub crls: Vec<RevocationList>,
    /// The keys that the upstream's own certificate may have: SHA-256 digests of its
    /// `SubjectPublicKeyInfo`, the value of RFC 7469, section 2.4. The chain must verify as well.
    /// Any key by default.
    pub pins: Vec<[u8; 32]>,
    /// The certificate that shows who we are, for upstreams that ask for one.
    pub client: Option<Arc<ClientIdentity>>,
    /// The versions of HTTP to speak; both by default.
    pub http: Versions,
    /// Whether a plain `http` upstream is spoken to in HTTP/2 from the first byte (RFC 9113,
    /// section 3.3). For tests and for upstreams inside; off by default.
    pub prior_knowledge: bool,
    /// By which way calls leave the site; by the client's by default.
    pub way_out: WayOut,
}

/// The versions of HTTP that an upstream is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Versions {
    /// HTTP/1.1 alone.
    Http1Only,
    /// What the upstream chooses in the TLS handshake (RFC 7301); HTTP/1.1 where there is none.
    #[default]
    Both,
    /// HTTP/2 alone. An upstream that does not choose it is a failed handshake.
    Http2Only,
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
#[derive(Debug, PartialEq, Eq)]
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
    authority: Authority,
    base: RequestPath,
    tls: Option<Tls>,
    speech: Speech,
    way_out: Way,
    /// What it was made of.
    policy: TargetPolicy,
}

/// The way out, checked.
#[derive(Debug)]
pub(crate) enum Way {
    /// The client's.
    Sites,
    Straight,
    Through(Proxy),
}

/// What is known of an upstream's HTTP before the first connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    /// It is HTTP/1.1.
    Http1,
    /// The handshake will tell.
    Open,
    /// It is HTTP/2.
    Http2,
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
    /// It is plain `http`, and its policy says both that HTTP/2 is known and that it is not spoken,
    /// or that only HTTP/2 is spoken without saying that it is known.
    #[error("over plain http, http2-only and prior knowledge need each other")]
    PriorKnowledge,
    /// Its policy has revocation lists, which are held against own roots only.
    #[error("revocation lists are held against extra_roots only; switch platform_roots off")]
    RevocationRoots,
    /// The certificates or keys of its policy cannot be used.
    #[error("the TLS settings cannot be used")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The proxy of its policy cannot be used.
    #[error("the outbound proxy cannot be used")]
    Proxy(#[source] Box<ProxyError>),
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
            crls: Vec::new(),
            pins: Vec::new(),
            client: None,
            http: Versions::Both,
            prior_knowledge: false,
            way_out: WayOut::Sites,
        }
    }
}

// === impl Target ===

impl Target {
    /// Parses and checks `url`, and compiles `policy` for it.
    pub fn parse(url: &str, policy: &TargetPolicy) -> Result<Self, TargetError> {
        let url = Url::parse(url)?;
        let secure = check(&url, policy)?;
        let speech = speech(secure, policy)?;
        let place = place(&url)?;
        let host = host_and_port(&url)?;
        let port = url.port_or_known_default().ok_or(TargetError::HostName)?;
        let tls = secure.then(|| Tls::new(&place.text(), policy)).transpose()?;
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(Self(Arc::new(Checked {
            id: TargetId::next(),
            origin: url.origin().ascii_serialization(),
            place,
            port,
            host: HeaderValue::try_from(&host).map_err(|_| TargetError::HostName)?,
            authority: Authority::try_from(host).map_err(|_| TargetError::HostName)?,
            base: RequestPath::parse(&format!("{}{query}", url.path()))?,
            tls,
            speech,
            way_out: Way::of(&policy.way_out).map_err(|error| TargetError::Proxy(error.into()))?,
            policy: policy.clone(),
        })))
    }

    /// Whether the other is for the same URL under the same policy, so that one can stand in for the
    /// other with its kept connections.
    pub fn is_like(&self, other: &Self) -> bool {
        let url = |target: &Self| (target.0.origin.clone(), target.0.base.clone());
        Arc::ptr_eq(&self.0, &other.0)
            || (url(self) == url(other) && self.0.policy == other.0.policy)
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

    pub(crate) fn authority(&self) -> &Authority {
        &self.0.authority
    }

    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.0.tls.as_ref()
    }

    pub(crate) fn speech(&self) -> Speech {
        self.0.speech
    }

    pub(crate) fn allow_cidrs(&self) -> &[IpNet] {
        &self.0.policy.allow_cidrs
    }

    pub(crate) fn way_out(&self) -> &Way {
        &self.0.way_out
    }
}

impl Way {
    fn of(way_out: &WayOut) -> Result<Self, ProxyError> {
        Ok(match way_out {
            WayOut::Sites => Self::Sites,
            WayOut::Straight => Self::Straight,
            WayOut::Through(settings) => Self::Through(Proxy::new((**settings).clone())?),
        })
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

    /// With a port, as a proxy is asked for it.
    pub(crate) fn with_port(&self, port: u16) -> String {
        match self {
            Self::Address(address) => SocketAddr::new(*address, port).to_string(),
            Self::Name(name) => format!("{name}:{port}"),
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

/// What the policy lets us know of the upstream's HTTP.
fn speech(secure: bool, policy: &TargetPolicy) -> Result<Speech, TargetError> {
    match (secure, policy.http, policy.prior_knowledge) {
        (true, Versions::Http1Only, _) | (false, Versions::Http1Only | Versions::Both, false) => {
            Ok(Speech::Http1)
        }
        (true, Versions::Both, _) => Ok(Speech::Open),
        (true, Versions::Http2Only, _) | (false, Versions::Both | Versions::Http2Only, true) => {
            Ok(Speech::Http2)
        }
        (false, Versions::Http1Only, true) | (false, Versions::Http2Only, false) => {
            Err(TargetError::PriorKnowledge)
        }
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
fn host_and_port(url: &Url) -> Result<String, TargetError> {
    let host = url.host_str().ok_or(TargetError::HostName)?;
    Ok(match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::ProxySettings;

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
        let plain = |http, prior_knowledge| {
            let open = TargetPolicy { allow_http: true, ..TargetPolicy::default() };
            let policy = TargetPolicy { http, prior_knowledge, ..open };
            Target::parse("http://a.example", &policy).map(|target| target.speech())
        };
        assert!(matches!(plain(Versions::Http2Only, false), Err(TargetError::PriorKnowledge)));
        assert!(matches!(plain(Versions::Http1Only, true), Err(TargetError::PriorKnowledge)));
        assert_eq!(plain(Versions::Http2Only, true).unwrap(), Speech::Http2);
        assert_eq!(plain(Versions::Both, false).unwrap(), Speech::Http1);
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
    fn a_target_is_like_one_of_the_same_url_and_policy() {
        let open = TargetPolicy { allow_http: true, ..TargetPolicy::default() };
        let target = |url, policy: &TargetPolicy| Target::parse(url, policy).unwrap();
        let one = target("http://a.example/x", &open);
        assert!(one.is_like(&one.clone()) && one.is_like(&target("http://A.example:80/x", &open)));
        for other in ["http://a.example/y", "http://a.example:81/x", "https://a.example/x"] {
            assert!(!one.is_like(&target(other, &open)), "{other}");
        }
        let narrow =
            TargetPolicy { allow_cidrs: vec!["10.0.0.0/8".parse().unwrap()], ..open.clone() };
        let proxy = ProxySettings::new("http://proxy.example:3128");
        let through = TargetPolicy { way_out: WayOut::Through(Box::new(proxy)), ..open };
        for policy in [narrow, through] {
            assert!(!one.is_like(&target("http://a.example/x", &policy)), "{policy:?}");
        }
    }

    #[test]
    fn the_base_path_goes_before_the_rest() {
        let target = parse("http://a.example/api/v2/?key=1").unwrap();
        assert_eq!(target.path().as_str(), "/api/v2/?key=1");
        assert_eq!(target.join("/things?x=%20").unwrap().as_str(), "/api/v2/things?x=%20");
        assert_eq!(parse("http://a.example").unwrap().join("/x").unwrap().as_str(), "/x");
    }
}
