//! The weather around an API: states of the world that are nobody's resource.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What is wrong around an API at present. The default is fair weather.
///
/// As JSON, at `PUT /sandbox/conditions`, members that are left out are fair weather too; `PATCH`
/// changes only what it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is true or false apart from the others")]
pub struct Conditions {
    /// How long the work behind each answer takes on top, in milliseconds.
    pub latency_ms: u64,
    /// How long the API itself waits for that work, in milliseconds: beyond it, a 504 where the API
    /// has one.
    pub time_limit_ms: u64,
    /// Requests are taken and never answered.
    pub mute: bool,
    /// What the API depends on is down for maintenance.
    pub maintenance: bool,
    /// After how many seconds the maintenance ends by itself; 0: not by itself.
    pub maintenance_seconds: u64,
    /// What the API stores in cannot be written: reading goes on, no change can be kept.
    pub store_offline: bool,
    /// Something in front of the API shows a page of its own: 200, in HTML.
    pub portal_page: bool,
    /// The API lives at another base URL now: a redirect, with this `Location` and the path.
    pub moved_to: Option<String>,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            latency_ms: 0,
            time_limit_ms: 30_000,
            mute: false,
            maintenance: false,
            maintenance_seconds: 0,
            store_offline: false,
            portal_page: false,
            moved_to: None,
        }
    }
}

impl Conditions {
    /// How long an answer is kept back: the work's time, as far as the API waits for it.
    pub fn pause(&self) -> Duration {
        Duration::from_millis(self.latency_ms.min(self.time_limit_ms))
    }

    /// Whether the work takes longer than the API waits for it.
    pub fn too_slow(&self) -> bool {
        self.latency_ms > self.time_limit_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_fair_weather() {
        assert_eq!(serde_json::from_str::<Conditions>("{}").unwrap(), Conditions::default());
        assert!(serde_json::from_str::<Conditions>(r#"{"mutes":true}"#).is_err());
    }

    #[test]
    fn nobody_waits_longer_than_the_limit() {
        let slow = Conditions { latency_ms: 500, time_limit_ms: 100, ..Conditions::default() };
        assert!(slow.too_slow());
        assert_eq!(slow.pause(), Duration::from_millis(100));
    }
}
