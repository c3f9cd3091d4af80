//! What a handler's address may be, and what it must prove.

use super::Reading;
use candor_contract::notation::{self, Map, Node};
use candor_wire::{ClientIdentity, TargetPolicy, TlsVersion, Versions};
use std::sync::Arc;

impl Reading<'_> {
    /// Handlers speak TLS 1.3 (Callback handler, Basic requirements) and stand on public addresses,
    /// unless the file says otherwise.
    pub(super) fn policy(&mut self, map: &Map<'_>) -> TargetPolicy {
        let allow_http =
            map.get("allow_http").and_then(|n| notation::boolean(n, &mut self.problems));
        let platform =
            map.get("platform_roots").and_then(|n| notation::boolean(n, &mut self.problems));
        let ranges = map.get("allow_addresses").map_or(&[][..], notation::list);
        let pins = map.get("pins").map_or(&[][..], notation::list);
        TargetPolicy {
            allow_http: allow_http.unwrap_or(false),
            allow_cidrs: ranges.iter().filter_map(|n| self.range(n)).collect(),
            min_tls: map.get("min_tls").and_then(|n| self.tls(n)).unwrap_or(TlsVersion::V1_3),
            platform_roots: platform.unwrap_or(true),
            extra_roots: self.pem(map.get("extra_roots"), "certificate", candor_wire::certificates),
            crls: self.pem(
                map.get("revocation_lists"),
                "revocation list",
                candor_wire::revocation_lists,
            ),
            pins: pins.iter().filter_map(|n| self.pin(n)).collect(),
            client: map.get("client_certificate").and_then(|n| self.identity_of(n)).map(Arc::new),
            http: map.get("http").and_then(|n| self.versions(n)).unwrap_or_default(),
            prior_knowledge: false,
            way_out: self.way_out(map.get("proxy")),
        }
    }

    pub(super) fn tls(&mut self, node: &Node) -> Option<TlsVersion> {
        let from = |text: &str| match text {
            "1.2" => Some(TlsVersion::V1_2),
            "1.3" => Some(TlsVersion::V1_3),
            _ => None,
        };
        notation::name_of(node, "a TLS version", &["1.2", "1.3"], from, &mut self.problems)
    }

    fn versions(&mut self, node: &Node) -> Option<Versions> {
        let from = |text: &str| match text {
            "1.1" => Some(Versions::Http1Only),
            "2" => Some(Versions::Http2Only),
            "both" => Some(Versions::Both),
            _ => None,
        };
        let names = ["1.1", "2", "both"];
        notation::name_of(node, "a version of HTTP", &names, from, &mut self.problems)
    }

    pub(super) fn range(&mut self, node: &Node) -> Option<ipnet::IpNet> {
        let text = notation::scalar(node, &mut self.problems)?;
        let range = text.parse().ok();
        if range.is_none() {
            let label = format!("`{text}` is not one");
            self.problems
                .add(node.span.clone(), "a range of addresses is needed", label)
                .help("write 10.0.0.0/8 or fd00::/8");
        }
        range
    }

    /// What the PEM files hold that the list names.
    pub(super) fn pem<T, E>(
        &mut self,
        node: Option<&Node>,
        what: &str,
        read: fn(&[u8]) -> Result<Vec<T>, E>,
    ) -> Vec<T> {
        let mut all = Vec::new();
        for node in node.map_or(&[][..], notation::list) {
            let Some((name, text)) = self.file(node) else { continue };
            match read(text.as_bytes()) {
                Ok(found) if !found.is_empty() => all.extend(found),
                Ok(_) | Err(_) => {
                    let title = format!("{name} has no {what}");
                    self.problems
                        .add(node.span.clone(), title, "named here")
                        .help("the file is PEM: it has lines such as -----BEGIN CERTIFICATE-----");
                }
            }
        }
        all
    }

    /// The SHA-256 of a public key, in hexadecimal.
    fn pin(&mut self, node: &Node) -> Option<[u8; 32]> {
        let text = notation::scalar(node, &mut self.problems)?;
        let pin = digest(text);
        if pin.is_none() {
            self.problems
                .add(node.span.clone(), "a pin is a SHA-256 in hexadecimal", "not 64 hex digits")
                .help("of the certificate's SubjectPublicKeyInfo (RFC 7469, section 2.4)");
        }
        pin
    }

    /// `{ chain: file, key: file }`, both PEM.
    fn identity_of(&mut self, node: &Node) -> Option<ClientIdentity> {
        let map = Map::open(node, "`client_certificate`", &mut self.problems)?;
        let chain = map.required("chain");
        let chain = self.pem(chain, "certificate", candor_wire::certificates);
        let key = map.required("key").and_then(|node| {
            let (name, text) = self.file(node)?;
            let key = candor_wire::private_key(text.as_bytes());
            if key.is_err() {
                let title = format!("{name} has no private key");
                self.problems
                    .add(node.span.clone(), title, "named here")
                    .help("the file is PEM: -----BEGIN PRIVATE KEY-----");
            }
            key.ok()
        });
        map.close(&mut self.problems);
        Some(ClientIdentity { chain, key: key? })
    }
}

fn digest(text: &str) -> Option<[u8; 32]> {
    let text = text.as_bytes();
    let mut digest = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in digest.iter_mut().zip(text.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_has_64_hexadecimal_digits() {
        assert_eq!(digest(&"0f".repeat(32)), Some([15; 32]));
        assert_eq!(digest(&"0g".repeat(32)), None);
        assert_eq!(digest("0f"), None);
    }
}
