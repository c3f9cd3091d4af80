//! The troubles of the matrix, phase by phase.

use super::NAME;
use candor_facts::Outcome;
use candor_hostile::{
    Answer, Certificate, Hostile, StreamTurn, Turn, Until, connection, framing, handshake, streams,
};
use std::io;

/// One trouble over one protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) phase: &'static str,
    pub(crate) trouble: &'static str,
    pub(crate) http2: bool,
    /// Makes the peer, for HTTP/2 or not.
    pub(crate) place: fn(bool) -> io::Result<Place>,
    /// How the first attempt may end.
    pub(crate) ended: &'static [&'static str],
    /// What may be known of its effect.
    pub(crate) outcomes: &'static [Outcome],
    /// Whether the contract allows a repeat.
    pub(crate) allowed: bool,
}

/// A peer, and how it is called.
#[derive(Debug, Default)]
pub(crate) struct Place {
    pub(crate) upstream: Option<Hostile>,
    /// Instead of the peer's own address.
    pub(crate) url: Option<String>,
    /// Whether loopback addresses are refused.
    pub(crate) guarded: bool,
    /// The root that is trusted.
    pub(crate) root: Option<Vec<u8>>,
}

const UNSENT: &[Outcome] = &[Outcome::Unsent];
const UNKNOWN: &[Outcome] = &[Outcome::Unknown];
/// Whether a byte had left when the peer closed at once is a matter of who was first.
const EITHER: &[Outcome] = &[Outcome::Unsent, Outcome::Unknown];
const REFUSED: &[Outcome] = &[Outcome::Refused];

fn at(url: &str) -> Place {
    Place { url: Some(url.to_owned()), ..Place::default() }
}

fn trusting(certificate: &Certificate, upstream: Hostile) -> Place {
    Place { root: Some(certificate.root.clone()), ..Place::of(upstream) }
}

/// A server with this certificate.
fn with(certificate: io::Result<Certificate>, http2: bool) -> io::Result<Place> {
    let certificate = certificate?;
    let upstream = if http2 {
        Hostile::tls_http2(&certificate, StreamTurn::answers(Answer::new(204)))?
    } else {
        Hostile::tls(&certificate, Answer::new(204).turn())?
    };
    Ok(trusting(&certificate, upstream))
}

/// Reads the request, and answers in another protocol.
fn speaks_ssh() -> Turn {
    Turn::new().reads(Until::End).says("SSH-2.0-OpenSSH_9.6\r\n").closes()
}

type Row = (
    &'static str,
    &'static str,
    fn(bool) -> io::Result<Place>,
    &'static [&'static str],
    &'static [Outcome],
    bool,
);

