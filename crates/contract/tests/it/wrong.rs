//! Wrong contracts, and the screens that say so: place, expectation, and what to do.
//!
//! Each case is a whole file, so that a screen can be read beside what caused it.

use candor_contract::Library;
use candor_contract::notation::Diagnosis;
use std::sync::LazyLock;

/// The contracts that come with Candor.
fn shipped() -> Library {
    static LIBRARY: LazyLock<Library> =
        LazyLock::new(|| Library::shipped().unwrap_or_else(|diagnosis| panic!("{diagnosis}")));
    LIBRARY.clone()
}

/// The mistakes of `source`, added to the contracts that come with Candor.
fn diagnosis(source: &str) -> Diagnosis {
    match shipped().add("wrong.yaml", source) {
        Ok(table) => panic!("`{}` was taken", table.name()),
        Err(diagnosis) => diagnosis,
    }
}

/// Pins the screens of wrong contracts; each name states what the screen is about.
macro_rules! wrong {
    ($($name:ident: $source:expr;)+) => {$(
        #[test]
        fn $name() {
            let screen = diagnosis($source).to_string();
            insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
                insta::assert_snapshot!(concat!("wrong__", stringify!($name)), screen);
            });
        }
    )+};
}

// --- keys

wrong! {
    unknown_keys_at_the_top: "\
contract: shop
version: 1
titel: A shop
title: A shop
owner: me
";
    unknown_keys_of_a_row_and_its_parts: "\
contract: shop
version: 1
title: A shop
document: { title: Errors, link: \"https://shop.example\" }
forms:
  error: { medium: text/json, body: { code: \"{code}\" } }
rows:
  - id: busy
    calss: busy
    class: busy
    when: { satus: 409, body: { /state: { exist: true } } }
    retry: { allow: allowed, time: 2, after: { head: Retry-After } }
    take: { error: /id, field: { captures: name } }
    next: { who: caller, what: retry }
";
    required_keys_that_are_missing: "\
title: A shop
document: { url: \"https://shop.example\" }
forms: { error: { media: application/json } }
rows:
  - { when: { status: 404 } }
  - { id: busy, class: busy, when: { status: 409 }, retry: { times: 2 }, next: { how: retry } }
";
    repeated_keys: "\
contract: shop
version: 1
title: A shop
rows:
  - id: busy
    class: busy
    when: { status: 409, status: 423 }
    class: locked
title: Another shop
";
    an_unquoted_comma_in_a_flow_mapping: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: busy, title: Busy, try again, class: busy, when: { status: 409 } }
";
    two_rows_with_one_id: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: busy, class: busy, when: { status: 409 } }
  - { id: locked, class: locked, when: { status: 423 } }
  - { id: busy, class: busy, when: { status: 425 } }
";
}

// --- types

wrong! {
    values_of_the_wrong_type: "\
contract: [shop]
version:
title: { en: A shop }
forms: none
success: { id: ok, class: ok }
rows:
  - busy
  - { id: [busy], class: busy }
  - { id: x, class: busy, when: 409, retry: [allowed], next: caller, take: [a] }
  - { id: y, class: busy, when: { status: { from: 400 }, body: /code, header: Retry-After } }
messages: hello
";
    a_contract_name_with_capitals: "\
contract: My Shop
version: 1
title: A shop
";
    an_empty_text: "\
contract: \"\"
version: 1
title: ''
";
    truths_and_numbers: "\
contract: shop
version: 1
title: A shop
rows:
  - id: busy
    class: busy
    inferred: maybe
    when: { status: 409, header: { Retry-After: { exists: yes } } }
    retry: { allow: allowed, times: many, wait: soon, after: { window: 5 } }
";
}

// --- names of closed sets

wrong! {
    unknown_names: "\
contract: shop
version: 1
title: A shop
rows:
  - id: a
    class: rate_limit
    origin: calller
    outcome: done
    retry: always
    when: { status: 429, body_is: xml, check: pass }
    next: { who: me, how: wait }
    inferred: [statuses]
  - { id: b, class: timed_out, when: { fault: timeout } }
  - { id: c, class: timed_out, when: { phase: header } }
  - { id: d, class: shed, when: { held: overload } }
  - { id: e, class: busy, when: { method: post, body: { /a: { type: text } } } }
";
    success_under_rows: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: ok, class: ok, when: { status: 200 } }
";
    failure_under_success: "\
contract: shop
version: 1
title: A shop
success:
  - { id: busy, class: busy, when: { status: 409 } }
";
}

// --- values with a grammar

wrong! {
    statuses_out_of_range: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: a, class: busy, when: { status: [99, 1000, 4xx, 499-400, 400-, -1] } }
";
    bad_pointers: "\
contract: shop
version: 1
title: A shop
rows:
  - id: a
    class: busy
    when: { status: 409, body: { error/code: 7, $.error: 8, /a~2: 9 } }
    take: { code: error.code }
";
    bad_templates: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: a, class: busy, when: { status: 409 }, says: \"{name is busy\" }
  - { id: b, class: busy, when: { status: 410 }, says: \"{}{} is busy\" }
  - { id: c, class: busy, when: { status: 411 }, says: \"{the name} is busy\" }
";
    a_template_that_is_not_quoted: "\
contract: shop
version: 1
title: A shop
rows:
  - id: missing
    class: busy
    says: {name} is required
";
    a_text_with_a_colon_that_is_not_quoted: "\
contract: shop
version: 1
title: A shop: errors
";
    a_bad_header_name: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: a, class: busy, when: { status: 409, header: { \"Retry After\": 1 } } }
  - { id: b, class: busy, when: { status: 410 }, retry: { allow: allowed, after: { header: \"X:Y\" } } }
";
    bad_path_patterns: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: a, class: busy, when: { status: 409, path: [things, /**/a/**] } }
";
    a_condition_that_says_two_things: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: a, class: busy, when: { status: 409, body: { /a: { exists: true, in: [1] }, /b: {} } } }
";
    a_wait_that_runs_backwards: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: a, class: busy, when: { status: 409 }, retry: { allow: allowed, wait: 2s..1s } }
";
    a_wait_for_a_repeat_that_never_comes: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: a, class: busy, when: { status: 409 }, retry: { allow: never, wait: 2s } }
";
    conditions_on_two_endings_at_once: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: a, class: timed_out, when: { status: 504, fault: head_timed_out } }
";
}

// --- what several places say together

wrong! {
    a_row_behind_a_wider_range: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: request, class: invalid_request, when: { status: 400-499 } }
  - { id: missing, class: not_found, when: { status: [404, 410] } }
";
    a_row_behind_one_with_fewer_conditions: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: a, class: busy, when: { status: 409, body: { /busy: true } } }
  - { id: b, class: locked, when: { status: 409, method: PUT, body: { /lock: 1, /busy: true } } }
";
    a_row_behind_one_without_conditions: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: everything, class: unexpected_status }
  - { id: missing, class: not_found, when: { status: 404 } }
";
    an_alternative_that_can_never_apply: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: request, class: invalid_request, when: { status: 400-499 } }
  - { id: missing, class: not_found, when: [{ status: 504 }, { status: 404 }] }
";
    a_row_that_several_rows_take_together: "\
contract: shop
version: 1
title: A shop
forms: { error: { body: { code: \"{code}\" } } }
rows:
  - { id: low, class: busy, when: { status: 409, code: 1-99 } }
  - { id: high, class: locked, when: { status: 409, code: [100-199, OTHER] } }
  - { id: some, class: conflict, when: { status: 409, code: [7, 100-110, OTHER], method: PUT } }
";
    rows_without_a_meaning: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: a, class: busy, when: {} }
  - { id: b, class: busy, when: [] }
  - { id: c, class: busy, when: { status: [] } }
  - { id: d, class: timed_out, when: { fault: connection_refused, phase: body } }
  - { id: e, class: busy, when: { status: 409, body_is: empty, body: { /code: 7 } } }
";
    a_success_that_is_not_about_an_answer: "\
contract: shop
version: 1
title: A shop
success:
  - { id: fine, class: ok, when: { method: GET } }
  - { id: always, class: ok }
";
    an_answer_to_a_request_that_was_not_sent: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: a, class: shed, when: { status: 529 } }
  - { id: b, class: unavailable, outcome: unsent, when: { status: 503 } }
";
    fields_that_nothing_takes: "\
contract: shop
version: 1
title: A shop
forms: { error: { body: { code: \"{code}\" } } }
rows:
  - { id: a, class: unprocessable, field_kind: missing, when: { status: 422 } }
  - { id: b, class: unprocessable, take: { related: /other }, when: { status: 423 } }
  - { id: c, class: unprocessable, take: { field: { capture: name } }, when: { status: 424 } }
";
    placeholders_that_are_none: "\
contract: shop
version: 1 beta
title: A shop
forms:
  error: { media: json, body: { code: \"{code?:number}\", text: \"Error: {message}\", info: \"{info\" } }
messages: { plain: { en_US: { a: b } } }
";
    a_header_with_a_line_break: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: a, class: busy, when: { status: 409, header: { X-A: \"a\\nb\" }, text: \"a\\nb\" } }
  - { id: b, class: busy, when: { status: 410, body: { /code: 9-5 } } }
";
    an_unknown_form: "\
contract: shop
version: 1
title: A shop
forms: { error: { body: { code: \"{code}\" } } }
rows:
  - { id: a, form: eror, class: busy, when: { status: 409 } }
";
    a_form_where_there_is_none: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: a, form: error, class: busy, when: { status: 409 } }
";
    a_code_without_a_form: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: a, class: busy, when: { status: 409, code: BUSY } }
";
    a_message_that_the_form_does_not_have: "\
contract: shop
version: 1
title: A shop
forms: { error: { body: { code: \"{code}\" } } }
rows:
  - { id: a, class: busy, when: { status: 409, message: \"It is busy\" } }
";
    a_capture_of_a_slot_that_does_not_exist: "\
contract: shop
version: 1
title: A shop
forms: { error: { body: { text: \"{message}\" } } }
rows:
  - { id: a, class: busy, when: { status: 409 }, says: \"{name} is busy\", take: { field: { capture: nmae } } }
";
    a_message_key_without_a_text: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: a, class: busy, when: { status: 409 }, message: bussy-now }
messages: { plain: { en: { busy-now: Busy. } } }
";
    an_unknown_base: "\
contract: shop
version: 1
title: A shop
extends: htpp
";
    a_contract_that_extends_itself: "\
contract: shop
version: 1
title: A shop
extends: shop
";
    a_root_without_a_last_row: "\
contract: shop
version: 1
title: A shop
extends: none
rows:
  - { id: a, class: busy, when: { status: 409 } }
";
    a_root_without_any_row: "\
contract: shop
version: 1
title: A shop
extends: none
";
    mistakes_of_all_kinds_in_the_order_of_their_places: "\
contract: shop
version: 1
title: A shop
messages: { plain: { en: { gone: \"{\" } } }
rows:
  - { id: a, class: bussy, when: { status: 99 } }
  - { id: b, klass: busy }
colour: red
";
}

// --- what is not YAML, or more YAML than a contract needs

wrong! {
    an_empty_file: "";
    a_file_of_comments: "# nothing yet\n";
    a_file_that_is_a_list: "- contract: shop\n- version: 1\n";
    a_file_that_is_a_sentence: "This is a shop.\n";
    tabs_for_indentation: "contract: shop\nversion: 1\ntitle: A shop\nrows:\n\t- id: a\n";
    a_line_that_is_indented_too_little: "\
contract: shop
rows:
    - id: a
      class: busy
   - id: b
";
    a_line_that_is_indented_too_much: "\
contract: shop
  version: 1
";
    a_bracket_that_is_not_closed: "\
contract: shop
version: 1
title: A shop
rows:
  - { id: a, class: busy, when: { status: [400, 401 } }
";
    a_quote_that_is_not_closed: "\
contract: shop
version: 1
title: \"A shop
";
    an_escape_that_does_not_exist: "\
contract: shop
version: 1
title: \"A \\shop\"
";
    a_key_without_a_colon: "\
contract: shop
version
title: A shop
";
    anchors: "contract: &name shop\nversion: 1\ntitle: *name\n";
    an_alias_of_nothing: "contract: *name\n";
    tags: "contract: !!str shop\n";
    a_second_document: "contract: shop\nversion: 1\ntitle: A shop\n---\ncontract: other\n";
    keys_that_are_lists: "contract: shop\n? [a, b]\n: 1\n";
    wide_characters_before_the_place: "\
contract: shop
version: 1
title: Żółć 店铺 🏪
rows:
  - { id: empty, title: 空🏪, clas: busy, when: { status: 409 } }
";
}

// --- what is too much

wrong! {
    nesting_without_end: &format!("contract: {}\n", "[".repeat(100_000));
    a_file_of_ten_megabytes: &"# a comment of forty characters, nothing\n".repeat(262_144);
}

#[test]
fn no_line_of_a_screen_is_endless() {
    for source in ["[".repeat(100_000), format!("a: {}", "b".repeat(300_000))] {
        let screen = diagnosis(&source).to_string();
        assert!(screen.lines().all(|line| line.chars().count() < 200), "{}", screen.len());
    }
}

#[test]
fn many_mistakes_are_counted_and_the_first_are_shown() {
    let rows = "  - { id: a, class: x }\n".repeat(80);
    let diagnosis = diagnosis(&format!("contract: shop\nversion: 1\ntitle: A\nrows:\n{rows}"));
    assert_eq!(diagnosis.problems().len(), 80);
    assert!(diagnosis.to_string().ends_with("error: 30 more mistakes"));
}

#[test]
fn no_piece_of_a_contract_makes_the_reader_panic() {
    for name in ["http", "open2b", "acronis-callback"] {
        let source = Library::shipped_source(name).unwrap();
        let ends = source.char_indices().map(|(at, _)| at).step_by(101);
        for end in ends {
            if let Err(diagnosis) = shipped().add("piece.yaml", &source[..end]) {
                assert!(!diagnosis.to_string().is_empty() && !diagnosis.coloured().is_empty());
            }
        }
    }
}
