//! The sandbox at work: which API listens where, and what is told about it.

mod ways;

pub(crate) use ways::tell;

use anyhow::{Context, Result};
use candor_contract::Library;
use candor_sandbox::callback::{CallbackHandler, Settings, TlsPort};
use candor_sandbox::house::{self, Listed};
use candor_sandbox::reach;
use candor_sandbox::serve::{Front, Listening, Service};
use candor_sandbox::stage::Seed;
use candor_sandbox::{KeepError, Keeper};
use serde::Serialize;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Runtime;

/// The gateway's configuration, with places for addresses.
const GATEWAY: &str = include_str!("gateway.yaml");

/// What is to be opened, and where.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) apis: Vec<Listed>,
    pub(crate) listen: SocketAddr,
    pub(crate) one_port: bool,
    pub(crate) seed: Seed,
    pub(crate) gateway: SocketAddr,
}

/// An API and where it is.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) api: Listed,
    /// Its address with its prefix: where its controls are.
    pub(crate) root: String,
    /// The gateway's address.
    pub(crate) gateway: SocketAddr,
}

/// A sandbox at work.
pub(crate) struct Running {
    places: Vec<Place>,
    tls: Option<TlsPort>,
    listening: Vec<Listening>,
    keeper: Option<Arc<Mutex<Keeper>>>,
    runtime: Runtime,
    /// Where the certificate of the TLS port's authority was written.
    ca: PathBuf,
}

impl Plan {
    /// Where everything will be, if the ports are free.
    pub(crate) fn expected(&self) -> Vec<Place> {
        let addresses = (0..).map(|at| self.address(at));
        let places = self.apis.iter().zip(addresses);
        places.map(|(api, address)| self.place(*api, address)).collect()
    }

    fn place(&self, api: Listed, address: SocketAddr) -> Place {
        let prefix = if self.one_port { format!("/{}", api.name) } else { String::new() };
        Place { api, root: format!("http://{address}{prefix}"), gateway: self.gateway }
    }

    /// The address of the API at this place of the list.
    fn address(&self, at: u16) -> SocketAddr {
        let after = if self.one_port { 0 } else { at };
        let port = match self.listen.port() {
            0 => 0,
            port => port.saturating_add(after),
        };
        SocketAddr::new(self.listen.ip(), port)
    }

    /// The address of the callback handler's TLS port: the one after all others.
    fn tls_address(&self) -> SocketAddr {
        let count = if self.one_port { 1 } else { u16::try_from(self.apis.len()).unwrap_or(1) };
        Self { one_port: false, ..self.clone() }.address(count)
    }

    fn has_callback(&self) -> bool {
        self.apis.iter().any(|api| api.name == candor_sandbox::callback::NAME)
    }
}

/// Opens what the plan has.
pub(crate) fn start(
    plan: &Plan,
    library: &Library,
    state: Option<&Path>,
    ca: &Path,
) -> Result<Running> {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let callback = if plan.has_callback() { Some(callback(plan)?) } else { None };
    let services = services(plan, library, callback.as_ref())?;
    let keeper = state.map(|file| Keeper::open(file, services.clone())).transpose()?;
    let keeper = keeper.map(|keeper| Arc::new(Mutex::new(keeper)));
    if let Some(keeper) = &keeper {
        runtime.spawn(keep(Arc::clone(keeper)));
    }
    let (places, listening) = runtime.block_on(listen(plan, services))?;
    let tls = callback.map(|callback| runtime.block_on(callback.open_tls(plan.tls_address())));
    let tls = tls.transpose()?;
    if let Some(tls) = &tls {
        let written = std::fs::write(ca, tls.authority());
        written.with_context(|| format!("cannot write the authority to {}", ca.display()))?;
    }
    Ok(Running { places, tls, listening, keeper, runtime, ca: ca.to_owned() })
}

fn callback(plan: &Plan) -> Result<CallbackHandler> {
    let keys = format!("http://{}/api/idp/v1/keys", plan.gateway);
    let settings = Settings::example(keys, crate::example::ENDPOINT);
    Ok(house::open_callback(settings, plan.seed)?)
}

fn services(
    plan: &Plan,
    library: &Library,
    callback: Option<&CallbackHandler>,
) -> Result<Vec<Arc<dyn Service>>> {
    let service = |api: &Listed| match house::open(api.name, library, plan.seed) {
        Some(opened) => opened.map_err(anyhow::Error::msg),
        None => callback.map(CallbackHandler::service).context("there is no such API"),
    };
    plan.apis.iter().map(service).collect()
}

async fn listen(
    plan: &Plan,
    services: Vec<Arc<dyn Service>>,
) -> Result<(Vec<Place>, Vec<Listening>)> {
    let fronts = if plan.one_port {
        vec![Front::Prefixed(services)]
    } else {
        services.into_iter().map(Front::One).collect()
    };
    let mut listening = Vec::new();
    for (at, front) in (0..).zip(fronts) {
        let address = plan.address(at);
        let opened = Listening::start(address, front).await;
        listening.push(opened.with_context(|| {
            format!("cannot listen on {address}; choose another port: --listen 127.0.0.1:0")
        })?);
    }
    let addresses = listening.iter().map(Listening::address).cycle();
    let places = plan.apis.iter().zip(addresses);
    let places = places.map(|(api, address)| plan.place(*api, address)).collect();
    Ok((places, listening))
}

