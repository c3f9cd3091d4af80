//! What a request must say besides being well-formed; the same for HTTP/1 and HTTP/2.
//!
//! A method that is not known is an extension (RFC 9110, section 9.1) and passes. A body is legal
//! with every method.

use candor_facts::{Held, HeldKind};
use http::header::{COOKIE, EXPECT, HOST, UPGRADE};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};
use std::net::Ipv6Addr;

/// Names that a server may take for the fields that frame a body, where it takes `_` for `-`.
const LOOKALIKES: [HeaderName; 2] =
    [HeaderName::from_static("content_length"), HeaderName::from_static("transfer_encoding")];

/// Lets a request in, and makes one field of the cookies that HTTP/2 may send in several (RFC 9113,
/// section 8.2.3).
///
/// # Errors
/// The request says something that must be refused.
pub(crate) fn admit(head: &mut Parts) -> Result<(), Held> {
    method(&head.method)?;
    host(head)?;
    target(head)?;
    fields(&head.headers)?;
    if head.version == Version::HTTP_2 {
        join_cookies(&mut head.headers);
    }
    Ok(())
}

/// `CONNECT` asks for a tunnel, and `TRACE` shows to a script what a browser hides from it.
fn method(method: &Method) -> Result<(), Held> {
    if [Method::CONNECT, Method::TRACE].contains(method) {
        return Err(not_implemented(format!("`{method}` is not offered")));
    }
    Ok(())
}

/// One host is asked for, and it is one (RFC 9112, section 3.2, and RFC 9113, section 8.3.1).
fn host(head: &Parts) -> Result<(), Held> {
    let mut hosts = head.headers.get_all(HOST).iter();
    let (host, second) = (hosts.next(), hosts.next());
    let authority = head.uri.authority();
    let is_named = match head.version {
        Version::HTTP_11 => host.is_some(),
        Version::HTTP_10 | Version::HTTP_09 => true,
        _ => host.is_some() || authority.is_some(),
    };
    if !is_named || second.is_some() {
        return Err(malformed("the request does not name its host once"));
    }
    let host = host.map(HeaderValue::as_bytes);
    if host.is_some_and(|host| !is_host(host)) {
        return Err(malformed("`Host` is not a name or an address, with or without a port"));
    }
    match authority {
        Some(authority) => in_target(&head.uri, authority, host),
        None => Ok(()),
    }
}

/// A target that names the host itself. RFC 9112 lets it win over `Host`; whoever on the way went by
/// `Host` would have seen another request, so that the two must be the same.
fn in_target(uri: &Uri, authority: &Authority, host: Option<&[u8]>) -> Result<(), Held> {
    let scheme = uri.scheme_str().unwrap_or_default();
    let default = match scheme {
        "http" => &b":80"[..],
        "https" => b":443",
        _ => return Err(malformed("the target is not an `http` or `https` URL")),
    };
    let authority = authority.as_str().as_bytes();
    if !is_host(authority) {
        return Err(malformed("the target's host is not a name or an address"));
    }
    let bare = |text| -> &[u8] { <[u8]>::strip_suffix(text, default).unwrap_or(text) };
    match host {
        Some(host) if !bare(host).eq_ignore_ascii_case(bare(authority)) => {
            Err(malformed("the target and `Host` name different hosts"))
        }
        _ => Ok(()),
    }
}

/// `host [":" port]` (RFC 9110, section 7.2): a name of letters, digits and `-._~`, an IPv4 address,
/// or an IPv6 address in brackets.
fn is_host(text: &[u8]) -> bool {
    if let Some(rest) = text.strip_prefix(b"[") {
        let mut parts = rest.splitn(2, |byte| *byte == b']');
        let address = parts.next().and_then(|address| std::str::from_utf8(address).ok());
        let address = address.and_then(|address| address.parse::<Ipv6Addr>().ok());
        return address.is_some() && parts.next().is_some_and(is_port);
    }
    let name = text.iter().position(|byte| *byte == b':').unwrap_or(text.len());
    let (name, port) = text.split_at_checked(name).unwrap_or_default();
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    !name.is_empty() && name.iter().all(is_of_name) && is_port(port)
}

/// Nothing, or a colon and a number, which may be left out (RFC 3986, section 3.2.3).
fn is_port(text: &[u8]) -> bool {
    let Some((colon, digits)) = text.split_first() else { return true };
    let number = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'));
    *colon == b':'
        && (digits.is_empty() || number.is_some_and(|digits| digits.parse::<u16>().is_ok()))
}

