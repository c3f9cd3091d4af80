//! Conditions of one `when` that can never hold together.

use crate::notation::{Map, Problems};
use crate::row::{BodyKind, ValueTest, When};
use candor_facts::FaultKind;

pub(super) fn find(when: &When, map: &Map<'_>, problems: &mut Problems) {
    endings(when, map, problems);
    fault_and_phase(when, map, problems);
    body_and_kind(when, map, problems);
}

fn endings(when: &When, map: &Map<'_>, problems: &mut Problems) {
    let kinds = [when.of_answers(), when.of_faults(), !when.held.is_empty()];
    if kinds.iter().filter(|kind| **kind).count() > 1 {
        problems
            .add(
                map.start(),
                "an ending is an answer, a fault or a call held back, never two of them",
                "these conditions can never hold together",
            )
            .help("make them alternatives: a list of `when`s");
    }
}

fn fault_and_phase(when: &When, map: &Map<'_>, problems: &mut Problems) {
    let strikes = |kind: &FaultKind| when.phase.contains(&kind.phase());
    if when.fault.is_empty() || when.phase.is_empty() || when.fault.iter().any(strikes) {
        return;
    }
    let named: Vec<_> = when.fault.iter().map(|kind| kind.phase().name()).collect();
    problems
        .add(map.place("phase"), "no such fault strikes in this phase", "another phase")
        .other(map.place("fault"), format!("strikes in the phase {}", named.join(", ")))
        .help("leave `phase` out: each kind of fault has one");
}

/// What is looked for in JSON is not found in a body that is none.
fn body_and_kind(when: &When, map: &Map<'_>, problems: &mut Problems) {
    let json = |kind: &BodyKind| matches!(kind, BodyKind::Recognised | BodyKind::Json);
    let absent = |(_, test): &(_, ValueTest)| *test == ValueTest::Exists(false);
    let looked_for = [
        ("code", !when.code.is_empty()),
        ("message", when.message.is_some()),
        ("body", !when.body.iter().all(absent)),
    ];
    let Some((key, _)) = looked_for.into_iter().find(|(_, looked_for)| *looked_for) else { return };
    if !when.body_is.is_empty() && !when.body_is.iter().any(json) {
        problems
            .add(map.place("body_is"), format!("such a body has no `{key}`"), "this is not JSON")
            .other(map.place(key), "looked for here");
    }
}
