//! Kept connections. Those of HTTP/1.1 lie on a stack for each target: the one used last is used
//! next, so that those that are not needed grow old and go. HTTP/2 has one for each target, which
//! all calls share.

use crate::gate::Gate;
use crate::http2::Multiplexed;
use crate::sent::{Meter, Payload};
use crate::target::{Speech, Target, TargetId};
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
    /// How many unused HTTP/1.1 connections are kept for a target: 32.
    pub per_target: usize,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self { idle: Duration::from_mins(1), lifetime: Duration::from_mins(5), per_target: 32 }
    }
}

/// An open connection, of either version.
#[derive(Debug)]
pub(crate) enum Link {
    /// HTTP/1.1: for one call at a time.
    Lone(Connection),
    /// HTTP/2: for many.
    Shared(Arc<Multiplexed>),
}

/// An open HTTP/1.1 connection and the evidence of what it sent.
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
    shelves: HashMap<TargetId, Shelf>,
    /// Whether a task is around that will remove what has expired.
    swept: bool,
}

/// What is kept of one target.
#[derive(Debug, Default)]
struct Shelf {
    lone: Vec<Connection>,
    shared: Option<Arc<Multiplexed>>,
    /// Whether the target was last seen to choose HTTP/1.1, for which nobody need wait.
    chose_http1: bool,
    gate: Arc<Gate>,
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

    /// A connection to `target` that is still good `now`: the shared one, or the one used last.
    pub(crate) fn take(&self, target: TargetId, now: Instant) -> Option<Link> {
        let mut kept = self.lock();
        let shelf = kept.shelves.get_mut(&target)?;
        if let Some(shared) = shelf.shared(now, &self.limits) {
            return Some(Link::Shared(shared));
        }
        let mut lone = std::iter::from_fn(|| shelf.lone.pop());
        lone.find(|kept| kept.is_usable(now, &self.limits)).map(Link::Lone)
    }

    /// The connection to `target` that all calls share, if there is one and it is still good.
    pub(crate) fn shared(&self, target: TargetId) -> Option<Arc<Multiplexed>> {
        let mut kept = self.lock();
        kept.shelves.get_mut(&target)?.shared(Instant::now(), &self.limits)
    }

    /// Where calls wait for the one that opens the connection for all of them; `None` where each
    /// opens its own.
    pub(crate) fn gate(&self, target: &Target) -> Option<Arc<Gate>> {
        if target.speech() == Speech::Http1 {
            return None;
        }
        let mut kept = self.lock();
        let shelf = kept.shelves.entry(target.id()).or_default();
        (!shelf.chose_http1).then(|| Arc::clone(&shelf.gate))
    }

    /// Takes note of a fresh connection: one of HTTP/2 is there for all from now on.
    pub(crate) fn note(self: &Arc<Self>, target: TargetId, fresh: &Link) {
        let mut kept = self.lock();
        let shelf = kept.shelves.entry(target).or_default();
        match fresh {
            Link::Lone(_) => shelf.chose_http1 = true,
            Link::Shared(shared) => {
                shelf.chose_http1 = false;
                shelf.shared = Some(Arc::clone(shared));
            }
        }
        self.see_to_sweeping(&mut kept);
    }

    /// Gives no further call a connection that is ending.
    pub(crate) fn forget(&self, target: TargetId, ending: &Arc<Multiplexed>) {
        if let Some(shelf) = self.lock().shelves.get_mut(&target) {
            shelf.shared.take_if(|shared| Arc::ptr_eq(shared, ending));
        }
    }

    /// Keeps an HTTP/1.1 connection whose exchange is over.
    pub(crate) fn put(self: &Arc<Self>, target: TargetId, mut connection: Connection) {
        let now = Instant::now();
        connection.idle_since = now;
        if !connection.is_usable(now, &self.limits) {
            return;
        }
        let mut kept = self.lock();
        let stack = &mut kept.shelves.entry(target).or_default().lone;
        if stack.len() < self.limits.per_target {
            stack.push(connection);
        }
        self.see_to_sweeping(&mut kept);
    }

    fn see_to_sweeping(self: &Arc<Self>, kept: &mut Kept) {
        if !std::mem::replace(&mut kept.swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self), self.limits.idle));
        }
    }

    /// Removes what has expired. Whether anything is left.
    fn purge(&self) -> bool {
        let mut kept = self.lock();
        let now = Instant::now();
        kept.shelves.retain(|_, shelf| shelf.purge(now, &self.limits));
        kept.swept = !kept.shelves.is_empty();
        kept.swept
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Shelf ===

impl Shelf {
    fn shared(&mut self, now: Instant, limits: &PoolLimits) -> Option<Arc<Multiplexed>> {
        self.shared.take_if(|shared| !shared.is_usable(now, limits));
        self.shared.clone()
    }

    /// Removes what has expired. Whether the shelf is still needed.
    fn purge(&mut self, now: Instant, limits: &PoolLimits) -> bool {
        self.lone.retain(|connection| connection.is_usable(now, limits));
        let waited_for = Arc::strong_count(&self.gate) > 1;
        self.shared(now, limits).is_some() || !self.lone.is_empty() || waited_for
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
