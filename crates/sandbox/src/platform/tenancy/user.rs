//! A user, and what it may do where.

use super::contact::Contact;
use super::moment;
use super::tenant::{Kind, MfaStatus};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    /// A UUID.
    pub(crate) id: String,
    /// The tenant that it belongs to.
    pub(crate) tenant_id: String,
    /// What it signs in with: unique in the platform. A guest, whom Sync & Share let in by an
    /// email address, and a user of another identity provider have none.
    pub(crate) login: Option<String>,
    /// What another identity provider calls it.
    pub(crate) external_id: Option<String>,
    /// That identity provider.
    pub(crate) idp_id: Option<String>,
    /// Whom to reach.
    pub(crate) contact: Contact,
    /// Whether it may sign in.
    pub(crate) enabled: bool,
    /// What it signs in with; none before it has followed its activation email.
    pub(crate) password: Option<String>,
    /// The secret of its authenticator, in base 32; none where none is set up.
    pub(crate) totp_secret: Option<String>,
    /// The preferred language.
    pub(crate) language: String,
    /// What it is told about.
    pub(crate) notifications: Vec<Notification>,
    /// What it is for the business.
    pub(crate) business_types: Vec<BusinessType>,
    /// What brought it here.
    pub(crate) origin_id: Option<String>,
    /// What that calls it.
    pub(crate) origin_external_id: Option<String>,
    /// From when on it is disabled, as it was written.
    pub(crate) disable_after: Option<Timestamp>,
    /// What it may do where.
    pub(crate) policies: Vec<Policy>,
    /// Grows with each change; a change must name the present one.
    pub(crate) version: u64,
    /// When an activation email was last queued.
    pub(crate) activation_email_at: Option<Timestamp>,
    /// When it was created.
    pub(crate) created_at: Timestamp,
    /// When it was last changed.
    pub(crate) updated_at: Timestamp,
    /// When it was deleted; such a user is kept apart for a while.
    pub(crate) deleted_at: Option<Timestamp>,
}

/// A role in a tenant and below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    /// A UUID.
    pub(crate) id: String,
    /// The role.
    pub(crate) role_id: Role,
    /// Where.
    pub(crate) tenant_id: String,
    /// The tenant whose users gave it.
    pub(crate) issuer_id: String,
    /// When it was given.
    pub(crate) created_at: Timestamp,
}

/// The roles of the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    RootAdmin,
    PartnerAdmin,
    CompanyAdmin,
    UnitAdmin,
    ReadonlyAdmin,
    ProtectionAdmin,
    ProtectionRoAdmin,
    RestoreOperator,
    BackupUser,
    SyncShareAdmin,
    SyncShareUser,
    SyncShareGuest,
    PdsOperator,
    PdsSupport,
    NotaryAdmin,
    NotaryUser,
    HciAdmin,
}

/// What a user can be told about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Notification {
    Maintenance,
    Quota,
    Reports,
    BackupError,
    BackupWarning,
    BackupInfo,
    BackupDailyReport,
    BackupCritical,
    DeviceControlWarning,
    CertificateManagementError,
    CertificateManagementWarning,
    CertificateManagementInfo,
}

/// What a user is for the business.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BusinessType {
    /// Who orders.
    Buyer,
}

// === impl Role ===

impl Role {
    /// Whether it lets its owner change tenants and users.
    pub(crate) fn administers(self) -> bool {
        matches!(self, Self::RootAdmin | Self::PartnerAdmin | Self::CompanyAdmin | Self::UnitAdmin)
    }

    /// Whether it can be given in a tenant of this kind.
    pub(crate) fn fits(self, kind: Kind) -> bool {
        match self {
            Self::RootAdmin => kind == Kind::Root,
            Self::PartnerAdmin | Self::PdsSupport | Self::HciAdmin => {
                matches!(kind, Kind::Root | Kind::Partner | Kind::Folder)
            }
            Self::CompanyAdmin => kind == Kind::Customer,
            Self::UnitAdmin => kind == Kind::Unit,
            Self::ReadonlyAdmin | Self::ProtectionAdmin | Self::ProtectionRoAdmin => true,
            Self::RestoreOperator
            | Self::BackupUser
            | Self::SyncShareAdmin
            | Self::SyncShareUser
            | Self::SyncShareGuest
            | Self::PdsOperator
            | Self::NotaryAdmin
            | Self::NotaryUser => matches!(kind, Kind::Customer | Kind::Unit),
        }
    }
}

// === impl User ===

impl User {
    /// Whether it is a guest of Sync & Share.
    pub(crate) fn is_guest(&self) -> bool {
        self.has(Role::SyncShareGuest)
    }

    /// Whether it has this role somewhere.
    pub(crate) fn has(&self, role: Role) -> bool {
        self.policies.iter().any(|policy| policy.role_id == role)
    }

    /// Whether it may sign in at this moment, as far as it is concerned itself.
    pub(crate) fn works(&self, now: Timestamp) -> bool {
        self.enabled && self.disable_after.is_none_or(|end| now < end)
    }

    /// Notes that it was changed.
    pub(super) fn touch(&mut self, now: Timestamp) {
        self.version = self.version.saturating_add(1);
        self.updated_at = now;
    }

    /// As the API shows it. `mfa` is what its tenant asks of its users.
    pub(super) fn shown(&self, now: Timestamp, mfa: MfaStatus) -> Value {
        json!({
            "id": self.id,
            "version": self.version,
            "tenant_id": self.tenant_id,
            "created_at": moment(self.created_at),
            "updated_at": moment(self.updated_at),
            "deleted_at": self.deleted_at.map(moment),
            "access_policies": [],
            "origin_id": self.origin_id,
            "origin_external_id": self.origin_external_id,
            "disable_after": self.disable_after.map(moment),
            "personal_tenant_id": null,
            "login": self.login.as_deref().unwrap_or_else(|| self.contact.email()),
            "enabled": self.works(now),
            "contact": self.contact.shown(),
            "activated": self.password.is_some(),
            "language": self.language,
            "business_types": self.business_types,
            "notifications": self.notifications,
            "idp_id": self.idp_id,
            "external_id": self.external_id,
            "mfa_status": self.mfa_status(mfa),
            "external_operation_status": null,
        })
    }

    fn mfa_status(&self, asked: MfaStatus) -> MfaStatus {
        match asked {
            MfaStatus::Disabled | MfaStatus::ForciblyDisabled => asked,
            MfaStatus::SetupRequired | MfaStatus::Enabled if self.totp_secret.is_some() => {
                MfaStatus::Enabled
            }
            MfaStatus::SetupRequired | MfaStatus::Enabled => MfaStatus::SetupRequired,
        }
    }
}

// === impl Policy ===

impl Policy {
    /// As the API shows it, for the user that it belongs to.
    pub(super) fn shown(&self, user: &str) -> Value {
        json!({
            "id": self.id,
            "version": 0,
            "trustee_id": user,
            "trustee_type": "user",
            "issuer_id": self.issuer_id,
            "tenant_id": self.tenant_id,
            "role_id": self.role_id,
            "created_at": moment(self.created_at),
            "updated_at": moment(self.created_at),
            "deleted_at": null,
        })
    }
}
