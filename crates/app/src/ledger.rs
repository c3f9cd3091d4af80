//! Opening the ledger that a configuration or a command names.

use crate::config::LedgerAt;
use anyhow::{Context, Result};
use candor_gateway::Ledger;
use candor_ledger::{Engine, OpenError, postgres, sqlite};
use secrecy::ExposeSecret;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// The ledger that calls are kept in; `None` where there is none.
pub(crate) fn open(at: &LedgerAt, runtime: &Runtime) -> Result<Option<Arc<Ledger>>> {
    let engine: Arc<dyn Engine> = match at {
        LedgerAt::Off => return Ok(None),
        LedgerAt::File(path) => {
            make_folder(path)?;
            let opened = sqlite::Sqlite::open(sqlite::Settings::new(path));
            Arc::new(opened.with_context(|| format!("cannot open {at}"))?)
        }
        LedgerAt::Server(url) => {
            let settings = postgres::Settings::new(url.expose_secret());
            let opened = runtime.block_on(postgres::Postgres::open(settings));
            Arc::new(opened.with_context(|| format!("cannot open {at}"))?)
        }
    };
    #[cfg(feature = "planted-faults")]
    let engine = crate::planted::plant(engine);
    Ok(Some(Ledger::new(engine)?))
}

/// The same, to be looked at beside whoever works with it.
pub(crate) fn look(at: &LedgerAt, runtime: &Runtime) -> Result<Box<dyn Engine>, OpenError> {
    match at {
        LedgerAt::Off => Err(OpenError::Missing { place: "off".to_owned() }),
        LedgerAt::File(path) => {
            let engine = sqlite::Sqlite::open_read_only(&sqlite::Settings::new(path))?;
            Ok(Box::new(engine))
        }
        LedgerAt::Server(url) => {
            let mut settings = postgres::Settings::new(url.expose_secret());
            settings.create = false;
            Ok(Box::new(runtime.block_on(postgres::Postgres::open(settings))?))
        }
    }
}

/// Brings it to the current version of its schema. Returns the version that was found.
pub(crate) fn upgrade(at: &LedgerAt, runtime: &Runtime) -> Result<u32, OpenError> {
    match at {
        LedgerAt::Off => Err(OpenError::Missing { place: "off".to_owned() }),
        LedgerAt::File(path) => sqlite::upgrade(path),
        LedgerAt::Server(url) => {
            let settings = postgres::Settings::new(url.expose_secret());
            runtime.block_on(postgres::upgrade(&settings))
        }
    }
}

/// The folder of the state, which nobody else reads: payloads are kept there.
fn make_folder(path: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("cannot make the folder {}", folder.display()))
}

/// The place, without a server's address: there may be a password in it.
impl fmt::Display for LedgerAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("no ledger"),
            Self::File(path) => write!(f, "the ledger {}", path.display()),
            Self::Server(_) => f.write_str("the ledger on its server"),
        }
    }
}
