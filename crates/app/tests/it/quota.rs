//! Two gateways on one PostgreSQL that keep a vendor's limit together, while one of them is killed.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The vendor's limit.
const CALLS: usize = 1000;
const PER: Duration = Duration::from_secs(3);
/// By how much the ways to the vendor may differ on a machine that has much to do.
const SKEW: &str = "300ms";

/// A PostgreSQL server in a folder of its own, which is stopped with the process that started it.
struct Server {
    folder: tempfile::TempDir,
    port: u16,
    keeper: Child,
}

impl Server {
    /// None where the machine has no PostgreSQL.
    fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let all = std::env::var_os("CANDOR_ALL_TESTS").is_some_and(|value| value == "1");
            assert!(!all, "there is no PostgreSQL: apt-get install postgresql");
            drop(writeln!(std::io::stderr(), "left out: there is no PostgreSQL on this machine"));
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let data = folder.path().join("data");
        let mut initdb = as_somebody(&programs.join("initdb"));
        initdb.args(["--no-sync", "--auth=trust", "--username=candor", "--encoding=UTF8"]);
        initdb.args(["--locale=C", "-D"]).arg(&data).current_dir(folder.path());
        let made = initdb.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let keeper = keep(&programs, &folder, port);
        let server = Self { folder, port, keeper };
        server.wait(&programs);
        Some(server)
    }

    fn wait(&self, programs: &Path) {
        let end = Instant::now() + Duration::from_mins(1);
        let port = self.port.to_string();
        let mut ready = Command::new(programs.join("pg_isready"));
        ready.args(["-q", "-h", "127.0.0.1", "-p", &port]);
        while !ready.status().unwrap().success() {
            let log = fs::read_to_string(self.folder.path().join("log"));
            assert!(Instant::now() < end, "{log:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Server {
    /// Sends a signal to the server and all its processes.
    fn signal(&self, name: &str) {
        let pid = fs::read_to_string(self.folder.path().join("data/postmaster.pid")).unwrap();
        let pid = pid.lines().next().unwrap();
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let child = |process: fs::DirEntry| {
            let stat = fs::read_to_string(process.path().join("stat")).ok()?;
            // The command stands in brackets and may hold anything; the parent is the second after it.
            let (_, after) = stat.rsplit_once(") ")?;
            (after.split(' ').nth(1)? == pid).then(|| process.file_name())
        };
        let children: Vec<_> = processes.filter_map(child).collect();
        // Some of them may have ended by themselves meanwhile.
        let mut kill = Command::new("kill");
        kill.args([name, pid]).args(children).stderr(Stdio::null()).status().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Where the server's programs are: the newest ones.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut found: Vec<PathBuf> =
        versions.flatten().map(|entry| entry.path().join("bin")).collect();
    found.retain(|path| path.join("initdb").is_file());
    found.sort();
    found.pop()
}

/// A command as somebody who may run the server: PostgreSQL refuses root.
fn as_somebody(program: &Path) -> Command {
    if fs::metadata("/proc/self").is_ok_and(|own| own.uid() != 0) {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(program);
    command
}

/// Runs the server for as long as the keeper's standard input is open.
fn keep(programs: &Path, folder: &tempfile::TempDir, port: u16) -> Child {
    let server = as_somebody(&programs.join("postgres"));
    let script = "\"$@\" <&- & pid=$!; read -r word; kill -QUIT $pid; wait $pid";
    let mut keeper = Command::new("sh");
    keeper.args(["-c", script, "keeper"]).arg(server.get_program()).args(server.get_args());
    keeper.arg("-D").arg(folder.path().join("data")).arg("-k").arg(folder.path());
    keeper.args(["-h", "127.0.0.1", "-p", &port.to_string(), "-c", "max_connections=100"]);
    keeper.current_dir(folder.path()).stdin(Stdio::piped()).stdout(Stdio::null());
    keeper.stderr(fs::File::create(folder.path().join("log")).unwrap()).spawn().unwrap()
}

/// A vendor that notes when each request arrives.
#[derive(Clone, Default)]
struct Vendor(Arc<Mutex<Vec<Instant>>>);

impl Vendor {
    fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let vendor = self.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let vendor = vendor.clone();
                std::thread::spawn(move || vendor.serve(&stream.unwrap()));
            }
        });
        address
    }

    fn serve(&self, stream: &TcpStream) {
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        while let Some(status) = read_head(&mut lines) {
            assert!(status.starts_with("GET "), "{status}");
            self.0.lock().unwrap().push(Instant::now());
            let answer =
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
            if stream.write_all(answer).is_err() {
                return;
            }
        }
    }

    /// The most requests in any interval of the limit's time, and the requests in all.
    fn seen(&self) -> (usize, usize) {
        let mut seen = self.0.lock().unwrap().clone();
        seen.sort_unstable();
        let until = |from: &Instant| seen.partition_point(|at| *at < *from + PER);
        let most = seen.iter().enumerate().map(|(before, from)| until(from) - before).max();
        (most.unwrap_or(0), seen.len())
    }

    /// The most requests in an interval that begins within these moments.
    fn seen_from(&self, from: Instant, to: Instant) -> usize {
        let seen = self.0.lock().unwrap().clone();
        let within =
            |begin: &Instant| seen.iter().filter(|at| (*begin..*begin + PER).contains(*at)).count();
        seen.iter().filter(|at| (from..to).contains(*at)).map(within).max().unwrap_or(0)
    }
}

