//! Kept connections, a stack for each target: the one used last is used next, so that those that
//! are not needed grow old and go.

use crate::sent::{Meter, Payload};
use crate::target::TargetId;
use hyper::client::conn::http1::SendRequest;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long and how many connections are kept.
#[derive(Debug, Clone, Copy)]
pub struct PoolLimits {
    /// How long a connection is kept unused: 60 s.
    pub idle: Duration,
    /// How old a connection may become: 5 min. A name's addresses are looked up and judged for
    /// each new connection, so this is how long a change can go unseen.
    pub lifetime: Duration,
    /// How many unused connections are kept for a target: 32.
    pub per_target: usize,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self { idle: Duration::from_mins(1), lifetime: Duration::from_mins(5), per_target: 32 }
    }
}

/// An open connection and the evidence of what it sent.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) sender: SendRequest<Payload>,
    pub(crate) meter: Arc<Meter>,
    opened: Instant,
    /// When it was last put back.
    idle_since: Instant,
}

/// The kept connections of a client.
#[derive(Debug)]
pub(crate) struct Pool {
    limits: PoolLimits,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    stacks: HashMap<TargetId, Vec<Connection>>,
    /// Whether a task is around that will remove what has expired.
    swept: bool,
}

// === impl Connection ===

impl Connection {
    pub(crate) fn new(sender: SendRequest<Payload>, meter: Arc<Meter>) -> Self {
        let now = Instant::now();
        Self { sender, meter, opened: now, idle_since: now }
    }

    fn is_usable(&self, now: Instant, limits: &PoolLimits) -> bool {
        !self.sender.is_closed()
            && now.duration_since(self.idle_since) < limits.idle
            && now.duration_since(self.opened) < limits.lifetime
    }
}

// === impl Pool ===

impl Pool {
    pub(crate) fn new(limits: PoolLimits) -> Self {
        Self { limits, kept: Mutex::default() }
    }

    /// The connection to `target` that was used last, if one is still good.
    pub(crate) fn take(&self, target: TargetId) -> Option<Connection> {
        let mut kept = self.lock();
        let stack = kept.stacks.get_mut(&target)?;
        let now = Instant::now();
        std::iter::from_fn(|| stack.pop()).find(|kept| kept.is_usable(now, &self.limits))
    }

    /// Keeps a connection whose exchange is over.
    pub(crate) fn put(self: &Arc<Self>, target: TargetId, mut connection: Connection) {
        let now = Instant::now();
        connection.idle_since = now;
        if !connection.is_usable(now, &self.limits) {
            return;
        }
        let mut kept = self.lock();
        let stack = kept.stacks.entry(target).or_default();
        if stack.len() < self.limits.per_target {
            stack.push(connection);
        }
        if !std::mem::replace(&mut kept.swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self), self.limits.idle));
        }
    }

    /// Removes what has expired. Whether anything is left.
    fn purge(&self) -> bool {
        let mut kept = self.lock();
        let now = Instant::now();
        kept.stacks.retain(|_, stack| {
            stack.retain(|connection| connection.is_usable(now, &self.limits));
            !stack.is_empty()
        });
        kept.swept = !kept.stacks.is_empty();
        kept.swept
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes what nobody came back for; ends with the pool, or when nothing is left in it.
async fn sweep(pool: Weak<Pool>, every: Duration) {
    loop {
        sleep(every).await;
        match pool.upgrade() {
            Some(pool) if pool.purge() => {}
            Some(_) | None => return,
        }
    }
}
