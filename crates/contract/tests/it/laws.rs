//! The laws of reading and writing, for every row of every shipped contract.

use candor_contract::{Dialect, Library, Parts, Row, Table, Written};
use candor_facts::{
    Answer, Check, Class, Ending, Exchange, FieldError, How, Next, Origin, Outcome, Request, Retry,
    Verdict, Who, Why,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use proptest::prelude::*;
use std::sync::LazyLock;
use uuid::Uuid;

fn library() -> &'static Library {
    static LIBRARY: LazyLock<Library> =
        LazyLock::new(|| Library::shipped().unwrap_or_else(|d| panic!("{d}")));
    &LIBRARY
}

fn headers(written: &Written) -> HeaderMap {
    let pair = |(n, v): &(http::HeaderName, String)| (n.clone(), HeaderValue::from_str(v).unwrap());
    written.headers.iter().map(pair).collect()
}

fn answer<'a>(written: &'a Written, headers: &'a HeaderMap) -> Answer<'a> {
    Answer {
        status: StatusCode::from_u16(written.status).unwrap(),
        reason: written.reason.as_ref().map(String::as_bytes),
        headers,
        body: &written.body,
        check: Check::NotMade,
    }
}

/// The row that recognises what `row` wrote.
fn round(table: &Table, row: &Row, parts: &Parts<'_>) -> Option<String> {
    let written = table.emit(row, parts)?;
    let headers = headers(&written);
    let when = row.when.iter().find(|w| !w.status.is_empty());
    let path = when.and_then(|w| w.path.first()).map(candor_contract::PathPattern::example);
    let method = when.and_then(|w| w.method.first()).unwrap_or(&Method::GET);
    let request = Request { method, path: path.as_deref().unwrap_or("/"), ..Request::default() };
    let ending = Ending::Answer(answer(&written, &headers));
    let reading = table.classify(&Exchange { request, ending, ended_at: None });
    Some(reading.row.id.clone())
}

/// Every row that can be written, with its table.
fn writable() -> Vec<(std::sync::Arc<Table>, String)> {
    let library = library();
    let mut rows = Vec::new();
    for table in library.tables() {
        for row in table.own_rows() {
            if table.emit(row, &Parts::default()).is_some() {
                rows.push((table.clone(), row.id.clone()));
            }
        }
    }
    rows
}

