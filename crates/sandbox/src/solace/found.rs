//! The account that a world starts with: small, with fixed ids, and with something in every state.
//!
//! What is at work here goes on for a day, so that it can be met at leisure.

use super::births::default_profiles;
use super::operation::{Ended, Operation, OperationType};
use super::work::Work;
use super::world::{
    AcceptedForm, Bucket, Certificate, Creation, Datacenter, Environment, OperationForm,
    Organization, Service, Settings, Spelling, State, Token, Touch, User, UserGroup,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, json};
use std::collections::BTreeMap;

/// What an account's administrator may do.
const ADMIN: [&str; 6] = [
    "mission_control:access",
    "services:post",
    "services:delete",
    "environments:edit",
    "user_groups:edit",
    "api_tokens:get",
];

/// The account.
pub(super) fn state(now: Timestamp) -> State {
    State {
        organization: Organization { id: "orgacme0001".to_owned(), spool_expansion_gb: 500 },
        settings: settings(),
        users: users(),
        tokens: tokens(now),
        environments: environments(now),
        datacenters: datacenters(now),
        services: services(now),
        user_groups: user_groups(now),
        operations: operations(now),
    }
}

fn settings() -> Settings {
    let seconds = [
        (OperationType::CreateService, 300),
        (OperationType::CloneService, 420),
        (OperationType::DeleteService, 60),
        (OperationType::CreateClientProfile, 10),
        (OperationType::UpdateClientProfile, 10),
        (OperationType::DeleteClientProfile, 10),
        (OperationType::ServiceRequest, 120),
        (OperationType::UploadCertificate, 5),
        (OperationType::InstallCertificate, 30),
        (OperationType::DeleteCertificate, 5),
    ];
    Settings {
        states: Spelling::Upper,
        operations: OperationForm::Enveloped,
        accepted: AcceptedForm::Operation,
        operation_queue: 8,
        durations_ms: seconds.into_iter().map(|(kind, seconds)| (kind, seconds * 1000)).collect(),
    }
}

fn users() -> BTreeMap<String, User> {
    let users = [("useralice01", "Alice"), ("userbob0001", "Bob")];
    let user = |(id, name): (&str, &str)| (id.to_owned(), User { name: name.to_owned() });
    users.into_iter().map(user).collect()
}

fn tokens(now: Timestamp) -> BTreeMap<String, Token> {
    let token = |user: &str, permissions: &[&str]| Token {
        id: String::new(),
        name: String::new(),
        user_id: user.to_owned(),
        permissions: permissions.iter().map(|name| (*name).to_owned()).collect(),
        created_time: hours(now, -24 * 30),
        expires: None,
        requests_per_minute: 600,
        bucket: Bucket { taken_milli: 0, filled: now },
    };
    let bob = ["services:get:self", "services:put:self", "services:delete:self", "services:post"];
    let viewer = token("userbob0001", &["services:view", "environments:view", "user_groups:view"]);
    let tokens = [
        ("admin-token", token("useralice01", &ADMIN)),
        ("bob-token", token("userbob0001", &bob)),
        ("expired-token", Token { expires: Some(hours(now, -24)), ..token("useralice01", &ADMIN) }),
        ("script-token", Token { requests_per_minute: 3, ..token("useralice01", &ADMIN) }),
        ("viewer-token", viewer),
    ];
    let named = |(at, (value, token)): (usize, (&str, Token))| {
        let token = Token { id: format!("token000{at:03}"), name: value.to_owned(), ..token };
        (value.to_owned(), token)
    };
    (1..).zip(tokens).map(named).collect()
}

fn environments(now: Timestamp) -> BTreeMap<String, Environment> {
    let environments = [
        ("envdefault1", "Default", true, false),
        ("envprod0001", "Production", false, true),
        ("envspare001", "Spare", false, false),
    ];
    let environment = |(id, name, is_default, is_production): (&str, &str, bool, bool)| {
        let environment = Environment {
            name: name.to_owned(),
            description: String::new(),
            is_default,
            is_production,
            created: alice(now, -24 * 30),
            updated: None,
        };
        (id.to_owned(), environment)
    };
    environments.into_iter().map(environment).collect()
}

fn datacenters(now: Timestamp) -> BTreeMap<String, Datacenter> {
    let datacenters = [
        ("eks-us-east-1a", "SolacePublic", "eks", "North America", 50, false),
        ("eks-eu-central-1a", "SolacePublic", "eks", "Europe", 50, false),
        ("k8s-full-1", "CustomerOnPrem", "k8s", "Europe", 0, false),
        ("aks-maintained-1", "SolaceDedicated", "aks", "Europe", 10, true),
    ];
    let datacenter = |(id, kind, provider, continent, capacity, maintenance): (
        &str,
        &str,
        &str,
        &str,
        usize,
        bool,
    )| {
        let datacenter = Datacenter {
            name: id.to_owned(),
            datacenter_type: kind.to_owned(),
            provider: provider.to_owned(),
            continent: continent.to_owned(),
            capacity,
            maintenance,
            created_time: hours(now, -24 * 365),
        };
        (id.to_owned(), datacenter)
    };
    datacenters.into_iter().map(datacenter).collect()
}

