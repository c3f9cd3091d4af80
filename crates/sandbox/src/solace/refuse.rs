//! The API's refusals, each by its row of the contract.
//!
//! Texts are the ones of the published examples where there are such; the id of each failure is
//! added where a call ends.

use crate::stage::Refusal;
use http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};

/// How much of what a caller sent is repeated in a message, in characters.
const REPEATED: usize = 100;

/// 400, without fields.
pub(super) fn bad(message: impl Into<String>) -> Refusal {
    Refusal::row("400").message(message)
}

/// 400, with the fields at fault; there is at least one.
pub(super) fn invalid(message: impl Into<String>, fields: Vec<(String, String)>) -> Refusal {
    let refusal = Refusal::row("400.validation").message(message);
    fields.into_iter().fold(refusal, |refusal, (path, text)| refusal.field(path, text))
}

/// 400, because of a parameter of the query.
pub(super) fn parameter(name: &str, text: impl Into<String>) -> Refusal {
    invalid(format!("Invalid parameter: {name}."), vec![(name.to_owned(), text.into())])
}

/// 400, because the body is not what a JSON reader takes.
pub(super) fn unreadable() -> Refusal {
    bad("A JSON parse error occurred.")
}

/// 401.
pub(super) fn unauthenticated() -> Refusal {
    let refusal = Refusal::row("401").message("An authentication error occurred.");
    refusal.header(WWW_AUTHENTICATE, "Bearer")
}

/// 403.
pub(super) fn forbidden(message: impl Into<String>) -> Refusal {
    Refusal::row("403").message(message)
}

/// 403, in Mission Control.
pub(super) fn not_permitted() -> Refusal {
    forbidden("You do not have permissions to perform this operation.")
}

/// 404: there is no such thing.
pub(super) fn missing(what: &str, id: &str) -> Refusal {
    Refusal::row("404").message(format!("Could not find the {what} with id {}.", short(id)))
}

/// 404: there is nothing at this path.
pub(super) fn no_path(path: &str) -> Refusal {
    Refusal::row("404").message(format!("Could not find anything at {}.", short(path)))
}

/// 405.
pub(super) fn no_method(method: &str, allow: &str) -> Refusal {
    let message = format!("Request method '{}' is not supported.", short(method));
    Refusal::row("405").message(message).header(ALLOW, allow)
}

/// 409.
pub(super) fn conflict(message: impl Into<String>) -> Refusal {
    Refusal::row("409").message(message)
}

/// 429.
pub(super) fn too_many(seconds: u64) -> Refusal {
    Refusal::row("429").message("Too many requests were sent with this API token.").wait(seconds)
}

/// 503; how long it takes is said where somebody knows.
pub(super) fn unavailable(seconds: Option<u64>) -> Refusal {
    let message = "An error occurred while communicating with an external server.";
    let refusal = Refusal::row("503").message(message);
    match seconds {
        Some(seconds) if seconds > 0 => refusal.header(RETRY_AFTER, seconds.to_string()),
        Some(_) | None => refusal,
    }
}

/// 504.
pub(super) fn too_slow() -> Refusal {
    Refusal::row("5xx").status(504).message("The service is unavailable.")
}

/// 500.
pub(super) fn broken(message: impl Into<String>) -> Refusal {
    Refusal::row("5xx").status(500).message(message)
}

/// What a caller sent, as far as it is repeated; without line breaks and the like.
pub(super) fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(REPEATED).collect()
}
