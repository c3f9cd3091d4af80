//! The world at the start: a partner in Lyon with two customers, and what they use.

use super::State;
use super::services::Services;
use super::tenancy::Tenancy;
use jiff::Timestamp;

pub(super) fn state(now: Timestamp) -> State {
    State { tenancy: Tenancy::founded(now), services: Services::founded(now) }
}
