//! The kinds of callbacks that are called, and how often a handler may see each.

/// What the callbacks' ids begin with.
pub(super) const ID: &str = "cti.a.p.acgw.callback.v1.0~test.app";

/// A kind of callback.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// How often one job may reach the handler.
    pub(super) most: usize,
    /// Whether its callers use an idempotency key, and come again with it until they are answered.
    pub(super) keyed: bool,
    /// What its configuration says.
    pub(super) says: &'static [&'static str],
}

const RETRY: &str = "retry: { interval: 1s, times: 5 }";
/// The first send and those of [`RETRY`].
const MOST: usize = 6;

/// All of them. Those without a retry policy reach the handler once, whatever happens.
pub(super) const KINDS: [Kind; 6] = [
    Kind { name: "once", most: 1, keyed: false, says: &["promote: always"] },
    Kind { name: "again", most: MOST, keyed: false, says: &["promote: always", RETRY] },
    Kind { name: "alone", most: 1, keyed: false, says: &["fire_and_forget: true"] },
    Kind { name: "post", most: MOST, keyed: false, says: &["fire_and_forget: true", RETRY] },
    Kind { name: "waits", most: 1, keyed: true, says: &["promote: 5s"] },
    Kind {
        name: "turn",
        most: 1,
        keyed: false,
        says: &["promote: always", "serial: { key: /row, waiting: 50 }"],
    },
];
