//! What all tests of an API need: a player who sends calls without a socket, the documents' rows,
//! literals transcribed by hand, and laws that hold for every API.

pub(crate) mod laws;
pub(crate) mod literals;

use bytes::Bytes;
use candor_contract::{Library, Reading};
use candor_facts::{Answer, Check, Ending, Exchange, Request};
use candor_sandbox::reach::{self, Scene, Step};
use candor_sandbox::serve::LARGEST_BODY;
use candor_sandbox::stage::{Api, Body, Call, Reply, Seed, Stage};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// The base URL in scenes that are played here; a player takes it off.
pub(crate) const URL: &str = "http://sandbox.test";

/// The contracts, read once.
fn library() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| Library::shipped().unwrap())
}

/// Plays calls to an API in a world that is the same each time.
pub(crate) struct Player<A: Api>(pub(crate) Stage<A>);

impl<A: Api> Player<A> {
    pub(crate) fn new() -> Self {
        Self(Stage::new(library(), Seed::Fixed(1)).unwrap())
    }

    /// Sends one request, once: to the API, or to `/sandbox/...`.
    pub(crate) fn send(&self, step: &Step) -> Reply {
        let uri: Uri = step.url.strip_prefix(URL).unwrap_or(&step.url).parse().unwrap();
        let body = match step.body.len() {
            length if length > LARGEST_BODY => Body::TooLarge,
            _ => Body::Whole(Bytes::copy_from_slice(step.body.as_bytes())),
        };
        let control = uri.path().starts_with("/sandbox");
        let method: Method = step.method.parse().unwrap();
        let call = Call { method, uri, headers: headers(step), body, now: Timestamp::UNIX_EPOCH };
        if control { self.0.control(&call) } else { self.0.call(call) }
    }

    /// Plays a scene to its end; the answers to all but its last request must not be 5xx, and to
    /// its controls be 200.
    pub(crate) fn play(&self, scene: &Scene) -> Reply {
        let (last, before) = scene.steps.split_last().unwrap();
        for step in before {
            for _ in 0..step.times {
                let reply = self.send(step);
                let good = if step.url.contains("/sandbox/") { 200..=200 } else { 200..=599 };
                assert!(
                    good.contains(&reply.status.as_u16()),
                    "{}: {step:?}: {reply:?}",
                    scene.row
                );
            }
        }
        assert_eq!(last.times, 1, "{}: the last request is sent once", scene.row);
        self.send(last)
    }

    /// What the contract says that a reply means.
    pub(crate) fn reading<'t>(&'t self, step: &Step, reply: &Reply) -> Reading<'t> {
        let uri: Uri = step.url.strip_prefix(URL).unwrap_or(&step.url).parse().unwrap();
        let method: Method = step.method.parse().unwrap();
        let request = Request { method: &method, path: uri.path(), ..Request::default() };
        let answer = Answer {
            status: reply.status,
            reason: reply.reason.as_deref().map(str::as_bytes),
            headers: &reply.headers,
            body: &reply.body,
            check: Check::NotMade,
        };
        let ended_at = None;
        self.0.table().classify(&Exchange { request, ending: Ending::Answer(answer), ended_at })
    }

    /// The row by which the contract knows a reply.
    pub(crate) fn row(&self, step: &Step, reply: &Reply) -> String {
        self.reading(step, reply).row.id.clone()
    }
}

/// The header fields of a step, with the framing that a client adds.
fn headers(step: &Step) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &step.headers {
        headers.append::<HeaderName>(name.parse().unwrap(), HeaderValue::from_str(value).unwrap());
    }
    let framed =
        headers.contains_key("content-length") || headers.contains_key("transfer-encoding");
    if !framed && !step.body.is_empty() {
        headers.insert("content-length", HeaderValue::from(step.body.len()));
    }
    headers
}

/// A request, put together in a test.
pub(crate) fn step(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Step {
    let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
    let url = format!("{URL}{path}");
    Step { method: method.to_owned(), url, headers, body: body.to_owned(), times: 1 }
}

/// The scenes of an API.
pub(crate) fn scenes<A: Api>() -> Vec<Scene> {
    let url = format!("{URL}{}", A::BASE);
    let given = [("url", url.as_str()), ("sandbox", URL)];
    reach::read(A::REACH, &given).unwrap_or_else(|error| panic!("{}: {error}", A::NAME))
}

/// The rows that the API's document names, from the list transcribed by hand.
pub(crate) fn documented(list: &str) -> BTreeSet<String> {
    let lines = list.lines().skip(1).filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.map(|line| line.rsplit('\t').next().unwrap().to_owned()).collect()
}

/// Plays every scene, each in a world of its own: its last answer is the row's for the contract, and
/// was written by that row. Each documented row must have a scene.
pub(crate) fn assert_all_reached<A: Api>(list: &str, literals: &str) {
    let scenes = scenes::<A>();
    let mut missing = documented(list);
    let mut wrong = Vec::new();
    for scene in &scenes {
        let player = Player::<A>::new();
        let reply = player.play(scene);
        let row = player.row(scene.steps.last().unwrap(), &reply);
        missing.remove(&scene.row);
        if row != scene.row || reply.row.is_some_and(|written| written != row) {
            let body = String::from_utf8_lossy(&reply.body).into_owned();
            wrong.push(format!(
                "{} reads as {row}: {:?} {} {body}",
                scene.row, reply.row, reply.status
            ));
        }
        if let Err(difference) = literals::hold(literals, &scene.row, &reply) {
            wrong.push(format!("{}: {difference}", scene.row));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(missing.is_empty(), "no scene reaches {missing:?}");
}
