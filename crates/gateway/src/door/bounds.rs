//! The bounds of callers' connections.

use ipnet::IpNet;
use std::net::IpAddr;
use std::time::Duration;

/// How long a caller may take, and how many connections it may have.
///
/// Fixed besides: a head has at most 32 KiB and 100 fields, its first line 16 KiB.
#[derive(Debug, Clone)]
pub struct DoorLimits {
    /// From a request's first byte to the end of its head, and from the opening of a connection to
    /// its first request: 10 s.
    pub head_time: Duration,
    /// How long a kept connection may be silent between requests: 60 s.
    pub idle_time: Duration,
    /// How long the TLS handshake may take: 5 s.
    pub handshake_time: Duration,
    /// How long a caller may leave its answer unread: 30 s, and a second more for each KiB that it
    /// takes meanwhile.
    pub write_time: Duration,
    /// How many connections one address may have: 100. An IPv6 address counts by its /64 network.
    pub per_address: usize,
    /// The networks whose addresses may have any number: proxies. Loopback always may.
    pub unlimited: Vec<IpNet>,
}

impl Default for DoorLimits {
    fn default() -> Self {
        Self {
            head_time: Duration::from_secs(10),
            idle_time: Duration::from_mins(1),
            handshake_time: Duration::from_secs(5),
            write_time: Duration::from_secs(30),
            per_address: 100,
            unlimited: Vec::new(),
        }
    }
}

impl DoorLimits {
    /// Whether an address may have any number of connections.
    pub(crate) fn is_unlimited(&self, address: IpAddr) -> bool {
        address.is_loopback() || self.unlimited.iter().any(|network| network.contains(&address))
    }
}
