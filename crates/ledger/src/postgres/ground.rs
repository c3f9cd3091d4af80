//! The thread on which connections live, so that they outlast whoever made them.

use crate::OpenError;
use std::convert::Infallible;
use std::fmt;
use std::thread;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// A runtime of its own. Dropping it ends what runs there.
pub(super) struct Ground {
    handle: Handle,
    _end: oneshot::Sender<Infallible>,
}

impl Ground {
    pub(super) fn start() -> Result<Self, OpenError> {
        let failed = |error: std::io::Error| OpenError::Settings(error.to_string());
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel::<Infallible>();
        let run = move || {
            // Nothing is ever sent: the channel closes when the ground is dropped.
            drop(runtime.block_on(ended));
        };
        thread::Builder::new().name("ledger-postgres".to_owned()).spawn(run).map_err(failed)?;
        Ok(Self { handle, _end: end })
    }

    pub(super) fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl fmt::Debug for Ground {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ground").finish_non_exhaustive()
    }
}
