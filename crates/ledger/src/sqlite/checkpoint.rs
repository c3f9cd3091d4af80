//! When the log is brought into the file.
//!
//! A thread of its own copies pages while the writer goes on. It can never reach the end of a log
//! that grows, so the writer copies the few pages that are left, and the log begins anew.

use crate::{EngineError, OpenError};
use rusqlite::Connection;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

/// From how many pages in the log on it is brought into the file: 8 MiB.
const BEGIN_AT: i32 = 2048;
/// From how many pages on the writer does it all, and waits for readers: 256 MiB.
const FORCE_AT: i32 = 65_536;

pub(super) struct Checkpoints {
    /// How many pages are in the log, as of the last commit.
    pages: Arc<AtomicI32>,
    /// Whether the thread has copied what it was asked to.
    copied: Arc<AtomicBool>,
    /// Whether the thread has been asked.
    asked: bool,
    ask: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Checkpoints {
    pub(super) fn start(writer: &mut Connection, own: Connection) -> Result<Self, OpenError> {
        let pages = Arc::new(AtomicI32::new(0));
        let count = Arc::clone(&pages);
        let hook = move |_: &mut rusqlite::hooks::Wal, pages| {
            count.store(pages, Ordering::Relaxed);
            Ok(())
        };
        writer.wal_hook(Some(hook)).map_err(EngineError::from)?;
        let copied = Arc::new(AtomicBool::new(false));
        let (ask, asked) = sync_channel(1);
        let done = Arc::clone(&copied);
        let run = move || {
            while asked.recv().is_ok() {
                passive(&own);
                done.store(true, Ordering::Release);
            }
        };
        let thread = thread::Builder::new().name("ledger-checkpoint".to_owned()).spawn(run);
        let thread = thread.map_err(|error| OpenError::Settings(error.to_string()))?;
        Ok(Self { pages, copied, asked: false, ask, thread })
    }

    /// Does what is to be done between two batches.
    pub(super) fn look(&mut self, writer: &Connection) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages >= FORCE_AT {
            run(writer, "PRAGMA wal_checkpoint(RESTART)");
            self.pages.store(0, Ordering::Relaxed);
        } else if self.asked && self.copied.swap(false, Ordering::Acquire) {
            passive(writer);
            self.asked = false;
        } else if !self.asked && pages >= BEGIN_AT {
            self.asked = self.ask.try_send(()).is_ok();
        }
    }

    /// Leaves a file that is complete by itself.
    pub(super) fn last(self, writer: &Connection) {
        drop(self.ask);
        if self.thread.join().is_err() {
            tracing::error!("the thread that copies the ledger's log ended by a panic");
        }
        run(writer, "PRAGMA wal_checkpoint(TRUNCATE)");
    }
}

impl fmt::Debug for Checkpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoints").field("pages", &self.pages).finish_non_exhaustive()
    }
}

fn passive(db: &Connection) {
    run(db, "PRAGMA wal_checkpoint(PASSIVE)");
}

/// A checkpoint that fails loses nothing: the log stays, and is tried again.
fn run(db: &Connection, pragma: &str) {
    if let Err(error) = db.query_row(pragma, [], |_| Ok(())) {
        tracing::warn!(%error, "the ledger's log could not be brought into its file");
    }
}
