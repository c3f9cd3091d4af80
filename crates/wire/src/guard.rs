//! Which addresses may be called. The last word before a socket is opened.
//!
//! Judges addresses, never names: a name is judged by all the addresses that it has at that moment.
//! The table follows the IANA special-purpose address registries (RFC 6890 and later entries).

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Judges addresses. One for a client; what an upstream may do beyond it comes with its target.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Guard {
    /// Where this process listens itself: a call must not come back to it. An unspecified address
    /// such as `0.0.0.0:8080` stands for every address of this machine.
    pub own: Vec<SocketAddr>,
    /// The site's own NAT64 prefixes (RFC 6052, length 96); an address below one is judged by the
    /// IPv4 address that it carries. The well-known prefix `64:ff9b::/96` needs no mention.
    pub nat64: Vec<Ipv6Net>,
}

/// Why an address is not called. For the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{address} is not called: {why}")]
pub struct Refused {
    /// The address.
    pub address: SocketAddr,
    /// The reason.
    pub why: Why,
}

/// The reasons for which an address is not called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// A cloud's metadata service: holds credentials, and is never called, whatever is allowed.
    Metadata,
    /// This process listens there.
    Own,
    /// It lies in a range that is not for calls over the internet; the purpose of the range.
    Range(&'static str),
    /// The connection led to an address that nobody had asked for.
    Unasked,
}

impl Guard {
    /// Refuses `address` unless it is public, or in one of the ranges that `allowed` opens.
    ///
    /// An IPv6 address that carries an IPv4 address is judged by both.
    pub fn admit(&self, address: SocketAddr, allowed: &[IpNet]) -> Result<(), Refused> {
        let refuse = |why| Err(Refused { address, why });
        let faces = self.faces(address.ip());
        if faces.iter().any(|face| METADATA.contains(face)) {
            return refuse(Why::Metadata);
        }
        if self.is_own(address.port(), &faces) {
            return refuse(Why::Own);
        }
        if faces.iter().any(|face| allowed.iter().any(|range| range.contains(face))) {
            return Ok(());
        }
        match faces.iter().find_map(special_use) {
            Some(purpose) => refuse(Why::Range(purpose)),
            None => Ok(()),
        }
    }

    /// Refuses the address of the operator's own proxy only where nobody may call at all.
    pub(crate) fn admit_proxy(&self, address: SocketAddr) -> Result<(), Refused> {
        const EVERYWHERE: [IpNet; 2] = [
            IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::UNSPECIFIED, 0)),
            IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::UNSPECIFIED, 0)),
        ];
        self.admit(address, &EVERYWHERE)
    }

    /// Refuses a connection that led to none of the `asked` addresses, or back to this process.
    pub(crate) fn admit_connection(
        &self,
        peer: SocketAddr,
        local: SocketAddr,
        asked: &[SocketAddr],
    ) -> Result<(), Refused> {
        let same = |one: SocketAddr, two: SocketAddr| {
            one.port() == two.port() && one.ip().to_canonical() == two.ip().to_canonical()
        };
        if !asked.iter().any(|wanted| same(*wanted, peer)) {
            return Err(Refused { address: peer, why: Why::Unasked });
        }
        let this_machine = peer.ip().to_canonical() == local.ip().to_canonical();
        let everywhere = |own: &SocketAddr| own.ip().is_unspecified() && own.port() == peer.port();
        if this_machine && self.own.iter().any(everywhere) {
            return Err(Refused { address: peer, why: Why::Own });
        }
        Ok(())
    }

    fn is_own(&self, port: u16, faces: &[IpAddr]) -> bool {
        let listens = |own: &SocketAddr| {
            own.port() == port
                && faces.iter().any(|face| {
                    own.ip().to_canonical() == *face
                        || (own.ip().is_unspecified() && face.is_loopback())
                })
        };
        self.own.iter().any(listens)
    }

    /// The address itself, and the IPv4 address that it carries.
    fn faces(&self, address: IpAddr) -> Vec<IpAddr> {
        let carried = match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(v6) => self.carried(v6),
        };
        [Some(address), carried.map(IpAddr::V4)].into_iter().flatten().collect()
    }

    fn carried(&self, address: Ipv6Addr) -> Option<Ipv4Addr> {
        let low = |a: u16, b: u16| Some(Ipv4Addr::from((u32::from(a) << 16) | u32::from(b)));
        match address.segments() {
            // Only the address itself is meant by `::` and `::1`.
            [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
            // In this order: compatible and mapped (RFC 4291), translated (RFC 2765), NAT64
            // (RFC 6052), 6to4 (RFC 3056), ISATAP (RFC 5214).
            [0, 0, 0, 0, 0, 0 | 0xffff, a, b]
            | [0, 0, 0, 0, 0xffff, 0, a, b]
            | [0x64, 0xff9b, 0, 0, 0, 0, a, b]
            | [0x2002, a, b, ..]
            | [_, _, _, _, 0 | 0x0200, 0x5efe, a, b] => low(a, b),
            [_, _, _, _, _, _, a, b] if self.nat64.iter().any(|site| site.contains(&address)) => {
                low(a, b)
            }
            _ => None,
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metadata => f.write_str("it is a metadata service"),
            Self::Own => f.write_str("it is an address of this process"),
            Self::Range(purpose) => write!(f, "it is in a range for {purpose}"),
            Self::Unasked => f.write_str("nobody asked for it"),
        }
    }
}

