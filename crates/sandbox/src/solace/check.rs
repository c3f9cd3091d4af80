//! The invariants of an account: whether its rules could have led to a state.

use super::classes::Class;
use super::operation::Operation;
use super::people::ROLES;
use super::routes::PERMISSIONS;
use super::world::{
    Creation, MAX_CERTIFICATES, MAX_CLIENT_PROFILES, MAX_DURATION_MS, MAX_ENVIRONMENTS,
    MAX_FINISHED, MAX_ONGOING, MAX_QUEUES, MAX_SERVICES, MAX_TOKENS, MAX_USER_GROUPS, Service,
    State, Token,
};
use std::collections::{BTreeMap, BTreeSet};

/// The first thing that is wrong.
type Checked = Result<(), String>;

/// Looks a state over.
pub(super) fn state(state: &State) -> Checked {
    counts(state)?;
    settings(state)?;
    environments(state)?;
    unique("user group", state.user_groups.values().map(|group| &group.name))?;
    for (id, group) in &state.user_groups {
        let known = group.roles.iter().all(|role| ROLES.contains(&role.as_str()));
        ensure(known, || format!("user group {id} has an unknown role"))?;
    }
    state.tokens.values().try_for_each(|token| one_token(state, token))?;
    unique("API token", state.tokens.values().map(|token| &token.id))?;
    unique("service", state.services.values().map(|service| &service.name))?;
    state.services.iter().try_for_each(|(id, service)| one_service(state, id, service))?;
    state.operations.iter().try_for_each(|(id, operation)| one_operation(state, id, operation))
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(otherwise()) }
}

fn unique<'s>(what: &str, names: impl Iterator<Item = &'s String>) -> Checked {
    let mut seen = BTreeSet::new();
    for name in names {
        ensure(seen.insert(name), || format!("{what} {name} is there twice"))?;
    }
    Ok(())
}

fn counts(state: &State) -> Checked {
    let at_most = |what: &str, count: usize, most: usize| {
        ensure(count <= most, || format!("{count} {what} are more than {most}"))
    };
    at_most("environments", state.environments.len(), MAX_ENVIRONMENTS)?;
    at_most("services", state.services.len(), MAX_SERVICES)?;
    at_most("user groups", state.user_groups.len(), MAX_USER_GROUPS)?;
    let ongoing = state.operations.values().filter(|operation| operation.ended.is_none()).count();
    at_most("operations at work", ongoing, MAX_ONGOING)?;
    // Operations that have ended since the last one was taken on are still to be dropped.
    at_most("operations", state.operations.len(), MAX_FINISHED + MAX_ONGOING)?;
    let mut of_user: BTreeMap<&String, usize> = BTreeMap::new();
    for token in state.tokens.values() {
        *of_user.entry(&token.user_id).or_default() += 1;
    }
    of_user.values().try_for_each(|count| at_most("API tokens of a user", *count, MAX_TOKENS))
}

fn settings(state: &State) -> Checked {
    let queue = state.settings.operation_queue;
    ensure(queue <= MAX_ONGOING, || format!("an operation queue of {queue} is too long"))?;
    let bounded = state.settings.durations_ms.values().all(|ms| *ms <= MAX_DURATION_MS);
    ensure(bounded, || "work is planned to take longer than a year".to_owned())
}

fn environments(state: &State) -> Checked {
    unique("environment", state.environments.values().map(|environment| &environment.name))?;
    let defaults = state.environments.values().filter(|env| env.is_default).count();
    ensure(defaults == 1, || format!("there are {defaults} default environments"))
}

fn one_token(state: &State, token: &Token) -> Checked {
    let id = &token.id;
    ensure(state.users.contains_key(&token.user_id), || format!("token {id} is nobody's"))?;
    let known = token.permissions.iter().all(|name| PERMISSIONS.contains(&name.as_str()));
    ensure(known, || format!("token {id} has an unknown permission"))
}

fn one_service(state: &State, id: &str, service: &Service) -> Checked {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    ensure(id.chars().all(plain), || format!("service {id:?} has an odd id"))?;
    let placed = state.environments.contains_key(&service.environment_id)
        && state.datacenters.contains_key(&service.datacenter_id);
    ensure(placed, || format!("service {id} is in no environment or datacenter"))?;
    let class = Class::find(&service.service_class_id).is_some();
    ensure(class, || format!("service {id} is of no class"))?;
    ensure(state.users.contains_key(&service.owned_by), || format!("service {id} is nobody's"))?;
    let bounded = service.client_profiles.len() <= MAX_CLIENT_PROFILES
        && service.certificates.len() <= MAX_CERTIFICATES
        && service.queues.len() <= MAX_QUEUES;
    ensure(bounded, || format!("service {id} has too much"))?;
    let shown = service.certificates.values().filter(|known| known.installed).count();
    ensure(shown <= 1, || format!("service {id} has {shown} certificates installed"))?;
    let ongoing: Vec<&Operation> = state.ongoing(id).map(|(_, operation)| operation).collect();
    ensure(ongoing.len() <= 1, || format!("several operations work on service {id}"))?;
    let in_creation = ongoing.iter().any(|operation| operation.work.creates_service());
    ensure(in_creation == (service.creation == Creation::Ongoing), || {
        format!("service {id} is in creation without an operation, or the other way round")
    })
}

fn one_operation(state: &State, id: &str, operation: &Operation) -> Checked {
    let ordered = operation.created_time <= operation.starts && operation.starts <= operation.ends;
    ensure(ordered, || format!("operation {id} ends before it begins"))?;
    if operation.ended.is_some() {
        return Ok(());
    }
    let there = state.services.contains_key(&operation.service_id);
    ensure(there, || format!("operation {id} works on no service"))?;
    let source = operation.work.source_id();
    let clones = source.is_none_or(|source| state.services.contains_key(source));
    ensure(clones, || format!("operation {id} clones nothing"))
}
