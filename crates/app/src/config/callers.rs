//! Who may call.

use super::{Reading, entries};
use candor_contract::notation::{self, Map, Node, Value};
use candor_gateway::callers::{
    ApiKey, CallerSettings, Callers, CallersError, CallersSettings, CertificateMark, Digest,
    IssuerSettings, KeySource, Rights, Subject,
};
use candor_wire::TargetPolicy;

/// Says that everybody may call who can connect.
const ANYBODY: &str = "anybody";

/// Who may call.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) callers: Callers,
    /// Whether it was said that everybody may.
    pub(crate) anybody: bool,
}

impl Reading<'_> {
    /// `anybody`, or a mapping.
    pub(super) fn callers(&mut self, node: Option<&Node>) -> Option<Known> {
        let Some(node) = node else { return Some(Known::default()) };
        if matches!(&node.value, Value::Scalar { text, .. } if text == ANYBODY) {
            return Some(Known { anybody: true, ..Known::default() });
        }
        let map = Map::open(node, "`callers`", &mut self.problems)?;
        let key_header = map.get("key_header").and_then(|node| self.header_name(node));
        let mut settings = CallersSettings::default();
        settings.key_header = key_header.unwrap_or(settings.key_header);
        for entry in entries(map.get("known"), "`known`", &mut self.problems) {
            settings.callers.extend(self.caller(&entry.key, &entry.node));
        }
        for entry in entries(map.get("issuers"), "`issuers`", &mut self.problems) {
            settings.issuers.extend(self.issuer(&entry.key, &entry.node));
        }
        let nobody = settings.callers.is_empty() && settings.issuers.is_empty();
        if nobody && self.problems.is_empty() {
            self.problems
                .add(node.span.clone(), "nobody may call", "neither `known` nor `issuers` is here")
                .help("name callers, or write `callers: anybody`");
        }
        map.close(&mut self.problems);
        match Callers::new(settings) {
            Ok(callers) => Some(Known { callers, anybody: false }),
            Err(error) => {
                self.problems.add(node.span.clone(), words(&error), "here");
                None
            }
        }
    }

    fn caller(&mut self, name: &str, node: &Node) -> Option<CallerSettings> {
        let map = Map::open(node, "a caller", &mut self.problems)?;
        let keys = map.get("keys").map_or(&[][..], notation::list);
        let keys = keys.iter().filter_map(|node| self.api_key(node)).collect();
        let certificates = map.get("certificates").map_or(&[][..], notation::list);
        let certificates = certificates.iter().filter_map(|node| self.mark(node)).collect();
        let subjects = map.get("subjects").map_or(&[][..], notation::list);
        let subjects = subjects.iter().filter_map(|node| self.subject(node)).collect();
        let rights = self.rights(&map);
        map.close(&mut self.problems);
        Some(CallerSettings { name: name.to_owned(), keys, certificates, subjects, rights })
    }

    fn rights(&mut self, map: &Map<'_>) -> Rights {
        let routes = map.get("routes").map(notation::list);
        let routes = routes.map(|nodes| {
            nodes.iter().filter_map(|node| notation::text(node, &mut self.problems)).collect()
        });
        Rights { routes, terms: self.terms(map) }
    }

    /// `sha256:…`, or `{ hash: sha256:…, expires: … }`.
    fn api_key(&mut self, node: &Node) -> Option<ApiKey> {
        if let Value::Scalar { .. } = node.value {
            return self.digest(node).map(|hash| ApiKey { hash, expires: None });
        }
        let map = Map::open(node, "a key", &mut self.problems)?;
        let hash = map.required("hash").and_then(|node| self.digest(node));
        let expires = map.get("expires").map(|node| {
            let text = notation::scalar(node, &mut self.problems)?;
            let time = text.parse().ok();
            if time.is_none() {
                self.problems
                    .add(node.span.clone(), "a time is needed", format!("`{text}` is not one"))
                    .help("write 2027-01-01T00:00:00Z (RFC 3339)");
            }
            time
        });
        map.close(&mut self.problems);
        match expires {
            Some(None) => None,
            expires => Some(ApiKey { hash: hash?, expires: expires.flatten() }),
        }
    }

    fn digest(&mut self, node: &Node) -> Option<Digest> {
        let text = notation::scalar(node, &mut self.problems)?;
        let digest = text.parse().ok();
        if digest.is_none() {
            self.problems.add(node.span.clone(), "a SHA-256 is needed", "this is none").help(
                "write sha256: and 64 hexadecimal digits; of a key: printf %s KEY | sha256sum",
            );
        }
        digest
    }

    /// `{ name }` or `{ fingerprint }`.
    fn mark(&mut self, node: &Node) -> Option<CertificateMark> {
        let map = Map::open(node, "a certificate", &mut self.problems)?;
        let name = map.get("name").and_then(|node| notation::text(node, &mut self.problems));
        let fingerprint = map.get("fingerprint").map(|node| self.digest(node));
        map.close(&mut self.problems);
        match (name, fingerprint) {
            (Some(name), None) => Some(CertificateMark::Name(name)),
            (None, Some(digest)) => digest.map(CertificateMark::Fingerprint),
            _ => {
                self.problems
                    .add(node.span.clone(), "a certificate is known by one thing", "here")
                    .help("write { name: billing.example } or { fingerprint: sha256:… }");
                None
            }
        }
    }

    fn subject(&mut self, node: &Node) -> Option<Subject> {
        let map = Map::open(node, "a subject", &mut self.problems)?;
        let issuer = map.required("issuer");
        let issuer = issuer.and_then(|node| notation::text(node, &mut self.problems));
        let subject = map.required("subject");
        let subject = subject.and_then(|node| notation::text(node, &mut self.problems));
        map.close(&mut self.problems);
        Some(Subject { issuer: issuer?, subject: subject? })
    }

    fn issuer(&mut self, name: &str, node: &Node) -> Option<IssuerSettings> {
        let map = Map::open(node, "an issuer", &mut self.problems)?;
        let policy = self.policy(&map);
        let audiences = map.required("audience").map_or(&[][..], notation::list);
        let audiences =
            audiences.iter().filter_map(|n| notation::text(n, &mut self.problems)).collect();
        let keys = map.required("keys").and_then(|node| self.key_source(node, &policy));
        let claim = map.get("name_claim");
        let claim = claim.and_then(|node| notation::text(node, &mut self.problems));
        let others = map.get("others").and_then(|node| {
            let map = Map::open(node, "`others`", &mut self.problems)?;
            let rights = self.rights(&map);
            map.close(&mut self.problems);
            Some(rights)
        });
        map.close(&mut self.problems);
        Some(IssuerSettings {
            issuer: name.to_owned(),
            audiences,
            keys: keys?,
            name_claim: claim.unwrap_or_else(|| "sub".to_owned()),
            others,
        })
    }

    /// A URL, or a file.
    fn key_source(&mut self, node: &Node, policy: &TargetPolicy) -> Option<KeySource> {
        let text = notation::scalar(node, &mut self.problems)?;
        if text.starts_with("https://") || text.starts_with("http://") {
            return self.target(node, policy).map(KeySource::Url);
        }
        Some(KeySource::File(self.folder.join(text)))
    }
}

/// What is wrong, with its causes.
fn words(error: &CallersError) -> String {
    let causes = std::iter::successors(Some(error as &dyn std::error::Error), |e| e.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
