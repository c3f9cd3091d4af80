//! What tenants use at the start: a partner with storages at two places, and customers of it.

use super::Services;
use super::brand::{Brand, MailServer, Smtp};
use super::catalogue::{BACKUP, FILES, NOTARY};
use super::items::{Item, Items, Quota};
use super::legal::{LegalDocument, State, Version};
use super::locations::Location;
use super::storages::Infra;
use crate::platform::tenancy::ids;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// A location of the partner.
const LYON: &str = "00000000-0000-4000-8000-0000000000b1";
/// Another location of the partner.
const GENEVA: &str = "00000000-0000-4000-8000-0000000000b2";
/// The partner's default storage, in Lyon. The first customer uses it.
const STORE_LYON: &str = "00000000-0000-4000-8000-0000000000d1";
/// A storage in Geneva. The second customer uses it.
const STORE_GENEVA: &str = "00000000-0000-4000-8000-0000000000d2";
/// A storage that nobody has on any more, with data that was left on it.
const STORE_LEFT: &str = "00000000-0000-4000-8000-0000000000d3";
/// A storage that is being deprovisioned for the next hour.
const STORE_CLOSING: &str = "00000000-0000-4000-8000-0000000000d4";
/// Terms of the partner: version 1 holds, 2 and 3 are drafts.
const TERMS: &str = "00000000-0000-4000-8000-0000000000e1";

const GIB: u64 = 1 << 30;

impl Services {
    pub(in crate::platform) fn founded(now: Timestamp) -> Self {
        Self {
            bindings: bindings(),
            items: items(now),
            usages: usages(),
            default_storages: BTreeMap::from([(ids::PARTNER.to_owned(), STORE_LYON.to_owned())]),
            locations: locations(),
            infra: storages(now),
            brands: BTreeMap::from([(ids::PARTNER.to_owned(), brand())]),
            mail_servers: mail_servers(),
            legal_documents: legal_documents(now),
            registration_tokens: BTreeMap::new(),
            counted: 1,
        }
    }
}

/// The second customer has no backup. The partner has not bought the shipping of drives.
fn bindings() -> BTreeMap<String, BTreeSet<String>> {
    let bound: [(&str, &[&str]); 6] = [
        (ids::PARTNER, &[BACKUP, FILES, NOTARY]),
        (ids::FOLDER, &[BACKUP, FILES, NOTARY]),
        (ids::CUSTOMER, &[BACKUP, FILES]),
        (ids::CUSTOMER_2, &[FILES, NOTARY]),
        (ids::RESELLER, &[BACKUP, FILES]),
        (ids::STRANGER, &[BACKUP]),
    ];
    let owned = |list: &[&str]| list.iter().map(|id| (*id).to_owned()).collect();
    bound.into_iter().map(|(tenant, list)| (tenant.to_owned(), owned(list))).collect()
}

fn items(now: Timestamp) -> BTreeMap<String, Items> {
    let all = [
        (ids::PARTNER, partners(now)),
        (ids::FOLDER, folders(now)),
        (ids::CUSTOMER, customers(now)),
        (ids::CUSTOMER_2, second_customers(now)),
        (ids::RESELLER, resellers(now)),
    ];
    let by_key = |items: Vec<Item>| items.into_iter().map(|item| (item.key(), item)).collect();
    all.into_iter().map(|(tenant, items)| (tenant.to_owned(), by_key(items))).collect()
}

/// All but the advanced edition's machines other than virtual ones.
fn partners(now: Timestamp) -> Vec<Item> {
    let (lyon, geneva, left) = (Some(STORE_LYON), Some(STORE_GENEVA), Some(STORE_LEFT));
    vec![
        on("vms", None, now),
        on("workstations", None, now),
        on("servers", None, now),
        on("mobiles", None, now),
        on("storage", lyon, now),
        on("storage", geneva, now),
        on("adv_vms", None, now),
        on("adv_workstations", None, now),
        on("adv_storage", lyon, now),
        on("local_storage", None, now),
        on("dr_storage", lyon, now),
        on("compute_points", None, now),
        on("fc_seats", None, now),
        on("fc_storage", lyon, now),
        on("fc_storage", geneva, now),
        on("notarizations", None, now),
        on("esignatures", None, now),
        Item::off("storage", left, now),
    ]
}

/// Without servers, and without the storage in Lyon.
fn folders(now: Timestamp) -> Vec<Item> {
    vec![
        on("vms", None, now),
        on("workstations", None, now),
        on("storage", Some(STORE_GENEVA), now),
        on("local_storage", None, now),
        on("fc_seats", None, now),
        on("fc_storage", Some(STORE_GENEVA), now),
        on("notarizations", None, now),
    ]
}

/// A dental practice: few machines, a hard quota for virtual ones, one seat, which is taken.
fn customers(now: Timestamp) -> Vec<Item> {
    vec![
        Item { quota: quota(10, Some(2)), ..on("vms", None, now) },
        Item { quota: quota(25, None), ..on("workstations", None, now) },
        on("servers", None, now),
        Item { quota: quota(1024 * GIB, None), ..on("storage", Some(STORE_LYON), now) },
        Item { locked: true, ..on("local_storage", None, now) },
        Item { quota: quota(1, Some(0)), ..on("fc_seats", None, now) },
        on("fc_storage", Some(STORE_LYON), now),
    ]
}

