//! What an upstream is shown of who calls.

use super::Reading;
use candor_contract::notation::{self, Map, Node};
use candor_gateway::{ClientAuth, ClientCredentials, Credentials};
use candor_wire::TargetPolicy;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;

/// What to write.
const HELP: &str =
    "write `caller`, or one of { bearer }, { user, password }, { header, value } and { oauth2 }";

impl Reading<'_> {
    /// `caller`, or a mapping. The policy is the upstream's; it counts for its authorization server
    /// as well.
    pub(super) fn credentials(
        &mut self,
        node: &Node,
        policy: &TargetPolicy,
    ) -> Option<Credentials> {
        if matches!(&node.value, notation::Value::Scalar { text, .. } if text == "caller") {
            return Some(Credentials::Callers);
        }
        let map = Map::open(node, "`credentials`", &mut self.problems)?;
        let oauth = map.get("oauth2").map(|n| self.oauth(n, policy));
        let bearer = map.get("bearer").and_then(|n| self.secret(n));
        let user = map.get("user").and_then(|n| notation::text(n, &mut self.problems));
        let password = map.get("password").and_then(|n| self.secret(n));
        let header = map.get("header").and_then(|n| self.header_name(n));
        let value = map.get("value").and_then(|n| self.secret(n));
        map.close(&mut self.problems);
        let (name, value) = match (oauth, bearer, user, password, header, value) {
            (Some(oauth), None, None, None, None, None) => {
                return oauth.map(Arc::new).map(Credentials::OAuth);
            }
            (None, Some(token), None, None, None, None) => {
                (AUTHORIZATION, format!("Bearer {}", token.expose_secret()))
            }
            (None, None, Some(user), Some(password), None, None) => {
                (AUTHORIZATION, basic(&user, &password))
            }
            (None, None, None, None, Some(name), Some(value)) => {
                (name, value.expose_secret().to_owned())
            }
            _ => {
                let title = "these credentials are not whole";
                self.problems.add(node.span.clone(), title, "here").help(HELP);
                return None;
            }
        };
        let Ok(mut value) = HeaderValue::from_str(&value) else {
            let title = "the secret cannot stand in a header field";
            self.problems.add(node.span.clone(), title, "it has a line break or the like");
            return None;
        };
        value.set_sensitive(true);
        Some(Credentials::Field(name, value))
    }

    /// The client credentials grant (RFC 6749, section 4.4).
    fn oauth(&mut self, node: &Node, policy: &TargetPolicy) -> Option<ClientCredentials> {
        let map = Map::open(node, "`oauth2`", &mut self.problems)?;
        let server = map.required("token_url").and_then(|node| self.target(node, policy));
        let id = map.required("client_id");
        let id = id.and_then(|node| notation::text(node, &mut self.problems));
        let secret = map.required("client_secret").and_then(|node| self.secret(node));
        let auth = map.get("auth").and_then(|node| {
            let from = |text: &str| match text {
                "basic" => Some(ClientAuth::Basic),
                "body" => Some(ClientAuth::Body),
                _ => None,
            };
            let names = ["basic", "body"];
            notation::name_of(node, "a way to authenticate", &names, from, &mut self.problems)
        });
        let mut parameters = Vec::new();
        for name in ["scope", "audience", "resource"] {
            let value = map.get(name).and_then(|node| notation::text(node, &mut self.problems));
            parameters.extend(value.map(|value| (name.to_owned(), value)));
        }
        map.close(&mut self.problems);
        Some(ClientCredentials::new(server?, id?, secret?, auth.unwrap_or_default(), parameters))
    }

    pub(super) fn header_name(&mut self, node: &Node) -> Option<HeaderName> {
        let text = notation::text(node, &mut self.problems)?;
        let name = HeaderName::try_from(text.as_str()).ok();
        if name.is_none() {
            self.problems.add(node.span.clone(), "this is no header field's name", "here");
        }
        name
    }
}

/// Basic authentication (RFC 7617).
fn basic(user: &str, password: &SecretString) -> String {
    use base64::Engine;
    let pair = format!("{user}:{}", password.expose_secret());
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}
