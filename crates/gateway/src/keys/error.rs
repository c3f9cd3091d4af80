//! What can go wrong with keys, and what to do about it.

use std::io;
use std::path::PathBuf;

/// Why keys could not be opened, tended or used. Each message says where, what, and what to do;
/// none holds a part of a key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The settings contradict each other.
    #[error("the key settings cannot be kept: {0}")]
    Settings(&'static str),
    /// A file or directory could not be used.
    #[error(
        "cannot {doing} {path}: check that it belongs to the user that Candor runs as",
        path = path.display()
    )]
    Io {
        /// What was tried, such as `read the key file`.
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others may read a key, or replace it.
    #[error(
        "{path} is open to others (mode {mode:04o}): run `chmod {wanted:o} {path}`, and remove the \
         keys if somebody may have read them",
        path = path.display()
    )]
    TooOpen {
        /// The file or directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
        /// The permissions it should have.
        wanted: u32,
    },
    /// A key file does not hold a key.
    #[error(
        "{path} is not a usable signing key: {flaw}; restore it from a backup, or move it away and \
         a new key is made (tokens signed with the lost one are refused from then on)",
        path = path.display()
    )]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// Another process keeps the directory locked.
    #[error(
        "another process has kept {path} locked for too long; end it, or give each its own directory",
        path = path.display()
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The cryptographic library could not make a key or a signature.
    #[error("the cryptographic library could not {0}; try again, and report it if it stays")]
    Crypto(&'static str),
    /// Something could not be written as JSON.
    #[error("a token or key set could not be written as JSON")]
    Json(#[source] serde_json::Error),
    /// There was no key where there must be one: a mistake of Candor's own.
    #[error("there is no signing key; report this, it is a mistake of Candor's own")]
    NoKey,
}

/// What is wrong with a key file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// It is too large to be a key.
    #[error("it is larger than 16 KiB")]
    TooLarge,
    /// It is not text.
    #[error("it is not text")]
    NotText,
    /// It has no line that says since when the key is published.
    #[error("it has no line `published-at: <seconds since 1970>`")]
    NoStamp,
    /// It has no PEM block, or a broken one.
    #[error("it has no whole `PRIVATE KEY` block (PKCS#8 in PEM)")]
    NoPem,
    /// The block does not hold an RSA key of 2048 bits or more.
    #[error("its block does not hold an RSA key of at least 2048 bits")]
    NotRsa,
    /// The file's name is not the key's id.
    #[error("its name is not the key's id")]
    WrongName,
}
