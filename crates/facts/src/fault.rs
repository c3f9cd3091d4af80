//! Transport failures, each with its phase and with what had been sent by then.

use crate::Outcome;
use serde::{Deserialize, Serialize};

/// A transport failure, stated once, where it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// What failed.
    pub kind: FaultKind,
    /// How much of the request had left by then. This is the evidence for the outcome.
    pub sent: Sent,
    /// For the operator: the cause in the words of the library that saw it. Holds no secret.
    pub detail: String,
}

/// The kind and its words, for logs.
impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.detail)
    }
}

impl std::error::Error for Fault {}

impl Fault {
    /// A fault of `kind` after `sent`, with the operator's `detail`.
    pub fn new(kind: FaultKind, sent: Sent, detail: impl Into<String>) -> Self {
        Self { kind, sent, detail: detail.into() }
    }

    /// What the evidence alone says about the request's effect.
    pub fn evidence(&self) -> Outcome {
        match (self.kind.provably_unsent(), self.sent) {
            (true, _) | (false, Sent::Nothing) => Outcome::Unsent,
            (false, Sent::Part | Sent::All) => Outcome::Unknown,
        }
    }
}

/// How much of a request had left when the fault struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sent {
    /// Not a byte of the request.
    Nothing,
    /// Some of it: the peer may have read a part.
    Part,
    /// All of it: the peer may have acted on it.
    All,
}

impl Sent {
    /// The name used in contracts, output and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Part => "part",
            Self::All => "all",
        }
    }
}

/// The phases of a call, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Finding the name's addresses.
    Resolve,
    /// Judging the addresses.
    Guard,
    /// Opening the connection.
    Connect,
    /// The TLS handshake, with the check of the certificate.
    Handshake,
    /// Sending the request.
    Send,
    /// Waiting for the answer's head.
    Head,
    /// Reading the answer's body.
    Body,
}

/// The kinds of transport failure. A kind belongs to one phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The name does not exist, or has no address.
    NoSuchName,
    /// The name servers did not give a usable answer.
    ResolveFailed,
    /// The name servers did not answer in time.
    ResolveTimedOut,
    /// The guard refused an address of the name.
    AddressRefused,
    /// The peer refused the connection.
    ConnectionRefused,
    /// There is no way to the peer's network or host.
    NoRoute,
    /// The connection was not opened in time.
    ConnectTimedOut,
    /// Opening the connection failed in another way.
    ConnectFailed,
    /// No connection to the site's own outbound proxy could be opened.
    ProxyUnreachable,
    /// The outbound proxy did not open the tunnel in time.
    ProxyTimedOut,
    /// The outbound proxy refused our credentials, or asked for some (RFC 9110, section 15.5.8).
    ProxyUnauthenticated,
    /// The outbound proxy does not let us call the peer.
    ProxyRefused,
    /// The outbound proxy could not reach the peer, or gave up without an answer.
    ProxyFailed,
    /// What the outbound proxy answered is not HTTP.
    ProxyMalformed,
    /// The peer ended the handshake with a TLS alert.
    TlsAlert,
    /// The peer closed the connection during the handshake.
    TlsClosed,
    /// The peer does not speak TLS on this port.
    NotTls,
    /// The peer offers only TLS versions that this upstream may not use.
    TlsVersion,
    /// The peer broke the TLS protocol in another way.
    TlsMisbehaved,
    /// The handshake was not finished in time.
    HandshakeTimedOut,
    /// The certificate has expired.
    CertificateExpired,
    /// The certificate is not valid yet.
    CertificateNotYetValid,
    /// The certificate's issuer is not trusted.
    UnknownIssuer,
    /// The certificate is its own issuer, and not trusted.
    SelfSigned,
    /// The certificate is for another name.
    WrongName,
    /// The certificate was revoked.
    CertificateRevoked,
    /// The certificate cannot serve for this: wrong usage, weak signature, bad encoding.
    CertificateUnsuitable,
    /// The certificate is trusted, but its key is none of those pinned for this upstream.
    PinMismatch,
    /// The connection broke while the request was being sent.
    SendBroken,
    /// The request could not be sent in time.
    SendTimedOut,
    /// The caller's request broke off while it was passed on.
    UploadBroken,
    /// The caller's request, passed on, came to be larger than allowed.
    UploadTooLarge,
    /// The caller's request, passed on, did not come in time.
    UploadTimedOut,
    /// The peer closed the connection, or reset it, before an answer's head was read.
    HeadClosed,
    /// The answer's head is not HTTP.
    HeadMalformed,
    /// The answer's head is larger than allowed.
    HeadTooLarge,
    /// No answer's head came in time.
    HeadTimedOut,
    /// The answer's body ended before its end.
    BodyTruncated,
    /// The answer's body is larger than allowed.
    BodyTooLarge,
    /// The answer's body did not come in time.
    BodyTimedOut,
    /// The answer's body is framed or encoded wrongly.
    BodyMalformed,
    /// The peer refused the HTTP/2 stream before it acted on it.
    StreamRefused,
    /// The peer was going away and did not take the HTTP/2 stream.
    GoneAway,
    /// A kept connection turned out to be closed before the request left.
    StaleConnection,
}

