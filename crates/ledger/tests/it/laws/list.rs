//! Lists: filters, cursors, and that nothing of one tenant is visible to another.

use crate::laws::laws;
use crate::world::{World, done, failed, ids, new_op, tenant};
use candor_ledger::{
    Cancelled, Cursor, Deleted, Filter, NewOp, Op, OpId, Redriven, State, Tenant, export,
};
use std::time::Duration;
use uuid::Uuid;

laws!(
    a_list_is_walked_from_the_newest_on,
    a_list_is_filtered,
    dead_letters_are_listed_until_they_are_redriven,
    nothing_of_a_tenant_is_visible_to_another,
    an_export_has_a_line_for_everything,
    a_sound_ledger_has_no_findings,
);

async fn list(world: &World, filter: &Filter) -> Vec<OpId> {
    let page = world.engine.list(&tenant("t"), filter, None, 1000).await.unwrap();
    ids(&page.ops)
}

async fn a_list_is_walked_from_the_newest_on(world: World) {
    let mut made = Vec::new();
    for _ in 0..25 {
        made.push(world.accept(new_op("t")).await.id);
        world.accept(new_op("other")).await;
    }
    let claims = world.claim_all().await;
    for claim in claims.iter().step_by(3) {
        world.settle(claim, done("")).await;
    }
    made.sort_by(|a, b| b.cmp(a));
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = world.engine.list(&tenant("t"), &Filter::default(), after, 10).await.unwrap();
        assert!(page.ops.len() <= 10);
        seen.extend(ids(&page.ops));
        let Some(next) = page.next else { break };
        after = Some(next);
    }
    assert_eq!(seen, made);
    let end = Cursor(*made.last().unwrap());
    let page = world.engine.list(&tenant("t"), &Filter::default(), Some(end), 10).await.unwrap();
    assert_eq!((page.ops.len(), page.next), (0, None));
}

async fn a_list_is_filtered(world: World) {
    let mut make = Vec::new();
    for number in 0..12 {
        make.push(NewOp {
            resource_id: (number % 2 == 0).then(|| format!("r{}", number % 4)),
            operation_type: if number < 6 { "create" } else { "delete" }.to_owned(),
            created_by: format!("user-{}", number % 3),
            ..new_op("t")
        });
    }
    let mut ops: Vec<Op> = Vec::new();
    for new in make {
        ops.push(world.accept(new).await);
        world.advance(Duration::from_secs(100));
    }
    for claim in world.claim_all().await {
        let number = ops.iter().position(|op| op.id == claim.op.id).unwrap();
        match number % 4 {
            0 => drop(world.settle(&claim, done("")).await),
            1 => drop(world.settle(&claim, failed(false)).await),
            _ => {}
        }
    }
    let states = |states: &[State]| Filter { states: states.to_vec(), ..Filter::default() };
    let expect = |wanted: &dyn Fn(usize, &Op) -> bool| {
        let found = ops.iter().enumerate().filter(|(number, op)| wanted(*number, op));
        let mut found: Vec<_> = found.map(|(_, op)| op.id).collect();
        found.reverse();
        found
    };
    let filter = states(&[State::Succeeded]);
    assert_eq!(list(&world, &filter).await, expect(&|n, _| n % 4 == 0));
    let filter = states(&[State::InProgress, State::Failed]);
    assert_eq!(list(&world, &filter).await, expect(&|n, _| n % 4 != 0));
    let filter = states(&[State::Pending, State::Cancelled]);
    assert!(list(&world, &filter).await.is_empty());
    let filter = Filter { resource_id: Some("r2".to_owned()), ..Filter::default() };
    assert_eq!(list(&world, &filter).await, expect(&|n, _| n % 4 == 2));
    let filter = Filter { resource_id: Some("r0".to_owned()), ..states(&[State::Succeeded]) };
    assert_eq!(list(&world, &filter).await, expect(&|n, _| n % 4 == 0));
    let filter = Filter { resource_id: Some("r0".to_owned()), ..states(&[State::Failed]) };
    assert!(list(&world, &filter).await.is_empty());
    let filter = Filter { operation_type: Some("delete".to_owned()), ..Filter::default() };
    assert_eq!(list(&world, &filter).await, expect(&|n, _| n >= 6));
    let filter = Filter { created_by: Some("user-1".to_owned()), ..Filter::default() };
    assert_eq!(list(&world, &filter).await, expect(&|n, _| n % 3 == 1));
    let (from, before) = (Some(ops[3].created), Some(ops[7].created));
    let filter = Filter { from, before, ..Filter::default() };
    assert_eq!(list(&world, &filter).await, expect(&|n, _| (3..7).contains(&n)));
}

