//! The platform's people: user groups, and the API tokens of whoever asks.
//!
//! Tokens are read here only; their values are never shown. New ones come into being by changing the
//! world.

use super::act::{Act, Answer};
use super::body::Fields;
use super::environments::{LONGEST_DESCRIPTION, LONGEST_NAME, PLATFORM_PAGE};
use super::page::{Page, sorted};
use super::refuse::{bad, missing};
use super::world::{MAX_USER_GROUPS, Token, UserGroup};
use super::write::{created, gone, moment, ok};
use crate::stage::Refusal;
use serde_json::{Value, json};

/// The roles that there are.
pub(super) const ROLES: [&str; 7] = [
    "administrator",
    "mission-control-manager",
    "mission-control-editor",
    "mission-control-viewer",
    "event-portal-manager",
    "event-portal-user",
    "billing-administrator",
];

/// `GET .../userGroups`
pub(super) fn list(act: &mut Act<'_>) -> Answer {
    let page = Page::read(act.call, PLATFORM_PAGE)?;
    let groups = act.world.state.user_groups.iter();
    let items = groups.map(|(id, group)| view(id, group)).collect();
    Ok(page.answer(sorted(act.call, items, &["name", "createdTime", "id"])?))
}

/// `GET .../userGroups/{id}`
pub(super) fn get(act: &mut Act<'_>) -> Answer {
    let (id, group) = group(act)?;
    Ok(ok(&view(id, group)))
}

/// `POST .../userGroups`
pub(super) fn create(act: &mut Act<'_>) -> Answer {
    let (name, description, roles) = written(act, None)?;
    if act.world.state.user_groups.len() >= MAX_USER_GROUPS {
        return Err(bad("The organization has reached its limit of user groups."));
    }
    act.committable()?;
    let id = act.new_id();
    let group = UserGroup { name, description, roles, created: act.touch(), updated: None };
    let view = view(&id, &group);
    act.world.state.user_groups.insert(id, group);
    Ok(created(&view))
}

/// `PUT .../userGroups/{id}`
pub(super) fn update(act: &mut Act<'_>) -> Answer {
    let (id, before) = group(act)?;
    let (id, made) = (id.to_owned(), before.created.clone());
    let (name, description, roles) = written(act, Some(&id))?;
    act.committable()?;
    let updated = Some(act.touch());
    let group = UserGroup { name, description, roles, created: made, updated };
    let view = view(&id, &group);
    act.world.state.user_groups.insert(id, group);
    Ok(ok(&view))
}

/// `DELETE .../userGroups/{id}`
pub(super) fn delete(act: &mut Act<'_>) -> Answer {
    let (id, _) = group(act)?;
    let id = id.to_owned();
    act.committable()?;
    act.world.state.user_groups.remove(&id);
    Ok(gone())
}

/// `GET .../apiTokens`: the caller's own.
pub(super) fn tokens(act: &mut Act<'_>) -> Answer {
    let page = Page::read(act.call, PLATFORM_PAGE)?;
    let items = own_tokens(act).map(token).collect();
    Ok(page.answer(sorted(act.call, items, &["name", "createdTime", "id"])?))
}

/// `GET .../apiTokens/{id}`
pub(super) fn get_token(act: &mut Act<'_>) -> Answer {
    let id = act.segment(0);
    let found = own_tokens(act).find(|token| token.id == id);
    Ok(ok(&token(found.ok_or_else(|| missing("API token", id))?)))
}

fn own_tokens<'a>(act: &'a Act<'_>) -> impl Iterator<Item = &'a Token> {
    let user_id = act.caller.user_id.as_str();
    act.world.state.tokens.values().filter(move |token| token.user_id == user_id)
}

fn token(token: &Token) -> Value {
    json!({
        "id": token.id,
        "type": "apiToken",
        "name": token.name,
        "userId": token.user_id,
        "permissions": token.permissions,
        "createdTime": moment(token.created_time),
        "expirationTime": token.expires.map(moment),
    })
}

fn group<'a>(act: &'a Act<'_>) -> Result<(&'a str, &'a UserGroup), Refusal> {
    let id = act.segment(0);
    let group = act.world.state.user_groups.get(id);
    Ok((id, group.ok_or_else(|| missing("user group", id))?))
}

/// Name, description and roles of a group, as a body gives them.
fn written(act: &Act<'_>, of: Option<&str>) -> Result<(String, String, Vec<String>), Refusal> {
    let mut fields = Fields::read(act.call, "user group", &["name", "description", "roles"])?;
    let name = fields.required("name", LONGEST_NAME);
    let description = fields.text("description", LONGEST_DESCRIPTION).unwrap_or_default();
    let mut groups = act.world.state.user_groups.iter();
    if groups.any(|(id, group)| group.name == name && Some(id.as_str()) != of) {
        fields.wrong("name", "Name must be unique");
    }
    let mut roles: Vec<String> = Vec::new();
    for (at, role) in fields.list("roles").iter().enumerate() {
        match role.as_str().filter(|role| ROLES.contains(role)) {
            Some(role) if roles.iter().any(|known| known == role) => {
                fields.wrong(format!("roles[{at}]"), "must be unique");
            }
            Some(role) => roles.push(role.to_owned()),
            None => fields.wrong(format!("roles[{at}]"), "must be one of the roles"),
        }
    }
    fields.done()?;
    Ok((name, description, roles))
}

fn view(id: &str, group: &UserGroup) -> Value {
    json!({
        "id": id,
        "type": "userGroup",
        "name": group.name,
        "description": group.description,
        "roles": group.roles,
        "createdBy": group.created.by,
        "createdTime": moment(group.created.at),
        "updatedBy": group.updated.as_ref().map(|touch| &touch.by),
        "updatedTime": group.updated.as_ref().map(|touch| moment(touch.at)),
    })
}
