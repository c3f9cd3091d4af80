//! An issuer's keys, kept and renewed.
//!
//! A set is used as it is, and renewed beside the calls when it is five minutes old. A token that
//! names a key that is not in it waits for a new set, for issuers change their keys; but a set is
//! asked for once a minute at most, so that tokens with invented keys do not become calls to the
//! issuer. An issuer that does not answer leaves the keys as they are, for a day.

use super::key_set::{KeySet, Missing, VerifyKey};
use arc_swap::ArcSwapOption;
use bytes::Bytes;
use candor_facts::Fault;
use candor_wire::{BODY_LIMIT, Client, Outbound, Target};
use http::Method;
use jsonwebtoken::Algorithm;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// When a set is renewed.
const OLD: Duration = Duration::from_mins(5);
/// When it is not used any more: a key that its issuer has withdrawn must end some time.
const TOO_OLD: Duration = Duration::from_hours(24);
/// How often a set is asked for at most.
const AGAIN: Duration = Duration::from_mins(1);
/// The same while there is none at all: nobody can call until there is.
const FIRST_AGAIN: Duration = Duration::from_secs(5);
/// How long fetching a set may take.
const FETCH_TIME: Duration = Duration::from_secs(5);
/// The most bytes of a set: 256 KiB.
const LARGEST: usize = 256 * 1024;

/// Where an issuer's public keys are (a JWK Set, RFC 7517).
#[derive(Debug, Clone)]
pub enum KeySource {
    /// In this file of at most 256 KiB, which may be replaced.
    File(PathBuf),
    /// At this URL, whose path is the target's own.
    Url(Target),
}

/// The keys of an issuer, and where they come from.
#[derive(Debug)]
pub(super) struct KeyCache {
    source: KeySource,
    kept: ArcSwapOption<Kept>,
    /// When a set was last asked for. Locked while one is.
    asked: Mutex<Option<Instant>>,
}

#[derive(Debug)]
struct Kept {
    set: KeySet,
    since: Instant,
}

/// Why there is no key for a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The issuer's keys are there, and none is for it.
    Missing(Missing),
    /// The issuer's keys are not to be had.
    Unavailable,
}

/// Why a set was not renewed.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("the issuer cannot be reached")]
    Fault(#[source] Fault),
    #[error("the issuer answers with status {0}")]
    Status(u16),
    #[error("the file cannot be read")]
    File(#[source] io::Error),
    #[error("this is no key set, or none with a key for RS256, ES256 or EdDSA")]
    NoKeys,
}

impl KeyCache {
    /// Keys that will be asked for.
    pub(super) fn new(source: KeySource) -> Arc<Self> {
        Self::of(source, None)
    }

    /// Keys that are there.
    pub(super) fn with(source: KeySource, set: KeySet) -> Arc<Self> {
        let since = Instant::now();
        Self::of(source, Some(Arc::new(Kept { set, since })))
    }

    fn of(source: KeySource, kept: Option<Arc<Kept>>) -> Arc<Self> {
        let asked = Mutex::new(kept.as_ref().map(|kept| kept.since));
        Arc::new(Self { source, kept: ArcSwapOption::new(kept), asked })
    }

    /// Whether both come from the same URL, by the same policy.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        match (&self.source, &other.source) {
            (KeySource::Url(one), KeySource::Url(other)) => one.is_like(other),
            (KeySource::File(_), _) | (_, KeySource::File(_)) => false,
        }
    }

    /// The key of this id for this algorithm.
    pub(super) async fn get(
        self: &Arc<Self>,
        kid: Option<&str>,
        algorithm: Algorithm,
        client: &Client,
    ) -> Result<Arc<VerifyKey>, NoKey> {
        let found = self.find(kid, algorithm);
        match found {
            Ok(_) if self.is_due() => drop(self.renew(client)),
            Err(NoKey::Unavailable | NoKey::Missing(Missing::Unknown)) => {
                drop(self.renew(client).await);
                return self.find(kid, algorithm);
            }
            Ok(_) | Err(NoKey::Missing(Missing::OtherAlgorithm | Missing::Ambiguous)) => {}
        }
        found
    }

    fn find(&self, kid: Option<&str>, algorithm: Algorithm) -> Result<Arc<VerifyKey>, NoKey> {
        let kept = self.kept.load();
        let kept = kept.as_ref().filter(|kept| kept.since.elapsed() < TOO_OLD);
        let found = kept.ok_or(NoKey::Unavailable)?.set.find(kid, algorithm);
        found.map(Arc::clone).map_err(NoKey::Missing)
    }

    /// Whether the set is to be renewed beside the calls, and nobody does so already.
    fn is_due(&self) -> bool {
        let is_old = self.kept.load().as_ref().is_none_or(|kept| kept.since.elapsed() >= OLD);
        is_old && self.asked.try_lock().is_ok_and(|asked| self.may_ask(*asked))
    }

    fn may_ask(&self, asked: Option<Instant>) -> bool {
        let pause = if self.kept.load().is_none() { FIRST_AGAIN } else { AGAIN };
        asked.is_none_or(|asked| asked.elapsed() >= pause)
    }

    /// Renews the set in a task of its own, so that a caller who hangs up does not end what others
    /// wait for.
    fn renew(self: &Arc<Self>, client: &Client) -> tokio::task::JoinHandle<()> {
        let (own, client) = (Arc::clone(self), client.clone());
        tokio::spawn(async move { own.ask(&client).await })
    }

    /// Asks for the set, unless that was done a short while ago. Of several at the same time one
    /// asks, and the others wait for it.
    async fn ask(&self, client: &Client) {
        let mut asked = self.asked.lock().await;
        if !self.may_ask(*asked) {
            return;
        }
        *asked = Some(Instant::now());
        match self.source.fetch(client).await {
            Ok(set) => {
                let since = Instant::now();
                self.kept.store(Some(Arc::new(Kept { set, since })));
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                let place = self.source.place();
                tracing::warn!(place, %error, cause, "an issuer's keys stay as they are");
            }
        }
    }
}

impl KeySource {
    /// Where it is, for the operator.
    fn place(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Url(target) => format!("{}{}", target.origin(), target.path().path()),
        }
    }

    async fn fetch(&self, client: &Client) -> Result<KeySet, Failed> {
        let json = match self {
            Self::File(path) => {
                let path = path.clone();
                let read = tokio::task::spawn_blocking(move || read_file(&path)).await;
                read.map_err(io::Error::other).flatten().map_err(Failed::File)?.into()
            }
            Self::Url(target) => fetch(client, target).await?,
        };
        KeySet::read(&json).ok_or(Failed::NoKeys)
    }
}

async fn fetch(client: &Client, target: &Target) -> Result<Bytes, Failed> {
    let outbound = Outbound {
        deadline: Instant::now() + FETCH_TIME,
        body_limit: LARGEST.min(BODY_LIMIT),
        ..Outbound::new(Method::GET, target.path())
    };
    let answer = client.send(target, outbound).await.map_err(Failed::Fault)?;
    match answer.status.as_u16() {
        200 => Ok(answer.body),
        other => Err(Failed::Status(other)),
    }
}

/// The bytes of a key set's file, within its bound. Blocks.
pub(super) fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 256 KiB"));
    }
    Ok(bytes)
}
