//! How the shared engine is set up, and the way to its server.

use super::ground::Ground;
use super::tls::Tls;
use crate::OpenError;
use crate::time::millis;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// How long a connection may take to be made, to each address of the server.
const CONNECT: Duration = Duration::from_secs(3);
/// How long a statement may take at the server.
const STATEMENT: Duration = Duration::from_secs(5);
/// How long a transaction may stand idle at the server: longer means that its node is gone.
const IDLE: Duration = Duration::from_secs(10);

/// How the shared engine is set up.
#[derive(Clone)]
pub struct Settings {
    /// `postgres://user:password@host,host/database`, or libpq's words. Where TLS is not spoken of,
    /// it is required of every server on another machine.
    pub url: String,
    /// The schema in which the tables are.
    pub schema: String,
    /// Whether the tables are made where there are none.
    pub create: bool,
    /// How many connections are for transactions of several statements.
    pub connections: usize,
    /// How many creates, and how many settlements, may wait. One more is refused as unavailable.
    pub queue: usize,
    /// Whether to refuse a server without a synchronous standby, instead of warning.
    pub require_sync_standby: bool,
    /// The certificates by which the server is known, in PEM; the machine's own where none.
    pub roots: Option<Vec<u8>>,
    /// By how much the ledger's time differs from the database's; for tests.
    pub clock_offset: ClockOffset,
}

impl Settings {
    /// The ledger on the server at `url`, in the schema `candor`, made where there is none.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            schema: "candor".to_owned(),
            create: true,
            connections: 2,
            queue: 4096,
            require_sync_standby: false,
            roots: None,
            clock_offset: ClockOffset::default(),
        }
    }

    /// The way to the server.
    pub(super) fn road(&self, ground: &Ground) -> Result<Road, OpenError> {
        Ok(Road {
            config: Arc::new(self.config()?),
            tls: Tls::new(self.roots.as_deref())?,
            offset: self.clock_offset.clone(),
            ground: ground.handle(),
        })
    }

    fn config(&self) -> Result<Config, OpenError> {
        let mut config: Config = self.url.parse().map_err(|error: tokio_postgres::Error| {
            OpenError::Settings(format!("the address of the server: {error}"))
        })?;
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if self.schema.is_empty() || !self.schema.chars().all(plain) {
            let why = "the schema's name may have lower-case letters, digits and _ alone";
            return Err(OpenError::Settings(why.to_owned()));
        }
        let said = self.url.contains("sslmode");
        if !said && !config.get_hosts().iter().all(is_here) {
            config.ssl_mode(SslMode::Require);
        }
        // A plan that was made while tables were empty must not read them through once they are
        // full: every statement has an index. Making plans anew would cost more than the statements.
        let plans = "-c enable_seqscan=off -c plan_cache_mode=force_generic_plan -c jit=off";
        let options = format!(
            "{plans} -c search_path={} -c statement_timeout={} -c idle_in_transaction_session_timeout={} {}",
            self.schema,
            STATEMENT.as_millis(),
            IDLE.as_millis(),
            config.get_options().unwrap_or_default(),
        );
        config
            .options(options)
            .application_name("candor")
            .connect_timeout(CONNECT)
            .keepalives_idle(Duration::from_secs(10))
            .target_session_attrs(TargetSessionAttrs::ReadWrite);
        Ok(config)
    }
}

/// Whether a server is on this machine.
fn is_here(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost"
                || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
    }
}

/// The address is not shown: there may be a password in it.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("schema", &self.schema).finish_non_exhaustive()
    }
}

/// By how much the ledger's time is ahead of the database's. It is nothing but in tests, which move
/// time instead of waiting.
#[derive(Debug, Clone, Default)]
pub struct ClockOffset(Arc<AtomicI64>);

impl ClockOffset {
    /// Moves the ledger's time forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(millis(by), Ordering::SeqCst);
    }

    pub(super) fn millis(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// The way to the server: all that a connection needs.
#[derive(Clone)]
pub(super) struct Road {
    pub(super) config: Arc<Config>,
    pub(super) tls: Tls,
    pub(super) offset: ClockOffset,
    /// Where the connection's own work is done.
    pub(super) ground: Handle,
}

impl fmt::Debug for Road {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Road").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ssl_mode(url: &str) -> SslMode {
        Settings::new(url).config().unwrap().get_ssl_mode()
    }

    #[test]
    fn tls_is_required_of_other_machines() {
        assert_eq!(ssl_mode("postgres://u:p@db.example/candor"), SslMode::Require);
        assert_eq!(ssl_mode("postgres://u@127.0.0.1/candor"), SslMode::Prefer);
        assert_eq!(ssl_mode("postgres://u@localhost,db.example/candor"), SslMode::Require);
        assert_eq!(ssl_mode("postgres://u@db.example/candor?sslmode=disable"), SslMode::Disable);
    }

    #[test]
    fn a_schema_has_a_plain_name() {
        let settings = Settings { schema: "a b".to_owned(), ..Settings::new("postgres://u@h/d") };
        assert!(matches!(settings.config(), Err(OpenError::Settings(_))));
    }

    #[test]
    fn settings_show_no_password() {
        let text = format!("{:?}", Settings::new("postgres://u:secret@h/d"));
        assert!(!text.contains("secret"));
    }
}
