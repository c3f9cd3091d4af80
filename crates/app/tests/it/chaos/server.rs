//! A PostgreSQL server of the test's own: in a folder of its own, on a free port of loopback, and gone
//! with the process that started it, however that ends.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A running server.
pub(super) struct Server {
    port: u16,
    folder: TempDir,
    programs: PathBuf,
    /// Its standard input is the server's life: the server is stopped when that closes.
    keeper: Option<Child>,
}

/// Where the server's programs are, if the machine has them: the newest ones.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<PathBuf> =
        versions.flatten().map(|entry| entry.path().join("bin")).collect();
    found.retain(|path| path.join("initdb").is_file());
    found.sort();
    found.pop()
}

impl Server {
    pub(super) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let all = std::env::var_os("CANDOR_ALL_TESTS").is_some_and(|value| value == "1");
            assert!(!all, "there is no PostgreSQL: apt-get install postgresql");
            println!("left out: there is no PostgreSQL on this machine");
            return None;
        };
        let folder = TempDir::new().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let mut server = Self { port, folder, programs, keeper: None };
        server.make();
        server.run();
        Some(server)
    }

    pub(super) fn url(&self) -> String {
        format!("postgres://candor@127.0.0.1:{}/postgres", self.port)
    }

    /// Stops the server without waiting for who is connected, and starts it again.
    pub(super) fn restart(&mut self) {
        self.stop();
        self.run();
    }

    /// Kills the server and all its processes at once, as a failing machine would, and starts it again.
    pub(super) fn kill_and_run(&mut self) {
        let pid = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap().to_owned();
        // Stopped first, so that it starts nobody while they are counted.
        signal("STOP", std::slice::from_ref(&pid));
        let mut all = children(&pid);
        all.push(pid);
        signal("KILL", &all);
        // The next server refuses to start while one of them holds on to the shared memory.
        while all.iter().any(|pid| state(pid).is_some_and(|state| state != "Z")) {
            std::thread::sleep(Duration::from_millis(5));
        }
        self.restart();
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A command as somebody who may run the server: PostgreSQL refuses root.
    fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        if fs::metadata("/proc/self").is_ok_and(|own| own.uid() != 0) {
            return Command::new(path);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(path);
        command
    }

    fn make(&self) {
        let mut initdb = self.command("initdb");
        initdb.args(["--no-sync", "--auth=trust", "--username=candor", "--encoding=UTF8"]);
        initdb.args(["--locale=C", "-D"]).arg(self.data()).current_dir(self.folder.path());
        let made = initdb.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    /// Starts the server, and waits until it answers.
    fn run(&mut self) {
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        let server = self.command("postgres");
        // The shell outlives the tests by as long as it takes to stop the server and to clean up.
        let script = "\"$@\" <&- & pid=$!; read -r word; \
            if [ \"$word\" = keep ]; then kill -INT $pid; wait $pid; else \
            kill -QUIT $pid; wait $pid; cd / && rm -rf \"$FOLDER\"; fi";
        let mut keeper = Command::new("sh");
        keeper.args(["-c", script]).env("FOLDER", self.folder.path());
        keeper.arg("keeper").arg(server.get_program()).args(server.get_args());
        keeper.arg("-D").arg(self.data()).arg("-k").arg(self.folder.path());
        keeper.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        keeper.current_dir(self.folder.path()).stdin(Stdio::piped()).stdout(Stdio::null());
        self.keeper = Some(keeper.stderr(log).spawn().unwrap());
        self.wait();
    }

    fn wait(&self) {
        let end = Instant::now() + Duration::from_mins(1);
        let ready = self.programs.join("pg_isready");
        let port = self.port.to_string();
        let args = ["-q", "-h", "127.0.0.1", "-p", &port];
        while !Command::new(&ready).args(args).status().unwrap().success() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < end, "{log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn stop(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            keeper.stdin.take().unwrap().write_all(b"keep\n").unwrap();
            keeper.wait().unwrap();
        }
    }
}

/// Sends a signal to processes, some of which may have ended by themselves meanwhile.
fn signal(name: &str, to: &[String]) {
    let mut kill = Command::new("kill");
    kill.args(["-s", name]).args(to).stderr(Stdio::null()).status().unwrap();
}

/// The state of a process and its parent, as `proc(5)` has them; none where there is no such process.
fn stat(pid: &str) -> Option<(String, String)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The command stands in brackets and may hold anything.
    let (_, after) = stat.rsplit_once(") ")?;
    let mut words = after.split(' ').map(str::to_owned);
    Some((words.next()?, words.next()?))
}

/// `Z` where it is dead and nobody has looked yet.
fn state(pid: &str) -> Option<String> {
    stat(pid).map(|(state, _)| state)
}

/// The processes that a process has started.
fn children(parent: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|process| process.file_name().into_string().ok());
    pids.filter(|pid| stat(pid).is_some_and(|(_, of)| of == parent)).collect()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
