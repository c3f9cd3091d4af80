//! Those who call: each with a book of what it was told.

use super::gateway::ask;
use super::kind::{ID, KINDS, Kind};
use super::random::Random;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// What a caller was told of a job.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) job: u64,
    pub(super) status: u16,
    /// Its operation, where one was named.
    pub(super) operation: Option<String>,
}

impl Told {
    /// Whether it says that the job is done, or will be.
    pub(super) fn is_promise(&self) -> bool {
        self.status < 300
    }
}

/// What all callers share.
#[derive(Default)]
pub(super) struct Desk {
    /// Where gateways are now.
    pub(super) gateways: Mutex<Vec<String>>,
    pub(super) told: Mutex<Vec<Told>>,
    /// What each job is, by its number.
    pub(super) jobs: Mutex<Vec<&'static Kind>>,
    promised: AtomicU64,
    closed: AtomicBool,
}

impl Desk {
    pub(super) fn promised(&self) -> u64 {
        self.promised.load(Ordering::SeqCst)
    }

    /// No further job is begun. Those with a key are brought to their end.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    fn job(&self, kind: &'static Kind) -> u64 {
        let mut jobs = self.jobs.lock().unwrap();
        jobs.push(kind);
        jobs.len() as u64 - 1
    }

    fn gateway(&self, random: &mut Random) -> Option<String> {
        let gateways = self.gateways.lock().unwrap();
        let number = usize::try_from(random.below(gateways.len() as u64)).unwrap();
        gateways.get(number).cloned()
    }

    fn note(&self, told: Told) {
        if told.is_promise() {
            self.promised.fetch_add(1, Ordering::SeqCst);
        }
        self.told.lock().unwrap().push(told);
    }
}

/// Callers at work, until the desk closes.
pub(super) struct Callers(Vec<JoinHandle<()>>);

impl Callers {
    /// So many callers of these kinds of callbacks, each pausing for at most `pause` milliseconds
    /// between two calls.
    pub(super) fn start(
        desk: &Arc<Desk>,
        number: u64,
        seed: u64,
        pause: u64,
        kinds: &'static [Kind],
    ) -> Self {
        let start = |caller| {
            let (desk, random) = (Arc::clone(desk), Random::new(seed ^ (caller << 32)));
            std::thread::spawn(move || call(&desk, random, pause, kinds))
        };
        Self((0..number).map(start).collect())
    }

    pub(super) fn join(self) {
        self.0.into_iter().for_each(|caller| caller.join().unwrap());
    }
}

fn call(desk: &Desk, mut random: Random, pause: u64, kinds: &'static [Kind]) {
    while !desk.is_closed() {
        std::thread::sleep(Duration::from_millis(random.below(pause)));
        let Some(gateway) = desk.gateway(&mut random) else { continue };
        let kind = &kinds[usize::try_from(random.below(kinds.len() as u64)).unwrap()];
        let job = desk.job(kind);
        let mut told = once(desk, &gateway, kind, job);
        while kind.keyed && !told.is_some_and(|status| status < 300 || ended(status)) {
            std::thread::sleep(Duration::from_millis(20));
            let Some(gateway) = desk.gateway(&mut random) else {
                told = None;
                continue;
            };
            told = once(desk, &gateway, kind, job);
        }
    }
}

/// Whether asking again with the same key would change nothing: all but "under way", "too many" and
/// "not now".
fn ended(status: u16) -> bool {
    ![409, 429, 503].contains(&status)
}

/// One try at a job; the status where there was an answer.
fn once(desk: &Desk, gateway: &str, kind: &Kind, job: u64) -> Option<u16> {
    let key = if kind.keyed { format!("Idempotency-Key: \"{job}\"\r\n") } else { String::new() };
    let head = format!("POST /callbacks/{ID}.{}.v1.0?tenant=acme HTTP/1.1\r\n{key}", kind.name);
    let row = job % 8;
    let answer = ask(gateway, &head, &format!(r#"{{"job":{job},"row":{row}}}"#))?;
    desk.note(Told { job, status: answer.status, operation: answer.operation });
    Some(answer.status)
}

/// Only the kind that is promised at once and may be repeated.
pub(super) fn repeated() -> &'static [Kind] {
    &KINDS[1..2]
}
