//! The ledger: where calls are kept, and how; and what each callback declares of it.

use super::Reading;
use super::entities::is_off;
use candor_contract::json::Pointer;
use candor_contract::notation::{self, Map, Node, Value};
use candor_gateway::{Durability, Ledger, Operations, Promote, SerialKey, SerialRule};
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The ledger's file in the folder of the state.
pub(crate) const FILE: &str = "ledger.db";
/// How many calls on one resource may wait, where nothing is said.
const WAITING: u32 = 10;

/// Where calls are kept.
#[derive(Debug, Clone)]
pub(crate) enum LedgerAt {
    /// Nowhere.
    Off,
    /// In a file of this process.
    File(PathBuf),
    /// On a server that several gateways share. Its address holds a password.
    Server(SecretString),
}

/// How calls are kept, where the file says it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Times {
    after: Option<Duration>,
    keep: Option<Duration>,
    keep_failed: Option<Duration>,
    keep_keys: Option<Duration>,
    lease: Option<Duration>,
    most_per_tenant: Option<u32>,
}

impl LedgerAt {
    /// The place that a text names: `off`, a server's address, or a file.
    pub(crate) fn named(text: &str, file: impl FnOnce(&str) -> PathBuf) -> Self {
        match text {
            "off" => Self::Off,
            text if text.starts_with("postgres://") || text.starts_with("postgresql://") => {
                Self::Server(SecretString::from(text))
            }
            text => Self::File(file(text)),
        }
    }

    /// Whether both are the same place.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Off, Self::Off) => true,
            (Self::File(one), Self::File(other)) => one == other,
            (Self::Server(one), Self::Server(other)) => {
                one.expose_secret() == other.expose_secret()
            }
            (Self::Off | Self::File(_) | Self::Server(_), _) => false,
        }
    }
}

impl Times {
    /// Operations in `ledger`, with these times and the usual ones.
    pub(crate) fn in_ledger(self, ledger: Arc<Ledger>) -> Operations {
        let usual = Operations::new(ledger);
        Operations {
            after: self.after.unwrap_or(usual.after),
            keep: self.keep.unwrap_or(usual.keep),
            keep_failed: self.keep_failed.unwrap_or(usual.keep_failed),
            keep_keys: self.keep_keys.unwrap_or(usual.keep_keys),
            lease: self.lease.unwrap_or(usual.lease),
            most_per_tenant: self.most_per_tenant.unwrap_or(usual.most_per_tenant),
            ledger: usual.ledger,
        }
    }
}

