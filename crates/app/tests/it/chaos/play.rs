//! A run: gateways on one ledger, callers, and what befalls them, until everything has come to rest.

use super::books::{Books, Interruption, Report, What, kept};
use super::callers::{Callers, Desk};
use super::gateway::{Gateway, configure, get, program};
use super::kind::Kind;
use super::random::Random;
use super::upstream::Upstream;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How many callers there are.
const CALLERS: u64 = 6;
/// The longest pause of a caller between two calls, in milliseconds.
const PAUSE: u64 = 80;
/// The longest time in which all that is open comes to its end.
const REST: Duration = Duration::from_mins(2);
/// How an operation ends.
const ENDED: &str = "succeeded,failed,cancelled";
/// The most that is listed at once.
const MOST_LISTED: usize = 200;
/// A thread that sleeps this much longer than it asked for shows that the machine stood still: a
/// gateway did so too, and may have lost its leases.
const STILL: Duration = Duration::from_millis(250);

/// A run under way.
pub(super) struct Play {
    folder: TempDir,
    ledger: String,
    pub(super) desk: Arc<Desk>,
    pub(super) upstream: Upstream,
    pub(super) random: Random,
    seed: u64,
    fault: Option<&'static str>,
    interruptions: Arc<Mutex<Vec<Interruption>>>,
    over: Arc<AtomicBool>,
    ends: BTreeMap<String, String>,
}

pub(super) fn now() -> i64 {
    i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap()
}

/// The seed of a run: told, or of the moment.
fn seed() -> u64 {
    let told = std::env::var("CANDOR_CHAOS_SEED").ok().and_then(|seed| seed.parse().ok());
    told.unwrap_or_else(|| now().unsigned_abs())
}

impl Play {
    /// On the ledger at `ledger`, which is a file's name or a server's address; with a handler that takes
    /// at most `longest` milliseconds for an answer.
    pub(super) fn new(ledger: &str, longest: u64) -> Self {
        let (seed, folder) = (seed(), tempfile::tempdir().unwrap());
        println!("CANDOR_CHAOS_SEED={seed}");
        let upstream = Upstream::start(seed, longest);
        configure(folder.path(), &upstream.address, ledger);
        let play = Self {
            folder,
            ledger: ledger.to_owned(),
            desk: Arc::default(),
            upstream,
            random: Random::new(seed),
            seed,
            fault: None,
            interruptions: Arc::default(),
            over: Arc::default(),
            ends: BTreeMap::new(),
        };
        play.watch_the_machine();
        play
    }

    /// With a program that does something wrong on purpose.
    #[cfg(feature = "planted-faults")]
    pub(super) fn with(self, fault: &'static str) -> Self {
        Self { fault: Some(fault), ..self }
    }

    fn watch_the_machine(&self) {
        let (interruptions, over) = (Arc::clone(&self.interruptions), Arc::clone(&self.over));
        std::thread::spawn(move || {
            while !over.load(Ordering::SeqCst) {
                let (from, began) = (now(), Instant::now());
                std::thread::sleep(Duration::from_millis(20));
                if began.elapsed() > STILL {
                    interruptions.lock().unwrap().push(Interruption {
                        what: What::Gateway,
                        from,
                        to: now(),
                    });
                }
            }
        });
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn gateway(&self) -> Gateway {
        let gateway = Gateway::start(self.folder(), self.fault);
        self.desk.gateways.lock().unwrap().push(gateway.address.clone());
        gateway
    }

    pub(super) fn callers(&self, kinds: &'static [Kind]) -> Callers {
        Callers::start(&self.desk, CALLERS, self.seed, PAUSE, kinds)
    }

    /// A number of milliseconds below `longest` goes by.
    pub(super) fn pass(&mut self, longest: u64) {
        std::thread::sleep(Duration::from_millis(self.random.below(longest)));
    }

    /// Notes how long something took that interrupts, and `after` that it is still felt.
    pub(super) fn interrupt(&self, what: What, after: Duration, act: impl FnOnce()) {
        let from = now();
        act();
        let to = now() + i64::try_from(after.as_millis()).unwrap();
        self.interruptions.lock().unwrap().push(Interruption { what, from, to });
    }

    pub(super) fn kill(&self, mut gateway: Gateway) {
        self.interrupt(What::Gateway, Duration::ZERO, || gateway.kill());
        self.desk.gateways.lock().unwrap().retain(|address| *address != gateway.address);
    }

    /// Waits until all has ended, and compares the books.
    pub(super) fn settle(self, gateway: &Gateway, callers: Callers) -> Report {
        self.desk.close();
        callers.join();
        let until = Instant::now() + REST;
        let open = "/operations?tenant=acme&status=pending,inProgress&limit=1";
        while list(gateway, open).is_none_or(|page| !page.operations.is_empty()) {
            assert!(Instant::now() < until, "something is open for ever\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
        let listed = self.listed(gateway);
        self.over.store(true, Ordering::SeqCst);
        let export = self.ledger_says("export");
        // It fails where the ledger is not sound.
        self.ledger_says("check");
        let interruptions = self.interruptions.lock().unwrap().clone();
        let (ends, seen) = (self.ends, self.upstream.seen());
        let books = Books { kept: kept(&export), listed, ends, seen, interruptions };
        books.compare(&self.desk)
    }

    /// Notes what has ended among the newest operations: it stays as it is.
    pub(super) fn look(&mut self, gateway: &Gateway) {
        let path = format!("/operations?tenant=acme&status={ENDED}&limit={MOST_LISTED}");
        let page = list(gateway, &path).unwrap_or_default();
        self.ends.extend(page.operations);
    }

    /// The whole list.
    fn listed(&self, gateway: &Gateway) -> BTreeMap<String, String> {
        let (mut listed, mut after) = (BTreeMap::new(), String::new());
        loop {
            let path = format!("/operations?tenant=acme&limit={MOST_LISTED}{after}");
            let page = list(gateway, &path).unwrap_or_else(|| panic!("{}", self.log()));
            listed.extend(page.operations);
            let Some(next) = page.next else { return listed };
            after = format!("&after={next}");
        }
    }

    /// What `candor ledger` prints, beside the gateway that works with it.
    fn ledger_says(&self, command: &str) -> String {
        let mut ledger = program();
        ledger.args(["ledger", command, &self.ledger]).current_dir(self.folder());
        let said = ledger.output().unwrap();
        let text = String::from_utf8(said.stdout).unwrap();
        assert!(said.status.success(), "{text}{}", String::from_utf8_lossy(&said.stderr));
        text
    }

    /// Where the gateways' log is kept when something went wrong.
    pub(super) fn log(&self) -> String {
        let kept: PathBuf = std::env::temp_dir().join(format!("candor-chaos-{}.log", self.seed));
        let _ = std::fs::copy(self.folder().join("log"), &kept);
        format!("the gateways' log: {}", kept.display())
    }
}

/// A part of the list: ids and statuses, and where it goes on.
#[derive(Default)]
struct Page {
    operations: Vec<(String, String)>,
    next: Option<String>,
}

/// The part of the list at `path`; none where the gateway or the ledger cannot tell.
fn list(gateway: &Gateway, path: &str) -> Option<Page> {
    let answer = get(&gateway.address, path).filter(|answer| answer.status == 200)?;
    let page = answer.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let operations = page["operations"].as_array().unwrap().iter();
    let operations = operations.map(|op| (text(&op["id"]), text(&op["status"]))).collect();
    Some(Page { operations, next: page["next"].as_str().map(str::to_owned) })
}
