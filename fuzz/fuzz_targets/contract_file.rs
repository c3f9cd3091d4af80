//! Any bytes as a contract file: read, check, compile, classify. Never a panic; a diagnosis always
//! renders; what was accepted is total.
//!
//! Seeds: `fuzz/seed.sh`. Run: `RUSTC_BOOTSTRAP=1 cargo fuzz run contract_file`.
#![no_main]

use candor_contract::{Dialect, Library, Parts, Table, document};
use candor_fuzz::{Spoken, headers, library};
use libfuzzer_sys::fuzz_target;

const ANSWERS: [&[u8]; 5] = [
    b"POST /api/2/things create\nHTTP/1.1 409 Busy\nContent-Type: application/json\n\n{\"error\":{\"code\":1006,\"message\":\"a is b\",\"field\":\"f\"}}",
    b"GET /\nHTTP/1.1 503 Wait\nRetry-After: 5\n\nbusy",
    b"GET /\nHTTP/1.1 200 OK\n\n",
    b"PUT /a/b\nfault head_timed_out all",
    b"PUT /a/b\nheld shed",
];

fuzz_target!(|bytes: &[u8]| {
    let Ok(source) = std::str::from_utf8(bytes) else { return };
    let mut library: Library = library().clone();
    match library.add("fuzz.yaml", source) {
        Ok(table) => used(&table),
        Err(diagnosis) => {
            assert!(!diagnosis.problems().is_empty());
            assert!(!diagnosis.to_string().is_empty() && !diagnosis.coloured().is_empty());
            for problem in diagnosis.problems().iter().take(50) {
                assert!(diagnosis.line_of(problem) <= 1 + source.matches('\n').count());
                assert!(!problem.title.is_empty() && !problem.label.is_empty());
            }
        }
    }
    // A file that has no mistake is read the same way again.
    if let Ok(document) = document::read("fuzz.yaml", source) {
        assert!(document.successes <= document.rows.len());
    }
});

fn used(table: &Table) {
    for spoken in ANSWERS.map(Spoken::read) {
        let exchange = spoken.exchange(Some(1_795_246_200));
        let reading = table.classify(&exchange);
        let verdict = reading.verdict(&Default::default());
        let written = Dialect::Contract(table).write(&verdict);
        assert!((100..1000).contains(&written.status));
        let _sendable = headers(&written);
    }
    for row in table.own_rows() {
        if let Some(written) = table.emit(row, &Parts::default()) {
            let _sendable = headers(&written);
        }
    }
}
