//! Explanations: the right contract is found, what is near is named, and the screens read well.

use crate::rows;
use crate::stories::{NAMES, library};
use crate::story::exchange::Told;
use crate::story::{self, Story};
use candor_contract::explain::{self, Explanation, Match, Sure};
use candor_contract::{Table, Words};
use candor_facts::Ending;
use http::Method;
use std::fmt::Write as _;

fn words() -> Words<'static> {
    Words { names: NAMES, ..Words::default() }
}

fn guessed(story: &Story) -> Explanation {
    explain::guessed(library(), &Told::by(story).exchange(), &words()).unwrap()
}

fn named(contract: &str, story: &Story) -> Explanation {
    explain::under(&library().get(contract).unwrap(), &Told::by(story).exchange(), &words())
}

/// The story with this heading of a contract.
fn story(contract: &str, heading: &str) -> Story {
    let stories = story::all().into_iter().filter(|file| file.contract == contract);
    let mut stories = stories.flat_map(|file| file.stories);
    stories.find(|story| story.heading == heading).expect("there is such a story")
}

/// A story about an answer that is given alone: nothing is known but what was pasted.
fn pasted(answer: &str) -> Explanation {
    let text = format!("## pasted\n\n```http response\n{answer}\n```\n");
    guessed(&story::stories(&text)[0])
}

/// Whether the table knows the answer by its own code, wording or form.
fn is_of_its_own(table: &Table, told: &Told) -> bool {
    let exchange = told.exchange();
    let Ending::Answer(answer) = exchange.ending else { return false };
    let body = candor_contract::json::Document::parse(answer.body);
    let envelope = body.is_ok_and(|body| table.forms().iter().any(|form| form.recognises(&body)));
    let row = table.classify(&exchange).row;
    let phrase = row.when.iter().any(|when| !when.text.is_empty());
    let distinct = phrase && told.has_a_phrase_of_its_own();
    !row.class.is_success() && (envelope || distinct) && !table.forms().is_empty()
}

