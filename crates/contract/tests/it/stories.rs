//! Every story in `stories/`: the exchange is classified, and what comes of it is what is written.
//!
//! `UPDATE=1` rewrites the verdicts and answers of the files, never a request, a response or a row.

use crate::story::exchange::Told;
use crate::story::{self, Story, StoryFile};
use candor_contract::{Dialect, Library, Table, Words, Written};
use candor_facts::{How, Outcome, Verdict};
use http::StatusCode;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::LazyLock;

/// The name that the documented texts are filled with.
pub(crate) const NAMES: &[(&str, &str)] = &[("cyberapp_name", "Example Backup")];

pub(crate) fn library() -> &'static Library {
    static LIBRARY: LazyLock<Library> =
        LazyLock::new(|| Library::shipped().unwrap_or_else(|d| panic!("{d}")));
    &LIBRARY
}

#[test]
fn stories_are_true() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut report = String::new();
    let mut told = 0;
    for file in story::all() {
        let mut edits = Vec::new();
        for story in &file.stories {
            told += 1;
            differences(&file, story, &mut edits, &mut report);
        }
        if update {
            rewrite(&file, &edits);
        } else {
            for edit in &edits {
                edit.tell(&file, &mut report);
            }
        }
    }
    assert!(report.is_empty(), "{report}\n{}", "UPDATE=1 rewrites verdicts and answers.");
    assert!(told > 0, "there are no stories");
}

#[test]
fn advice_never_contradicts_itself() {
    for file in story::all() {
        let table = library().get(&file.contract).unwrap();
        for story in &file.stories {
            let verdict = verdict(&table, story);
            let (safe, how) = (verdict.retry.safe, verdict.next.how);
            let blind = how == How::Retry && !safe && verdict.outcome == Outcome::Unknown;
            let needless = how == How::LookFirst && safe;
            let silent = safe && verdict.class.is_success();
            assert!(!(blind || needless || silent), "{}: {verdict:?}", story.heading);
        }
    }
}

/// A block whose content should be another.
struct Edit<'s> {
    story: &'s Story,
    block: usize,
    content: String,
}

fn differences<'s>(
    file: &'s StoryFile,
    story: &'s Story,
    edits: &mut Vec<Edit<'s>>,
    report: &mut String,
) {
    let table = library().get(&file.contract).expect("the story's contract is shipped");
    let verdict = verdict(&table, story);
    if story.row.as_ref() != Some(&verdict.row) {
        let pinned = story.row.as_deref().unwrap_or("no row");
        writeln!(report, "{}: {}", file.path.display(), story.heading).unwrap();
        writeln!(report, "  the story pins {pinned}, and it is read as {}", verdict.row).unwrap();
    }
    let success = verdict.class.is_success();
    for (number, block) in story.blocks.iter().enumerate() {
        if success && block.kind.starts_with("answer") {
            writeln!(report, "{}: {}", file.path.display(), story.heading).unwrap();
            writeln!(report, "  a success goes to the caller as it came; it has no answer")
                .unwrap();
            continue;
        }
        let content = match block.kind.split_once(' ') {
            None if block.kind == "verdict" => pretty(&verdict),
            Some(("answer", dialect)) => answer(dialect, &verdict),
            _ => continue,
        };
        if content != block.content {
            edits.push(Edit { story, block: number, content });
        }
    }
}

/// What the story's contract says of the story's exchange.
pub(crate) fn verdict(table: &Table, story: &Story) -> Verdict {
    let words = Words { names: NAMES, ..Words::default() };
    table.classify(&Told::by(story).exchange()).verdict(&words)
}

fn pretty(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap() + "\n"
}

fn answer(dialect: &str, verdict: &Verdict) -> String {
    if dialect == "problem" {
        return raw(&Dialect::Problem.write(verdict));
    }
    let table = library().get(dialect).expect("a dialect is `problem` or a contract");
    raw(&Dialect::Contract(&table).write(verdict))
}

/// The answer as `curl -i` shows it; JSON is made readable.
fn raw(written: &Written) -> String {
    let usual = StatusCode::from_u16(written.status).unwrap().canonical_reason();
    let reason = written.reason.as_deref().or(usual).unwrap_or_default();
    let mut text = format!("HTTP/1.1 {} {reason}\n", written.status);
    for (name, value) in &written.headers {
        writeln!(text, "{name}: {value}").unwrap();
    }
    if !written.body.is_empty() {
        let json = serde_json::from_slice::<serde_json::Value>(&written.body);
        let plain = |_| String::from_utf8(written.body.clone()).unwrap() + "\n";
        text += "\n";
        text += &json.map_or_else(plain, |json| pretty(&json));
    }
    text
}

fn rewrite(file: &StoryFile, edits: &[Edit<'_>]) {
    let mut text = file.text.clone();
    for edit in edits.iter().rev() {
        text.replace_range(edit.story.blocks[edit.block].span.clone(), &edit.content);
    }
    if text != file.text {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stories");
        std::fs::write(root.join(&file.path), text).unwrap();
    }
}

impl Edit<'_> {
    /// The lines that only one side has, marked as `diff` does.
    fn tell(&self, file: &StoryFile, report: &mut String) {
        let block = &self.story.blocks[self.block];
        writeln!(report, "{}: {}", file.path.display(), self.story.heading).unwrap();
        writeln!(report, "  {}", block.kind).unwrap();
        let only = |here: &str, there: &str, mark: char, report: &mut String| {
            for line in here.lines().filter(|line| !there.lines().any(|other| other == *line)) {
                writeln!(report, "  {mark} {line}").unwrap();
            }
        };
        only(&block.content, &self.content, '-', report);
        only(&self.content, &block.content, '+', report);
    }
}
