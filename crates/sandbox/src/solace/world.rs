//! What the API remembers: an account with its datacenters, event broker services and operations.
//!
//! Maps are keyed by id. Every collection has a maximum; what lies beyond it is refused by the API's
//! own error, and finished operations make room for newer ones.
//!
//! Not here: rules. Whether a state is possible is told in `check`, what time does to it in
//! [`super::work`].

use super::operation::{Operation, OperationType};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// How many environments an account has at most.
pub const MAX_ENVIRONMENTS: usize = 50;
/// How many event broker services an account has at most.
pub const MAX_SERVICES: usize = 100;
/// How many user groups an account has at most.
pub const MAX_USER_GROUPS: usize = 200;
/// How many client profiles a service has at most.
pub const MAX_CLIENT_PROFILES: usize = 50;
/// How many server certificates a service has at most.
pub const MAX_CERTIFICATES: usize = 10;
/// How many queues a service has at most.
pub const MAX_QUEUES: usize = 100;
/// How many API tokens a user has at most, as "Managing API Tokens" says.
pub const MAX_TOKENS: usize = 50;
/// How many operations wait or run at once at most, whatever the settings say.
pub const MAX_ONGOING: usize = 64;
/// How many finished operations are remembered; the ones that ended first are dropped first.
pub const MAX_FINISHED: usize = 200;
/// The longest that work is planned to take: a year, in milliseconds.
pub const MAX_DURATION_MS: u64 = 366 * 24 * 60 * 60 * 1000;

/// All that the API remembers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The account.
    pub organization: Organization,
    /// How the API behaves where its documents leave a choice.
    pub settings: Settings,
    /// The account's users.
    pub users: BTreeMap<String, User>,
    /// The API tokens, keyed by what is sent as `Bearer`.
    pub tokens: BTreeMap<String, Token>,
    /// The environments; exactly one is the default one.
    pub environments: BTreeMap<String, Environment>,
    /// The datacenters that services run in.
    pub datacenters: BTreeMap<String, Datacenter>,
    /// The event broker services.
    pub services: BTreeMap<String, Service>,
    /// The user groups.
    pub user_groups: BTreeMap<String, UserGroup>,
    /// The operations, waiting, running and ended.
    pub operations: BTreeMap<String, Operation>,
}

/// The account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// Its id.
    pub id: String,
    /// How many gigabytes of message spool its services may have together beyond what their classes
    /// include.
    pub spool_expansion_gb: u32,
}

/// How the API behaves where its documents differ or leave a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// How states of operations are spelled.
    pub states: Spelling,
    /// How a single operation is written.
    pub operations: OperationForm,
    /// What a 202 carries.
    pub accepted: AcceptedForm,
    /// How many operations may wait or run at once; at most [`MAX_ONGOING`].
    pub operation_queue: usize,
    /// How long work is planned to take, in milliseconds. Two seconds or less is done at once, as
    /// is work that is left out.
    pub durations_ms: BTreeMap<OperationType, u64>,
}

/// How states of operations are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spelling {
    /// `PENDING`, `INPROGRESS`, as the published schema has it.
    Upper,
    /// `pending`, `inProgress`, as the page "Error Handling" prints it.
    Page,
}

/// How a single operation is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationForm {
    /// In `data`, as the published schema has it.
    Enveloped,
    /// Without an envelope, as the page "Error Handling" prints it.
    Bare,
}

/// What a 202 carries besides its `Location`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AcceptedForm {
    /// The operation, as the published schema has it.
    Operation,
    /// Nothing: the table of response codes promises only the header.
    LocationOnly,
}

/// A user of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The name.
    pub name: String,
}

/// An API token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The user that it stands for.
    pub user_id: String,
    /// What it may do, such as `services:post`.
    pub permissions: Vec<String>,
    /// When it was made.
    pub created_time: Timestamp,
    /// From when on it is no longer valid.
    pub expires: Option<Timestamp>,
    /// How many calls it may make in a minute.
    pub requests_per_minute: u32,
    /// The calls that are left.
    pub bucket: Bucket,
}

