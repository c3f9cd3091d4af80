//! What holds of every world: nothing refers to what is not there (but a job may outlive its
//! backup, which is documented), what is unique is unique, moments are in order, and nothing is too
//! many.

use super::job::Work;
use super::state::{Interval, KEPT, Policy, Product, RETENTION, STORAGES, Source, State, Storage};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Whether the rules could have led to a state.
///
/// # Errors
/// The first thing that is wrong with it.
pub(super) fn check(state: &State) -> Result<(), String> {
    people(state)?;
    state.policies.iter().try_for_each(|(id, policy)| self::policy(state, id, policy))?;
    state.storages.iter().try_for_each(|(id, storage)| self::storage(state, id, storage))?;
    unique("a policy", state.policies.values().map(|policy| (&policy.cloud_id, policy.product)))?;
    unique("a storage", state.storages.values().map(|storage| (&storage.org, &storage.name)))?;
    unique("a migration", state.restores.values().map(|restore| &restore.migration_id))?;
    unique("an address", state.users.values().map(|user| user.email.to_ascii_lowercase()))?;
    jobs(state, "backup", &state.backups)?;
    jobs(state, "restore", &state.restores)?;
    jobs(state, "export", &state.exports)?;
    jobs(state, "import", &state.imports)?;
    let made = state.backups.values().filter(|backup| backup.source != Source::Import);
    one_at_a_time("backup", made)?;
    one_at_a_time("restore", state.restores.values())?;
    numbers(state)
}

fn people(state: &State) -> Result<(), String> {
    let sites = state.sites.values().map(|site| &site.org);
    let roles = state.users.values().flat_map(|user| user.roles.keys());
    let strays = sites.chain(roles).find(|org| !state.orgs.contains_key(*org));
    strays.map_or(Ok(()), |org| Err(format!("there is no organization {org}")))
}

fn policy(state: &State, id: &str, policy: &Policy) -> Result<(), String> {
    let Policy { cloud_id, storage_id, schedule, next_run, active, .. } = policy;
    there(state.sites.contains_key(cloud_id), || format!("policy {id}: no site {cloud_id}"))?;
    let storage = storage_id.as_ref().map(|id| state.storages.get(id));
    let fits = storage.is_none_or(|storage| storage.is_some_and(|s| s.cloud_id == *cloud_id));
    there(fits, || format!("policy {id}: its storage is not one of its site's"))?;
    let possible = schedule.as_ref().is_none_or(|schedule| schedule.interval != Interval::Daily);
    there(possible, || format!("policy {id}: it cannot run each day"))?;
    there(next_run.is_none() || (*active && schedule.is_some()), || {
        format!("policy {id}: it runs by an active schedule only")
    })
}

fn storage(state: &State, id: &str, storage: &Storage) -> Result<(), String> {
    let site = state.site(&storage.org, &storage.cloud_id);
    there(site.is_some(), || format!("storage {id}: no site {}", storage.cloud_id))
}

fn jobs<W: Work>(state: &State, kind: &str, jobs: &BTreeMap<String, W>) -> Result<(), String> {
    there(jobs.len() <= KEPT, || format!("there are more than {KEPT} {kind}s"))?;
    jobs.iter().try_for_each(|(id, work)| {
        let (job, cloud_id) = (work.job(), work.cloud_id());
        there(state.sites.contains_key(cloud_id), || format!("{kind} {id}: no site {cloud_id}"))?;
        let ordered = job.created_at <= job.queued_at
            && job.queued_at <= job.starts_at
            && job.starts_at <= job.ends_at;
        there(ordered, || format!("{kind} {id}: its moments are out of order"))
    })
}

/// Jobs of a kind do not overlap on a product of a site.
fn one_at_a_time<'w, W: Work + 'w>(
    kind: &str,
    jobs: impl Iterator<Item = &'w W>,
) -> Result<(), String> {
    let mut spans: Vec<(&str, Product, Timestamp, Timestamp)> = jobs
        .map(|work| (work.cloud_id(), work.product(), work.job().starts_at, work.job().ends_at))
        .collect();
    spans.sort_unstable();
    let overlap = spans.windows(2).any(|pair| match pair {
        [(a, b, _, end), (c, d, start, _)] => (a, b) == (c, d) && start < end,
        _ => false,
    });
    there(!overlap, || format!("two {kind}s of a product overlap"))
}

fn numbers(state: &State) -> Result<(), String> {
    let of_org = |org: &String| state.storages.values().filter(|s| s.org == *org).count();
    there(state.orgs.keys().all(|org| of_org(org) <= STORAGES), || {
        format!("an organization has more than {STORAGES} storages")
    })?;
    let times = state.durations;
    let times =
        [times.queue, times.backup, times.validation, times.restore, times.export, times.import];
    there(times.iter().all(|seconds| i64::from(*seconds) < RETENTION), || {
        "a job takes longer than 30 days".to_owned()
    })
}

fn unique<T: Ord>(what: &str, keys: impl Iterator<Item = T>) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    let mut keys = keys;
    there(keys.all(|key| seen.insert(key)), || format!("{what} is there twice"))
}

fn there(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}