/// Writes the worlds after changes. The lock is held for the moment of writing alone.
async fn keep(keeper: Arc<Mutex<Keeper>>) {
    loop {
        tokio::time::sleep(Keeper::EVERY).await;
        let kept = keeper.lock().unwrap_or_else(PoisonError::into_inner).write_if_changed();
        if let Err(error) = kept {
            eprintln!("{:#}", anyhow::Error::from(error));
        }
    }
}

/// A number nobody chose.
pub(crate) fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one("seed")
}

/// The configuration of a gateway that calls the callback handler over TLS.
pub(crate) fn gateway_config(plan: &Plan, ca: &Path) -> Result<String> {
    anyhow::ensure!(plan.has_callback(), "no callback handler is among the APIs");
    let ca = std::path::absolute(ca)?;
    let values = [
        ("{listen}", plan.gateway.to_string()),
        ("{handler}", plan.tls_address().to_string()),
        ("{ca}", format!("{:?}", ca.display().to_string())),
        ("{endpoint}", crate::example::ENDPOINT.to_owned()),
    ];
    let text =
        values.iter().fold(GATEWAY.to_owned(), |text, (name, value)| text.replace(name, value));
    Ok(text + &routes(plan))
}

/// A route to each of the vendors' APIs, below its name.
fn routes(plan: &Plan) -> String {
    let mut text = String::new();
    let places = plan.expected();
    let vendors = places.iter().filter(|place| place.api.name != candor_sandbox::callback::NAME);
    for (at, Place { api, root, .. }) in vendors.enumerate() {
        if at == 0 {
            text.push_str(
                "\n# The vendors' APIs, each below its name: /open2b/api/v13/...\nroutes:\n",
            );
        }
        let _infallible = write!(
            text,
            "  {0}:\n    contract: {0}\n    url: {root}\n    allow_http: true\n    \
             allow_addresses: [127.0.0.0/8, \"::1/128\"]\n    breaker: off\n",
            api.name
        );
    }
    text
}

impl Place {
    /// The variables for its HTTP file.
    pub(crate) fn given(&self) -> [(&'static str, String); 3] {
        let url = format!("{}{}", self.root, self.api.base);
        let gateway = format!("http://{}", self.gateway);
        [("url", url), ("sandbox", self.root.clone()), ("gateway", gateway)]
    }

    fn variables(&self) -> Vec<(String, String)> {
        let given = self.given();
        let given: Vec<(&str, &str)> = given.iter().map(|(n, v)| (*n, v.as_str())).collect();
        reach::variables(self.api.reach, &given).unwrap_or_default()
    }
}

// === what is told ===

#[derive(Serialize)]
struct Told {
    apis: Vec<ToldApi>,
    #[serde(skip_serializing_if = "Option::is_none")]
    callback_over_tls: Option<String>,
}

#[derive(Serialize)]
struct ToldApi {
    name: &'static str,
    url: String,
    controls: String,
    variables: serde_json::Map<String, serde_json::Value>,
}

impl Running {
    /// For people.
    pub(crate) fn told(&self) -> String {
        let mut text = String::from("candor plays on loopback:\n");
        for place in &self.places {
            let [(_, url), ..] = place.given();
            let _infallible = writeln!(text, "\n{:<18} {url}", place.api.name);
            for (name, value) in place.variables() {
                let _infallible = writeln!(text, "  {name:<16} {value}");
            }
        }
        if let Some(tls) = &self.tls {
            let (address, ca) = (tls.address(), self.ca.display());
            let _infallible = writeln!(
                text,
                "\nThe callback handler over TLS: https://{address}/callback\n  authority        {ca}"
            );
        }
        text.push_str("\nHow each documented row is reached: the same command with --list.\n");
        text.push_str(
            "Controls, below each address: /sandbox/conditions, /sandbox/clock, /sandbox/world.\n",
        );
        text.push_str("Stop with Ctrl-C.\n");
        text
    }

    /// For programs.
    pub(crate) fn told_as_json(&self) -> String {
        let api = |place: &Place| {
            let [(_, url), ..] = place.given();
            let controls = format!("{}/sandbox", place.root);
            let variables = place.variables().into_iter().map(|(n, v)| (n, v.into())).collect();
            ToldApi { name: place.api.name, url, controls, variables }
        };
        let tls = self.tls.as_ref().map(|tls| format!("https://{}/callback", tls.address()));
        let told = Told { apis: self.places.iter().map(api).collect(), callback_over_tls: tls };
        serde_json::to_string(&told).unwrap_or_default()
    }

    /// Closes the ports, and writes the worlds a last time.
    pub(crate) fn stop(self) -> Result<(), KeepError> {
        let Self { listening, keeper, runtime, .. } = self;
        runtime.block_on(async {
            for one in listening {
                one.stop().await;
            }
        });
        keeper.map_or(Ok(()), |keeper| {
            keeper.lock().unwrap_or_else(PoisonError::into_inner).write_if_changed()
        })
    }
}
