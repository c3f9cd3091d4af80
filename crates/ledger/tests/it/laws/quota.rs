//! Quotas, as several nodes take them.

use crate::laws::laws;
use crate::world::World;
use candor_ledger::{QuotaKey, QuotaRule};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

laws!(
    racing_nodes_get_no_more_than_the_limit,
    a_unit_counts_until_its_window_and_margin_have_passed,
    units_that_are_given_back_are_there_again,
    keys_of_quotas_are_apart,
    an_idle_quota_is_swept,
);

const RULE: QuotaRule =
    QuotaRule { limit: 1000, window: Duration::from_mins(5), margin: Duration::from_secs(2) };

fn key(name: &str) -> QuotaKey {
    QuotaKey::new(name).unwrap()
}

async fn racing_nodes_get_no_more_than_the_limit(world: World) {
    let mut nodes = JoinSet::new();
    for _ in 0..16 {
        let engine = Arc::clone(&world.engine);
        nodes.spawn(async move {
            let mut mine = 0;
            for want in 1..=20 {
                mine += engine.quota(&key("vendor"), want, &RULE).await.unwrap().granted;
            }
            mine
        });
    }
    assert_eq!(nodes.join_all().await.into_iter().sum::<u32>(), 1000);
}

async fn a_unit_counts_until_its_window_and_margin_have_passed(world: World) {
    let grant = world.engine.quota(&key("k"), 1000, &RULE).await.unwrap();
    assert_eq!((grant.granted, grant.left), (1000, 0));
    world.advance(Duration::from_secs(290));
    let grant = world.engine.quota(&key("k"), 1, &RULE).await.unwrap();
    assert_eq!(grant.granted, 0);
    let wait = grant.wait.unwrap();
    assert!(wait > Duration::from_secs(1) && wait < Duration::from_secs(16), "{wait:?}");
    world.advance(wait);
    assert_eq!(world.engine.quota(&key("k"), 5000, &RULE).await.unwrap().granted, 1000);
}

async fn units_that_are_given_back_are_there_again(world: World) {
    let grant = world.engine.quota(&key("k"), 1000, &RULE).await.unwrap();
    world.engine.quota_return(grant, 300).await.unwrap();
    assert_eq!(world.engine.quota(&key("k"), 1000, &RULE).await.unwrap().granted, 300);
}

async fn keys_of_quotas_are_apart(world: World) {
    assert_eq!(world.engine.quota(&key("a"), 1000, &RULE).await.unwrap().granted, 1000);
    assert_eq!(world.engine.quota(&key("b"), 1000, &RULE).await.unwrap().granted, 1000);
}

async fn an_idle_quota_is_swept(world: World) {
    world.engine.quota(&key("k"), 1, &RULE).await.unwrap();
    assert_eq!(world.engine.sweep(10).await.unwrap().quotas, 0);
    world.advance(Duration::from_secs(400));
    assert_eq!(world.engine.sweep(10).await.unwrap().quotas, 1);
}
