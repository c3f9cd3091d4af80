//! What one node holds of a limit that several share: a block of units that the ledger granted.
//!
//! A unit is used within [`SharedRule::hold`] from when its block was asked for, or not at all: the
//! ledger counts it for that much longer than the vendor does. A block is as large as what was used
//! lately, and never more than a twentieth of the limit, nor than its part of what was left; so what
//! lies unused at one node, while another would need it, becomes a single unit near the limit.
//!
//! Not here: how the ledger is asked (`shared`). This knows no clock, and waits for nothing.

use super::shared::{SharedRule, WhenDown};
use super::{Meter, Rate, Sliding, SlidingRule};
use candor_ledger::{EngineError, Grant};
use std::time::Duration;
use tokio::time::Instant;

/// The part of a limit that a block has at most: one in so many.
const SMALLEST_PART: u32 = 20;
/// Into how many blocks what is left is divided, for each node.
const BLOCKS: u32 = 4;
/// When the ledger is asked again after it failed, where it does not say.
const RETRY: Duration = Duration::from_millis(500);

/// What a node holds of a shared limit.
#[derive(Debug)]
pub(super) struct Share {
    rule: SharedRule,
    block: Option<Block>,
    spent: Option<Spent>,
    /// Until when the ledger is taken to be down.
    down: Option<Instant>,
    /// Whether somebody asks the ledger just now.
    asking: bool,
    /// How many units were left for all after the last grant.
    left: u32,
    /// Twice what was used of the last block.
    demand: u32,
    /// Every call that passed here, held against this node's own part; only where the node goes on by
    /// it when the ledger is down.
    own: Option<Sliding>,
}

#[derive(Debug)]
struct Block {
    grant: Grant,
    unused: u32,
    /// When its units lapse.
    until: Instant,
}

/// Nothing is left for anybody.
#[derive(Debug, Clone, Copy)]
struct Spent {
    /// When to ask again: others may have given something back.
    until: Instant,
    /// When there is more for certain.
    back: Instant,
}

/// Units that were not used, to be given back.
pub(super) type Unused = (Grant, u32);

/// What comes of asking for a unit.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It is there, and to be used now.
    Unit,
    /// The ledger is to be asked first, by whoever hears this, and for so many; what has lapsed is
    /// given back before.
    Ask(u32, Option<Unused>),
    /// Somebody asks the ledger already.
    Wait,
    /// The limit is used up for this long.
    Spent(Duration),
    /// The ledger does not answer, and is asked again in this time.
    Down(Duration),
}

impl Share {
    /// A share of which nothing is held.
    pub(super) fn new(rule: SharedRule) -> Self {
        let own = match rule.when_down {
            WhenDown::Deny => None,
            WhenDown::Local => own_part(rule).map(Sliding::new),
        };
        let left = rule.rate().calls();
        Self { rule, block: None, spent: None, down: None, asking: false, left, demand: 1, own }
    }

    /// Takes a unit to be used at `now`, where there is one.
    pub(super) fn take(&mut self, now: Instant) -> Taken {
        if let Some(block) = &mut self.block
            && now < block.until
            && block.unused > 0
        {
            block.unused -= 1;
            if let Some(own) = &mut self.own {
                own.note(now);
            }
            return Taken::Unit;
        }
        if let Some(Spent { until, back }) = self.spent
            && now < until
        {
            return Taken::Spent(back.saturating_duration_since(now));
        }
        match self.down {
            Some(until) if self.asking || now < until => self.own_unit(now, until),
            Some(_) | None if self.asking => Taken::Wait,
            Some(_) | None => {
                self.asking = true;
                let lapsed = self.give_up();
                Taken::Ask(self.wanted(), lapsed)
            }
        }
    }

    /// A unit of the node's own part, while the ledger is down.
    fn own_unit(&mut self, now: Instant, until: Instant) -> Taken {
        let Some(own) = &mut self.own else {
            return Taken::Down(until.saturating_duration_since(now));
        };
        own.admit(now).map_or_else(|refused| Taken::Spent(refused.after), |()| Taken::Unit)
    }

    /// How large the next block should be.
    fn wanted(&self) -> u32 {
        let part = self.left / BLOCKS.saturating_mul(self.rule.nodes).max(1);
        let most = self.rule.rate().calls() / SMALLEST_PART;
        self.demand.min(part).min(most).max(1)
    }

    /// The ledger's answer to what was asked at `asked`. What came too late to be used is returned, to
    /// be given back.
    pub(super) fn granted(&mut self, grant: Grant, asked: Instant, now: Instant) -> Option<Unused> {
        let until = asked + self.rule.hold();
        (self.asking, self.left) = (false, grant.left);
        if now >= until {
            self.down = Some(now + RETRY);
            return Some(grant).filter(|grant| grant.granted > 0).map(|grant| {
                let unused = grant.granted;
                (grant, unused)
            });
        }
        (self.down, self.spent) = (None, None);
        if grant.granted == 0 {
            let wait = grant.wait.unwrap_or_else(|| self.rule.hold());
            self.spent = Some(Spent { until: now + wait.min(self.rule.hold()), back: now + wait });
            return None;
        }
        let unused = grant.granted;
        self.block = Some(Block { grant, unused, until });
        None
    }

    /// The ledger has not answered while a unit could still be used. It may yet.
    pub(super) fn late(&mut self, now: Instant) {
        self.down = Some(now + RETRY);
    }

    /// The ledger failed; what it may have granted is not used.
    pub(super) fn failed(&mut self, error: Option<&EngineError>, now: Instant) {
        let wait = error.and_then(EngineError::retry_after).unwrap_or(RETRY);
        self.asking = false;
        self.down = Some(now + wait.max(RETRY));
    }

    /// Whether the ledger is taken to be down.
    pub(super) fn is_down(&self) -> bool {
        self.down.is_some()
    }

    /// Takes out the units of a block that has lapsed.
    pub(super) fn lapsed(&mut self, now: Instant) -> Option<Unused> {
        let lapsed = self.block.as_ref().is_some_and(|block| block.until <= now);
        if lapsed { self.give_up() } else { None }
    }

    /// Takes out what is unused, to be given back: none of it can be used any more.
    pub(super) fn give_up(&mut self) -> Option<Unused> {
        let Block { grant, unused, until: _ } = self.block.take()?;
        self.demand = grant.granted.saturating_sub(unused).saturating_mul(2).max(1);
        (unused > 0).then_some((grant, unused))
    }
}

/// The part of one node: of many nodes and few calls, one call each.
fn own_part(rule: SharedRule) -> Option<SlidingRule> {
    let calls = (rule.rate().calls() / rule.nodes.max(1)).max(1);
    let rate = Rate::new(calls, rule.rate().per()).ok()?;
    SlidingRule::new(rate, rule.skew()).ok()
}
