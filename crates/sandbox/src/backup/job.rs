//! Work that takes time. How far it is follows from its planned moments and the time of the call;
//! nothing has to happen in between.

use super::refusals::unprocessable;
use super::state::{Backup, Export, Import, KEPT, Product, Restore};
use crate::stage::Refusal;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The moments of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was put into the queue, the last time.
    pub queued_at: Timestamp,
    /// When the work begins.
    pub starts_at: Timestamp,
    /// When it is over.
    pub ends_at: Timestamp,
    /// Why it fails; it completes where there is no reason.
    pub failure: Option<String>,
    /// Whose job it is.
    pub account_id: String,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Status {
    /// In the queue.
    Created,
    /// At work.
    Running,
    /// Done.
    Completed,
    /// Given up.
    Failed,
}

/// What jobs of all kinds have.
pub(super) trait Work {
    /// The job.
    fn job(&self) -> &Job;
    /// The site.
    fn cloud_id(&self) -> &str;
    /// The product.
    fn product(&self) -> Product;
    /// Whether it is worth keeping more than others are.
    fn precious(&self, _now: Timestamp) -> bool {
        false
    }
}

impl Job {
    /// A job that waits, works, and fails for a reason or completes.
    pub(super) fn planned(
        account_id: &str,
        now: Timestamp,
        (queue, work): (u32, u32),
        failure: Option<String>,
    ) -> Self {
        let starts_at = later(now, queue.into());
        Self {
            created_at: now,
            queued_at: now,
            starts_at,
            ends_at: later(starts_at, work.into()),
            failure,
            account_id: account_id.to_owned(),
        }
    }

    /// How far it is.
    pub(super) fn status(&self, now: Timestamp) -> Status {
        match &self.failure {
            _ if now < self.starts_at => Status::Created,
            _ if now < self.ends_at => Status::Running,
            None => Status::Completed,
            Some(_) => Status::Failed,
        }
    }

    /// Whether it is neither done nor given up.
    pub(super) fn in_progress(&self, now: Timestamp) -> bool {
        now < self.ends_at
    }

    /// Whether it is done.
    pub(super) fn completed(&self, now: Timestamp) -> bool {
        self.status(now) == Status::Completed
    }

    /// How much of the work is done, in percent. A failed job stays where it is: unfinished.
    pub(super) fn percent(&self, now: Timestamp) -> i64 {
        let whole = self.ends_at.as_second() - self.starts_at.as_second();
        let past = now.as_second().saturating_sub(self.starts_at.as_second());
        match self.status(now) {
            Status::Created => 0,
            Status::Running => past.saturating_mul(100).checked_div(whole).unwrap_or(0).min(99),
            Status::Completed => 100,
            Status::Failed => 99,
        }
    }

    /// What is to be said about it.
    pub(super) fn message(&self, now: Timestamp) -> &str {
        match (self.status(now), &self.failure) {
            (Status::Created, _) => "Waiting to be started",
            (Status::Running, _) => "In progress",
            (Status::Completed, _) => "Completed",
            (Status::Failed, reason) => reason.as_deref().unwrap_or("Failed"),
        }
    }

    /// When its status changed last.
    pub(super) fn updated_at(&self, now: Timestamp) -> Timestamp {
        match self.status(now) {
            Status::Created => self.queued_at,
            Status::Running => self.starts_at,
            Status::Completed | Status::Failed => self.ends_at,
        }
    }
}

