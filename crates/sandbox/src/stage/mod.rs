//! The stage that every API of the sandbox plays on: a world with time, weather and ids of its own,
//! calls that come in, and answers by the rows of the contract.
//!
//! An [`Api`] is rules over a state, without sockets, waiting or a clock: a call at a moment changes
//! the state and has one answer. Whatever takes time is a moment in the state that has passed or
//! not. So a world can be saved, loaded, moved in time, and driven by tests without a server.

mod call;
mod conditions;
mod control;
mod ids;
mod reply;
mod routes;
mod time;

pub use call::{Body, Call, NoJson};
pub use conditions::Conditions;
pub(crate) use control::{Controlled, answer as control};
pub use ids::Ids;
pub use reply::{Refusal, Reply};
pub use routes::{Found, Route, find};
pub use time::Time;

use candor_contract::{Library, Table};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// An API: the rules that it follows, and the world that it starts with.
pub trait Api: Sized + 'static {
    /// The name of its contract.
    const NAME: &'static str;
    /// Where its paths begin below an address; empty where they begin at the root.
    const BASE: &'static str;
    /// How each of its documented rows is reached, as an HTTP file (see [`crate::reach`]).
    const REACH: &'static str;
    /// All that it remembers. Bounded: a rule that adds something says how much there may be.
    type State: Clone + Serialize + DeserializeOwned + Send + 'static;

    /// The state at the start. Its ids are always the same, its times near `now`.
    fn found(now: Timestamp) -> Self::State;

    /// Answers a call. A refused call changes nothing but counters.
    ///
    /// # Errors
    /// The row of the contract that the call is refused by.
    fn answer(world: &mut World<Self::State>, call: &Call) -> Result<Reply, Refusal>;

    /// Whether a state is one that its rules could have led to.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    fn check(state: &Self::State) -> Result<(), String>;
}

/// A world: what an API remembers, and what is around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct World<S> {
    /// What the API remembers.
    pub state: S,
    /// The weather.
    pub conditions: Conditions,
    /// Since when the weather is like this.
    pub conditions_since: Timestamp,
    /// The time.
    pub time: Time,
    /// Where new ids come from.
    pub ids: Ids,
}

/// How a world begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seed {
    /// Ids and times are the same in each run: the clock stands at the start of 2026 until it is
    /// moved.
    Fixed(u64),
    /// Ids of their own, from this number, and the machine's time.
    Running(u64),
}

impl Seed {
    /// The time at the start.
    pub fn time(self) -> Time {
        match self {
            Self::Running(_) => Time::MACHINE,
            Self::Fixed(_) => Time::Standing { at: the_start() },
        }
    }

    fn number(self) -> u64 {
        match self {
            Self::Running(number) | Self::Fixed(number) => number,
        }
    }
}

/// An API with its world, ready for calls.
pub struct Stage<A: Api> {
    table: Arc<Table>,
    seed: Seed,
    world: Mutex<World<A::State>>,
    changes: AtomicU64,
}

impl<S> World<S> {
    /// A world with this state.
    fn begin(seed: Seed, found: impl FnOnce(Timestamp) -> S) -> Self {
        let time = seed.time();
        let now = time.now();
        Self {
            state: found(now),
            conditions: Conditions::default(),
            conditions_since: now,
            time,
            ids: Ids::new(seed.number()),
        }
    }

    /// Whether what the API depends on is down now.
    pub fn in_maintenance(&self, now: Timestamp) -> bool {
        self.maintenance_left(now).is_some()
    }

    /// For how many seconds it will be down; 0 where nobody knows, `None` where it is up.
    pub fn maintenance_left(&self, now: Timestamp) -> Option<u64> {
        let Conditions { maintenance: true, maintenance_seconds: seconds, .. } = self.conditions
        else {
            return None;
        };
        if seconds == 0 {
            return Some(0);
        }
        let past = now.duration_since(self.conditions_since).as_secs();
        let past = u64::try_from(past).unwrap_or_default();
        seconds.checked_sub(past).filter(|left| *left > 0)
    }
}

/// 2026-01-01T00:00:00Z.
fn the_start() -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap_or(Timestamp::UNIX_EPOCH)
}

impl<A: Api> Stage<A> {
    /// The API in its first world, with the contract that comes with Candor.
    ///
    /// # Errors
    /// The contract is not one of those.
    pub fn new(library: &Library, seed: Seed) -> Result<Self, String> {
        let table = library.get(A::NAME);
        let table = table.ok_or_else(|| format!("there is no contract `{}`", A::NAME))?;
        let world = Mutex::new(World::begin(seed, A::found));
        Ok(Self { table, seed, world, changes: AtomicU64::new(0) })
    }

    /// The world. Nothing waits while it is held.
    pub fn world(&self) -> MutexGuard<'_, World<A::State>> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The contract by whose rows it answers.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// How often the world may have changed.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    fn note_change(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// Answers a call, now by the world's time.
    pub fn call(&self, mut call: Call) -> Reply {
        if !call.method.is_safe() {
            self.note_change();
        }
        let mut world = self.world();
        call.now = world.time.now();
        match A::answer(&mut world, &call) {
            Ok(reply) => reply,
            Err(refusal) => Reply::of(&refusal, &self.table),
        }
    }
}

impl<A: Api> fmt::Debug for Stage<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage").field("api", &A::NAME).finish_non_exhaustive()
    }
}