/// The purpose of the special-use range that holds `address`, if one does.
fn special_use(address: &IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => find(V4, |range: &Ipv4Net| range.contains(v4)),
        IpAddr::V6(v6) => find(V6, |range: &Ipv6Net| range.contains(v6)),
    }
}

fn find<R>(table: &[(R, &'static str)], holds: impl Fn(&R) -> bool) -> Option<&'static str> {
    table.iter().find(|(range, _)| holds(range)).map(|(_, purpose)| *purpose)
}

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

/// An IPv6 range by its first four groups; no range in the tables is longer than that but the
/// two single addresses.
const fn v6(a: u16, b: u16, c: u16, d: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), length)
}

/// Metadata services of the clouds, as their documents list them.
const METADATA: &[IpAddr] = &[
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254)), // most clouds
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 2)),   // Amazon ECS task credentials
    IpAddr::V4(Ipv4Addr::new(169, 254, 170, 23)),  // Amazon EKS pod identity
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),   // Azure wire server, in a public range
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)), // Alibaba Cloud
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),     // Oracle Cloud
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)), // Amazon EC2
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23)), // Amazon EKS pod identity
    IpAddr::V6(Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)), // Google Cloud
];

const V4: &[(Ipv4Net, &str)] = &[
    (v4(0, 0, 0, 0, 8), "\"this\" network"),
    (v4(10, 0, 0, 0, 8), "private use"),
    (v4(100, 64, 0, 0, 10), "shared address space"),
    (v4(127, 0, 0, 0, 8), "loopback"),
    (v4(169, 254, 0, 0, 16), "link-local use"),
    (v4(172, 16, 0, 0, 12), "private use"),
    (v4(192, 0, 0, 0, 24), "protocol assignments"),
    (v4(192, 0, 2, 0, 24), "documentation"),
    (v4(192, 31, 196, 0, 24), "AS112"),
    (v4(192, 52, 193, 0, 24), "AMT"),
    (v4(192, 88, 99, 0, 24), "6to4 relays"),
    (v4(192, 168, 0, 0, 16), "private use"),
    (v4(192, 175, 48, 0, 24), "AS112"),
    (v4(198, 18, 0, 0, 15), "benchmarking"),
    (v4(198, 51, 100, 0, 24), "documentation"),
    (v4(203, 0, 113, 0, 24), "documentation"),
    (v4(224, 0, 0, 0, 4), "multicast"),
    (v4(240, 0, 0, 0, 4), "reserved use and broadcast"),
];

