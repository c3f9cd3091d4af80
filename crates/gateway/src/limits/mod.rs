//! Limits: how many calls may pass in a time, and how many at once.
//!
//! | type | what it holds | for |
//! |---|---|---|
//! | [`Window`] | n calls in a fixed time that the first call opens | callers; vendors count so |
//! | [`Smooth`] | n calls in t, spread evenly, with a burst | callers |
//! | [`Quota`] | n calls in a day or a month of the calendar | callers |
//! | [`Sliding`] | never more than n calls in *any* time t | to stay under a vendor's limit |
//! | [`SharedRule`] | the same, over all gateways on one ledger | to stay under it together |
//! | [`Concurrency`] | n calls at once, the others wait in a short line | callers, upstreams |
//! | [`Shed`] | 90 % of what the gateway can bear | the gateway itself |
//!
//! They are put together in two places: an [`Account`] is what one caller has used of its
//! [`Terms`], and [`UpstreamLimits`] stand before one upstream. Both make a [`Held`] of a refusal.
//!
//! All state but of what is shared is in memory and of this process: it begins anew with the process,
//! and several processes each count their own. Each limit takes the time as an argument; only the two places
//! where they are put together read a clock. A decision looks at a few numbers (a [`Sliding`] at
//! the logarithm of 256 of them) and allocates nothing.
//!
//! Not here: who calls (`callers`), and how a refusal is answered.
//!
//! [`Held`]: candor_facts::Held

mod account;
mod concurrency;
mod fields;
mod line;
mod quota;
mod rate;
mod refused;
mod share;
mod shared;
mod shed;
mod sliding;
mod smooth;
mod upstream;
mod window;

pub(crate) use account::Told;
pub use account::{Account, Admission, CallerRate, Terms};
pub use concurrency::{Concurrency, ConcurrencyRule, Permit};
pub use fields::{RATE_LIMIT, RATE_LIMIT_POLICY, Standing};
pub use line::{Line, LineRule, Place};
pub use quota::{Period, Quota, QuotaRule};
pub use rate::{BadRate, Rate};
pub use refused::{Refused, Why};
pub(crate) use shared::Pools;
pub use shared::{SharedRule, WhenDown};
pub use shed::{Load, Shed};
pub use sliding::{Sliding, SlidingRule};
pub use smooth::{Smooth, SmoothRule};
pub use upstream::{Turn, UpstreamLimits};
pub use window::Window;

use tokio::time::Instant;

/// An account of calls: what has passed of what may.
pub trait Meter: std::fmt::Debug + Send {
    /// Counts a call, or says when one may pass.
    ///
    /// # Errors
    /// The account is used up; nothing is counted.
    fn admit(&mut self, now: Instant) -> Result<(), Refused>;

    /// How the account stands.
    fn standing(&self, now: Instant) -> Standing;
}
