//! Who is there at the start: a partner in Lyon with its customers, and a stranger.

use super::contact::Contact;
use super::events::Events;
use super::tenant::{Kind, MfaStatus, Tenant, UpdateLock};
use super::token::{AuthMethod, Client, ClientKind, Status, Token};
use super::user::{Policy, Role, User};
use super::{Tenancy, ids};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, json};
use std::collections::BTreeMap;

/// How long the founded tokens are good for, in hours: ten years, so that a kept world can be used
/// for long.
const LONG: i64 = 10 * 365 * 24;

pub(super) fn tenancy(now: Timestamp) -> Tenancy {
    Tenancy {
        tenants: tenants(now),
        users: users(now),
        clients: clients(now),
        tokens: tokens(now),
        buried: BTreeMap::new(),
        forbidden_domains: vec!["mailinator.example".to_owned(), "tempmail.example".to_owned()],
        events: Events::default(),
    }
}

fn tenants(now: Timestamp) -> BTreeMap<String, Tenant> {
    use Kind::{Customer, Folder, Partner, Unit};
    let locked_by = |owner: &str| UpdateLock { enabled: true, owner_id: Some(owner.to_owned()) };
    let all = [
        tenant(ids::PARTNER, None, Partner, "Northwind Managed IT", now),
        tenant(ids::CUSTOMER, Some(ids::PARTNER), Customer, "Juniper Dental", now),
        tenant(ids::UNIT, Some(ids::CUSTOMER), Unit, "Front desk", now),
        tenant(ids::UNIT_2, Some(ids::CUSTOMER), Unit, "Surgery", now),
        Tenant {
            mfa_status: MfaStatus::Enabled,
            ..tenant(ids::CUSTOMER_2, Some(ids::PARTNER), Customer, "Harbour Bakery", now)
        },
        Tenant {
            enabled: false,
            ..tenant(ids::DISABLED, Some(ids::PARTNER), Customer, "Quarry Tools", now)
        },
        Tenant {
            update_lock: locked_by(ids::LOCKED),
            ..tenant(ids::LOCKED, Some(ids::PARTNER), Customer, "Meridian Freight", now)
        },
        tenant(ids::FOLDER, Some(ids::PARTNER), Folder, "West", now),
        Tenant {
            ancestral_access: false,
            ..tenant(ids::SECLUDED, Some(ids::FOLDER), Customer, "Fern Law", now)
        },
        Tenant {
            enabled: false,
            ..tenant(ids::DORMANT, Some(ids::PARTNER), Folder, "Dormant", now)
        },
        tenant(ids::RESELLER, Some(ids::PARTNER), Partner, "Alder Resale", now),
        tenant(ids::NORTH, Some(ids::RESELLER), Folder, "North", now),
        Tenant {
            update_lock: locked_by(ids::RESELLER),
            ..tenant(ids::RESOLD, Some(ids::NORTH), Customer, "Summit Clinic", now)
        },
        tenant(ids::STRANGER, None, Partner, "Contoso Cloud", now),
    ];
    all.into_iter().map(|tenant| (tenant.id.clone(), tenant)).collect()
}

fn tenant(id: &str, parent: Option<&str>, kind: Kind, name: &str, now: Timestamp) -> Tenant {
    let address = format!("office@{}.example", name.to_lowercase().replace(' ', "-"));
    let contact = contact(id, &address, "", now);
    let parent_id = parent.map(str::to_owned);
    Tenant { parent_id, ..Tenant::new(id.to_owned(), name.to_owned(), kind, contact, now) }
}

/// A contact, whose id is that of its owner with another first digit.
fn contact(owner: &str, email: &str, name: &str, now: Timestamp) -> Contact {
    let (first, last) = name.split_once(' ').unwrap_or_default();
    let details = [("email", email), ("firstname", first), ("lastname", last)];
    let details = details.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let id = format!("1{}", owner.get(1..).unwrap_or_default());
    Contact { id, types: Vec::new(), details, created_at: now, updated_at: now }
}

/// A person at the start: id, tenant, login, name, email address, roles.
type Person =
    (&'static str, &'static str, &'static str, &'static str, &'static str, &'static [Role]);

const ADMIN: &[Role] = &[Role::CompanyAdmin];

