//! When policies run by themselves.
//!
//! The reference shows `scheduleDetails {interval, startDate, scheduleSlot}` with the interval
//! `ONCE` alone; the other intervals and the forms of the dates are inferred.

use super::backups::{self, Origin};
use super::fields::Fields;
use super::job::later;
use super::refusals::unprocessable;
use super::state::{DAY, Interval, Policy, RETENTION, Schedule, Source, State};
use crate::stage::{Ids, Refusal, World};
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// The members of a schedule.
pub(super) const MEMBERS: [&str; 3] = ["interval", "startDate", "scheduleSlot"];
/// How far ahead a schedule may begin, in seconds: a year.
const FARTHEST: i64 = 366 * DAY;

impl Interval {
    /// How much time lies between two runs, in seconds.
    fn seconds(self) -> Option<i64> {
        match self {
            Self::Once => None,
            Self::Daily => Some(DAY),
            Self::Weekly => Some(7 * DAY),
            Self::Monthly => Some(30 * DAY),
        }
    }
}

impl Schedule {
    /// Once, at once.
    pub(super) const ONCE: Self = Self { interval: Interval::Once, start_date: None, slot: None };

    /// The schedule in a body.
    ///
    /// # Errors
    /// It is malformed, or no product can be backed up by it.
    pub(super) fn read(fields: &Fields, now: Timestamp) -> Result<Self, Refusal> {
        let interval = fields.choice("interval")?;
        let interval = interval.ok_or_else(|| fields.missing("interval"))?;
        let slot = fields.text("scheduleSlot")?;
        let time = slot.map(|slot| time_of_day(slot).ok_or(slot)).transpose();
        let time = time.map_err(|_| fields.bad("scheduleSlot", "must be a time as HH:MM"))?;
        let start = fields.text("startDate")?.map(|text| start(text, time).ok_or(text));
        let start = start.transpose();
        let start = start.map_err(|_| fields.bad("startDate", "must be a date (ISO 8601)"))?;
        if interval == Interval::Daily {
            return Err(unprocessable("A product can be backed up once in 7 days, not each day"));
        }
        if start.is_some_and(|start| start < later(now, -DAY)) {
            return Err(unprocessable("A schedule cannot begin in the past"));
        }
        if start.is_some_and(|start| start > later(now, FARTHEST)) {
            return Err(unprocessable("A schedule cannot begin more than a year ahead"));
        }
        Ok(Self { interval, start_date: start, slot: slot.map(str::to_owned) })
    }

    /// When it begins, where that is still to come.
    pub(super) fn begins_after(&self, now: Timestamp) -> Option<Timestamp> {
        self.start_date.filter(|start| *start > now)
    }

    /// When a policy runs next that is active from now on.
    pub(super) fn next_run(&self, now: Timestamp) -> Option<Timestamp> {
        let repeated = || self.interval.seconds().map(|seconds| later(now, seconds));
        self.begins_after(now).or_else(repeated)
    }

    /// As the API shows it.
    pub(super) fn shown(&self) -> Value {
        let Self { interval, start_date, slot } = self;
        json!({ "interval": interval, "startDate": start_date, "scheduleSlot": slot })
    }
}

fn time_of_day(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let two = |digits: &str| {
        let good = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        good.then(|| digits.parse::<i8>().ok())?
    };
    Time::new(two(hour)?, two(minute)?, 0, 0).ok()
}

/// A moment, or a date at a time of day, in UTC.
fn start(text: &str, time: Option<Time>) -> Option<Timestamp> {
    if let Ok(moment) = text.parse() {
        return Some(moment);
    }
    let date: Date = text.parse().ok()?;
    let zoned = date.to_datetime(time.unwrap_or(Time::midnight())).to_zoned(TimeZone::UTC);
    Some(zoned.ok()?.timestamp())
}

// === what time brings ===

/// Runs the policies that are due, each at its moment. Nothing runs that could not be stored.
pub(super) fn advance(world: &mut World<State>, now: Timestamp) {
    if world.conditions.store_offline {
        return;
    }
    let policies = world.state.policies.iter();
    let due = policies.filter(|(_, policy)| policy.next_run.is_some_and(|at| at <= now));
    for id in due.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
        run(&mut world.state, &mut world.ids, &id, now);
    }
}

/// Runs a policy at each of its moments up to now. Runs whose backups would be gone by now are not
/// worth making: there are five at most.
fn run(state: &mut State, ids: &mut Ids, id: &str, now: Timestamp) {
    let Some(policy) = state.policies.get(id) else { return };
    let Policy { schedule, next_run, .. } = policy;
    let interval = schedule.as_ref().and_then(|schedule| schedule.interval.seconds());
    let mut next = next_run.map(|at| skipped(at, interval, later(now, -RETENTION)));
    while let Some(at) = next.filter(|at| *at <= now) {
        backups::run(
            state,
            ids,
            Origin { policy_id: id, account: None, source: Source::Schedule },
            at,
        );
        next = interval.map(|seconds| later(at, seconds));
    }
    if let Some(policy) = state.policies.get_mut(id) {
        policy.next_run = next;
    }
}

/// The first run at or after `from` in the row that goes on from `at`; `at` itself where it is one.
fn skipped(at: Timestamp, interval: Option<i64>, from: Timestamp) -> Timestamp {
    let behind = from.as_second().saturating_sub(at.as_second());
    match interval {
        Some(interval) if behind > 0 => {
            let steps = behind.saturating_add(interval - 1).div_euclid(interval);
            later(at, steps.saturating_mul(interval))
        }
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_has_two_and_two_digits() {
        assert_eq!(time_of_day("02:30"), Some(Time::constant(2, 30, 0, 0)));
        for wrong in ["2:30", "24:00", "02:60", "02-30", "", "+2:30", "02:30:00"] {
            assert_eq!(time_of_day(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_date_begins_in_its_slot() {
        let at = start("2026-01-05", time_of_day("02:30")).unwrap();
        assert_eq!(at, "2026-01-05T02:30:00Z".parse().unwrap());
        assert_eq!(start("2026-01-05T01:00:00+01:00", None), "2026-01-05T00:00:00Z".parse().ok());
        assert_eq!(start("soon", None), None);
        assert_eq!(start("2026-02-30", None), None);
    }

    #[test]
    fn runs_long_past_are_skipped_in_whole_steps() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(skipped(at(0), Some(10), at(25)), at(30));
        assert_eq!(skipped(at(0), Some(10), at(30)), at(30));
        assert_eq!(skipped(at(0), Some(10), at(-5)), at(0));
        assert_eq!(skipped(at(0), None, at(25)), at(0));
    }
}
