//! Keys: who may call which methods, which fields they use, and how often.

use super::areas::Area;
use super::method::Method;
use super::state::State;
use crate::stage::{Call, Refusal};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// The most keys of a store.
pub(super) const MOST_KEYS: usize = 100;
/// How long a key is, in letters and digits. The documents show none; inferred.
pub(super) const KEY_LENGTH: usize = 32;

/// The headers that a key is taken from, and which kind of key: the error page has the first one,
/// the introduction to the API the others.
const HEADERS: [(&str, Option<KeyKind>); 3] = [
    ("x-key", None),
    ("x-secret-key", Some(KeyKind::Private)),
    ("x-public-key", Some(KeyKind::Public)),
];

/// A key that was given to an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// The app.
    pub app: String,
    /// Which kind of key it is.
    pub kind: KeyKind,
    /// Whether it may be used; the key of an app that was removed may not.
    pub enabled: bool,
    /// The areas whose methods it may call; empty for all.
    pub areas: Vec<Area>,
    /// Fields that it neither reads nor writes, such as `products.costPrice`.
    pub withheld: Vec<String>,
    /// Its calls of late.
    pub window: Option<Window>,
}

/// A kind of key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyKind {
    /// For servers: all methods and fields.
    Private,
    /// For pages: public methods, without private fields.
    Public,
}

/// A span of calls that are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// When the first one came in.
    pub since: Timestamp,
    /// How many there were.
    pub calls: u32,
}

/// A key that was found to be good for a call.
pub(super) struct Admitted {
    text: String,
    key: Key,
}

/// Which fields a key may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rights<'k> {
    public: bool,
    withheld: &'k [String],
}

/// The key of a call, where it may call `method`. A key that nobody has is refused as one that is
/// malformed; a good key that may not be used here is refused without a documented text. Both are
/// inferred.
///
/// # Errors
/// There is none, or it is none of this store, or it may not.
pub(super) fn admitted(
    state: &mut State,
    call: &Call,
    method: Method,
) -> Result<Admitted, Refusal> {
    let malformed = || Refusal::row("key.malformed");
    let sent = HEADERS.iter().find(|(name, _)| call.headers.contains_key(*name));
    let (name, kind) = sent.ok_or_else(|| Refusal::row("key.missing"))?;
    let mut values = call.headers.get_all(*name).iter();
    let text = values.next().and_then(|value| value.to_str().ok()).ok_or_else(malformed)?;
    if !well_formed(text) || values.next().is_some() {
        return Err(malformed());
    }
    let key = state.keys.get(text).ok_or_else(malformed)?;
    if kind.is_some_and(|kind| kind != key.kind) {
        return Err(malformed());
    }
    let may = key.kind == KeyKind::Private || method.is_public();
    let here = key.areas.is_empty() || key.areas.contains(&method.area);
    if !key.enabled || !may || !here {
        return Err(Refusal::row("key.refused"));
    }
    Ok(Admitted { text: text.to_owned(), key: key.clone() })
}

/// Counts a call, where the key may make one more.
///
/// # Errors
/// It has made as many as the store allows; the answer says when the next one is taken.
pub(super) fn counted(state: &mut State, key: &Admitted, now: Timestamp) -> Result<(), Refusal> {
    let limit = state.store.limit;
    let Some(key) = state.keys.get_mut(&key.text) else { return Ok(()) };
    let length = SignedDuration::from_secs(i64::from(limit.seconds));
    let current = key.window.filter(|window| window.since <= now && now < window.end(length));
    let window = current.unwrap_or(Window { since: now, calls: 0 });
    if window.calls >= limit.calls {
        let left = window.end(length).duration_since(now).as_millis();
        let wait = u64::try_from(left).unwrap_or_default().div_ceil(1000);
        return Err(Refusal::row("rate-limited").wait(wait));
    }
    key.window = Some(Window { calls: window.calls + 1, ..window });
    Ok(())
}

/// Whether a text could be a key.
pub(super) fn well_formed(text: &str) -> bool {
    text.len() == KEY_LENGTH && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl Window {
    fn end(self, length: SignedDuration) -> Timestamp {
        self.since.saturating_add(length).unwrap_or(Timestamp::MAX)
    }
}

impl Admitted {
    /// Which fields it may use.
    pub(super) fn rights(&self) -> Rights<'_> {
        Rights { public: self.key.kind == KeyKind::Public, withheld: &self.key.withheld }
    }
}

impl Rights<'_> {
    /// The rights of the store itself.
    pub(super) const ALL: Self = Self { public: false, withheld: &[] };

    /// Whether the field of this name may be used, where `private` fields are not for everyone.
    pub(super) fn allow(&self, area: Area, name: &str, private: bool) -> bool {
        let withheld = |known: &String| known.split_once('.') == Some((area.table().many, name));
        let kept_back = private && self.public || self.withheld.iter().any(withheld);
        !kept_back
    }
}