/// A bakery, whose notarised documents a court wants to stay where they are.
fn second_customers(now: Timestamp) -> Vec<Item> {
    vec![
        Item { quota: quota(5, Some(0)), ..on("fc_seats", None, now) },
        on("fc_storage", Some(STORE_GENEVA), now),
        Item { legal_block: true, ..on("notarizations", None, now) },
    ]
}

fn resellers(now: Timestamp) -> Vec<Item> {
    vec![
        on("vms", None, now),
        on("workstations", None, now),
        on("local_storage", None, now),
        on("fc_seats", None, now),
    ]
}

fn on(name: &str, infra: Option<&str>, now: Timestamp) -> Item {
    Item { on: true, ..Item::off(name, infra, now) }
}

fn quota(value: u64, overage: Option<u64>) -> Quota {
    Quota { value: Some(value), overage, version: 1 }
}

fn usages() -> BTreeMap<String, BTreeMap<String, u64>> {
    let used = |items: &[(&str, Option<&str>, u64)]| {
        let key = |name, infra| super::items::key(name, infra);
        items.iter().map(|(name, infra, used)| (key(name, *infra), *used)).collect()
    };
    let customer = [
        ("vms", None, 7),
        ("workstations", None, 12),
        ("storage", Some(STORE_LYON), 420 * GIB),
        ("storage", Some(STORE_LEFT), 5 * GIB),
    ];
    let second = [("fc_storage", Some(STORE_GENEVA), 3 * GIB), ("notarizations", None, 40)];
    BTreeMap::from([
        (ids::CUSTOMER.to_owned(), used(&customer)),
        (ids::CUSTOMER_2.to_owned(), used(&second)),
    ])
}

fn locations() -> BTreeMap<String, Location> {
    let location = |id: &str, name: &str| Location {
        id: id.to_owned(),
        owner_tenant_id: ids::PARTNER.to_owned(),
        name: name.to_owned(),
        version: 1,
    };
    let all = [location(LYON, "Lyon"), location(GENEVA, "Geneva")];
    all.into_iter().map(|location| (location.id.clone(), location)).collect()
}

fn storages(now: Timestamp) -> BTreeMap<String, Infra> {
    let closes = now.checked_add(SignedDuration::from_hours(1)).unwrap_or(now);
    let all = [
        storage(STORE_LYON, LYON, "lyon"),
        storage(STORE_GENEVA, GENEVA, "geneva"),
        storage(STORE_LEFT, LYON, "left"),
        Infra { deprovisioned_at: Some(closes), ..storage(STORE_CLOSING, GENEVA, "closing") },
    ];
    all.into_iter().map(|infra| (infra.id.clone(), infra)).collect()
}

fn storage(id: &str, location: &str, name: &str) -> Infra {
    let capabilities = ["backup", "disaster_recovery", "files_cloud"];
    Infra {
        id: id.to_owned(),
        owner_tenant_id: ids::PARTNER.to_owned(),
        location_id: location.to_owned(),
        name: format!("Storage {name}"),
        url: format!("acronis+fes://{name}.northwind.example:44445"),
        capabilities: capabilities.map(str::to_owned).to_vec(),
        content_url: None,
        content_mobile_url: None,
        backend_type: Some("acronis".to_owned()),
        version: 1,
        deprovisioned_at: None,
    }
}

fn brand() -> Brand {
    let texts = [("company_name", "Northwind Managed IT"), ("color_scheme", "default")];
    let texts = texts.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let smtp = Smtp {
        reply_address: "noreply@northwind.example".to_owned(),
        server: "smtp.northwind.example".to_owned(),
        port: 465,
        user: "northwind".to_owned(),
        password: "sandbox-password".to_owned(),
        encryption: "TLS".to_owned(),
    };
    Brand { texts: BTreeMap::from(texts), flags: BTreeMap::new(), smtp: Some(smtp) }
}

fn mail_servers() -> BTreeMap<String, MailServer> {
    let ports = BTreeSet::from([465, 587]);
    BTreeMap::from([("smtp.northwind.example".to_owned(), MailServer { ports })])
}

fn legal_documents(now: Timestamp) -> BTreeMap<String, LegalDocument> {
    let version = |number: u8, state| Version {
        url: format!("https://northwind.example/terms/{number}"),
        state,
        created_at: now,
        published_at: (state == State::Published).then_some(now),
    };
    let terms = LegalDocument {
        id: TERMS.to_owned(),
        tenant_id: ids::PARTNER.to_owned(),
        name: "Terms of service".to_owned(),
        versions: vec![
            version(1, State::Published),
            version(2, State::Draft),
            version(3, State::Draft),
        ],
    };
    BTreeMap::from([(terms.id.clone(), terms)])
}
