//! A PostgreSQL server of the tests' own: made in a folder of its own, on a free port of loopback,
//! and gone with the process that started it, however that ends.

use candor_ledger::postgres::Settings;
use std::env;
use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio_postgres::NoTls;

/// A running server.
pub(crate) struct Server {
    pub(crate) port: u16,
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

/// The server that the tests of this process share; none where the machine has no PostgreSQL.
pub(crate) fn shared() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    SERVER.get_or_init(Server::start).as_ref()
}

/// Settings for a ledger in a database of its own.
pub(crate) async fn database(name: &str) -> Option<Settings> {
    Some(shared()?.database(name).await)
}

impl Server {
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let all = env::var_os("CANDOR_ALL_TESTS").is_some_and(|value| value == "1");
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

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A command as somebody who may run the server: PostgreSQL refuses root.
    fn command(&self, program: &str) -> Command {
        let path = self.programs.join(program);
        let root = fs::metadata("/proc/self")
            .is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
        if !root {
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
    pub(crate) fn run(&mut self) {
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
        keeper.args(["-c", "max_connections=300", "-c", "shared_buffers=64MB"]);
        keeper.current_dir(self.folder.path()).stdin(Stdio::piped()).stdout(Stdio::null());
        self.keeper = Some(keeper.stderr(log).spawn().unwrap());
        let end = Instant::now() + Duration::from_mins(1);
        let ready = self.programs.join("pg_isready");
        while !Command::new(&ready)
            .args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()])
            .status()
            .unwrap()
            .success()
        {
            assert!(Instant::now() < end, "{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills the server and all its processes at once, as a failing machine would.
    pub(crate) fn kill(&mut self) {
        let pid = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap().to_owned();
        let mut all = children(&pid);
        all.push(pid);
        // Some of them may have ended by themselves meanwhile.
        Command::new("kill").arg("-KILL").args(all).stderr(Stdio::null()).status().unwrap();
        self.gone();
    }

    /// Stops the server, without waiting for who is connected.
    pub(crate) fn stop(&mut self) {
        self.gone();
    }

    fn gone(&mut self) {
        if let Some(mut keeper) = self.keeper.take() {
            keeper.stdin.take().unwrap().write_all(b"keep\n").unwrap();
            keeper.wait().unwrap();
        }
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://candor@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes a database, and settings for a ledger in it.
    pub(crate) async fn database(&self, name: &str) -> Settings {
        let (client, connection) =
            tokio_postgres::connect(&self.url("postgres"), NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&format!("CREATE DATABASE {name}")).await.unwrap();
        Settings::new(self.url(name))
    }

    fn log(&self) -> String {
        fs::read_to_string(Path::new(self.folder.path()).join("log")).unwrap_or_default()
    }
}

/// The processes that a process has started.
fn children(parent: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let child = |process: fs::DirEntry| {
        let stat = fs::read_to_string(process.path().join("stat")).ok()?;
        // The command stands in brackets and may hold anything; the parent is the second after it.
        let (_, after) = stat.rsplit_once(") ")?;
        let own = after.split(' ').nth(1)? == parent;
        own.then(|| process.file_name().into_string().ok())?
    };
    processes.filter_map(child).collect()
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
