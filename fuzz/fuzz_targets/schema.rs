//! A schema and a body, each in a line: whatever compiles gives an answer, and the list of
//! differences is empty if and only if the body is valid.
//!
//! Seeds: `fuzz/seed.sh`. Run: `RUSTC_BOOTSTRAP=1 cargo fuzz run schema`.
#![no_main]

use candor_contract::json::Document;
use candor_contract::schema::{Draft, Schema, VIOLATIONS};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let mut lines = bytes.splitn(2, |b| *b == b'\n');
    let (Some(source), Some(body)) = (lines.next(), lines.next()) else { return };
    let Ok(source) = serde_json::from_slice::<Value>(source) else { return };
    let schema = match Schema::compile(&source, Draft::D2020) {
        Ok(schema) => schema,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let Ok(body) = Document::parse(body) else { return };
    let violations = schema.violations(&body, VIOLATIONS);
    assert_eq!(violations.is_empty(), schema.is_valid(&body));
    assert!(violations.len() <= VIOLATIONS);
});
