//! What a class implies, where a contract says nothing else.
//!
//! Each question is a match over all classes, so that a new class must answer it.

use crate::row::{Allow, OutcomeRule};
use candor_facts::{Class, How, Next, Origin, Outcome, Who};

/// Whose doing it is.
pub(crate) fn origin(class: Class) -> Origin {
    match class {
        Class::Ok
        | Class::Accepted
        | Class::Internal
        | Class::Unavailable
        | Class::Overloaded
        | Class::UnexpectedStatus
        | Class::ResponseSchema
        | Class::ResponseTooLarge => Origin::Upstream,
        Class::RequestSchema
        | Class::InvalidRequest
        | Class::Unauthenticated
        | Class::PermissionDenied
        | Class::NotFound
        | Class::MethodNotAllowed
        | Class::Conflict
        | Class::AlreadyExists
        | Class::Busy
        | Class::VersionMismatch
        | Class::Gone
        | Class::UnsupportedMediaType
        | Class::PayloadTooLarge
        | Class::Unprocessable
        | Class::FailedPrecondition
        | Class::Locked
        | Class::QuotaExceeded
        | Class::RateLimited
        | Class::Cancelled
        | Class::DeadlineExceeded => Origin::Caller,
        Class::Unreachable
        | Class::TlsHandshake
        | Class::Certificate
        | Class::TimedOut
        | Class::ConnectionLost => Origin::Network,
        Class::NotTheApi => Origin::Intermediary,
        Class::TargetNotAllowed | Class::CircuitOpen | Class::Shed | Class::EngineUnavailable => {
            Origin::Gateway
        }
    }
}

/// Whether the request took effect.
pub(crate) fn outcome(class: Class) -> OutcomeRule {
    match class {
        Class::Ok => OutcomeRule::Is(Outcome::Applied),
        Class::Accepted => OutcomeRule::Is(Outcome::Accepted),
        Class::RequestSchema
        | Class::TargetNotAllowed
        | Class::CircuitOpen
        | Class::Shed
        | Class::EngineUnavailable
        | Class::DeadlineExceeded => OutcomeRule::Is(Outcome::Unsent),
        Class::InvalidRequest
        | Class::Unauthenticated
        | Class::PermissionDenied
        | Class::NotFound
        | Class::MethodNotAllowed
        | Class::Conflict
        | Class::AlreadyExists
        | Class::Busy
        | Class::VersionMismatch
        | Class::Gone
        | Class::UnsupportedMediaType
        | Class::PayloadTooLarge
        | Class::Unprocessable
        | Class::FailedPrecondition
        | Class::Locked
        | Class::QuotaExceeded
        | Class::RateLimited
        | Class::Cancelled => OutcomeRule::Is(Outcome::Refused),
        Class::Internal
        | Class::Unavailable
        | Class::Overloaded
        | Class::UnexpectedStatus
        | Class::ResponseSchema
        | Class::NotTheApi => OutcomeRule::Is(Outcome::Unknown),
        Class::ResponseTooLarge
        | Class::Unreachable
        | Class::TlsHandshake
        | Class::Certificate
        | Class::TimedOut
        | Class::ConnectionLost => OutcomeRule::ByEvidence,
    }
}

/// Whether the same request may succeed when it is sent again.
pub(crate) fn allow(class: Class) -> Allow {
    match class {
        Class::RateLimited | Class::CircuitOpen | Class::Shed | Class::EngineUnavailable => {
            Allow::Allowed
        }
        Class::Busy
        | Class::Internal
        | Class::Unavailable
        | Class::Overloaded
        | Class::Unreachable
        | Class::TimedOut
        | Class::ConnectionLost
        | Class::DeadlineExceeded
        | Class::NotTheApi => Allow::Undocumented,
        Class::Ok
        | Class::Accepted
        | Class::RequestSchema
        | Class::InvalidRequest
        | Class::Unauthenticated
        | Class::PermissionDenied
        | Class::NotFound
        | Class::MethodNotAllowed
        | Class::Conflict
        | Class::AlreadyExists
        | Class::VersionMismatch
        | Class::Gone
        | Class::UnsupportedMediaType
        | Class::PayloadTooLarge
        | Class::Unprocessable
        | Class::FailedPrecondition
        | Class::Locked
        | Class::QuotaExceeded
        | Class::Cancelled
        | Class::UnexpectedStatus
        | Class::ResponseSchema
        | Class::ResponseTooLarge
        | Class::TlsHandshake
        | Class::Certificate
        | Class::TargetNotAllowed => Allow::Never,
    }
}

