//! A shared limit on a ledger whose clock stands until it is moved: alone, in twos, and as a fleet in
//! which everything fails.

use super::*;
use crate::limits::UpstreamLimits;
use candor_ledger::sqlite::{Settings, Sqlite};
use candor_ledger::{SetClock, Time};
use proptest::prelude::*;
use tempfile::TempDir;

const PER: Duration = Duration::from_secs(10);
const SKEW: Duration = Duration::from_millis(300);

fn rule(calls: u32, when_down: WhenDown) -> SharedRule {
    let limit = SlidingRule::new(Rate::new(calls, PER).unwrap(), SKEW).unwrap();
    SharedRule { limit, nodes: 2, when_down }
}

fn key() -> QuotaKey {
    QuotaKey::new("vendor").unwrap()
}

/// An engine whose clock stands, in a folder of its own.
fn engine() -> (TempDir, SetClock, Arc<dyn Engine>) {
    let (folder, clock) = (tempfile::tempdir().unwrap(), SetClock::at(Time::from_millis(77_777)));
    let mut settings = Settings::new(folder.path().join("ledger.db"));
    settings.clock = Arc::new(clock.clone());
    (folder, clock, Arc::new(Sqlite::open(settings).unwrap()))
}

/// The limits of a node that has its own pools.
fn node(pools: &Pools, engine: &Arc<dyn Engine>, rule: SharedRule) -> UpstreamLimits {
    let limits = UpstreamLimits::default().shared("vendor", rule).unwrap();
    limits.bind(pools, engine);
    limits
}

async fn admit(limits: &UpstreamLimits) -> Result<(), (HeldKind, Option<u64>)> {
    let turn = limits.admit(Instant::now() + Duration::from_mins(1)).await;
    turn.map(drop).map_err(|held| (held.kind, held.after))
}

/// How many pass before one is held back, and why that one is.
async fn passes(limits: &UpstreamLimits) -> (u32, (HeldKind, Option<u64>)) {
    let mut passed = 0;
    loop {
        match admit(limits).await {
            Ok(()) => passed += 1,
            Err(held) => return (passed, held),
        }
    }
}

#[tokio::test]
async fn two_nodes_use_all_of_a_limit_and_no_more() {
    let (_folder, clock, engine) = engine();
    for _ in 0..2 {
        let pools = [Pools::default(), Pools::default()];
        let nodes = pools.each_ref().map(|pools| node(pools, &engine, rule(1000, WhenDown::Deny)));
        let ((one, held), (other, _)) = tokio::join!(passes(&nodes[0]), passes(&nodes[1]));
        assert!((950..=1000).contains(&(one + other)), "{one} and {other}");
        assert_eq!(held.0, HeldKind::UpstreamLimit);
        // The window, the margin and a slot, rounded up.
        assert!((10..=12).contains(&held.1.unwrap()), "{held:?}");
        clock.advance(Duration::from_secs(11));
    }
}

#[tokio::test]
async fn what_lies_unused_is_given_back_when_it_lapses() {
    let (_folder, _clock, engine) = engine();
    let (one, other) = (Pools::default(), Pools::default());
    let idle = node(&one, &engine, rule(400, WhenDown::Deny));
    for _ in 0..40 {
        admit(&idle).await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(150)).await;
    let busy = node(&other, &engine, rule(400, WhenDown::Deny));
    assert_eq!(passes(&busy).await.0, 360);
}

#[tokio::test]
async fn a_stop_gives_back_what_is_unused() {
    let (_folder, _clock, engine) = engine();
    let (one, other) = (Pools::default(), Pools::default());
    let stops = node(&one, &engine, rule(400, WhenDown::Deny));
    for _ in 0..40 {
        admit(&stops).await.unwrap();
    }
    one.give_back().await;
    let busy = node(&other, &engine, rule(400, WhenDown::Deny));
    assert_eq!(passes(&busy).await.0, 360);
}

#[tokio::test]
async fn a_reload_goes_on_with_what_is_held() {
    let (_folder, _clock, engine) = engine();
    let pools = Pools::default();
    let before = node(&pools, &engine, rule(100, WhenDown::Deny));
    for _ in 0..20 {
        admit(&before).await.unwrap();
    }
    let pool = Arc::clone(&pools.all()[&key()]);
    let same = node(&pools, &engine, rule(100, WhenDown::Deny)).after(&before);
    assert!(Arc::ptr_eq(&pool, &pools.all()[&key()]));
    assert_eq!(passes(&same).await.0, 80);
    let other = node(&pools, &engine, rule(101, WhenDown::Deny));
    assert!(!Arc::ptr_eq(&pool, &pools.all()[&key()]));
    assert_eq!(passes(&other).await.0, 1);
}

