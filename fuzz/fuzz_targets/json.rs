//! Any bytes as JSON: `Document` takes what `serde_json` takes, and sees the same value. It refuses
//! more in three named cases alone: a repeated name, too deep, too many nodes.
//!
//! Seeds: `fuzz/seed.sh`. Run: `RUSTC_BOOTSTRAP=1 cargo fuzz run json`.
#![no_main]

use candor_contract::json::{Document, JsonErrorKind};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let ours = Document::parse(bytes);
    let theirs = serde_json::from_slice::<Value>(bytes);
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => assert_eq!(ours.root().to_value(), theirs),
        (Ok(_), Err(error)) => panic!("taken, though serde_json says: {error}"),
        (Err(error), Ok(_)) => match error.kind {
            JsonErrorKind::DuplicateKey(_)
            | JsonErrorKind::TooDeep
            | JsonErrorKind::TooManyNodes => {}
            JsonErrorKind::Syntax { .. } | JsonErrorKind::NotUtf8 => {
                panic!("refused, though serde_json takes it: {error}")
            }
        },
        (Err(error), Err(_)) => assert!(error.line >= 1 && !error.to_string().is_empty()),
    }
});
