//! Exports: a backup copied to the customer's own storage.
//!
//! An export outlives its backup; asked for its details, it then answers that the backup is gone.

use super::backups::add_job;
use super::fields::Fields;
use super::job::{Job, keep, room};
use super::page::{cloud_id, jobs};
use super::refusals::{no_backup, no_storage, unprocessable};
use super::state::{Export, State};
use super::visit::Visit;
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Exports a backup.
pub(super) fn create(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let now = visit.now();
    let fields = Fields::read(visit.call, &["backupId", "storageId"])?;
    let backup_id = fields.id_required("backupId")?;
    let storage_id = fields.id_required("storageId")?;
    let export = new(visit, backup_id, storage_id)?;
    let (state, ids) = visit.commit()?;
    let id = ids.uuid().to_string();
    let shown = shown(&id, &export, now);
    keep(&mut state.exports, id, export, now);
    Ok(Reply::json(StatusCode::ACCEPTED, &shown))
}

fn new(visit: &Visit<'_>, backup_id: String, storage_id: String) -> Result<Export, Refusal> {
    let (state, now) = (visit.state(), visit.now());
    let backup = state.backup(&visit.org, &backup_id, now);
    let backup = backup.ok_or_else(|| no_backup(&backup_id))?;
    let storage = state.storage(&visit.org, &storage_id).ok_or_else(|| no_storage(&storage_id))?;
    let same = |export: &&Export| export.backup_id == backup_id;
    if state.exports.values().filter(same).any(|export| export.job.in_progress(now)) {
        return Err(Refusal::row("140"));
    }
    if !backup.job.completed(now) {
        return Err(unprocessable("The backup is not complete"));
    }
    if storage.cloud_id != backup.cloud_id {
        return Err(unprocessable("The storage belongs to another site"));
    }
    room(&state.exports, now)?;
    let reached = state.aws.reaches(storage);
    let failure = (!reached).then(|| "The storage could not be written".to_owned());
    let time = (state.durations.queue, state.durations.export);
    Ok(Export {
        cloud_id: backup.cloud_id.clone(),
        product: backup.product,
        selections: backup.selections.clone(),
        size: backup.size,
        job: Job::planned(&visit.caller, now, time, failure),
        backup_id,
        storage_id,
    })
}

/// One export.
pub(super) fn get(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let (state, id, now) = (visit.state(), &visit.id, visit.now());
    let asked = cloud_id(visit.call)?;
    let export = state.job(&state.exports, &visit.org, id);
    let export = export.ok_or_else(|| Refusal::row("110.export").named("exportId", id))?;
    if let Some(other) = asked.filter(|asked| *asked != export.cloud_id) {
        return Err(Refusal::row("112.export").named("cloudId", other).named("exportId", id));
    }
    if state.backup(&visit.org, &export.backup_id, now).is_none() {
        return Err(Refusal::row("113.export").named("exportId", id));
    }
    Ok(Reply::json(StatusCode::OK, &shown(id, export, now)))
}

/// All exports.
pub(super) fn list(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    jobs(visit, "exports", &visit.state().exports, shown)
}

/// The newest export of a backup that is complete.
pub(super) fn completed<'s>(
    state: &'s State,
    org: &str,
    backup_id: &str,
    now: Timestamp,
) -> Option<(&'s String, &'s Export)> {
    let ours = state.exports.iter().filter(|(_, export)| {
        export.backup_id == backup_id
            && export.job.completed(now)
            && state.site(org, &export.cloud_id).is_some()
    });
    ours.max_by_key(|(_, export)| export.job.ends_at)
}

/// As the API shows it.
fn shown(id: &str, export: &Export, now: Timestamp) -> Value {
    let mut shown = json!({
        "exportId": id,
        "backupId": export.backup_id,
        "storageId": export.storage_id,
        "selections": export.selections,
    });
    add_job(&mut shown, export, now);
    shown
}
