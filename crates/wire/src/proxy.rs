//! The site's own outbound proxy: where it is, what it is shown, and which calls do without it.
//!
//! One for a client, for a way out belongs to a site; what lies inside is listed as such, and an
//! upstream that leaves by another way says so in its policy ([`WayOut`]). Nothing is read from the
//! environment. How a tunnel is asked for is told elsewhere.

use crate::roots::Certificate;
use crate::target::{Place, Target, TargetError, TargetPolicy, Versions};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use ipnet::IpNet;
use std::net::IpAddr;
use std::str::FromStr;
use url::Host;

/// How calls leave a site that lets them out through a proxy only.
///
/// Every call goes through a tunnel (RFC 9110, section 9.3.6), that of a plain `http` upstream as
/// well: the proxy sees where a call goes, and of an `https` call nothing else. It is shown its own
/// credentials and none of the upstream's. Its address is the operator's word, and only a metadata
/// service or this process itself is refused there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxySettings {
    /// Where it is: `http://proxy.example:3128`, or `https://…` where it is spoken to under TLS.
    /// No path, and no credentials.
    pub url: String,
    /// What it is shown of us.
    pub credentials: Option<ProxyCredentials>,
    /// What is called directly.
    pub no_proxy: Vec<NoProxy>,
    /// Whether names are resolved here, so that the guard judges the addresses and the proxy is
    /// asked for one of them. On by default. Switched off for a site whose names only the proxy can
    /// resolve, or whose proxy decides by name: then the proxy is asked for the name, and what it
    /// may call inside is for its own rules alone. The guard then judges no more than addresses
    /// that stand in a URL, and names that mean this machine.
    pub resolve_locally: bool,
    /// Whether the machine's own root certificates are trusted for an `https` proxy. On by default.
    pub platform_roots: bool,
    /// Further roots to trust for it, or the only ones where `platform_roots` is off.
    pub extra_roots: Vec<Certificate>,
}

/// By which way the calls to an upstream leave the site.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum WayOut {
    /// By the client's: through its proxy, where it has one.
    #[default]
    Sites,
    /// Straight, whatever the client has.
    Straight,
    /// Through a proxy of its own.
    Through(Box<ProxySettings>),
}

/// A user's name and password (RFC 7617), as they are shown. Masked in output.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyCredentials(HeaderValue);

/// What is called without the proxy: a name and all names below it, or a range of addresses.
///
/// Written `internal.example`, `.internal.example`, `10.0.0.0/8` or `192.0.2.1`. A range is held
/// against addresses in a URL, and against those of a name where names are resolved locally; all of
/// them must lie in such ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoProxy {
    /// This name, in ASCII, and all below it.
    Name(String),
    /// These addresses.
    Range(IpNet),
}

/// What is wrong with the settings of a proxy.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// Its URL cannot be used.
    #[error("the proxy's URL cannot be used")]
    Url(#[from] TargetError),
    /// Its URL has a path or a query, which a proxy has no use for.
    #[error("a proxy has no path; write scheme, host and port alone")]
    Path,
    /// The user's name has a colon, or one of both a control character (RFC 7617, section 2).
    #[error("the proxy's credentials cannot be sent: a colon in the name, or a control character")]
    Credentials,
    /// What is to be called directly is neither a name nor a range.
    #[error("`{0}` is neither a name nor a range of addresses")]
    NoProxy(String),
}

/// A proxy whose settings were checked.
#[derive(Debug)]
pub(crate) struct Proxy {
    /// The proxy itself. Only its place and its TLS are used.
    pub(crate) at: Target,
    pub(crate) credentials: Option<HeaderValue>,
    pub(crate) resolve_locally: bool,
    spared: Vec<NoProxy>,
}

// === impl ProxySettings ===

impl ProxySettings {
    /// A proxy that asks for no credentials and that every call goes through.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            credentials: None,
            no_proxy: Vec::new(),
            resolve_locally: true,
            platform_roots: true,
            extra_roots: Vec::new(),
        }
    }

    /// Says what is wrong with them, before anything is called through them.
    ///
    /// # Errors
    /// The URL is none of a proxy, or its TLS settings cannot be used.
    pub fn check(&self) -> Result<(), ProxyError> {
        Proxy::new(self.clone()).map(drop)
    }

    /// Whether the name of `target` is left to the proxy, so that no address is judged here.
    pub fn resolves(&self, target: &Target) -> bool {
        let by_name = matches!(target.place(), Place::Name(_));
        by_name && !self.resolve_locally && !spares(&self.no_proxy, target.place())
    }
}

// === impl ProxyCredentials ===

