//! Who calls, what they may do, and how often.

use super::act::Caller;
use super::refuse::{forbidden, not_permitted, too_many, unauthenticated};
use super::world::{Bucket, State, Token};
use crate::stage::{Call, Refusal};
use jiff::Timestamp;

/// A call, in thousandths.
const CALL: u64 = 1000;
/// A minute, in milliseconds.
const MINUTE_MS: u64 = 60_000;

/// What a rule asks of a token: one of these permissions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Permit {
    /// For everything in the account.
    pub(super) all: &'static [&'static str],
    /// For what the user owns.
    pub(super) own: &'static [&'static str],
    /// Whose words a refusal has: the platform names what is lacking, Mission Control does not.
    pub(super) named: bool,
}

/// Who sent a call, by its token.
pub(super) fn admit(state: &State, call: &Call) -> Result<(String, Caller), Refusal> {
    let value = call.credentials("Bearer").ok_or_else(unauthenticated)?;
    let token = state.tokens.get(value).filter(|token| token.valid(call.now));
    let token = token.ok_or_else(unauthenticated)?;
    let caller = Caller {
        user_id: token.user_id.clone(),
        permissions: token.permissions.clone(),
        own_only: false,
    };
    Ok((value.to_owned(), caller))
}

/// Takes one call out of the token's bucket.
pub(super) fn take(state: &mut State, token: &str, now: Timestamp) -> Result<(), Refusal> {
    let Some(token) = state.tokens.get_mut(token) else { return Err(unauthenticated()) };
    let per_minute = u64::from(token.requests_per_minute);
    token.bucket.take(per_minute, now).map_err(too_many)
}

impl Token {
    /// Whether it can be used at a moment.
    fn valid(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|end| now < end)
    }
}

impl Caller {
    /// The caller, with as much as the permissions allow.
    pub(super) fn with(self, permit: &Permit) -> Result<Self, Refusal> {
        let has = |names: &[&str]| names.iter().any(|name| self.may(name));
        if has(permit.all) {
            return Ok(self);
        }
        if has(permit.own) {
            return Ok(Self { own_only: true, ..self });
        }
        match permit.all.first().filter(|_| permit.named) {
            Some(name) => Err(forbidden(format!("Subject does not have permission [{name}]"))),
            None => Err(not_permitted()),
        }
    }

    /// Whether the token has a permission.
    pub(super) fn may(&self, name: &str) -> bool {
        self.permissions.iter().any(|known| known == name)
    }
}

impl Bucket {
    /// Takes a call out, or says in how many seconds there will be one.
    fn take(&mut self, per_minute: u64, now: Timestamp) -> Result<(), u64> {
        let past = now.as_millisecond().saturating_sub(self.filled.as_millisecond());
        let past = u64::try_from(past).unwrap_or_default().min(MINUTE_MS);
        let refilled = past.saturating_mul(per_minute).saturating_mul(CALL) / MINUTE_MS;
        self.taken_milli = self.taken_milli.saturating_sub(refilled);
        // Time that has filled in nothing yet goes on counting.
        if refilled > 0 || now < self.filled {
            self.filled = now;
        }
        let taken = self.taken_milli.saturating_add(CALL);
        let beyond = taken.saturating_sub(per_minute.saturating_mul(CALL));
        if beyond == 0 {
            self.taken_milli = taken;
            return Ok(());
        }
        let wait_ms = beyond.saturating_mul(MINUTE_MS / CALL).checked_div(per_minute);
        let wait_ms = wait_ms.unwrap_or(MINUTE_MS);
        Err(wait_ms.div_ceil(1000).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn a_bucket_holds_the_calls_of_a_minute_and_fills_up() {
        let mut bucket = Bucket { taken_milli: 0, filled: at(0) };
        for _ in 0..3 {
            assert_eq!(bucket.take(3, at(0)), Ok(()));
        }
        assert_eq!(bucket.take(3, at(0)), Err(20));
        assert_eq!(bucket.take(3, at(15)), Err(5));
        assert_eq!(bucket.take(3, at(20)), Ok(()));
        assert_eq!(bucket.take(3, at(20)), Err(20));
        assert_eq!(bucket.take(0, at(20)), Err(60));
    }

    #[test]
    fn a_clock_that_goes_back_gives_and_takes_nothing() {
        let mut bucket = Bucket { taken_milli: 0, filled: at(100) };
        assert_eq!(bucket.take(1, at(50)), Ok(()));
        assert_eq!(bucket.take(1, at(50)), Err(60));
    }
}
