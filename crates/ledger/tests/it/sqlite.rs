//! What is SQLite's own: its file, and everything that can be wrong with one.

use crate::world::{LEASE, folder, new_op, queue, tenant, worker};
use candor_ledger::sqlite::{Settings, Sqlite, upgrade};
use candor_ledger::{
    Created, DocumentName, Engine, EngineError, Filter, Keep, NewOp, Note, OpenError, Put,
    SCHEMA_VERSION, SetClock, Settle, State, Time,
};
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

fn file() -> (TempDir, PathBuf) {
    let folder = folder();
    let path = folder.path().join("ledger.db");
    (folder, path)
}

fn open(path: &Path) -> Result<Sqlite, OpenError> {
    Sqlite::open(Settings::new(path))
}

async fn fill(engine: &Sqlite, count: usize) {
    for _ in 0..count {
        assert!(matches!(engine.create(new_op("t")).await.unwrap(), Created::New(_)));
    }
}

#[tokio::test]
async fn what_was_accepted_is_there_after_a_restart() {
    let (_folder, path) = file();
    let engine = open(&path).unwrap();
    let Created::New(op) = engine.create(new_op("t")).await.unwrap() else { panic!() };
    let name = DocumentName::new("a").unwrap();
    assert!(matches!(engine.put(&name, None, "1".into()).await.unwrap(), Put::Done(_)));
    drop(engine);
    let engine = open(&path).unwrap();
    assert_eq!(engine.get(&op.tenant, &op.id).await.unwrap(), Some(*op));
    assert!(engine.document(&name).await.unwrap().is_some());
}

#[test]
fn a_second_process_is_refused() {
    let (_folder, path) = file();
    let first = open(&path).unwrap();
    assert_eq!(open(&path).unwrap_err(), OpenError::InUse { path: path.clone() });
    drop(first);
    open(&path).unwrap();
}

#[tokio::test]
async fn a_ledger_in_use_can_be_looked_at() {
    let (_folder, path) = file();
    let engine = open(&path).unwrap();
    fill(&engine, 3).await;
    let looking = Sqlite::open_read_only(&Settings::new(&path)).unwrap();
    assert_eq!(looking.dump(None, 10).await.unwrap().len(), 3);
    assert_eq!(looking.check().await.unwrap(), []);
    let error = looking.create(new_op("t")).await.unwrap_err();
    assert!(matches!(error, EngineError::ReadOnly { .. }), "{error}");
}

#[test]
fn a_missing_ledger_is_not_made_unasked() {
    let (_folder, path) = file();
    let place = path.display().to_string();
    let settings = Settings { create: false, ..Settings::new(&path) };
    let missing = OpenError::Missing { place };
    assert_eq!(Sqlite::open(settings.clone()).unwrap_err(), missing);
    assert_eq!(Sqlite::open_read_only(&settings).unwrap_err(), missing);
    assert_eq!(upgrade(&path).unwrap_err(), missing);
    assert!(!path.exists());
}

#[test]
fn another_programs_file_is_left_alone() {
    let (folder, path) = file();
    fs::write(&path, "a letter to somebody, longer than the head of a database ".repeat(20))
        .unwrap();
    assert!(matches!(open(&path).unwrap_err(), OpenError::NotALedger { .. }));
    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE letters (text)").unwrap();
    assert!(matches!(open(&other).unwrap_err(), OpenError::NotALedger { .. }));
}