/// A token bucket: it holds the calls of a minute, and is filled up as time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// What has been taken out, in thousandths of a call.
    pub taken_milli: u64,
    /// Until when it was filled up.
    pub filled: Timestamp,
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The name, unique.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Whether services go here that name none.
    pub is_default: bool,
    /// Whether it is for production; it stays what it is.
    pub is_production: bool,
    /// Who made it, and when.
    pub created: Touch,
    /// Who changed it last, and when.
    pub updated: Option<Touch>,
}

/// Who did something, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Touch {
    /// The user's id.
    pub by: String,
    /// The moment.
    pub at: Timestamp,
}

/// A datacenter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Datacenter {
    /// The name.
    pub name: String,
    /// Whose it is: `SolacePublic`, `SolaceDedicated`, `CustomerCloud` or `CustomerOnPrem`.
    pub datacenter_type: String,
    /// The cloud provider: `aws`, `gcp` and the like.
    pub provider: String,
    /// The continent that it is on.
    pub continent: String,
    /// How many services find room there.
    pub capacity: usize,
    /// Whether it is down for maintenance: nothing can be changed there.
    pub maintenance: bool,
    /// Since when it is there.
    pub created_time: Timestamp,
}

/// An event broker service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// The name, unique in the account.
    pub name: String,
    /// The environment that it is in.
    pub environment_id: String,
    /// The datacenter that it runs in.
    pub datacenter_id: String,
    /// Its service class.
    pub service_class_id: String,
    /// The version of the broker.
    pub version: String,
    /// The name of its Message VPN.
    pub msg_vpn_name: String,
    /// The name of its DMR cluster.
    pub cluster_name: String,
    /// The id of what it runs on.
    pub infrastructure_id: String,
    /// The id of its connection endpoint.
    pub endpoint_id: String,
    /// The user who owns it.
    pub owned_by: String,
    /// Who made it, and when.
    pub created: Touch,
    /// Who changed it last, and when.
    pub updated: Option<Touch>,
    /// Whether it is protected from being deleted.
    pub locked: bool,
    /// Whether the mate link of a redundancy group is encrypted.
    pub mate_link_encryption: bool,
    /// The size of the message spool, in gigabytes.
    pub spool_gb: u32,
    /// How far its creation has come.
    pub creation: Creation,
    /// Its client profiles, by name; the values that differ from the defaults.
    pub client_profiles: BTreeMap<String, Map<String, Value>>,
    /// Its server certificates.
    pub certificates: BTreeMap<String, Certificate>,
    /// Its queues, by name, with their attributes as the broker has them.
    pub queues: BTreeMap<String, Map<String, Value>>,
}

/// How far the creation of a service has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Creation {
    /// An operation is at it.
    Ongoing,
    /// It is there.
    Completed,
    /// It failed; the remains can be deleted.
    Failed {
        /// Why.
        message: String,
        /// The id of the failure.
        error_id: String,
    },
}

/// A server certificate of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The SHA-1 of what was uploaded.
    pub sha1_thumbprint: String,
    /// Whose name is on it.
    pub subject_cn: String,
    /// From when on it is valid.
    pub not_before: Timestamp,
    /// Until when it is valid.
    pub not_after: Timestamp,
    /// Whether the broker shows it.
    pub installed: bool,
}

/// A user group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserGroup {
    /// The name, unique in the account.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The roles that its members have.
    pub roles: Vec<String>,
    /// Who made it, and when.
    pub created: Touch,
    /// Who changed it last, and when.
    pub updated: Option<Touch>,
}

impl State {
    /// The operations of a service that have not ended.
    pub fn ongoing<'s>(
        &'s self,
        service_id: &'s str,
    ) -> impl Iterator<Item = (&'s String, &'s Operation)> {
        let all = self.operations.iter();
        all.filter(move |(_, op)| op.ended.is_none() && op.service_id == service_id)
    }

    /// How many services a datacenter holds.
    pub(super) fn hosted(&self, datacenter_id: &str) -> usize {
        let holds = |service: &&Service| {
            service.datacenter_id == datacenter_id && service.creation == Creation::Completed
        };
        self.services.values().filter(holds).count()
    }

    /// The environment for services that name none.
    pub(super) fn default_environment(&self) -> Option<&str> {
        let mut environments = self.environments.iter();
        environments.find(|(_, env)| env.is_default).map(|(id, _)| id.as_str())
    }
}
