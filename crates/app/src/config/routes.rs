//! Routes to vendors' APIs.

use super::entities::is_off;
use super::{Reading, entries, values};
use candor_contract::notation::{self, Map, Node};
use candor_contract::openapi::OpenApi;
use candor_gateway::{
    Credentials, Described, Dialects, Mode, NamedTargets, Route, Routes, Upstream,
};
use candor_wire::{TargetPolicy, TlsVersion};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long an attempt may take where nothing is said.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How much of a failing answer is shown where nothing is said, and at most.
const RAW: usize = 4 * 1024;
const MOST_RAW: usize = 64 * 1024;

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

/// Targets that callers name: in development, so that those on this machine may be called, plain too.
pub(crate) fn named_targets(contracts: &Dialects) -> NamedTargets {
    let loopback = ["127.0.0.0/8", "::1/128"];
    let allow_cidrs = loopback.iter().filter_map(|range| range.parse().ok()).collect();
    let policy = TargetPolicy { allow_http: true, allow_cidrs, ..TargetPolicy::default() };
    NamedTargets::new(policy, contracts.clone())
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
            let same =
                |other: &&Route| (&other.host, &other.prefix) == (&route.host, &route.prefix);
            if let Some(twin) = routes.iter().find(same) {
                let title = format!("the route `{}` has this prefix already", twin.name);
                self.problems.add(
                    entry.key_span.clone(),
                    title,
                    "the same prefix, and the same host",
                );
            }
            routes.push(route);
        }
        Routes::new(routes)
    }

    fn route(&mut self, name: &str, node: &Node) -> Option<Route> {
        let map = Map::open(node, "a route", &mut self.problems)?;
        let prefix = match (map.get("prefix"), map.get("host")) {
            (Some(node), _) => self.prefix(node),
            (None, Some(_)) => Some(String::new()),
            (None, None) => Some(format!("/{name}")),
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
        let breaker = self.breaker(map.get("breaker"));
        let budget = self.budget(map.get("retry_budget"));
        let upstream = Upstream::new(breaker, budget, self.upstream_limits(&map, name));
        let url = map.required("url");
        let target = url.and_then(|node| self.target(node, &policy));
        if let Some(target) = &target {
            self.is_judged_here(&map, &policy, target);
        }
        let credentials = match map.get("credentials") {
            Some(node) => self.credentials(node, &policy),
            None => Some(Credentials::Callers),
        };
        let repeats = map.get("repeat").and_then(|n| notation::boolean(n, &mut self.problems));
        let timeout = map.get("timeout").and_then(|n| notation::duration(n, &mut self.problems));
        let host = map.get("host").and_then(|node| self.host(node));
        let answer_as = map.get("answer_as").and_then(|node| self.answer_as(node));
        let raw = map.get("raw").map_or(RAW, |node| self.raw(node));
        let described = map.get("openapi").and_then(|node| self.described(node));
        let forwarded = map.get("forwarded").and_then(|n| notation::boolean(n, &mut self.problems));
        map.close(&mut self.problems);
        Some(Route {
            name: name.to_owned(),
            host,
            prefix: prefix?,
            target: target?,
            table: table?,
            upstream,
            credentials: credentials?,
            repeats: repeats.unwrap_or(true),
            timeout: timeout.unwrap_or(TIMEOUT),
            answer_as,
            raw,
            forwarded: forwarded.unwrap_or(false),
            described,
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

    /// A host as callers name it, without a port.
    fn host(&mut self, node: &Node) -> Option<String> {
        let text = notation::text(node, &mut self.problems)?;
        let odd = text.is_empty() || text.contains(['/', ' ', '@', '*']) || has_port(&text);
        if odd {
            self.problems
                .add(
                    node.span.clone(),
                    "a host is a name or an address, without a port",
                    "this is none",
                )
                .help("write api.example.com, 127.0.0.1 or [::1]");
        }
        (!odd).then_some(text)
    }

    /// A description's file, or `{ file, mode: observe | enforce }`.
    fn described(&mut self, node: &Node) -> Option<Described> {
        let (file, mode) = if let notation::Value::Scalar { .. } = node.value {
            (node, Mode::default())
        } else {
            let map = Map::open(node, "`openapi`", &mut self.problems)?;
            let file = map.required("file");
            let mode = map.get("mode").and_then(|node| {
                let from = |text: &str| match text {
                    "observe" => Some(Mode::Observe),
                    "enforce" => Some(Mode::Enforce),
                    _ => None,
                };
                notation::name_of(node, "a mode", &["observe", "enforce"], from, &mut self.problems)
            });
            map.close(&mut self.problems);
            (file?, mode.unwrap_or_default())
        };
        let (name, source) = self.file(file)?;
        let files = &mut self.files;
        let mut load = |path: &str| {
            files.push(path.into());
            crate::cli::read_file(Path::new(path)).map_err(|error| format!("{error:#}"))
        };
        match OpenApi::read(&name, &source, &mut load) {
            Ok(api) => Some(Described { api: Arc::new(api), mode }),
            Err(mistakes) => {
                let text = mistakes.to_string();
                let first = text.lines().next().unwrap_or_default().to_owned();
                self.problems.add(file.span.clone(), first, "in this description").help(text);
                None
            }
        }
    }

    /// How much of a failing answer is shown: `off`, or a size up to 64 KiB.
    fn raw(&mut self, node: &Node) -> usize {
        if is_off(node) {
            return 0;
        }
        let size = values::bytes(Some(node), RAW)(&mut self.problems);
        if size > MOST_RAW {
            self.problems.add(
                node.span.clone(),
                "at most 64KiB of an answer are shown",
                "too much",
            );
        }
        size
    }
}

/// Whether a host has a port. The colons of an IPv6 address stand in brackets.
fn has_port(host: &str) -> bool {
    host.rfind(':').is_some_and(|colon| host.rfind(']').is_none_or(|end| end < colon))
}