#[test]
fn every_row_recognises_what_it_writes() {
    let wrong: Vec<String> = writable()
        .iter()
        .filter_map(|(table, id)| {
            let row = table.row(id).unwrap();
            let found = round(table, row, &Parts::default())?;
            (found != *id).then(|| format!("{}: {id} is read as {found}", table.name()))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Beginnings of bodies that are told apart, and what may follow them.
const BEGINNINGS: [&str; 8] = [
    "{\"status\": \"ok\", \"items\": [",
    "{\"error\": {\"code\": 1006, \"message\": \"",
    "{\"data\": {\"operationType\": \"createService\", \"status\": \"",
    "<!DOCTYPE html><title>Sign in</title>",
    "   \n  <html><body>",
    "Service Unavailable",
    "[",
    "",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    /// What settles an answer before its end is still true at its end.
    #[test]
    fn what_is_settled_stays_so(
        status in 200_u16..300,
        media in one_of(&["application/json", "text/html", "text/plain", "", "application/pdf"]),
        beginning in one_of(&BEGINNINGS),
        filler in one_of(&[" ", "x", "1,", "\"}"]),
        more in one_of(&BEGINNINGS),
        put in any::<bool>(),
    ) {
        let method = if put { Method::PUT } else { Method::GET };
        let so_far = format!("{beginning}{}", filler.repeat(70));
        let whole = format!("{so_far}{more}");
        let mut headers = HeaderMap::new();
        if !media.is_empty() {
            headers.insert("content-type", HeaderValue::from_static(media));
        }
        let status = StatusCode::from_u16(status).unwrap();
        for table in library().tables() {
            for path in ["/", "/api/2/tenants/usages"] {
                let request = Request { method: &method, path, ..Request::default() };
                let exchange = |body| Exchange {
                    request,
                    ending: Ending::Answer(Answer { status, reason: None, headers: &headers, body, check: Check::NotMade }),
                    ended_at: None,
                };
                if let Some(settled) = table.settled(&exchange(so_far.as_bytes())) {
                    let read = table.classify(&exchange(whole.as_bytes()));
                    prop_assert_eq!(&settled.row.id, &read.row.id, "{}", table.name());
                    prop_assert_eq!(settled.outcome, read.outcome);
                }
            }
        }
    }
}

#[test]
fn most_successes_are_settled_before_their_end() {
    let body = format!("{{\"items\": [{}", " ".repeat(80));
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let answer = Answer {
        status: StatusCode::OK,
        reason: None,
        headers: &headers,
        body: body.as_bytes(),
        check: Check::NotMade,
    };
    let request = Request { path: "/api/2/tenants", ..Request::default() };
    let exchange = Exchange { request, ending: Ending::Answer(answer), ended_at: None };
    let settled = |name| library().get(name).unwrap().settled(&exchange).map(|r| r.row.id.clone());
    assert_eq!(settled("acronis-platform").as_deref(), Some("20x"));
    assert_eq!(settled("atlassian-backup").as_deref(), Some("200"));
    assert_eq!(settled("http").as_deref(), Some("ok"));
    // These say in their bodies whether they succeeded.
    assert_eq!(settled("open2b"), None);
    assert_eq!(settled("solace-cloud"), None);
}

fn word() -> impl Strategy<Value = String> {
    "[A-Za-z][A-Za-z0-9_.-]{0,15}"
}

fn text() -> impl Strategy<Value = Option<String>> {
    proptest::option::of("[ -~äß€日]{1,40}")
}

prop_compose! {
    fn field()(path in word(), kind in proptest::option::of(word()), related in proptest::option::of(word()), message in text()) -> FieldError {
        FieldError { pointer: None, path, kind, related, message }
    }
}

fn one_of<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(all)
}

prop_compose! {
    fn verdict()(
        class in one_of(&Class::ALL[2..]),
        status in proptest::option::of(200_u16..600),
        origin in one_of(Origin::ALL),
        outcome in one_of(Outcome::ALL),
        safe in any::<bool>(),
        after in proptest::option::of(0_u64..100_000),
        why in one_of(Why::ALL),
        fields in proptest::collection::vec(field(), 0..4),
        texts in (text(), text(), text(), text()),
        who in one_of(Who::ALL),
        how in one_of(How::ALL),
        id in proptest::option::of(any::<u128>()),
        inferred in any::<bool>(),
    ) -> Verdict {
        let (message, detail, code, upstream_error_id) = texts;
        Verdict {
            class, status, code, origin, outcome,
            retry: Retry { safe, after, why },
            fields, message, detail,
            next: Next { who, how },
            error_id: id.map(Uuid::from_u128),
            upstream_error_id,
            contract: "http@1".to_owned(),
            row: "status.4xx".to_owned(),
            cite: String::new(),
            inferred,
            attempts: Vec::new(),
            raw: None,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_row_recognises_what_it_writes_with_any_values(
        pick in any::<proptest::sample::Index>(),
        fields in proptest::collection::vec(field(), 1..3),
        names in proptest::collection::vec(word(), 12),
        said in text(),
        wait in 0_u64..1_000_000,
    ) {
        let rows = writable();
        let (table, id) = pick.get(&rows);
        let row = table.row(id).unwrap();
        let slots = ["org", "orgId", "cloudId", "product", "backupId", "restoreId", "exportId", "importId", "method", "name"];
        let named: Vec<_> = slots.iter().copied().zip(names.iter().map(String::as_str)).collect();
        let parts = Parts { fields: &fields, named: &named, message: said.as_deref(), wait: Some(wait), ..Parts::default() };
        prop_assert_eq!(round(table, row, &parts), Some(id.clone()), "{}", table.name());
    }

    #[test]
    fn a_problem_carries_the_whole_verdict(verdict in verdict()) {
        let written = Dialect::Problem.write(&verdict);
        prop_assert_eq!(candor_contract::answer::read_problem(&written.body), Some(verdict));
    }

    #[test]
    fn a_foreign_form_carries_exactly_its_projection(verdict in verdict()) {
        let library = library();
        for table in library.tables() {
            let dialect = Dialect::Contract(table);
            let written = dialect.write(&verdict);
            let headers = headers(&written);
            let read = dialect.read(&answer(&written, &headers));
            prop_assert_eq!(read, Some(dialect.project(&verdict)), "{}: {:?}", table.name(), written);
        }
    }
}
