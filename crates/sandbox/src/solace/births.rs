//! How event broker services come into being: from a specification, or as a clone.

use super::act::{Act, Answer};
use super::body::Fields;
use super::classes::{Class, VERSIONS, version};
use super::plan::Job;
use super::refuse::bad;
use super::services::{LONGEST_NAME, SPOOL_GB, shown};
use super::work::Work;
use super::world::{Creation, MAX_SERVICES, Service, State};
use super::write::created;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a specification may say. `dmrLink` is the page's own; endpoints are taken and not played.
const SPECIFIED: [&str; 15] = [
    "name",
    "serviceClassId",
    "datacenterId",
    "environmentId",
    "eventBrokerVersion",
    "msgVpnName",
    "clusterName",
    "customRouterName",
    "maxSpoolUsage",
    "locked",
    "redundancyGroupSslEnabled",
    "mateLinkEncryptionEnabled",
    "serviceConnectionEndpoints",
    "eventMeshId",
    "dmrLink",
];
/// What may be said of a clone.
const OF_A_CLONE: [&str; 6] = [
    "name",
    "datacenterId",
    "environmentId",
    "serviceClassId",
    "serviceConnectionEndpoints",
    "serviceCloneAttributes",
];
/// The longest of the other names and ids, in characters.
const LONGEST_ID: usize = 64;

/// `POST .../eventBrokerServices`
pub(super) fn create(act: &mut Act<'_>) -> Answer {
    let mut fields = Fields::read(act.call, "service", &SPECIFIED)?;
    let service = specified(act, &mut fields);
    let name = service.name.clone();
    if fields.is_well() {
        // Rules about the service as a whole speak in the page's words.
        unique(act, &mut fields, &name);
        linked(&mut fields);
        fields.done_or(format!("Unable to create messaging service {name}"))?;
    } else {
        fields.done()?;
    }
    act.world.state.spool_left(None, &service.service_class_id, service.spool_gb)?;
    bear(act, service, Work::CreateService)
}

/// `POST .../eventBrokerServices/{id}/clone`
pub(super) fn clone(act: &mut Act<'_>) -> Answer {
    let (source_id, source) = act.service()?;
    let mut fields = Fields::read(act.call, "service", &OF_A_CLONE)?;
    let name = fields.unblank("name", LONGEST_NAME);
    let name = name.unwrap_or_else(|| format!("{} - Clone", source.name));
    let datacenter_id = placed(act, &mut fields);
    let environment_id = surrounded(act, &mut fields);
    let class = fields.unblank("serviceClassId", LONGEST_ID);
    if class.as_ref().is_some_and(|class| *class != source.service_class_id) {
        fields.wrong("serviceClassId", "must be the one of the service that is cloned");
    }
    unique(act, &mut fields, &name);
    fields.done()?;
    if source.creation != Creation::Completed {
        return Err(bad("Only a service whose creation is completed can be cloned."));
    }
    let mut service = Service { name, datacenter_id, ..source.clone() };
    service.environment_id = environment_id.unwrap_or(service.environment_id);
    let work = Work::CloneService { source_id: source_id.to_owned() };
    act.world.state.spool_left(None, &service.service_class_id, service.spool_gb)?;
    bear(act, service, work)
}

/// A new service as it was specified, as far as it was specified well.
fn specified(act: &Act<'_>, fields: &mut Fields) -> Service {
    let name = fields.required("name", LONGEST_NAME);
    let class_id = fields.required("serviceClassId", LONGEST_ID);
    let class = Class::find(&class_id);
    if class.is_none() && !class_id.trim().is_empty() {
        fields.wrong("serviceClassId", "must be one of the service classes");
    }
    let datacenter_id = placed(act, fields);
    let environment_id = surrounded(act, fields);
    let vpn = fields.unblank("msgVpnName", 26);
    if vpn.as_deref() == Some("default") {
        fields.wrong("msgVpnName", "Name cannot be 'default'");
    }
    let encrypted = fields.flag("redundancyGroupSslEnabled");
    let encrypted = fields.flag("mateLinkEncryptionEnabled").or(encrypted);
    fields.unblank("customRouterName", 12);
    fields.unblank("eventMeshId", LONGEST_ID);
    fields.list("serviceConnectionEndpoints");
    let included = class.map_or(0, |class| class.spool_gb);
    Service {
        name,
        environment_id: environment_id.unwrap_or_default(),
        datacenter_id,
        service_class_id: class_id,
        version: versioned(fields),
        msg_vpn_name: vpn.unwrap_or_default(),
        cluster_name: fields.unblank("clusterName", LONGEST_ID).unwrap_or_default(),
        infrastructure_id: String::new(),
        endpoint_id: String::new(),
        owned_by: act.caller.user_id.clone(),
        created: act.touch(),
        updated: None,
        locked: fields.flag("locked").unwrap_or_default(),
        mate_link_encryption: encrypted.unwrap_or_default(),
        spool_gb: fields.number("maxSpoolUsage", SPOOL_GB).unwrap_or(included),
        creation: Creation::Ongoing,
        client_profiles: default_profiles(),
        certificates: BTreeMap::new(),
        queues: BTreeMap::new(),
    }
}

