//! The five APIs of the sandbox, by name: what each is called, where it begins, how its rows are
//! reached, and how it is opened.

use crate::backup::AtlassianBackup;
use crate::callback::{self, CallbackHandler, Settings};
use crate::open2b::Open2b;
use crate::platform::AcronisPlatform;
use crate::serve::Service;
use crate::solace::SolaceCloud;
use crate::stage::{Api, Seed, Stage};
use candor_contract::Library;
use std::sync::Arc;

/// An API of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// The name of its contract.
    pub name: &'static str,
    /// Where its paths begin below its address.
    pub base: &'static str,
    /// How each of its documented rows is reached: an HTTP file (see [`crate::reach`]).
    pub reach: &'static str,
}

/// The APIs, in the order in which they take ports.
pub const APIS: [Listed; 5] = [
    Listed { name: callback::NAME, base: "/callback", reach: callback::REACH },
    listed::<AcronisPlatform>(),
    listed::<AtlassianBackup>(),
    listed::<SolaceCloud>(),
    listed::<Open2b>(),
];

const fn listed<A: Api>() -> Listed {
    Listed { name: A::NAME, base: A::BASE, reach: A::REACH }
}

/// Opens an API that plays on a stage; the callback handler is opened by
/// [`CallbackHandler::new`]. `None` for a name that is neither.
///
/// # Errors
/// Its contract is not in the library.
pub fn open(name: &str, library: &Library, seed: Seed) -> Option<Result<Arc<dyn Service>, String>> {
    match name {
        AcronisPlatform::NAME => Some(stage::<AcronisPlatform>(library, seed)),
        AtlassianBackup::NAME => Some(stage::<AtlassianBackup>(library, seed)),
        SolaceCloud::NAME => Some(stage::<SolaceCloud>(library, seed)),
        Open2b::NAME => Some(stage::<Open2b>(library, seed)),
        _ => None,
    }
}

fn stage<A: Api>(library: &Library, seed: Seed) -> Result<Arc<dyn Service>, String> {
    Ok(Arc::new(Stage::<A>::new(library, seed)?))
}

/// The callback handler with the partner of the example, in a world of this seed.
///
/// # Errors
/// Settings that do not fit together.
pub fn open_callback(
    settings: Settings,
    seed: Seed,
) -> Result<CallbackHandler, callback::StartError> {
    CallbackHandler::new(Settings { time: seed.time(), ..settings })
}
