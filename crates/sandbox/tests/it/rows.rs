//! The contract against the sandbox: what a contract knows, the sandbox reaches, or it is said here
//! why not. (The other way round, that each answer of the sandbox is known to its contract, is held
//! by every scene and every walk.)

use crate::kit::{Player, scenes};
use candor_contract::Parts;
use candor_sandbox::backup::AtlassianBackup;
use candor_sandbox::open2b::Open2b;
use candor_sandbox::platform::AcronisPlatform;
use candor_sandbox::solace::SolaceCloud;
use candor_sandbox::stage::Api;
use std::collections::BTreeSet;

/// The rows of the contract itself that travel in an answer, and that no scene reaches.
fn unreached<A: Api>() -> BTreeSet<String> {
    let player = Player::<A>::new();
    let table = player.0.table();
    let travels = |row: &&candor_contract::Row| table.emit(row, &Parts::default()).is_some();
    let known = table.own_rows().iter().filter(travels).map(|row| row.id.clone());
    let reached: BTreeSet<String> = scenes::<A>().into_iter().map(|scene| scene.row).collect();
    known.filter(|row| !reached.contains(row)).collect()
}

fn assert_only<A: Api>(reasons: &[(&str, &[&str])]) {
    let listed = reasons.iter().flat_map(|(_, rows)| rows.iter().map(|row| (*row).to_owned()));
    assert_eq!(unreached::<A>(), listed.collect::<BTreeSet<_>>(), "{}", A::NAME);
}

/// Something in front of the API fails; the sandbox plays the API, and its own maintenance.
const IN_FRONT: &str = "a gateway or a load balancer in front of the API answers in its place";

#[test]
fn what_the_acronis_contract_knows_is_reached_or_explained() {
    assert_only::<AcronisPlatform>(&[
        (IN_FRONT, &["not-the-api.50x", "not-the-api.page"]),
        (
            "codes in words belong to sister services, which are not played",
            &[
                "AccessDenied",
                "AuthenticationTimeout",
                "BadRequest",
                "DataConflict",
                "InternalServerError",
                "MethodNotAllowed",
                "NotFound",
                "UnauthorizedRequest",
                "UnsupportedTypeError",
                "ValidationError",
            ],
        ),
        ("no method of the services that are played is answered so", &["20x.accepted"]),
        ("the body would be too large for a command; wrong input has it", &["code.413"]),
        (
            "HTTP's own codes, of which no document says a cause",
            &["code.406", "code.410", "code.412", "code.422", "code.423", "code.5xx"],
        ),
        ("no document says how many requests are too many", &["429"]),
        ("each client of the sandbox may use each grant", &["oauth.unauthorized_client"]),
    ]);
}

#[test]
fn what_the_atlassian_contract_knows_is_reached_or_explained() {
    assert_only::<AtlassianBackup>(&[
        (IN_FRONT, &["503.load-balancer", "not-the-api.page"]),
        (
            "the numbers in other words than the documented ones",
            &["110.other", "112.other", "113.other"],
        ),
    ]);
}

#[test]
fn what_the_solace_contract_knows_is_reached_or_explained() {
    assert_only::<SolaceCloud>(&[
        (IN_FRONT, &["not-the-api.50x", "not-the-api.page"]),
        ("the states that are played end as succeeded or failed", &["operation.ended"]),
        ("a broker of the sandbox does not fail by itself", &["semp.5xx"]),
    ]);
}

#[test]
fn what_the_open2b_contract_knows_is_reached_or_explained() {
    assert_only::<Open2b>(&[("an error of a type that no document names", &["error.other"])]);
}
