//! Which course a call takes: straight through, or kept; and how long its caller waits.

use super::prefer::Preferences;
use super::{Operations, idempotency};
use crate::callback::{Callback, Durability, Promote};
use crate::setup::Setup;
use candor_facts::{Held, HeldKind};
use http::HeaderMap;
use std::time::Duration;

/// The longest time that a caller may prefer to wait.
const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// The course of a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// It is made and answered, and the ledger knows nothing of it.
    Plain,
    /// It is kept.
    Kept(Wish),
}

/// How a kept call is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    /// The caller's idempotency key.
    pub(super) key: Option<String>,
    /// How long the caller waits before it is answered with an operation; to the end where `None`.
    pub(super) wait: Option<Duration>,
    /// The preferences that were heeded, as `Preference-Applied` has them.
    pub(super) applied: Option<String>,
}

/// The course of a call to `callback`.
///
/// # Errors
/// The idempotency key is none, or cannot be heeded: then nothing is sent, for the caller relies on it.
pub(crate) fn course(
    setup: &Setup,
    headers: &HeaderMap,
    callback: &Callback,
) -> Result<Course, Held> {
    let Some(operations) = &setup.operations else {
        if headers.contains_key(idempotency::IDEMPOTENCY_KEY) {
            let detail = "idempotency keys need a ledger, and there is none";
            return Err(Held::new(HeldKind::NotImplemented, detail));
        }
        return Ok(Course::Plain);
    };
    let key = idempotency::key(headers)?;
    let Durability { promote, serial, forget } = callback.durability();
    if *promote == Promote::Never && key.is_none() && serial.is_none() && !forget {
        return Ok(Course::Plain);
    }
    let (wait, applied) = wait(operations, *promote, *forget, headers);
    Ok(Course::Kept(Wish { key, wait, applied }))
}

/// How long the caller waits, and the preferences that say so.
fn wait(
    operations: &Operations,
    promote: Promote,
    forget: bool,
    headers: &HeaderMap,
) -> (Option<Duration>, Option<String>) {
    let after = match promote {
        _ if forget => return (Some(Duration::ZERO), None),
        Promote::Always => return (Some(Duration::ZERO), None),
        Promote::Never => return (None, None),
        Promote::After(after) => after.unwrap_or(operations.after),
    };
    let Preferences { respond_async, wait } = Preferences::of(headers);
    let wait = wait.map(|wait| wait.min(LONGEST_WAIT));
    let waits = wait.map(|wait| format!("wait={}", wait.as_secs()));
    match (respond_async, wait) {
        (false, None) => (Some(after), None),
        (true, None) => (Some(Duration::ZERO), Some("respond-async".to_owned())),
        (false, Some(_)) => (wait, waits),
        (true, Some(_)) => (wait, waits.map(|waits| format!("respond-async, {waits}"))),
    }
}