/// A guest has no login.
const PEOPLE: [Person; 8] = [
    (
        ids::NORA,
        ids::PARTNER,
        "nora.north",
        "Nora North",
        "nora@northwind.example",
        &[Role::PartnerAdmin],
    ),
    (
        ids::JUNE,
        ids::CUSTOMER,
        "june.park",
        "June Park",
        "june@juniper.example",
        &[Role::CompanyAdmin, Role::SyncShareUser],
    ),
    (ids::JUNE_2, ids::CUSTOMER, "june.second", "June Park", "june@juniper.example", &[]),
    (ids::OMAR, ids::CUSTOMER, "omar.reyes", "Omar Reyes", "omar@juniper.example", &[]),
    (ids::DORA, ids::CUSTOMER, "dora.gone", "Dora Gone", "dora@juniper.example", &[]),
    (
        ids::GUEST,
        ids::CUSTOMER,
        "",
        "Gus Print",
        "guest@printshop.example",
        &[Role::SyncShareGuest],
    ),
    (ids::HANK, ids::CUSTOMER_2, "hank.baker", "Hank Baker", "hank@harbour.example", ADMIN),
    (ids::INES, ids::CUSTOMER_2, "ines.oven", "Ines Oven", "ines@harbour.example", &[]),
];

fn users(now: Timestamp) -> BTreeMap<String, User> {
    PEOPLE.into_iter().map(|person| (person.0.to_owned(), user(person, now))).collect()
}

fn user(person: Person, now: Timestamp) -> User {
    let (id, tenant, login, name, email, roles) = person;
    User {
        id: id.to_owned(),
        tenant_id: tenant.to_owned(),
        login: (!login.is_empty()).then(|| login.to_owned()),
        external_id: None,
        idp_id: None,
        contact: contact(id, email, name, now),
        enabled: id != ids::DORA,
        password: (!login.is_empty()).then(|| ids::PASSWORD.to_owned()),
        totp_secret: (id == ids::HANK).then(|| ids::TOTP_SECRET.to_owned()),
        language: "en".to_owned(),
        notifications: Vec::new(),
        business_types: Vec::new(),
        origin_id: None,
        origin_external_id: None,
        disable_after: None,
        policies: roles.iter().map(|role| policy(id, tenant, *role, now)).collect(),
        version: 1,
        activation_email_at: None,
        created_at: now,
        updated_at: now,
        deleted_at: None,
    }
}

/// A role, whose id is that of its owner with the role's number for its first digits.
fn policy(user: &str, tenant: &str, role: Role, now: Timestamp) -> Policy {
    Policy {
        id: format!("2{:03}{}", role as u8, user.get(4..).unwrap_or_default()),
        role_id: role,
        tenant_id: tenant.to_owned(),
        issuer_id: ids::PARTNER.to_owned(),
        created_at: now,
    }
}

fn clients(now: Timestamp) -> BTreeMap<String, Client> {
    let all = [
        client(ids::CLIENT, ids::PARTNER, "Back office", now),
        Client { read_only: true, ..client(ids::READER, ids::PARTNER, "Reports", now) },
        Client { service: true, ..client(ids::SERVICE, ids::PARTNER, "Agent registration", now) },
        client(ids::STRANGERS_CLIENT, ids::STRANGER, "Contoso's own", now),
    ];
    all.into_iter().map(|client| (client.client_id.clone(), client)).collect()
}

fn client(id: &str, tenant: &str, name: &str, now: Timestamp) -> Client {
    let mut data = Map::new();
    data.insert("client_name".to_owned(), json!(name));
    Client {
        client_id: id.to_owned(),
        client_secret: Some(ids::SECRET.to_owned()),
        tenant_id: tenant.to_owned(),
        kind: ClientKind::ApiClient,
        auth_method: AuthMethod::ClientSecretBasic,
        status: Status::Enabled,
        service: false,
        read_only: false,
        data,
        redirect_uris: Vec::new(),
        origin_id: None,
        created_by: ids::NORA.to_owned(),
        created_at: now,
        last_access_at: None,
    }
}

fn tokens(now: Timestamp) -> BTreeMap<String, Token> {
    let token = |text: &str, owner: &str, hours: i64| {
        let expires_at = now.checked_add(SignedDuration::from_hours(hours)).unwrap_or(now);
        let owner_id = owner.to_owned();
        (text.to_owned(), Token { owner_id, issued_at: now, expires_at })
    };
    BTreeMap::from([
        token(ids::TOKEN, ids::CLIENT, LONG),
        token(ids::READ_ONLY_TOKEN, ids::READER, LONG),
        token(ids::SERVICE_TOKEN, ids::SERVICE, LONG),
        token(ids::STRANGERS_TOKEN, ids::STRANGERS_CLIENT, LONG),
        token(ids::EXPIRED_TOKEN, ids::CLIENT, -1),
    ])
}