/// The first line of a head, without a body.
fn read_head(stream: &mut impl BufRead) -> Option<String> {
    let (mut first, mut line) = (String::new(), String::new());
    stream.read_line(&mut first).ok().filter(|read| *read > 0)?;
    while stream.read_line(&mut line).ok()? > 2 {
        line.clear();
    }
    Some(first)
}

/// A gateway, and its address.
struct Gateway {
    child: Child,
    address: Arc<Mutex<String>>,
}

impl Gateway {
    fn start(folder: &Path, name: &str, address: Arc<Mutex<String>>) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_candor"))
            .args(["serve", name])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        line.trim().rsplit("http://").next().unwrap().clone_into(&mut address.lock().unwrap());
        Self { child, address }
    }

    fn signal(&mut self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
        self.child.wait().unwrap();
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Calls a gateway again and again, wherever it is just now; how many calls were held back.
fn caller(address: Arc<Mutex<String>>, stop: Arc<AtomicBool>) -> JoinHandle<usize> {
    std::thread::spawn(move || {
        let mut held = 0;
        while !stop.load(Ordering::SeqCst) {
            let at = address.lock().unwrap().clone();
            let Ok(stream) = TcpStream::connect(at) else {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            };
            held += calls(&stream, &stop).unwrap_or(0);
        }
        held
    })
}

/// Calls over one connection, until the stop or the gateway's end.
fn calls(mut stream: &TcpStream, stop: &AtomicBool) -> Option<usize> {
    let mut answers = BufReader::new(stream.try_clone().ok()?);
    let mut held = 0;
    while !stop.load(Ordering::SeqCst) {
        if stream.write_all(b"GET /shop/x HTTP/1.1\r\nHost: g\r\n\r\n").is_err() {
            return Some(held);
        }
        let passed = answer(&mut answers)?;
        if !passed {
            held += 1;
            std::thread::sleep(Duration::from_millis(10));
        }
    }
    Some(held)
}

/// Reads an answer: whether it is a success.
fn answer(stream: &mut impl BufRead) -> Option<bool> {
    let (mut passed, mut length, mut line) = (None, 0, String::new());
    while stream.read_line(&mut line).ok().filter(|read| *read > 0)? > 2 {
        passed = passed.or_else(|| Some(line.contains(" 200 ")));
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    stream.read_exact(&mut vec![0; length]).ok()?;
    passed
}

fn configure(folder: &Path, name: &str, vendor: &str, ledger: &str) {
    let text = format!(
        "listen: 127.0.0.1:0\nworkers: 2\nstate: state-{name}\nledger: {ledger}\n\
         predefined_callbacks: false\nroutes:\n  shop:\n    url: http://{vendor}/\n    \
         contract: http\n    repeat: false\n    allow_http: true\n    \
         allow_addresses: [127.0.0.0/8]\n    \
         limit: {{ calls: {CALLS}, per: {}s, skew: {SKEW}, shared: true, nodes: 2 }}\n",
        PER.as_secs()
    );
    fs::write(folder.join(name), text).unwrap();
}

#[test]
fn a_limit_over_two_gateways_holds_whatever_is_killed_or_stands_still() {
    let Some(server) = Server::start() else { return };
    let ledger = format!("postgres://candor@127.0.0.1:{}/postgres", server.port);
    let (folder, vendor) = (tempfile::tempdir().unwrap(), Vendor::default());
    let address = vendor.start();
    let names = ["one.yaml", "other.yaml"];
    for name in names {
        configure(folder.path(), name, &address, &ledger);
    }
    let start = |name| Gateway::start(folder.path(), name, Arc::default());
    let [mut one, other] = names.map(start);
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..8)
        .map(|number| if number % 2 == 0 { &one } else { &other })
        .map(|gateway| caller(Arc::clone(&gateway.address), Arc::clone(&stop)))
        .collect();
    let began = Instant::now();
    std::thread::sleep(PER);
    // An interval that begins before ends before anything happens.
    let quiet_until = Instant::now();
    std::thread::sleep(PER + PER / 10);
    one.signal("-KILL");
    let one = Gateway::start(folder.path(), names[0], Arc::clone(&one.address));
    std::thread::sleep(PER);
    // A ledger that stands still: what it answers when it goes on is too late to be used.
    server.signal("-STOP");
    std::thread::sleep(PER / 3);
    server.signal("-CONT");
    std::thread::sleep(PER * 2);
    stop.store(true, Ordering::SeqCst);
    let held: usize = callers.into_iter().map(|caller| caller.join().unwrap()).sum();
    let ((most, all), quiet) = (vendor.seen(), vendor.seen_from(began, quiet_until));
    drop(writeln!(
        std::io::stderr(),
        "of {CALLS} in any {PER:?} over two gateways: at most {most} arrived, {quiet} in the fullest \
         interval before one was killed; {all} in {:?} in all, {held} held back",
        began.elapsed()
    ));
    assert!(most <= CALLS, "{most} in one interval");
    assert!(quiet * 100 >= CALLS * 95, "only {quiet}");
    assert!(held > 0);
    drop((one, other));
}

#[test]
fn a_limit_outlives_a_restart_and_a_stop_gives_back() {
    let (folder, vendor) = (tempfile::tempdir().unwrap(), Vendor::default());
    let address = vendor.start();
    configure(folder.path(), "one.yaml", &address, "ledger.db");
    let path = folder.path().join("one.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("calls: 1000, per: 3s", "calls: 100, per: 5m")).unwrap();
    // What a stopped gateway did not give back would be missing in the end.
    for (asked, passes) in [(30, 30), (30, 30), (50, 40)] {
        let mut gateway = Gateway::start(folder.path(), "one.yaml", Arc::default());
        let address = gateway.address.lock().unwrap().clone();
        let mut stream = TcpStream::connect(address).unwrap();
        let mut answers = BufReader::new(stream.try_clone().unwrap());
        let asks = std::iter::repeat_with(|| {
            stream.write_all(b"GET /shop/x HTTP/1.1\r\nHost: g\r\n\r\n").unwrap();
            answer(&mut answers).unwrap()
        });
        assert_eq!(asks.take(asked).filter(|passed| *passed).count(), passes);
        drop((answers, stream));
        gateway.signal("-TERM");
    }
    assert_eq!(vendor.seen().1, 100);
}