const V6: &[(Ipv6Net, &str)] = &[
    (v6(0, 0, 0, 0, 128), "the unspecified address"),
    (Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128), "loopback"),
    (v6(0x64, 0xff9b, 1, 0, 48), "local translation"),
    (v6(0x100, 0, 0, 0, 64), "discarding"),
    (v6(0x100, 0, 0, 1, 64), "a dummy prefix"),
    (v6(0x2001, 0, 0, 0, 23), "protocol assignments and Teredo"),
    (v6(0x2001, 0xdb8, 0, 0, 32), "documentation"),
    (v6(0x2620, 0x4f, 0x8000, 0, 48), "AS112"),
    (v6(0x3fff, 0, 0, 0, 20), "documentation"),
    (v6(0x5f00, 0, 0, 0, 16), "segment routing"),
    (v6(0xfc00, 0, 0, 0, 7), "unique local use"),
    (v6(0xfe80, 0, 0, 0, 10), "link-local use"),
    (v6(0xfec0, 0, 0, 0, 10), "site-local use"),
    (v6(0xff00, 0, 0, 0, 8), "multicast"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn admit(address: &str) -> Result<(), Refused> {
        Guard::default().admit(SocketAddr::new(address.parse().unwrap(), 443), &[])
    }

    fn all() -> Vec<IpNet> {
        vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()]
    }

    #[test]
    fn the_ends_of_every_range_are_refused_and_their_neighbours_are_not() {
        for (range, purpose) in V4 {
            assert_eq!(special_use(&range.network().into()), Some(*purpose));
            assert_eq!(special_use(&range.broadcast().into()), Some(*purpose));
        }
        for (range, purpose) in V6 {
            assert_eq!(special_use(&range.network().into()), Some(*purpose));
            assert_eq!(special_use(&range.broadcast().into()), Some(*purpose));
        }
        for public in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "8.8.8.8",
            "2606:4700::1111",
            "2001:200::1",
            "2a00:1450::1",
            "64:ff9b::808:808",
            "::ffff:8.8.8.8",
            "2002:808:808::1",
        ] {
            assert_eq!(admit(public), Ok(()), "{public}");
        }
    }

    /// Every form in which an IPv6 address carries an IPv4 address.
    fn embeddings(v4: Ipv4Addr) -> Vec<Ipv6Addr> {
        let [a, b, c, d] = v4.octets();
        [
            format!("::{a}.{b}.{c}.{d}"),
            format!("::ffff:{a}.{b}.{c}.{d}"),
            format!("::ffff:0:{a}.{b}.{c}.{d}"),
            format!("64:ff9b::{a}.{b}.{c}.{d}"),
            format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1"),
            format!("2606:4700:1:1:0:5efe:{a}.{b}.{c}.{d}"),
            format!("2606:4700:1:1:200:5efe:{a}.{b}.{c}.{d}"),
            format!("2606:4700:64::{a}.{b}.{c}.{d}"),
        ]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect()
    }

    #[test]
    fn every_embedding_of_a_refused_address_is_refused() {
        let guard = Guard { nat64: vec!["2606:4700:64::/96".parse().unwrap()], own: Vec::new() };
        for (range, _) in V4 {
            for v4 in [range.network(), range.broadcast()] {
                for v6 in embeddings(v4) {
                    let verdict = guard.admit(SocketAddr::new(v6.into(), 443), &[]);
                    assert!(verdict.is_err(), "{v6} carries {v4}");
                }
            }
        }
        for v6 in embeddings(Ipv4Addr::new(8, 8, 8, 8)) {
            assert_eq!(guard.admit(SocketAddr::new(v6.into(), 443), &[]), Ok(()), "{v6}");
        }
    }

    #[test]
    fn a_metadata_service_is_refused_whatever_is_allowed() {
        for address in METADATA {
            let verdict = Guard::default().admit(SocketAddr::new(*address, 80), &all());
            assert_eq!(verdict.unwrap_err().why, Why::Metadata, "{address}");
        }
        for v6 in embeddings(Ipv4Addr::new(169, 254, 169, 254)).iter().take(7) {
            let verdict = Guard::default().admit(SocketAddr::new((*v6).into(), 80), &all());
            assert_eq!(verdict.unwrap_err().why, Why::Metadata, "{v6}");
        }
    }

    #[test]
    fn an_allowed_range_opens_itself_alone() {
        let allowed = ["10.1.0.0/16".parse().unwrap()];
        let admit = |text: &str| {
            Guard::default().admit(SocketAddr::new(text.parse().unwrap(), 443), &allowed)
        };
        assert_eq!(admit("10.1.2.3"), Ok(()));
        assert_eq!(admit("::ffff:10.1.2.3"), Ok(()));
        assert!(admit("10.2.0.1").is_err());
        assert!(admit("127.0.0.1").is_err());
    }

    #[test]
    fn this_process_is_refused_where_it_listens() {
        let guard = |own: &str| Guard { own: vec![own.parse().unwrap()], nat64: Vec::new() };
        let admit = |guard: &Guard, to: &str| guard.admit(to.parse().unwrap(), &all());
        let one = guard("10.0.0.5:8080");
        assert_eq!(admit(&one, "10.0.0.5:8080").unwrap_err().why, Why::Own);
        assert_eq!(admit(&one, "[::ffff:10.0.0.5]:8080").unwrap_err().why, Why::Own);
        assert_eq!(admit(&one, "10.0.0.5:9090"), Ok(()));
        let every = guard("0.0.0.0:8080");
        assert_eq!(admit(&every, "127.0.0.1:8080").unwrap_err().why, Why::Own);
        assert_eq!(admit(&every, "10.0.0.6:8080"), Ok(()));
        let own_address: SocketAddr = "10.0.0.6:8080".parse().unwrap();
        let local = "10.0.0.6:40000".parse().unwrap();
        let verdict = every.admit_connection(own_address, local, &[own_address]);
        assert_eq!(verdict.unwrap_err().why, Why::Own);
    }

    #[test]
    fn a_connection_must_lead_where_it_was_asked_to() {
        let asked: SocketAddr = "8.8.8.8:443".parse().unwrap();
        let other: SocketAddr = "8.8.4.4:443".parse().unwrap();
        let local = "10.0.0.2:40000".parse().unwrap();
        let guard = Guard::default();
        assert_eq!(guard.admit_connection(asked, local, &[asked]), Ok(()));
        let refused = guard.admit_connection(other, local, &[asked]).unwrap_err();
        assert_eq!(refused.why, Why::Unasked);
    }
}
