//! Service classes and versions of the broker: what there is to choose from.
//!
//! They are the vendor's, so nobody changes them by this API: other methods are a 405.

use super::act::{Act, Answer};
use super::page::{LARGEST_PAGE, Page};
use super::refuse::bad;
use super::write::ok;
use serde_json::{Value, json};

/// A service class.
#[derive(Debug)]
pub(super) struct Class {
    /// The id, such as `ENTERPRISE_1K_STANDALONE`.
    pub(super) id: &'static str,
    /// The name.
    name: &'static str,
    /// How many clients may connect.
    pub(super) connections: u32,
    /// The message spool that is included, in gigabytes.
    pub(super) spool_gb: u32,
    /// Whether a second broker stands by.
    pub(super) high_availability: bool,
}

const fn class(id: &'static str, name: &'static str, connections: u32, spool_gb: u32) -> Class {
    Class { id, name, connections, spool_gb, high_availability: false }
}

const fn pair(id: &'static str, name: &'static str, connections: u32, spool_gb: u32) -> Class {
    Class { id, name, connections, spool_gb, high_availability: true }
}

/// The classes of the published schema. Spool sizes are the published ones where there is an
/// example, and scale between them.
pub(super) const CLASSES: [Class; 13] = [
    class("DEVELOPER", "Developer", 100, 10),
    class("ENTERPRISE_250_STANDALONE", "Enterprise 250 Standalone", 250, 25),
    class("ENTERPRISE_1K_STANDALONE", "Enterprise 1K Standalone", 1000, 50),
    class("ENTERPRISE_5K_STANDALONE", "Enterprise 5K Standalone", 5000, 200),
    class("ENTERPRISE_10K_STANDALONE", "Enterprise 10K Standalone", 10_000, 300),
    class("ENTERPRISE_50K_STANDALONE", "Enterprise 50K Standalone", 50_000, 500),
    class("ENTERPRISE_100K_STANDALONE", "Enterprise 100K Standalone", 100_000, 1000),
    pair("ENTERPRISE_250_HIGHAVAILABILITY", "Enterprise 250", 250, 25),
    pair("ENTERPRISE_1K_HIGHAVAILABILITY", "Enterprise 1K", 1000, 50),
    pair("ENTERPRISE_5K_HIGHAVAILABILITY", "Enterprise 5K", 5000, 200),
    pair("ENTERPRISE_10K_HIGHAVAILABILITY", "Enterprise 10K", 10_000, 300),
    pair("ENTERPRISE_50K_HIGHAVAILABILITY", "Enterprise 50K", 50_000, 500),
    pair("ENTERPRISE_100K_HIGHAVAILABILITY", "Enterprise 100K", 100_000, 1000),
];

/// The versions of the broker that a service can begin with; the last one is the default.
pub(super) const VERSIONS: [&str; 3] = ["10.4.1.58-3", "10.8.1.152-7", "10.10.1.112-3"];

impl Class {
    /// The class with this id.
    pub(super) fn find(id: &str) -> Option<&'static Self> {
        CLASSES.iter().find(|class| class.id == id)
    }

    fn view(&self) -> Value {
        json!({
            "id": self.id,
            "type": "serviceClass",
            "name": self.name,
            "vpnConnections": self.connections,
            "brokerScalingTier": self.connections.to_string(),
            "vpnMaxSpoolSize": self.spool_gb,
            "maxNumberVpns": 1,
            "highAvailabilityCapable": self.high_availability,
        })
    }
}

/// The version of this name; a family, such as `10.8`, stands for its version here.
pub(super) fn version(asked: &str) -> Option<&'static str> {
    let family = format!("{asked}.");
    VERSIONS.into_iter().find(|known| *known == asked || known.starts_with(&family))
}

/// `GET .../serviceClasses`
pub(super) fn list(act: &mut Act<'_>) -> Answer {
    let page = Page::read(act.call, LARGEST_PAGE)?;
    Ok(page.answer(CLASSES.iter().map(Class::view).collect()))
}

/// `GET .../serviceClasses/{id}`; an unknown one is a parameter that is wrong, not a 404.
pub(super) fn get(act: &mut Act<'_>) -> Answer {
    let class = Class::find(act.segment(0)).ok_or_else(|| {
        let ids: Vec<&str> = CLASSES.iter().map(|class| class.id).collect();
        bad(format!("Invalid parameter: id. Must be one of the following types: {}", ids.join(",")))
    })?;
    Ok(ok(&class.view()))
}

/// `GET .../eventBrokerServiceVersions`
pub(super) fn versions(act: &mut Act<'_>) -> Answer {
    let page = Page::read(act.call, LARGEST_PAGE)?;
    let ids: Vec<&str> = CLASSES.iter().map(|class| class.id).collect();
    let view = |version: &&str| json!({ "version": version, "supportedServiceClasses": ids });
    Ok(page.answer(VERSIONS.iter().map(view).collect()))
}