/// `*` is for `OPTIONS` alone (RFC 9112, section 3.2.4), and asks for nothing that there is.
fn target(head: &Parts) -> Result<(), Held> {
    match head.uri.path() {
        "*" if head.method == Method::OPTIONS => Err(not_implemented("`OPTIONS *` is not offered")),
        path if path.starts_with('/') => Ok(()),
        _ => Err(malformed("the target is not a path")),
    }
}

fn fields(headers: &HeaderMap) -> Result<(), Held> {
    if LOOKALIKES.iter().any(|name| headers.contains_key(name)) {
        let detail = "a field is named like one that frames the body, with `_` for `-`";
        return Err(malformed(detail));
    }
    let is = |value: &HeaderValue, word: &[u8]| value.as_bytes().eq_ignore_ascii_case(word);
    if headers.get_all(EXPECT).iter().any(|value| !is(value, b"100-continue")) {
        let detail = "nothing but `100-continue` can be expected";
        return Err(Held::new(HeldKind::ExpectationFailed, detail));
    }
    // Java's client proposes `h2c` with its first request. RFC 9110, section 7.8, lets a server pass
    // over a proposal; one for another protocol comes from somebody who cannot go on without.
    if headers.get_all(UPGRADE).iter().any(|value| !is(value, b"h2c")) {
        return Err(not_implemented("no other protocol is spoken here (`Upgrade`)"));
    }
    Ok(())
}

fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(COOKIE).iter().count() < 2 {
        return;
    }
    let all: Vec<_> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    // The parts are values, and so is what they make together.
    if let Ok(mut joined) = HeaderValue::from_bytes(&all.join(&b"; "[..])) {
        joined.set_sensitive(true);
        headers.insert(COOKIE, joined);
    }
}

fn malformed(detail: &str) -> Held {
    Held::new(HeldKind::Malformed, detail)
}

fn not_implemented(detail: impl Into<String>) -> Held {
    Held::new(HeldKind::NotImplemented, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    #[test]
    fn hosts_are_names_or_addresses() {
        for good in [
            "a",
            "A.example",
            "a_b.example.",
            "127.0.0.1",
            "127.0.0.1:80",
            "a:",
            "a:65535",
            "[::1]",
            "[::1]:8080",
            "[::ffff:1.2.3.4]",
            "xn--a~b",
        ] {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            " ",
            ":80",
            "a b",
            "a/b",
            "a@b",
            "a:b",
            "a:80:80",
            "a:65536",
            "a:+80",
            "a:-1",
            "[::1",
            "::1",
            "[::1]80",
            "[::1%25eth0]",
            "[127.0.0.1]",
            "a,b",
            "a\\b",
            "a%00b",
            "ä",
            "a?",
            "a#b",
        ] {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
    }

    fn parts(target: &str, version: Version, fields: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().uri(target).version(version);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn a_target_that_names_its_host_agrees_with_the_field() {
        let table = [
            ("http://a/", Version::HTTP_11, Some("a"), true),
            ("http://a:80/", Version::HTTP_11, Some("A"), true),
            ("https://a/", Version::HTTP_2, Some("a:443"), true),
            ("https://a/", Version::HTTP_2, None, true),
            ("http://a:81/", Version::HTTP_11, Some("a"), false),
            ("http://a/", Version::HTTP_11, Some("b"), false),
            ("http://a/", Version::HTTP_11, None, false),
            ("ftp://a/", Version::HTTP_11, Some("a"), false),
            ("http://u@a/", Version::HTTP_11, Some("a"), false),
            ("/", Version::HTTP_2, None, false),
            ("/", Version::HTTP_10, None, true),
        ];
        for (target, version, host, good) in table {
            let fields: Vec<_> = host.iter().map(|host| ("host", *host)).collect();
            let admitted = admit(&mut parts(target, version, &fields));
            assert_eq!(admitted.is_ok(), good, "{target} {host:?} {admitted:?}");
        }
    }

    #[test]
    fn cookies_of_http2_are_made_one_field() {
        let mut head =
            parts("https://a/", Version::HTTP_2, &[("cookie", "a=1"), ("cookie", "b=2")]);
        admit(&mut head).unwrap();
        let cookies: Vec<_> = head.headers.get_all(COOKIE).iter().collect();
        assert_eq!(cookies, ["a=1; b=2"]);
    }
}