async fn dead_letters_are_listed_until_they_are_redriven(world: World) {
    let first = world.dead_letter(new_op("t")).await;
    let second = world.dead_letter(new_op("t")).await;
    let other = world.accept(new_op("t")).await;
    let filter = Filter { dead_letters: true, ..Filter::default() };
    assert_eq!(list(&world, &filter).await, [second.id, first.id]);
    world.engine.redrive(&first.tenant, &first.id, Uuid::now_v7()).await.unwrap();
    assert_eq!(list(&world, &filter).await, [second.id]);
    assert_eq!(world.state(&other).await, State::Pending);
}

/// Every pair of ten tenants, over every question that names a tenant.
async fn nothing_of_a_tenant_is_visible_to_another(world: World) {
    let names: Vec<Tenant> = (0..10).map(|number| tenant(&format!("t{number}"))).collect();
    let mut ops = Vec::new();
    for name in &names {
        let open = world.accept(new_op(name.as_str())).await;
        let claim = world.claim_one().await;
        world.settle(&claim, failed(true)).await;
        ops.push((
            open,
            world.accept(NewOp { delay: Duration::from_secs(9999), ..new_op(name.as_str()) }).await,
        ));
    }
    for name in &names {
        for (ended, open) in &ops {
            let mine = ended.tenant == *name;
            let engine = &world.engine;
            for op in [ended, open] {
                assert_eq!(engine.get(name, &op.id).await.unwrap().is_some(), mine);
                let page = engine.list(name, &Filter::default(), None, 1000).await.unwrap();
                assert_eq!(ids(&page.ops).contains(&op.id), mine);
            }
            if !mine {
                let new = Uuid::now_v7();
                let redriven = engine.redrive(name, &ended.id, new).await.unwrap();
                assert_eq!(redriven, Redriven::NotFound);
                assert_eq!(engine.delete(name, &ended.id).await.unwrap(), Deleted::NotFound);
                assert_eq!(engine.cancel(name, &open.id).await.unwrap(), Cancelled::NotFound);
            }
        }
    }
}

async fn an_export_has_a_line_for_everything(world: World) {
    let dead = world.dead_letter(new_op("t")).await;
    let text = NewOp { request: (&b"\xff\x00"[..]).into(), ..new_op("u") };
    world.accept(text).await;
    let name = candor_ledger::DocumentName::new("callbacks/one").unwrap();
    world.engine.put(&name, None, "secret".into()).await.unwrap();
    let mut lines = Vec::new();
    assert_eq!(export(&*world.engine, &mut lines).await.unwrap(), 3);
    let text = String::from_utf8(lines).unwrap();
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["id"], dead.id.to_string());
    assert_eq!(lines[0]["state"], "failed");
    assert_eq!(lines[0]["error"]["message"], "it failed");
    assert_eq!(lines[0]["request"]["ask"], 1);
    assert_eq!(lines[1]["request"]["base64"], "/wA=");
    assert_eq!((&lines[2]["name"], &lines[2]["bytes"]), (&"callbacks/one".into(), &6.into()));
    assert!(!text.contains("secret"));
}

async fn a_sound_ledger_has_no_findings(world: World) {
    world.dead_letter(new_op("t")).await;
    world.accept(new_op("t")).await;
    world.claim_one().await;
    assert_eq!(world.engine.check().await.unwrap(), []);
    let health = world.engine.health().await.unwrap();
    assert!(health.durable && health.bytes > 0, "{health:?}");
}
