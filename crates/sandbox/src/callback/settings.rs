//! What a handler is started with.

use crate::stage::Time;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

/// What a handler is started with. [`Settings::example`] has something for each.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen: a loopback address; port 0 takes a free port.
    pub address: SocketAddr,
    /// Where the gateway publishes its key set: an `http` URL.
    pub jwks_url: String,
    /// The issuer that tokens must name, such as `https://acronis.cloud`.
    pub issuer: String,
    /// The audience that tokens must name, such as `acronis.cloud`.
    pub audience: String,
    /// The type identifier of the endpoint that this handler is.
    pub endpoint_id: String,
    /// Who may log in at the partner's service.
    pub accounts: Vec<Account>,
    /// The organizations of the partner's service.
    pub partners: Vec<Partner>,
    /// The handler's time: when tokens end, and when rate limits are over.
    pub time: Time,
}

/// A login at the partner's service, as it is entered when a `CyberApp` is enabled.
#[derive(Clone)]
pub struct Account {
    /// Its name.
    pub identity: String,
    /// Its password.
    pub password: String,
    /// The id of the partner organization that it belongs to.
    pub org: String,
}

/// A partner organization with its customers.
#[derive(Debug, Clone)]
pub struct Partner {
    /// The partner itself.
    pub organization: Organization,
    /// Its customers.
    pub customers: Vec<Organization>,
}

/// An organization of the partner's service.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// Its id in the service.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it has signed its contract. Without one it cannot be mapped.
    pub contract_signed: bool,
    /// Whether it is set up in full. Until then the service does not give its id away, and its
    /// answers lack it.
    pub provisioned: bool,
}

/// Why a handler could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is not on loopback.
    #[error("a sandbox listens on loopback only, not on {0}; take 127.0.0.1 or [::1]")]
    NotLoopback(SocketAddr),
    /// The address could not be listened on.
    #[error("cannot listen on {address}; take another port, or 0 for a free one")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The key set's URL is not an `http` URL with a host.
    #[error("{0:?} is not an http URL with a host; the key set is fetched over plain HTTP")]
    JwksUrl(String),
    /// An account belongs to an organization that there is not.
    #[error("account {identity:?} belongs to partner {org:?}, and there is none with that id")]
    UnknownPartner {
        /// The account.
        identity: String,
        /// The organization that it names.
        org: String,
    },
    /// Two organizations have one id.
    #[error("two organizations have the id {0:?}")]
    SameId(String),
}

impl Settings {
    /// A small partner's service: a partner with two customers, of whom one has not signed its
    /// contract, and a partner that is not set up in full yet. The logins are
    /// `demo@northwind.example` and `demo@solstice.example`, the password of both `open sesame`.
    pub fn example(jwks_url: impl Into<String>, endpoint_id: impl Into<String>) -> Self {
        let unsigned = Organization {
            contract_signed: false,
            ..Organization::new("org-1002", "Harbour Bakery")
        };
        let unready =
            Organization { provisioned: false, ..Organization::new("org-3000", "Solstice IT") };
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            jwks_url: jwks_url.into(),
            issuer: "https://acronis.cloud".to_owned(),
            audience: "acronis.cloud".to_owned(),
            endpoint_id: endpoint_id.into(),
            accounts: vec![
                Account::new("demo@northwind.example", "open sesame", "org-1000"),
                Account::new("demo@solstice.example", "open sesame", "org-3000"),
            ],
            partners: vec![
                Partner {
                    organization: Organization::new("org-1000", "Northwind Managed IT"),
                    customers: vec![Organization::new("org-1001", "Juniper Dental"), unsigned],
                },
                Partner { organization: unready, customers: Vec::new() },
            ],
            time: Time::MACHINE,
        }
    }

    /// Whether the settings fit together.
    pub(super) fn check(&self) -> Result<(), StartError> {
        if !self.address.ip().is_loopback() {
            return Err(StartError::NotLoopback(self.address));
        }
        self.check_ids()?;
        self.accounts.iter().try_for_each(|account| self.check_account(account))
    }

    fn check_ids(&self) -> Result<(), StartError> {
        let partners = self.partners.iter();
        let mut ids: Vec<&str> =
            partners.flat_map(Partner::organizations).map(|one| &*one.id).collect();
        ids.sort_unstable();
        let twice = ids.iter().zip(ids.iter().skip(1)).find(|(one, next)| one == next);
        twice.map_or(Ok(()), |(id, _)| Err(StartError::SameId((*id).to_owned())))
    }

    fn check_account(&self, account: &Account) -> Result<(), StartError> {
        let Account { identity, password: _, org } = account;
        let known = self.partners.iter().any(|partner| partner.organization.id == *org);
        let unknown =
            || StartError::UnknownPartner { identity: identity.clone(), org: org.clone() };
        known.then_some(()).ok_or_else(unknown)
    }
}

impl Account {
    /// A login of the partner organization `org`.
    pub fn new(
        identity: impl Into<String>,
        password: impl Into<String>,
        org: impl Into<String>,
    ) -> Self {
        Self { identity: identity.into(), password: password.into(), org: org.into() }
    }
}

impl Organization {
    /// An organization in good standing: signed and provisioned.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), contract_signed: true, provisioned: true }
    }
}

impl Partner {
    fn organizations(&self) -> impl Iterator<Item = &Organization> {
        std::iter::once(&self.organization).chain(&self.customers)
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { identity, password: _, org } = self;
        f.debug_struct("Account").field("identity", identity).field("org", org).finish()
    }
}
