//! Who called, as an upstream is told where a route asks for it (RFC 7239).
//!
//! What callers say of that themselves goes on only there: elsewhere it would tell a vendor of the
//! network that the gateway stands in.

use http::header::{FORWARDED, HOST};
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use std::net::{IpAddr, SocketAddr};

/// Where a request came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    /// The caller's address.
    pub(crate) address: SocketAddr,
    /// Whether its connection has TLS.
    pub(crate) secure: bool,
}

/// The fields that are no standard, and mean the same.
const OTHERS: [HeaderName; 4] = [
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-host"),
    HeaderName::from_static("x-forwarded-proto"),
    HeaderName::from_static("x-real-ip"),
];

/// Tells who called, after what was told before; or takes out what is told.
pub(crate) fn tell(asked: bool, head: &mut Parts) {
    // Mostly there is none, and looking is cheaper than removing.
    if head.headers.keys().any(|name| OTHERS.contains(name)) {
        for name in &OTHERS {
            head.headers.remove(name);
        }
    }
    if !asked {
        head.headers.remove(FORWARDED);
    } else if let Some(origin) = head.extensions.get::<Origin>()
        && let Ok(value) = HeaderValue::try_from(element(*origin, head))
    {
        head.headers.append(FORWARDED, value);
    }
}

fn element(origin: Origin, head: &Parts) -> String {
    // An IPv6 address stands in brackets and quotes (section 6).
    let node = match origin.address.ip() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("\"[{address}]\""),
    };
    let proto = if origin.secure { "https" } else { "http" };
    let named = head.headers.get(HOST).and_then(|value| value.to_str().ok());
    let host = named.or_else(|| head.uri.authority().map(http::uri::Authority::as_str));
    let host = host.map(|host| format!(";host=\"{host}\"")).unwrap_or_default();
    format!("for={node};proto={proto}{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(asked: bool, address: &str, given: &'static str) -> Vec<String> {
        let mut request = http::Request::new(());
        request.headers_mut().insert(HOST, HeaderValue::from_static("a.example:81"));
        request.headers_mut().insert(FORWARDED, HeaderValue::from_static(given));
        request.headers_mut().insert("x-forwarded-for", HeaderValue::from_static("1.1.1.1"));
        let origin = Origin { address: SocketAddr::new(address.parse().unwrap(), 9), secure: true };
        request.extensions_mut().insert(origin);
        let (mut head, ()) = request.into_parts();
        tell(asked, &mut head);
        assert!(!head.headers.contains_key("x-forwarded-for"));
        head.headers.get_all(FORWARDED).iter().map(|v| v.to_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn who_called_is_told_where_that_is_asked_for_and_nowhere_else() {
        let known = "for=10.0.0.1";
        assert_eq!(told(false, "192.0.2.1", known), [] as [&str; 0]);
        let last = r#"for=192.0.2.1;proto=https;host="a.example:81""#;
        assert_eq!(told(true, "192.0.2.1", known), [known, last]);
        let last = r#"for="[2001:db8::1]";proto=https;host="a.example:81""#;
        assert_eq!(told(true, "2001:db8::1", known), [known, last]);
    }
}
