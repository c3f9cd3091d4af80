//! Others go on while some take their time.

use crate::gateway::{Made, before};
use crate::routes::{route, target};
use crate::stream::caller::Caller;
use crate::stream::pieces::Pieces;
use crate::stream::slow::{MODES, Slow};
use crate::stream::upstream;
use candor_gateway::Route;
use candor_hostile::Hostile;
use std::time::Duration;

/// How many are slow in each mode.
const SLOW: usize = 200;
/// How often the others call meanwhile.
const CALLS: usize = 50;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn who_is_slow_keeps_nobody_else() {
    let upstream = upstream::start(None).await;
    let nobody = Hostile::refuses().unwrap();
    let route = Route { target: target(&format!("http://{upstream}/")), ..route(&nobody, "http") };
    let gateway = Made { routes: vec![route], ..before("http://127.0.0.1:1/") }.start();
    let mut normal = Caller::of(gateway.address(), None);
    for mode in MODES {
        let slow = Slow::start(gateway.address(), mode, SLOW, Duration::from_millis(100));
        while slow.begun() < SLOW {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for number in 0..CALLS {
            let body = Pieces { left: 1000, ..Pieces::none() };
            let answer = normal.call("PUT", "/shop/echo/x", body).await;
            assert_eq!(answer.status, 200, "{mode:?} {number}");
            assert_eq!(answer.body.unwrap().length, 1000, "{mode:?} {number}");
        }
    }
}
