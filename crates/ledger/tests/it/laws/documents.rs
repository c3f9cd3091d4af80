//! Documents: changed by one at a time, seen by all.

use crate::laws::laws;
use crate::world::World;
use candor_ledger::{DocumentName, EngineError, LARGEST_DOCUMENT, Put, REMAINS_KEPT, Rev, Watcher};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::task::JoinSet;

laws!(
    a_document_is_changed_by_whom_knows_its_revision,
    a_change_may_be_repeated,
    of_racing_changes_one_is_made,
    a_watcher_reaches_the_last_revision_of_each,
    the_remains_of_a_document_are_swept,
);

fn name(name: &str) -> DocumentName {
    DocumentName::new(name).unwrap()
}

fn rev(put: Put) -> Rev {
    match put {
        Put::Done(rev) => rev,
        Put::Conflict(current) => panic!("it is at {current:?}"),
    }
}

async fn a_document_is_changed_by_whom_knows_its_revision(world: World) {
    let engine = &world.engine;
    let first = rev(engine.put(&name("a"), None, "1".into()).await.unwrap());
    let taken = engine.put(&name("a"), None, "2".into()).await.unwrap();
    assert_eq!(taken, Put::Conflict(Some(first)));
    let second = rev(engine.put(&name("a"), Some(first), "2".into()).await.unwrap());
    assert!(second > first);
    let late = engine.put(&name("a"), Some(first), "3".into()).await.unwrap();
    assert_eq!(late, Put::Conflict(Some(second)));
    let document = engine.document(&name("a")).await.unwrap().unwrap();
    assert_eq!((document.rev, document.body.unwrap()), (second, "2".into()));
    assert_eq!(engine.remove(&name("a"), first).await.unwrap(), Put::Conflict(Some(second)));
    let gone = rev(engine.remove(&name("a"), second).await.unwrap());
    assert_eq!(engine.document(&name("a")).await.unwrap(), None);
    assert_eq!(engine.remove(&name("b"), gone).await.unwrap(), Put::Conflict(None));
    let again = rev(engine.put(&name("a"), None, "4".into()).await.unwrap());
    assert!(again > gone);
    let large = vec![0; LARGEST_DOCUMENT + 1].into();
    let error = engine.put(&name("c"), None, large).await.unwrap_err();
    assert!(matches!(error, EngineError::Invalid { .. }));
}

async fn a_change_may_be_repeated(world: World) {
    let engine = &world.engine;
    let first = engine.put(&name("a"), None, "1".into()).await.unwrap();
    assert_eq!(engine.put(&name("a"), None, "1".into()).await.unwrap(), first);
    let gone = engine.remove(&name("a"), rev(first)).await.unwrap();
    assert_eq!(engine.remove(&name("a"), rev(first)).await.unwrap(), gone);
    assert_eq!(engine.changes(Rev(0), 10).await.unwrap().len(), 1);
}

async fn of_racing_changes_one_is_made(world: World) {
    let first = rev(world.engine.put(&name("a"), None, "0".into()).await.unwrap());
    let mut changes = JoinSet::new();
    for number in 1..=16 {
        let engine = Arc::clone(&world.engine);
        changes.spawn(async move {
            let body = number.to_string().into();
            engine.put(&name("a"), Some(first), body).await.unwrap()
        });
    }
    let answers = changes.join_all().await;
    assert_eq!(answers.iter().filter(|put| matches!(put, Put::Done(_))).count(), 1);
}

async fn a_watcher_reaches_the_last_revision_of_each(world: World) {
    let engine = Arc::clone(&world.engine);
    let mut watcher = Watcher::new(Arc::clone(&engine), Rev(0));
    let watching = tokio::spawn(async move {
        let (mut seen, mut last): (HashMap<String, Option<String>>, Rev) = Default::default();
        while !seen.contains_key("end") {
            for document in watcher.next().await.unwrap() {
                assert!(document.rev > last, "revisions come in order");
                last = document.rev;
                let text = document.body.map(|body| String::from_utf8(body.to_vec()).unwrap());
                seen.insert(document.name.as_str().to_owned(), text);
            }
        }
        assert_eq!(watcher.seen(), last);
        seen
    });
    let mut revs: HashMap<u32, Rev> = HashMap::new();
    for step in 0..60_u32 {
        let which = step % 7;
        let document = name(&format!("d{which}"));
        let put = engine.put(&document, revs.get(&which).copied(), step.to_string().into()).await;
        revs.insert(which, rev(put.unwrap()));
    }
    rev(engine.remove(&name("d0"), revs[&0]).await.unwrap());
    rev(engine.put(&name("end"), None, "".into()).await.unwrap());
    let seen = watching.await.unwrap();
    assert_eq!(seen["d0"], None);
    for which in 1..7_u32 {
        let last = (0..60).rev().find(|step| step % 7 == which).unwrap();
        assert_eq!(seen[&format!("d{which}")], Some(last.to_string()));
    }
}

async fn the_remains_of_a_document_are_swept(world: World) {
    let first = rev(world.engine.put(&name("a"), None, "1".into()).await.unwrap());
    rev(world.engine.put(&name("b"), None, "1".into()).await.unwrap());
    rev(world.engine.remove(&name("a"), first).await.unwrap());
    world.advance(REMAINS_KEPT / 2);
    assert_eq!(world.engine.sweep(10).await.unwrap().documents, 0);
    world.advance(REMAINS_KEPT);
    assert_eq!(world.engine.sweep(10).await.unwrap().documents, 1);
    assert_eq!(world.engine.changes(Rev(0), 10).await.unwrap().len(), 1);
}
