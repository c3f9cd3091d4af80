//! The paths of the API as a table: what is there, and which permission it asks for.
//!
//! Permissions are the published ones where they are known; whoever may change services may change
//! what is below them. That last rule, and the permissions of user groups, are inferred.

use super::act::{Act, Answer};
use super::auth::Permit;
use super::refuse::{no_method, no_path};
use super::{
    births, certificates, classes, datacenters, environments, operations, people, profiles, semp,
    services,
};
use crate::stage::{Call, Found, Refusal, Route, find};
use http::Method;

/// What is at a path.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// What it asks for.
    pub(super) permit: Permit,
    /// The rule.
    pub(super) rule: fn(&mut Act<'_>) -> Answer,
}

const READ: Permit = Permit {
    all: &["mission_control:access", "services:get", "services:view"],
    own: &["services:get:self", "services:view:self"],
    named: false,
};
const CREATE: Permit = Permit { all: &["services:post"], own: &[], named: false };
const CHANGE: Permit = Permit {
    all: &["mission_control:access", "services:put"],
    own: &["services:put:self"],
    named: false,
};
const DELETE: Permit = Permit {
    all: &["mission_control:access", "services:delete"],
    own: &["services:delete:self"],
    named: false,
};
const ENVIRONMENTS: Permit = platform(&["environments:view", "environments:edit"]);
const EDIT_ENVIRONMENTS: Permit = platform(&["environments:edit"]);
const GROUPS: Permit = platform(&["user_groups:view", "user_groups:edit"]);
const EDIT_GROUPS: Permit = platform(&["user_groups:edit"]);
const TOKENS: Permit = platform(&["api_tokens:get"]);

/// All permissions that a token can have.
pub(super) const PERMISSIONS: [&str; 15] = [
    "mission_control:access",
    "services:get",
    "services:get:self",
    "services:view",
    "services:view:self",
    "services:post",
    "services:put",
    "services:put:self",
    "services:delete",
    "services:delete:self",
    "environments:view",
    "environments:edit",
    "user_groups:view",
    "user_groups:edit",
    "api_tokens:get",
];

const fn platform(all: &'static [&'static str]) -> Permit {
    Permit { all, own: &[], named: true }
}