/// Before HTTP is spoken, all is the same over both protocols.
const BEFORE: &[Row] = &[
    (
        "resolve",
        "no such name",
        |_| Ok(at("https://no-such-host.invalid/")),
        &["no_such_name"],
        UNSENT,
        false,
    ),
    (
        "resolve",
        "no answer from the name servers",
        |_| Ok(at("https://upstream.slow/")),
        &["resolve_timed_out"],
        UNSENT,
        true,
    ),
    (
        "guard",
        "an address of special use",
        |_| Ok(Place { guarded: true, ..Place::of(Hostile::refuses()?) }),
        &["address_refused"],
        UNSENT,
        false,
    ),
    (
        "connect",
        "refused",
        |_| Ok(Place::of(Hostile::refuses()?)),
        &["connection_refused"],
        UNSENT,
        true,
    ),
    (
        "connect",
        "not accepted",
        |_| Ok(Place::of(Hostile::never_accepts()?)),
        &["connect_timed_out"],
        UNSENT,
        true,
    ),
    (
        "handshake",
        "alert",
        |_| Ok(Place::of(Hostile::handshake(handshake::alert())?)),
        &["tls_alert"],
        UNSENT,
        false,
    ),
    (
        "handshake",
        "version alert",
        |_| Ok(Place::of(Hostile::handshake(handshake::version_alert())?)),
        &["tls_version"],
        UNSENT,
        false,
    ),
    (
        "handshake",
        "plain HTTP on the port",
        |_| Ok(Place::of(Hostile::handshake(handshake::plain_http())?)),
        &["not_tls"],
        UNSENT,
        false,
    ),
    (
        "handshake",
        "SSH on the port",
        |_| Ok(Place::of(Hostile::handshake(handshake::ssh_banner())?)),
        &["not_tls"],
        UNSENT,
        false,
    ),
    (
        "handshake",
        "closed",
        |_| Ok(Place::of(Hostile::handshake(handshake::closes())?)),
        &["tls_closed"],
        UNSENT,
        false,
    ),
    (
        "handshake",
        "reset",
        |_| Ok(Place::of(Hostile::handshake(handshake::resets())?)),
        &["tls_closed"],
        UNSENT,
        false,
    ),
    (
        "handshake",
        "mute",
        |_| Ok(Place::of(Hostile::handshake(handshake::mute())?)),
        &["handshake_timed_out"],
        UNSENT,
        true,
    ),
    (
        "handshake",
        "expired certificate",
        |http2| with(Certificate::expired(NAME), http2),
        &["certificate_expired"],
        UNSENT,
        false,
    ),
    (
        "handshake",
        "certificate of the future",
        |http2| with(Certificate::not_yet_valid(NAME), http2),
        &["certificate_not_yet_valid"],
        UNSENT,
        false,
    ),
    (
        "handshake",
        "self-signed certificate",
        |http2| with(Certificate::self_signed(NAME), http2),
        &["self_signed"],
        UNSENT,
        false,
    ),
    (
        "handshake",
        "unknown issuer",
        |http2| with(Certificate::of_unknown_issuer(NAME), http2),
        &["unknown_issuer"],
        UNSENT,
        false,
    ),
    (
        "handshake",
        "another name",
        |http2| with(Certificate::of_another_name(), http2),
        &["wrong_name"],
        UNSENT,
        false,
    ),
];

const HTTP1: &[Row] = &[
    (
        "send",
        "closed on accept",
        |_| Ok(Place::of(Hostile::http1(connection::closes_on_accept())?)),
        &["send_broken", "head_closed", "stale_connection"],
        EITHER,
        true,
    ),
    (
        "send",
        "reset on accept",
        |_| Ok(Place::of(Hostile::http1(connection::resets_on_accept())?)),
        &["send_broken", "head_closed", "connect_failed"],
        EITHER,
        true,
    ),
    (
        "send",
        "reset after 10 bytes",
        |_| Ok(Place::of(Hostile::http1(connection::resets_after(10))?)),
        &["send_broken", "head_closed"],
        UNKNOWN,
        true,
    ),
    (
        "send",
        "reset after the request's head",
        |_| Ok(Place::of(Hostile::http1(connection::resets_after_the_requests_head())?)),
        &["send_broken", "head_closed"],
        UNKNOWN,
        true,
    ),
    (
        "head",
        "closed before it",
        |_| Ok(Place::of(Hostile::http1(connection::closes_before_the_head())?)),
        &["head_closed"],
        UNKNOWN,
        true,
    ),
    (
        "head",
        "closed within it",
        |_| Ok(Place::of(Hostile::http1(connection::closes_in_the_head())?)),
        &["head_closed"],
        UNKNOWN,
        true,
    ),
    (
        "head",
        "not HTTP",
        |_| Ok(Place::of(Hostile::http1(speaks_ssh())?)),
        &["head_malformed", "send_broken"],
        UNKNOWN,
        false,
    ),
    (
        "head",
        "mute",
        |_| Ok(Place::of(Hostile::http1(connection::mute_before_the_head())?)),
        &["head_timed_out"],
        UNKNOWN,
        true,
    ),
    (
        "body",
        "closed within it",
        |_| Ok(Place::of(Hostile::http1(connection::closes_in_the_body())?)),
        &["body_truncated"],
        UNKNOWN,
        true,
    ),
    (
        "body",
        "reset within it",
        |_| Ok(Place::of(Hostile::http1(connection::resets_in_the_body())?)),
        &["body_truncated"],
        UNKNOWN,
        true,
    ),
    (
        "body",
        "mute",
        |_| Ok(Place::of(Hostile::http1(connection::mute_in_the_body())?)),
        &["body_timed_out"],
        UNKNOWN,
        true,
    ),
    (
        "body",
        "a chunk's size is wrong",
        |_| Ok(Place::of(Hostile::http1(framing::bad_chunk_size())?)),
        &["body_malformed"],
        UNKNOWN,
        false,
    ),
    (
        "answer",
        "429",
        |_| Ok(Place::of(Hostile::http1(Answer::new(429).turn())?)),
        &["status 429"],
        REFUSED,
        true,
    ),
    (
        "answer",
        "503",
        |_| Ok(Place::of(Hostile::http1(Answer::new(503).turn())?)),
        &["status 503"],
        UNKNOWN,
        true,
    ),
];

