//! What is PostgreSQL's own: its schema, its settings, and several nodes.

use crate::server;
use crate::world::{LEASE, done, new_op, queue, worker};
use candor_ledger::postgres::{Postgres, Settings, upgrade};
use candor_ledger::{
    Created, DocumentName, Engine, EngineError, Idempotency, NewOp, Note, OpenError, Put, QuotaKey,
    QuotaRule, Rev, SCHEMA_VERSION, Serial, Settled, Watcher,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

async fn run(settings: &Settings, sql: &str) {
    let (client, connection) = tokio_postgres::connect(&settings.url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
}

#[tokio::test]
async fn a_missing_ledger_is_not_made_unasked() {
    let Some(settings) = server::database("missing").await else { return };
    let settings = Settings { create: false, ..settings };
    let error = Postgres::open(settings.clone()).await.unwrap_err();
    assert!(matches!(error, OpenError::Missing { .. }), "{error}");
    assert!(matches!(upgrade(&settings).await.unwrap_err(), OpenError::Missing { .. }));
}

#[tokio::test]
async fn a_newer_ledger_is_refused() {
    let Some(settings) = server::database("newer").await else { return };
    drop(Postgres::open(settings.clone()).await.unwrap());
    run(&settings, "UPDATE candor.schema_version SET version = 99").await;
    let newer = OpenError::Newer { found: 99, known: SCHEMA_VERSION };
    assert_eq!(Postgres::open(settings.clone()).await.unwrap_err(), newer);
    assert_eq!(upgrade(&settings).await.unwrap_err(), newer);
}

#[tokio::test]
async fn every_older_ledger_is_upgraded() {
    for version in 1..SCHEMA_VERSION {
        let name = format!("older_{version}");
        let Some(settings) = server::database(&name).await else { return };
        let engine = Postgres::open(settings.clone()).await.unwrap();
        let Created::New(op) = engine.create(new_op("t")).await.unwrap() else { panic!() };
        drop(engine);
        run(&settings, "DROP TABLE candor.documents, candor.revisions").await;
        if version < 2 {
            run(&settings, "DROP TABLE candor.quotas; DROP FUNCTION candor.moment_ms").await;
        }
        let set = format!("UPDATE candor.schema_version SET version = {version}");
        run(&settings, &set).await;
        let found = OpenError::Older { found: version, known: SCHEMA_VERSION };
        assert_eq!(Postgres::open(settings.clone()).await.unwrap_err(), found);
        assert_eq!(upgrade(&settings).await.unwrap(), version);
        let engine = Postgres::open(settings).await.unwrap();
        assert_eq!(engine.get(&op.tenant, &op.id).await.unwrap(), Some(*op));
        let name = DocumentName::new("a").unwrap();
        assert!(matches!(engine.put(&name, None, "1".into()).await.unwrap(), Put::Done(_)));
    }
}

#[tokio::test]
async fn nodes_that_start_at_once_make_one_ledger() {
    let Some(settings) = server::database("together").await else { return };
    let mut nodes = JoinSet::new();
    for _ in 0..6 {
        let settings = settings.clone();
        nodes.spawn(async move { Postgres::open(settings).await.unwrap() });
    }
    let nodes = nodes.join_all().await;
    let Created::New(op) = nodes[0].create(new_op("t")).await.unwrap() else { panic!() };
    assert_eq!(nodes[5].get(&op.tenant, &op.id).await.unwrap(), Some(*op));
}

#[tokio::test]
async fn a_server_that_would_lose_what_it_acknowledged_is_refused() {
    let Some(settings) = server::database("careless").await else { return };
    let careless = "ALTER DATABASE careless SET synchronous_commit = off";
    run(&settings, careless).await;
    let error = Postgres::open(settings.clone()).await.unwrap_err();
    assert!(
        matches!(&error, OpenError::NotDurable { setting, .. } if setting == "synchronous_commit")
    );
    run(&settings, "ALTER DATABASE careless RESET synchronous_commit").await;
    let strict = Settings { require_sync_standby: true, ..settings.clone() };
    let error = Postgres::open(strict).await.unwrap_err();
    assert!(matches!(error, OpenError::NotDurable { .. }), "{error}");
    let health = Postgres::open(settings).await.unwrap().health().await.unwrap();
    assert_eq!((health.durable, health.synchronous_standbys), (true, Some(0)));
    assert!(health.warnings[0].starts_with("there is no synchronous standby"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let settings = Settings::new("postgres://candor@127.0.0.1:1/nothing");
    let error = Postgres::open(settings).await.unwrap_err();
    let OpenError::Engine(error) = error else { panic!("{error}") };
    assert!(matches!(error, EngineError::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("refused"), "{error}");
}

#[tokio::test]
async fn a_server_that_turns_read_only_is_left_for_another() {
    let Some(settings) = server::database("demoted").await else { return };
    let engine = Postgres::open(settings.clone()).await.unwrap();
    engine.create(new_op("t")).await.unwrap();
    // As a demoted primary does; connections that were made before stay.
    run(&settings, "ALTER DATABASE demoted SET default_transaction_read_only = on").await;
    let pids = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
        WHERE datname = 'demoted' AND application_name = 'candor'";
    run(&settings, pids).await;
    let error = engine.create(new_op("t")).await.unwrap_err();
    let known = matches!(error, EngineError::Unavailable { .. } | EngineError::Unknown { .. });
    assert!(known, "{error}");
    let other = Settings::new(server::shared().unwrap().url("postgres"));
    run(&other, "ALTER DATABASE demoted RESET default_transaction_read_only").await;
    let new = new_op("t");
    let created = loop {
        match engine.create(new.clone()).await {
            Ok(created) => break created,
            Err(error) => assert!(error.retry_after().is_some(), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(matches!(created, Created::New(_)));
}

#[tokio::test]
async fn one_node_dies_and_another_goes_on() {
    let Some(settings) = server::database("fleet").await else { return };
    let first = Postgres::open(settings.clone()).await.unwrap();
    let second = Postgres::open(settings.clone()).await.unwrap();
    first.create(new_op("t")).await.unwrap();
    let mine = first.claim(&queue(), &worker("first"), 1, LEASE).await.unwrap().remove(0);
    first.renew(&mine, LEASE, Note::progress("about to send")).await.unwrap();
    assert_eq!(second.claim(&queue(), &worker("second"), 1, LEASE).await.unwrap(), []);
    settings.clock_offset.advance(LEASE + Duration::from_mins(1));
    let heir = second.claim(&queue(), &worker("second"), 1, LEASE).await.unwrap().remove(0);
    assert!(heir.owner_died && heir.fence > mine.fence);
    assert_eq!(heir.op.progress, "about to send");
    assert_eq!(first.settle(&mine, done("late"), Note::default()).await.unwrap(), Settled::Lost);
    let settled = second.settle(&heir, done("r"), Note::default()).await.unwrap();
    assert_eq!(settled, Settled::Recorded);
}

#[tokio::test]
async fn a_document_is_seen_by_another_node() {
    let Some(settings) = server::database("seen").await else { return };
    let first = Postgres::open(settings.clone()).await.unwrap();
    let second = Arc::new(Postgres::open(settings).await.unwrap());
    let name = DocumentName::new("a").unwrap();
    let watching = tokio::spawn(async move {
        let mut watcher = Watcher::new(second, Rev(0));
        watcher.next().await.unwrap()
    });
    first.put(&name, None, "1".into()).await.unwrap();
    let seen = watching.await.unwrap();
    assert_eq!((seen.len(), &seen[0].name), (1, &name));
}

/// Four nodes over one server.
async fn fleet(name: &str) -> Option<Vec<Arc<Postgres>>> {
    let settings = server::database(name).await?;
    let mut nodes = Vec::new();
    for _ in 0..4 {
        nodes.push(Arc::new(Postgres::open(settings.clone()).await.unwrap()));
    }
    Some(nodes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_nodes_share_no_operation() {
    let Some(nodes) = fleet("racing_claims").await else { return };
    for _ in 0..400 {
        nodes[0].create(new_op("t")).await.unwrap();
    }
    let mut claiming = JoinSet::new();
    for (number, node) in nodes.iter().enumerate() {
        let node = Arc::clone(node);
        claiming.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let me = worker(&number.to_string());
                let claims = node.claim(&queue(), &me, 3, LEASE).await.unwrap();
                if claims.is_empty() {
                    return mine;
                }
                mine.extend(claims.into_iter().map(|claim| claim.op.id));
            }
        });
    }
    let mut all = claiming.join_all().await.concat();
    assert_eq!(all.len(), 400);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 400);
}

/// 1,000 keys, and two senders of each at every node.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_nodes_make_one_operation_of_a_key() {
    let Some(nodes) = fleet("racing_keys").await else { return };
    let mut made = 0;
    for chunk in 0..10 {
        let mut senders = JoinSet::new();
        for (key, node) in (0..100).flat_map(|key| (0..8).map(move |sender| (key, sender % 4))) {
            let node = Arc::clone(&nodes[node]);
            let key = format!("{chunk}-{key}");
            let idempotency =
                Idempotency { key, fingerprint: [1; 32], keep: Duration::from_hours(24) };
            let new = NewOp { idempotency: Some(idempotency), ..new_op("t") };
            senders.spawn(async move { node.create(new).await.unwrap() });
        }
        for created in senders.join_all().await {
            match created {
                Created::New(_) => made += 1,
                Created::InProgress(_) => {}
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(made, 1000);
    assert_eq!(nodes[1].depth(&queue()).await.unwrap().due, 1000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_nodes_run_a_serial_key_one_at_a_time() {
    let Some(nodes) = fleet("racing_serials").await else { return };
    let (running, ran) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (mut making, mut working) = (JoinSet::new(), JoinSet::new());
    for node in &nodes {
        let node_of_maker = Arc::clone(node);
        making.spawn(async move {
            for _ in 0..25 {
                let serial = Serial { key: "k".to_owned(), waiting: 1000 };
                let new = NewOp { serial: Some(serial), ..new_op("t") };
                assert!(matches!(node_of_maker.create(new).await.unwrap(), Created::New(_)));
            }
        });
        let (node, running, ran) = (Arc::clone(node), Arc::clone(&running), Arc::clone(&ran));
        working.spawn(async move {
            while ran.load(Ordering::SeqCst) < 100 {
                let claims = node.claim(&queue(), &worker("w"), 5, LEASE).await.unwrap();
                for claim in claims {
                    assert_eq!(running.fetch_add(1, Ordering::SeqCst), 0, "two at a time");
                    tokio::task::yield_now().await;
                    running.fetch_sub(1, Ordering::SeqCst);
                    let settled = node.settle(&claim, done(""), Note::default()).await.unwrap();
                    assert_eq!(settled, Settled::Recorded);
                    ran.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
    }
    making.join_all().await;
    working.join_all().await;
    assert_eq!(ran.load(Ordering::SeqCst), 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_racing_creates_of_a_serial_key_one_is_first() {
    let Some(nodes) = fleet("racing_firsts").await else { return };
    for key in 0..30 {
        let mut making = JoinSet::new();
        for node in nodes.iter().chain(&nodes) {
            let node = Arc::clone(node);
            let serial = Serial { key: key.to_string(), waiting: 0 };
            let new = NewOp { serial: Some(serial), ..new_op("t") };
            making.spawn(async move { node.create(new).await.unwrap() });
        }
        let made = making.join_all().await;
        let new = |created: &&Created| matches!(created, Created::New(_));
        assert_eq!(made.iter().filter(new).count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_nodes_get_no_more_than_the_limit() {
    let Some(nodes) = fleet("racing_quota").await else { return };
    let mut asking = JoinSet::new();
    for node in nodes.iter().chain(&nodes) {
        let node = Arc::clone(node);
        asking.spawn(async move {
            let key = QuotaKey::new("vendor").unwrap();
            let (window, margin) = (Duration::from_mins(5), Duration::from_secs(2));
            let rule = QuotaRule { limit: 1000, window, margin };
            let mut mine = 0;
            for _ in 0..30 {
                mine += node.quota(&key, 7, &rule).await.unwrap().granted;
            }
            mine
        });
    }
    assert_eq!(asking.join_all().await.into_iter().sum::<u32>(), 1000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_nodes_give_each_change_a_revision() {
    let Some(nodes) = fleet("racing_documents").await else { return };
    let mut changing = JoinSet::new();
    for (number, node) in nodes.iter().enumerate() {
        let node = Arc::clone(node);
        changing.spawn(async move {
            let mut revs = Vec::new();
            for step in 0..20 {
                let name = DocumentName::new(format!("d{number}-{step}")).unwrap();
                match node.put(&name, None, "x".into()).await.unwrap() {
                    Put::Done(rev) => revs.push(rev),
                    Put::Conflict(at) => panic!("{at:?}"),
                }
            }
            revs
        });
    }
    let mut revs = changing.join_all().await.concat();
    revs.sort();
    assert_eq!(revs, (1..=80).map(Rev).collect::<Vec<_>>());
}
