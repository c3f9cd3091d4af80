//! The fields of a client profile, as a table: name, kind and default.
//!
//! Names, bounds and defaults are those of the published schema; a default that "varies by platform"
//! has a plausible value.

use super::body::{Fields, within};
use serde_json::{Map, Value, json};
use std::ops::RangeInclusive;

/// What a field takes.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// True or false, and its default.
    Flag(bool),
    /// A whole number between two bounds, and its default.
    Number(u32, u32, u32),
    /// A text, and its greatest length in characters.
    Text(usize),
    /// A pair of thresholds.
    Thresholds,
}

use Kind::{Flag, Number, Text, Thresholds};

/// A number that the schema does not bound.
const ANY: u32 = i32::MAX.unsigned_abs();

const FIELDS: [(&str, Kind); 47] = [
    ("allowGuaranteedMsgSendEnabled", Flag(false)),
    ("allowGuaranteedMsgReceiveEnabled", Flag(false)),
    ("compressionEnabled", Flag(true)),
    ("replicationAllowClientConnectWhenStandbyEnabled", Flag(false)),
    ("allowTransactedSessionsEnabled", Flag(false)),
    ("allowBridgeConnectionsEnabled", Flag(false)),
    ("allowGuaranteedEndpointCreateEnabled", Flag(false)),
    ("allowSharedSubscriptionsEnabled", Flag(false)),
    ("apiQueueManagementCopyFromOnCreateName", Text(200)),
    ("apiQueueManagementCopyFromOnCreateTemplateName", Text(255)),
    ("apiTopicEndpointManagementCopyFromOnCreateName", Text(200)),
    ("apiTopicEndpointManagementCopyFromOnCreateTemplateName", Text(255)),
    ("serviceMinKeepaliveTimeout", Number(3, 3600, 30)),
    ("serviceSmfMinKeepaliveEnabled", Flag(false)),
    ("serviceWebInactiveTimeout", Number(0, ANY, 30)),
    ("serviceWebMaxPayload", Number(300, 10_000_000, 1_000_000)),
    ("maxConnectionCountPerClientUsername", Number(0, ANY, 1000)),
    ("serviceSmfMaxConnectionCountPerClientUsername", Number(0, ANY, 1000)),
    ("serviceWebMaxConnectionCountPerClientUsername", Number(0, ANY, 1000)),
    ("maxEndpointCountPerClientUsername", Number(0, ANY, 1000)),
    ("maxEgressFlowCount", Number(0, ANY, 1000)),
    ("maxIngressFlowCount", Number(0, ANY, 1000)),
    ("maxSubscriptionCount", Number(0, ANY, 1000)),
    ("maxTransactedSessionCount", Number(0, ANY, 10)),
    ("maxTransactionCount", Number(0, ANY, 5000)),
    ("queueGuaranteed1MaxDepth", Number(2, 262_144, 20_000)),
    ("queueGuaranteed1MinMsgBurst", Number(0, 262_144, 255)),
    ("queueDirect1MaxDepth", Number(2, 262_144, 20_000)),
    ("queueDirect1MinMsgBurst", Number(0, 262_144, 4)),
    ("queueDirect2MaxDepth", Number(2, 262_144, 20_000)),
    ("queueDirect2MinMsgBurst", Number(0, 262_144, 4)),
    ("queueDirect3MaxDepth", Number(2, 262_144, 20_000)),
    ("queueDirect3MinMsgBurst", Number(0, 262_144, 4)),
    ("queueControl1MaxDepth", Number(2, 262_144, 20_000)),
    ("queueControl1MinMsgBurst", Number(0, 262_144, 4)),
    ("tcpCongestionWindowSize", Number(2, 7826, 2)),
    ("tcpKeepaliveCount", Number(2, 5, 5)),
    ("tcpKeepaliveIdleTime", Number(3, 120, 3)),
    ("tcpKeepaliveInterval", Number(1, 30, 1)),
    ("tcpMaxSegmentSize", Number(256, 1460, 1460)),
    ("tcpMaxWindowSize", Number(16, 65_536, 256)),
    ("elidingEnabled", Flag(false)),
    ("elidingDelay", Number(0, 60_000, 0)),
    ("elidingMaxTopicCount", Number(1, 32_000, 256)),
    ("rejectMsgToSenderOnNoSubscriptionMatchEnabled", Flag(false)),
    ("tlsAllowDowngradeToPlainTextEnabled", Flag(true)),
    (THRESHOLDS, Thresholds),
];
const THRESHOLDS: &str = "eventClientProvisionedEndpointSpoolUsageThreshold";
const PERCENT: RangeInclusive<u32> = 0..=100;
/// The fields that a list shows of a profile.
const IN_LISTS: [&str; 5] = [
    "allowGuaranteedMsgSendEnabled",
    "allowGuaranteedMsgReceiveEnabled",
    "allowTransactedSessionsEnabled",
    "allowBridgeConnectionsEnabled",
    "allowGuaranteedEndpointCreateEnabled",
];

/// The names of all fields, and those of what every profile has.
pub(super) fn names() -> Vec<&'static str> {
    ["name", "id", "type"].into_iter().chain(FIELDS.iter().map(|(name, _)| *name)).collect()
}

/// The values that a body gives; mistakes are noted there.
pub(super) fn read(body: &mut Fields) -> Map<String, Value> {
    let mut values = Map::new();
    for (name, kind) in FIELDS {
        let value = match kind {
            Flag(_) => body.flag(name).map(Value::from),
            Number(low, high, _) => body.number(name, low..=high).map(Value::from),
            Text(longest) => body.text(name, longest).map(Value::from),
            Thresholds => thresholds(body),
        };
        values.extend(value.map(|value| (name.to_owned(), value)));
    }
    values
}

/// Two percentages, each of which may be left out.
fn thresholds(body: &mut Fields) -> Option<Value> {
    let Value::Object(given) = body.value(THRESHOLDS)?.clone() else {
        body.wrong(THRESHOLDS, "must be an object");
        return None;
    };
    let mut read = json!({ "setPercent": 80, "clearPercent": 60 });
    let Value::Object(known) = &mut read else { return None };
    for (name, value) in given {
        let path = format!("{THRESHOLDS}.{}", super::refuse::short(&name));
        match (known.get_mut(&name), within(&value, &PERCENT)) {
            (None, _) => body.wrong(path, "is not a known field"),
            (Some(place), Ok(percent)) => *place = percent.into(),
            (Some(_), Err(text)) => body.wrong(path, text),
        }
    }
    Some(read)
}

/// A profile with all its values.
pub(super) fn whole(name: &str, values: &Map<String, Value>) -> Value {
    view(name, values, |_| true)
}

/// A profile as a list shows it.
pub(super) fn brief(name: &str, values: &Map<String, Value>) -> Value {
    view(name, values, |field| IN_LISTS.contains(&field))
}

fn view(name: &str, values: &Map<String, Value>, shown: impl Fn(&str) -> bool) -> Value {
    let mut view = Map::new();
    view.insert("name".to_owned(), name.into());
    view.insert("id".to_owned(), name.into());
    view.insert("type".to_owned(), "clientProfile".into());
    for (field, kind) in FIELDS.into_iter().filter(|(field, _)| shown(field)) {
        let value = values.get(field).cloned().unwrap_or_else(|| default(kind));
        view.insert(field.to_owned(), value);
    }
    view.into()
}

fn default(kind: Kind) -> Value {
    match kind {
        Flag(default) => default.into(),
        Number(_, _, default) => default.into(),
        Text(_) => "".into(),
        Thresholds => json!({ "setPercent": 80, "clearPercent": 60 }),
    }
}
