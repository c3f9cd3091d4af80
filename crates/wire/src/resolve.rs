//! Names to addresses, with failures that can be told apart by type.
//!
//! Judges nothing: whether an address may be called is for the guard.

use async_trait::async_trait;
use candor_facts::FaultKind;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Finds the addresses of names.
#[async_trait]
pub trait Resolve: fmt::Debug + Send + Sync {
    /// All addresses of `name`, IPv4 and IPv6, in the order in which to try them; at least one.
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError>;
}

/// Why a name has no addresses to offer.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The name does not exist, or has no address.
    #[error("the name has no address")]
    NoSuchName,
    /// No usable answer came from the name servers.
    #[error("the name servers gave no usable answer")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The name servers did not answer in time.
    #[error("the name servers did not answer in time")]
    TimedOut,
}

impl ResolveError {
    /// The fault that this is.
    pub fn fault(&self) -> FaultKind {
        match self {
            Self::NoSuchName => FaultKind::NoSuchName,
            Self::Failed(_) => FaultKind::ResolveFailed,
            Self::TimedOut => FaultKind::ResolveTimedOut,
        }
    }
}

/// The machine's own view of names: its hosts file and its name servers.
pub struct SystemResolver(TokioResolver);

impl SystemResolver {
    /// Reads the system's configuration. Where there is none, or it lists no name server, only
    /// the hosts file and the special names are known.
    pub fn new() -> Result<Self, ResolveError> {
        let mut builder = TokioResolver::builder_tokio().unwrap_or_else(|_| {
            let nobody = ResolverConfig::from_parts(None, Vec::new(), Vec::new());
            TokioResolver::builder_with_config(nobody, TokioRuntimeProvider::default())
        });
        // Both families are always asked for: one denied address refuses the whole name.
        builder.options_mut().ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        Ok(Self(builder.build()?))
    }
}

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, name: &str) -> Result<Vec<IpAddr>, ResolveError> {
        if let Some(known) = special(name) {
            return known;
        }
        let found: Vec<IpAddr> = self.0.lookup_ip(name).await?.iter().collect();
        if found.is_empty() { Err(ResolveError::NoSuchName) } else { Ok(found) }
    }
}

impl fmt::Debug for SystemResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemResolver")
    }
}

impl From<NetError> for ResolveError {
    fn from(error: NetError) -> Self {
        #[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum that may grow")]
        match error {
            NetError::Timeout => Self::TimedOut,
            NetError::Dns(DnsError::NoRecordsFound(none)) if is_absence(none.response_code) => {
                Self::NoSuchName
            }
            other => Self::Failed(Box::new(other)),
        }
    }
}

/// Whether an answer without records says that there are none: no such name, or no address for it.
fn is_absence(code: ResponseCode) -> bool {
    matches!(code, ResponseCode::NXDomain | ResponseCode::NoError)
}

/// Whether a name means loopback, whoever resolves it.
pub(crate) fn is_this_machine(name: &str) -> bool {
    top(name).eq_ignore_ascii_case("localhost")
}

fn top(name: &str) -> &str {
    name.trim_end_matches('.').rsplit('.').next().unwrap_or_default()
}

/// The names of RFC 6761, sections 6.3 and 6.4: `localhost` is loopback and `invalid` does not
/// exist, whatever a name server would say, and also where none can be reached.
fn special(name: &str) -> Option<Result<Vec<IpAddr>, ResolveError>> {
    if top(name).eq_ignore_ascii_case("invalid") {
        Some(Err(ResolveError::NoSuchName))
    } else if is_this_machine(name) {
        Some(Ok(vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_resolver::net::NoRecords;
    use hickory_resolver::proto::op::Query;

    #[tokio::test]
    async fn special_names_need_no_name_server() {
        let resolver = SystemResolver::new().unwrap();
        for name in ["no-such-host.invalid", "INVALID.", "a.b.Invalid"] {
            assert!(matches!(resolver.resolve(name).await, Err(ResolveError::NoSuchName)));
        }
        for name in ["localhost", "localhost.", "api.LOCALHOST"] {
            let found = resolver.resolve(name).await.unwrap();
            assert!(found.iter().all(IpAddr::is_loopback));
        }
    }

    #[test]
    fn failures_are_told_apart_by_type() {
        let kind = |error: NetError| ResolveError::from(error).fault();
        assert_eq!(kind(NetError::Timeout), FaultKind::ResolveTimedOut);
        assert_eq!(kind(NetError::NoConnections), FaultKind::ResolveFailed);
        for code in [ResponseCode::ServFail, ResponseCode::Refused] {
            assert_eq!(kind(DnsError::ResponseCode(code).into()), FaultKind::ResolveFailed);
        }
        for code in [ResponseCode::NXDomain, ResponseCode::NoError] {
            assert_eq!(kind(NoRecords::new(Query::default(), code).into()), FaultKind::NoSuchName);
        }
    }
}
