//! Any exchange under every shipped contract: always a verdict, the same for the same exchange, and
//! each dialect gives back what it promised to carry.
//!
//! Seeds: `fuzz/seed.sh`. Run: `RUSTC_BOOTSTRAP=1 cargo fuzz run classify`.
#![no_main]

use candor_contract::answer::read_problem;
use candor_contract::{Dialect, Table, Words};
use candor_facts::{Exchange, Outcome, Verdict};
use candor_fuzz::{Spoken, headers, library, received};
use libfuzzer_sys::fuzz_target;
use uuid::Uuid;

/// 2026-11-21T07:30:00Z
const NOW: i64 = 1_795_246_200;

fuzz_target!(|bytes: &[u8]| {
    let spoken = Spoken::read(bytes);
    let exchange = spoken.exchange(Some(NOW));
    let tables = library().tables();
    for (at, table) in tables.iter().enumerate() {
        let verdict = verdict(table, &exchange);
        retry_law(&verdict);
        problem_carries_all(&verdict);
        // One foreign form for each verdict, and another one for an input of another length: all
        // pairs are met, and a run stays seven times as fast.
        let form = &tables[(at + bytes.len()) % tables.len()];
        if !verdict.class.is_success() {
            form_carries_its_projection(form, &verdict);
        }
    }
});

fn verdict(table: &Table, exchange: &Exchange<'_>) -> Verdict {
    let words = Words::default();
    let verdict = table.classify(exchange).verdict(&words);
    assert_eq!(verdict, table.classify(exchange).verdict(&words), "the same exchange");
    assert_eq!(verdict.contract, table.label());
    Verdict { error_id: Some(Uuid::from_u128(7)), ..verdict }
}

fn retry_law(verdict: &Verdict) {
    let succeeded = verdict.class.is_success();
    assert!(!(succeeded && verdict.retry.safe), "a success is not repeated");
    let unsent = verdict.outcome == Outcome::Unsent;
    assert!(!unsent || verdict.status.is_none(), "what was answered was sent");
}

fn problem_carries_all(verdict: &Verdict) {
    let written = Dialect::Problem.write(verdict);
    assert_eq!(read_problem(&written.body).as_ref(), Some(verdict));
    assert_eq!(headers(&written).len(), written.headers.len());
}

fn form_carries_its_projection(form: &Table, verdict: &Verdict) {
    let dialect = Dialect::Contract(form);
    let written = dialect.write(verdict);
    let headers = headers(&written);
    let read = dialect.read(&received(&written, &headers));
    assert_eq!(read, Some(dialect.project(verdict)), "{}: {written:?}", form.name());
    assert!(written.status >= 400 || !written.body.is_empty(), "a failure is told");
}
