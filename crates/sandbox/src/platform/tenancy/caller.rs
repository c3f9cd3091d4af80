//! Who is calling.

/// The owner of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The tenant that it lives in: it acts there and below.
    pub(crate) tenant_id: String,
    /// The client or user.
    pub(crate) id: String,
    /// Whether it is a service of the platform itself, such as the agent registration.
    pub(crate) service: bool,
    /// Whether it may only read.
    pub(crate) read_only: bool,
}
