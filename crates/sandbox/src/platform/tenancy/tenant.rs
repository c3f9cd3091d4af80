//! A tenant.

use super::contact::Contact;
use super::moment;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a tenant is: partner > folder > customer > unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// The platform's owner, above all partners.
    Root,
    /// Sells on; may hold partners, folders and customers.
    Partner,
    /// Groups tenants.
    Folder,
    /// Uses the services.
    Customer,
    /// A part of a customer.
    Unit,
}

/// A tenant, with the member names of the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tenant {
    /// A UUID.
    pub(crate) id: String,
    /// The tenant above.
    pub(crate) parent_id: Option<String>,
    /// The name: among its siblings, no two have the same.
    pub(crate) name: String,
    /// What it is.
    pub(crate) kind: Kind,
    /// Whether it and those below it may work.
    pub(crate) enabled: bool,
    /// Grows with each change; a change must name the present one.
    pub(crate) version: u64,
    /// Whether indirect ancestors may look into it.
    pub(crate) ancestral_access: bool,
    /// Who alone may change it.
    pub(crate) update_lock: UpdateLock,
    /// What goes on with it as a whole.
    pub(crate) external_operation_status: Option<Operation>,
    /// When that ends.
    pub(crate) external_operation_ends: Option<Timestamp>,
    /// The size of business that it is.
    pub(crate) customer_type: CustomerType,
    /// What an outside system calls it.
    pub(crate) customer_id: Option<String>,
    /// A note of its owner.
    pub(crate) internal_tag: Option<String>,
    /// The preferred language.
    pub(crate) language: String,
    /// Where its users prove who they are.
    pub(crate) default_idp_id: Option<String>,
    /// Whom to reach there.
    pub(crate) contact: Contact,
    /// Whether its users need a second factor.
    pub(crate) mfa_status: MfaStatus,
    /// Whether and how it pays.
    pub(crate) pricing: Pricing,
    /// When it was created.
    pub(crate) created_at: Timestamp,
    /// When it was last changed.
    pub(crate) updated_at: Timestamp,
    /// When it was deleted; such a tenant is kept apart for a while.
    pub(crate) deleted_at: Option<Timestamp>,
}

/// An update lock.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateLock {
    /// Whether it holds.
    pub(crate) enabled: bool,
    /// The tenant whose users alone may change the locked one.
    pub(crate) owner_id: Option<String>,
}

/// What goes on with a tenant as a whole. Nothing about it can be changed meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operation {
    /// It is being deleted, with all below it.
    Deleting,
    /// It is being brought back.
    Recovering,
}

/// The size of business that a customer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CustomerType {
    #[default]
    Default,
    Enterprise,
    Consumer,
    SmallOffice,
    TiUnified,
}

/// Whether somebody needs a second factor to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MfaStatus {
    /// No.
    #[default]
    Disabled,
    /// No, by an administrator's word.
    ForciblyDisabled,
    /// Yes, and it is not set up.
    SetupRequired,
    /// Yes.
    Enabled,
}

/// What a tenant pays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pricing {
    /// Whether it pays at all.
    pub(crate) mode: PricingMode,
    /// In which currency.
    pub(crate) currency: Option<Currency>,
    /// Grows with each change of these settings.
    pub(crate) version: u64,
    /// Since when it pays.
    pub(crate) production_start_date: Option<Timestamp>,
}

/// Whether a tenant pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PricingMode {
    /// Not yet.
    Trial,
    /// Yes.
    Production,
    /// Not at present.
    Suspended,
}

/// The currencies of prices, by their codes in ISO 4217.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Currency {
    Aud,
    Brl,
    Cad,
    Eur,
    Cny,
    Gbp,
    Jpy,
    Kzt,
    Nzd,
    Rub,
    Usd,
    Zar,
}

// === impl Kind ===

impl Kind {
    /// Whether a tenant of this kind may stand right below one of `parent`.
    pub(crate) fn nests_in(self, parent: Self) -> bool {
        match self {
            Self::Root => false,
            Self::Partner | Self::Folder | Self::Customer => {
                matches!(parent, Self::Root | Self::Partner | Self::Folder)
            }
            Self::Unit => matches!(parent, Self::Customer | Self::Unit),
        }
    }
}

// === impl Tenant ===

impl Tenant {
    /// An enabled tenant, new and open.
    pub(super) fn new(
        id: String,
        name: String,
        kind: Kind,
        contact: Contact,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            parent_id: None,
            name,
            kind,
            enabled: true,
            version: 1,
            ancestral_access: true,
            update_lock: UpdateLock::default(),
            external_operation_status: None,
            external_operation_ends: None,
            customer_type: CustomerType::default(),
            customer_id: None,
            internal_tag: None,
            language: "en".to_owned(),
            default_idp_id: None,
            contact,
            mfa_status: MfaStatus::default(),
            pricing: Pricing {
                mode: PricingMode::Trial,
                currency: None,
                version: 1,
                production_start_date: None,
            },
            created_at: now,
            updated_at: now,
            deleted_at: None,
        }
    }

    /// Notes that it was changed.
    pub(in crate::platform) fn touch(&mut self, now: Timestamp) {
        self.version = self.version.saturating_add(1);
        self.updated_at = now;
    }

    /// As the API shows it.
    pub(in crate::platform) fn shown(&self, has_children: bool) -> Value {
        let contact = self.contact.shown();
        json!({
            "id": self.id,
            "version": self.version,
            "created_at": moment(self.created_at),
            "updated_at": moment(self.updated_at),
            "deleted_at": self.deleted_at.map(moment),
            "name": self.name,
            "customer_type": self.customer_type,
            "parent_id": self.parent_id,
            "kind": self.kind,
            "contacts": [&contact],
            "contact": contact,
            "enabled": self.enabled,
            "customer_id": self.customer_id,
            "brand_id": null,
            "internal_tag": self.internal_tag,
            "language": self.language,
            "owner_id": null,
            "has_children": has_children,
            "default_idp_id": self.default_idp_id,
            "update_lock": self.update_lock,
            "ancestral_access": self.ancestral_access,
            "mfa_status": self.mfa_status,
            "pricing_mode": self.pricing.mode,
            "production_start_date": self.pricing.production_start_date.map(moment),
            "external_operation_status": self.external_operation_status,
        })
    }
}