impl FaultKind {
    /// All kinds, in the order of their phases.
    pub const ALL: [Self; 44] = [
        Self::NoSuchName,
        Self::ResolveFailed,
        Self::ResolveTimedOut,
        Self::AddressRefused,
        Self::ConnectionRefused,
        Self::NoRoute,
        Self::ConnectTimedOut,
        Self::ConnectFailed,
        Self::ProxyUnreachable,
        Self::ProxyTimedOut,
        Self::ProxyUnauthenticated,
        Self::ProxyRefused,
        Self::ProxyFailed,
        Self::ProxyMalformed,
        Self::TlsAlert,
        Self::TlsClosed,
        Self::NotTls,
        Self::TlsVersion,
        Self::TlsMisbehaved,
        Self::HandshakeTimedOut,
        Self::CertificateExpired,
        Self::CertificateNotYetValid,
        Self::UnknownIssuer,
        Self::SelfSigned,
        Self::WrongName,
        Self::CertificateRevoked,
        Self::CertificateUnsuitable,
        Self::PinMismatch,
        Self::SendBroken,
        Self::SendTimedOut,
        Self::UploadBroken,
        Self::UploadTooLarge,
        Self::UploadTimedOut,
        Self::HeadClosed,
        Self::HeadMalformed,
        Self::HeadTooLarge,
        Self::HeadTimedOut,
        Self::BodyTruncated,
        Self::BodyTooLarge,
        Self::BodyTimedOut,
        Self::BodyMalformed,
        Self::StreamRefused,
        Self::GoneAway,
        Self::StaleConnection,
    ];

    /// The phase in which this kind strikes.
    pub fn phase(self) -> Phase {
        match self {
            Self::NoSuchName | Self::ResolveFailed | Self::ResolveTimedOut => Phase::Resolve,
            Self::AddressRefused => Phase::Guard,
            Self::ConnectionRefused
            | Self::NoRoute
            | Self::ConnectTimedOut
            | Self::ConnectFailed
            | Self::ProxyUnreachable
            | Self::ProxyTimedOut
            | Self::ProxyUnauthenticated
            | Self::ProxyRefused
            | Self::ProxyFailed
            | Self::ProxyMalformed => Phase::Connect,
            Self::TlsAlert
            | Self::TlsClosed
            | Self::NotTls
            | Self::TlsVersion
            | Self::TlsMisbehaved
            | Self::HandshakeTimedOut
            | Self::CertificateExpired
            | Self::CertificateNotYetValid
            | Self::UnknownIssuer
            | Self::SelfSigned
            | Self::WrongName
            | Self::CertificateRevoked
            | Self::CertificateUnsuitable
            | Self::PinMismatch => Phase::Handshake,
            Self::SendBroken
            | Self::SendTimedOut
            | Self::UploadBroken
            | Self::UploadTooLarge
            | Self::UploadTimedOut
            | Self::StreamRefused
            | Self::GoneAway
            | Self::StaleConnection => Phase::Send,
            Self::HeadClosed | Self::HeadMalformed | Self::HeadTooLarge | Self::HeadTimedOut => {
                Phase::Head
            }
            Self::BodyTruncated | Self::BodyTooLarge | Self::BodyTimedOut | Self::BodyMalformed => {
                Phase::Body
            }
        }
    }

