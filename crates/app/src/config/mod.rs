//! The configuration file: what was written, and what the gateway is set up with.
//!
//! Read like a contract: all mistakes at once, each with its place. Files that it names are read
//! relative to it; secrets come from the environment or from files.

mod callbacks;
mod callers;
mod credentials;
mod entities;
mod ledger;
mod limits;
mod listener;
mod policy;
mod proxy;
mod routes;
mod values;

use anyhow::{Context, Result};
use candor_contract::notation::{self, Diagnosis, Entry, Map, Node, Problems};
use candor_contract::{Library, Table};
use candor_gateway::limits::SharedRule;
use candor_gateway::{
    AdminSettings, AnswerAs, Callback, CyberApp, Dialects, DoorLimits, KeySettings, Limits, Routes,
    Tenant, TlsSettings, TokenSettings,
};
use candor_wire::ProxySettings;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The callbacks that every configuration has, unless it says otherwise.
const PREDEFINED: &str = include_str!("../../../../contracts/callbacks/predefined.yaml");

/// The contract of callback handlers.
const HANDLERS: &str = "acronis-callback";

/// A configuration that was understood.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) listen: SocketAddr,
    pub(crate) workers: usize,
    pub(crate) tls: Option<TlsSettings>,
    pub(crate) door: DoorLimits,
    pub(crate) admin: Option<AdminSettings>,
    pub(crate) state: PathBuf,
    pub(crate) ledger: LedgerAt,
    pub(crate) operations: Times,
    pub(crate) limits: Limits,
    pub(crate) callers: Known,
    pub(crate) answer_as: AnswerAs,
    pub(crate) dialects: Dialects,
    pub(crate) message_set: String,
    pub(crate) token: TokenSettings,
    pub(crate) keys: KeySettings,
    pub(crate) datacenter_url: String,
    pub(crate) contract: Arc<Table>,
    pub(crate) callbacks: HashMap<String, Callback>,
    pub(crate) cyberapps: HashMap<String, CyberApp>,
    pub(crate) tenants: HashMap<String, Tenant>,
    pub(crate) routes: Routes,
    pub(crate) named_targets: bool,
    pub(crate) proxy: Option<ProxySettings>,
    /// The files that it names.
    pub(crate) files: Vec<PathBuf>,
}

/// A configuration as it is being read: the place that relative paths start from, the contracts at
/// hand, and the mistakes found so far.
pub(crate) struct Reading<'r> {
    folder: &'r Path,
    library: Library,
    problems: Problems,
    /// How long a call may take with all its attempts.
    total: Duration,
    /// Whether the file says that calls are not kept.
    ledger_off: bool,
    /// The limits that are shared, by their names.
    shared: HashMap<String, SharedRule>,
    /// The site's outbound proxy.
    proxy: Option<ProxySettings>,
    /// The files that the configuration names, as far as they were read.
    files: Vec<PathBuf>,
    /// Mistakes in these files.
    elsewhere: Vec<Diagnosis>,
}

/// Every mistake of a configuration and of the files that it names.
#[derive(Debug)]
pub(crate) struct Mistakes(pub(crate) Vec<Diagnosis>);

pub(crate) use callers::Known;
pub(crate) use ledger::{LedgerAt, Times};
pub(crate) use routes::{in_front, named_targets};

/// Reads the configuration file at `path`.
pub(crate) fn read_file(path: &Path) -> Result<Result<Config, Mistakes>> {
    let source = crate::cli::read_file(path)?;
    // An empty file is one that somebody is about to write, or whose disk was full.
    anyhow::ensure!(!source.trim().is_empty(), "{} is empty", path.display());
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    read(&path.display().to_string(), &source, folder)
}

/// Reads the configuration `source`, whose relative paths start at `folder`.
pub(crate) fn read(name: &str, source: &str, folder: &Path) -> Result<Result<Config, Mistakes>> {
    let library = Library::shipped().context("a shipped contract has a mistake")?;
    let root = match notation::parse(name, source) {
        Ok(root) => root,
        Err(diagnosis) => return Ok(Err(Mistakes(vec![diagnosis]))),
    };
    let mut reading = Reading {
        folder,
        library,
        problems: Problems::default(),
        total: Limits::default().total,
        ledger_off: false,
        shared: HashMap::new(),
        proxy: None,
        files: Vec::new(),
        elsewhere: Vec::new(),
    };
    let config = reading.config(&root);
    let Reading { problems, mut elsewhere, .. } = reading;
    elsewhere.extend(problems.into_diagnosis(name, source));
    Ok(match config {
        Some(config) if elsewhere.is_empty() => Ok(config),
        _ => Err(Mistakes(elsewhere)),
    })
}

