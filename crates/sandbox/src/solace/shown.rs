//! How the API writes event broker services.

use super::act::Act;
use super::classes::Class;
use super::operation::Status;
use super::world::{Creation, Service, State};
use super::write::moment;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// What `expand` can add to a service.
pub(super) const EXPANSIONS: [&str; 4] =
    ["broker", "serviceConnectionEndpoints", "allowedActions", "messageSpoolDetails"];

/// The ports of a connection endpoint, by their names in the API; 0 is closed.
const PORTS: [(&str, u16); 6] = [
    ("serviceSmfTlsListenPort", 55443),
    ("serviceMqttTlsListenPort", 8883),
    ("serviceAmqpTlsListenPort", 5671),
    ("serviceRestIncomingTlsListenPort", 9443),
    ("serviceManagementTlsListenPort", 943),
    ("serviceSmfPlainTextListenPort", 0),
];

/// A service as a list shows it.
pub(super) fn brief(state: &State, id: &str, service: &Service, now: Timestamp) -> Value {
    let ongoing: Vec<&String> = state.ongoing(id).map(|(id, _)| id).collect();
    let mut view = json!({
        "id": id,
        "type": "service",
        "name": service.name,
        "createdBy": service.created.by,
        "createdTime": moment(service.created.at),
        "updatedBy": service.updated.as_ref().map(|touch| &touch.by),
        "updatedTime": service.updated.as_ref().map(|touch| moment(touch.at)),
        "ownedBy": service.owned_by,
        "infrastructureId": service.infrastructure_id,
        "datacenterId": service.datacenter_id,
        "environmentId": service.environment_id,
        "serviceClassId": service.service_class_id,
        "eventBrokerServiceVersion": service.version,
        "msgVpnName": service.msg_vpn_name,
        "adminState": admin_state(&service.creation),
        "creationState": creation_state(state, id, &service.creation, now),
        "ongoingOperationIds": ongoing,
        "locked": service.locked,
        "defaultManagementHostname": host(service),
    });
    if let (Creation::Failed { message, error_id }, Value::Object(members)) =
        (&service.creation, &mut view)
    {
        members.insert("errorMessage".to_owned(), message.as_str().into());
        members.insert("errorId".to_owned(), error_id.as_str().into());
    }
    view
}

/// A service by itself, with what is asked for on top.
pub(super) fn whole(act: &Act<'_>, id: &str, service: &Service, expanded: &[String]) -> Value {
    let mut view = brief(&act.world.state, id, service, act.call.now);
    let Value::Object(members) = &mut view else { return view };
    for part in expanded {
        let value = match part.as_str() {
            "broker" => broker(act, service),
            "serviceConnectionEndpoints" => json!([endpoint(service)]),
            "allowedActions" => actions(service),
            _ => spool(service),
        };
        members.insert(part.clone(), value);
    }
    view
}

fn admin_state(creation: &Creation) -> &'static str {
    match creation {
        Creation::Ongoing => "INITIAL",
        Creation::Completed => "START",
        Creation::Failed { .. } => "STOP",
    }
}

/// The states of a creation are others than the ones of operations: `COMPLETED`, not `SUCCEEDED`.
fn creation_state(state: &State, id: &str, creation: &Creation, now: Timestamp) -> &'static str {
    let waits = || state.ongoing(id).any(|(_, op)| op.status(now) == Status::Pending);
    match creation {
        Creation::Ongoing if waits() => "PENDING",
        Creation::Ongoing => "INPROGRESS",
        Creation::Completed => "COMPLETED",
        Creation::Failed { .. } => "FAILED",
    }
}

/// The host name under which clients find the broker.
pub(super) fn host(service: &Service) -> String {
    format!("mr-connection-{}.messaging.solace.cloud", service.endpoint_id)
}

fn endpoint(service: &Service) -> Value {
    let port = |(protocol, port): (&str, u16)| json!({ "protocol": protocol, "port": port });
    let ports: Vec<Value> = PORTS.into_iter().map(port).collect();
    json!({
        "id": service.endpoint_id,
        "type": "serviceConnectionEndpoint",
        "name": "Public Endpoint",
        "description": "",
        "accessType": "PUBLIC",
        "k8sServiceType": "LOADBALANCER",
        "hostNames": [host(service)],
        "ports": ports,
    })
}

fn actions(service: &Service) -> Value {
    let all = ["get", "update", "configure", "assign", "broker_update", "delete"];
    all.into_iter().filter(|action| *action != "delete" || !service.locked).collect()
}

fn spool(service: &Service) -> Value {
    let expanded = service.expansion_gb();
    json!({
        "defaultGbSize": service.spool_gb.saturating_sub(expanded),
        "expandedGbBilled": expanded,
        "totalGbSize": service.spool_gb,
    })
}

fn broker(act: &Act<'_>, service: &Service) -> Value {
    let class = Class::find(&service.service_class_id);
    let version = service.version.split('-').next().unwrap_or_default();
    let family: Vec<&str> = version.split('.').take(2).collect();
    let pair = class.is_some_and(|class| class.high_availability);
    json!({
        "version": version,
        "versionFamily": family.join("."),
        "maxSpoolUsage": service.spool_gb,
        "diskSize": service.spool_gb.saturating_mul(5).saturating_add(10),
        "redundancyGroupSslEnabled": service.mate_link_encryption,
        "configSyncSslEnabled": pair,
        "monitoringMode": "BASIC",
        "tlsStandardDomainCertificateAuthoritiesEnabled": true,
        "clientCertificateAuthorities": [],
        "domainCertificateAuthorities": [],
        "ldapProfiles": [],
        "cluster": {
            "name": service.cluster_name,
            "remoteAddress": host(service),
            "primaryRouterName": format!("{}primary", service.infrastructure_id),
            "supportedAuthenticationMode": ["Basic"],
        },
        "msgVpns": [vpn(act, service, class)],
    })
}

/// The Message VPN. Who may only view services sees no credentials.
fn vpn(act: &Act<'_>, service: &Service, class: Option<&Class>) -> Value {
    let names = service.client_profiles.keys();
    let profiles: Vec<Value> = names.map(|name| json!({ "name": name })).collect();
    let connections = class.map_or(0, |class| class.connections);
    let name = &service.msg_vpn_name;
    let mut vpn = json!({
        "msgVpnName": name,
        "enabled": service.creation == Creation::Completed,
        "authenticationBasicEnabled": true,
        "authenticationBasicType": "INTERNAL",
        "authenticationClientCertEnabled": false,
        "clientProfiles": profiles,
        "maxConnectionCount": connections,
        "maxMsgSpoolUsage": u64::from(service.spool_gb) * 1000,
        "subDomainName": host(service),
    });
    let managing = ["mission_control:access", "services:get", "services:get:self"];
    if let (true, Value::Object(members)) =
        (managing.iter().any(|permission| act.caller.may(permission)), &mut vpn)
    {
        credentials(members, service);
    }
    vpn
}

/// Made up, and the same each time.
fn credentials(members: &mut Map<String, Value>, service: &Service) {
    let Service { msg_vpn_name, infrastructure_id, endpoint_id, .. } = service;
    let admin = json!({
        "username": format!("{msg_vpn_name}-admin"),
        "password": format!("admin{infrastructure_id}"),
    });
    let client = json!({
        "username": "solace-cloud-client",
        "password": format!("client{endpoint_id}"),
    });
    members.insert("managementAdminLoginCredential".to_owned(), admin);
    members.insert("serviceLoginCredential".to_owned(), client);
}
