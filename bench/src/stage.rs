//! What all contenders of a scenario share: the upstream, two cores, a folder, and the bytes that
//! Candor sends.

use crate::daemon::{Daemon, pinned};
use crate::record;
use crate::scenario::Scenario;
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use tempfile::TempDir;

/// The two cores: who is measured has one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cores {
    /// For the contender.
    pub contender: usize,
    /// For the load generator and the upstream.
    pub load: usize,
}

/// A scenario that is set up.
#[derive(Debug)]
pub struct Stage {
    /// What is measured.
    pub scenario: &'static Scenario,
    /// On which cores.
    pub cores: Cores,
    /// Candor's binary.
    pub candor: PathBuf,
    /// Another, to compare it with.
    pub before: Option<PathBuf>,
    /// The upstream, listening at [`Stage::address`].
    pub upstream: Daemon,
    /// Where the upstream listens.
    pub address: SocketAddr,
    /// What Candor sends to the upstream, byte by byte.
    pub recorded: Vec<u8>,
    /// For configurations and logs; removed at the end.
    pub folder: TempDir,
}

impl Stage {
    /// Starts the upstream, and records what Candor sends to it.
    ///
    /// # Errors
    /// Something does not start, or Candor does not pass on what it is asked for.
    pub fn build(scenario: &'static Scenario, cores: Cores, candor: PathBuf) -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a folder")?;
        let recorded = record::record(scenario, cores, &candor, folder.path())?;
        let mut command = pinned(cores.load, &sibling("upstream")?);
        let mut upstream = Daemon::start("upstream", &mut command, folder.path())?;
        let address = upstream.announced()?;
        Ok(Self { scenario, cores, candor, before: None, upstream, address, recorded, folder })
    }
}

/// Another program of this benchmark: it lies beside this one.
///
/// # Errors
/// The path of this program is not known.
pub fn sibling(name: &str) -> Result<PathBuf> {
    let here = std::env::current_exe().context("where is this program?")?;
    Ok(here.with_file_name(name))
}

// === impl Cores ===

impl FromStr for Cores {
    type Err = anyhow::Error;

    /// Two numbers: `0,1`.
    fn from_str(text: &str) -> Result<Self> {
        let (contender, load) = text.split_once(',').context("two cores are needed: 0,1")?;
        let cores = Self { contender: contender.trim().parse()?, load: load.trim().parse()? };
        anyhow::ensure!(cores.contender != cores.load, "the two cores must differ");
        Ok(cores)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_two_that_differ() {
        assert_eq!("2, 5".parse::<Cores>().unwrap(), Cores { contender: 2, load: 5 });
        assert!("1,1".parse::<Cores>().is_err());
        assert!("1".parse::<Cores>().is_err());
    }
}
