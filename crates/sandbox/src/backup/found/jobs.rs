//! The policies and jobs of the first world.

use super::super::job::{Job, later};
use super::super::state::{
    Backup, DAY, Export, Import, Interval, Policy, Product, RETENTION, Restore, Schedule,
    Selection, Size, Source,
};
use super::{account, id};
use Product::{Confluence, Jira};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// An hour in seconds.
const HOUR: i64 = 3_600;
/// A minute in seconds.
const MINUTE: i64 = 60;
/// How long the jobs before the start took, in the queue and at work, in seconds.
const TOOK: (u32, u32) = (60, 3_600);

// === policies ===

/// Policies: one that runs weekly, one that ran, one that was never activated, one whose product
/// cannot be read, and the newcomer's.
pub(super) fn policies(now: Timestamp) -> BTreeMap<String, Policy> {
    let weekly = Schedule { interval: Interval::Weekly, start_date: None, slot: None };
    let policy = |name: &str, site, product, active| Policy {
        name: name.to_owned(),
        cloud_id: id(2, site),
        product,
        active,
        selections: all(),
        storage_id: None,
        schedule: Some(Schedule::ONCE),
        next_run: None,
        created_at: later(now, -60 * DAY),
        created_by: account(1),
    };
    let jira = Policy {
        schedule: Some(weekly),
        next_run: Some(later(now, 4 * DAY)),
        ..policy("Jira weekly", 1, Jira, true)
    };
    let newcomer = Policy { created_at: later(now, -DAY), ..policy("First", 6, Jira, false) };
    [
        (id(3, 1), jira),
        (id(3, 2), policy("Confluence", 1, Confluence, true)),
        (id(3, 3), policy("Documents", 2, Confluence, false)),
        (id(3, 4), policy("Laboratory", 5, Jira, true)),
        (id(3, 5), newcomer),
    ]
    .into()
}

fn all() -> BTreeSet<Selection> {
    [Selection::Users, Selection::Attachments].into()
}

// === jobs ===

/// A job that was asked for so many seconds before `now`.
fn job(now: Timestamp, ago: i64, failure: Option<&str>) -> Job {
    Job::planned(&account(1), later(now, -ago), TOOK, failure.map(str::to_owned))
}

fn backup(policy: u8, (site, product): (u8, Product), job: Job) -> Backup {
    Backup {
        name: format!("{} of {}", product.word(), job.created_at),
        cloud_id: id(2, site),
        product,
        policy_id: Some(id(3, policy)),
        source: Source::Call,
        selections: all(),
        size: Size { users: 12, data: 2_048, attachments: 6_144 },
        storage_id: None,
        expires_at: later(job.ends_at, RETENTION),
        job,
    }
}

/// Jira: done, and one that is gone; Confluence: done, and one under way; the laboratory's failed;
/// the others are imports of the one that is gone, one of them gone again.
pub(super) fn backups(now: Timestamp) -> BTreeMap<String, Backup> {
    let unread = Some("The product's data could not be read");
    let import = |ago| Backup {
        name: format!("Import of {}", id(4, 4)),
        policy_id: None,
        source: Source::Import,
        ..backup(1, (1, Jira), job(now, ago, None))
    };
    [
        (id(4, 1), backup(1, (1, Jira), job(now, 3 * DAY, None))),
        (id(4, 2), backup(2, (1, Confluence), job(now, 10 * DAY, None))),
        (id(4, 3), backup(2, (1, Confluence), job(now, 10 * MINUTE, None))),
        (id(4, 4), backup(1, (1, Jira), job(now, 40 * DAY, None))),
        (id(4, 5), backup(4, (5, Jira), job(now, DAY, unread))),
        (id(4, 6), import(35 * DAY)),
        (id(4, 7), import(2 * DAY)),
    ]
    .into()
}

/// One under way; one that failed as the destination was not empty then; one of long ago.
pub(super) fn restores(now: Timestamp) -> BTreeMap<String, Restore> {
    let restore = |number, backup, (site, product), job| Restore {
        backup_id: id(4, backup),
        cloud_id: id(2, site),
        product,
        selections: all(),
        migration_id: id(9, number),
        job,
    };
    let full = Some("Validation failed: Jira at the destination is not empty");
    [
        (id(5, 1), restore(1, 2, (3, Confluence), job(now, 30 * MINUTE, None))),
        (id(5, 2), restore(2, 1, (3, Jira), job(now, 5 * HOUR, full))),
        (id(5, 3), restore(3, 4, (1, Jira), job(now, 35 * DAY, None))),
    ]
    .into()
}

/// One that is done and one under way, of the same backup; one whose backup is gone.
pub(super) fn exports(now: Timestamp) -> BTreeMap<String, Export> {
    let export = |backup, job| Export {
        backup_id: id(4, backup),
        cloud_id: id(2, 1),
        product: Jira,
        selections: all(),
        size: Size { users: 12, data: 2_048, attachments: 6_144 },
        storage_id: id(8, 1),
        job,
    };
    [
        (id(6, 1), export(1, job(now, 2 * DAY, None))),
        (id(6, 2), export(1, job(now, 20 * MINUTE, None))),
        (id(6, 3), export(4, job(now, 39 * DAY, None))),
    ]
    .into()
}

/// Two of the same export.
pub(super) fn imports(now: Timestamp) -> BTreeMap<String, Import> {
    let import = |imported, ago| Import {
        backup_id: id(4, 4),
        cloud_id: id(2, 1),
        product: Jira,
        export_id: id(6, 3),
        imported_backup_id: id(4, imported),
        job: job(now, ago, None),
    };
    [(id(7, 1), import(6, 35 * DAY)), (id(7, 2), import(7, 2 * DAY))].into()
}
