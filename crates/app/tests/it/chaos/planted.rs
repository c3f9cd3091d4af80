//! The same runs with a program that does wrong on purpose: the books must show it.

use super::play::Play;
use super::server::Server;
use super::{LONGEST, one_after_another, stopped_for_longer_than_its_lease};

#[test]
fn an_acknowledgement_before_the_commit_is_a_loss() {
    let play = Play::new("ledger.db", LONGEST).with("ack-before-commit");
    let report = one_after_another(play, 20);
    println!("ack-before-commit: {report}");
    assert!(!report.lost.is_empty(), "{report}");
}

#[test]
fn a_late_owner_that_is_believed_is_a_contradiction() {
    let Some(server) = Server::start() else { return };
    let play = Play::new(&server.url(), LONGEST).with("no-fence-check");
    let report = stopped_for_longer_than_its_lease(play, 6);
    println!("no-fence-check: {report}");
    assert!(!report.contradicted.is_empty(), "{report}");
}
