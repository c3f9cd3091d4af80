//! Environments of the account.

use super::act::{Act, Answer};
use super::body::Fields;
use super::page::{Page, sorted};
use super::refuse::{bad, missing};
use super::world::{Environment, MAX_ENVIRONMENTS, State};
use super::write::{created, gone, moment, ok};
use crate::stage::Refusal;
use serde_json::{Value, json};

/// How many a page has where nothing is asked for.
pub(super) const PLATFORM_PAGE: usize = 10;
/// The longest name, in characters.
pub(super) const LONGEST_NAME: usize = 100;
/// The longest description, in characters.
pub(super) const LONGEST_DESCRIPTION: usize = 1000;

const KNOWN: [&str; 5] = ["name", "description", "isDefault", "isProduction", "type"];

/// `GET .../environments`
pub(super) fn list(act: &mut Act<'_>) -> Answer {
    let page = Page::read(act.call, PLATFORM_PAGE)?;
    let named = act.call.query("name");
    let state = &act.world.state;
    let environments = state.environments.iter();
    let asked = environments.filter(|(_, env)| named.as_ref().is_none_or(|name| *name == env.name));
    let items = asked.map(|(id, environment)| view(state, id, environment)).collect();
    Ok(page.answer(sorted(act.call, items, &["name", "createdTime", "updatedTime", "id"])?))
}

/// `GET .../environments/{id}`
pub(super) fn get(act: &mut Act<'_>) -> Answer {
    let (id, environment) = environment(act)?;
    Ok(ok(&view(&act.world.state, id, environment)))
}

/// `POST .../environments`
pub(super) fn create(act: &mut Act<'_>) -> Answer {
    let written = written(act, None)?;
    if act.world.state.environments.len() >= MAX_ENVIRONMENTS {
        return Err(bad("The organization has reached its limit of environments."));
    }
    act.committable()?;
    let id = act.new_id();
    let environment = Environment {
        name: written.name,
        description: written.description.unwrap_or_default(),
        is_default: written.is_default.unwrap_or_default(),
        is_production: written.is_production.unwrap_or_default(),
        created: act.touch(),
        updated: None,
    };
    keep(&mut act.world.state, &id, environment);
    Ok(created(&shown(&act.world.state, &id)))
}

/// `PUT .../environments/{id}`
pub(super) fn update(act: &mut Act<'_>) -> Answer {
    let (id, before) = environment(act)?;
    let (id, before) = (id.to_owned(), before.clone());
    let written = written(act, Some((&id, &before)))?;
    act.committable()?;
    let environment = Environment {
        name: written.name,
        description: written.description.unwrap_or(before.description),
        is_default: written.is_default.unwrap_or(before.is_default),
        updated: Some(act.touch()),
        ..before
    };
    keep(&mut act.world.state, &id, environment);
    Ok(ok(&shown(&act.world.state, &id)))
}

/// `DELETE .../environments/{id}`
pub(super) fn delete(act: &mut Act<'_>) -> Answer {
    let (id, environment) = environment(act)?;
    let id = id.to_owned();
    if act.world.state.environments.len() == 1 {
        return Err(bad("Unable to delete the last environment"));
    }
    if environment.is_default {
        return Err(bad("The default environment cannot be deleted."));
    }
    if act.world.state.services.values().any(|service| service.environment_id == id) {
        return Err(bad("The environment has event broker services and cannot be deleted."));
    }
    act.committable()?;
    act.world.state.environments.remove(&id);
    Ok(gone())
}

/// What a body says of an environment.
struct Written {
    name: String,
    description: Option<String>,
    is_default: Option<bool>,
    is_production: Option<bool>,
}

fn written(act: &Act<'_>, of: Option<(&String, &Environment)>) -> Result<Written, Refusal> {
    let mut fields = Fields::read(act.call, "environment", &KNOWN)?;
    let name = fields.required("name", LONGEST_NAME);
    let description = fields.text("description", LONGEST_DESCRIPTION);
    let (is_default, is_production) = (fields.flag("isDefault"), fields.flag("isProduction"));
    fields.text("type", LONGEST_NAME);
    let mut others = act.world.state.environments.iter();
    if others.any(|(id, env)| env.name == name && of.is_none_or(|(own, _)| own != id)) {
        fields.wrong("name", "Name must be unique");
    }
    if let Some((_, before)) = of {
        if is_production.is_some_and(|now| now != before.is_production) {
            fields.wrong("isProduction", "cannot be changed");
        }
        if before.is_default && is_default == Some(false) {
            fields.wrong("isDefault", "there must be a default environment");
        }
    }
    fields.done()?;
    Ok(Written { name, description, is_default, is_production })
}

/// Keeps an environment. There is one default: a new one takes the place of the old one.
fn keep(state: &mut State, id: &str, environment: Environment) {
    if environment.is_default {
        state.environments.values_mut().for_each(|other| other.is_default = false);
    }
    state.environments.insert(id.to_owned(), environment);
}

fn environment<'a>(act: &'a Act<'_>) -> Result<(&'a str, &'a Environment), Refusal> {
    let id = act.segment(0);
    let environment = act.world.state.environments.get(id);
    Ok((id, environment.ok_or_else(|| missing("environment", id))?))
}

fn shown(state: &State, id: &str) -> Value {
    let environment = state.environments.get(id);
    environment.map(|environment| view(state, id, environment)).unwrap_or_default()
}

fn view(state: &State, id: &str, environment: &Environment) -> Value {
    let services = state.services.values().filter(|service| service.environment_id == id).count();
    json!({
        "id": id,
        "type": "environment",
        "name": environment.name,
        "description": environment.description,
        "isDefault": environment.is_default,
        "isProduction": environment.is_production,
        "numberOfEventBrokerServices": services,
        "createdBy": environment.created.by,
        "createdTime": moment(environment.created.at),
        "updatedBy": environment.updated.as_ref().map(|touch| &touch.by),
        "updatedTime": environment.updated.as_ref().map(|touch| moment(touch.at)),
        "organization": { "id": state.organization.id, "organizationType": "ENTERPRISE" },
    })
}
