//! Routes to vendors' APIs.

use super::{Reading, entries};
use candor_contract::notation::{self, Map, Node};
use candor_gateway::{Credentials, Route, Routes, Upstream};
use candor_wire::TlsVersion;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;

/// How long an attempt may take where nothing is said.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The paths that are the gateway's own.
const OWN: [&str; 2] = ["/callbacks", "/api/idp"];

/// The configuration of a gateway in front of one API. What is named on the command line may be
/// called, plain or on this machine.
pub(crate) fn in_front(upstream: &str, contract: &str) -> String {
    let (upstream, contract) = (quoted(upstream), quoted(contract));
    format!(
        "predefined_callbacks: false\nroutes:\n  upstream:\n    prefix: \"/\"\n    url: {upstream}\n    contract: {contract}\n    \
         allow_http: true\n    allow_addresses: [\"0.0.0.0/0\", \"::/0\"]\n"
    )
}

/// A text in double quotes, as JSON and YAML both have it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

impl Reading<'_> {
    pub(super) fn routes(&mut self, node: Option<&Node>) -> Routes {
        let mut routes: Vec<Route> = Vec::new();
        for entry in entries(node, "`routes`", &mut self.problems) {
            let Some(route) = self.route(&entry.key, &entry.node) else { continue };
            if let Some(twin) = routes.iter().find(|other| other.prefix == route.prefix) {
                let title = format!("the route `{}` has this prefix already", twin.name);
                self.problems.add(entry.key_span.clone(), title, "the same prefix");
            }
            routes.push(route);
        }
        Routes::new(routes)
    }

    fn route(&mut self, name: &str, node: &Node) -> Option<Route> {
        let map = Map::open(node, "a route", &mut self.problems)?;
        let prefix = match map.get("prefix") {
            Some(node) => self.prefix(node),
            None => Some(format!("/{name}")),
        };
        let contract = map.required("contract");
        let table = contract.and_then(|node| {
            let name = notation::text(node, &mut self.problems)?;
            self.known_contract(node, &name)
        });
        let mut policy = self.policy(&map);
        if map.get("min_tls").is_none() {
            // Only callback handlers are asked for TLS 1.3 by their documents.
            policy.min_tls = TlsVersion::V1_2;
        }
        let upstream =
            Upstream::new(self.breaker(map.get("breaker")), self.budget(map.get("retry_budget")));
        let url = map.required("url");
        let target = url.and_then(|node| self.target(node, &policy));
        let credentials = match map.get("credentials") {
            Some(node) => self.credentials(node),
            None => Some(Credentials::Callers),
        };
        let repeats = map.get("repeat").and_then(|n| notation::boolean(n, &mut self.problems));
        let timeout = map.get("timeout").and_then(|n| notation::duration(n, &mut self.problems));
        map.close(&mut self.problems);
        Some(Route {
            name: name.to_owned(),
            prefix: prefix?,
            target: target?,
            table: table?,
            upstream,
            credentials: credentials?,
            repeats: repeats.unwrap_or(true),
            timeout: timeout.unwrap_or(TIMEOUT),
        })
    }

    /// A prefix without its last slash. `/` is all paths.
    fn prefix(&mut self, node: &Node) -> Option<String> {
        let text = notation::text(node, &mut self.problems)?;
        let prefix = text.trim_end_matches('/');
        let odd = !text.starts_with('/') || text.contains(['?', '#', ' ']);
        if odd || OWN.contains(&prefix) {
            let label = if odd { "this is none" } else { "this is the gateway's own" };
            self.problems
                .add(node.span.clone(), "a prefix is the beginning of a path", label)
                .help("write /vendor, or / for all paths");
            return None;
        }
        Some(prefix.to_owned())
    }

    fn credentials(&mut self, node: &Node) -> Option<Credentials> {
        if matches!(&node.value, notation::Value::Scalar { text, .. } if text == "caller") {
            return Some(Credentials::Callers);
        }
        let map = Map::open(node, "`credentials`", &mut self.problems)?;
        let bearer = map.get("bearer").and_then(|n| self.secret(n));
        let user = map.get("user").and_then(|n| notation::text(n, &mut self.problems));
        let password = map.get("password").and_then(|n| self.secret(n));
        let header = map.get("header").and_then(|n| self.header_name(n));
        let value = map.get("value").and_then(|n| self.secret(n));
        map.close(&mut self.problems);
        let (name, value) = match (bearer, user, password, header, value) {
            (Some(token), None, None, None, None) => {
                (AUTHORIZATION, format!("Bearer {}", token.expose_secret()))
            }
            (None, Some(user), Some(password), None, None) => {
                (AUTHORIZATION, basic(&user, &password))
            }
            (None, None, None, Some(name), Some(value)) => (name, value.expose_secret().to_owned()),
            _ => {
                self.problems
                    .add(node.span.clone(), "these credentials are not whole", "here")
                    .help("write `caller`, or { bearer }, or { user, password }, or { header, value }");
                return None;
            }
        };
        let Ok(mut value) = HeaderValue::from_str(&value) else {
            self.problems.add(node.span.clone(), "a secret cannot stand in a header", "here");
            return None;
        };
        value.set_sensitive(true);
        Some(Credentials::Field(name, value))
    }

    fn header_name(&mut self, node: &Node) -> Option<HeaderName> {
        let text = notation::text(node, &mut self.problems)?;
        let name = text.parse().ok();
        if name.is_none() {
            self.problems.add(node.span.clone(), "this is no header field's name", "here");
        }
        name
    }
}

/// Basic authentication (RFC 7617).
fn basic(user: &str, password: &SecretString) -> String {
    use base64::Engine;
    let pair = format!("{user}:{}", password.expose_secret());
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}
