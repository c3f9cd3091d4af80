//! The names of header fields that Candor reads and writes, in one place.

use http::HeaderName;

/// The verdict's class.
pub const CLASS: HeaderName = HeaderName::from_static("candor-class");
/// Whose doing it is.
pub const ORIGIN: HeaderName = HeaderName::from_static("candor-origin");
/// Whether the request took effect.
pub const OUTCOME: HeaderName = HeaderName::from_static("candor-outcome");
/// Whether it is safe to send it again: `safe` or `no`, and why.
pub const RETRY: HeaderName = HeaderName::from_static("candor-retry");
/// The row that recognised the exchange: `contract@version/row`.
pub const ROW: HeaderName = HeaderName::from_static("candor-row");
/// Candor's id of a failure.
pub const ERROR_ID: HeaderName = HeaderName::from_static("candor-error-id");
/// The id of the call: the callback's `request_id`, the same on every attempt.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("candor-request-id");
/// How often the request was sent.
pub const ATTEMPTS: HeaderName = HeaderName::from_static("candor-attempts");

/// The operation that a call is kept as, or that is in its way.
pub const OPERATION: HeaderName = HeaderName::from_static("candor-operation");

/// In development: where a call is to go.
pub const TARGET: HeaderName = HeaderName::from_static("candor-target");
/// In development: the contract of that target.
pub const CONTRACT: HeaderName = HeaderName::from_static("candor-contract");

/// The handler's credentials: `base64(identity:secrets)` (Callback handler, Request formats).
pub(crate) const CYBERAPP_AUTH: HeaderName = HeaderName::from_static("x-cyberapp-auth");
/// Further data for the handler: `base64(json)` (Callback handler, Request formats).
pub(crate) const CYBERAPP_EXTRA: HeaderName = HeaderName::from_static("x-cyberapp-extra");
