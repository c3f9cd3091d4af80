//! Opening a file: its lock, its schema, and the settings without which it would not be durable.

use super::error;
use crate::{Clock, EngineError, OpenError, SystemClock, schema};
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Marks the file as a ledger: "Cndr" (SQLite, Database File Format, 1.3.16).
const APPLICATION_ID: i64 = 0x436e_6472;
/// The size of a page: SQLite's default, which all bounds in bytes are rounded to.
const PAGE: u64 = 4096;
/// Files up to this size are looked through when they are opened; `check` looks through any.
const LOOKED_THROUGH: u64 = 64 << 20;
/// How long a connection waits for another one's lock.
const BUSY: Duration = Duration::from_secs(5);

/// How the embedded engine is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The file. `<file>-wal`, `<file>-shm` and `<file>.lock` stand beside it.
    pub path: PathBuf,
    /// Whether a file is made where there is none.
    pub create: bool,
    /// How large the file may become, in bytes; it is full then. None: as large as the disk.
    pub max_bytes: Option<u64>,
    /// How many connections read.
    pub readers: usize,
    /// How many writes may wait. One more is refused as unavailable.
    pub queue: usize,
    /// Where the time comes from.
    pub clock: Arc<dyn Clock>,
}

impl Settings {
    /// The ledger in `path`, made where there is none, with four readers and room for 4096 waiting
    /// writes.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            create: true,
            max_bytes: None,
            readers: 4,
            queue: 4096,
            clock: Arc::new(SystemClock),
        }
    }
}

/// What is needed to work with a file.
pub(super) struct Opened {
    pub(super) path: PathBuf,
    pub(super) writer: Connection,
    pub(super) checkpoint: Connection,
    pub(super) lock: File,
}

/// Opens a file for writing; everything that could be wrong with it is found before anything is
/// accepted.
pub(super) fn open(settings: &Settings) -> Result<Opened, OpenError> {
    let path = settings.path.clone();
    let exists = exists(&path)?;
    if !exists && !settings.create {
        return Err(missing(&path));
    }
    let lock = lock(&path)?;
    let mut writer =
        connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    if is_empty(&writer).map_err(|error| foreign(&path, error))? {
        if !settings.create {
            return Err(missing(&path));
        }
        found(&mut writer)?;
    }
    schema::admit(version(&writer, &path)?)?;
    writable(&writer)?;
    look_through(&writer, &path)?;
    durable(&writer)?;
    bound(&writer, settings.max_bytes)?;
    let checkpoint = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    durable(&checkpoint)?;
    Ok(Opened { path, writer, checkpoint, lock })
}

/// Checks that a file is a ledger that this program can read.
pub(super) fn look(path: &Path) -> Result<(), OpenError> {
    if !exists(path)? {
        return Err(missing(path));
    }
    schema::admit(version(&reader(path)?, path)?)
}

/// A connection that reads alone.
pub(super) fn reader(path: &Path) -> Result<Connection, OpenError> {
    let reader = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    reader.pragma_update(None, "query_only", true).map_err(EngineError::from)?;
    Ok(reader)
}

/// Brings the ledger in a file to the current version of the schema, as a whole or not at all.
/// Returns the version that was found.
pub fn upgrade(path: &Path) -> Result<u32, OpenError> {
    if !exists(path)? {
        return Err(missing(path));
    }
    let _lock = lock(path)?;
    let mut db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let found = version(&db, path)?;
    if found > schema::SCHEMA_VERSION {
        schema::admit(found)?;
    }
    writable(&db)?;
    durable(&db)?;
    step(&mut db, found)?;
    Ok(found)
}

/// Makes a new ledger.
fn found(db: &mut Connection) -> Result<(), OpenError> {
    // A file that has never been written takes its journal's mode before its first table.
    let mode = db.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0));
    let _: String = mode.map_err(EngineError::from)?;
    durable(db)?;
    step(db, 0)
}

