//! All troubles by name, so that a test can walk them.
//!
//! Names are paths of this crate: `connection::resets_on_accept`. What takes a parameter is listed
//! with one that is well past any sensible limit and still quick.

use crate::script::Turn;
use crate::streams::{self, StreamTurn};
use crate::{Answer, bodies, connection, framing, handshake, heads};
use std::time::Duration;

/// A trouble with its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble<T> {
    /// Where it is made.
    pub name: &'static str,
    /// What happens to a request.
    pub turn: T,
    /// Whether the server is silent or slow beyond all sense: only the client's patience ends it.
    pub stalls: bool,
}

/// Makes `Trouble`s of calls, named by their module and function.
macro_rules! troubles {
    ($module:ident, $stalls:expr, $($name:ident($($with:expr),*)),+ $(,)?) => {
        vec![$(Trouble {
            name: concat!(stringify!($module), "::", stringify!($name)),
            turn: $module::$name($($with),*),
            stalls: $stalls,
        }),+]
    };
}

/// Every trouble over HTTP/1.1: the connection, heads, framing and bodies.
pub fn http1() -> Vec<Trouble<Turn>> {
    let of_bodies = bodies().into_iter().map(|trouble| Trouble {
        name: trouble.name,
        turn: trouble.turn.turn(),
        stalls: false,
    });
    let all = [connections(), silences(), heads(), framing()];
    all.into_iter().flatten().chain(of_bodies).collect()
}

/// Every trouble over HTTP/2: streams and bodies.
pub fn http2() -> Vec<Trouble<StreamTurn>> {
    let of_bodies = bodies().into_iter().map(|trouble| Trouble {
        name: trouble.name,
        turn: StreamTurn::answers(trouble.turn),
        stalls: false,
    });
    streams().into_iter().chain(of_bodies).collect()
}

/// Every trouble with a handshake, for [`Hostile::handshake`](crate::Hostile::handshake).
pub fn handshakes() -> Vec<Trouble<Turn>> {
    let mut all = troubles![
        handshake,
        false,
        alert(),
        version_alert(),
        plain_http(),
        ssh_banner(),
        closes(),
        resets(),
        half_a_hello(),
        nonsense(),
    ];
    all.extend(troubles![handshake, true, mute()]);
    all
}

/// Every trouble of a body, with status 200.
pub fn bodies() -> Vec<Trouble<Answer>> {
    troubles![
        bodies,
        false,
        truncated_json(),
        malformed_json(),
        two_values(),
        deep_json(100_000),
        deep_open_json(100_000),
        duplicate_keys(),
        duplicate_keys_by_escape(),
        not_utf8(),
        utf16(),
        lone_surrogate(),
        byte_order_mark(),
        giant_number(100_000),
        null(),
        html(),
        html_as_json(),
        json_as_picture(),
        untyped(),
        bad_type(),
        empty(),
        gzip(),
        gzip_that_is_none(),
        gzip_truncated(),
        gzip_bomb(8),
    ]
}

fn connections() -> Vec<Trouble<Turn>> {
    troubles![
        connection,
        false,
        resets_on_accept(),
        closes_on_accept(),
        resets_after(1),
        closes_after(1),
        resets_after_the_requests_head(),
        closes_after_the_requests_head(),
        closes_before_the_head(),
        resets_before_the_head(),
        closes_in_the_head(),
        closes_before_the_body(),
        closes_in_the_body(),
        resets_in_the_body(),
        closes_after_the_answer(),
    ]
}

fn silences() -> Vec<Trouble<Turn>> {
    let pause = Duration::from_millis(50);
    troubles![
        connection,
        true,
        mute_on_accept(),
        mute_after(1),
        mute_before_the_head(),
        mute_in_the_head(),
        mute_before_the_body(),
        mute_in_the_body(),
        drips_the_head(pause),
        drips_the_body(100_000, pause),
    ]
}

fn heads() -> Vec<Trouble<Turn>> {
    let mut all = troubles![
        heads,
        false,
        ssh_banner(),
        smtp_banner(),
        garbage(),
        no_head(),
        tls_alert(),
        http2_status_line(),
        long_status(),
        unknown_status(),
        switches_protocols(),
        informational(3),
        informational(10_000),
        answers_before_the_request(),
        answers_after_the_requests_head(),
        duplicate_headers(),
        giant_header(1 << 20),
        many_headers(10_000),
        bad_header_name(),
        bad_header_value(),
        folded_header(),
        bare_line_feeds(),
    ];
    all.extend(troubles![heads, true, continues_for_ever(), endless_head(1 << 20)]);
    all
}

fn framing() -> Vec<Trouble<Turn>> {
    let mut all = troubles![
        framing,
        false,
        announces_more(5),
        announces_less(5),
        trails_bytes(),
        answers_twice(),
        two_lengths(),
        negative_length(),
        overflowing_length(),
        length_and_chunks(),
        until_close(),
        bad_chunk_size(),
        negative_chunk_size(),
        overflowing_chunk_size(),
        chunk_without_line_end(),
        short_chunk(),
        no_last_chunk(),
        half_a_last_chunk(),
        chunk_extensions(1 << 20),
        chunk_extension_flood(1000),
        trailer_flood(10_000),
    ];
    all.extend(troubles![framing, true, boundless_length()]);
    all
}

fn streams() -> Vec<Trouble<StreamTurn>> {
    let mut all = troubles![
        streams,
        false,
        refuses(),
        goes_away_before(),
        goes_away_after(),
        goes_away_to_calm(),
        answers_and_goes_away(),
        resets_before_the_head(streams::CANCEL),
        resets_after_the_head(),
        resets_in_the_body(),
        refuses_in_the_body(),
        resets_after_the_body(),
        ends_too_early(),
        closes_before_the_head(),
        closes_in_the_body(),
        connection_resets_before_the_head(),
        connection_resets_in_the_body(),
        closes_after_the_requests_head(),
        informational(3),
    ];
    all.extend(troubles![
        streams,
        true,
        mute_before_the_head(),
        mute_after_the_head(),
        mute_in_the_body(),
        never_reads_the_body(),
    ]);
    all
}
