//! Imports: an exported backup brought back, so that it can be restored after its retention.
//!
//! What is imported is a backup of its own, with 30 days of its own. Asked for its details after
//! them, the import answers that the backup is gone.

use super::backups::add_job;
use super::exports;
use super::fields::Fields;
use super::job::{Job, keep, later, room};
use super::page::{cloud_id, jobs};
use super::refusals::{conflict, no_backup};
use super::state::{Backup, Export, Import, RETENTION, Source, State};
use super::visit::Visit;
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Imports a backup.
pub(super) fn create(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let now = visit.now();
    let fields = Fields::read(visit.call, &["backupId"])?;
    let backup_id = fields.id_required("backupId")?;
    let (export_id, export) = exported(visit, &backup_id)?;
    let (state, account) = (visit.state(), visit.caller.clone());
    let same = |import: &&Import| import.backup_id == backup_id;
    if state.imports.values().filter(same).any(|import| import.job.in_progress(now)) {
        return Err(conflict("An import of the backup is in progress"));
    }
    room(&state.imports, now)?;
    room(&state.backups, now)?;
    let (state, ids) = visit.commit()?;
    let job = begun(state, &export, &account, now);
    let (imported_backup_id, id) = (ids.uuid().to_string(), ids.uuid().to_string());
    let backup = imported(&export, &job);
    keep(&mut state.backups, imported_backup_id.clone(), backup, now);
    let Export { cloud_id, product, .. } = export;
    let import = Import { backup_id, cloud_id, product, export_id, imported_backup_id, job };
    let shown = shown(&id, &import, now);
    keep(&mut state.imports, id, import, now);
    Ok(Reply::json(StatusCode::ACCEPTED, &shown))
}

/// The export that a backup is imported from.
fn exported(visit: &Visit<'_>, backup_id: &str) -> Result<(String, Export), Refusal> {
    let (state, now) = (visit.state(), visit.now());
    if let Some((id, export)) = exports::completed(state, &visit.org, backup_id, now) {
        return Ok((id.clone(), export.clone()));
    }
    match state.job(&state.backups, &visit.org, backup_id) {
        Some(_) => Err(Refusal::row("131").named("backupId", backup_id)),
        None => Err(no_backup(backup_id)),
    }
}

/// The work of an import. It fails where the storage cannot be reached any more.
fn begun(state: &State, export: &Export, account: &str, now: Timestamp) -> Job {
    let storage = state.storages.get(&export.storage_id);
    let reached = storage.is_some_and(|storage| state.aws.reaches(storage));
    let failure = (!reached).then(|| "The storage could not be read".to_owned());
    Job::planned(account, now, (state.durations.queue, state.durations.import), failure)
}

/// The backup that an import becomes, as soon as the import is over.
fn imported(export: &Export, job: &Job) -> Backup {
    Backup {
        name: format!("Import of {}", export.backup_id),
        cloud_id: export.cloud_id.clone(),
        product: export.product,
        policy_id: None,
        source: Source::Import,
        selections: export.selections.clone(),
        size: export.size,
        storage_id: None,
        expires_at: later(job.ends_at, RETENTION),
        job: job.clone(),
    }
}

/// One import.
pub(super) fn get(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let (state, id, now) = (visit.state(), &visit.id, visit.now());
    let asked = cloud_id(visit.call)?;
    let import = state.job(&state.imports, &visit.org, id);
    let import = import.ok_or_else(|| Refusal::row("110.import").named("importId", id))?;
    if let Some(other) = asked.filter(|asked| *asked != import.cloud_id) {
        return Err(Refusal::row("112.import").named("cloudId", other).named("importId", id));
    }
    if state.backup(&visit.org, &import.imported_backup_id, now).is_none() {
        return Err(Refusal::row("113.import").named("importId", id));
    }
    Ok(Reply::json(StatusCode::OK, &shown(id, import, now)))
}

/// All imports.
pub(super) fn list(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    jobs(visit, "imports", &visit.state().imports, shown)
}

/// As the API shows it.
fn shown(id: &str, import: &Import, now: Timestamp) -> Value {
    let mut shown = json!({
        "importId": id,
        "backupId": import.backup_id,
        "exportId": import.export_id,
        "importedBackupId": import.imported_backup_id,
    });
    add_job(&mut shown, import, now);
    shown
}