#[tokio::test]
async fn a_newer_ledger_is_refused() {
    let (_folder, path) = file();
    drop(open(&path).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let newer = OpenError::Newer { found: 99, known: SCHEMA_VERSION };
    assert_eq!(open(&path).unwrap_err(), newer);
    assert_eq!(upgrade(&path).unwrap_err(), newer);
    assert_eq!(Sqlite::open_read_only(&Settings::new(&path)).unwrap_err(), newer);
}

/// A file as an older Candor left it: with an operation, without what came later.
fn older(path: &Path, version: u32) {
    drop(open(path).unwrap());
    let db = Connection::open(path).unwrap();
    if version < 3 {
        db.execute_batch("DROP TABLE documents; DROP TABLE revisions").unwrap();
    }
    if version < 2 {
        db.execute_batch("DROP TABLE quotas").unwrap();
    }
    db.execute_batch(
        "INSERT INTO ops (seq, id, tenant, queue, operation_type, created_by, state, created, due, \
         fence, attempt, keep_succeeded, keep_failed, rev) VALUES \
         (1, x'0123456789abcdef0123456789abcdef', 't', 'calls', '', '', 0, 5, 5, 0, 0, 9, 9, 1); \
         INSERT INTO requests VALUES (1, x'7b7d')",
    )
    .unwrap();
    db.pragma_update(None, "user_version", version).unwrap();
}

#[tokio::test]
async fn every_older_ledger_is_upgraded() {
    for version in 1..SCHEMA_VERSION {
        let (_folder, path) = file();
        older(&path, version);
        let found = OpenError::Older { found: version, known: SCHEMA_VERSION };
        assert_eq!(open(&path).unwrap_err(), found);
        assert_eq!(upgrade(&path).unwrap(), version);
        assert_eq!(upgrade(&path).unwrap(), SCHEMA_VERSION);
        let engine = open(&path).unwrap();
        assert_eq!(engine.check().await.unwrap(), []);
        let claims = engine.claim(&queue(), &worker("w"), 10, LEASE).await.unwrap();
        assert_eq!(claims.len(), 1);
        let name = DocumentName::new("a").unwrap();
        assert!(matches!(engine.put(&name, None, "1".into()).await.unwrap(), Put::Done(_)));
    }
}

#[tokio::test]
async fn a_damaged_file_is_found_before_anything_is_accepted() {
    let (_folder, path) = file();
    let engine = open(&path).unwrap();
    fill(&engine, 500).await;
    drop(engine);
    let bytes = fs::metadata(&path).unwrap().len();
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    for page in 3..bytes / 4096 {
        file.write_all_at(&[0x5a; 512], page * 4096).unwrap();
    }
    let error = open(&path).unwrap_err();
    assert!(matches!(error, OpenError::Engine(EngineError::Corrupt { .. })), "{error}");
    let looking = Sqlite::open_read_only(&Settings::new(&path)).unwrap();
    match looking.check().await {
        Ok(findings) => assert_ne!(findings, []),
        Err(error) => assert!(matches!(error, EngineError::Corrupt { .. }), "{error}"),
    }
}

#[tokio::test]
async fn a_row_that_breaks_a_rule_is_found() {
    let (_folder, path) = file();
    let engine = open(&path).unwrap();
    fill(&engine, 2).await;
    Connection::open(&path).unwrap().execute("DELETE FROM requests WHERE seq = 1", []).unwrap();
    let findings = engine.check().await.unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].to_string(), "every operation has a request: 1 rows break it");
}

#[tokio::test]
async fn a_full_ledger_refuses_and_loses_nothing() {
    let (_folder, path) = file();
    let settings = Settings { max_bytes: Some(512 << 10), ..Settings::new(&path) };
    let engine = Arc::new(Sqlite::open(settings).unwrap());
    let keep = Keep { succeeded: Duration::ZERO, failed: Duration::ZERO };
    let large = || NewOp { request: vec![b'x'; 4000].into(), keep, ..new_op("t") };
    let mut accepted = 0;
    let error = loop {
        match engine.create(large()).await {
            Ok(_) => accepted += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, EngineError::Full { .. }), "{error}");
    assert!(error.nothing_written() && accepted > 50);
    // Many at once are refused as well, each for itself.
    let refused = (0..20).map(|_| {
        let (engine, op) = (Arc::clone(&engine), large());
        tokio::spawn(async move { engine.create(op).await })
    });
    for refused in refused.collect::<Vec<_>>() {
        assert!(matches!(refused.await.unwrap(), Err(EngineError::Full { .. })));
    }
    let page = engine.list(&tenant("t"), &Filter::default(), None, 1000).await.unwrap();
    assert_eq!(page.ops.len(), accepted);
    // What has ended makes room again.
    for op in page.ops.iter().take(20) {
        engine.cancel(&op.tenant, &op.id).await.unwrap();
    }
    assert_eq!(engine.sweep(100).await.unwrap().ops, 20);
    assert!(matches!(engine.create(large()).await.unwrap(), Created::New(_)));
    assert_eq!(engine.check().await.unwrap(), []);
}

