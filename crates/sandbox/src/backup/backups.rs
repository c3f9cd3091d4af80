//! Backups: made by call, by schedule, or imported; each is gone 30 days after it was done.
//!
//! A product is backed up once in 7 days, unless the backup failed, and never twice at a time
//! (Backup and restore limitations). What the second version answers to such a request is not
//! documented: its general 409 here.

use super::fields::Fields;
use super::job::{Job, Status, Work, busy, keep, later, room};
use super::page::{Entry, Filter, listed};
use super::policies;
use super::refusals::{conflict, no_backup};
use super::state::{Backup, PAUSE, Policy, Product, RETENTION, Source, State};
use super::visit::Visit;
use crate::stage::{Ids, Refusal, Reply};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

/// Why a product cannot be backed up at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hindrance {
    InProgress,
    Recent,
}

/// Where a backup comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'o> {
    /// The policy.
    pub(super) policy_id: &'o str,
    /// Who asked for it; the policy's creator where nobody did.
    pub(super) account: Option<&'o str>,
    /// What brought it about.
    pub(super) source: Source,
}

/// Makes a backup by a policy.
pub(super) fn create(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let now = visit.now();
    let fields = Fields::read(visit.call, &["policyId", "name"])?;
    let policy_id = fields.id_required("policyId")?;
    let name = fields.name("name")?;
    let policy = policies::of_org(visit.state(), &visit.org, &policy_id)?;
    match hindrance(visit.state(), (&policy.cloud_id, policy.product), now) {
        Some(Hindrance::InProgress) => {
            return Err(conflict("A backup of the product is in progress"));
        }
        Some(Hindrance::Recent) => {
            return Err(conflict("The product was backed up in the last 7 days"));
        }
        None => room(&visit.state().backups, now)?,
    }
    let account = visit.caller.clone();
    let (state, ids) = visit.commit()?;
    let origin = Origin { policy_id: &policy_id, account: Some(&account), source: Source::Call };
    let made = run(state, ids, origin, now).and_then(|id| {
        let backup = state.backups.get_mut(&id)?;
        backup.name = name.unwrap_or_else(|| backup.name.clone());
        Some(shown(&id, backup, now))
    });
    Ok(Reply::json(StatusCode::ACCEPTED, &made))
}

/// What keeps a product from being backed up.
fn hindrance(state: &State, what: (&str, Product), at: Timestamp) -> Option<Hindrance> {
    let made = || state.backups.values().filter(|backup| backup.source != Source::Import);
    if busy(made(), what, at) {
        return Some(Hindrance::InProgress);
    }
    let recent = |backup: &Backup| {
        (backup.cloud_id.as_str(), backup.product) == what
            && backup.job.failure.is_none()
            && backup.job.created_at > later(at, -PAUSE)
    };
    made().any(recent).then_some(Hindrance::Recent)
}

/// Starts a backup by a policy, if nothing keeps it from being made, and answers its id.
pub(super) fn run(
    state: &mut State,
    ids: &mut Ids,
    Origin { policy_id, account, source }: Origin<'_>,
    at: Timestamp,
) -> Option<String> {
    let policy = state.policies.get(policy_id)?;
    let what = (policy.cloud_id.as_str(), policy.product);
    if hindrance(state, what, at).is_some() || room(&state.backups, at).is_err() {
        return None;
    }
    let account = account.unwrap_or(&policy.created_by);
    let backup = begun(state, policy, policy_id, (account, source), at);
    let id = ids.uuid().to_string();
    keep(&mut state.backups, id.clone(), backup, at);
    Some(id)
}

/// A backup that begins. It fails where the product is not there any more or cannot be read.
fn begun(
    state: &State,
    policy: &Policy,
    policy_id: &str,
    (account, source): (&str, Source),
    at: Timestamp,
) -> Backup {
    let site = state.sites.get(&policy.cloud_id);
    let installed = site.and_then(|site| site.products.get(&policy.product));
    let readable = installed.is_some_and(|product| product.readable);
    let failure = (!readable).then(|| "The product's data could not be read".to_owned());
    let time = (state.durations.queue, state.durations.backup);
    let job = Job::planned(account, at, time, failure);
    Backup {
        name: format!("{} {at}", policy.name),
        cloud_id: policy.cloud_id.clone(),
        product: policy.product,
        policy_id: Some(policy_id.to_owned()),
        source,
        selections: policy.selections.clone(),
        size: installed.map(|product| product.size.of(&policy.selections)).unwrap_or_default(),
        storage_id: policy.storage_id.clone(),
        expires_at: later(job.ends_at, RETENTION),
        job,
    }
}

