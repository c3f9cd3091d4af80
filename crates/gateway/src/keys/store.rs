//! Where the keys are: in a directory, or nowhere but here.

use super::KeyError;
use super::directory::Directory;
use super::key::Key;
use super::schedule::Schedule;
use std::path::Path;
use std::sync::Arc;

/// A place for keys.
#[derive(Debug)]
pub(super) enum Store {
    /// The process itself.
    Memory,
    /// A directory, perhaps shared with other processes.
    Directory(Directory),
}

/// What the schedule asks for.
struct Plan {
    publish: bool,
    /// By key id.
    withdraw: Vec<String>,
}

impl Store {
    pub(super) fn memory() -> Self {
        Self::Memory
    }

    pub(super) fn open(dir: &Path) -> Result<Self, KeyError> {
        Directory::open(dir).map(Self::Directory)
    }

    /// Tends, and waits for another process that is at it. Afterwards there is a key.
    pub(super) fn tend_patiently(
        &self,
        schedule: &Schedule,
        now: i64,
    ) -> Result<Vec<Arc<Key>>, KeyError> {
        match self {
            Self::Memory => carry_out(&[], schedule, now),
            Self::Directory(directory) => {
                let _lock = directory.lock()?;
                tend_locked(directory, &[], schedule, now)
            }
        }
    }

    /// Does what is due and returns the keys as they stand then, sorted by key id. Where another
    /// process is at it already, it is left to that process.
    pub(super) fn tend(
        &self,
        known: &[Arc<Key>],
        schedule: &Schedule,
        now: i64,
    ) -> Result<Vec<Arc<Key>>, KeyError> {
        let Self::Directory(directory) = self else { return carry_out(known, schedule, now) };
        let keys = directory.read(known)?;
        if Plan::of(&keys, schedule, now).is_empty() {
            return Ok(keys);
        }
        match directory.try_lock()? {
            // Looked at again: what was due may be done by now.
            Some(_lock) => tend_locked(directory, &keys, schedule, now),
            None if keys.is_empty() => Ok(known.to_vec()),
            None => Ok(keys),
        }
    }
}

fn tend_locked(
    directory: &Directory,
    known: &[Arc<Key>],
    schedule: &Schedule,
    now: i64,
) -> Result<Vec<Arc<Key>>, KeyError> {
    directory.sweep()?;
    let before = directory.read(known)?;
    let after = carry_out(&before, schedule, now)?;
    for new in after.iter().filter(|key| !holds(&before, key)) {
        directory.add(new)?;
    }
    for old in before.iter().filter(|key| !holds(&after, key)) {
        directory.remove(old)?;
    }
    Ok(after)
}

/// The keys as they should stand at `now`, sorted by key id.
fn carry_out(keys: &[Arc<Key>], schedule: &Schedule, now: i64) -> Result<Vec<Arc<Key>>, KeyError> {
    let plan = Plan::of(keys, schedule, now);
    let mut after = keys.to_vec();
    after.retain(|key| !plan.withdraw.iter().any(|kid| kid == key.kid()));
    if plan.publish {
        after.push(Arc::new(Key::generate(now)?));
    }
    after.sort_by(|one, other| one.kid().cmp(other.kid()));
    Ok(after)
}

fn holds(keys: &[Arc<Key>], key: &Key) -> bool {
    keys.iter().any(|one| one.kid() == key.kid())
}

impl Plan {
    fn of(keys: &[Arc<Key>], schedule: &Schedule, now: i64) -> Self {
        let stamps: Vec<i64> = keys.iter().map(|key| key.published()).collect();
        let withdraw = schedule.withdrawn(&stamps, now);
        let named = |at: usize| keys.get(at).map(|key| key.kid().to_owned());
        Self {
            publish: schedule.is_due(&stamps, now),
            withdraw: withdraw.into_iter().filter_map(named).collect(),
        }
    }

    fn is_empty(&self) -> bool {
        !self.publish && self.withdraw.is_empty()
    }
}
