//! How often an operation may be called in a minute: by a user, or by an organization.
//!
//! The guide names the numbers and not the window. Here a window begins with the first call in it
//! and lasts a minute; refused calls count too.

use super::routes::Target;
use super::state::Window;
use crate::stage::Refusal;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A window's length in milliseconds.
const MINUTE: i64 = 60_000;

/// Calls of one operation in a minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// As many as come.
    None,
    /// So many by a user.
    PerUser(u32),
    /// So many for an organization.
    PerOrg(u32),
}

/// Counts a call. Windows that are over are forgotten, so there is at most one for each operation
/// and user or organization.
///
/// # Errors
/// There were too many; the rest of the window is named.
pub(super) fn take(
    windows: &mut BTreeMap<String, Window>,
    target: &Target,
    account: &str,
    org: &str,
    now: Timestamp,
) -> Result<(), Refusal> {
    let (most, whose) = match target.limit {
        Limit::None => return Ok(()),
        Limit::PerUser(most) => (most, account),
        Limit::PerOrg(most) => (most, org),
    };
    windows.retain(|_, window| left(window, now) > 0);
    let key = format!("{} {whose}", target.name);
    let window = windows.entry(key).or_insert(Window { since: now, count: 0 });
    if window.count >= most {
        let wait = left(window, now).saturating_add(999).div_euclid(1000);
        let why = format!("The rate limit of {most} requests per minute is exceeded");
        return Err(Refusal::row("429").message(why).wait(u64::try_from(wait).unwrap_or(60)));
    }
    window.count += 1;
    Ok(())
}

/// What is left of a window in milliseconds; nothing of one that begins later than now.
fn left(window: &Window, now: Timestamp) -> i64 {
    let past = now.as_millisecond().saturating_sub(window.since.as_millisecond());
    if past < 0 { 0 } else { (MINUTE - past).max(0) }
}