/// A moment so many seconds later, or the last one there is.
pub(super) fn later(moment: Timestamp, seconds: i64) -> Timestamp {
    let moved = moment.saturating_add(SignedDuration::from_secs(seconds));
    moved.unwrap_or(if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// Whether something of the kind is under way for a product of a site.
pub(super) fn busy<'w, W: Work + 'w>(
    jobs: impl IntoIterator<Item = &'w W>,
    (cloud_id, product): (&str, Product),
    now: Timestamp,
) -> bool {
    let mut jobs = jobs.into_iter();
    jobs.any(|work| {
        work.cloud_id() == cloud_id && work.product() == product && work.job().in_progress(now)
    })
}

/// Whether one more job can be kept.
///
/// # Errors
/// All that are kept are still under way.
pub(super) fn room<W: Work>(jobs: &BTreeMap<String, W>, now: Timestamp) -> Result<(), Refusal> {
    if jobs.len() < KEPT || oldest(jobs, now).is_some() {
        return Ok(());
    }
    Err(unprocessable("Too many operations are in progress"))
}

/// Keeps one more job, and forgets the oldest finished one where there are too many.
pub(super) fn keep<W: Work>(jobs: &mut BTreeMap<String, W>, id: String, work: W, now: Timestamp) {
    if jobs.len() >= KEPT
        && let Some(oldest) = oldest(jobs, now)
    {
        jobs.remove(&oldest);
    }
    jobs.insert(id, work);
}

/// The finished job that is missed least.
fn oldest<W: Work>(jobs: &BTreeMap<String, W>, now: Timestamp) -> Option<String> {
    let finished = jobs.iter().filter(|(_, work)| !work.job().in_progress(now));
    let oldest = finished.min_by_key(|(_, work)| (work.precious(now), work.job().created_at));
    oldest.map(|(id, _)| id.clone())
}

macro_rules! work {
    ($($kind:ty { $($more:item)* })*) => {$(
        impl Work for $kind {
            fn job(&self) -> &Job {
                &self.job
            }
            fn cloud_id(&self) -> &str {
                &self.cloud_id
            }
            fn product(&self) -> Product {
                self.product
            }
            $($more)*
        }
    )*};
}

work! {
    Backup {
        fn precious(&self, now: Timestamp) -> bool {
            self.usable(now)
        }
    }
    Restore {}
    Export {}
    Import {}
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(failure: Option<String>) -> Job {
        Job::planned("ada", Timestamp::UNIX_EPOCH, (60, 100), failure)
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn time_alone_moves_a_job_on() {
        let job = job(None);
        let seen = |second| (job.status(at(second)), job.percent(at(second)));
        assert_eq!(seen(-5), (Status::Created, 0));
        assert_eq!(seen(59), (Status::Created, 0));
        assert_eq!(seen(60), (Status::Running, 0));
        assert_eq!(seen(110), (Status::Running, 50));
        assert_eq!(seen(159), (Status::Running, 99));
        assert_eq!(seen(160), (Status::Completed, 100));
    }

    #[test]
    fn a_reason_makes_it_fail_at_its_end() {
        let job = job(Some("no disk".to_owned()));
        assert_eq!(job.status(at(159)), Status::Running);
        assert_eq!((job.status(at(160)), job.message(at(160))), (Status::Failed, "no disk"));
        assert!(job.percent(at(160)) < 100);
    }

    #[test]
    fn no_moment_lies_beyond_the_last_one() {
        assert_eq!(later(Timestamp::MAX, 1), Timestamp::MAX);
        assert_eq!(later(Timestamp::MIN, -1), Timestamp::MIN);
    }

    #[test]
    fn the_oldest_finished_job_is_forgotten_first() {
        let work = |second| Restore {
            backup_id: String::new(),
            cloud_id: String::new(),
            product: Product::Jira,
            selections: std::collections::BTreeSet::default(),
            migration_id: String::new(),
            job: Job::planned("ada", at(second), (0, 10), None),
        };
        let mut jobs: BTreeMap<_, _> =
            (0..KEPT).map(|n| (format!("{n:03}"), work(i64::try_from(n).unwrap()))).collect();
        assert!(room(&jobs, at(0)).is_err());
        keep(&mut jobs, "new".to_owned(), work(20), at(20));
        assert_eq!(jobs.len(), KEPT);
        assert!(!jobs.contains_key("000") && jobs.contains_key("new"));
    }
}
