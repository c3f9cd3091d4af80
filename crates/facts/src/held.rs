//! Calls that Candor itself did not send.

use crate::Violation;
use serde::{Deserialize, Serialize};

/// Why Candor held a call back, and what it saw. Nothing was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The reason.
    pub kind: HeldKind,
    /// For the operator: what exactly was seen. Holds no secret and no part of a body.
    pub detail: String,
    /// The places where the request differs from its schema; only for `RequestSchema`.
    pub violations: Vec<Violation>,
    /// In how many seconds to come back, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

impl Held {
    /// A call held back for `kind`, with the operator's `detail`.
    pub fn new(kind: HeldKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into(), violations: Vec::new(), after: None }
    }
}

/// The reasons for which Candor holds a call back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldKind {
    /// The request could not be read as what its route takes: malformed JSON, a bad header.
    Malformed,
    /// The request does not match its declared schema.
    RequestSchema,
    /// The request is larger than the route allows.
    PayloadTooLarge,
    /// The request's head is larger than allowed, or has too many fields.
    HeadTooLarge,
    /// The request's target is longer than allowed.
    TargetTooLong,
    /// The request's head was not complete in time.
    HeadTimedOut,
    /// The request asks for a part of HTTP that is not offered: a tunnel, another protocol, another
    /// transfer coding.
    NotImplemented,
    /// The request is written in a version of HTTP that is not spoken.
    VersionNotSupported,
    /// The request expects something that cannot be promised.
    ExpectationFailed,
    /// No route, callback, tenant or `CyberApp` has that name.
    NotFound,
    /// The route exists, but not for this method.
    MethodNotAllowed,
    /// The route takes another content type.
    UnsupportedMediaType,
    /// The caller showed no key or a wrong one.
    Unauthenticated,
    /// The caller is known, and may not use this route.
    NotPermitted,
    /// The keys by which callers' tokens are verified are not to be had.
    KeysUnavailable,
    /// The caller's own limit is reached.
    RateLimited,
    /// The caller's quota is used up.
    QuotaExceeded,
    /// The upstream's own limit is reached: it would refuse the call.
    UpstreamLimit,
    /// The address is one that Candor does not call.
    TargetNotAllowed,
    /// The endpoint's circuit is open.
    CircuitOpen,
    /// Candor has more work than it can take.
    Shed,
    /// The ledger's engine does not answer.
    EngineUnavailable,
    /// Another operation is under way on the same resource, or with the same idempotency key.
    Busy,
    /// The idempotency key was used for another request.
    KeyReused,
    /// What is asked of an operation does not fit its state.
    Conflict,
    /// What the idempotency key stood for has been deleted.
    Gone,
    /// The operation was cancelled.
    Cancelled,
    /// The caller's time was up before anything could be sent.
    DeadlineExceeded,
    /// The gateway's own credentials for the upstream were refused where it asked for a token.
    CredentialsRefused,
    /// No token for the upstream was to be had.
    CredentialsUnavailable,
    /// Candor failed; a fault of its own.
    Internal,
}

impl HeldKind {
    /// All reasons, in the order of their declaration.
    pub const ALL: [Self; 31] = [
        Self::Malformed,
        Self::RequestSchema,
        Self::PayloadTooLarge,
        Self::HeadTooLarge,
        Self::TargetTooLong,
        Self::HeadTimedOut,
        Self::NotImplemented,
        Self::VersionNotSupported,
        Self::ExpectationFailed,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::UnsupportedMediaType,
        Self::Unauthenticated,
        Self::NotPermitted,
        Self::KeysUnavailable,
        Self::RateLimited,
        Self::QuotaExceeded,
        Self::UpstreamLimit,
        Self::TargetNotAllowed,
        Self::CircuitOpen,
        Self::Shed,
        Self::EngineUnavailable,
        Self::Busy,
        Self::KeyReused,
        Self::Conflict,
        Self::Gone,
        Self::Cancelled,
        Self::DeadlineExceeded,
        Self::CredentialsRefused,
        Self::CredentialsUnavailable,
        Self::Internal,
    ];

    /// The name used in contracts, output and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::RequestSchema => "request_schema",
            Self::PayloadTooLarge => "payload_too_large",
            Self::HeadTooLarge => "head_too_large",
            Self::TargetTooLong => "target_too_long",
            Self::HeadTimedOut => "head_timed_out",
            Self::NotImplemented => "not_implemented",
            Self::VersionNotSupported => "version_not_supported",
            Self::ExpectationFailed => "expectation_failed",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::Unauthenticated => "unauthenticated",
            Self::NotPermitted => "not_permitted",
            Self::KeysUnavailable => "keys_unavailable",
            Self::RateLimited => "rate_limited",
            Self::QuotaExceeded => "quota_exceeded",
            Self::UpstreamLimit => "upstream_limit",
            Self::TargetNotAllowed => "target_not_allowed",
            Self::CircuitOpen => "circuit_open",
            Self::Shed => "shed",
            Self::EngineUnavailable => "engine_unavailable",
            Self::Busy => "busy",
            Self::KeyReused => "key_reused",
            Self::Conflict => "conflict",
            Self::Gone => "gone",
            Self::Cancelled => "cancelled",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::CredentialsRefused => "credentials_refused",
            Self::CredentialsUnavailable => "credentials_unavailable",
            Self::Internal => "internal",
        }
    }

    /// The status that HTTP has for this very reason (RFC 9110, section 15; RFC 6585, section 5);
    /// `None` where what the reason means decides.
    pub fn status(self) -> Option<u16> {
        match self {
            Self::HeadTooLarge => Some(431),
            Self::TargetTooLong => Some(414),
            Self::HeadTimedOut => Some(408),
            Self::NotImplemented => Some(501),
            Self::VersionNotSupported => Some(505),
            Self::ExpectationFailed => Some(417),
            Self::Malformed
            | Self::RequestSchema
            | Self::PayloadTooLarge
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::UnsupportedMediaType
            | Self::Unauthenticated
            | Self::TargetNotAllowed
            | Self::CircuitOpen
            | Self::Shed
            | Self::EngineUnavailable
            | Self::Busy
            | Self::KeyReused
            | Self::Conflict
            | Self::Gone
            | Self::Cancelled
            | Self::DeadlineExceeded
            | Self::NotPermitted
            | Self::KeysUnavailable
            | Self::RateLimited
            | Self::QuotaExceeded
            | Self::UpstreamLimit
            | Self::CredentialsRefused
            | Self::CredentialsUnavailable
            | Self::Internal => None,
        }
    }
}