/// Where the tests run as root, permissions do not hold; then somebody else opens the file.
#[test]
fn a_file_that_cannot_be_written_is_refused() {
    let (folder, path) = file();
    drop(open(&path).unwrap());
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap().path();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o444)).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    }
    if fs::write(folder.path().join("probe"), "").is_err() {
        let error = open(&path).unwrap_err();
        assert!(matches!(error, OpenError::Engine(EngineError::ReadOnly { .. })), "{error}");
        return;
    }
    let mut child = Command::new("setpriv");
    child.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
    child.arg(std::env::current_exe().unwrap()).args(["--exact", "--nocapture"]);
    child.arg("sqlite::somebody_opens_a_file").env("CANDOR_LEDGER_FILE", &path);
    let output = child.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("refused: the ledger cannot be written"), "{text}{output:?}");
}

/// Run by the test above, as somebody who may not write the file.
#[test]
fn somebody_opens_a_file() {
    if let Some(path) = std::env::var_os("CANDOR_LEDGER_FILE") {
        match open(Path::new(&path)) {
            Ok(_) => println!("opened"),
            Err(error) => println!("refused: {error}"),
        }
    }
}

#[tokio::test]
async fn a_writer_with_too_much_to_do_says_so() {
    let (_folder, path) = file();
    let engine = Arc::new(Sqlite::open(Settings { queue: 1, ..Settings::new(&path) }).unwrap());
    let many: Vec<_> = (0..200)
        .map(|_| {
            let engine = Arc::clone(&engine);
            tokio::spawn(async move { engine.create(new_op("t")).await })
        })
        .collect();
    let (mut accepted, mut refused) = (0, 0);
    for one in many {
        match one.await.unwrap() {
            Ok(_) => accepted += 1,
            Err(EngineError::Unavailable { .. }) => refused += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(refused > 0 && accepted > 0, "{accepted} {refused}");
    assert_eq!(engine.depth(&queue()).await.unwrap().due, accepted);
}

/// The file stays as large as what it holds at once, not as what it ever held.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retention_bounds_the_file() {
    let (_folder, path) = file();
    let clock = SetClock::at(Time::from_millis(1_800_000_000_000));
    let settings = Settings { clock: Arc::new(clock.clone()), ..Settings::new(&path) };
    let engine = Arc::new(Sqlite::open(settings).unwrap());
    let keep = Keep { succeeded: Duration::from_secs(100), failed: Duration::from_secs(100) };
    let mut sizes = Vec::new();
    for _round in 0..5 {
        let writers = (0..20).map(|_| {
            let engine = Arc::clone(&engine);
            tokio::spawn(async move {
                for _ in 0..50 {
                    let take = candor_ledger::Take { worker: worker("w"), lease: LEASE };
                    let request = vec![b'x'; 1000].into();
                    let op = NewOp { keep, request, take: Some(take), ..new_op("t") };
                    let Created::Taken(claim) = engine.create(op).await.unwrap() else { panic!() };
                    let result = vec![b'y'; 500].into();
                    let settle = Settle::Succeeded { result };
                    engine.settle(&claim, settle, Note::default()).await.unwrap();
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        clock.advance(Duration::from_secs(200));
        let mut swept = 0;
        while let n @ 1.. = engine.sweep(500).await.unwrap().total() {
            swept += n;
        }
        assert_eq!(swept, 1000);
        sizes.push(fs::metadata(&path).unwrap().len());
    }
    assert!(sizes[4] <= sizes[1].max(4 << 20), "{sizes:?}");
    let filter = Filter { states: vec![State::Succeeded], ..Filter::default() };
    assert_eq!(engine.list(&tenant("t"), &filter, None, 10).await.unwrap().ops, []);
}
