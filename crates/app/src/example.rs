//! The example: a gateway and a partner's handler in one process, on loopback.

use crate::config::{self, LedgerAt};
use crate::ledger;
use crate::served;
use anyhow::{Context, Result};
use candor_sandbox::callback::{CallbackHandler, Settings};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

/// The example's configuration.
pub(crate) const CONFIG: &str = include_str!("example.yaml");

/// The type identifier of the handler's endpoint.
pub(crate) const ENDPOINT: &str = "cti.a.p.acgw.endpoint.v1.0~example.backup.handler.v1.0";

/// The address of the handler, as the configuration has it.
const HANDLER: &str = "127.0.0.1:8421";

/// A running example.
pub(crate) struct Example {
    gateway: candor_gateway::Running,
    handler: candor_sandbox::callback::Running,
    runtime: tokio::runtime::Runtime,
    folder: Folder,
}

/// Where the example keeps its calls, for as long as it runs.
struct Folder(PathBuf);

impl Example {
    /// Starts both sides. The handler takes a free port; so does the gateway for port 0.
    pub(crate) fn start(listen: Option<SocketAddr>) -> Result<Self> {
        let listen = settled(listen.unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 8420))))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("cannot start the handler")?;
        let handler = runtime.block_on(CallbackHandler::start(settings(listen)))?;
        let source = CONFIG.replace(HANDLER, &handler.address().to_string());
        let config = match config::read("example.yaml", &source, Path::new("."))? {
            Ok(config) => config,
            Err(mistakes) => anyhow::bail!("the example has a mistake\n{mistakes}"),
        };
        let folder = Folder::new()?;
        let kept = ledger::open(&LedgerAt::File(folder.0.join("ledger.db")), &runtime)?;
        let setup = served::stateless(config, Some(listen), kept)?;
        let gateway = candor_gateway::start(setup).context(
            "the gateway cannot start; if the port is taken, choose another: --listen 127.0.0.1:0",
        )?;
        Ok(Self { gateway, handler, runtime, folder })
    }

    /// Stops both sides.
    pub(crate) fn stop(self) {
        self.gateway.stop();
        self.runtime.block_on(self.handler.stop());
        drop(self.folder);
    }
}

impl Folder {
    /// A new folder that nobody else can have guessed.
    fn new() -> Result<Self> {
        let name = format!("candor-example-{}", candor_ledger::OpId::new_v4());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            tracing::warn!(%error, folder = %self.0.display(), "the example's ledger was not removed");
        }
    }
}

/// The handler must know where the gateway's keys are before the gateway listens, so a free port
/// is chosen here.
fn settled(listen: SocketAddr) -> Result<SocketAddr> {
    if listen.port() != 0 {
        return Ok(listen);
    }
    let free = TcpListener::bind(listen).and_then(|listener| listener.local_addr());
    free.with_context(|| format!("cannot listen on {listen}"))
}

/// The partner's service, with the login that the tenants of the configuration use. The password
/// of one of them is out of date.
fn settings(gateway: SocketAddr) -> Settings {
    let keys = format!("http://{gateway}/api/idp/v1/keys");
    Settings::example(keys, ENDPOINT)
}

impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gateway = self.gateway.address();
        let handler = self.handler.address();
        writeln!(f, "candor serves the example on http://{gateway}")?;
        writeln!(f, "its partner's handler is on http://{handler}\n")?;
        let call = |name: &str, tenant: &str, payload: &str| {
            let id = format!("cti.a.p.acgw.callback.v1.0~a.p.{name}.v1.0");
            format!("curl -i --json '{payload}' 'http://{gateway}/callbacks/{id}?tenant={tenant}'")
        };
        writeln!(f, "A good call:\n  {}\n", call("topology.read", "acme", "{}"))?;
        writeln!(f, "A refused one, for the tenant's password is out of date:")?;
        writeln!(f, "  {}\n", call("topology.read", "globex", "{}"))?;
        writeln!(f, "A malformed one, which is never sent:")?;
        writeln!(f, "  {}\n", call("tenant_mapping.write", "acme", r#"{"modify": []}"#))?;
        writeln!(f, "Stop with Ctrl-C.")
    }
}
