//! How much work there may be before more is turned away at the door.
//!
//! New calls are taken up to 90 % of the bound. The last tenth is for what is never asked about
//! here: health checks, the published keys, the ends of calls already begun. A gateway that is full
//! to the brim can do none of them, and looks dead when it is only busy.

use candor_facts::{Held, HeldKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Counts the calls under way.
#[derive(Debug)]
pub struct Shed {
    /// The most calls that are let in.
    most: u32,
    under_way: AtomicU32,
}

/// A call under way, which is over when this is dropped.
#[derive(Debug)]
pub struct Load(Arc<Shed>);

impl Shed {
    /// Sheds at 90 % of `bound` calls, rounded down, but not the first one.
    pub fn new(bound: u32) -> Arc<Self> {
        let most = bound - bound.div_ceil(10);
        Arc::new(Self { most: most.max(1), under_way: AtomicU32::new(0) })
    }

    /// Lets a call in.
    ///
    /// # Errors
    /// There are too many already: it is held back as `Shed`, for a second.
    pub fn enter(self: &Arc<Self>) -> Result<Load, Held> {
        let free = |under_way: u32| (under_way < self.most).then_some(under_way + 1);
        let entered = self.under_way.fetch_update(Ordering::AcqRel, Ordering::Acquire, free);
        entered.map(|_| Load(Arc::clone(self))).map_err(|under_way| {
            let detail = format!("{under_way} calls are under way already");
            Held { after: Some(1), ..Held::new(HeldKind::Shed, detail) }
        })
    }

    /// How many calls are under way.
    pub fn under_way(&self) -> u32 {
        self.under_way.load(Ordering::Acquire)
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_sheds_at_ninety_per_cent() {
        for (bound, most) in [(0, 1), (1, 1), (10, 9), (15, 13), (10_000, 9000)] {
            let shed = Shed::new(bound);
            let loads: Vec<Load> = std::iter::from_fn(|| shed.enter().ok()).collect();
            assert_eq!((loads.len(), shed.under_way()), (most, shed.most), "{bound}");
            let held = shed.enter().unwrap_err();
            assert_eq!((held.kind, held.after), (HeldKind::Shed, Some(1)));
        }
    }

    #[test]
    fn threads_get_no_more_than_that_together() {
        let shed = Shed::new(100);
        let threads = [(); 4].map(|()| {
            let shed = Arc::clone(&shed);
            std::thread::spawn(move || {
                (0..100).filter_map(|_| shed.enter().ok()).collect::<Vec<_>>()
            })
        });
        let loads: Vec<Load> = threads.into_iter().flat_map(|t| t.join().unwrap()).collect();
        assert_eq!(loads.len(), 90);
    }

    proptest! {
        #[test]
        fn as_many_are_in_as_were_let_in_and_have_not_left(
            bound in 2_u32..40,
            steps in prop::collection::vec(any::<bool>(), 1..200),
        ) {
            let shed = Shed::new(bound);
            let mut loads = Vec::new();
            for comes in steps {
                if comes {
                    let full = loads.len() >= shed.most as usize;
                    let entered = shed.enter();
                    prop_assert_eq!(entered.is_err(), full);
                    loads.extend(entered.ok());
                } else {
                    loads.pop();
                }
                prop_assert_eq!(shed.under_way() as usize, loads.len());
                prop_assert!(shed.under_way() * 10 <= bound * 9 || bound < 2);
            }
        }
    }
}
