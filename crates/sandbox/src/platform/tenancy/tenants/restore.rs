//! Bringing a deleted tenant back, with all that was below it.

use super::super::tenant::{Operation, UpdateLock};
use super::super::{Tenancy, check, open, room};
use super::deletion::Buried;
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};

/// For how long a deleted tenant can be brought back.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Brings a deleted tenant back, with all that was below it. They are disabled, as they were.
///
/// # Errors
/// 1005: no such tenant was deleted not long ago. What its parent is refused by. 1003: the parent is
/// disabled. 1004: a sibling has the name by now; 409: a user has a login. With `force=true` what
/// comes back is renamed instead. 1027: there is no room.
pub(in super::super) fn restore(desk: &mut Desk<'_>, path: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let (id, now) = (open(path), desk.call.now);
    let buried = desk.tenancy().buried.get(id).cloned().ok_or_else(|| errors::code("1005"))?;
    let parent = desk.writable(&caller, &buried.parent_id)?;
    if now.duration_since(buried.deleted_at) > KEPT {
        return Err(errors::code("1005"));
    }
    if !parent.enabled {
        return Err(errors::code("1003"));
    }
    let force = matches!(desk.call.query("force").as_deref(), Some("true" | "True" | "1"));
    let returning = desk.tenancy().returning(buried, force)?;
    desk.commit()?;
    bring_back(desk, id, returning);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn bring_back(desk: &mut Desk<'_>, id: &str, returning: Buried) {
    let now = desk.call.now;
    let state = &mut desk.world.state;
    state.tenancy.buried.remove(id);
    for tenant in returning.tenants {
        state.services.tenant_created(&tenant);
        state.tenancy.tenants.insert(tenant.id.clone(), tenant);
    }
    for user in returning.users {
        state.tenancy.users.insert(user.id.clone(), user);
    }
    state.tenancy.begin(id, Operation::Recovering, now);
}

impl Tenancy {
    /// What comes back, as it can stand in the tree of today.
    fn returning(&self, mut buried: Buried, force: bool) -> Result<Buried, Refusal> {
        let tenants = self.tenants.len() + buried.tenants.len();
        room(tenants.saturating_sub(1), check::MOST_TENANTS, "tenants")?;
        let users = self.users.len() + buried.users.len();
        room(users.saturating_sub(1), check::MOST_USERS, "users")?;
        let depth = self.ancestors(&buried.parent_id).count() + buried.height();
        room(depth, check::DEEPEST, "tenants one above another")?;
        self.loosen(&mut buried);
        if let Some(top) = buried.tenants.first_mut() {
            let free = |name: &str| !self.name_taken(Some(&buried.parent_id), name, "");
            let name = renamed(&top.name, force, free).ok_or_else(|| errors::code("1004"))?;
            top.name = name;
        }
        self.free_logins(&mut buried, force)?;
        Ok(buried)
    }

    /// Sees to it that each login is one user's.
    fn free_logins(&self, buried: &mut Buried, force: bool) -> Result<(), Refusal> {
        let mut taken: BTreeSet<String> = self.logins().chain(buried.logins()).collect();
        for user in &mut buried.users {
            user.deleted_at = None;
            let Some(login) = user.login.take() else { continue };
            let stays = !self.login_taken(&login, "");
            let free =
                |name: &str| (stays && name == login) || !taken.contains(&name.to_lowercase());
            let free = renamed(&login, force, free).ok_or_else(|| errors::http(409))?;
            taken.insert(free.to_lowercase());
            user.login = Some(free);
        }
        Ok(())
    }

    fn logins(&self) -> impl Iterator<Item = String> {
        self.users.values().filter_map(|user| Some(user.login.as_ref()?.to_lowercase()))
    }

    /// Takes the locks off whose owners neither come back as well nor stand above by now.
    fn loosen(&self, buried: &mut Buried) {
        let back: BTreeSet<String> = buried.tenants.iter().map(|it| it.id.clone()).collect();
        let parent = &buried.parent_id;
        let holds =
            |owner: &str| back.contains(owner) || owner == parent || self.is_above(owner, parent);
        for tenant in &mut buried.tenants {
            tenant.deleted_at = None;
            if tenant.update_lock.owner_id.as_deref().is_some_and(|owner| !holds(owner)) {
                tenant.update_lock = UpdateLock::default();
            }
        }
    }
}

impl Buried {
    /// How many tenants stand one above another in it.
    fn height(&self) -> usize {
        let mut heights: BTreeMap<&str, usize> = BTreeMap::new();
        for tenant in &self.tenants {
            let parent = tenant.parent_id.as_deref().and_then(|parent| heights.get(parent));
            heights.insert(&tenant.id, parent.map_or(1, |height| height + 1));
        }
        heights.into_values().max().unwrap_or(1)
    }

    fn logins(&self) -> impl Iterator<Item = String> {
        self.users.iter().filter_map(|user| Some(user.login.as_ref()?.to_lowercase()))
    }
}

/// A name that is free: this one or, where that is asked for, one with a number behind it.
fn renamed(name: &str, force: bool, free: impl Fn(&str) -> bool) -> Option<String> {
    if free(name) {
        return Some(name.to_owned());
    }
    let numbered = (1..=99).map(|number| format!("{name}-{number}"));
    numbered.filter(|_| force).find(|name| free(name))
}
