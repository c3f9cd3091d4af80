//! Restores: a backup put back into the product, on its site or on another one.
//!
//! A backup is restored once in 7 days, a product takes one restore at a time, and Jira is restored
//! into nothing but an empty Jira (Backup and restore limitations; Restore backup). The last is
//! found out by the validation: such a restore is accepted, fails, and can be revalidated once the
//! destination is empty.

use super::backups::add_job;
use super::fields::Fields;
use super::job::{Job, Status, Work, busy, keep, later, room};
use super::page::jobs;
use super::refusals::{conflict, no_backup, no_product, not_found, unprocessable};
use super::state::{Backup, Encryption, PAUSE, Product, Restore, Selection, Source, State};
use super::visit::Visit;
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What is to be restored where.
struct Wanted<'w> {
    org: &'w str,
    backup_id: &'w str,
    cloud_id: &'w str,
}

/// Restores a backup.
pub(super) fn create(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let now = visit.now();
    let known = ["backupId", "cloudId", "includeAttachments", "includeUsersAndGroups"];
    let fields = Fields::read(visit.call, &known)?;
    let backup_id = fields.id_required("backupId")?;
    let cloud_id = fields.id("cloudId")?;
    let attachments = fields.flag("includeAttachments")?.unwrap_or(true);
    let users = fields.flag("includeUsersAndGroups")?.unwrap_or(true);
    let state = visit.state();
    let backup = state.backup(&visit.org, &backup_id, now);
    let backup = backup.ok_or_else(|| no_backup(&backup_id))?;
    let cloud_id = cloud_id.unwrap_or_else(|| backup.cloud_id.clone());
    let wanted = Wanted { org: &visit.org, backup_id: &backup_id, cloud_id: &cloud_id };
    wanted.possible(state, backup, now)?;
    room(&state.restores, now)?;
    let (product, selections) = (backup.product, chosen(backup, attachments, users));
    let (org, account) = (visit.org.clone(), visit.caller.clone());
    let (state, ids) = visit.commit()?;
    let job = begun(state, (&org, &cloud_id), product, &account, now);
    let migration_id = ids.uuid().to_string();
    let restore = Restore { backup_id, cloud_id, product, selections, migration_id, job };
    let id = ids.uuid().to_string();
    let shown = shown(&id, &restore, now);
    keep(&mut state.restores, id, restore, now);
    Ok(Reply::json(StatusCode::ACCEPTED, &shown))
}

/// What of a backup is wanted.
fn chosen(backup: &Backup, attachments: bool, users: bool) -> BTreeSet<Selection> {
    let wanted = |selection: &Selection| match selection {
        Selection::Attachments => attachments,
        Selection::Users => users,
        Selection::PersonalSpaces => true,
    };
    backup.selections.iter().copied().filter(wanted).collect()
}

impl Wanted<'_> {
    /// Whether the restore may begin.
    ///
    /// # Errors
    /// The destination cannot take it, something is under way there, or the backup is not ready for
    /// it.
    fn possible(&self, state: &State, backup: &Backup, now: Timestamp) -> Result<(), Refusal> {
        let Self { org, backup_id, cloud_id } = *self;
        let product = backup.product;
        let site = state.site(org, cloud_id).ok_or_else(|| not_found("site"))?;
        if !site.products.contains_key(&product) {
            return Err(no_product(product.word(), cloud_id));
        }
        if busy(state.restores.values(), (cloud_id, product), now) {
            return Err(Refusal::row("137"));
        }
        let made = state.backups.values().filter(|backup| backup.source != Source::Import);
        if busy(made, (cloud_id, product), now) {
            return Err(conflict("A backup of the product is in progress at the destination"));
        }
        if !backup.job.completed(now) {
            return Err(unprocessable("The backup is not complete"));
        }
        if site.encryption == Encryption::Byok {
            return Err(unprocessable("Products with BYOK encryption cannot be restored"));
        }
        let recent = |restore: &Restore| {
            restore.backup_id == backup_id
                && restore.job.failure.is_none()
                && restore.job.queued_at > later(now, -PAUSE)
        };
        if state.restores.values().any(recent) {
            return Err(conflict("The backup was restored in the last 7 days"));
        }
        Ok(())
    }
}

