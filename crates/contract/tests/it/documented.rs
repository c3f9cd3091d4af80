//! Every row of the vendors' documents is known by its contract, and told by a story.

use crate::rows;
use crate::stories::library;
use crate::story;
use std::collections::HashSet;

#[test]
fn every_documented_row_is_known() {
    let mut counts = Vec::new();
    let mut wrong = Vec::new();
    for list in rows::lists() {
        let findings = list.findings(library());
        let known = findings.iter().filter(|finding| finding.wrong.is_empty()).count();
        counts.push((list.contract, known, list.lines.len()));
        for finding in findings.iter().filter(|finding| !finding.wrong.is_empty()) {
            let place = format!("{}, {}", list.contract, finding.line.section);
            wrong.push(format!("{place}: {}", finding.wrong.join("; ")));
        }
    }
    // Shown by `cargo test -- --nocapture`, and by `just rows`.
    println!("rows known / rows in the documents\n{}", rows::summary(&counts));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_lists_are_whole() {
    for list in rows::lists() {
        assert_eq!(list.lines.len(), list.total, "{}", list.contract);
        let mut printed = HashSet::new();
        for line in &list.lines {
            let cells = (line.section, line.status, line.code, line.text);
            assert!(printed.insert(cells), "{}: twice {line:?}", list.contract);
        }
    }
}

#[test]
fn every_documented_row_has_a_story() {
    let told: HashSet<(String, String)> = story::all()
        .into_iter()
        .flat_map(|file| {
            let contract = file.contract;
            file.stories.into_iter().filter_map(move |s| Some((contract.clone(), s.row?)))
        })
        .collect();
    let untold: Vec<String> = rows::lists()
        .iter()
        .flat_map(|list| {
            list.lines.iter().map(|line| (list.contract.to_owned(), line.row.to_owned()))
        })
        .filter(|row| !told.contains(row))
        .map(|(contract, row)| format!("{contract}: {row}"))
        .collect();
    assert!(untold.is_empty(), "without a story: {}", untold.join(", "));
}
