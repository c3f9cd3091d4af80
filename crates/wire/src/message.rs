//! What a caller asks to be sent, and what it gets: plain values, and the header fields that a
//! gateway must keep to itself (RFC 9110, section 7.6.1).

use crate::body::Floor;
use crate::path::RequestPath;
use crate::target::Target;
use crate::upload::Upload;
use bytes::Bytes;
use http::header::{self, HeaderName};
use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, Version};
use std::time::Duration;
use tokio::time::Instant;

/// A request to send.
#[derive(Debug, Clone)]
pub struct Outbound {
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub path: RequestPath,
    /// Its header fields. `Host`, `Content-Length` and `Transfer-Encoding` are set from the target
    /// and the body; hop-by-hop fields and `Expect` are not sent on, but for `TE: trailers`. Whoever
    /// sends an `Accept-Encoding` gets answers that are coded: nothing is decompressed here.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Upload,
    /// How long each phase may take.
    pub timeouts: Timeouts,
    /// When the whole call must be over. What phase it strikes, that phase timed out. The time in
    /// which a body is passed on is not counted: it has only to go on, within `timeouts.stall`.
    pub deadline: Instant,
    /// The most bytes that the answer's body may have; 8 MiB by default.
    pub body_limit: usize,
    /// The pace that the answer's body must keep; 1 KiB a second after 5 seconds by default.
    pub body_floor: Option<Floor>,
}

/// How long each phase of a call may take. The deadline bounds them all.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// Finding the name's addresses: 2 s.
    pub resolve: Duration,
    /// Opening a connection, over all addresses: 2 s.
    pub connect: Duration,
    /// The TLS handshake: 3 s.
    pub handshake: Duration,
    /// From the first byte sent to the answer's head: 10 s. Where the request's body is passed on,
    /// from its last byte.
    pub head: Duration,
    /// Reading the answer's body, where it is read whole: 30 s.
    pub body: Duration,
    /// Waiting for more of a body that is passed on as it comes, either way: 30 s.
    pub stall: Duration,
}

/// A complete answer.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its status. A redirect is an answer like any other; it is never followed.
    pub status: StatusCode,
    /// Its reason phrase, where it is not the standard one.
    pub reason: Option<Bytes>,
    /// Its header fields, without the hop-by-hop ones.
    pub headers: HeaderMap,
    /// Its body, as it was sent: no content coding is undone.
    pub body: Bytes,
    /// Its protocol version.
    pub version: Version,
    /// How long each phase took.
    pub timing: Timing,
}

/// How long each phase of a call took; zero where a phase was not needed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// Whether a kept connection was used, so that the first three phases were not needed.
    pub reused: bool,
    /// Finding the name's addresses.
    pub resolve: Duration,
    /// Opening the connection.
    pub connect: Duration,
    /// The TLS handshake.
    pub handshake: Duration,
    /// Passing on the request's body, where it was passed on as it came.
    pub upload: Duration,
    /// From the first byte sent to the answer's head; where the body was passed on, from its last.
    pub head: Duration,
    /// Reading the answer's body.
    pub body: Duration,
}

/// The most bytes that an answer's body has by default.
pub const BODY_LIMIT: usize = 8 * 1024 * 1024;

/// How long a whole call takes at most by default.
pub const TOTAL: Duration = Duration::from_secs(30);

impl Outbound {
    /// A request without fields or body, with the default bounds, counted from now.
    pub fn new(method: Method, path: RequestPath) -> Self {
        Self::until(Instant::now() + TOTAL, method, path)
    }

    /// The same, to be over at `deadline`.
    pub fn until(deadline: Instant, method: Method, path: RequestPath) -> Self {
        Self {
            method,
            path,
            headers: HeaderMap::new(),
            body: Upload::default(),
            timeouts: Timeouts::default(),
            deadline,
            body_limit: BODY_LIMIT,
            body_floor: Some(Floor::default()),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            resolve: Duration::from_secs(2),
            connect: Duration::from_secs(2),
            handshake: Duration::from_secs(3),
            head: Duration::from_secs(10),
            body: TOTAL,
            stall: Duration::from_secs(30),
        }
    }
}

/// The request as it goes to `target`, in a box: it passes through several hands.
pub(crate) fn compose(target: &Target, outbound: &Outbound) -> Box<Request<Upload>> {
    let Outbound { method, path, headers, body, .. } = outbound;
    let mut request = Box::new(Request::new(body.clone()));
    *request.method_mut() = method.clone();
    *request.uri_mut() = Uri::from(path.clone().into_inner());
    *request.headers_mut() = outgoing(headers, target.host(), method, body.length());
    request
}

/// The request in the form of HTTP/1.1: a path, and the host in its field, which goes first. Chunks
/// are named for every method: the HTTP layer would take a GET's for no body at all.
pub(crate) fn for_http1(request: &mut Request<Upload>, target: &Target) {
    if request.uri().scheme().is_some() {
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = path.map(Uri::from).unwrap_or_default();
        let rest = std::mem::take(request.headers_mut());
        request.headers_mut().insert(header::HOST, target.host().clone());
        request.headers_mut().extend(rest);
    }
    if request.body().length().is_none() {
        let chunked = HeaderValue::from_static("chunked");
        request.headers_mut().insert(header::TRANSFER_ENCODING, chunked);
    }
    if request.headers().contains_key(header::TE) {
        // Whoever sends TE names it there (RFC 9110, section 10.1.4).
        request.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("te"));
    }
}

