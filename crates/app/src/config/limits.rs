//! Limits of callers and of upstreams.

use super::Reading;
use candor_contract::notation::{self, Map, Node};
use candor_gateway::limits::{
    BadRate, CallerRate, ConcurrencyRule, LineRule, Period, QuotaRule, Rate, SharedRule,
    SlidingRule, SmoothRule, Terms, UpstreamLimits, WhenDown,
};
use std::time::Duration;

/// How long calls may need to arrive at a vendor where nothing is said: they are counted there, and
/// not here.
const SKEW: Duration = Duration::from_secs(2);

/// The most of a number that a limit has.
const MOST: std::ops::RangeInclusive<u64> = 1..=1_000_000_000;

/// How many gateways share a limit where nothing is said, and at most.
const NODES: u32 = 2;
const MOST_NODES: u64 = 1000;

/// What a vendor takes.
enum Limit {
    /// From this process, as far as it is concerned.
    Own(SlidingRule),
    /// From all that share it by this name.
    Shared(String, SharedRule),
}

/// How a limit is shared.
struct Sharing {
    name: String,
    nodes: u32,
    when_down: WhenDown,
}

impl Reading<'_> {
    /// `rate`, `concurrency` and `quota` of a caller.
    pub(super) fn terms(&mut self, map: &Map<'_>) -> Terms {
        Terms {
            rate: map.get("rate").and_then(|node| self.caller_rate(node)),
            concurrency: map.get("concurrency").and_then(|node| self.concurrency(node)),
            quota: map.get("quota").and_then(|node| self.quota(node)),
        }
    }

    /// `limit` and `concurrency` of an upstream, whose limit has its name where it is shared.
    pub(super) fn upstream_limits(&mut self, map: &Map<'_>, name: &str) -> UpstreamLimits {
        let concurrency = map.get("concurrency").and_then(|node| self.concurrency(node));
        let node = map.get("limit");
        match node.and_then(|node| self.limit(node, name)) {
            Some(Limit::Own(rule)) => UpstreamLimits::new(concurrency, Some(rule)),
            Some(Limit::Shared(name, rule)) => {
                let limits = UpstreamLimits::new(concurrency, None).shared(&name, rule);
                limits.unwrap_or_else(|error| {
                    let place = node.map_or_else(|| map.start(), |node| node.span.clone());
                    self.problems.add(place, error.to_string(), "shared by this name");
                    UpstreamLimits::default()
                })
            }
            None => UpstreamLimits::new(concurrency, None),
        }
    }

    /// `{ calls, per, burst }`, evenly spread, or `{ calls, window }`.
    fn caller_rate(&mut self, node: &Node) -> Option<CallerRate> {
        let map = Map::open(node, "`rate`", &mut self.problems)?;
        let calls = map.required("calls").and_then(|node| self.count(node));
        let window = map.get("window").and_then(|n| notation::duration(n, &mut self.problems));
        let per = map.get("per").and_then(|n| notation::duration(n, &mut self.problems));
        let burst = map.get("burst").and_then(|node| self.count(node));
        map.close(&mut self.problems);
        let calls = calls?;
        let rate = match (window, per, burst) {
            (Some(window), None, None) => Rate::new(calls, window).map(CallerRate::Window),
            (None, Some(per), burst) => Rate::new(calls, per)
                .and_then(|rate| SmoothRule::new(rate, burst.unwrap_or(calls)))
                .map(CallerRate::Smooth),
            _ => {
                self.problems
                    .add(node.span.clone(), "a rate is either even or in windows", "here")
                    .help(
                        "write { calls: 100, per: 10s, burst: 20 }, or { calls: 100, window: 10s }",
                    );
                return None;
            }
        };
        self.good(node, rate)
    }

    /// `{ calls, per, skew }`: what a vendor takes; with `shared` and its companions from all gateways.
    fn limit(&mut self, node: &Node, name: &str) -> Option<Limit> {
        let map = Map::open(node, "`limit`", &mut self.problems)?;
        let shared = map.get("shared");
        let is_shared =
            shared.map_or(Some(false), |node| notation::boolean(node, &mut self.problems));
        let sharing = if let (Some(node), Some(true) | None) = (shared, is_shared) {
            self.needs_the_ledger(node, "what is shared is counted in the ledger");
            self.sharing(&map, name)
        } else {
            self.not_shared(&map);
            None
        };
        let calls = map.required("calls").and_then(|node| self.count(node));
        let per = map.required("per").and_then(|n| notation::duration(n, &mut self.problems));
        let skew = map.get("skew").and_then(|n| notation::duration(n, &mut self.problems));
        map.close(&mut self.problems);
        let (calls, per) = (calls?, per?);
        let skew = skew.unwrap_or(SKEW.min(per));
        let rule = Rate::new(calls, per).and_then(|rate| SlidingRule::new(rate, skew));
        let limit = self.good(node, rule)?;
        if !is_shared? {
            return Some(Limit::Own(limit));
        }
        let Sharing { name, nodes, when_down } = sharing?;
        if per < SharedRule::SHORTEST {
            let title = "the time of a shared limit is at least one second";
            self.problems.add(node.span.clone(), title, "too short to be counted elsewhere");
        }
        let rule = SharedRule { limit, nodes, when_down };
        let before = self.shared.insert(name.clone(), rule);
        if before.is_some_and(|before| before != rule) {
            let title = format!("there is another limit that is shared as `{name}`");
            self.problems.add(node.span.clone(), title, "not the same as that one").help(
                "what has one name is one limit: write it the same, or give this another `name`",
            );
        }
        Some(Limit::Shared(name, rule))
    }

    /// `name`, `nodes` and `when_down` of a shared limit.
    fn sharing(&mut self, map: &Map<'_>, usual: &str) -> Option<Sharing> {
        let (nodes, down) = (map.get("nodes"), map.get("when_down"));
        let name = map.get("name").map(|node| notation::text(node, &mut self.problems));
        let count = nodes.map(|n| notation::integer(n, 1..=MOST_NODES, &mut self.problems));
        let when_down = down.map(|node| self.when_down(node));
        if let (Some(node), Some(Some(WhenDown::Local)), None) = (down, when_down, nodes) {
            let title = "without the ledger each node needs its part";
            self.problems
                .add(node.span.clone(), title, "of how many?")
                .help("add how many gateways there are at most, such as nodes: 3");
        }
        Some(Sharing {
            name: name.unwrap_or_else(|| Some(usual.to_owned()))?,
            nodes: count.map_or(Some(NODES), |nodes| u32::try_from(nodes?).ok())?,
            when_down: when_down.unwrap_or(Some(WhenDown::default()))?,
        })
    }

    /// What only a shared limit has is nothing that this one could disregard.
    fn not_shared(&mut self, map: &Map<'_>) {
        for key in ["name", "nodes", "when_down"] {
            let Some(node) = map.get(key) else { continue };
            self.problems
                .add(
                    node.span.clone(),
                    format!("`{key}` is for a limit that is shared"),
                    "not shared",
                )
                .help("add `shared: true`, or take this away");
        }
    }

    fn when_down(&mut self, node: &Node) -> Option<WhenDown> {
        let from = |text: &str| match text {
            "deny" => Some(WhenDown::Deny),
            "local" => Some(WhenDown::Local),
            _ => None,
        };
        let what = "what is done while the ledger is down";
        notation::name_of(node, what, &["deny", "local"], from, &mut self.problems)
    }

    /// `{ calls, waiting, patience }`.
    fn concurrency(&mut self, node: &Node) -> Option<ConcurrencyRule> {
        let map = Map::open(node, "`concurrency`", &mut self.problems)?;
        let calls = map.required("calls").and_then(|node| self.count(node));
        let places = map
            .get("waiting")
            .and_then(|node| notation::integer(node, 0..=100_000, &mut self.problems))
            .and_then(|places| u32::try_from(places).ok());
        let patience = map.get("patience").and_then(|n| notation::duration(n, &mut self.problems));
        map.close(&mut self.problems);
        let default = LineRule::default();
        let patience = patience.unwrap_or(default.patience);
        let places = places.unwrap_or(default.places);
        let line = LineRule { places, patience, target: default.target.min(patience) };
        Some(ConcurrencyRule { calls: calls?, line })
    }

    /// `{ calls, per: day | month }`.
    fn quota(&mut self, node: &Node) -> Option<QuotaRule> {
        let map = Map::open(node, "`quota`", &mut self.problems)?;
        let calls = map.required("calls").and_then(|node| self.count(node));
        let per = map.required("per").and_then(|node| {
            let from = |text: &str| match text {
                "day" => Some(Period::Day),
                "month" => Some(Period::Month),
                _ => None,
            };
            notation::name_of(node, "a period", &["day", "month"], from, &mut self.problems)
        });
        map.close(&mut self.problems);
        Some(QuotaRule { calls: calls?, per: per? })
    }

    fn count(&mut self, node: &Node) -> Option<u32> {
        let number = notation::integer(node, MOST, &mut self.problems)?;
        u32::try_from(number).ok()
    }

    fn good<T>(&mut self, node: &Node, rule: Result<T, BadRate>) -> Option<T> {
        rule.map_err(|error| {
            self.problems.add(node.span.clone(), error.to_string(), "here");
        })
        .ok()
    }
}