/// Takes the steps that are missing.
fn step(db: &mut Connection, from: u32) -> Result<(), OpenError> {
    let mut steps = || {
        let transaction = db.transaction()?;
        for (version, step) in schema::missing(from) {
            transaction.execute_batch(step.sqlite)?;
            transaction.pragma_update(None, "user_version", version)?;
        }
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.commit()
    };
    Ok(steps().map_err(error::at_commit)?)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, OpenError> {
    let opened = || {
        let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        db.busy_timeout(BUSY)?;
        db.set_prepared_statement_cache_capacity(64);
        Ok(db)
    };
    opened().map_err(|error: rusqlite::Error| foreign(path, error))
}

/// Refuses a second process. The system lifts the lock when its owner dies.
fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let mut options = OpenOptions::new();
    let file = options
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(|error| unopened(&error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
        Err(TryLockError::Error(error)) => Err(unopened(&error)),
    }
}

fn exists(path: &Path) -> Result<bool, OpenError> {
    path.try_exists().map_err(|error| unopened(&error))
}

fn missing(path: &Path) -> OpenError {
    OpenError::Missing { place: path.display().to_string() }
}

/// What the system's refusal to open a file means.
fn unopened(error: &io::Error) -> OpenError {
    let why = error.to_string();
    #[expect(clippy::wildcard_enum_match_arm, reason = "the system's set is open")]
    OpenError::Engine(match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            EngineError::ReadOnly { why }
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => EngineError::Full { why },
        _ => EngineError::unavailable(BUSY, why),
    })
}

/// What it means that SQLite does not read a file.
fn foreign(path: &Path, error: rusqlite::Error) -> OpenError {
    if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) {
        return OpenError::NotALedger {
            place: path.display().to_string(),
            why: "its first bytes are not those of a SQLite database".to_owned(),
        };
    }
    OpenError::Engine(error.into())
}

fn is_empty(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

/// The schema's version of a ledger.
fn version(db: &Connection, path: &Path) -> Result<u32, OpenError> {
    let pragma = |name: &str| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let read = pragma("application_id").and_then(|id| Ok((id, pragma("user_version")?)));
    let (id, version) = read.map_err(|error| foreign(path, error))?;
    if id != APPLICATION_ID {
        return Err(OpenError::NotALedger {
            place: path.display().to_string(),
            why: "it is the database of another program".to_owned(),
        });
    }
    u32::try_from(version).map_err(|_| {
        OpenError::Engine(EngineError::corrupt(format!("{version} is no version of a schema")))
    })
}

/// Finds out whether the file can be written, not only whether it can be opened.
fn writable(db: &Connection) -> Result<(), OpenError> {
    let read_only = db.is_readonly(rusqlite::MAIN_DB).map_err(EngineError::from)?;
    if read_only {
        let why = "the file or its folder cannot be written".to_owned();
        return Err(OpenError::Engine(EngineError::ReadOnly { why }));
    }
    Ok(db.execute_batch("BEGIN IMMEDIATE; ROLLBACK").map_err(EngineError::from)?)
}

/// Looks through a file that is small enough for it.
fn look_through(db: &Connection, path: &Path) -> Result<(), OpenError> {
    if std::fs::metadata(path).is_ok_and(|file| file.len() > LOOKED_THROUGH) {
        return Ok(());
    }
    let result = db.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
    match result.map_err(EngineError::from)?.as_str() {
        "ok" => Ok(()),
        found => Err(OpenError::Engine(EngineError::corrupt(found))),
    }
}

/// Sets what a commit must be to outlive a power cut, and reads back that it is.
fn durable(db: &Connection) -> Result<(), OpenError> {
    let set = || {
        db.pragma_update(None, "synchronous", "FULL")?;
        // Checkpoints have a schedule of their own, and the log keeps its place on the disk.
        db.pragma_update(None, "wal_autocheckpoint", 0)?;
        db.pragma_update(None, "journal_size_limit", 64 << 20)?;
        db.pragma_update(None, "cache_size", -16 * 1024)?;
        let synchronous = db.pragma_query_value(None, "synchronous", |row| row.get::<_, i64>(0))?;
        let mode = db.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0))?;
        Ok((mode, synchronous))
    };
    let (mode, synchronous) = set().map_err(|error: rusqlite::Error| EngineError::from(error))?;
    must_be("journal_mode", &mode, "wal")?;
    must_be("synchronous", &synchronous.to_string(), "2")
}

fn must_be(setting: &str, found: &str, needed: &str) -> Result<(), OpenError> {
    if found.eq_ignore_ascii_case(needed) {
        return Ok(());
    }
    Err(OpenError::NotDurable {
        setting: setting.to_owned(),
        found: found.to_owned(),
        needed: needed.to_owned(),
    })
}

fn bound(db: &Connection, max_bytes: Option<u64>) -> Result<(), OpenError> {
    let Some(max_bytes) = max_bytes else { return Ok(()) };
    let pages = i64::try_from(max_bytes / PAGE).unwrap_or(i64::MAX);
    let set = db.pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, i64>(0));
    set.map_err(EngineError::from)?;
    Ok(())
}
