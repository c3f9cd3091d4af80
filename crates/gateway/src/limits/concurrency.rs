//! So many calls at once; the others wait in line, first come, first served.

use super::{Line, LineRule, Refused, Why};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// How many calls at once, and how the others wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConcurrencyRule {
    /// The most calls at once; at least one.
    pub calls: u32,
    /// How the others wait.
    pub line: LineRule,
}

/// A number of slots, and the line before them.
#[derive(Debug)]
pub struct Concurrency {
    rule: ConcurrencyRule,
    slots: Arc<Semaphore>,
    line: Line,
}

/// A slot, which is free again when this is dropped.
#[derive(Debug)]
pub struct Permit {
    _slot: OwnedSemaphorePermit,
}

impl Concurrency {
    /// Slots that are all free. A rule of none is taken for one, and one beyond what a semaphore
    /// holds for that.
    pub fn new(rule: ConcurrencyRule, now: Instant) -> Self {
        let slots = (rule.calls.max(1) as usize).min(Semaphore::MAX_PERMITS);
        Self { rule, slots: Arc::new(Semaphore::new(slots)), line: Line::new(rule.line, now) }
    }

    /// By which rule.
    pub(crate) fn rule(&self) -> ConcurrencyRule {
        self.rule
    }

    /// A slot: at once where one is free, and else when it is this call's turn. A caller that is
    /// dropped while it waits leaves the line, and the slot goes to the next.
    ///
    /// # Errors
    /// The line is full; the wait was longer than the load allows; the deadline came first.
    pub async fn acquire(&self, now: Instant, deadline: Instant) -> Result<Permit, Refused> {
        if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
            return Ok(Permit { _slot: slot });
        }
        if deadline <= now {
            return Err(self.refused(Why::Deadline));
        }
        let place = self.line.enter(now)?;
        let until = deadline.min(now + place.patience);
        let why = if until == deadline { Why::Deadline } else { Why::WaitTooLong };
        match timeout_at(until, Arc::clone(&self.slots).acquire_owned()).await {
            Ok(Ok(slot)) => Ok(Permit { _slot: slot }),
            // The slots are never closed.
            Ok(Err(_)) | Err(_) => Err(self.refused(why)),
        }
    }

    /// How many calls have a slot.
    pub fn in_flight(&self) -> u32 {
        let free = u32::try_from(self.slots.available_permits()).unwrap_or(u32::MAX);
        self.rule.calls.max(1).saturating_sub(free)
    }

    /// How many calls wait for one.
    pub fn waiting(&self) -> u32 {
        self.line.waiting()
    }

    fn refused(&self, why: Why) -> Refused {
        Refused::new(why, self.rule.line.patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;
    use tokio::time::sleep;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn slots(calls: u32, places: u32) -> Arc<Concurrency> {
        let line = LineRule { places, patience: millis(1000), target: millis(50) };
        Arc::new(Concurrency::new(ConcurrencyRule { calls, line }, Instant::now()))
    }

    async fn acquire(slots: &Arc<Concurrency>, wait: u64) -> Result<Permit, Why> {
        let now = Instant::now();
        slots.acquire(now, now + millis(wait)).await.map_err(|refused| refused.why)
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_to_wait_is_the_first_to_be_served() {
        let slots = slots(1, 10);
        let permit = acquire(&slots, 0).await.unwrap();
        let order = Arc::new(std::sync::Mutex::new(Vec::new()));
        let waiting: Vec<_> = (0..5)
            .map(|number| {
                let (slots, order) = (Arc::clone(&slots), Arc::clone(&order));
                tokio::spawn(async move {
                    let _permit = acquire(&slots, 500).await.unwrap();
                    order.lock().unwrap().push(number);
                    sleep(millis(1)).await;
                })
            })
            .collect();
        sleep(millis(10)).await;
        assert_eq!((slots.in_flight(), slots.waiting()), (1, 5));
        drop(permit);
        for task in waiting {
            task.await.unwrap();
        }
        assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
        assert_eq!((slots.in_flight(), slots.waiting()), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_whose_deadline_passes_leaves_the_line() {
        let slots = slots(1, 1);
        let _permit = acquire(&slots, 0).await.unwrap();
        let start = Instant::now();
        assert_eq!(acquire(&slots, 30).await.unwrap_err(), Why::Deadline);
        assert_eq!((start.elapsed().as_millis() / 5 * 5, slots.waiting()), (30, 0));
        assert_eq!(acquire(&slots, 0).await.unwrap_err(), Why::Deadline);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_line_refuses_at_once() {
        let slots = slots(1, 0);
        let _permit = acquire(&slots, 0).await.unwrap();
        assert_eq!(acquire(&slots, 900).await.unwrap_err(), Why::LineFull);
    }

    #[tokio::test(start_paused = true)]
    async fn a_line_that_never_gets_empty_is_shed() {
        let slots = slots(1, 100);
        let _permit = acquire(&slots, 0).await.unwrap();
        let asks = (0..30).map(|number| {
            let slots = Arc::clone(&slots);
            tokio::spawn(async move {
                sleep(millis(number * 100)).await;
                let start = Instant::now();
                let why = acquire(&slots, 60_000).await.unwrap_err();
                assert_eq!(why, Why::WaitTooLong);
                start.elapsed().as_millis()
            })
        });
        let mut waits = Vec::new();
        for ask in asks.collect::<Vec<_>>() {
            waits.push(ask.await.unwrap());
        }
        assert!(waits[0] >= 1000, "{waits:?}");
        assert!(waits[12..20].iter().all(|wait| *wait <= 55), "{waits:?}");
    }

    /// A call: when it comes, how long it holds its slot, how long it waits, when it is dropped.
    type Life = (u64, u64, u64, u64);

    async fn live(slots: Arc<Concurrency>, now: Arc<AtomicU32>, life: Life) -> u32 {
        let (comes, holds, waits, dropped) = life;
        let call = async {
            let Ok(_permit) = acquire(&slots, waits).await else { return 0 };
            let together = now.fetch_add(1, Ordering::SeqCst) + 1;
            let _leave = Leave(&now);
            sleep(millis(holds)).await;
            together
        };
        sleep(millis(comes)).await;
        tokio::time::timeout(millis(dropped), call).await.unwrap_or(0)
    }

    struct Leave<'n>(&'n AtomicU32);

    impl Drop for Leave<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(1, Ordering::SeqCst);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn never_more_at_once_and_no_slot_is_lost(
            calls in 1_u32..5,
            places in 0_u32..8,
            lives in prop::collection::vec((0_u64..200, 0_u64..50, 0_u64..80, 0_u64..100), 1..80),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                let (slots, now) = (slots(calls, places), Arc::new(AtomicU32::new(0)));
                let tasks: Vec<_> = lives
                    .into_iter()
                    .map(|life| tokio::spawn(live(Arc::clone(&slots), Arc::clone(&now), life)))
                    .collect();
                for task in tasks {
                    assert!(task.await.unwrap() <= calls);
                }
                assert_eq!((slots.in_flight(), slots.waiting()), (0, 0));
                assert_eq!(now.load(Ordering::SeqCst), 0);
            });
        }
    }
}