/// The client profile that each service has.
pub(super) fn default_profiles() -> BTreeMap<String, Map<String, Value>> {
    BTreeMap::from([("default".to_owned(), Map::new())])
}

fn versioned(fields: &mut Fields) -> String {
    let default = VERSIONS.last().copied().unwrap_or_default();
    let Some(asked) = fields.unblank("eventBrokerVersion", LONGEST_ID) else {
        return default.to_owned();
    };
    let known = version(&asked);
    if known.is_none() {
        fields.wrong("eventBrokerVersion", "must be one of the event broker service versions");
    }
    known.unwrap_or(default).to_owned()
}

fn placed(act: &Act<'_>, fields: &mut Fields) -> String {
    let id = fields.required("datacenterId", LONGEST_ID);
    if !id.trim().is_empty() && !act.world.state.datacenters.contains_key(&id) {
        fields.wrong("datacenterId", "must be one of the datacenters");
    }
    id
}

/// The environment that is asked for, else the default one.
fn surrounded(act: &Act<'_>, fields: &mut Fields) -> Option<String> {
    let state = &act.world.state;
    let Some(id) = fields.unblank("environmentId", LONGEST_ID) else {
        return state.default_environment().map(str::to_owned);
    };
    if !state.environments.contains_key(&id) {
        fields.wrong("environmentId", "must be one of the environments");
    }
    Some(id)
}

fn unique(act: &Act<'_>, fields: &mut Fields, name: &str) {
    if act.world.state.has_name(name, None) {
        fields.wrong("name", "Name must be unique");
    }
}

/// Each DMR link needs a host to link to.
fn linked(fields: &mut Fields) {
    for (at, link) in fields.list("dmrLink").iter().enumerate() {
        let host = link.get("hostname").or_else(|| link.get("hostName"));
        let host = host.and_then(Value::as_str).unwrap_or_default();
        if host.trim().is_empty() {
            fields.wrong(format!("dmrLink[{at}]"), "Hostname must be provided");
        }
    }
}

/// Gives a new service what is its own, and has it made.
fn bear(act: &mut Act<'_>, service: Service, work: Work) -> Answer {
    if act.world.state.services.len() >= MAX_SERVICES {
        return Err(bad("The organization has reached its limit of event broker services."));
    }
    let id = act.new_id();
    let (infrastructure_id, endpoint_id) = (act.new_id(), act.new_id());
    let named = |given: String, default: String| if given.is_empty() { default } else { given };
    let clones = matches!(work, Work::CloneService { .. });
    let given = |name: String| if clones { String::new() } else { name };
    let cluster = format!("cluster-{}-{infrastructure_id}", service.datacenter_id);
    let birth = Service {
        msg_vpn_name: named(service.msg_vpn_name, format!("msgvpn-{id}")),
        cluster_name: named(given(service.cluster_name), cluster),
        infrastructure_id,
        endpoint_id,
        owned_by: act.caller.user_id.clone(),
        created: act.touch(),
        updated: None,
        creation: Creation::Ongoing,
        client_profiles: default_profiles(),
        certificates: BTreeMap::new(),
        queues: BTreeMap::new(),
        ..service
    };
    let now = act.call.now;
    let done = |state: &State| created(&shown(state, &id, now));
    act.undertake(Job { service_id: &id, birth: Some(birth), work, done: &done })
}
