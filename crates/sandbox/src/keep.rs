//! Worlds that outlive the process: one file with all of them, written after changes and at the end.
//!
//! The file is replaced as a whole, so that there is always one that can be read. What happened in
//! the last moment before a crash may be missing from it.

use crate::serve::Service;
use serde_json::{Map, Value};
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Keeps worlds in a file.
#[derive(Debug)]
pub struct Keeper {
    file: PathBuf,
    services: Vec<Arc<dyn Service>>,
    written: u64,
    /// Worlds in the file of services that do not run now.
    others: Map<String, Value>,
}

/// Why worlds cannot be kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeepError {
    /// The file cannot be read.
    #[error("cannot read the worlds kept in {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// The file holds something else.
    #[error("{} holds no worlds: {why}; move it away to begin anew", .0.display(), why = .1)]
    Foreign(PathBuf, String),
    /// The file cannot be written.
    #[error("cannot keep the worlds in {}", .0.display())]
    Write(PathBuf, #[source] io::Error),
}

impl Keeper {
    /// Takes over what the file has kept for these services. A file that is not there yet is made.
    ///
    /// # Errors
    /// The file can neither be read nor made, or holds something else.
    pub fn open(file: &Path, services: Vec<Arc<dyn Service>>) -> Result<Self, KeepError> {
        let foreign = |why: String| KeepError::Foreign(file.to_owned(), why);
        let mut others = match std::fs::read(file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|e| foreign(e.to_string()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Map::new(),
            Err(error) => return Err(KeepError::Read(file.to_owned(), error)),
        };
        for service in &services {
            if let Some(kept) = others.shift_remove(service.name()) {
                let name = service.name();
                service.restore(&kept).map_err(|why| foreign(format!("{name}: {why}")))?;
            }
        }
        let mut keeper = Self { file: file.to_owned(), services, written: 0, others };
        keeper.write()?;
        Ok(keeper)
    }

    /// How often a changed world is to be written.
    pub const EVERY: Duration = Duration::from_millis(500);

    /// Writes the worlds, if one has changed since they were written.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_if_changed(&mut self) -> Result<(), KeepError> {
        if self.changes() == self.written { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<(), KeepError> {
        let changes = self.changes();
        let mut all = self.others.clone();
        for service in &self.services {
            all.insert(service.name().to_owned(), service.save());
        }
        let written = replace(&self.file, Value::Object(all).to_string().as_bytes());
        written.map_err(|error| KeepError::Write(self.file.clone(), error))?;
        self.written = changes;
        Ok(())
    }

    fn changes(&self) -> u64 {
        self.services.iter().map(|service| service.changes()).sum()
    }
}

/// Puts `bytes` in the file's place, once they are on the disk.
fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let mut new = File::create(&beside)?;
    new.write_all(bytes)?;
    new.sync_all()?;
    std::fs::rename(&beside, file)
}
