//! The caller's status: one table over class and origin.

use candor_facts::{Class, Origin};

/// The status of the caller's answer (RFC 9110, section 15).
///
/// An upstream's own 4xx is kept where it says about the caller's request what the class says.
/// Otherwise the class decides. Where the *gateway's* credentials were refused it is 502, never a
/// 401 that would make the caller renew its own.
pub fn for_caller(class: Class, origin: Origin, upstream: Option<u16>) -> u16 {
    let gateways = matches!(class, Class::Unauthenticated | Class::PermissionDenied);
    match (origin, upstream) {
        (Origin::Gateway, _) if gateways => 502,
        (Origin::Gateway, _) if class == Class::Internal => 500,
        (Origin::Caller, Some(status)) if class_of_status(status) == Some(class) => status,
        (Origin::Upstream | Origin::Intermediary | Origin::Network, _) if by_class(class) < 500 => {
            not_the_callers(class)
        }
        _ => by_class(class),
    }
}

/// A class about the request whose origin is not the caller: the request is not to blame.
fn not_the_callers(class: Class) -> u16 {
    let kept = matches!(class, Class::Ok | Class::Accepted | Class::RateLimited);
    if kept { by_class(class) } else { 502 }
}

/// The class that a 4xx has by its definition (RFC 9110, section 15.5, and its companions).
pub(crate) fn class_of_status(status: u16) -> Option<Class> {
    Some(match status {
        400 | 411 | 414 | 416 | 417 | 421 => Class::InvalidRequest,
        401 => Class::Unauthenticated,
        402 | 403 | 451 => Class::PermissionDenied,
        404 => Class::NotFound,
        405 => Class::MethodNotAllowed,
        406 | 415 => Class::UnsupportedMediaType,
        409 => Class::Conflict,
        410 => Class::Gone,
        412 => Class::VersionMismatch,
        413 | 431 => Class::PayloadTooLarge,
        422 => Class::Unprocessable,
        423 => Class::Locked,
        424 | 425 | 428 => Class::FailedPrecondition,
        429 => Class::RateLimited,
        _ => return None,
    })
}

fn by_class(class: Class) -> u16 {
    match class {
        Class::Ok => 200,
        Class::Accepted => 202,
        Class::InvalidRequest => 400,
        Class::Unauthenticated => 401,
        Class::PermissionDenied | Class::QuotaExceeded => 403,
        Class::NotFound => 404,
        Class::MethodNotAllowed => 405,
        Class::Conflict
        | Class::AlreadyExists
        | Class::Busy
        | Class::FailedPrecondition
        | Class::Cancelled => 409,
        Class::Gone => 410,
        Class::VersionMismatch => 412,
        Class::PayloadTooLarge => 413,
        Class::UnsupportedMediaType => 415,
        Class::RequestSchema | Class::Unprocessable => 422,
        Class::Locked => 423,
        Class::RateLimited => 429,
        Class::Internal
        | Class::UnexpectedStatus
        | Class::ResponseSchema
        | Class::ResponseTooLarge
        | Class::NotTheApi
        | Class::TlsHandshake
        | Class::Certificate
        | Class::ConnectionLost
        | Class::TargetNotAllowed => 502,
        Class::Unavailable
        | Class::Overloaded
        | Class::Unreachable
        | Class::CircuitOpen
        | Class::Shed
        | Class::EngineUnavailable => 503,
        Class::TimedOut | Class::DeadlineExceeded => 504,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_table_holds() {
        let table = [
            (Class::NotFound, Origin::Caller, Some(404), 404),
            (Class::UnsupportedMediaType, Origin::Caller, Some(406), 406),
            (Class::VersionMismatch, Origin::Caller, Some(409), 412),
            (Class::Unprocessable, Origin::Caller, Some(200), 422),
            (Class::PermissionDenied, Origin::Caller, Some(200), 403),
            (Class::Unauthenticated, Origin::Gateway, Some(401), 502),
            (Class::PermissionDenied, Origin::Gateway, Some(403), 502),
            (Class::Gone, Origin::Upstream, Some(410), 502),
            (Class::RateLimited, Origin::Caller, Some(503), 429),
            (Class::Unavailable, Origin::Upstream, Some(503), 503),
            (Class::Internal, Origin::Upstream, Some(500), 502),
            (Class::Internal, Origin::Gateway, None, 500),
            (Class::TimedOut, Origin::Network, None, 504),
            (Class::UnexpectedStatus, Origin::Upstream, Some(302), 502),
            (Class::RequestSchema, Origin::Caller, None, 422),
            (Class::Shed, Origin::Gateway, None, 503),
        ];
        for (class, origin, upstream, expected) in table {
            assert_eq!(for_caller(class, origin, upstream), expected, "{class} {origin}");
        }
    }

    #[test]
    fn a_failure_is_never_answered_as_a_success() {
        for class in Class::ALL.iter().filter(|class| !class.is_success()) {
            for origin in Origin::ALL {
                for upstream in (100..1000).map(Some).chain([None]) {
                    assert!(for_caller(*class, *origin, upstream) >= 400, "{class} {origin}");
                }
            }
        }
    }
}