const HTTP2: &[Row] = &[
    (
        "send",
        "stream refused",
        |_| Ok(Place::of(Hostile::http2(streams::refuses())?)),
        &["stream_refused"],
        UNSENT,
        true,
    ),
    (
        "send",
        "goes away, stream not taken",
        |_| Ok(Place::of(Hostile::http2(streams::goes_away_before())?)),
        &["gone_away"],
        UNSENT,
        true,
    ),
    (
        "send",
        "closed after the request's head",
        |_| Ok(Place::of(Hostile::http2(streams::closes_after_the_requests_head())?)),
        &["send_broken", "head_closed"],
        UNKNOWN,
        true,
    ),
    (
        "head",
        "stream reset before it",
        |_| {
            Ok(Place::of(Hostile::http2(streams::resets_before_the_head(streams::INTERNAL_ERROR))?))
        },
        &["head_closed", "send_broken"],
        UNKNOWN,
        true,
    ),
    (
        "head",
        "closed before it",
        |_| Ok(Place::of(Hostile::http2(streams::closes_before_the_head())?)),
        &["head_closed", "send_broken"],
        UNKNOWN,
        true,
    ),
    (
        "head",
        "connection reset before it",
        |_| Ok(Place::of(Hostile::http2(streams::connection_resets_before_the_head())?)),
        &["head_closed", "send_broken"],
        UNKNOWN,
        true,
    ),
    (
        "head",
        "mute",
        |_| Ok(Place::of(Hostile::http2(streams::mute_before_the_head())?)),
        &["head_timed_out"],
        UNKNOWN,
        true,
    ),
    (
        "body",
        "stream reset within it",
        |_| Ok(Place::of(Hostile::http2(streams::resets_in_the_body())?)),
        &["body_truncated"],
        UNKNOWN,
        true,
    ),
    (
        "body",
        "closed within it",
        |_| Ok(Place::of(Hostile::http2(streams::closes_in_the_body())?)),
        &["body_truncated"],
        UNKNOWN,
        true,
    ),
    (
        "body",
        "mute",
        |_| Ok(Place::of(Hostile::http2(streams::mute_in_the_body())?)),
        &["body_timed_out"],
        UNKNOWN,
        true,
    ),
];

/// All cases: what comes before HTTP over both protocols, then each protocol's own.
pub(crate) fn cases() -> Vec<Case> {
    let case = |http2: bool| {
        move |row: &Row| {
            let (phase, trouble, place, ended, outcomes, allowed) = *row;
            Case { phase, trouble, http2, place, ended, outcomes, allowed }
        }
    };
    let before = [false, true].into_iter().flat_map(|http2| BEFORE.iter().map(case(http2)));
    before.chain(HTTP1.iter().map(case(false))).chain(HTTP2.iter().map(case(true))).collect()
}
