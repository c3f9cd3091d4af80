//! Documents: what is configured while the gateway runs, seen by every node.
//!
//! A document is bytes with a name and a revision. Revisions come from one counter, in the order in
//! which changes became visible, so that "what changed since" has one answer for all.

use crate::operation::check_size;
use crate::text::{LONGEST_NAME, check, name};
use crate::{Engine, EngineError, Rev, Time};
use bytes::Bytes;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The largest document, in bytes.
pub const LARGEST_DOCUMENT: usize = 4 << 20;
/// How long the remains of a removed document are kept, so that every watcher sees its end.
pub const REMAINS_KEPT: Duration = Duration::from_hours(30 * 24);
/// How often a watcher looks by itself, whether or not it was told of a change.
const LOOK: Duration = Duration::from_secs(2);
/// How many changes a watcher takes at once.
const MOST_CHANGES: usize = 256;

name! {
    /// A document's name, such as `callbacks/com.example.list`.
    DocumentName, "a document's name"
}

/// A document as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name.
    pub name: DocumentName,
    /// The revision of its last change.
    pub rev: Rev,
    /// What it says; none where it was removed.
    pub body: Option<Bytes>,
    /// When it was changed last.
    pub changed: Time,
}

/// What became of a change to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// The document has this revision now.
    Done(Rev),
    /// Somebody else changed it: it has this revision, or none where there is no such document.
    Conflict(Option<Rev>),
}

pub(crate) fn check_document(body: Option<&Bytes>) -> Result<(), EngineError> {
    check_size("a document", body.map_or(0, Bytes::len), LARGEST_DOCUMENT)
}

/// A document's last change, as an engine reads it before the next.
#[derive(Debug, Default)]
pub(crate) struct LastChange {
    pub(crate) rev: Rev,
    /// The revision that this change replaced; none where it made the document.
    pub(crate) replaced: Option<Rev>,
    pub(crate) body: Option<Bytes>,
}

/// Whether a change that expects `expect` may be made to a document whose last change was `last`;
/// an answer where it may not, or need not because it was made before.
pub(crate) fn settled(
    last: Option<&LastChange>,
    expect: Option<Rev>,
    body: Option<&Bytes>,
) -> Option<Put> {
    let current = last.filter(|last| last.body.is_some()).map(|last| last.rev);
    if let Some(last) = last
        && last.replaced == expect
        && last.body.as_ref() == body
    {
        return Some(Put::Done(last.rev));
    }
    (current != expect).then_some(Put::Conflict(current))
}

/// Tells of changes to documents: at least the last change of each, in order; changes in between may
/// be left out.
#[derive(Debug)]
pub struct Watcher {
    engine: Arc<dyn Engine>,
    seen: Rev,
}

impl Watcher {
    /// Tells of all changes after `seen`; of all documents where that is the first revision, 0.
    pub fn new(engine: Arc<dyn Engine>, seen: Rev) -> Self {
        Self { engine, seen }
    }

    /// The last revision that was told.
    pub fn seen(&self) -> Rev {
        self.seen
    }

    /// The next changes, at least one. Waits for them, looking when it is told of a change and
    /// every two seconds besides. After an error it can be asked again.
    pub async fn next(&mut self) -> Result<Vec<Document>, EngineError> {
        loop {
            // The bell is taken hold of first, so that a change between looking and waiting rings.
            let mut bell = self.engine.bells().documents();
            let changes = self.engine.changes(self.seen, MOST_CHANGES).await?;
            if let Some(last) = changes.last() {
                self.seen = last.rev;
                return Ok(changes);
            }
            bell.rung_within(LOOK).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last(rev: u64, replaced: Option<u64>, body: Option<&'static str>) -> LastChange {
        LastChange { rev: Rev(rev), replaced: replaced.map(Rev), body: body.map(Bytes::from) }
    }

    #[test]
    fn a_change_needs_the_revision_that_it_replaces() {
        let now = last(7, Some(3), Some("a"));
        let body = Bytes::from("b");
        assert_eq!(settled(Some(&now), Some(Rev(7)), Some(&body)), None);
        let conflict = Some(Put::Conflict(Some(Rev(7))));
        assert_eq!(settled(Some(&now), Some(Rev(3)), Some(&body)), conflict);
        assert_eq!(settled(Some(&now), None, Some(&body)), conflict);
        assert_eq!(settled(None, None, Some(&body)), None);
        assert_eq!(settled(None, Some(Rev(1)), Some(&body)), Some(Put::Conflict(None)));
    }

    #[test]
    fn a_change_that_was_made_may_be_repeated() {
        let now = last(7, Some(3), Some("a"));
        let body = Bytes::from("a");
        assert_eq!(settled(Some(&now), Some(Rev(3)), Some(&body)), Some(Put::Done(Rev(7))));
        let gone = last(9, Some(7), None);
        assert_eq!(settled(Some(&gone), Some(Rev(7)), None), Some(Put::Done(Rev(9))));
        assert_eq!(settled(Some(&gone), None, Some(&body)), None);
    }
}