/// The work of a restore. One that passes its validation takes the destination from now on.
fn begun(
    state: &mut State,
    (org, cloud_id): (&str, &str),
    product: Product,
    account: &str,
    now: Timestamp,
) -> Job {
    let times = state.durations;
    let site = state.sites.get_mut(cloud_id).filter(|site| site.org == org);
    let destination = site.and_then(|site| site.products.get_mut(&product));
    match destination {
        Some(destination) if product != Product::Jira || destination.empty => {
            destination.empty = false;
            let work = times.validation.saturating_add(times.restore);
            Job::planned(account, now, (times.queue, work), None)
        }
        _ => {
            let why = "Validation failed: Jira at the destination is not empty".to_owned();
            Job::planned(account, now, (times.queue, times.validation), Some(why))
        }
    }
}

/// Validates a failed restore again, and goes on with it.
pub(super) fn revalidate(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let (now, state) = (visit.now(), visit.state());
    let restore = find(visit)?.clone();
    match restore.job.status(now) {
        Status::Failed => {}
        Status::Created | Status::Running => {
            return Err(conflict("The restore is in progress"));
        }
        Status::Completed => return Err(unprocessable("The restore is complete")),
    }
    let backup = state.backup(&visit.org, &restore.backup_id, now);
    let backup = backup.ok_or_else(|| no_backup(&restore.backup_id))?;
    let Restore { backup_id, cloud_id, .. } = &restore;
    Wanted { org: &visit.org, backup_id, cloud_id }.possible(state, backup, now)?;
    let (org, id) = (visit.org.clone(), visit.id.clone());
    let (state, _) = visit.commit()?;
    let Job { created_at, account_id, .. } = restore.job;
    let job = begun(state, (&org, &restore.cloud_id), restore.product, &account_id, now);
    let restore = Restore { job: Job { created_at, ..job }, ..restore };
    let shown = shown(&id, &restore, now);
    state.restores.insert(id, restore);
    Ok(Reply::json(StatusCode::ACCEPTED, &shown))
}

/// One restore.
pub(super) fn get(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let restore = find(visit)?;
    Ok(Reply::json(StatusCode::OK, &shown(&visit.id, restore, visit.now())))
}

/// All restores.
pub(super) fn list(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    jobs(visit, "restores", &visit.state().restores, shown)
}

/// What became of a restore, once it is complete. The form of a report is not documented.
pub(super) fn report(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let (state, now, asked) = (visit.state(), visit.now(), &visit.id);
    let mut restores = state.restores.iter();
    let found = restores.find(|(_, restore)| {
        restore.migration_id == *asked
            && state.site(&visit.org, restore.cloud_id()).is_some()
            && restore.job.completed(now)
    });
    let none = || Refusal::row("143").named("migrationId", asked);
    let (restore_id, restore) = found.ok_or_else(none)?;
    let report = json!({
        "migrationId": asked,
        "restoreId": restore_id,
        "backupId": restore.backup_id,
        "cloudId": restore.cloud_id,
        "product": restore.product,
        "status": restore.job.status(now),
        "selections": restore.selections,
        "startedAt": restore.job.starts_at,
        "completedAt": restore.job.ends_at,
    });
    Ok(Reply::json(StatusCode::OK, &report))
}

/// The restore of the path.
fn find<'v>(visit: &'v Visit<'_>) -> Result<&'v Restore, Refusal> {
    let (state, id) = (visit.state(), &visit.id);
    let restore = state.job(&state.restores, &visit.org, id);
    restore.ok_or_else(|| Refusal::row("120").named("restoreId", id))
}

/// As the API shows it.
fn shown(id: &str, restore: &Restore, now: Timestamp) -> Value {
    let mut shown = json!({
        "restoreId": id,
        "backupId": restore.backup_id,
        "migrationId": restore.migration_id,
        "selections": restore.selections,
    });
    add_job(&mut shown, restore, now);
    shown
}
