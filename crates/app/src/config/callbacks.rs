//! Callbacks: what a handler is asked, and what it may answer.

use super::{PREDEFINED, Reading, entries};
use candor_contract::Table;
use candor_contract::notation::{self, Entry, Map, Node, Value};
use candor_contract::schema::{Draft, Schema};
use candor_gateway::{Callback, Declared, Response, RetryPolicy};
use std::collections::HashMap;
use std::time::Duration;

/// How long a handler may take, where its callback does not say. No document gives a number.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How often a callback with a retry policy is repeated, where it does not say.
const TIMES: u32 = 3;

impl Reading<'_> {
    /// The predefined callbacks and those of the file, which win.
    pub(super) fn callbacks(
        &mut self,
        node: Option<&Node>,
        predefined: bool,
        contract: &Table,
    ) -> HashMap<String, Callback> {
        let mut callbacks = HashMap::new();
        if predefined {
            callbacks.extend(self.predefined(contract));
        }
        for entry in entries(node, "`callbacks`", &mut self.problems) {
            if let Some(callback) = self.callback(entry, contract) {
                callbacks.insert(entry.key.clone(), callback);
            }
        }
        callbacks
    }

    /// The shipped file has no mistakes: a test reads it.
    fn predefined(&mut self, contract: &Table) -> Vec<(String, Callback)> {
        let Ok(root) = notation::parse("predefined.yaml", PREDEFINED) else { return Vec::new() };
        let Some(map) = Map::open(&root, "the file", &mut self.problems) else { return Vec::new() };
        let entries = entries(map.get("callbacks"), "`callbacks`", &mut self.problems);
        let callback = |entry: &Entry| Some((entry.key.clone(), self.callback(entry, contract)?));
        entries.iter().filter_map(callback).collect()
    }

    fn callback(&mut self, entry: &Entry, contract: &Table) -> Option<Callback> {
        let map = Map::open(&entry.node, "a callback", &mut self.problems)?;
        let request = map.required("request");
        let request = request.and_then(|n| self.message(n, "`request`"));
        let responses = map.required("responses");
        let responses = responses.map(|n| self.responses(n));
        let timeout = map.get("timeout").and_then(|n| self.timeout(n));
        let retry = map.get("retry").and_then(|n| self.retry(n));
        let shown = map.get("err_message").and_then(|n| {
            let from = |text: &str| match text {
                "shown" => Some(true),
                "hidden" => Some(false),
                _ => None,
            };
            let names = ["shown", "hidden"];
            notation::name_of(
                n,
                "what is done with `err_message`",
                &names,
                from,
                &mut self.problems,
            )
        });
        let durability = self.durability(&map);
        map.close(&mut self.problems);
        let (request_type, request_schema) = request?;
        let declared = Declared {
            id: entry.key.clone(),
            request_type,
            request_schema,
            responses: responses?,
            timeout: timeout.unwrap_or(TIMEOUT),
            retry,
            shows_err_message: shown.unwrap_or(false),
            durability,
        };
        Some(Callback::new(declared, contract))
    }

    /// A type, and the schema of its payload.
    fn message(&mut self, node: &Node, what: &'static str) -> Option<(String, Option<Schema>)> {
        let map = Map::open(node, what, &mut self.problems)?;
        let of = map.required("type");
        let of = of.and_then(|n| notation::text(n, &mut self.problems));
        let schema = map.get("schema").map(|n| self.schema(n));
        map.close(&mut self.problems);
        match schema {
            None => Some((of?, None)),
            Some(schema) => Some((of?, Some(schema?))),
        }
    }

    fn responses(&mut self, node: &Node) -> Vec<Response> {
        let mut responses = Vec::new();
        let map = Map::open(node, "`responses`", &mut self.problems);
        for entry in map.as_ref().map_or(&[][..], |map| map.entries()) {
            let status = self.status(entry);
            let message = self.message(&entry.node, "a response");
            if let (Some(status), Some((response_type, schema))) = (status, message) {
                responses.push(Response { status, response_type, schema });
            }
        }
        if map.is_some_and(|map| map.entries().is_empty()) {
            self.problems.add(
                node.span.clone(),
                "a callback has at least one response",
                "none here",
            );
        }
        responses
    }

    /// The status by which a response is known. 204 and 304 have no body, and so no envelope (RFC
    /// 9110, sections 15.3.5 and 15.4.5).
    fn status(&mut self, entry: &Entry) -> Option<u16> {
        let status = entry.key.parse().ok().filter(|status| (200..600).contains(status));
        let fits = status.filter(|status| ![204, 205, 304].contains(status));
        if fits.is_none() {
            let label = if status.is_some() { "has no body" } else { "not a status" };
            self.problems
                .add(entry.key_span.clone(), "a response is known by its status", label)
                .help("write a number from 200 to 599 whose answers have a body");
        }
        fits
    }

    /// The time for one attempt, which must fit into that of the whole call.
    fn timeout(&mut self, node: &Node) -> Option<Duration> {
        let timeout = notation::duration(node, &mut self.problems)?;
        if timeout > self.total {
            let total = self.total.as_secs_f64();
            self.problems
                .add(node.span.clone(), "longer than the whole call may take", "never reached")
                .help(format!("`limits.total` is {total} s: make this shorter, or that longer"));
        }
        Some(timeout)
    }

    /// A schema: written out, or the name of a JSON or YAML file.
    fn schema(&mut self, node: &Node) -> Option<Schema> {
        let value = match &node.value {
            Value::Scalar { .. } => {
                let (name, text) = self.file(node)?;
                match notation::parse(&name, &text) {
                    Ok(root) => root.to_json(),
                    Err(diagnosis) => {
                        self.elsewhere.push(diagnosis);
                        return None;
                    }
                }
            }
            Value::Mapping(_) | Value::Sequence(_) => node.to_json(),
        };
        match Schema::compile(&value, Draft::D4) {
            Ok(schema) => Some(schema),
            Err(error) => {
                self.problems
                    .add(node.span.clone(), "this is not a JSON Schema", error.to_string())
                    .help("drafts 4 to 2020-12 are taken; draft 4 where `$schema` is absent");
                None
            }
        }
    }

    fn retry(&mut self, node: &Node) -> Option<RetryPolicy> {
        let map = Map::open(node, "`retry`", &mut self.problems)?;
        let times = map.get("times").and_then(|n| notation::integer(n, 1..=20, &mut self.problems));
        let interval = map.required("interval");
        let interval = interval.and_then(|n| notation::duration(n, &mut self.problems));
        let delta = map.get("delta").and_then(|n| notation::duration(n, &mut self.problems));
        let max = map.get("max").and_then(|n| notation::duration(n, &mut self.problems));
        let fast = map.get("fast_first").and_then(|n| notation::boolean(n, &mut self.problems));
        if let (Some(node), None) = (map.get("max"), delta) {
            self.problems
                .add(node.span.clone(), "`max` without `delta` limits nothing", "here")
                .help("add `delta`, or remove `max`");
        }
        map.close(&mut self.problems);
        Some(RetryPolicy {
            times: times.and_then(|n| u32::try_from(n).ok()).unwrap_or(TIMES),
            interval: interval?,
            delta,
            max,
            fast_first: fast.unwrap_or(false),
        })
    }
}
