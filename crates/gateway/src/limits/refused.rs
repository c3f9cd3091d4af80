//! What a limit answers to a call that may not pass.

use candor_facts::{Held, HeldKind};
use std::time::Duration;

/// A call that may not pass. Nothing was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Why.
    pub why: Why,
    /// In which time a call may pass at the earliest. Others may come first.
    pub after: Duration,
}

/// Why a call may not pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// Its account is used up.
    Spent,
    /// As many calls wait in line as may.
    LineFull,
    /// It waited in line for longer than is bearable at this load.
    WaitTooLong,
    /// Its own time was up while it waited in line.
    Deadline,
}

impl Refused {
    pub(super) fn new(why: Why, after: Duration) -> Self {
        Self { why, after }
    }

    /// The refusal as a call that was held back: for `kind`, unless it was its own time that was
    /// up. `what` says what is limited.
    pub(super) fn held(self, kind: HeldKind, what: &str) -> Held {
        let how = match self.why {
            Why::Spent => "is used up",
            Why::LineFull => "has as many calls waiting as may",
            Why::WaitTooLong => "let the call wait for longer than is bearable at this load",
            Why::Deadline => {
                let detail = format!("the time for the call was up while it waited for {what}");
                return Held::new(HeldKind::DeadlineExceeded, detail);
            }
        };
        let after = Some(whole_seconds(self.after).max(1));
        Held { after, ..Held::new(kind, format!("{what} {how}")) }
    }
}

/// Whole seconds, rounded up, so that whoever comes back then does not come too early.
pub(super) fn whole_seconds(time: Duration) -> u64 {
    time.as_secs().saturating_add(u64::from(time.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_whole_seconds_and_never_as_none() {
        let after = |millis| {
            let refused = Refused::new(Why::Spent, Duration::from_millis(millis));
            refused.held(HeldKind::RateLimited, "the limit").after
        };
        assert_eq!([after(0), after(1000), after(1001)], [Some(1), Some(1), Some(2)]);
    }

    #[test]
    fn a_deadline_is_the_call_s_own() {
        let held = Refused::new(Why::Deadline, Duration::ZERO).held(HeldKind::Shed, "a slot");
        assert_eq!((held.kind, held.after), (HeldKind::DeadlineExceeded, None));
    }
}
