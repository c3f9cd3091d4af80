//! The SEMP proxy: the queues of a service's broker, in the broker's own form.
//!
//! Errors of a broker come with a number and a status of their own (SEMP Error Handling); what the
//! API itself refuses before the broker is asked keeps the API's form. Attributes of queues are
//! taken as they are, where the broker knows them.

use super::act::{Act, Answer};
use super::refuse::short;
use super::world::{MAX_QUEUES, Service};
use crate::stage::{NoJson, Refusal, Reply};
use http::StatusCode;
use serde_json::{Map, Value, json};

/// The attributes of a queue that are played, each with its default.
const ATTRIBUTES: [(&str, Attribute); 7] = [
    ("accessType", Attribute::Text("exclusive")),
    ("egressEnabled", Attribute::Flag),
    ("ingressEnabled", Attribute::Flag),
    ("maxMsgSpoolUsage", Attribute::Number(5000)),
    ("owner", Attribute::Text("")),
    ("permission", Attribute::Text("no-access")),
    ("respectTtlEnabled", Attribute::Flag),
];

/// What an attribute takes, with its default; a flag is not set.
#[derive(Debug, Clone, Copy)]
enum Attribute {
    Flag,
    Number(u32),
    Text(&'static str),
}
/// The longest name of a queue, in characters.
const LONGEST_NAME: usize = 200;

/// `GET .../queues`
pub(super) fn list(act: &mut Act<'_>) -> Answer {
    let (_, service) = broker(act)?;
    let queues = service.queues.iter().map(|(name, queue)| view(service, name, queue));
    Ok(answer(act, &queues.collect()))
}

/// `GET .../queues/{queue}`
pub(super) fn get(act: &mut Act<'_>) -> Answer {
    let (_, service, name, queue) = queue(act)?;
    Ok(answer(act, &view(service, name, queue)))
}

/// `POST .../queues`
pub(super) fn create(act: &mut Act<'_>) -> Answer {
    let (id, service) = broker(act)?;
    let mut attributes = attributes(act, service, None)?;
    let name = attributes.shift_remove("queueName");
    let name = name.as_ref().and_then(Value::as_str).unwrap_or_default().to_owned();
    if name.is_empty() || name.chars().count() > LONGEST_NAME {
        return Err(unreadable("queueName is missing, or too long"));
    }
    if service.queues.contains_key(&name) {
        let text = format!("Problem with POST: The object {} already exists.", short(&name));
        return Err(error("semp.4xx", "ALREADY_EXISTS", text).code("10"));
    }
    if service.queues.len() >= MAX_QUEUES {
        let text = "Problem with POST: The number of queues exceeds the maximum.";
        return Err(error("semp.4xx", "CONFIGDB_OBJECT_LIMIT", text).code("53"));
    }
    let id = id.to_owned();
    keep(act, &id, name, attributes)
}

/// `PATCH .../queues/{queue}`
pub(super) fn update(act: &mut Act<'_>) -> Answer {
    let (id, service, name, before) = queue(act)?;
    let mut changed = before.clone();
    changed.extend(attributes(act, service, Some(name))?);
    changed.shift_remove("queueName");
    let (id, name) = (id.to_owned(), name.to_owned());
    keep(act, &id, name, changed)
}

/// `DELETE .../queues/{queue}`
pub(super) fn delete(act: &mut Act<'_>) -> Answer {
    let (id, _, name, _) = queue(act)?;
    let (id, name) = (id.to_owned(), name.to_owned());
    act.free(&id)?;
    act.committable()?;
    if let Some(service) = act.world.state.services.get_mut(&id) {
        service.queues.remove(&name);
    }
    Ok(Reply::json(StatusCode::OK, &json!({ "meta": meta(act) })))
}

/// A collection that is not played.
pub(super) fn unsupported(act: &mut Act<'_>) -> Answer {
    act.service()?;
    let what = act.open.last().map_or("", String::as_str);
    let text = format!("Not supported: {}", short(what));
    Err(error("semp.14", "NOT_SUPPORTED", text))
}

fn keep(act: &mut Act<'_>, id: &str, name: String, attributes: Map<String, Value>) -> Answer {
    act.free(id)?;
    act.committable()?;
    let Some(service) = act.world.state.services.get_mut(id) else { return Err(not_found(id)) };
    let view = view(service, &name, &attributes);
    service.queues.insert(name, attributes);
    Ok(answer(act, &view))
}

/// The service, and its broker, if that has the Message VPN that the path names.
fn broker<'a>(act: &'a Act<'_>) -> Result<(&'a str, &'a Service), Refusal> {
    let (id, service) = act.service()?;
    let vpn = act.segment(1);
    if service.msg_vpn_name == vpn { Ok((id, service)) } else { Err(not_found(vpn)) }
}

