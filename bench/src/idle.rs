//! What somebody needs who does nothing: the time from its start to its first answer, the memory that
//! it then has resident, and what a thousand kept connections add.

use crate::contender::{self, REFERENCE};
use crate::daemon::Daemon;
use crate::message::{self, PATIENCE};
use crate::record::answers;
use crate::scenario::{Scenario, config_for};
use crate::spread::Spread;
use crate::stage::Stage;
use crate::usage;
use anyhow::{Context, Result};
use serde::Serialize;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::time::Instant;

/// The name by which it is asked for.
pub const NAME: &str = "idle";
/// Candor with all its contracts.
const CONFIG: &str = include_str!("../scenarios/idle/candor.yaml");
/// How many connections are kept.
const CONNECTIONS: u32 = 1000;

/// The figures of one start.
#[derive(Debug, Clone, Copy)]
struct Start {
    answer_ms: f64,
    resident_kib: f64,
    with_connections_kib: f64,
}

/// The figures of all starts.
#[derive(Debug, Serialize)]
pub struct Idle {
    /// Who it is.
    pub name: &'static str,
    /// From its start to the first answer that it passed on, in milliseconds.
    pub answer_ms: Spread,
    /// The memory that it then has resident, in MiB.
    pub resident_mib: Spread,
    /// What a connection adds over which one call was made, in KiB.
    pub connection_kib: Spread,
}

/// What is aimed at: an answer within so many milliseconds, so many MiB, so many KiB a connection.
pub const GOALS: [f64; 3] = [25.0, 15.0, 14.0];

/// Starts nginx and Candor so often each, on the stage of a plain call.
///
/// # Errors
/// One of them does not start, or does not answer.
pub fn measure(stage: &Stage, rounds: u32) -> Result<Vec<Idle>> {
    let mut all = [(REFERENCE, Vec::new()), ("candor", Vec::new())];
    // A first start makes keys, which later ones find.
    drop(serve(stage, "candor")?);
    for _ in 0..rounds {
        for (name, starts) in &mut all {
            starts.push(start(stage, name).with_context(|| format!("{name} was not measured"))?);
        }
    }
    Ok(all.into_iter().map(|(name, starts)| Idle::new(name, &starts)).collect())
}

fn start(stage: &Stage, name: &str) -> Result<Start> {
    let begun = Instant::now();
    let (daemon, address) = serve(stage, name)?;
    let request = request(stage.scenario, stage, name, address);
    answers(&stage.scenario.expected(false), address, &request)?;
    let answer_ms = begun.elapsed().as_secs_f64() * 1000.0;
    let resident_kib = usage::resident_kib(daemon.pid())?;
    let _kept = keep(address, &request)?;
    let with_connections_kib = usage::resident_kib(daemon.pid())?;
    Ok(Start { answer_ms, resident_kib, with_connections_kib })
}

fn serve(stage: &Stage, name: &str) -> Result<(Daemon, SocketAddr)> {
    let (core, folder) = (stage.cores.contender, stage.folder.path());
    if name == REFERENCE {
        return contender::serve_nginx(stage.address, core, folder);
    }
    let config = config_for(CONFIG, stage.address);
    contender::serve(&config, stage.scenario.log, core, &stage.candor, folder)
}

fn request(scenario: &Scenario, stage: &Stage, name: &str, to: SocketAddr) -> Vec<u8> {
    match name {
        REFERENCE => stage.recorded.clone(),
        _ => scenario.request(to, scenario.call.payload),
    }
}

/// Connections over which a call was made each, one after another.
fn keep(address: SocketAddr, request: &[u8]) -> Result<Vec<TcpStream>> {
    let mut kept = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(address).context("cannot connect")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(request)?;
        message::read(&mut stream, |bytes| Ok(message::answer(bytes)?.map(|a| a.length)))?;
        kept.push(stream);
    }
    Ok(kept)
}

// === impl Idle ===

impl Idle {
    fn new(name: &'static str, starts: &[Start]) -> Self {
        let of = |figure: fn(&Start) -> f64| Spread::of(starts.iter().map(figure));
        Self {
            name,
            answer_ms: of(|s| s.answer_ms),
            resident_mib: of(|s| s.resident_kib / 1024.0),
            connection_kib: of(|s| {
                (s.with_connections_kib - s.resident_kib) / f64::from(CONNECTIONS)
            }),
        }
    }
}