/// Who acts next, and how. `origin` decides whose credentials and whose setup are meant.
pub(crate) fn next(class: Class, origin: Origin) -> Next {
    let (who, how) = match class {
        Class::Ok => (Who::Nobody, How::Nothing),
        Class::Accepted => (Who::Caller, How::Follow),
        Class::RequestSchema
        | Class::InvalidRequest
        | Class::NotFound
        | Class::MethodNotAllowed
        | Class::UnsupportedMediaType
        | Class::PayloadTooLarge
        | Class::Unprocessable
        | Class::Gone
        | Class::Cancelled => (Who::Caller, How::FixRequest),
        Class::Unauthenticated if origin == Origin::Gateway => (Who::Operator, How::FixCredentials),
        Class::Unauthenticated => (Who::Caller, How::FixCredentials),
        Class::PermissionDenied if origin == Origin::Gateway => {
            (Who::Operator, How::FixCredentials)
        }
        Class::PermissionDenied | Class::QuotaExceeded => (Who::Administrator, How::Grant),
        Class::Conflict
        | Class::AlreadyExists
        | Class::VersionMismatch
        | Class::FailedPrecondition
        | Class::Locked => (Who::Caller, How::FixState),
        Class::Busy
        | Class::RateLimited
        | Class::Unavailable
        | Class::Overloaded
        | Class::Unreachable
        | Class::CircuitOpen
        | Class::Shed
        | Class::EngineUnavailable
        | Class::DeadlineExceeded => (Who::Caller, How::Retry),
        Class::Internal => (Who::Caller, How::AskSupport),
        Class::UnexpectedStatus | Class::ResponseSchema | Class::ResponseTooLarge => {
            (Who::Vendor, How::FixUpstream)
        }
        Class::NotTheApi | Class::TargetNotAllowed => (Who::Operator, How::FixSetup),
        Class::TlsHandshake | Class::Certificate => (Who::Vendor, How::FixUpstream),
        Class::TimedOut | Class::ConnectionLost => (Who::Caller, How::LookFirst),
    };
    Next { who, how }
}

/// The next broader class, for forms that cannot say the narrow one. `None` at the broadest.
pub(crate) fn broader(class: Class) -> Option<Class> {
    match class {
        Class::InvalidRequest | Class::Internal | Class::Ok => None,
        Class::Accepted => Some(Class::Ok),
        Class::RequestSchema
        | Class::Unauthenticated
        | Class::PermissionDenied
        | Class::NotFound
        | Class::MethodNotAllowed
        | Class::Conflict
        | Class::UnsupportedMediaType
        | Class::PayloadTooLarge
        | Class::Unprocessable
        | Class::Cancelled => Some(Class::InvalidRequest),
        Class::AlreadyExists
        | Class::Busy
        | Class::VersionMismatch
        | Class::Locked
        | Class::FailedPrecondition => Some(Class::Conflict),
        Class::Gone => Some(Class::NotFound),
        Class::QuotaExceeded => Some(Class::PermissionDenied),
        Class::RateLimited => Some(Class::Overloaded),
        Class::Overloaded
        | Class::Shed
        | Class::CircuitOpen
        | Class::EngineUnavailable
        | Class::Unreachable
        | Class::TlsHandshake
        | Class::Certificate
        | Class::TimedOut
        | Class::ConnectionLost
        | Class::DeadlineExceeded => Some(Class::Unavailable),
        Class::Unavailable
        | Class::UnexpectedStatus
        | Class::ResponseSchema
        | Class::ResponseTooLarge
        | Class::NotTheApi
        | Class::TargetNotAllowed => Some(Class::Internal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_leads_to_a_broadest_one() {
        for class in Class::ALL {
            let chain = std::iter::successors(Some(*class), |c| broader(*c));
            assert!(chain.take(Class::ALL.len()).last().is_some_and(|c| broader(c).is_none()));
        }
    }
}