/// What the path names: the service's id, the service, the queue's name and its attributes.
type Named<'a> = (&'a str, &'a Service, &'a str, &'a Map<String, Value>);

fn queue<'a>(act: &'a Act<'_>) -> Result<Named<'a>, Refusal> {
    let (id, service) = broker(act)?;
    let name = act.segment(2);
    let queue = service.queues.get(name).ok_or_else(|| not_found(name))?;
    Ok((id, service, name, queue))
}

/// The attributes that a body gives, all of them known and of the type of their defaults.
fn attributes(
    act: &Act<'_>,
    service: &Service,
    named: Option<&str>,
) -> Result<Map<String, Value>, Refusal> {
    let given = match act.call.json() {
        Ok(Value::Object(given)) => given,
        Err(NoJson::Empty) => Map::new(),
        Ok(_) | Err(NoJson::Malformed | NoJson::TooLarge) => {
            return Err(unreadable("the request body is not a JSON object"));
        }
    };
    let mut known = Map::new();
    for (name, value) in given {
        let of_path = match name.as_str() {
            "queueName" => named,
            "msgVpnName" => Some(service.msg_vpn_name.as_str()),
            _ => None,
        };
        if of_path.is_some_and(|of_path| value != of_path) {
            return Err(unreadable(&format!("{name} is another one in the path")));
        }
        if name == "queueName" && value.is_string() {
            known.insert(name, value);
        } else if of_path.is_none() {
            known.extend([attribute(name, value)?]);
        }
    }
    Ok(known)
}

fn attribute(name: String, value: Value) -> Result<(String, Value), Refusal> {
    let Some((_, kind)) = ATTRIBUTES.iter().find(|(known, _)| *known == name) else {
        let text = format!("Invalid attribute: {}", short(&name));
        return Err(error("semp.11", "INVALID_PARAMETER", text));
    };
    let alike = match kind {
        Attribute::Text(_) => {
            value.as_str().is_some_and(|text| text.chars().count() <= LONGEST_NAME)
        }
        Attribute::Flag => value.is_boolean(),
        Attribute::Number(_) => value.as_u64().is_some_and(|number| u32::try_from(number).is_ok()),
    };
    if alike { Ok((name, value)) } else { Err(unreadable(&format!("{name} has a wrong value"))) }
}

fn view(service: &Service, name: &str, queue: &Map<String, Value>) -> Value {
    let mut view = Map::new();
    view.insert("msgVpnName".to_owned(), service.msg_vpn_name.as_str().into());
    view.insert("queueName".to_owned(), name.into());
    for (attribute, kind) in ATTRIBUTES {
        let default = match kind {
            Attribute::Flag => false.into(),
            Attribute::Number(default) => default.into(),
            Attribute::Text(default) => default.into(),
        };
        let value = queue.get(attribute).cloned().unwrap_or(default);
        view.insert(attribute.to_owned(), value);
    }
    view.into()
}

fn answer(act: &Act<'_>, data: &Value) -> Reply {
    Reply::json(StatusCode::OK, &json!({ "data": data, "meta": meta(act) }))
}

fn meta(act: &Act<'_>) -> Value {
    let request = json!({ "method": act.call.method.as_str(), "uri": act.call.path() });
    json!({ "request": request, "responseCode": 200 })
}

fn not_found(name: &str) -> Refusal {
    error("semp.6", "NOT_FOUND", format!("Could not find match for {}", short(name)))
}

fn unreadable(why: &str) -> Refusal {
    error("semp.27", "PARSE_ERROR", format!("Problem with the request: {}", short(why)))
}

fn error(row: &'static str, status: &str, text: impl Into<String>) -> Refusal {
    Refusal::row(row).status(400).message(text).named("reason", status)
}