#[tokio::test]
async fn upstreams_of_one_name_share_one_limit() {
    let (_folder, _clock, engine) = engine();
    let pools = Pools::default();
    let [shop, search] = [(); 2].map(|()| node(&pools, &engine, rule(100, WhenDown::Deny)));
    for _ in 0..60 {
        admit(&shop).await.unwrap();
    }
    assert_eq!(passes(&search).await.0, 40);
}

#[tokio::test]
async fn a_ledger_that_is_down_denies_unless_each_has_its_part() {
    let (folder, _clock, writes) = engine();
    // A ledger that is only looked at can grant nothing.
    let settings = Settings::new(folder.path().join("ledger.db"));
    let down: Arc<dyn Engine> = Arc::new(Sqlite::open_read_only(&settings).unwrap());
    let denies = node(&Pools::default(), &down, rule(10, WhenDown::Deny));
    assert_eq!(passes(&denies).await, (0, (HeldKind::EngineUnavailable, Some(1))));
    let goes_on = node(&Pools::default(), &down, rule(10, WhenDown::Local));
    let (passed, held) = passes(&goes_on).await;
    assert_eq!((passed, held.0), (5, HeldKind::UpstreamLimit));
    drop(writes);
}

#[tokio::test]
async fn without_a_ledger_nothing_is_counted_and_nothing_passes() {
    let limits = UpstreamLimits::default().shared("vendor", rule(10, WhenDown::Local)).unwrap();
    assert_eq!(admit(&limits).await.unwrap_err().0, HeldKind::EngineUnavailable);
}

/// What happens to a fleet.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// Time passes, in milliseconds.
    Passes(u64),
    /// So many calls at a node; each arrives at the vendor so much later.
    Calls(usize, u32, u64),
    /// The same, with a ledger that answers at once; a call that has it asked does not pass.
    Serves(usize, u32, u64),
    /// The ledger does what a node asked it.
    Acts(usize),
    /// It does so, and its answer is lost; or it does not at all.
    Loses(usize, bool),
    /// Its answer reaches the node.
    Answers(usize),
    /// A node's block lapses, and what is given back arrives or does not.
    Lapses(usize, bool),
    /// A node is killed, and started again.
    Dies(usize),
    /// A node stops in order, and is started again.
    Stops(usize),
}

fn event() -> impl Strategy<Value = Event> {
    let node = || 0_usize..3;
    prop_oneof![
        4 => (1_u64..60).prop_map(Event::Passes),
        1 => (60_u64..1200).prop_map(Event::Passes),
        12 => (node(), 1_u32..12, prop_oneof![Just(0), 0_u64..=300, Just(300)]).prop_map(|(n, calls, late)| Event::Calls(n, calls, late)),
        8 => (node(), 1_u32..40, prop_oneof![Just(0), Just(300)]).prop_map(|(n, calls, late)| Event::Serves(n, calls, late)),
        8 => node().prop_map(Event::Acts),
        8 => node().prop_map(Event::Answers),
        1 => (node(), any::<bool>()).prop_map(|(n, acts)| Event::Loses(n, acts)),
        2 => (node(), any::<bool>()).prop_map(|(n, arrives)| Event::Lapses(n, arrives)),
        1 => node().prop_map(Event::Dies),
        1 => node().prop_map(Event::Stops),
    ]
}

/// As brief as a shared limit may be, so that the margin is a great part of it.
fn brief() -> SharedRule {
    let limit = SlidingRule::new(Rate::new(100, SharedRule::SHORTEST).unwrap(), SKEW).unwrap();
    SharedRule { limit, nodes: 1, when_down: WhenDown::Deny }
}

/// A node, and what it has asked.
struct Node {
    share: Share,
    asked: Option<Asked>,
}

struct Asked {
    at: Instant,
    want: u32,
    granted: Option<candor_ledger::Grant>,
}

struct Fleet {
    rule: SharedRule,
    nodes: Vec<Node>,
    engine: Arc<dyn Engine>,
    runtime: tokio::runtime::Runtime,
    clock: SetClock,
    now: Instant,
    /// Since the beginning, in milliseconds.
    time: u64,
    arrivals: Vec<u64>,
}