impl ProxyCredentials {
    /// A user's name and password.
    ///
    /// # Errors
    /// They cannot be sent.
    pub fn basic(user: &str, password: &str) -> Result<Self, ProxyError> {
        if user.contains(':') || user.chars().chain(password.chars()).any(char::is_control) {
            return Err(ProxyError::Credentials);
        }
        let text = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
        let mut value = HeaderValue::try_from(text).map_err(|_| ProxyError::Credentials)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }
}

// === impl NoProxy ===

impl FromStr for NoProxy {
    type Err = ProxyError;

    fn from_str(text: &str) -> Result<Self, ProxyError> {
        if let Ok(range) = text.parse() {
            return Ok(Self::Range(range));
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Range(address.into()));
        }
        match Host::parse(text.trim_start_matches("*.").trim_start_matches('.')) {
            Ok(Host::Domain(name)) => Ok(Self::Name(name.trim_end_matches('.').to_owned())),
            Ok(Host::Ipv4(address)) => Ok(Self::Range(IpAddr::from(address).into())),
            Ok(Host::Ipv6(_)) | Err(_) => Err(ProxyError::NoProxy(text.to_owned())),
        }
    }
}

impl NoProxy {
    fn has_name(&self, name: &str) -> bool {
        let Self::Name(known) = self else { return false };
        let above = name.trim_end_matches('.').strip_suffix(known.as_str());
        above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
    }

    fn has_address(&self, address: IpAddr) -> bool {
        matches!(self, Self::Range(range) if range.contains(&address.to_canonical()))
    }
}

// === impl Proxy ===

impl Proxy {
    pub(crate) fn new(settings: ProxySettings) -> Result<Self, ProxyError> {
        let ProxySettings { url, credentials, no_proxy, resolve_locally, .. } = settings;
        let policy = TargetPolicy {
            allow_http: true,
            http: Versions::Http1Only,
            platform_roots: settings.platform_roots,
            extra_roots: settings.extra_roots,
            ..TargetPolicy::default()
        };
        let at = Target::parse(&url, &policy)?;
        if at.path().as_str() != "/" {
            return Err(ProxyError::Path);
        }
        let credentials = credentials.map(|ProxyCredentials(value)| value);
        Ok(Self { at, credentials, resolve_locally, spared: no_proxy })
    }

    /// Whether a place is called directly, as far as its URL tells.
    pub(crate) fn spares(&self, place: &Place) -> bool {
        spares(&self.spared, place)
    }

    /// Whether an address is called directly.
    pub(crate) fn spares_address(&self, address: IpAddr) -> bool {
        self.spared.iter().any(|spared| spared.has_address(address))
    }
}

fn spares(spared: &[NoProxy], place: &Place) -> bool {
    match place {
        Place::Address(address) => spared.iter().any(|spared| spared.has_address(*address)),
        Place::Name(name) => spared.iter().any(|spared| spared.has_name(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(no_proxy: &[&str]) -> Proxy {
        let no_proxy = no_proxy.iter().map(|text| text.parse().unwrap()).collect();
        Proxy::new(ProxySettings { no_proxy, ..ProxySettings::new("http://proxy.example:3128") })
            .unwrap()
    }

    #[test]
    fn what_lies_inside_is_called_directly() {
        let proxy = proxy(&["internal.example", "*.Other.example", "10.0.0.0/8", "192.0.2.1"]);
        let name = |name: &str| proxy.spares(&Place::Name(name.to_owned()));
        assert!(
            name("internal.example") && name("a.b.internal.example") && name("x.other.example.")
        );
        assert!(!name("notinternal.example") && !name("internal.example.com") && !name("example"));
        let address = |text: &str| proxy.spares(&Place::Address(text.parse().unwrap()));
        assert!(address("10.1.2.3") && address("192.0.2.1") && address("::ffff:10.1.2.3"));
        assert!(!address("11.0.0.1") && !address("192.0.2.2") && !address("::1"));
    }

    #[test]
    fn what_cannot_be_used_is_said_at_load() {
        let parse = |url: &str| Proxy::new(ProxySettings::new(url)).map(drop);
        assert!(parse("https://proxy.example").is_ok());
        assert!(matches!(parse("http://u:p@proxy.example"), Err(ProxyError::Url(_))));
        assert!(matches!(parse("socks5://proxy.example"), Err(ProxyError::Url(_))));
        assert!(matches!(parse("http://proxy.example/x"), Err(ProxyError::Path)));
        assert!("a b".parse::<NoProxy>().is_err() && "a.example:80".parse::<NoProxy>().is_err());
        assert!(ProxyCredentials::basic("a:b", "c").is_err());
    }

    #[test]
    fn credentials_are_masked() {
        let credentials = ProxyCredentials::basic("Aladdin", "open sesame").unwrap();
        assert_eq!(credentials.0, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(!format!("{credentials:?}").contains("QWx"));
    }
}