impl Reading<'_> {
    /// `ledger`: a file, a server, or `off`; `None` where nothing is said.
    pub(super) fn ledger(&mut self, node: Option<&Node>) -> Option<LedgerAt> {
        let node = node?;
        self.ledger_off = is_off(node);
        let text = match &node.value {
            Value::Scalar { .. } => notation::text(node, &mut self.problems)?,
            Value::Mapping(_) | Value::Sequence(_) => self.secret(node)?.expose_secret().to_owned(),
        };
        Some(LedgerAt::named(&text, |path| self.folder.join(path)))
    }

    /// `{ after, keep, keep_failed, keep_keys, lease, most_per_tenant }`.
    pub(super) fn operations(&mut self, node: Option<&Node>) -> Times {
        let Some(node) = node else { return Times::default() };
        self.needs_the_ledger(node, "operations are kept in the ledger");
        let Some(map) = Map::open(node, "`operations`", &mut self.problems) else {
            return Times::default();
        };
        let mut time = |key| map.get(key).and_then(|n| notation::duration(n, &mut self.problems));
        let (after, keep, keep_failed) = (time("after"), time("keep"), time("keep_failed"));
        let (keep_keys, lease) = (time("keep_keys"), time("lease"));
        let most = map.get("most_per_tenant");
        let most = most.and_then(|n| notation::integer(n, 1..=10_000_000, &mut self.problems));
        if let (Some(node), Some(lease)) = (map.get("lease"), lease)
            && lease < Duration::from_secs(1)
        {
            let title = "a lease lasts at least one second";
            self.problems.add(node.span.clone(), title, "too short").help(
                "who is silent for longer than its lease loses its operations to somebody else",
            );
        }
        map.close(&mut self.problems);
        let most_per_tenant = most.and_then(|n| u32::try_from(n).ok());
        Times { after, keep, keep_failed, keep_keys, lease, most_per_tenant }
    }

    /// `promote`, `serial` and `fire_and_forget` of a callback.
    pub(super) fn durability(&mut self, map: &Map<'_>) -> Durability {
        let promote = map.get("promote").and_then(|node| self.promote(node));
        let serial = map.get("serial").and_then(|node| self.serial(node));
        let forget = map.get("fire_and_forget");
        if let Some(node) = forget {
            self.needs_the_ledger(node, "what nobody waits for is kept in the ledger");
        }
        let forget = forget.and_then(|n| notation::boolean(n, &mut self.problems));
        let forget = forget.unwrap_or(false);
        if let (Some(node), Some(Promote::Never)) = (map.get("promote"), promote) {
            let other = if forget { Some("fire_and_forget") } else { None };
            let other = other.or(serial.as_ref().map(|_| "serial"));
            if let Some(other) = other {
                let title = format!("`promote: never` and `{other}` contradict each other");
                self.problems
                    .add(node.span.clone(), title, "never kept, and kept")
                    .help(format!("leave `promote` out, or take `{other}` away"));
            }
        }
        Durability { promote: promote.unwrap_or_default(), serial, forget }
    }

    /// `after`, a time, `always` or `never`.
    fn promote(&mut self, node: &Node) -> Option<Promote> {
        let promote = match notation::scalar(node, &mut self.problems)? {
            "after" => Promote::After(None),
            "always" => Promote::Always,
            "never" => return Some(Promote::Never),
            _ => Promote::After(Some(notation::duration(node, &mut self.problems)?)),
        };
        self.needs_the_ledger(node, "an operation is kept in the ledger");
        Some(promote)
    }

    /// `{ key, when_busy, waiting }`.
    fn serial(&mut self, node: &Node) -> Option<SerialRule> {
        self.needs_the_ledger(node, "what waits its turn is kept in the ledger");
        let map = Map::open(node, "`serial`", &mut self.problems)?;
        let key = map.required("key").and_then(|node| self.serial_key(node));
        let busy = map.get("when_busy").and_then(|node| {
            let from = |text: &str| match text {
                "queue" => Some(true),
                "refuse" => Some(false),
                _ => None,
            };
            let what = "what is done while another call runs";
            notation::name_of(node, what, &["queue", "refuse"], from, &mut self.problems)
        });
        let waiting = map.get("waiting");
        if let (Some(node), Some(false)) = (waiting, busy) {
            self.problems
                .add(node.span.clone(), "with `when_busy: refuse` nothing waits", "here")
                .help("remove `waiting`, or write `when_busy: queue`");
        }
        let waiting = waiting.and_then(|n| notation::integer(n, 1..=100_000, &mut self.problems));
        map.close(&mut self.problems);
        let waiting = waiting.and_then(|n| u32::try_from(n).ok()).unwrap_or(WAITING);
        Some(SerialRule { key: key?, waiting: if busy == Some(false) { 0 } else { waiting } })
    }

    /// `tenant`, or a pointer into the payload.
    fn serial_key(&mut self, node: &Node) -> Option<SerialKey> {
        let text = notation::text(node, &mut self.problems)?;
        if text == "tenant" {
            return Some(SerialKey::Tenant);
        }
        let pointer = Pointer::parse(&text).ok().filter(|pointer| !pointer.is_root());
        if pointer.is_none() {
            let title = "a serial key is `tenant` or a place in the payload";
            self.problems
                .add(node.span.clone(), title, format!("`{text}` is neither"))
                .help("write a JSON Pointer, such as /resource/id");
        }
        pointer.map(SerialKey::Payload)
    }

    pub(super) fn needs_the_ledger(&mut self, node: &Node, why: &str) {
        if self.ledger_off {
            self.problems
                .add(node.span.clone(), format!("{why}, and `ledger` is off"), "needs a ledger")
                .help("remove `ledger: off`, or this");
        }
    }
}
