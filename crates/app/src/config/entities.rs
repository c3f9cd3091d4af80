//! `CyberApps` and tenants.

use super::{Reading, entries};
use candor_contract::notation::{self, Entry, Map, Node, Problems};
use candor_gateway::{
    Access, BreakerSettings, BudgetSettings, Company, CyberApp, Tenant, Upstream,
};
use candor_wire::{Target, TargetPolicy};
use secrecy::{ExposeSecret, SecretString};
use std::collections::HashMap;

impl Reading<'_> {
    pub(super) fn cyberapps(&mut self, node: Option<&Node>) -> HashMap<String, CyberApp> {
        let mut apps = HashMap::new();
        for entry in entries(node, "`cyberapps`", &mut self.problems) {
            if let Some(app) = self.cyberapp(&entry.key, &entry.node) {
                apps.insert(entry.key.clone(), app);
            }
        }
        apps
    }

    fn cyberapp(&mut self, key: &str, node: &Node) -> Option<CyberApp> {
        let map = Map::open(node, "a CyberApp", &mut self.problems)?;
        let name = map.required("name");
        let name = name.and_then(|n| notation::text(n, &mut self.problems));
        let endpoint = map.required("endpoint_id");
        let endpoint_id = endpoint.and_then(|n| notation::text(n, &mut self.problems));
        let company = map.get("company").and_then(|n| self.company(n)).unwrap_or_default();
        let policy = self.policy(&map);
        let breaker = self.breaker(map.get("breaker"));
        let budget = self.budget(map.get("retry_budget"));
        let upstream = Upstream::new(breaker, budget, self.upstream_limits(&map, key));
        let url = map.required("url");
        let target = url.and_then(|node| self.target(node, &policy));
        if let Some(target) = &target {
            self.is_judged_here(&map, &policy, target);
        }
        map.close(&mut self.problems);
        Some(CyberApp {
            name: name?,
            company,
            endpoint_id: endpoint_id?,
            target: target?,
            upstream,
        })
    }

    fn company(&mut self, node: &Node) -> Option<Company> {
        let map = Map::open(node, "`company`", &mut self.problems)?;
        let mut text = |key| {
            map.get(key).and_then(|n| notation::text(n, &mut self.problems)).unwrap_or_default()
        };
        let company = Company {
            name: text("name"),
            website: text("website"),
            email: text("email"),
            phone: text("phone"),
        };
        map.close(&mut self.problems);
        Some(company)
    }

    /// When the endpoint is given a rest; `off` where never.
    pub(super) fn breaker(&mut self, node: Option<&Node>) -> Option<BreakerSettings> {
        let default = BreakerSettings::default();
        let Some(node) = node else { return Some(default) };
        if is_off(node) {
            return None;
        }
        let map = Map::open(node, "`breaker`", &mut self.problems)?;
        let failures = map.get("failures");
        let failures = failures.and_then(|n| notation::integer(n, 1..=1000, &mut self.problems));
        let mut time = |key, default| {
            map.get(key).and_then(|n| notation::duration(n, &mut self.problems)).unwrap_or(default)
        };
        let (rest, longest) = (time("rest", default.rest), time("longest", default.longest));
        if rest > longest {
            self.problems.add(map.place("rest"), "`rest` is longer than `longest`", "this one");
        }
        map.close(&mut self.problems);
        let failures = failures.and_then(|n| u32::try_from(n).ok()).unwrap_or(default.failures);
        Some(BreakerSettings { failures, rest, longest })
    }

    /// How much repeating the endpoint has to bear; `off` where no bound is set.
    pub(super) fn budget(&mut self, node: Option<&Node>) -> Option<BudgetSettings> {
        let default = BudgetSettings::default();
        let Some(node) = node else { return Some(default) };
        if is_off(node) {
            return None;
        }
        let map = Map::open(node, "`retry_budget`", &mut self.problems)?;
        let mut number = |key, most| {
            map.get(key).and_then(|n| notation::integer(n, 0..=most, &mut self.problems))
        };
        let percent = number("percent", 1000).and_then(|n| u32::try_from(n).ok());
        let reserve = number("reserve", 10_000).and_then(|n| u32::try_from(n).ok());
        map.close(&mut self.problems);
        let ratio = percent.map_or(default.ratio, |percent| f64::from(percent) / 100.0);
        Some(BudgetSettings { ratio, reserve: reserve.unwrap_or(default.reserve) })
    }

    pub(super) fn target(&mut self, node: &Node, policy: &TargetPolicy) -> Option<Target> {
        let url = notation::text(node, &mut self.problems)?;
        match Target::parse(&url, policy) {
            Ok(target) => Some(target),
            Err(error) => {
                let plain = matches!(error, candor_wire::TargetError::PlainHttp);
                let help = if plain {
                    "write https://, or `allow_http: true`"
                } else {
                    "write the whole address: https://handler.example.com/callback"
                };
                self.problems
                    .add(node.span.clone(), "this cannot be called", chain(&error))
                    .help(help);
                None
            }
        }
    }

    pub(super) fn tenants(
        &mut self,
        node: Option<&Node>,
        cyberapps: Option<&Node>,
    ) -> HashMap<String, Tenant> {
        let known: Vec<String> = entries(cyberapps, "`cyberapps`", &mut Problems::default())
            .iter()
            .map(|entry| entry.key.clone())
            .collect();
        let mut tenants = HashMap::new();
        for entry in entries(node, "`tenants`", &mut self.problems) {
            let mut tenant = Tenant::default();
            for access in entries(Some(&entry.node), "a tenant", &mut self.problems) {
                self.is_known(access, &known);
                if let Some(shown) = self.access(&access.node) {
                    tenant.access.insert(access.key.clone(), shown);
                }
            }
            tenants.insert(entry.key.clone(), tenant);
        }
        tenants
    }

    fn is_known(&mut self, access: &Entry, known: &[String]) {
        if !known.contains(&access.key) {
            let help = match candor_contract::nearest(&access.key, known.iter().map(String::as_str))
            {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the file has: {}", known.join(", ")),
            };
            let title = format!("there is no CyberApp `{}`", access.key);
            self.problems.add(access.key_span.clone(), title, "unknown CyberApp").help(help);
        }
    }

    fn access(&mut self, node: &Node) -> Option<Access> {
        let map = Map::open(node, "a tenant's access", &mut self.problems)?;
        let identity = map.required("identity");
        let identity = identity.and_then(|n| self.identity(n));
        let secrets = self.secrets(map.get("secrets"));
        let extra = map.get("extra").map_or_else(|| "{}".to_owned(), |n| n.to_json().to_string());
        map.close(&mut self.problems);
        Some(Access { identity: identity?, secrets: secrets?, extra })
    }

    /// The receiver splits at the first colon (Callback handler, Request formats).
    fn identity(&mut self, node: &Node) -> Option<String> {
        let text = notation::text(node, &mut self.problems)?;
        if text.contains(':') {
            self.problems.add(node.span.clone(), "an identity has no colon", "this has one");
            return None;
        }
        Some(text)
    }

    /// Secrets by name, as the text of a JSON object.
    fn secrets(&mut self, node: Option<&Node>) -> Option<SecretString> {
        let mut members = serde_json::Map::new();
        for entry in entries(node, "`secrets`", &mut self.problems) {
            let secret = self.secret(&entry.node)?;
            members.insert(entry.key.clone(), secret.expose_secret().into());
        }
        Some(SecretString::from(serde_json::Value::Object(members).to_string()))
    }
}

pub(super) fn is_off(node: &Node) -> bool {
    matches!(&node.value, notation::Value::Scalar { text, .. } if text == "off")
}

pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
