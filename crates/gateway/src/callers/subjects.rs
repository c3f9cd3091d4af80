//! Callers that an issuer names, each with an account of its own; a bounded number of them.
//!
//! Whoever is forgotten begins anew, and must not get more than its limits by that: so only those are
//! forgotten whose account is as good as a new one. While there are none, nobody new comes in, and
//! those that are known keep what they have.

use super::caller::{Grant, Member};
use crate::clock::Clock;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The most callers that one issuer's tokens may name at the same time.
const MOST: usize = 16_384;
/// How often is looked for those that may be forgotten: it takes about a millisecond.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The callers that an issuer names.
#[derive(Debug)]
pub(super) struct Subjects {
    issuer: String,
    grant: Arc<Grant>,
    most: usize,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    members: HashMap<Arc<str>, Arc<Member>>,
    /// When was last looked for those that may be forgotten.
    looked: Option<Instant>,
}

impl Subjects {
    pub(super) fn new(issuer: &str, grant: Arc<Grant>) -> Self {
        Self { issuer: issuer.to_owned(), grant, most: MOST, known: Mutex::default() }
    }

    /// Goes on with whom `before` knew, by the rights that hold now.
    pub(super) fn go_on(&mut self, before: &Self) {
        let known = before.known.lock().unwrap_or_else(PoisonError::into_inner);
        let after = |(name, member): (&Arc<str>, &Arc<Member>)| {
            let member = Member::going_on(Arc::clone(name), Arc::clone(&self.grant), member);
            (Arc::clone(name), Arc::new(member))
        };
        let members = known.members.iter().map(after).collect();
        self.known = Mutex::new(Known { members, looked: known.looked });
    }

    /// The caller of this name; `None` where there are too many.
    pub(super) fn get(&self, name: &str, clock: &Clock) -> Option<Arc<Member>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(member) = known.members.get(name) {
            return Some(Arc::clone(member));
        }
        if known.members.len() >= self.most {
            known.forget(clock, Instant::now());
        }
        if known.members.len() >= self.most {
            return None;
        }
        let name: Arc<str> = name.into();
        let member = Member::of_issuer(&self.issuer, Arc::clone(&name), Arc::clone(&self.grant));
        let member = Arc::new(member);
        known.members.insert(name, Arc::clone(&member));
        Some(member)
    }
}

impl Known {
    /// Forgets whoever has no call under way and nothing on its account.
    fn forget(&mut self, clock: &Clock, now: Instant) {
        if self.looked.is_some_and(|looked| now < looked + LOOK_EVERY) {
            return;
        }
        self.looked = Some(now);
        self.members.retain(|_, member| Arc::strong_count(member) > 1 || !member.is_as_new(clock));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callers::Rights;
    use crate::callers::caller::{Caller, Shown};
    use crate::limits::{CallerRate, Rate, Terms};
    use proptest::prelude::*;

    fn few(most: usize, calls: u32) -> Subjects {
        let rate = Rate::new(calls, Duration::from_secs(10)).unwrap();
        let terms = Terms { rate: Some(CallerRate::Window(rate)), ..Terms::default() };
        let grant = Grant::new(Rights { terms, ..Rights::default() });
        Subjects { most, ..Subjects::new("https://login.example/", grant) }
    }

    async fn call(subjects: &Subjects, name: &str) -> bool {
        let clock = Clock::default();
        let Some(member) = subjects.get(name, &clock) else { return false };
        Caller::new(&member, Shown::Nothing).admit("any", &clock, Instant::now()).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_are_known_keep_their_place_until_they_are_as_new() {
        let subjects = few(2, 5);
        assert!(call(&subjects, "one").await && call(&subjects, "two").await);
        assert!(!call(&subjects, "three").await && call(&subjects, "one").await);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(call(&subjects, "three").await);
        assert!(subjects.known.lock().unwrap().members.len() <= 2);
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_has_a_call_under_way_is_not_forgotten() {
        let (subjects, clock) = (few(1, 5), Clock::default());
        let one = subjects.get("one", &clock).unwrap();
        assert!(subjects.get("two", &clock).is_none());
        drop(one);
        tokio::time::advance(LOOK_EVERY).await;
        assert!(subjects.get("two", &clock).is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn whoever_was_forgotten_gets_no_more_than_its_limit(
            calls in 1_u32..4,
            uses in prop::collection::vec((0_u8..12, 0_u64..2000), 1..300),
        ) {
            // Four places for twelve: most are forgotten again and again.
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap();
            runtime.block_on(async {
                let subjects = few(4, calls);
                let mut windows: HashMap<u8, (Instant, u32)> = HashMap::new();
                for (name, gap) in uses {
                    tokio::time::advance(Duration::from_millis(gap)).await;
                    let now = Instant::now();
                    if !call(&subjects, &name.to_string()).await {
                        continue;
                    }
                    let (opened, used) = windows.entry(name).or_insert((now, 0));
                    if now >= *opened + Duration::from_secs(10) {
                        (*opened, *used) = (now, 0);
                    }
                    *used += 1;
                    assert!(*used <= calls);
                }
            });
        }
    }

    #[test]
    fn who_has_the_name_of_another_is_told_apart_by_its_issuer() {
        let grant = Grant::new(Rights::default());
        let clock = Clock::default();
        let known =
            Caller::new(&Arc::new(Member::new("ada".into(), Arc::clone(&grant))), Shown::Nothing);
        let ids = ["https://a.example/", "https://b.example/"].map(|issuer| {
            let member = Subjects::new(issuer, Arc::clone(&grant)).get("ada", &clock).unwrap();
            Caller::new(&member, Shown::Nothing).id().to_string()
        });
        assert_eq!(ids, ["https://a.example/#ada", "https://b.example/#ada"]);
        assert_eq!(&**known.id(), "ada");
    }
}
