//! Gateways that are killed and stopped at any instant while callers call: what was promised is done,
//! and nothing is done more often than its contract allows. Real processes; three books are compared
//! at the end (`books`).
//!
//! `CANDOR_CHAOS_ROUNDS` says how often a gateway is killed, `CANDOR_CHAOS_SEED` which random numbers
//! are taken: a seed repeats what is asked and when something is killed, not how the machine schedules it.
//!
//! A kill leaves the page cache as it is, so that a flush that is missing cannot be seen here.
#![allow(clippy::print_stdout, reason = "a run tells its seed and its figures")]

mod books;
mod callers;
mod gateway;
mod kind;
#[cfg(feature = "planted-faults")]
mod planted;
mod play;
mod random;
mod server;
mod upstream;

use books::{Report, What};
use callers::repeated;
use gateway::LEASE;
use kind::KINDS;
use play::Play;
use server::Server;
use std::time::{Duration, Instant};

/// The longest that the handler takes for an answer, in milliseconds.
const LONGEST: u64 = 120;
/// The longest life of a gateway once it listens, in milliseconds.
const LIFE: u64 = 350;
/// For how long a server's death is felt after its return: connections are made again step by step.
const RECOVERY: Duration = Duration::from_secs(3);

fn rounds(usual: usize) -> usize {
    let told = std::env::var("CANDOR_CHAOS_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    told.unwrap_or(usual)
}

fn told(what: &str, kills: usize, report: &Report) {
    println!("{what}: {kills} kills, {report}");
    assert!(report.is_clean(), "{what}: {kills} kills, {report}");
}

/// A gateway is killed so many times, and its last successor left to finish.
fn one_after_another(mut play: Play, kills: usize) -> Report {
    let callers = play.callers(&KINDS);
    for _ in 0..kills {
        let gateway = play.gateway();
        play.pass(LIFE);
        play.look(&gateway);
        play.kill(gateway);
    }
    let heir = play.gateway();
    play.settle(&heir, callers)
}

#[test]
fn sqlite_loses_and_doubles_nothing_when_its_gateway_is_killed() {
    let kills = rounds(50);
    let report = one_after_another(Play::new("ledger.db", LONGEST), kills);
    told("SQLite", kills, &report);
    assert!(report.promised > kills && report.unknown > 0, "nothing was under way: {report}");
}

#[test]
fn postgres_loses_and_doubles_nothing_when_gateways_and_it_itself_are_killed() {
    let Some(mut server) = Server::start() else { return };
    let kills = rounds(8);
    let mut play = Play::new(&server.url(), LONGEST);
    let callers = play.callers(&KINDS);
    let mut other = play.gateway();
    for round in 0..kills {
        let gateway = play.gateway();
        play.pass(LIFE);
        match round % 4 {
            1 => play.interrupt(What::Ledger, RECOVERY, || server.restart()),
            3 => play.interrupt(What::Ledger, RECOVERY, || server.kill_and_run()),
            _ => {}
        }
        play.pass(LIFE);
        play.look(&gateway);
        // The older of the two goes, so that each lives through two rounds.
        play.kill(std::mem::replace(&mut other, gateway));
    }
    let report = play.settle(&other, callers);
    told("PostgreSQL", kills, &report);
    assert!(report.promised > kills, "nothing was under way: {report}");
}

/// One of two gateways is stopped for longer than its lease, and goes on afterwards.
fn stopped_for_longer_than_its_lease(mut play: Play, times: usize) -> Report {
    let callers = play.callers(&KINDS);
    let (late, other) = (play.gateway(), play.gateway());
    for _ in 0..times {
        play.pass(LIFE);
        play.interrupt(What::Gateway, LEASE, || {
            late.signal("STOP");
            std::thread::sleep(LEASE + LEASE);
            late.signal("CONT");
        });
    }
    play.settle(&other, callers)
}

#[test]
fn what_a_late_owner_learns_contradicts_nobody() {
    let Some(server) = Server::start() else { return };
    let report = stopped_for_longer_than_its_lease(Play::new(&server.url(), LONGEST), 2);
    told("a gateway stopped", 0, &report);
}

#[test]
fn another_node_finishes_what_a_killed_one_had_begun() {
    const ALL: u64 = 200;
    let Some(server) = Server::start() else { return };
    let play = Play::new(&server.url(), 4 * LONGEST);
    let (dies, other) = (play.gateway(), play.gateway());
    let callers = play.callers(repeated());
    wait_for(&play, ALL / 2);
    play.kill(dies);
    wait_for(&play, ALL);
    let report = play.settle(&other, callers);
    told("200 operations", 1, &report);
    assert!(report.unknown == 0, "each may be sent again: {report}");
}

fn wait_for(play: &Play, promised: u64) {
    let until = Instant::now() + Duration::from_mins(1);
    while play.desk.promised() < promised {
        assert!(Instant::now() < until, "{} promised; {}", play.desk.promised(), play.log());
        std::thread::sleep(Duration::from_millis(2));
    }
}