    /// Whether the protocol itself proves that the peer did not act on the request, however much
    /// of it had left: RFC 9113, sections 6.8 and 8.7; a kept connection that was closed before.
    pub fn provably_unsent(self) -> bool {
        matches!(self, Self::StreamRefused | Self::GoneAway | Self::StaleConnection)
    }

    /// The name used in contracts, output and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoSuchName => "no_such_name",
            Self::ResolveFailed => "resolve_failed",
            Self::ResolveTimedOut => "resolve_timed_out",
            Self::AddressRefused => "address_refused",
            Self::ConnectionRefused => "connection_refused",
            Self::NoRoute => "no_route",
            Self::ConnectTimedOut => "connect_timed_out",
            Self::ConnectFailed => "connect_failed",
            Self::ProxyUnreachable => "proxy_unreachable",
            Self::ProxyTimedOut => "proxy_timed_out",
            Self::ProxyUnauthenticated => "proxy_unauthenticated",
            Self::ProxyRefused => "proxy_refused",
            Self::ProxyFailed => "proxy_failed",
            Self::ProxyMalformed => "proxy_malformed",
            Self::TlsAlert => "tls_alert",
            Self::TlsClosed => "tls_closed",
            Self::NotTls => "not_tls",
            Self::TlsVersion => "tls_version",
            Self::TlsMisbehaved => "tls_misbehaved",
            Self::HandshakeTimedOut => "handshake_timed_out",
            Self::CertificateExpired => "certificate_expired",
            Self::CertificateNotYetValid => "certificate_not_yet_valid",
            Self::UnknownIssuer => "unknown_issuer",
            Self::SelfSigned => "self_signed",
            Self::WrongName => "wrong_name",
            Self::CertificateRevoked => "certificate_revoked",
            Self::CertificateUnsuitable => "certificate_unsuitable",
            Self::PinMismatch => "pin_mismatch",
            Self::SendBroken => "send_broken",
            Self::SendTimedOut => "send_timed_out",
            Self::UploadBroken => "upload_broken",
            Self::UploadTooLarge => "upload_too_large",
            Self::UploadTimedOut => "upload_timed_out",
            Self::HeadClosed => "head_closed",
            Self::HeadMalformed => "head_malformed",
            Self::HeadTooLarge => "head_too_large",
            Self::HeadTimedOut => "head_timed_out",
            Self::BodyTruncated => "body_truncated",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyTimedOut => "body_timed_out",
            Self::BodyMalformed => "body_malformed",
            Self::StreamRefused => "stream_refused",
            Self::GoneAway => "gone_away",
            Self::StaleConnection => "stale_connection",
        }
    }
}

impl Phase {
    /// All phases, in their order.
    pub const ALL: [Self; 7] = [
        Self::Resolve,
        Self::Guard,
        Self::Connect,
        Self::Handshake,
        Self::Send,
        Self::Head,
        Self::Body,
    ];

    /// The name used in contracts, output and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Guard => "guard",
            Self::Connect => "connect",
            Self::Handshake => "handshake",
            Self::Send => "send",
            Self::Head => "head",
            Self::Body => "body",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_serialised_names() {
        for kind in FaultKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        for sent in [Sent::Nothing, Sent::Part, Sent::All] {
            assert_eq!(serde_json::to_value(sent).unwrap(), sent.name());
        }
        for phase in Phase::ALL {
            assert_eq!(serde_json::to_value(phase).unwrap(), phase.name());
        }
        for kind in crate::HeldKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
    }

    #[test]
    fn a_refused_stream_is_unsent_however_much_had_left() {
        let fault = Fault::new(FaultKind::StreamRefused, Sent::All, "");
        assert_eq!(fault.evidence(), Outcome::Unsent);
    }

    #[test]
    fn a_byte_that_left_makes_the_outcome_unknown() {
        assert_eq!(Fault::new(FaultKind::HeadClosed, Sent::Part, "").evidence(), Outcome::Unknown);
    }
}
