//! The program itself, as a process with a memory of its own.

use crate::stream::identity::Identity;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A running `candor serve` with a route `shop` to an upstream.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl Process {
    /// Starts `program` before the upstream at `to`: over TLS on both sides where there is an identity.
    pub(crate) fn start(program: &Path, to: SocketAddr, identity: Option<&Identity>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        let scheme = if identity.is_some() { "https" } else { "http" };
        let mut config = format!(
            "listen: 127.0.0.1:0\npredefined_callbacks: false\nroutes:\n  shop:\n    \
             url: {scheme}://{to}/\n    contract: http\n    allow_http: true\n    \
             allow_addresses: [127.0.0.0/8]\n"
        );
        if let Some(identity) = identity {
            write("own.pem", &identity.certificate_pem);
            write("own.key", &identity.key_pem);
            config.push_str("    platform_roots: false\n    extra_roots: [own.pem]\n");
            config.push_str("tls: { certificate: own.pem, key: own.key }\n");
        }
        write("candor.yaml", &config);
        let mut child = Command::new(program.canonicalize().unwrap())
            .args(["serve", "candor.yaml"])
            .current_dir(folder.path())
            .env("CANDOR_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let address = said.trim().rsplit('/').next().unwrap().parse();
        Self { child, address: address.unwrap(), _folder: folder }
    }

    /// How much memory it had resident at most until now, in KiB.
    pub(crate) fn peak(&self) -> u64 {
        self.memory("VmHWM:")
    }

    /// How much memory it has resident, in KiB.
    pub(crate) fn resident(&self) -> u64 {
        self.memory("VmRSS:")
    }

    fn memory(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