const fn at(
    method: Method,
    path: &'static str,
    permit: Permit,
    rule: fn(&mut Act<'_>) -> Answer,
) -> Route<Place> {
    Route { method, path, target: Place { permit, rule } }
}

#[rustfmt::skip]
const ROUTES: [Route<Place>; 45] = [
    at(Method::GET, "/api/v2/missionControl/datacenters", READ, datacenters::list),
    at(Method::GET, "/api/v2/missionControl/datacenters/{id}", READ, datacenters::get),
    at(Method::GET, "/api/v2/missionControl/serviceClasses", READ, classes::list),
    at(Method::GET, "/api/v2/missionControl/serviceClasses/{id}", READ, classes::get),
    at(Method::GET, "/api/v2/missionControl/eventBrokerServiceVersions", READ, classes::versions),
    at(Method::GET, "/api/v2/missionControl/eventBrokerServices", READ, services::list),
    at(Method::POST, "/api/v2/missionControl/eventBrokerServices", CREATE, births::create),
    at(Method::GET, "/api/v2/missionControl/eventBrokerServices/{id}", READ, services::get),
    at(Method::PATCH, "/api/v2/missionControl/eventBrokerServices/{id}", CHANGE, services::patch),
    at(Method::DELETE, "/api/v2/missionControl/eventBrokerServices/{id}", DELETE, services::delete),
    at(Method::POST, "/api/v2/missionControl/eventBrokerServices/{id}/clone", CREATE, births::clone),
    at(Method::PATCH, "/api/v2/missionControl/eventBrokerServices/{id}/messageSpool", CHANGE, services::resize),
    at(Method::GET, "/api/v2/missionControl/eventBrokerServices/{id}/operations", READ, operations::list),
    at(Method::GET, "/api/v2/missionControl/eventBrokerServices/{id}/operations/{operation}", READ, operations::get),
    at(Method::GET, "/api/v2/missionControl/eventBrokerServices/{id}/clientProfiles", READ, profiles::list),
    at(Method::POST, "/api/v2/missionControl/eventBrokerServices/{id}/clientProfiles", CHANGE, profiles::create),
    at(Method::GET, "/api/v2/missionControl/eventBrokerServices/{id}/clientProfiles/{name}", READ, profiles::get),
    at(Method::PUT, "/api/v2/missionControl/eventBrokerServices/{id}/clientProfiles/{name}", CHANGE, profiles::replace),
    at(Method::PATCH, "/api/v2/missionControl/eventBrokerServices/{id}/clientProfiles/{name}", CHANGE, profiles::update),
    at(Method::DELETE, "/api/v2/missionControl/eventBrokerServices/{id}/clientProfiles/{name}", CHANGE, profiles::delete),
    at(Method::GET, "/api/v2/missionControl/eventBrokerServices/{id}/serverCertificates", READ, certificates::list),
    at(Method::POST, "/api/v2/missionControl/eventBrokerServices/{id}/serverCertificates", CHANGE, certificates::upload),
    at(Method::GET, "/api/v2/missionControl/eventBrokerServices/{id}/serverCertificates/{certificate}", READ, certificates::get),
    at(Method::DELETE, "/api/v2/missionControl/eventBrokerServices/{id}/serverCertificates/{certificate}", CHANGE, certificates::delete),
    at(Method::POST, "/api/v2/missionControl/eventBrokerServices/{id}/serverCertificates/{certificate}/install", CHANGE, certificates::install),
    at(Method::GET, "/api/v2/missionControl/eventBrokerServices/{id}/broker/SEMP/v2/config/msgVpns/{vpn}/queues", READ, semp::list),
    at(Method::POST, "/api/v2/missionControl/eventBrokerServices/{id}/broker/SEMP/v2/config/msgVpns/{vpn}/queues", CHANGE, semp::create),
    at(Method::GET, "/api/v2/missionControl/eventBrokerServices/{id}/broker/SEMP/v2/config/msgVpns/{vpn}/queues/{queue}", READ, semp::get),
    at(Method::PATCH, "/api/v2/missionControl/eventBrokerServices/{id}/broker/SEMP/v2/config/msgVpns/{vpn}/queues/{queue}", CHANGE, semp::update),
    at(Method::DELETE, "/api/v2/missionControl/eventBrokerServices/{id}/broker/SEMP/v2/config/msgVpns/{vpn}/queues/{queue}", CHANGE, semp::delete),
    at(Method::GET, "/api/v2/missionControl/eventBrokerServices/{id}/broker/SEMP/v2/config/msgVpns/{vpn}/{other}", READ, semp::unsupported),
    at(Method::GET, "/api/v2/missionControl/eventBrokerServices/{id}/broker/SEMP/v2/config/{other}", READ, semp::unsupported),
    at(Method::GET, "/api/v2/missionControl/eventBrokerServices/{id}/broker/SEMP/v2/monitor/{other}", READ, semp::unsupported),
    at(Method::GET, "/api/v2/platform/environments", ENVIRONMENTS, environments::list),
    at(Method::POST, "/api/v2/platform/environments", EDIT_ENVIRONMENTS, environments::create),
    at(Method::GET, "/api/v2/platform/environments/{id}", ENVIRONMENTS, environments::get),
    at(Method::PUT, "/api/v2/platform/environments/{id}", EDIT_ENVIRONMENTS, environments::update),
    at(Method::DELETE, "/api/v2/platform/environments/{id}", EDIT_ENVIRONMENTS, environments::delete),
    at(Method::GET, "/api/v2/platform/userGroups", GROUPS, people::list),
    at(Method::POST, "/api/v2/platform/userGroups", EDIT_GROUPS, people::create),
    at(Method::GET, "/api/v2/platform/userGroups/{id}", GROUPS, people::get),
    at(Method::PUT, "/api/v2/platform/userGroups/{id}", EDIT_GROUPS, people::update),
    at(Method::DELETE, "/api/v2/platform/userGroups/{id}", EDIT_GROUPS, people::delete),
    at(Method::GET, "/api/v2/platform/apiTokens", TOKENS, people::tokens),
    at(Method::GET, "/api/v2/platform/apiTokens/{id}", TOKENS, people::get_token),
];

/// What a call is about, and the segments that its path leaves open.
pub(super) fn look(call: &Call) -> Result<(Place, Vec<String>), Refusal> {
    match find(&ROUTES, &call.method, call.path()) {
        Found::Target(place, open) => Ok((*place, open)),
        Found::OtherMethods(allow) => Err(no_method(call.method.as_str(), &allow)),
        Found::Nothing => Err(no_path(call.path())),
    }
}