/// One backup.
pub(super) fn get(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let (state, id, now) = (visit.state(), &visit.id, visit.now());
    let backup = state.backup(&visit.org, id, now).ok_or_else(|| no_backup(id))?;
    Ok(Reply::json(StatusCode::OK, &shown(id, backup, now)))
}

/// All backups that are not gone.
pub(super) fn list(visit: &mut Visit<'_>) -> Result<Reply, Refusal> {
    let filter = Filter::read(visit)?;
    let (state, now) = (visit.state(), visit.now());
    let fits = |backup: &Backup| filter.fits(&backup.cloud_id, backup.product);
    let entries = state
        .backups
        .iter()
        .filter(|(id, backup)| state.backup(&visit.org, id, now).is_some() && fits(backup));
    listed(visit.call, "backups", entries.map(|(id, backup)| entry(id, backup, now)).collect())
}

/// The backups of a policy that are not gone.
pub(super) fn of_policy(state: &State, policy_id: &str, now: Timestamp) -> Vec<Entry> {
    let of_it =
        |backup: &Backup| backup.policy_id.as_deref() == Some(policy_id) && !backup.expired(now);
    let backups = state.backups.iter().filter(|(_, backup)| of_it(backup));
    backups.map(|(id, backup)| entry(id, backup, now)).collect()
}

/// When a policy was last run with success, and how many of its backups can be restored.
pub(super) fn summary(state: &State, policy_id: &str, now: Timestamp) -> Value {
    let of_it = |backup: &&Backup| backup.policy_id.as_deref() == Some(policy_id);
    let usable = || state.backups.values().filter(of_it).filter(|backup| backup.usable(now));
    let last = usable().map(|backup| backup.job.ends_at).max();
    json!({ "lastBackupTime": last, "totalAvailableBackups": usable().count() })
}

fn entry(id: &str, backup: &Backup, now: Timestamp) -> Entry {
    (backup.job.created_at, id.to_owned(), shown(id, backup, now))
}

/// As the API shows it. Its size and its end are known once it is done.
fn shown(id: &str, backup: &Backup, now: Timestamp) -> Value {
    let Backup { size, job, .. } = backup;
    let done = job.status(now) == Status::Completed;
    let backup_size = done.then(|| {
        json!({
            "usersSize": size.users,
            "dataSize": size.data,
            "attachmentsSize": size.attachments,
            "totalBackupSizeInGB": size.gigabytes(),
        })
    });
    let mut shown = json!({ "backupId": id, "name": backup.name, "policyId": backup.policy_id });
    add_job(&mut shown, backup, now);
    if let Value::Object(members) = &mut shown {
        members.insert("expiryTime".to_owned(), json!(done.then_some(backup.expires_at)));
        members.insert("selections".to_owned(), json!(backup.selections));
        members.insert("backupSize".to_owned(), json!(backup_size));
        members.insert("storageId".to_owned(), json!(backup.storage_id));
    }
    shown
}

/// What is shown of every job: how far it is, of whom, and when. The percentage is inferred.
pub(super) fn add_job(shown: &mut Value, work: &impl Work, now: Timestamp) {
    let job = work.job();
    let more = json!({
        "cloudId": work.cloud_id(),
        "product": work.product(),
        "status": job.status(now),
        "statusMessage": job.message(now),
        "progressPercentage": job.percent(now),
        "accountId": job.account_id,
        "createdAt": job.created_at,
        "lastUpdatedAt": job.updated_at(now),
    });
    if let (Value::Object(members), Value::Object(more)) = (shown, more) {
        members.extend(more);
    }
}
