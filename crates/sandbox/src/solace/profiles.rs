//! Client profiles of a service.

use super::act::{Act, Answer};
use super::body::Fields;
use super::page::{LARGEST_PAGE, Page, sorted};
use super::plan::Job;
use super::profile_fields::{self as fields, names};
use super::refuse::{bad, short};
use super::work::Work;
use super::world::{MAX_CLIENT_PROFILES, Service, State};
use super::write::{created, gone, ok};
use crate::stage::Refusal;
use serde_json::{Map, Value};

/// The longest name, in characters.
const LONGEST_NAME: usize = 32;

/// `GET .../clientProfiles`
pub(super) fn list(act: &mut Act<'_>) -> Answer {
    let (_, service) = act.service()?;
    let page = Page::read(act.call, LARGEST_PAGE)?;
    let profiles = service.client_profiles.iter();
    let items = profiles.map(|(name, values)| fields::brief(name, values)).collect();
    Ok(page.answer(sorted(act.call, items, &["name", "id"])?))
}

/// `GET .../clientProfiles/{name}`
pub(super) fn get(act: &mut Act<'_>) -> Answer {
    let (_, _, name, values) = profile(act)?;
    Ok(ok(&fields::whole(name, values)))
}

/// `POST .../clientProfiles`
pub(super) fn create(act: &mut Act<'_>) -> Answer {
    let (id, service) = act.service()?;
    let mut body = Fields::read(act.call, "client profile", &names())?;
    let name = body.required("name", LONGEST_NAME);
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        body.wrong("name", r#"must match "[a-zA-Z0-9-_]*""#);
    }
    if service.client_profiles.contains_key(&name) {
        body.wrong("name", "Name must be unique");
    }
    let values = fields::read(&mut body);
    body.done()?;
    if service.client_profiles.len() >= MAX_CLIENT_PROFILES {
        return Err(bad("The event broker service has reached its limit of client profiles."));
    }
    let id = id.to_owned();
    let done = |state: &State| created(&shown(state, &id, &name));
    let work = Work::CreateClientProfile { name: name.clone(), values };
    act.undertake(Job { service_id: &id, birth: None, work, done: &done })
}

/// `PUT .../clientProfiles/{name}`: what is left out goes back to its default.
pub(super) fn replace(act: &mut Act<'_>) -> Answer {
    change(act, |_, values| values)
}

/// `PATCH .../clientProfiles/{name}`: what is left out stays.
pub(super) fn update(act: &mut Act<'_>) -> Answer {
    change(act, |mut before, values| {
        before.extend(values);
        before
    })
}

/// The values of a profile after a change, from those before and those given.
type Change = fn(Map<String, Value>, Map<String, Value>) -> Map<String, Value>;

fn change(act: &mut Act<'_>, changed: Change) -> Answer {
    let (id, _, name, before) = profile(act)?;
    let mut body = Fields::read(act.call, "client profile", &names())?;
    let named = body.unblank("name", LONGEST_NAME);
    if named.is_some_and(|named| named != *name) {
        body.wrong("name", "must be the name of the client profile");
    }
    let values = fields::read(&mut body);
    body.done()?;
    let values = changed(before.clone(), values);
    let (id, name) = (id.to_owned(), name.to_owned());
    let done = |state: &State| ok(&shown(state, &id, &name));
    let work = Work::UpdateClientProfile { name: name.clone(), values };
    act.undertake(Job { service_id: &id, birth: None, work, done: &done })
}

/// `DELETE .../clientProfiles/{name}`
pub(super) fn delete(act: &mut Act<'_>) -> Answer {
    let (id, _, name, _) = profile(act)?;
    if name == "default" {
        return Err(bad("You cannot delete the default client profile."));
    }
    let id = id.to_owned();
    let work = Work::DeleteClientProfile { name: name.to_owned() };
    act.undertake(Job { service_id: &id, birth: None, work, done: &|_| gone() })
}

/// What the path names: the service, the profile's name and its values.
type Named<'a> = (&'a str, &'a Service, &'a str, &'a Map<String, Value>);

fn profile<'a>(act: &'a Act<'_>) -> Result<Named<'a>, Refusal> {
    let (id, service) = act.service()?;
    let name = act.segment(1);
    let values = service.client_profiles.get(name).ok_or_else(|| {
        let name = short(name);
        Refusal::row("404").message(format!("Could not find the client profile with name, {name}."))
    })?;
    Ok((id, service, name, values))
}

fn shown(state: &State, id: &str, name: &str) -> Value {
    let service = state.services.get(id);
    let values = service.and_then(|service| service.client_profiles.get(name));
    values.map(|values| fields::whole(name, values)).unwrap_or_default()
}
