//! The keys with which the callback gateway signs its tokens: made, kept, rotated, published.
//!
//! A partner's handler verifies each callback by the published key set (RFC 7517) and may cache
//! that set. So a key is published before it signs ([`KeySettings::lead`]) and stays published
//! after it has stopped ([`KeySettings::overlap`]); *when* is decided in `schedule`, *where the
//! keys lie* in `directory` and `file`, and neither knows the other.
//!
//! Not here: what a token says about a callback (the caller fills in [`Claims`]), the HTTP route
//! that serves the key set, and the clock. Every time is passed in.

mod claims;
mod directory;
mod error;
mod file;
mod key;
mod schedule;
mod store;

#[cfg(test)]
mod tests;

pub(crate) use claims::{Claims, Scope};
pub use error::{Flaw, KeyError};
pub use schedule::KeySettings;

use arc_swap::ArcSwap;
use bytes::Bytes;
use jsonwebtoken::jwk::JwkSet;
use key::Key;
use schedule::Schedule;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use store::Store;

/// The callback gateway's signing keys.
///
/// Shared by reference between threads: reading the key set and signing take no lock.
/// Several processes may share one directory; each sees the others' keys when it tends its own.
#[derive(Debug)]
pub struct SigningKeys {
    schedule: Schedule,
    store: Store,
    ring: ArcSwap<Ring>,
    /// One thread tends at a time; the others go on signing meanwhile.
    tending: Mutex<()>,
}

/// The keys as they stand between two tendings.
#[derive(Debug)]
struct Ring {
    /// All published keys, the eldest first. Never empty.
    keys: Vec<Arc<Key>>,
    /// The one that signs.
    signer: Arc<Key>,
    /// The key set as it is served.
    jwks: Bytes,
}

impl SigningKeys {
    /// Opens the keys in `dir`, and makes the directory and a first key where there are none.
    /// `now` is in seconds since the Unix epoch.
    ///
    /// Blocks: it reads files, and making a key takes up to a second. Call it before serving, or
    /// on a blocking thread.
    ///
    /// # Errors
    /// Settings that contradict each other; a directory or a key file that cannot be read or
    /// written, is open to others, or does not hold a key; another process that keeps the
    /// directory locked for longer than ten seconds.
    pub fn open(dir: &Path, settings: KeySettings, now: i64) -> Result<Self, KeyError> {
        Self::over(Store::open(dir)?, settings, now)
    }

    /// Keys that live and die with the process, for examples and tests.
    ///
    /// # Errors
    /// Settings that contradict each other; a failure of the cryptographic library.
    pub fn in_memory(settings: KeySettings, now: i64) -> Result<Self, KeyError> {
        Self::over(Store::memory(), settings, now)
    }

    fn over(store: Store, settings: KeySettings, now: i64) -> Result<Self, KeyError> {
        let schedule = Schedule::new(settings)?;
        let keys = store.tend_patiently(&schedule, now)?;
        let ring = ArcSwap::from_pointee(Ring::new(keys, &schedule, now)?);
        Ok(Self { schedule, store, ring, tending: Mutex::new(()) })
    }

    /// Does what is due at `now` (seconds since the Unix epoch): takes over keys that other
    /// processes made, publishes a new key, changes the signer, withdraws old keys. Says whether
    /// the published set or the signer changed.
    ///
    /// Call it every minute, on a blocking thread: once a rotation it makes a key. After an error
    /// the keys stand as they stood, and signing goes on.
    ///
    /// # Errors
    /// As for [`open`](Self::open), without the settings and the wait.
    pub fn tend(&self, now: i64) -> Result<bool, KeyError> {
        let _one_at_a_time = self.tending.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.ring.load_full();
        let keys = self.store.tend(&before.keys, &self.schedule, now)?;
        let after = Ring::new(keys, &self.schedule, now)?;
        let changed = after.differs(&before);
        if changed {
            tracing::info!(kid = after.signer.kid(), published = after.keys.len(), "signing keys");
            self.ring.store(Arc::new(after));
        }
        Ok(changed)
    }

    /// The key set to publish (RFC 7517): `{"keys":[{kty, use, alg, kid, n, e}, ...]}`.
    pub fn jwks(&self) -> Bytes {
        self.ring.load().jwks.clone()
    }

    /// The id of the key that signs: its thumbprint (RFC 7638, SHA-256).
    pub fn kid(&self) -> String {
        self.ring.load().signer.kid().to_owned()
    }

    /// A token (RFC 7519) with these claims, signed with RS256. Takes some 0.3 ms of one CPU core.
    ///
    /// # Errors
    /// A failure of the cryptographic library.
    pub fn sign(&self, claims: &Claims) -> Result<String, KeyError> {
        self.ring.load().signer.sign(claims)
    }
}

impl Ring {
    fn new(keys: Vec<Arc<Key>>, schedule: &Schedule, now: i64) -> Result<Self, KeyError> {
        let stamps: Vec<i64> = keys.iter().map(|key| key.published()).collect();
        let signer = schedule.signer(&stamps, now).and_then(|at| keys.get(at));
        let signer = Arc::clone(signer.ok_or(KeyError::NoKey)?);
        let set = JwkSet { keys: keys.iter().map(|key| key.jwk().clone()).collect() };
        let jwks = serde_json::to_vec(&set).map_err(KeyError::Json)?.into();
        Ok(Self { keys, signer, jwks })
    }

    fn differs(&self, other: &Self) -> bool {
        self.signer.kid() != other.signer.kid() || self.jwks != other.jwks
    }
}
