//! What the platform sells: its applications, and the offering items of each.
//!
//! Not here: who has bought what. That is in [`super::items`].

use serde::Serialize;

/// A service of the platform, as a tenant is given it.
#[derive(Debug, Serialize)]
pub(super) struct Application {
    /// A UUID.
    pub(super) id: &'static str,
    /// What people call it.
    pub(super) name: &'static str,
    /// What programs call it.
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    /// Where its own API begins.
    pub(super) api_base_url: &'static str,
}

/// Something of an application that is turned on or off, and counted, for each tenant.
#[derive(Debug)]
pub(super) struct Offering {
    /// Unique in the catalogue.
    pub(super) name: &'static str,
    /// The application that it belongs to.
    pub(super) application: &'static str,
    /// The edition; what has none goes with every edition.
    pub(super) edition: Option<&'static str>,
    /// Under which name usage is counted. The same in several editions.
    pub(super) usage: &'static str,
    /// Whether it is counted, only there, or on a storage.
    pub(super) kind: Kind,
    /// What its usage is counted in.
    pub(super) unit: &'static str,
    /// The item that must be on where this one is.
    pub(super) requires: Option<&'static str>,
}

/// The type of an offering item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    /// Counted, such as machines.
    Count,
    /// On or off, without a quota.
    Feature,
    /// A storage: one item for each infrastructure component.
    Infra,
}

/// Cyber Protection: backup, and what goes with it.
pub(super) const BACKUP: &str = "00000000-0000-4000-8000-0000000000a1";
/// File Sync & Share.
pub(super) const FILES: &str = "00000000-0000-4000-8000-0000000000a2";
/// Notary.
pub(super) const NOTARY: &str = "00000000-0000-4000-8000-0000000000a3";
/// Physical Data Shipping, which the founded partner has not bought.
pub(super) const SHIPPING: &str = "00000000-0000-4000-8000-0000000000a4";

/// The item that a user's seat in Sync & Share is counted by.
pub(super) const SEATS: &str = "fc_seats";

/// The editions that a tenant can be switched between.
pub(super) const EDITIONS: [&str; 2] = ["standard", "advanced"];

/// All applications.
pub(super) const APPLICATIONS: [Application; 4] = [
    app(BACKUP, "Cyber Protection", "backup", "/api/backup/v2"),
    app(FILES, "File Sync & Share", "files_cloud", "/fc/api/v1"),
    app(NOTARY, "Notary", "notary", "/notary/api/v1"),
    app(SHIPPING, "Physical Data Shipping", "physical_data_shipping", "/pds/api/v1"),
];

/// All offering items.
pub(super) const OFFERINGS: &[Offering] = &[
    count("vms", Some("standard"), "vms"),
    count("workstations", Some("standard"), "workstations"),
    count("servers", Some("standard"), "servers"),
    count("mobiles", Some("standard"), "mobiles"),
    storage(BACKUP, "storage", Some("standard"), "storage"),
    count("adv_vms", Some("advanced"), "vms"),
    count("adv_workstations", Some("advanced"), "workstations"),
    count("adv_servers", Some("advanced"), "servers"),
    count("adv_mobiles", Some("advanced"), "mobiles"),
    storage(BACKUP, "adv_storage", Some("advanced"), "storage"),
    Offering { kind: Kind::Feature, unit: "n/a", ..count("local_storage", None, "local_storage") },
    Offering {
        requires: Some("local_storage"),
        ..storage(BACKUP, "dr_storage", None, "dr_storage")
    },
    Offering {
        requires: Some("dr_storage"),
        unit: "seconds",
        ..count("compute_points", None, "compute_points")
    },
    Offering { application: FILES, ..count(SEATS, None, SEATS) },
    storage(FILES, "fc_storage", None, "fc_storage"),
    Offering { application: NOTARY, ..count("notarizations", None, "notarizations") },
    Offering { application: NOTARY, ..count("esignatures", None, "esignatures") },
    Offering { application: SHIPPING, ..count("drives_shipped_to_cloud", None, "drives_shipped") },
];

/// The application of this id.
pub(super) fn application(id: &str) -> Option<&'static Application> {
    APPLICATIONS.iter().find(|application| application.id == id)
}

/// The offering item of this name.
pub(super) fn offering(name: &str) -> Option<&'static Offering> {
    OFFERINGS.iter().find(|offering| offering.name == name)
}

/// What takes the place of `offering` in another edition.
pub(super) fn in_edition(offering: &Offering, edition: &str) -> Option<&'static Offering> {
    OFFERINGS.iter().find(|other| {
        other.application == offering.application
            && other.usage == offering.usage
            && other.edition == Some(edition)
    })
}

/// The storage items that a component with this capability can be sold as.
pub(super) fn sold_for(capability: &str) -> impl Iterator<Item = &'static Offering> {
    let names: &[&str] = match capability {
        "backup" => &["storage", "adv_storage"],
        "disaster_recovery" => &["dr_storage"],
        "files_cloud" => &["fc_storage"],
        _ => &[],
    };
    names.iter().filter_map(|name| offering(name))
}

const fn app(
    id: &'static str,
    name: &'static str,
    kind: &'static str,
    api_base_url: &'static str,
) -> Application {
    Application { id, name, kind, api_base_url }
}

const fn count(name: &'static str, edition: Option<&'static str>, usage: &'static str) -> Offering {
    let (kind, unit) = (Kind::Count, "quantity");
    Offering { name, application: BACKUP, edition, usage, kind, unit, requires: None }
}

const fn storage(
    application: &'static str,
    name: &'static str,
    edition: Option<&'static str>,
    usage: &'static str,
) -> Offering {
    Offering { name, application, edition, usage, kind: Kind::Infra, unit: "bytes", requires: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_belongs_to_an_application_and_needs_one_of_the_same() {
        for (at, item) in OFFERINGS.iter().enumerate() {
            assert!(application(item.application).is_some(), "{}", item.name);
            assert!(OFFERINGS[..at].iter().all(|other| other.name != item.name), "{}", item.name);
            let Some(requires) = item.requires else { continue };
            let base = offering(requires).map(|base| base.application);
            assert_eq!(base, Some(item.application), "{}", item.name);
        }
    }

    #[test]
    fn an_edition_has_its_own_item_for_the_same_usage() {
        let adv = in_edition(offering("vms").unwrap(), "advanced");
        assert_eq!(adv.map(|item| item.name), Some("adv_vms"));
        assert!(in_edition(offering("fc_seats").unwrap(), "advanced").is_none());
    }
}
