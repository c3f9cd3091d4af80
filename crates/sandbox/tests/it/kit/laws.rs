//! Laws of every API: whatever is sent, in whatever order.

use super::{Player, Step};
use candor_sandbox::stage::{Api, Reply};
use proptest::prelude::*;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

/// How an API is walked through.
pub(crate) struct Walk<A: Api> {
    /// How many walks are made.
    pub(crate) cases: u32,
    /// How many calls a walk has at most.
    pub(crate) calls: usize,
    /// Takes out of a state what a refused call may change as well: counters, what time brings.
    pub(crate) forget: fn(&mut A::State),
}

impl<A: Api> Walk<A> {
    /// Walks random sequences of `calls`. After each one: no 5xx in fair weather, the contract
    /// knows the answer by a row of its own, the state is one that the rules allow, and a refused
    /// call has changed nothing.
    pub(crate) fn holds(&self, calls: impl Strategy<Value = Step>) {
        let config = Config { cases: self.cases, failure_persistence: None, ..Config::default() };
        let mut runner = TestRunner::new_with_rng(
            config,
            proptest::test_runner::TestRng::deterministic_rng(
                proptest::test_runner::RngAlgorithm::ChaCha,
            ),
        );
        let walks = proptest::collection::vec(calls, 1..=self.calls);
        let result = runner.run(&walks, |walk| {
            let player = Player::<A>::new();
            walk.iter().try_for_each(|step| self.after(&player, step))
        });
        result.unwrap_or_else(|failure| panic!("{}: {failure}", A::NAME));
    }

    fn after(&self, player: &Player<A>, step: &Step) -> Result<(), TestCaseError> {
        let before = self.remembered(player);
        let reply = player.send(step);
        if step.url.contains("/sandbox/") {
            return Ok(());
        }
        known(player, step, &reply)?;
        let checked = A::check(&player.0.world().state);
        prop_assert!(checked.is_ok(), "{step:?} leads to a wrong world: {checked:?}");
        if reply.row.is_some() {
            prop_assert_eq!(
                before,
                self.remembered(player),
                "{:?} was refused and changed something",
                step
            );
        }
        Ok(())
    }

    fn remembered(&self, player: &Player<A>) -> Value {
        let mut state = player.0.world().state.clone();
        (self.forget)(&mut state);
        serde_json::to_value(state).unwrap()
    }
}

fn known<A: Api>(player: &Player<A>, step: &Step, reply: &Reply) -> Result<(), TestCaseError> {
    let reading = player.reading(step, reply);
    let own = player.0.table().own_rows().iter().any(|row| row.id == reading.row.id);
    prop_assert!(own, "{step:?}: no row of the contract is {} {reply:?}", reply.status);
    prop_assert!(!reply.status.is_server_error() || allowed(reply), "{step:?}: {reply:?}");
    prop_assert!(
        reply.row.is_none_or(|row| reading.row.id == row),
        "{step:?}: {:?} reads as {}",
        reply.row,
        reading.row.id
    );
    Ok(())
}

/// Open2b says by a 503 that there were too many calls.
fn allowed(reply: &Reply) -> bool {
    reply.headers.contains_key("x-wait-seconds")
}

/// Sends each of these inputs in a fresh world. A line has a name, a request, and the row that it is
/// refused by.
pub(crate) fn assert_refused<A: Api>(inputs: &[(&str, Step, &str)]) {
    let mut wrong = Vec::new();
    for (name, step, expected) in inputs {
        let player = Player::<A>::new();
        let reply = player.send(step);
        let row = player.row(step, &reply);
        if row != *expected || reply.row != Some(expected) {
            let body =
                String::from_utf8_lossy(&reply.body[..reply.body.len().min(300)]).into_owned();
            wrong.push(format!(
                "{name}: {expected} was expected, not {row}: {} {body}",
                reply.status
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(inputs.len() >= 40, "{} kinds of wrong input are too few", inputs.len());
}
