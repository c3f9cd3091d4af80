//! The errors of the platform, each by its row.

use crate::stage::Refusal;

/// The service or component that an error names.
const DOMAIN: &str = "PlatformAccountServer";

/// An error of the platform by its code, such as `1006`, with the documented title as its message.
pub(super) fn code(row: &'static str) -> Refusal {
    Refusal::row(row).named("domain", DOMAIN)
}

/// An error whose code is the HTTP status.
pub(super) fn http(status: u16) -> Refusal {
    let row = match status {
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        405 => "405",
        406 => "code.406",
        409 => "409",
        413 => "code.413",
        415 => "415",
        _ => "code.4xx-5xx",
    };
    code(row).status(status).code(status.to_string())
}

/// The service has an issue; it passes.
pub(super) fn unavailable() -> Refusal {
    code("50x").status(503).code("503")
}

/// An error of the OAuth endpoints, which have a form of their own.
pub(super) fn oauth(row: &'static str, description: &str) -> Refusal {
    Refusal::row(row).message(description)
}
