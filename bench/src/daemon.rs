//! A server that the benchmark starts: pinned to a core, known by its process id, and stopped with
//! the benchmark, however that ends.

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a server may take to start. A first start of Candor makes an RSA key.
const START_TIME: Duration = Duration::from_secs(20);
/// How long it may take to stop, before it is killed.
const STOP_TIME: Duration = Duration::from_secs(3);
/// How often it is looked whether something has come about.
const GLANCE: Duration = Duration::from_millis(1);

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Daemon {
    name: &'static str,
    child: Child,
    log: PathBuf,
}

/// A command that runs on one core alone, and is sent SIGTERM when this process ends.
///
/// `taskset` and `setpriv` are of util-linux; both become the program that they start, so that the
/// process id is the program's.
pub fn pinned(core: usize, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", &core.to_string(), "setpriv", "--pdeathsig", "TERM"]).arg(program);
    command
}

impl Daemon {
    /// Starts it; what it says on stderr is kept in `folder`.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(name: &'static str, command: &mut Command, folder: &Path) -> Result<Self> {
        let log = folder.join(name).with_extension("log");
        let stderr =
            File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr);
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name, child, log })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The address at the end of the first line that it prints.
    ///
    /// # Errors
    /// It prints no line in time, or one without an address.
    pub fn announced(&mut self) -> Result<SocketAddr> {
        let stdout = self.child.stdout.take().context("its output was read before")?;
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines();
            drop(tell.send(lines.next()));
            // What else it prints is read, so that it never waits for a reader.
            lines.map_while(Result::ok).for_each(drop);
        });
        let Ok(Some(Ok(line))) = told.recv_timeout(START_TIME) else {
            bail!("{} did not start: {}", self.name, self.said());
        };
        let address = line.trim().rsplit([' ', '/']).next().and_then(|word| word.parse().ok());
        address.with_context(|| format!("{} announced no address: {line}", self.name))
    }

    /// Waits until somebody listens at `address`.
    ///
    /// # Errors
    /// It ends before that, or takes too long.
    pub fn listens(&mut self, address: SocketAddr) -> Result<()> {
        let until = Instant::now() + START_TIME;
        while Instant::now() < until && self.child.try_wait()?.is_none() {
            if std::net::TcpStream::connect_timeout(&address, GLANCE).is_ok() {
                return Ok(());
            }
            std::thread::sleep(GLANCE);
        }
        bail!("{} did not start: {}", self.name, self.said())
    }

    /// What it said on stderr.
    fn said(&self) -> String {
        let said = std::fs::read_to_string(&self.log).unwrap_or_default();
        if said.trim().is_empty() { "it said nothing".to_owned() } else { said }
    }

    /// Whether it ends within the time that it has.
    fn ends(&mut self) -> bool {
        let until = Instant::now() + STOP_TIME;
        while Instant::now() < until {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return true;
            }
            std::thread::sleep(GLANCE);
        }
        false
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // SIGTERM first: killed, the master of nginx would leave its worker behind.
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let asked = pid.is_some_and(|pid| kill_process(pid, Signal::TERM).is_ok());
        if !(asked && self.ends()) {
            drop(self.child.kill());
            drop(self.child.wait());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, folder: &Path) -> Daemon {
        let mut command = pinned(0, Path::new("sh"));
        Daemon::start("shell", command.args(["-c", script]), folder).unwrap()
    }

    #[test]
    fn an_address_is_read_from_the_first_line_and_the_process_ends_with_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let mut daemon =
            shell("echo listens on http://127.0.0.1:80; sleep 20 & wait", folder.path());
        assert_eq!(daemon.announced().unwrap(), "127.0.0.1:80".parse().unwrap());
        let pid = Pid::from_raw(i32::try_from(daemon.pid()).unwrap()).unwrap();
        drop(daemon);
        assert!(rustix::process::test_kill_process(pid).is_err());
    }

    #[test]
    fn who_does_not_start_is_quoted() {
        let folder = tempfile::tempdir().unwrap();
        let mut daemon = shell("echo the port is taken >&2; exit 1", folder.path());
        let error = daemon.announced().unwrap_err().to_string();
        assert!(error.contains("the port is taken"), "{error}");
    }
}