impl Fleet {
    fn new(rule: SharedRule, clock: SetClock, engine: Arc<dyn Engine>) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let nodes = (0..3).map(|_| Node { share: Share::new(rule), asked: None }).collect();
        let (now, arrivals) = (Instant::now(), Vec::new());
        Self { rule, nodes, engine, runtime, clock, now, time: 0, arrivals }
    }

    fn happens(&mut self, event: Event) {
        match event {
            Event::Passes(millis) => {
                let passed = Duration::from_millis(millis);
                self.clock.advance(passed);
                self.now += passed;
                self.time += millis;
            }
            Event::Calls(node, calls, late) => (0..calls).for_each(|_| self.call(node, late)),
            Event::Serves(node, calls, late) => {
                for _ in 0..calls {
                    self.call(node, late);
                    self.acts(node);
                    self.answers(node);
                }
            }
            Event::Acts(node) => self.acts(node),
            Event::Loses(node, acts) => {
                if acts {
                    self.acts(node);
                }
                let Node { share, asked } = &mut self.nodes[node];
                if asked.take().is_some() {
                    share.failed(None, self.now);
                }
            }
            Event::Answers(node) => self.answers(node),
            Event::Lapses(node, arrives) => {
                let lapsed = self.nodes[node].share.lapsed(self.now);
                self.back(lapsed.filter(|_| arrives));
            }
            Event::Dies(node) => self.begin(node),
            Event::Stops(node) => {
                let unused = self.nodes[node].share.give_up();
                self.back(unused);
                self.begin(node);
            }
        }
    }

    fn begin(&mut self, node: usize) {
        self.nodes[node] = Node { share: Share::new(self.rule), asked: None };
    }

    fn call(&mut self, node: usize, late: u64) {
        let Node { share, asked } = &mut self.nodes[node];
        if let Some(asked) = asked
            && self.now >= asked.at + self.rule.hold()
        {
            share.late(self.now);
        }
        match share.take(self.now) {
            Taken::Unit => self.arrivals.push(self.time + late),
            Taken::Ask(want, lapsed) => {
                assert!(asked.is_none(), "two ask at once");
                *asked = Some(Asked { at: self.now, want, granted: None });
                self.back(lapsed);
            }
            Taken::Wait | Taken::Spent(_) | Taken::Down(_) => {}
        }
    }

    fn acts(&mut self, node: usize) {
        let Some(asked) = &mut self.nodes[node].asked else { return };
        if asked.granted.is_none() {
            let (key, quota) = (key(), self.rule.counted());
            let granted = self.engine.quota(&key, asked.want, &quota);
            asked.granted = Some(self.runtime.block_on(granted).unwrap());
        }
    }

    fn answers(&mut self, node: usize) {
        let Node { share, asked } = &mut self.nodes[node];
        if let Some(Asked { at, granted: Some(grant), .. }) =
            asked.take_if(|asked| asked.granted.is_some())
        {
            let late = share.granted(grant, at, self.now);
            self.back(late);
        }
    }

    fn back(&mut self, unused: Option<Unused>) {
        if let Some((grant, unused)) = unused {
            self.runtime.block_on(self.engine.quota_return(grant, unused)).unwrap();
        }
    }

    /// The most that arrived in any interval of the limit's time.
    fn most(&self) -> usize {
        let per = u64::try_from(self.rule.rate().per().as_millis()).unwrap();
        let within =
            |from: u64| self.arrivals.iter().filter(|at| (from..from + per).contains(at)).count();
        self.arrivals.iter().map(|from| within(*from)).max().unwrap_or(0)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is lost, late, killed or stopped: counted where the calls arrive.
    #[test]
    fn no_interval_sees_more_than_the_limit_whatever_fails(
        events in prop::collection::vec(event(), 200..600)
    ) {
        let (_folder, clock, engine) = engine();
        let mut fleet = Fleet::new(brief(), clock, engine);
        for event in events {
            fleet.happens(event);
        }
        prop_assert!(fleet.most() <= 100, "{} arrived", fleet.most());
    }
}

#[test]
fn a_unit_that_was_held_counts_for_as_long() {
    let (_folder, clock, engine) = engine();
    let mut fleet = Fleet::new(brief(), clock, engine);
    // Some units of the last block are used right before they lapse, and take long to arrive.
    for event in [Event::Serves(0, 11, 0), Event::Passes(99), Event::Calls(0, 5, 300)] {
        fleet.happens(event);
    }
    assert_eq!(fleet.arrivals.len(), 12);
    // The vendor would take a hundred only after 1399 ms, and the ledger knows nothing of the delay.
    fleet.happens(Event::Passes(1221));
    fleet.happens(Event::Serves(1, 150, 0));
    assert!(fleet.most() <= 100, "{} arrived", fleet.most());
    assert!(fleet.arrivals.len() >= 88, "{} arrived", fleet.arrivals.len());
}

#[test]
fn calls_do_pass_in_a_fleet_that_fails_now_and_then() {
    let (_folder, clock, engine) = engine();
    let mut fleet = Fleet::new(rule(40, WhenDown::Deny), clock, engine);
    for turn in 0..2000_usize {
        let node = turn % 3;
        fleet.happens(Event::Calls(node, 2, (turn as u64 * 37) % 300));
        if turn % 29 == 0 {
            fleet.happens(Event::Loses(node, true));
        }
        if turn % 301 == 0 {
            fleet.happens(Event::Dies(node));
        }
        fleet.happens(Event::Acts(node));
        fleet.happens(Event::Answers(node));
        fleet.happens(Event::Passes(17));
        (0..3).for_each(|node| fleet.happens(Event::Lapses(node, true)));
    }
    assert!((30..=40).contains(&fleet.most()), "{} arrived", fleet.most());
    assert!(fleet.arrivals.len() > 60, "{} arrived in 34 s", fleet.arrivals.len());
}
