//! The directory of key files: one file a key, named by its id.
//!
//! A file appears whole or not at all (written aside, synced, renamed), so reading needs no lock.
//! Whoever adds or removes a file holds the lock; the system frees it when its holder dies.

use super::key::Key;
use super::{Flaw, KeyError, file};
use secrecy::zeroize::Zeroizing;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// A directory of keys.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
}

/// Held while files are added or removed.
#[derive(Debug)]
pub(super) struct Lock {
    /// Closing it frees the lock.
    _file: File,
}

const LOCK: &str = ".lock";
const ENDING: &str = "pem";
/// A file being written. One that is found under the lock was left by a process that died.
const UNFINISHED: &str = "unfinished";
/// A key of 8192 bits takes 7 KiB.
const LARGEST_FILE: u64 = 16 * 1024;
/// Making a key takes a second at most; ten of them mean that something is wrong.
const LOCK_TRIES: u32 = 100;
const LOCK_PAUSE: Duration = Duration::from_millis(100);

/// Nobody but the owner may change the directory; its names are no secret.
const DIRECTORY_CLOSED: u32 = 0o022;
/// Nobody but the owner may do anything with a key.
const FILE_CLOSED: u32 = 0o077;

impl Directory {
    /// The directory at `path`, made (with mode 0700) where there is none.
    pub(super) fn open(path: &Path) -> Result<Self, KeyError> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
        made.map_err(|source| failed("make the key directory", path, source))?;
        let about = fs::metadata(path);
        let about = about.map_err(|source| failed("look at the key directory", path, source))?;
        closed(path, &about, DIRECTORY_CLOSED, 0o700)?;
        Ok(Self { path: path.to_owned() })
    }

    /// The lock; waits up to ten seconds for another holder.
    pub(super) fn lock(&self) -> Result<Lock, KeyError> {
        for _ in 0..LOCK_TRIES {
            if let Some(lock) = self.try_lock()? {
                return Ok(lock);
            }
            thread::sleep(LOCK_PAUSE);
        }
        Err(KeyError::Locked { path: self.path.join(LOCK) })
    }

    /// The lock, if nobody holds it.
    pub(super) fn try_lock(&self) -> Result<Option<Lock>, KeyError> {
        let path = self.path.join(LOCK);
        let opened = OpenOptions::new().create(true).append(true).mode(0o600).open(&path);
        let file = opened.map_err(|source| failed("open the lock file", &path, source))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(failed("lock", &path, source)),
        }
    }

    /// All keys, sorted by id. Those in `known` are not read again.
    pub(super) fn read(&self, known: &[Arc<Key>]) -> Result<Vec<Arc<Key>>, KeyError> {
        let mut keys = Vec::new();
        for path in self.files(ENDING)? {
            let known = known.iter().find(|key| is_named(&path, key.kid()));
            match known {
                Some(key) => keys.push(Arc::clone(key)),
                None => keys.extend(read_key(&path)?.map(Arc::new)),
            }
        }
        keys.sort_by(|one, other| one.kid().cmp(other.kid()));
        Ok(keys)
    }

    /// Adds a key. After an error, and after a crash, it is there whole or not at all.
    pub(super) fn add(&self, key: &Key) -> Result<(), KeyError> {
        let aside = self.path.join(key.kid()).with_extension(UNFINISHED);
        let path = aside.with_extension(ENDING);
        let text = file::write(key)?;
        write_synced(&aside, text.as_bytes())
            .map_err(|source| failed("write the key file", &aside, source))?;
        fs::rename(&aside, &path)
            .map_err(|source| failed("put in place the key file", &path, source))?;
        self.sync()
    }

    /// Removes a key.
    pub(super) fn remove(&self, key: &Key) -> Result<(), KeyError> {
        remove(&self.path.join(key.kid()).with_extension(ENDING))?;
        self.sync()
    }

    /// Removes what a process left that died while it wrote. Only under the lock.
    pub(super) fn sweep(&self) -> Result<(), KeyError> {
        self.files(UNFINISHED)?.iter().try_for_each(|path| remove(path))
    }

    fn files(&self, ending: &str) -> Result<Vec<PathBuf>, KeyError> {
        let with_ending = |path: &PathBuf| path.extension().is_some_and(|is| is == ending);
        let names = || -> io::Result<Vec<PathBuf>> {
            fs::read_dir(&self.path)?.map(|entry| entry.map(|entry| entry.path())).collect()
        };
        let paths =
            names().map_err(|source| failed("list the key directory", &self.path, source))?;
        Ok(paths.into_iter().filter(with_ending).collect())
    }

    /// A new or removed name outlives a power cut only once its directory is synced.
    fn sync(&self) -> Result<(), KeyError> {
        let synced = File::open(&self.path).and_then(|directory| directory.sync_all());
        synced.map_err(|source| failed("sync the key directory", &self.path, source))
    }
}

/// The key in a file; `None` where another process has just removed it.
fn read_key(path: &Path) -> Result<Option<Key>, KeyError> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|source| failed("open the key file", path, source))?,
    };
    let about = file.metadata();
    let about = about.map_err(|source| failed("look at the key file", path, source))?;
    closed(path, &about, FILE_CLOSED, 0o600)?;
    let text = read_bounded(file, about.len());
    let text = text.map_err(|source| failed("read the key file", path, source))?;
    let key = text.ok_or(Flaw::TooLarge).and_then(|text| file::read(&text));
    let named = key.and_then(|key| named(path, key));
    named.map(Some).map_err(|flaw| KeyError::Corrupt { path: path.to_owned(), flaw })
}

/// A file that says another id than its key's was tampered with, or confused with another.
fn named(path: &Path, key: Key) -> Result<Key, Flaw> {
    if is_named(path, key.kid()) { Ok(key) } else { Err(Flaw::WrongName) }
}

fn is_named(path: &Path, kid: &str) -> bool {
    path.file_stem().is_some_and(|stem| stem == kid)
}

/// The whole of a file, or `None` where it is too large. Read into room that never grows.
fn read_bounded(file: File, length: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    if length > LARGEST_FILE {
        return Ok(None);
    }
    let room = usize::try_from(length).unwrap_or(0).saturating_add(1);
    let mut text = Zeroizing::new(Vec::with_capacity(room));
    file.take(LARGEST_FILE).read_to_end(&mut text)?;
    Ok(Some(text))
}

fn write_synced(path: &Path, text: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

fn remove(path: &Path) -> Result<(), KeyError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(|source| failed("remove", path, source)),
    }
}

fn closed(path: &Path, about: &fs::Metadata, bits: u32, wanted: u32) -> Result<(), KeyError> {
    let mode = about.permissions().mode() & 0o7777;
    match mode & bits {
        0 => Ok(()),
        _ => Err(KeyError::TooOpen { path: path.to_owned(), mode, wanted }),
    }
}

fn failed(doing: &'static str, path: &Path, source: io::Error) -> KeyError {
    KeyError::Io { doing, path: path.to_owned(), source }
}
