//! A window of a fixed length that the first call opens, as vendors count.
//!
//! Twice the limit can pass within the window's length: at the end of one window and at the
//! beginning of the next. That is what vendors do, and so what an imitation does; who wants to stay
//! *under* such a limit takes [`Sliding`](super::Sliding).

use super::{Meter, Rate, Refused, Standing, Why};
use std::time::Duration;
use tokio::time::Instant;

/// An account of a fixed window.
#[derive(Debug, Clone)]
pub struct Window {
    rule: Rate,
    /// When the window was opened; `None` before the first call.
    opened: Option<Instant>,
    /// How many calls passed in it.
    used: u32,
}

impl Window {
    /// An account that nobody used.
    pub fn new(rule: Rate) -> Self {
        Self { rule, opened: None, used: 0 }
    }

    /// How long the window still is; `None` where there is none.
    fn left(&self, now: Instant) -> Option<Duration> {
        let left = (self.opened? + self.rule.per()).saturating_duration_since(now);
        (!left.is_zero()).then_some(left)
    }
}

impl Meter for Window {
    fn admit(&mut self, now: Instant) -> Result<(), Refused> {
        let left = self.left(now).unwrap_or_else(|| {
            (self.opened, self.used) = (Some(now), 0);
            self.rule.per()
        });
        if self.used >= self.rule.calls() {
            return Err(Refused::new(Why::Spent, left));
        }
        self.used += 1;
        Ok(())
    }

    fn standing(&self, now: Instant) -> Standing {
        let left = self.left(now);
        let used = if left.is_some() { self.used } else { 0 };
        let remaining = self.rule.calls().saturating_sub(used);
        Standing { remaining, reset: left.unwrap_or_default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn the_first_call_opens_it() {
        let (rate, start) = (Rate::new(2, MINUTE).unwrap(), Instant::now());
        let mut window = Window::new(rate);
        let at = |secs| start + Duration::from_secs(secs);
        assert_eq!(window.standing(at(0)).remaining, 2);
        window.admit(at(50)).unwrap();
        assert_eq!(window.standing(at(50)), Standing { remaining: 1, reset: MINUTE });
        window.admit(at(100)).unwrap();
        assert_eq!(window.standing(at(100)).remaining, 0);
        let refused = window.admit(at(109)).unwrap_err();
        assert_eq!((refused.why, refused.after), (Why::Spent, Duration::from_secs(1)));
        window.admit(at(110)).unwrap();
        assert_eq!(window.standing(at(110)).remaining, 1);
    }

    proptest! {
        #[test]
        fn no_window_holds_more_than_its_calls(
            calls in 1_u32..20,
            gaps in prop::collection::vec(0_u64..400, 1..300),
        ) {
            let rule = Rate::new(calls, Duration::from_secs(1)).unwrap();
            let mut window = Window::new(rule);
            let mut now = Instant::now();
            let mut opened: Option<(Instant, u32)> = None;
            for gap in gaps {
                now += Duration::from_millis(gap);
                let (start, used) = opened
                    .filter(|(start, _)| now < *start + rule.per())
                    .unwrap_or((now, 0));
                let passes = window.admit(now);
                prop_assert_eq!(passes.is_ok(), used < calls);
                if let Err(refused) = passes {
                    prop_assert_eq!(now + refused.after, start + rule.per());
                }
                opened = Some((start, used + u32::from(passes.is_ok())));
            }
        }
    }
}
