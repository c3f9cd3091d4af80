//! The listener: TLS, and the bounds at the door.

use super::Reading;
use candor_contract::notation::{self, Map, Node};
use candor_gateway::{ClientCertificates, DoorLimits, TlsFiles, TlsSettings};
use candor_wire::TlsVersion;
use std::path::PathBuf;

impl Reading<'_> {
    /// `{ certificate, key, clients: { authorities, required }, min_tls }`.
    pub(super) fn listener_tls(&mut self, node: &Node) -> Option<TlsSettings> {
        let map = Map::open(node, "`tls`", &mut self.problems)?;
        let certificate = map.required("certificate").and_then(|node| self.path(node));
        let key = map.required("key").and_then(|node| self.path(node));
        let clients = map.get("clients").map_or(Some(ClientCertificates::Unasked), |node| {
            let map = Map::open(node, "`clients`", &mut self.problems)?;
            let authorities = map.required("authorities").and_then(|node| self.path(node));
            let required = map.get("required");
            let required = required.and_then(|n| notation::boolean(n, &mut self.problems));
            map.close(&mut self.problems);
            let authorities = authorities?;
            Some(match required {
                Some(true) => ClientCertificates::Required(authorities),
                Some(false) | None => ClientCertificates::Optional(authorities),
            })
        });
        let least = map.get("min_tls").and_then(|node| self.tls(node)).unwrap_or(TlsVersion::V1_2);
        map.close(&mut self.problems);
        let files = TlsFiles { certificate: certificate?, key: key?, clients: clients?, least };
        match TlsSettings::read(&files) {
            Ok(settings) => Some(settings),
            Err(error) => {
                let causes =
                    std::iter::successors(Some(&error as &dyn std::error::Error), |e| e.source());
                let words = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
                self.problems
                    .add(node.span.clone(), words, "here")
                    .help(format!("relative paths start at {}", self.folder.display()));
                None
            }
        }
    }

    /// `{ head_time, idle_time, handshake_time, write_time, per_address, unlimited }`.
    pub(super) fn door(&mut self, node: Option<&Node>) -> DoorLimits {
        let default = DoorLimits::default();
        let Some(map) = node.and_then(|n| Map::open(n, "`door`", &mut self.problems)) else {
            return default;
        };
        let mut time = |key, default| {
            map.get(key).and_then(|n| notation::duration(n, &mut self.problems)).unwrap_or(default)
        };
        let head_time = time("head_time", default.head_time);
        let idle_time = time("idle_time", default.idle_time);
        let handshake_time = time("handshake_time", default.handshake_time);
        let write_time = time("write_time", default.write_time);
        let per_address = map
            .get("per_address")
            .and_then(|n| notation::integer(n, 1..=1_000_000, &mut self.problems))
            .and_then(|n| n.try_into().ok());
        let unlimited = map.get("unlimited").map_or(&[][..], notation::list);
        let unlimited = unlimited.iter().filter_map(|node| self.range(node)).collect();
        map.close(&mut self.problems);
        DoorLimits {
            head_time,
            idle_time,
            handshake_time,
            write_time,
            per_address: per_address.unwrap_or(default.per_address),
            unlimited,
        }
    }

    /// A file, relative to the configuration. It is looked at for changes.
    fn path(&mut self, node: &Node) -> Option<PathBuf> {
        let path = self.folder.join(notation::text(node, &mut self.problems)?);
        self.files.push(path.clone());
        Some(path)
    }
}