impl Reading<'_> {
    fn config(&mut self, root: &Node) -> Option<Config> {
        let map = Map::open(root, "the configuration", &mut self.problems)?;
        self.contracts(map.get("contracts"));
        let listen = self.listen(map.get("listen"));
        let workers =
            map.get("workers").and_then(|n| notation::integer(n, 1..=256, &mut self.problems));
        let tls = map.get("tls").and_then(|node| self.listener_tls(node));
        let door = self.door(map.get("door"));
        let admin = map.get("admin").and_then(|node| self.admin(node));
        let state = map.get("state").and_then(|n| notation::text(n, &mut self.problems));
        let limits = map.get("limits").and_then(|n| self.limits(n)).unwrap_or_default();
        self.total = limits.total;
        let ledger = self.ledger(map.get("ledger"));
        let operations = self.operations(map.get("operations"));
        self.proxy = self.site_proxy(map.get("proxy"));
        let answer_as = map.get("answer_as").and_then(|n| self.answer_as(n));
        let message_set =
            map.get("message_set").and_then(|n| notation::text(n, &mut self.problems));
        let (token, keys) = self.token(map.get("token"));
        let datacenter =
            map.get("datacenter_url").and_then(|n| notation::text(n, &mut self.problems));
        let contract = self.handlers(map.get("contract"));
        let predefined = map.get("predefined_callbacks");
        let predefined = predefined.and_then(|n| notation::boolean(n, &mut self.problems));
        let callbacks = contract.as_ref().map(|contract| {
            self.callbacks(map.get("callbacks"), predefined.unwrap_or(true), contract)
        });
        let cyberapps = self.cyberapps(map.get("cyberapps"));
        let tenants = self.tenants(map.get("tenants"), map.get("cyberapps"));
        let routes = self.routes(map.get("routes"));
        let callers = self.callers(map.get("callers"));
        let named_targets = map.get("target_by_header");
        let named_targets =
            named_targets.and_then(|node| notation::boolean(node, &mut self.problems));
        self.message_set_is_known(map.get("message_set"), contract.as_deref());
        map.close(&mut self.problems);
        let state = self.folder.join(state.unwrap_or_else(|| ".candor".to_owned()));
        // Where there is no handler to call and no limit is shared, there is nothing to keep.
        let usual = if cyberapps.is_empty() && self.shared.is_empty() {
            LedgerAt::Off
        } else {
            LedgerAt::File(state.join(ledger::FILE))
        };
        Some(Config {
            listen: listen?,
            workers: workers.and_then(|n| usize::try_from(n).ok()).unwrap_or_else(cores),
            tls,
            door,
            admin,
            state,
            ledger: ledger.unwrap_or(usual),
            operations,
            limits,
            callers: callers?,
            answer_as: answer_as.unwrap_or_default(),
            dialects: self.dialects(),
            message_set: message_set.unwrap_or_default(),
            token,
            keys,
            datacenter_url: datacenter.unwrap_or_else(|| "https://acronis.cloud".to_owned()),
            contract: contract?,
            callbacks: callbacks?,
            cyberapps,
            tenants,
            routes,
            named_targets: named_targets.unwrap_or(false),
            proxy: self.proxy.take(),
            files: std::mem::take(&mut self.files),
        })
    }

    /// Contract files besides the shipped ones.
    fn contracts(&mut self, node: Option<&Node>) {
        for node in node.map_or(&[][..], notation::list) {
            let Some((name, source)) = self.file(node) else { continue };
            if let Err(diagnosis) = self.library.add(&name, &source) {
                self.elsewhere.push(diagnosis);
            }
        }
    }

    fn listen(&mut self, node: Option<&Node>) -> Option<SocketAddr> {
        match node {
            None => Some(SocketAddr::from(([127, 0, 0, 1], 8420))),
            Some(node) => self.address(node, "127.0.0.1:8420, or [::1]:8420"),
        }
    }

    /// The operators' door. Beyond this machine it needs a key.
    fn admin(&mut self, node: &Node) -> Option<AdminSettings> {
        let map = Map::open(node, "`admin`", &mut self.problems)?;
        let at = map.required("listen");
        let listen = at.and_then(|node| self.address(node, "127.0.0.1:8430"));
        let key = map.get("key").map(|node| self.secret(node));
        if let (Some(listen), Some(at), None) = (listen, at, &key)
            && !listen.ip().is_loopback()
        {
            let title = "beyond this machine the admin listener needs a key";
            self.problems
                .add(at.span.clone(), title, "others can connect here")
                .help("add key: { env: CANDOR_ADMIN_KEY }, or listen on 127.0.0.1");
        }
        map.close(&mut self.problems);
        let key = match key {
            Some(key) => Some(key?),
            None => None,
        };
        Some(AdminSettings { listen: listen?, key })
    }

    fn address(&mut self, node: &Node, such_as: &str) -> Option<SocketAddr> {
        let text = notation::scalar(node, &mut self.problems)?;
        let address = text.parse().ok();
        if address.is_none() {
            let label = format!("`{text}` is not one");
            self.problems
                .add(node.span.clone(), "an address with a port is needed", label)
                .help(format!("write {such_as}; port 0 takes a free one"));
        }
        address
    }

    fn limits(&mut self, node: &Node) -> Option<Limits> {
        let map = Map::open(node, "`limits`", &mut self.problems)?;
        let default = Limits::default();
        let bytes = |key, default| self::values::bytes(map.get(key), default);
        let request_body = bytes("request_body", default.request_body)(&mut self.problems);
        let response_body = bytes("response_body", default.response_body)(&mut self.problems);
        let mut time = |key, default| {
            map.get(key).and_then(|n| notation::duration(n, &mut self.problems)).unwrap_or(default)
        };
        let request_time = time("request_time", default.request_time);
        let total = time("total", default.total);
        let connections = map
            .get("connections")
            .and_then(|n| notation::integer(n, 1..=1_000_000, &mut self.problems))
            .and_then(|n| usize::try_from(n).ok());
        let calls = map
            .get("calls")
            .and_then(|n| notation::integer(n, 1..=1_000_000, &mut self.problems))
            .and_then(|n| u32::try_from(n).ok());
        map.close(&mut self.problems);
        let connections = connections.unwrap_or(default.connections);
        let calls = calls.unwrap_or(default.calls);
        Some(Limits { request_body, response_body, request_time, total, connections, calls })
    }

    /// A contract's name, `problem` or `upstream`.
    fn answer_as(&mut self, node: &Node) -> Option<AnswerAs> {
        let name = notation::text(node, &mut self.problems)?;
        match AnswerAs::named(&name, &Dialects::new()) {
            Some(form) => Some(form),
            None => self.known_contract(node, &name).map(AnswerAs::Contract),
        }
    }

    /// The forms that callers may ask for: those of all contracts.
    fn dialects(&self) -> Dialects {
        let tables = self.library.tables().iter();
        tables.map(|table| (table.name().to_owned(), Arc::clone(table))).collect()
    }

    fn handlers(&mut self, node: Option<&Node>) -> Option<Arc<Table>> {
        match node {
            None => self.library.get(HANDLERS),
            Some(node) => {
                let name = notation::text(node, &mut self.problems)?;
                self.known_contract(node, &name)
            }
        }
    }

    fn known_contract(&mut self, node: &Node, name: &str) -> Option<Arc<Table>> {
        let found = self.library.get(name);
        if found.is_none() {
            let known: Vec<_> = self.library.tables().iter().map(|t| t.name()).collect();
            let near = candor_contract::nearest(name, known.iter().copied());
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are: {}", known.join(", ")),
            };
            self.problems
                .add(
                    node.span.clone(),
                    format!("there is no contract `{name}`"),
                    "unknown contract",
                )
                .help(help);
        }
        found
    }

    fn message_set_is_known(&mut self, node: Option<&Node>, contract: Option<&Table>) {
        let Some((node, contract)) = node.zip(contract) else { return };
        let Some(name) = notation::scalar(node, &mut self.problems) else { return };
        let known: Vec<&str> = contract.messages().iter().map(|set| set.name.as_str()).collect();
        if !known.contains(&name) {
            self.problems
                .add(node.span.clone(), format!("there is no message set `{name}`"), "unknown set")
                .help(format!("the contract {} has: {}", contract.label(), known.join(", ")));
        }
    }

    fn token(&mut self, node: Option<&Node>) -> (TokenSettings, KeySettings) {
        let (mut token, mut keys) = (TokenSettings::default(), KeySettings::default());
        let Some(map) = node.and_then(|n| Map::open(n, "`token`", &mut self.problems)) else {
            return (token, keys);
        };
        let mut text = |key, default: &mut String| {
            if let Some(text) = map.get(key).and_then(|n| notation::text(n, &mut self.problems)) {
                *default = text;
            }
        };
        text("issuer", &mut token.issuer);
        text("audience", &mut token.audience);
        text("subject", &mut token.subject);
        let mut time = |key, default: &mut Duration| {
            if let Some(time) = map.get(key).and_then(|n| notation::duration(n, &mut self.problems))
            {
                *default = time;
            }
        };
        time("lifetime", &mut token.lifetime);
        time("rotate_every", &mut keys.rotate_every);
        keys.overlap = keys.overlap.max(token.lifetime);
        if token.lifetime < Duration::from_mins(1)
            && let Some(node) = map.get("lifetime")
        {
            self.problems.add(node.span.clone(), "a token lives at least one minute", "too short");
        }
        map.close(&mut self.problems);
        (token, keys)
    }

    /// The text of the file that `node` names. A file that cannot be read is a mistake here.
    fn file(&mut self, node: &Node) -> Option<(String, String)> {
        let name = notation::text(node, &mut self.problems)?;
        let path = self.folder.join(&name);
        self.files.push(path.clone());
        match crate::cli::read_file(&path) {
            Ok(source) => Some((path.display().to_string(), source)),
            Err(error) => {
                self.problems
                    .add(node.span.clone(), "the file cannot be read", format!("{error:#}"))
                    .help(format!("relative paths start at {}", self.folder.display()));
                None
            }
        }
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// The entries of an optional mapping with free names.
fn entries<'n>(node: Option<&'n Node>, what: &'static str, problems: &mut Problems) -> &'n [Entry] {
    node.and_then(|node| Map::open(node, what, problems)).map_or(&[], |map| map.entries())
}

impl std::fmt::Display for Mistakes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let texts: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join("\n\n"))
    }
}