/// A service in the first datacenter, as Alice made it.
fn service(now: Timestamp, name: &str, number: u8) -> Service {
    Service {
        name: name.to_owned(),
        environment_id: "envdefault1".to_owned(),
        datacenter_id: "eks-us-east-1a".to_owned(),
        service_class_id: "ENTERPRISE_1K_STANDALONE".to_owned(),
        version: "10.10.1.112-3".to_owned(),
        msg_vpn_name: format!("msgvpn-{number}"),
        cluster_name: format!("cluster-{number}"),
        infrastructure_id: format!("infra00000{number}"),
        endpoint_id: format!("endpoint00{number}"),
        owned_by: "useralice01".to_owned(),
        created: alice(now, -24 * 7),
        updated: None,
        locked: false,
        mate_link_encryption: false,
        spool_gb: 50,
        creation: Creation::Completed,
        client_profiles: default_profiles(),
        certificates: BTreeMap::new(),
        queues: BTreeMap::new(),
    }
}

fn services(now: Timestamp) -> BTreeMap<String, Service> {
    let full = "k8s-full-1".to_owned();
    let failed = Creation::Failed { message: no_room(), error_id: FAILURE.to_owned() };
    let services = [
        ("svcorders01", furnished(service(now, "US-EAST-Prod-1", 1), now)),
        ("svclocked01", Service { locked: true, ..service(now, "Ledger", 2) }),
        ("svcbusy0001", service(now, "Telemetry", 3)),
        ("svcqueued01", service(now, "Invoices", 4)),
        ("svcsource01", service(now, "Template", 5)),
        ("svcclone001", Service { creation: Creation::Ongoing, ..service(now, "Copy", 6) }),
        (
            "svcfailed01",
            Service { creation: failed, datacenter_id: full, ..service(now, "Overflow", 7) },
        ),
        ("svcbob00001", Service { owned_by: "userbob0001".to_owned(), ..service(now, "Bob", 8) }),
    ];
    services.into_iter().map(|(id, service)| (id.to_owned(), service)).collect()
}

/// A service with a client profile, two certificates and a queue.
fn furnished(service: Service, now: Timestamp) -> Service {
    let mut service = Service { environment_id: "envprod0001".to_owned(), ..service };
    let values = Map::from_iter([("allowGuaranteedMsgSendEnabled".to_owned(), true.into())]);
    service.client_profiles.insert("publishers".to_owned(), values);
    let certificate = |sha1: &str, installed| Certificate {
        sha1_thumbprint: sha1.repeat(20),
        subject_cn: "orders.example.com".to_owned(),
        not_before: hours(now, -24 * 7),
        not_after: hours(now, 24 * 358),
        installed,
    };
    let certificates =
        [("certold0001", certificate("01", true)), ("certnew0001", certificate("02", false))];
    for (id, certificate) in certificates {
        service.certificates.insert(id.to_owned(), certificate);
    }
    let queue = Map::from_iter([("owner".to_owned(), json!("solace-cloud-client"))]);
    service.queues.insert("orders".to_owned(), queue);
    service
}

fn user_groups(now: Timestamp) -> BTreeMap<String, UserGroup> {
    let group = UserGroup {
        name: "Operators".to_owned(),
        description: "They look after the brokers".to_owned(),
        roles: vec!["mission-control-editor".to_owned()],
        created: alice(now, -24 * 30),
        updated: None,
    };
    BTreeMap::from([("groupops001".to_owned(), group)])
}

/// The id of the failure that the account has seen.
const FAILURE: &str = "b05e5062-80c6-45f5-9b0c-c2f69bb7114a";

fn no_room() -> String {
    "Unable to create messaging service Overflow: there is no capacity left in datacenter k8s-full-1."
        .to_owned()
}

fn operations(now: Timestamp) -> BTreeMap<String, Operation> {
    let resize = Work::ResizeSpool { spool_gb: 60 };
    let profile = Work::CreateClientProfile { name: "publishers".to_owned(), values: Map::new() };
    let copied = Work::CloneService { source_id: "svcsource01".to_owned() };
    let operations = [
        ("opbusy00001", operation(now, "svcbusy0001", resize.clone(), [-2, -1, 24])),
        ("opqueued001", operation(now, "svcqueued01", resize, [-1, 24, 25])),
        ("opclone0001", operation(now, "svcclone001", copied, [-26, -25, 24])),
        ("opdone00001", ended(operation(now, "svcorders01", profile, [-50, -49, -48]), None)),
        (
            "opfailed001",
            ended(
                operation(now, "svcfailed01", Work::CreateService, [-26, -25, -24]),
                Some(no_room()),
            ),
        ),
    ];
    operations.into_iter().map(|(id, operation)| (id.to_owned(), operation)).collect()
}

/// An operation that was asked for, starts and ends so many hours from now.
fn operation(now: Timestamp, service_id: &str, work: Work, at: [i64; 3]) -> Operation {
    let [created_time, starts, ends] = at.map(|count| hours(now, count));
    Operation {
        service_id: service_id.to_owned(),
        resource_id: work.resource_id(service_id),
        work,
        created_by: "useralice01".to_owned(),
        created_time,
        starts,
        ends,
        failure_id: FAILURE.to_owned(),
        ended: None,
    }
}

fn ended(operation: Operation, error: Option<String>) -> Operation {
    let ended = Some(Ended { at: operation.ends, error });
    Operation { ended, ..operation }
}

fn alice(now: Timestamp, count: i64) -> Touch {
    Touch { by: "useralice01".to_owned(), at: hours(now, count) }
}

/// So many hours from now.
fn hours(now: Timestamp, count: i64) -> Timestamp {
    now.saturating_add(SignedDuration::from_hours(count)).unwrap_or(now)
}
