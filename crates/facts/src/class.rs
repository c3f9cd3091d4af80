//! The closed sets in which a verdict speaks: class, origin, outcome.

use serde::{Deserialize, Serialize};

/// Declares a closed set once: variants, names, the list of all, reading and writing.
macro_rules! closed_set {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name { $($(#[$vmeta])* #[serde(rename = $text)] $variant,)+ }

        impl $name {
            /// All members, in the order of their declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name used in contracts, output and metrics.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// The member with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}
pub(crate) use closed_set;

closed_set! {
    /// What happened, in the field's terms. A closed set.
    Class {
        /// The request succeeded.
        Ok = "ok",
        /// The request was taken; its work goes on.
        Accepted = "accepted",
        /// The request does not match its schema; it was not sent.
        RequestSchema = "request_schema",
        /// The request is wrong in itself.
        InvalidRequest = "invalid_request",
        /// The credentials are missing, wrong or expired.
        Unauthenticated = "unauthenticated",
        /// The credentials are good, and do not allow this.
        PermissionDenied = "permission_denied",
        /// There is no such thing.
        NotFound = "not_found",
        /// The resource does not take this method.
        MethodNotAllowed = "method_not_allowed",
        /// The request conflicts with the state of the resource.
        Conflict = "conflict",
        /// There is one of these already.
        AlreadyExists = "already_exists",
        /// The resource is busy with another operation.
        Busy = "busy",
        /// The request names an older version of the resource.
        VersionMismatch = "version_mismatch",
        /// There was such a thing, and it is gone for good.
        Gone = "gone",
        /// The request's or the wanted answer's format is not supported.
        UnsupportedMediaType = "unsupported_media_type",
        /// The request is too large.
        PayloadTooLarge = "payload_too_large",
        /// The request is well-formed, and cannot be processed as it is.
        Unprocessable = "unprocessable",
        /// Something else must be done first.
        FailedPrecondition = "failed_precondition",
        /// The resource is locked.
        Locked = "locked",
        /// A quota is used up; waiting does not help.
        QuotaExceeded = "quota_exceeded",
        /// Too many requests; waiting helps.
        RateLimited = "rate_limited",
        /// The work was cancelled.
        Cancelled = "cancelled",
        /// The upstream failed inside.
        Internal = "internal",
        /// The upstream, or what it depends on, is not available.
        Unavailable = "unavailable",
        /// The upstream has more work than it can take.
        Overloaded = "overloaded",
        /// The status is not one that the contract expects.
        UnexpectedStatus = "unexpected_status",
        /// The answer does not have the form declared for it.
        ResponseSchema = "response_schema",
        /// The answer is larger than allowed.
        ResponseTooLarge = "response_too_large",
        /// What answered is not the API.
        NotTheApi = "not_the_api",
        /// The upstream cannot be reached.
        Unreachable = "unreachable",
        /// No secure connection could be negotiated.
        TlsHandshake = "tls_handshake",
        /// The upstream's certificate cannot be trusted.
        Certificate = "certificate",
        /// No complete answer came in time.
        TimedOut = "timed_out",
        /// The connection broke after bytes of the request had left.
        ConnectionLost = "connection_lost",
        /// The target is one that Candor does not call.
        TargetNotAllowed = "target_not_allowed",
        /// The endpoint's circuit is open.
        CircuitOpen = "circuit_open",
        /// Candor has more work than it can take.
        Shed = "shed",
        /// The ledger's engine does not answer.
        EngineUnavailable = "engine_unavailable",
        /// The caller's time was up.
        DeadlineExceeded = "deadline_exceeded",
    }
}

impl Class {
    /// Whether the call did what was asked, or is on its way to it.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Ok | Self::Accepted)
    }
}

closed_set! {
    /// Whose doing the outcome is.
    Origin {
        /// The caller: the request is at fault.
        Caller = "caller",
        /// Candor, or how it is set up.
        Gateway = "gateway",
        /// The network on the way.
        Network = "network",
        /// A proxy, a load balancer or a portal that answered in the API's place.
        Intermediary = "intermediary",
        /// The API that was called.
        Upstream = "upstream",
    }
}

closed_set! {
    /// Whether the request took effect.
    Outcome {
        /// It did.
        Applied = "applied",
        /// Some of it did.
        Partial = "partial",
        /// It was taken, and its work goes on.
        Accepted = "accepted",
        /// It was refused, and did nothing.
        Refused = "refused",
        /// It never left.
        Unsent = "unsent",
        /// Nobody can say: it may have taken effect.
        Unknown = "unknown",
    }
}