#[test]
fn the_contract_of_an_envelope_or_a_documented_text_is_found() {
    let mut wrong = String::new();
    let mut found = 0;
    for file in story::all() {
        let table = library().get(&file.contract).unwrap();
        // Every callback answer is any JSON: the form of a handler's response requires nothing.
        if file.contract == "acronis-callback" {
            continue;
        }
        for story in file.stories.iter().filter(|s| is_of_its_own(&table, &Told::by(s))) {
            found += 1;
            let told = guessed(story);
            let right = told.verdict.contract == table.label() && told.sure >= Sure::Likely;
            if !right {
                let guess = format!("{} ({:?})", told.verdict.contract, told.sure);
                writeln!(wrong, "{}: {}: {guess}", file.path.display(), story.heading).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(found > 100, "only {found} stories carry something of their own");
}

#[test]
fn what_fits_several_contracts_is_only_possible_and_names_the_others() {
    for answer in ["HTTP/1.1 401 Unauthorized\nContent-Length: 0", "HTTP/1.1 409 Conflict"] {
        let told = pasted(answer);
        assert_eq!(told.sure, Sure::Possible, "{answer}");
        assert!(told.others.len() > 1, "{answer}: {:?}", told.others);
    }
}

#[test]
fn an_unknown_code_names_the_nearest_documented_ones() {
    let platform = r#"{"error":{"code":1042,"message":"New.","details":{},"domain":"X"}}"#;
    let atlassian = r#"{"errorCode":"144","errorMessage":"New."}"#;
    let table = [
        ("acronis-platform", platform, "the code 1042 is not documented", "1035, 1034, 1033"),
        ("atlassian-backup", atlassian, "the code 144 is not documented", "143, 142, 140"),
    ];
    for (contract, body, unknown, near) in table {
        let answer = format!("HTTP/1.1 400 Bad Request\nContent-Type: application/json\n\n{body}");
        let told = pasted(&answer);
        assert!(told.verdict.contract.starts_with(contract), "{}", told.verdict.contract);
        let notes = told.notes.join("\n");
        assert!(notes.contains(unknown) && notes.contains(near), "{notes}");
    }
}

#[test]
fn a_documented_message_with_values_finds_its_row() {
    for list in rows::lists() {
        let table = library().get(list.contract).unwrap();
        let worded = list.lines.iter().filter(|line| {
            matches!(list.contract, "atlassian-backup" | "open2b")
                && matches!(line.section, "Error codes" | "Common errors")
        });
        for line in worded {
            let text = rows::filled(line.text);
            let found = explain::by_text(&table, &text);
            assert_eq!(found.first().map(|m| m.row.id.as_str()), Some(line.row), "{text}");
        }
    }
}

#[test]
fn reason_phrases_and_titles_find_their_rows() {
    let table = [
        ("open2b", "Forbidden, malformed key", "key.malformed"),
        ("open2b", "missing content-type header", "content-type.missing"),
        ("open2b", "The field is unknown", "field.unknown"),
        ("acronis-platform", "Attempt to delete non-disabled tenant", "1006"),
        ("acronis-platform", "totp_required", "oauth.totp_required"),
        ("acronis-callback", "TLS handshake failed", "tls-handshake-failed"),
        ("acronis-callback", "unexpected 4xx response", "unexpected-4xx"),
        ("solace-cloud", "Another operation is in progress", "409"),
        (
            "acronis-callback",
            "Request to <cyberapp_name> was not sent due to invalid format.",
            "request-schema",
        ),
        (
            "acronis-callback",
            "Connection to Backup Pro service could not be established due to invalid certificate.",
            "invalid-certificate",
        ),
    ];
    for (contract, text, row) in table {
        let contract = library().get(contract).unwrap();
        let found = explain::by_text(&contract, text);
        assert_eq!(found.first().map(|m| m.row.id.as_str()), Some(row), "{text}");
    }
}

#[test]
fn an_operation_is_known_by_its_members() {
    let operation = r#"{"data":{"operationType":"createService","status":"FAILED","error":null}}"#;
    let head = "HTTP/1.1 200 OK\nContent-Type: application/json\n\n";
    let found = pasted(&format!("{head}{operation}"));
    assert_eq!((found.verdict.row.as_str(), found.sure), ("operation.failed", Sure::Likely));
    // One member alone is anybody's.
    let found = pasted(&format!("{head}{{\"status\":\"ok\"}}"));
    assert_eq!(found.sure, Sure::Possible);
}

#[test]
fn screens_read_well() {
    let screens = [
        (
            "an_answer_with_a_code",
            guessed(&story("acronis-platform", "The tenant must be disabled first")),
        ),
        ("a_write_that_may_have_happened", named("http", &story("http", "No answer to a write"))),
        (
            "a_callback_that_timed_out",
            named(
                "acronis-callback",
                &story("acronis-callback", "The handler takes the request and says nothing"),
            ),
        ),
        (
            "a_callback_without_a_text",
            named("acronis-callback", &story("acronis-callback", "Too many requests")),
        ),
        ("two_fields_at_fault", guessed(&story("solace-cloud", "The document's example"))),
        ("a_reason_phrase", guessed(&story("open2b", "The key is malformed"))),
        (
            "a_code_that_nobody_documents",
            guessed(&story("atlassian-backup", "A number that nobody documents")),
        ),
        ("nothing_but_a_status", pasted("HTTP/1.1 503 Service Unavailable\nContent-Length: 0")),
    ];
    for (name, explanation) in screens {
        insta::assert_snapshot!(name, explanation.to_string());
    }
}

#[test]
fn an_explanation_as_json_has_every_member() {
    let told = guessed(&story("open2b", "A field that another one needs"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&told).unwrap());
}

#[test]
fn a_row_on_its_own_is_explained() {
    let table = library().get("acronis-platform").unwrap();
    let found = explain::by_code(&table, "1022");
    let row: &Match<'_> = found.first().unwrap();
    let told = explain::row(&table, row, &Method::PUT, &words(), Sure::Named);
    assert_eq!((told.verdict.row.as_str(), told.verdict.status), ("1022", Some(400)));
    assert_eq!(told.not_documented, ["status"]);
}

#[test]
fn blanks_around_a_wording_make_no_difference() {
    let answer = "HTTP/1.1 404 Not Found\nContent-Type: application/json\n\n\
        {\"errorCode\":\"113\",\"errorMessage\":\" BackupId not found for importId = 7 \\n\"}";
    let read = candor_contract::transcript::read(answer.as_bytes()).unwrap();
    let answer = candor_facts::Answer {
        status: read.status,
        reason: None,
        headers: &read.headers,
        body: &read.body,
        check: candor_facts::Check::NotMade,
    };
    let exchange = candor_facts::Exchange {
        request: candor_facts::Request::default(),
        ending: candor_facts::Ending::Answer(answer),
        ended_at: None,
    };
    let table = candor_contract::Library::shipped().unwrap().get("atlassian-backup").unwrap();
    assert_eq!(table.classify(&exchange).row.id, "113.import");
}
