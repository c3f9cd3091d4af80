//! What the API remembers. As JSON the members are those of these types; words that the API itself
//! uses (products, roles, intervals) are spelt as it spells them.

use super::job::Work;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

pub use super::job::Job;
pub use super::place::{Aws, Bucket, Encryption, Installed, Org, Product, Role, Site, Size, User};

/// How many backups, restores, exports and imports are kept, each; beyond it the oldest finished
/// ones are forgotten.
pub const KEPT: usize = 200;
/// How many storages an organization may have.
pub const STORAGES: usize = 100;
/// How long a backup is kept, in seconds: 30 days (Versioning, pagination, and data retention).
pub const RETENTION: i64 = 30 * DAY;
/// How long a product waits for its next backup, and a backup for its next restore, in seconds: 7
/// days (Backup and restore limitations).
pub const PAUSE: i64 = 7 * DAY;
/// A day in seconds.
pub const DAY: i64 = 86_400;

/// All of it, by id.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Organizations.
    pub orgs: BTreeMap<String, Org>,
    /// Sites, by cloud id.
    pub sites: BTreeMap<String, Site>,
    /// People, by account id.
    pub users: BTreeMap<String, User>,
    /// The part of Amazon Web Services that customers' storages are in.
    pub aws: Aws,
    /// Backup policies.
    pub policies: BTreeMap<String, Policy>,
    /// Backups.
    pub backups: BTreeMap<String, Backup>,
    /// Restores.
    pub restores: BTreeMap<String, Restore>,
    /// Exports.
    pub exports: BTreeMap<String, Export>,
    /// Imports.
    pub imports: BTreeMap<String, Import>,
    /// Storages.
    pub storages: BTreeMap<String, Storage>,
    /// How long new jobs take.
    pub durations: Durations,
    /// What was called how often.
    pub limits: BTreeMap<String, Window>,
}

/// A backup policy. There is one for a product of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// The site.
    pub cloud_id: String,
    /// The product.
    pub product: Product,
    /// Whether it runs by its schedule.
    pub active: bool,
    /// Besides the data.
    pub selections: BTreeSet<Selection>,
    /// The customer's own storage, if the policy names one.
    pub storage_id: Option<String>,
    /// When it runs.
    pub schedule: Option<Schedule>,
    /// When it runs next by itself.
    pub next_run: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
}

/// What a backup holds besides the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Selection {
    /// Users and groups.
    Users,
    /// Attachments.
    Attachments,
    /// Personal spaces of Confluence.
    PersonalSpaces,
}

/// When a policy runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// How often.
    pub interval: Interval,
    /// From when on; at once where it is not said.
    pub start_date: Option<Timestamp>,
    /// The time of day, `HH:MM`.
    pub slot: Option<String>,
}

/// How often a policy runs. Only `ONCE` is documented; the others are inferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Interval {
    /// Once.
    Once,
    /// Each day: more often than a product can be backed up.
    Daily,
    /// Every 7 days.
    Weekly,
    /// Every 30 days.
    Monthly,
}

/// A backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    /// Its name.
    pub name: String,
    /// The site.
    pub cloud_id: String,
    /// The product.
    pub product: Product,
    /// The policy; an imported backup has none.
    pub policy_id: Option<String>,
    /// What brought it about.
    pub source: Source,
    /// What it holds besides the data.
    pub selections: BTreeSet<Selection>,
    /// How much it holds.
    pub size: Size,
    /// The customer's own storage, if the policy named one.
    pub storage_id: Option<String>,
    /// From when on it is gone.
    pub expires_at: Timestamp,
    /// The work.
    pub job: Job,
}

/// What brought a backup about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A call.
    Call,
    /// A policy's schedule.
    Schedule,
    /// An import of an exported backup.
    Import,
}

/// A restore of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// The backup.
    pub backup_id: String,
    /// The site that it is restored into.
    pub cloud_id: String,
    /// The product.
    pub product: Product,
    /// What is restored besides the data.
    pub selections: BTreeSet<Selection>,
    /// The migration that carries it out; its report is asked for by this id.
    pub migration_id: String,
    /// The work.
    pub job: Job,
}

/// An export of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// The backup.
    pub backup_id: String,
    /// Its site.
    pub cloud_id: String,
    /// Its product.
    pub product: Product,
    /// What it holds besides the data.
    pub selections: BTreeSet<Selection>,
    /// How much it holds.
    pub size: Size,
    /// Where it goes.
    pub storage_id: String,
    /// The work.
    pub job: Job,
}

/// An import of an exported backup: a backup again, which can be restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// The backup that was exported.
    pub backup_id: String,
    /// The site.
    pub cloud_id: String,
    /// The product.
    pub product: Product,
    /// The export.
    pub export_id: String,
    /// The backup that it becomes.
    pub imported_backup_id: String,
    /// The work.
    pub job: Job,
}

/// A customer's own storage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// The organization.
    pub org: String,
    /// The bucket.
    pub name: String,
    /// Where it is.
    pub region: String,
    /// The base path in it.
    pub prefix: String,
    /// The role that is assumed.
    pub role_identifier: String,
    /// The tag that it is assumed with.
    pub principal_tag: String,
    /// The site whose backups it takes.
    pub cloud_id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// By whom.
    pub created_by: String,
}

/// How long new jobs take, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Durations {
    /// In the queue, each.
    pub queue: u32,
    /// A backup.
    pub backup: u32,
    /// The validation before a restore; one that fails takes no longer.
    pub validation: u32,
    /// A restore.
    pub restore: u32,
    /// An export.
    pub export: u32,
    /// An import.
    pub import: u32,
}

/// How often something was called since a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// The moment.
    pub since: Timestamp,
    /// How often.
    pub count: u32,
}

impl State {
    /// The site of an organization.
    pub(super) fn site(&self, org: &str, cloud_id: &str) -> Option<&Site> {
        self.sites.get(cloud_id).filter(|site| site.org == org)
    }

    /// The job of an organization, among those of a kind.
    pub(super) fn job<'s, W: Work>(
        &self,
        jobs: &'s BTreeMap<String, W>,
        org: &str,
        id: &str,
    ) -> Option<&'s W> {
        jobs.get(id).filter(|work| self.site(org, work.cloud_id()).is_some())
    }

    /// A backup that is there: not one that its retention has ended.
    pub(super) fn backup(&self, org: &str, id: &str, now: Timestamp) -> Option<&Backup> {
        self.job(&self.backups, org, id).filter(|backup| !backup.expired(now))
    }

    /// The storage of an organization.
    pub(super) fn storage(&self, org: &str, id: &str) -> Option<&Storage> {
        self.storages.get(id).filter(|storage| storage.org == org)
    }
}

impl Backup {
    /// Whether its retention has ended.
    pub(super) fn expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }

    /// Whether it can be restored and exported.
    pub(super) fn usable(&self, now: Timestamp) -> bool {
        self.job.completed(now) && !self.expired(now)
    }
}
