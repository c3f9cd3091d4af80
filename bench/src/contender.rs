//! Who is measured: a row of [`CONTENDERS`] for each, with how it is started.
//!
//! To add one, write a function that starts it and its row.

use crate::daemon::{Daemon, pinned};
use crate::message;
use crate::record::answers;
use crate::scenario::Scenario;
use crate::stage::Stage;
use anyhow::{Context, Result, ensure};
use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whose figures are the measure of the others.
pub const REFERENCE: &str = "nginx";

/// Another binary of Candor, which takes part where one is given.
pub const BEFORE: &str = "before";

/// How a contender is started.
type Start = fn(&Stage) -> Result<Contender>;

/// All contenders, by name, in the order of the table.
pub static CONTENDERS: [(&str, Start); 4] =
    [("direct", direct), (REFERENCE, nginx), (BEFORE, before), ("candor", candor)];

/// Somebody to measure, running.
#[derive(Debug)]
pub struct Contender {
    /// Its name.
    pub name: &'static str,
    /// Its process.
    pub pid: u32,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it is asked.
    pub request: Vec<u8>,
    /// Whether it answers in its own words where the scenario has some.
    pub translates: bool,
    /// Held, for dropping it stops it; `None` where the process is the stage's.
    _daemon: Option<Daemon>,
}

impl Contender {
    /// Starts the contender `name`, and sees that it does what the others do.
    ///
    /// # Errors
    /// It does not start, or passes on something else.
    pub fn start(start: Start, stage: &Stage) -> Result<Self> {
        let contender = start(stage)?;
        let expected = stage.scenario.expected(contender.translates);
        answers(&expected, contender.address, &contender.request)
            .with_context(|| format!("{} does not do what it should", contender.name))?;
        Ok(contender)
    }
}

// === the upstream itself ===

/// The upstream without anybody in front: what the load generator and the upstream can do at most. It
/// stays on the core of the load.
#[expect(clippy::unnecessary_wraps, reason = "a start like the others, which can fail")]
fn direct(stage: &Stage) -> Result<Contender> {
    Ok(Contender {
        name: "direct",
        pid: stage.upstream.pid(),
        address: stage.address,
        request: stage.recorded.clone(),
        translates: false,
        _daemon: None,
    })
}

// === nginx ===

/// Plain `proxy_pass` over kept connections, with one worker, of what Candor sends.
fn nginx(stage: &Stage) -> Result<Contender> {
    let (daemon, address) = serve_nginx(stage.address, stage.cores.contender, stage.folder.path())?;
    Ok(Contender {
        name: REFERENCE,
        pid: daemon.pid(),
        address,
        request: stage.recorded.clone(),
        translates: false,
        _daemon: Some(daemon),
    })
}

/// Starts nginx in front of this upstream, and says where it listens.
///
/// # Errors
/// It does not start.
pub fn serve_nginx(
    upstream: SocketAddr,
    core: usize,
    folder: &Path,
) -> Result<(Daemon, SocketAddr)> {
    let address = free_address()?;
    let folder = folder.join("nginx");
    std::fs::create_dir_all(&folder)?;
    let file = folder.join("nginx.conf");
    std::fs::write(&file, nginx_config(upstream, address, &folder)?)?;
    let mut command = pinned(core, &nginx_binary());
    command.arg("-p").arg(&folder).arg("-c").arg(&file).args(["-e", "stderr"]);
    let mut daemon = Daemon::start("nginx", &mut command, &folder)?;
    daemon.listens(address)?;
    Ok((daemon, address))
}

/// Defaults, but for what would hold it back here: a connection is kept for longer than 1000 requests,
/// a head of more than 1 KiB (Candor sends a signed token) fits its first buffer, and an answer of
/// 64 KB needs no file.
fn nginx_config(upstream: SocketAddr, listen: SocketAddr, folder: &Path) -> Result<String> {
    let mut paths = String::new();
    for kind in ["client_body", "proxy", "fastcgi", "scgi", "uwsgi"] {
        writeln!(paths, "  {kind}_temp_path {}/{kind};", folder.display())?;
    }
    Ok(format!(
        "daemon off;
worker_processes 1;
pid {}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
{paths}  access_log off;
  client_header_buffer_size 4k;
  keepalive_requests 1000000000;
  upstream handler {{ server {upstream}; keepalive 64; keepalive_requests 1000000000; }}
  server {{
    listen {listen};
    location / {{
      proxy_pass http://handler;
      proxy_http_version 1.1;
      proxy_buffers 16 8k;
      proxy_set_header Connection \"\";
    }}
  }}
}}
",
        folder.display()
    ))
}

/// Debian keeps it where only root looks.
fn nginx_binary() -> PathBuf {
    let debian = Path::new("/usr/sbin/nginx");
    if debian.exists() { debian.to_owned() } else { PathBuf::from("nginx") }
}

/// What it calls its version.
///
/// # Errors
/// It is not there.
pub fn nginx_version() -> Result<String> {
    let output = Command::new(nginx_binary()).arg("-v").output();
    let output = output.context("there is no nginx: install it, `just bench` does")?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Ok(said.trim().trim_start_matches("nginx version: ").to_owned())
}

/// A port that is free now. nginx cannot say which one it took.
fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free")?;
    Ok(listener.local_addr()?)
}

// === Candor ===

/// `candor serve`, asked by a caller. It is only measured if it refuses what it must.
fn candor(stage: &Stage) -> Result<Contender> {
    gateway(stage, "candor", &stage.candor)
}

fn before(stage: &Stage) -> Result<Contender> {
    gateway(stage, BEFORE, stage.before.as_deref().context("`before` needs --before PATH")?)
}

fn gateway(stage: &Stage, name: &'static str, candor: &Path) -> Result<Contender> {
    let Stage { scenario, cores, .. } = stage;
    let config = scenario.config_for(stage.address);
    let folder = stage.folder.path().join(name);
    std::fs::create_dir_all(&folder)?;
    scenario.lay_out(&folder)?;
    let (daemon, address) = serve(&config, scenario.log, cores.contender, candor, &folder)?;
    refuses(scenario, address)?;
    Ok(Contender {
        name,
        pid: daemon.pid(),
        address,
        request: scenario.request(address, scenario.call.payload),
        translates: true,
        _daemon: Some(daemon),
    })
}

/// Starts `candor serve` with this configuration and log, and says where it listens.
///
/// # Errors
/// It does not start.
pub fn serve(
    config: &str,
    log: &str,
    core: usize,
    candor: &Path,
    folder: &Path,
) -> Result<(Daemon, SocketAddr)> {
    let file = folder.join("candor.yaml");
    std::fs::write(&file, config)?;
    let mut command = pinned(core, candor);
    command.arg("serve").arg(&file).env("CANDOR_LOG", log);
    let mut daemon = Daemon::start("candor", &mut command, folder)?;
    let address = daemon.announced()?;
    Ok((daemon, address))
}

fn refuses(scenario: &Scenario, address: SocketAddr) -> Result<()> {
    let Some(refused) = &scenario.refused else { return Ok(()) };
    let bytes = message::exchange(address, &scenario.request(address, refused.payload))?;
    let answer = String::from_utf8_lossy(&bytes);
    ensure!(answer.contains(refused.says), "Candor did not refuse, but answered:\n{answer}");
    Ok(())
}

/// What it calls its version.
///
/// # Errors
/// It is not there.
pub fn candor_version(binary: &Path) -> Result<String> {
    let output = Command::new(binary).arg("--version").output();
    let output = output.with_context(|| format!("there is no Candor at {}", binary.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
