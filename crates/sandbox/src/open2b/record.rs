//! Looking into records.

use super::decimal::Decimal;
use super::state::Record;
use serde_json::Value;

/// A text of a record; empty where there is none.
pub(super) fn text<'r>(record: &'r Record, name: &str) -> &'r str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Whether a flag of a record is set.
pub(super) fn flag(record: &Record, name: &str) -> bool {
    record.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// The number of another record, where there is one.
pub(super) fn id(record: &Record, name: &str) -> Option<u32> {
    as_id(record.get(name)?)
}

/// A value as the number of a record.
pub(super) fn as_id(value: &Value) -> Option<u32> {
    u32::try_from(value.as_u64()?).ok()
}

/// A decimal of a record; 0 where there is none.
pub(super) fn decimal(record: &Record, name: &str) -> Decimal {
    Decimal::of(record.get(name))
}

/// A list of a record; empty where there is none.
pub(super) fn list<'r>(record: &'r Record, name: &str) -> &'r [Value] {
    record.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Sets a member of a record.
pub(super) fn set(record: &mut Record, name: &str, value: impl Into<Value>) {
    record.insert(name.to_owned(), value.into());
}

/// A time as the API writes it, in UTC; it has no years before 0.
pub(super) fn moment(at: jiff::Timestamp) -> String {
    let civil = jiff::tz::TimeZone::UTC.to_datetime(at);
    let (date, time) = (civil.date(), civil.time());
    let seconds = format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    format!("{:04}-{:02}-{:02} {seconds}", date.year().max(0), date.month(), date.day())
}
