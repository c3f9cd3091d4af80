//! A running gateway whose configuration may change under it.
//!
//! The file and the files that it names are looked at once a second, and read again on SIGHUP. What is
//! still being written is not read: a file must have stayed the same from one look to the next. A
//! configuration with a mistake changes nothing and is told in full; a good one counts for the calls
//! that begin from then on. No call is dropped.

use crate::cli::from_config;
use crate::config::{self, Config, LedgerAt};
use crate::ledger;
use anyhow::{Context, Result};
use candor_gateway::{
    Admin, AdminListener, AdminSettings, Clock, Ledger, Running, Setup, SigningKeys,
};
use std::fs::Metadata;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// How often the files are looked at.
const LOOKS: Duration = Duration::from_secs(1);

/// A running gateway with its configuration file.
pub(crate) struct Served<'s> {
    path: &'s Path,
    listen: Option<SocketAddr>,
    keys: Arc<SigningKeys>,
    state: PathBuf,
    kept_at: LedgerAt,
    ledger: Option<Arc<Ledger>>,
    clock: Clock,
    running: Running,
    admin: Option<Admin>,
    /// What it was started with.
    admin_settings: Option<AdminSettings>,
    runtime: Runtime,
    signals: Signals,
    files: Vec<PathBuf>,
    /// The files as they were when they were read.
    read: Stamps,
    /// The files at the last look.
    seen: Stamps,
}

/// The signals that are heeded, from before anybody knows that the gateway runs.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

/// What changes with a file: its time, its size, and which file it is.
type Stamp = (i64, i64, u64, u64);
/// What is seen of each file; `None` where it is not there.
type Stamps = Vec<Option<Stamp>>;

impl<'s> Served<'s> {
    /// Starts the gateway by the configuration that was read from `path`.
    pub(crate) fn start(
        path: &'s Path,
        listen: Option<SocketAddr>,
        mut config: Config,
    ) -> Result<Self> {
        let clock = Clock::default();
        let folder = config.state.join("keys");
        let keys = SigningKeys::open(&folder, config.keys, clock.now().as_second())?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let signals = Signals::heed(&runtime).context("cannot heed signals")?;
        let (keys, state) = (Arc::new(keys), config.state.clone());
        let kept_at = config.ledger.clone();
        let ledger = ledger::open(&kept_at, &runtime)?;
        let files = watched(path, &mut config);
        let admin_settings = config.admin.take();
        let admin = admin_settings.clone().map(AdminListener::bind).transpose()?;
        let door = admin.as_ref().map(AdminListener::address);
        let (signs, kept) = (Arc::clone(&keys), ledger.clone());
        let setup = from_config(config, listen, door, signs, clock.clone(), kept);
        let running = candor_gateway::start(setup)?;
        let admin = admin.map(|listener| listener.serve(running.view())).transpose()?;
        let seen = stamps(&files);
        let read = seen.clone();
        Ok(Self {
            path,
            listen,
            keys,
            state,
            kept_at,
            ledger,
            clock,
            running,
            admin,
            admin_settings,
            runtime,
            signals,
            files,
            read,
            seen,
        })
    }

    pub(crate) fn running(&self) -> &Running {
        &self.running
    }

    /// Where operators connect.
    pub(crate) fn admin(&self) -> Option<SocketAddr> {
        self.admin.as_ref().map(Admin::address)
    }

    /// Serves until Ctrl-C or SIGTERM, then lets the calls under way end.
    pub(crate) fn until_stopped(mut self) {
        while let Some(why) = self.wait() {
            match why {
                Why::HangUp => self.reload(),
                Why::Look => self.look(),
            }
        }
        eprintln!("candor lets the calls under way end");
        // The operators' door stays open until then, and says that no new calls are taken.
        self.running.stop();
    }

    /// Waits until something is to be done; `None` when that is to end.
    fn wait(&mut self) -> Option<Why> {
        let Self { runtime, signals: Signals { interrupt, terminate, hang_up }, .. } = self;
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => None,
                _ = terminate.recv() => None,
                _ = hang_up.recv() => Some(Why::HangUp),
                () = tokio::time::sleep(LOOKS) => Some(Why::Look),
            }
        })
    }

    /// Reads what has changed, and has stayed so since the last look.
    fn look(&mut self) {
        let now = stamps(&self.files);
        let settled = now == self.seen;
        self.seen = now;
        if settled && self.seen != self.read {
            self.reload();
        }
    }

    /// Reads the configuration again, and tells what came of it.
    fn reload(&mut self) {
        self.read = stamps(&self.files);
        let read = config::read_file(self.path);
        if stamps(&self.files) != self.read {
            // Somebody is writing: what was read may be a part. The next look will tell.
            return self.read.clear();
        }
        match read {
            Err(error) => tracing::error!("nothing was changed: {error:#}"),
            Ok(Err(mistakes)) => {
                eprintln!("{mistakes}");
                tracing::error!(
                    mistakes = mistakes.0.len(),
                    "nothing was changed: the configuration has mistakes"
                );
            }
            Ok(Ok(config)) => self.replace(config),
        }
    }

    fn replace(&mut self, mut config: Config) {
        self.files = watched(self.path, &mut config);
        self.read = stamps(&self.files);
        let others = [
            ("state", config.state != self.state),
            ("ledger", !config.ledger.is(&self.kept_at)),
            ("admin", config.admin != self.admin_settings),
        ];
        let (keys, clock) = (Arc::clone(&self.keys), self.clock.clone());
        let ledger = self.ledger.clone();
        let setup = from_config(config, self.listen, self.admin(), keys, clock, ledger);
        let (callbacks, routes) = (setup.callbacks.len(), setup.routes.len());
        let mut fixed = match self.running.replace(setup) {
            Ok(replaced) => replaced.needs_restart,
            Err(error) => return tracing::error!("nothing was changed: {error}"),
        };
        fixed.extend(others.iter().filter(|(_, differs)| *differs).map(|(name, _)| *name));
        tracing::info!(callbacks, routes, "the configuration was read again");
        if !fixed.is_empty() {
            tracing::warn!(
                changed = fixed.join(", "),
                "some changes take a restart to take effect"
            );
        }
    }
}

/// What is to be done.
enum Why {
    /// SIGHUP came.
    HangUp,
    /// It is time to look at the files.
    Look,
}

impl Signals {
    fn heed(runtime: &Runtime) -> io::Result<Self> {
        let _entered = runtime.enter();
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }
}

/// The configuration and the files that it names.
fn watched(path: &Path, config: &mut Config) -> Vec<PathBuf> {
    let mut files = std::mem::take(&mut config.files);
    files.push(path.to_owned());
    files
}

fn stamps(files: &[PathBuf]) -> Stamps {
    let stamp = |meta: Metadata| (meta.mtime(), meta.mtime_nsec(), meta.len(), meta.ino());
    files.iter().map(|file| std::fs::metadata(file).ok().map(stamp)).collect()
}

/// What the gateway is set up with, for a command that keeps no keys.
pub(crate) fn stateless(
    config: Config,
    listen: Option<SocketAddr>,
    ledger: Option<Arc<Ledger>>,
) -> Result<Setup> {
    let clock = Clock::default();
    let keys = SigningKeys::in_memory(config.keys, clock.now().as_second())?;
    Ok(from_config(config, listen, None, Arc::new(keys), clock, ledger))
}
