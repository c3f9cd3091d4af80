//! Bells: who waits for a change that happens in this process need not ask again and again.
//!
//! A bell is only a wake-up. What is true stands in the ledger, and changes made by other nodes ring
//! nothing here; so whoever waits looks by itself from time to time.

use crate::{OpId, Time};
use std::array;
use std::time::Duration;
use tokio::sync::watch;

/// How many bells operations share: enough that one change wakes few others, few enough to be cheap.
const SHARDS: usize = 64;

/// The bells of one engine.
#[derive(Debug)]
pub struct Bells {
    ops: [watch::Sender<u64>; SHARDS],
    work: watch::Sender<u64>,
    documents: watch::Sender<u64>,
}

/// Something that may ring.
#[derive(Debug)]
pub struct Bell(watch::Receiver<u64>);

/// What rings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ring {
    /// An operation changed.
    Op(OpId),
    /// There is something to claim.
    Work,
    /// A document changed.
    Documents,
}

impl Default for Bells {
    fn default() -> Self {
        let silent = || watch::Sender::new(0);
        Self { ops: array::from_fn(|_| silent()), work: silent(), documents: silent() }
    }
}

impl Bells {
    /// Rings when the operation may have changed.
    pub fn op(&self, id: &OpId) -> Bell {
        Bell(shard(&self.ops, id).map_or_else(|| self.work.subscribe(), watch::Sender::subscribe))
    }

    /// Rings when there may be something to claim.
    pub fn work(&self) -> Bell {
        Bell(self.work.subscribe())
    }

    /// Rings when a document may have changed.
    pub fn documents(&self) -> Bell {
        Bell(self.documents.subscribe())
    }

    pub(crate) fn ring(&self, ring: Ring) {
        match ring {
            Ring::Op(id) => shard(&self.ops, &id).into_iter().for_each(strike),
            Ring::Work => strike(&self.work),
            Ring::Documents => strike(&self.documents),
        }
    }
}

/// The last byte of a `UUIDv7` is random, so that it spreads operations over the bells.
fn shard<'b>(bells: &'b [watch::Sender<u64>; SHARDS], id: &OpId) -> Option<&'b watch::Sender<u64>> {
    let last = id.as_bytes().last().copied().unwrap_or_default();
    bells.get(usize::from(last) % SHARDS)
}

fn strike(bell: &watch::Sender<u64>) {
    if bell.receiver_count() > 0 {
        bell.send_modify(|count| *count = count.wrapping_add(1));
    }
}

impl Bell {
    /// Waits until it rings, at most this long. Whether it rang.
    pub async fn rung_within(&mut self, most: Duration) -> bool {
        matches!(tokio::time::timeout(most, self.0.changed()).await, Ok(Ok(())))
    }
}

/// A wait between looks: around `about`, by chance a quarter more or less, so that nodes do not look
/// all at once.
pub fn jittered(about: Duration) -> Duration {
    about.mul_f64(fastrand::f64().mul_add(0.5, 0.75))
}

/// What a job rang; struck once it is committed.
#[derive(Debug, Default)]
pub(crate) struct Rung(Vec<Ring>);

impl Rung {
    pub(crate) fn note(&mut self, ring: Ring) {
        if !self.0.contains(&ring) {
            self.0.push(ring);
        }
    }

    pub(crate) fn op(&mut self, id: OpId) {
        self.0.push(Ring::Op(id));
    }

    /// There is something to claim by `now`.
    pub(crate) fn due(&mut self, due: Time, now: Time) {
        if due <= now {
            self.note(Ring::Work);
        }
    }

    pub(crate) fn strike(&mut self, bells: &Bells) {
        for ring in self.0.drain(..) {
            bells.ring(ring);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_bell_rings_for_its_operation() {
        let bells = Bells::default();
        let id = uuid::Uuid::now_v7();
        let mut bell = bells.op(&id);
        bells.ring(Ring::Op(id));
        assert!(bell.rung_within(Duration::from_secs(5)).await);
        assert!(!bell.rung_within(Duration::from_millis(1)).await);
    }
}
