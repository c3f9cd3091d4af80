//! Limits of callers and of upstreams.

use super::Reading;
use candor_contract::notation::{self, Map, Node};
use candor_gateway::limits::{
    BadRate, CallerRate, ConcurrencyRule, LineRule, Period, QuotaRule, Rate, SlidingRule,
    SmoothRule, Terms, UpstreamLimits,
};
use std::time::Duration;

/// How long calls may need to arrive at a vendor where nothing is said: they are counted there, and
/// not here.
const SKEW: Duration = Duration::from_secs(2);

/// The most of a number that a limit has.
const MOST: std::ops::RangeInclusive<u64> = 1..=1_000_000_000;

impl Reading<'_> {
    /// `rate`, `concurrency` and `quota` of a caller.
    pub(super) fn terms(&mut self, map: &Map<'_>) -> Terms {
        Terms {
            rate: map.get("rate").and_then(|node| self.caller_rate(node)),
            concurrency: map.get("concurrency").and_then(|node| self.concurrency(node)),
            quota: map.get("quota").and_then(|node| self.quota(node)),
        }
    }

    /// `limit` and `concurrency` of an upstream.
    pub(super) fn upstream_limits(&mut self, map: &Map<'_>) -> UpstreamLimits {
        let concurrency = map.get("concurrency").and_then(|node| self.concurrency(node));
        let limit = map.get("limit").and_then(|node| self.limit(node));
        UpstreamLimits::new(concurrency, limit)
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

    /// `{ calls, per, skew }`: what a vendor takes.
    fn limit(&mut self, node: &Node) -> Option<SlidingRule> {
        let map = Map::open(node, "`limit`", &mut self.problems)?;
        let calls = map.required("calls").and_then(|node| self.count(node));
        let per = map.required("per").and_then(|n| notation::duration(n, &mut self.problems));
        let skew = map.get("skew").and_then(|n| notation::duration(n, &mut self.problems));
        map.close(&mut self.problems);
        let (calls, per) = (calls?, per?);
        let skew = skew.unwrap_or(SKEW.min(per));
        self.good(node, Rate::new(calls, per).and_then(|rate| SlidingRule::new(rate, skew)))
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
