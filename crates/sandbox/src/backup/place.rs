//! What is there before any backup: organizations, their sites and people, and the cloud in which
//! customers keep storages of their own.

use super::state::Selection;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Org {
    /// Its name.
    pub name: String,
    /// Whether it may have storages of its own; closed to new customers.
    pub external_storage: bool,
}

/// A site of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// The organization's id.
    pub org: String,
    /// Its name.
    pub name: String,
    /// Its address.
    pub url: String,
    /// Whose keys its data is encrypted with.
    pub encryption: Encryption,
    /// Where storages for it may be.
    pub regions: BTreeSet<String>,
    /// The products on it.
    pub products: BTreeMap<Product, Installed>,
}

/// Whose keys encrypt a site's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Encryption {
    /// The vendor's.
    AtlassianManaged,
    /// The customer's, managed by the vendor.
    Cmk,
    /// The customer's own: no backups are possible.
    Byok,
}

/// A product that can be backed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Product {
    /// Jira, all of its products.
    Jira,
    /// Confluence.
    Confluence,
}

/// A product on a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Installed {
    /// Whether its data can be read; a backup fails where it cannot.
    pub readable: bool,
    /// Whether there is nothing in it; Jira is restored into nothing else.
    pub empty: bool,
    /// How much there is.
    pub size: Size,
}

/// Sizes, in megabytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Size {
    /// Users and groups.
    pub users: u32,
    /// Data.
    pub data: u32,
    /// Attachments.
    pub attachments: u32,
}

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The address to sign in with.
    pub email: String,
    /// The API token.
    pub api_token: String,
    /// Until when the token is good.
    pub token_expires_at: Timestamp,
    /// What the person is, by organization.
    pub roles: BTreeMap<String, Role>,
}

/// What somebody is in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// An administrator of the organization: the only ones who may call.
    OrgAdmin,
    /// A member.
    Member,
}

/// What there is at Amazon Web Services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aws {
    /// Buckets, by name.
    pub buckets: BTreeMap<String, Bucket>,
    /// The principal tags that a role may be assumed with, by the role's identifier.
    pub roles: BTreeMap<String, BTreeSet<String>>,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Where it is.
    pub region: String,
    /// The base paths that may be written below.
    pub writable: BTreeSet<String>,
}

impl Product {
    /// As the API spells it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Jira => "JIRA",
            Self::Confluence => "CONFLUENCE",
        }
    }
}

impl Size {
    /// What of it is in a backup with these selections.
    pub(super) fn of(self, selections: &BTreeSet<Selection>) -> Self {
        let kept = |selection, size| if selections.contains(&selection) { size } else { 0 };
        Self {
            users: kept(Selection::Users, self.users),
            data: self.data,
            attachments: kept(Selection::Attachments, self.attachments),
        }
    }

    /// All of it in gigabytes, rounded up.
    pub(super) fn gigabytes(self) -> u64 {
        let Self { users, data, attachments } = self;
        (u64::from(users) + u64::from(data) + u64::from(attachments)).div_ceil(1024)
    }
}
