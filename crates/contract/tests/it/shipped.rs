//! The contracts that come with Candor.

use candor_contract::Library;

#[test]
fn every_shipped_contract_is_read_without_a_mistake() {
    match Library::shipped() {
        Ok(library) => assert_eq!(library.tables().len(), 7),
        Err(diagnosis) => panic!("{diagnosis}"),
    }
}
