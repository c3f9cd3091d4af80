//! What is wrong with a handler: states of the world around it, never "which error is wanted".

use super::answers::Answer;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// The state of the world around a handler. The default is fair weather.
///
/// As JSON, at `PUT /sandbox/conditions`, members that are left out are fair weather too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is true or false apart from the others")]
pub struct Conditions {
    /// The handler was given up for good: 410.
    pub retired: bool,
    /// The handler lives at another URL now: 302, with this `Location`.
    pub moved_to: Option<String>,
    /// A web server in front of it shows its maintenance page: 200, in HTML.
    pub maintenance_page: bool,
    /// How many requests are let through in a while: 429 beyond them, with `Retry-After`.
    pub rate_limit: Option<RateLimit>,
    /// Whether the partner's service behind the handler is up; if not: 503.
    pub backend_up: bool,
    /// Work is queued and its result not told: 202 where there would be a 200.
    pub asynchronous: bool,
    /// How long each answer takes on top, in milliseconds.
    pub latency_ms: u64,
    /// Requests are taken and never answered.
    pub mute: bool,
    /// What callers over TLS meet.
    pub tls: TlsProfile,
}

/// What callers over TLS meet before a request can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsProfile {
    /// TLS 1.3 and 1.2, with a good certificate of the sandbox's own authority.
    #[default]
    Good,
    /// A certificate that has expired.
    Expired,
    /// A certificate that nobody but itself has signed.
    SelfSigned,
    /// A certificate for another name.
    WrongName,
    /// TLS 1.2 at most, where the documents ask handlers for 1.3.
    Tls12Only,
    /// Somebody who speaks another protocol on the port.
    Plaintext,
    /// Connections are taken, and the handshake is never answered.
    Mute,
    /// Nobody listens on the port.
    Closed,
}

/// How long a change of the conditions waits for the door.
const FOLLOWING: Duration = Duration::from_secs(2);

/// A fixed window: it opens with a request, and lets so many through until it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimit {
    /// How many requests a window lets through.
    pub requests: u32,
    /// How long a window is, in seconds.
    pub window_seconds: u32,
}

/// A handler's conditions, to read and to change. Clones share them.
#[derive(Debug, Clone)]
pub struct ConditionsHandle(Arc<watch::Sender<Conditions>>);

/// What stands between the socket and the handler.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) conditions: ConditionsHandle,
    /// What the door is at: it follows the conditions.
    door: watch::Sender<TlsProfile>,
    window: Mutex<Window>,
}

/// The rate limiter's present window.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    /// In seconds since the Unix epoch.
    opened: i64,
    used: u32,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            retired: false,
            moved_to: None,
            maintenance_page: false,
            rate_limit: None,
            backend_up: true,
            asynchronous: false,
            latency_ms: 0,
            mute: false,
            tls: TlsProfile::Good,
        }
    }
}

impl ConditionsHandle {
    /// The conditions at present.
    pub fn get(&self) -> Conditions {
        self.0.borrow().clone()
    }

    /// Replaces the conditions, for all requests from now on.
    pub fn set(&self, conditions: Conditions) {
        self.0.send_replace(conditions);
    }

    /// To be told of changes.
    pub(super) fn watch(&self) -> watch::Receiver<Conditions> {
        self.0.subscribe()
    }
}

impl Default for ConditionsHandle {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Conditions::default())))
    }
}

impl Default for Gate {
    fn default() -> Self {
        let (conditions, window) = (ConditionsHandle::default(), Mutex::default());
        Self { conditions, door: watch::Sender::new(TlsProfile::Good), window }
    }
}

impl Gate {
    /// The door is at this profile now, and what was connected before it is gone.
    pub(super) fn stands(&self, profile: TlsProfile) {
        self.door.send_replace(profile);
    }

    /// Waits until the door has followed the conditions, so that who changes them meets them.
    pub(super) async fn settled(&self) {
        let mut door = self.door.subscribe();
        let there = door.wait_for(|at| *at == self.conditions.get().tls);
        if tokio::time::timeout(FOLLOWING, there).await.is_err() {
            tracing::warn!("the handler's port has not followed its conditions yet");
        }
    }

    /// What stands in a request's way, after the latency.
    pub(super) async fn obstacle(&self, conditions: &Conditions, now: i64) -> Option<Answer> {
        tokio::time::sleep(Duration::from_millis(conditions.latency_ms)).await;
        match conditions {
            Conditions { mute: true, .. } => std::future::pending().await,
            Conditions { moved_to: Some(url), .. } => Some(Answer::moved(url)),
            Conditions { retired: true, .. } => Some(Answer::new(StatusCode::GONE)),
            Conditions { maintenance_page: true, .. } => Some(Answer::maintenance_page()),
            Conditions { rate_limit: Some(limit), .. } => self.count(*limit, now),
            _ => None,
        }
    }

    /// Fair weather, and nobody counted.
    pub(super) fn reset(&self) {
        self.conditions.set(Conditions::default());
        *self.window.lock().unwrap_or_else(PoisonError::into_inner) = Window::default();
    }

    fn count(&self, limit: RateLimit, now: i64) -> Option<Answer> {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        window.count(limit, now).err().map(Answer::too_many)
    }
}

impl Window {
    /// Counts a request, or says in how many seconds the window ends.
    fn count(&mut self, limit: RateLimit, now: i64) -> Result<(), i64> {
        let ends = self.opened.saturating_add(limit.window_seconds.into());
        if self.used == 0 || now >= ends || now < self.opened {
            *self = Self { opened: now, used: 0 };
        }
        if self.used < limit.requests {
            self.used += 1;
            return Ok(());
        }
        Err(self.opened.saturating_add(limit.window_seconds.into()).saturating_sub(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_opens_with_a_request_and_ends_by_the_clock() {
        let limit = RateLimit { requests: 2, window_seconds: 10 };
        let mut window = Window::default();
        assert_eq!(window.count(limit, 100), Ok(()));
        assert_eq!(window.count(limit, 105), Ok(()));
        assert_eq!(window.count(limit, 106), Err(4));
        assert_eq!(window.count(limit, 109), Err(1));
        assert_eq!(window.count(limit, 110), Ok(()));
    }

    #[test]
    fn a_limit_of_none_lets_nobody_in() {
        let limit = RateLimit { requests: 0, window_seconds: 10 };
        assert_eq!(Window::default().count(limit, 100), Err(10));
    }

    #[test]
    fn what_is_left_out_is_fair_weather() {
        assert_eq!(serde_json::from_str::<Conditions>("{}").unwrap(), Conditions::default());
        assert!(serde_json::from_str::<Conditions>(r#"{"retried":true}"#).is_err());
    }
}
