//! The whole catalogue, walked: every trouble can be served, and does not hurt the server.

use crate::kit::{Ended, POST, SHORT, SOON, connect, read};
use candor_hostile::{Answer, Hostile, Script, catalogue};
use std::collections::BTreeSet;
use std::io::Write;

#[test]
fn names_are_unique_and_many() {
    for (names, least) in [
        (catalogue::http1().iter().map(|t| t.name).collect::<Vec<_>>(), 80),
        (catalogue::http2().iter().map(|t| t.name).collect(), 40),
        (catalogue::handshakes().iter().map(|t| t.name).collect(), 9),
    ] {
        let unique: BTreeSet<_> = names.iter().collect();
        // `informational` is listed with few and with many.
        assert!(names.len() >= least && names.len() - unique.len() <= 1, "{}", names.len());
    }
}

#[test]
fn every_trouble_of_http1_is_followed_by_a_fine_answer() {
    for trouble in catalogue::http1() {
        let script = Script::from(trouble.turn).then(Answer::json("fine").turn().closes());
        let upstream = Hostile::http1(script).unwrap();
        let mut stream = connect(&upstream);
        drop(stream.write_all(POST.as_bytes()));
        let (_, ended) = read(&mut stream, SHORT);
        drop(stream);
        assert!(!trouble.stalls || ended == Ended::Silent, "{}", trouble.name);
        let mut stream = connect(&upstream);
        stream.write_all(POST.as_bytes()).unwrap();
        let (bytes, _) = read(&mut stream, SOON);
        assert!(bytes.ends_with(b"fine"), "{}", trouble.name);
    }
}