/// The request in the form of HTTP/2: scheme, authority and path, and no `Host` (RFC 9113, section
/// 8.3.1) nor what is about a connection (section 8.2.2).
pub(crate) fn for_http2(request: &mut Request<Upload>, target: &Target) {
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = Some(if target.tls().is_some() { Scheme::HTTPS } else { Scheme::HTTP });
    parts.authority = Some(target.authority().clone());
    // All three parts are there, which is all that is asked of them.
    *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
    for name in [header::HOST, header::TRANSFER_ENCODING, header::CONNECTION] {
        request.headers_mut().remove(name);
    }
}

/// `Host` goes first (RFC 9110, section 7.2), then what may be sent on, then what we can take, then
/// the length, where it is known.
fn outgoing(
    given: &HeaderMap,
    host: &HeaderValue,
    method: &Method,
    length: Option<u64>,
) -> HeaderMap {
    let options = options(given);
    let mut headers = HeaderMap::with_capacity(given.len() + 3);
    headers.insert(header::HOST, host.clone());
    for (name, value) in given {
        let stays = SET_BY_US.contains(name) || HOP_BY_HOP.contains(name);
        if !stays && !options.contains(name) {
            headers.append(name, value.clone());
        }
    }
    if takes_trailers(given) {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    if let Some(length) = length.filter(|length| *length > 0 || expects_a_body(method)) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    headers
}

/// Whether whoever asks takes trailers (RFC 9110, section 10.1.4); then so do we, for they are
/// passed on.
fn takes_trailers(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::TE).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|te| te.trim().eq_ignore_ascii_case("trailers"))
}

/// Methods whose request says `Content-Length: 0` when it has no body (RFC 9110, section 8.6).
fn expects_a_body(method: &Method) -> bool {
    [Method::POST, Method::PUT, Method::PATCH].contains(method)
}

/// Fields of a request that are not taken from the caller.
const SET_BY_US: [HeaderName; 4] =
    [header::HOST, header::CONTENT_LENGTH, header::TRAILER, header::EXPECT];

/// Removes the fields that are for one hop only, and those that `Connection` names.
pub(crate) fn drop_hop_by_hop(headers: &mut HeaderMap) {
    for name in options(headers) {
        headers.remove(name);
    }
    // Mostly there is none, and looking is cheaper than removing.
    if headers.keys().any(|name| HOP_BY_HOP.contains(name)) {
        for name in &HOP_BY_HOP {
            headers.remove(name);
        }
    }
}

/// The names of the fields that `Connection` names.
fn options(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let names = values.flat_map(|value| value.split(','));
    names.filter_map(|name| HeaderName::try_from(name.trim()).ok()).collect()
}

/// RFC 9110, section 7.6.1, and what is between a client and its proxy (sections 11.7.1 and 11.7.2),
/// which neither the caller nor the upstream is to us.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::TargetPolicy;

    #[test]
    fn a_request_takes_the_form_of_its_connection_and_back() {
        let policy = TargetPolicy { allow_http: true, ..TargetPolicy::default() };
        let target = Target::parse("http://a.example:81/x?y=1", &policy).unwrap();
        let headers = fields(&[("x-one", "1"), ("x-two", "2")]);
        let outbound = Outbound { headers, ..Outbound::new(Method::PUT, target.path()) };
        let mut request = compose(&target, &outbound);
        let (uri, names) = (request.uri().clone(), request.headers().clone());
        for_http1(&mut request, &target);
        for_http2(&mut request, &target);
        assert_eq!(request.uri(), "http://a.example:81/x?y=1");
        assert!(!request.headers().contains_key("host"));
        for_http1(&mut request, &target);
        assert_eq!((request.uri(), request.headers()), (&uri, &names));
        assert_eq!(request.headers().keys().next().unwrap(), "host");
    }

    fn fields(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn sent(method: &Method, given: &[(&'static str, &'static str)], length: u64) -> Vec<String> {
        outgoing(&fields(given), &HeaderValue::from_static("a.example"), method, Some(length))
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect()
    }

    #[test]
    fn the_host_is_the_targets_and_goes_first() {
        let given = [("x-one", "1"), ("host", "evil.example"), ("x-one", "2")];
        assert_eq!(sent(&Method::GET, &given, 0), ["host: a.example", "x-one: 1", "x-one: 2"]);
    }

    #[test]
    fn the_length_is_the_bodys() {
        let given = [("content-length", "999"), ("transfer-encoding", "chunked")];
        assert_eq!(sent(&Method::POST, &given, 5), ["host: a.example", "content-length: 5"]);
        assert_eq!(sent(&Method::POST, &[], 0), ["host: a.example", "content-length: 0"]);
        assert_eq!(sent(&Method::DELETE, &[], 0), ["host: a.example"]);
        let unknown =
            outgoing(&HeaderMap::new(), &HeaderValue::from_static("a"), &Method::PUT, None);
        assert_eq!(unknown.len(), 1);
    }

    #[test]
    fn codings_and_trailers_are_for_the_caller_to_ask_for() {
        let given = [("accept-encoding", "gzip"), ("te", "deflate, Trailers"), ("trailer", "x")];
        let sent = sent(&Method::GET, &given, 0);
        assert_eq!(sent, ["host: a.example", "accept-encoding: gzip", "te: trailers"]);
    }

    #[test]
    fn hop_by_hop_fields_stay_on_their_hop() {
        let mut headers = fields(&[
            ("connection", "close, X-Hop"),
            ("connection", "x-other"),
            ("x-hop", "1"),
            ("x-other", "1"),
            ("keep-alive", "timeout=5"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("proxy-authorization", "Basic x"),
            ("proxy-connection", "close"),
            ("transfer-encoding", "chunked"),
            ("content-type", "text/plain"),
        ]);
        drop_hop_by_hop(&mut headers);
        assert_eq!(headers, fields(&[("content-type", "text/plain")]));
    }
}
