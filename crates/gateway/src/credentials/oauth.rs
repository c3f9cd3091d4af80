//! Tokens by the client credentials grant (RFC 6749, section 4.4).
//!
//! One token serves all calls of all workers until shortly before it expires; whoever finds none asks
//! for one, and the others wait for that. A token lives in memory alone.

use crate::clock::Clock;
use bytes::Bytes;
use candor_contract::json::{Document, Node};
use candor_facts::{Held, HeldKind};
use candor_wire::{Client, Outbound, Received, Target};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::sync::{Mutex as Lock, PoisonError};
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// How long a token lives whose answer does not say it, in seconds.
const LIFETIME: i64 = 300;
/// How long before its end a token is not shown any more: a tenth of its life, at most so many
/// seconds.
const MOST_MARGIN: i64 = 60;
/// How long a token may take to come.
const TIME: Duration = Duration::from_secs(10);
/// The most bytes of an authorization server's answer.
const BODY_LIMIT: usize = 64 * 1024;

/// An authorization server, and what it knows the gateway by.
#[derive(Debug)]
pub struct ClientCredentials {
    /// The token endpoint.
    pub server: Target,
    /// The client's id.
    pub id: String,
    /// The client's secret.
    pub secret: SecretString,
    /// How both are shown.
    pub auth: ClientAuth,
    /// Further parameters of the request, such as `scope` and `audience`.
    pub parameters: Vec<(String, String)>,
    tokens: Tokens,
}

/// How a client shows its id and its secret (RFC 6749, section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuth {
    /// As Basic authentication.
    #[default]
    Basic,
    /// As parameters in the body.
    Body,
}

/// The token of the moment.
#[derive(Debug, Default)]
struct Tokens {
    shown: Lock<Option<Token>>,
    /// Held by whoever asks for a new one.
    asking: Mutex<()>,
}

#[derive(Clone)]
struct Token {
    field: HeaderValue,
    /// Until when it is shown, in seconds since 1970.
    until: i64,
}

impl ClientCredentials {
    /// Credentials without a token so far.
    pub fn new(
        server: Target,
        id: String,
        secret: SecretString,
        auth: ClientAuth,
        parameters: Vec<(String, String)>,
    ) -> Self {
        Self { server, id, secret, auth, parameters, tokens: Tokens::default() }
    }

    /// Whether a token of one is a token of the other.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let shown = |one: &Self| (one.id.clone(), one.parameters.clone(), one.auth);
        self.server.is_like(&other.server)
            && shown(self) == shown(other)
            && self.secret.expose_secret() == other.secret.expose_secret()
    }

    /// The value of `Authorization`, with a token that is still good.
    ///
    /// # Errors
    /// The server refuses the gateway, cannot be reached, or says nothing that can be understood.
    pub(super) async fn shown(
        &self,
        client: &Client,
        clock: &Clock,
        until: Instant,
    ) -> Result<HeaderValue, Held> {
        if let Some(field) = self.good(clock) {
            return Ok(field);
        }
        let asked = async {
            let _asking = self.tokens.asking.lock().await;
            match self.good(clock) {
                Some(field) => Ok(field),
                None => self.ask(client, clock).await,
            }
        };
        let until = until.min(Instant::now() + TIME);
        tokio::time::timeout_at(until, asked)
            .await
            .unwrap_or_else(|_| Err(self.unavailable("did not answer in time")))
    }

    /// Does not show a token again that was refused; another one may be there already.
    pub(super) fn forget(&self, refused: &HeaderValue) {
        self.tokens.lock().take_if(|token| token.field == *refused);
    }

    fn good(&self, clock: &Clock) -> Option<HeaderValue> {
        let now = clock.now().as_second();
        self.tokens
            .lock()
            .as_ref()
            .filter(|token| now < token.until)
            .map(|token| token.field.clone())
    }

    async fn ask(&self, client: &Client, clock: &Clock) -> Result<HeaderValue, Held> {
        let answer = client.send(&self.server, self.request()).await;
        let answer = answer.map_err(|fault| {
            self.unavailable(&format!("cannot be reached: {}: {}", fault.kind.name(), fault.detail))
        })?;
        let token = self.token(&answer, clock.now().as_second())?;
        let field = token.field.clone();
        *self.tokens.lock() = Some(token);
        Ok(field)
    }

    fn request(&self) -> Outbound {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        for (name, value) in &self.parameters {
            form.append_pair(name, value);
        }
        let mut request = Outbound::new(Method::POST, self.server.path());
        match self.auth {
            ClientAuth::Basic => {
                request.headers.extend(self.basic().map(|value| (AUTHORIZATION, value)));
            }
            ClientAuth::Body => {
                form.append_pair("client_id", &self.id);
                form.append_pair("client_secret", self.secret.expose_secret());
            }
        }
        let media = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers.insert(CONTENT_TYPE, media);
        request.headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        request.body = Bytes::from(form.finish()).into();
        request.body_limit = BODY_LIMIT;
        request
    }

    /// Both are form-encoded before they are joined (RFC 6749, section 2.3.1).
    fn basic(&self) -> Option<HeaderValue> {
        use base64::Engine;
        let encoded = |text: &str| -> String {
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
        };
        let pair = format!("{}:{}", encoded(&self.id), encoded(self.secret.expose_secret()));
        let pair = base64::engine::general_purpose::STANDARD.encode(pair);
        secret_value(&format!("Basic {pair}"))
    }

    fn token(&self, answer: &Received, now: i64) -> Result<Token, Held> {
        let document = Document::parse(&answer.body);
        let root = document.as_ref().ok().map(Document::root);
        let text = |name: &str| root.and_then(|root| root.get(name)).and_then(Node::as_str);
        if answer.status != StatusCode::OK {
            // The codes of RFC 6749, section 5.2; what else it says may hold secrets.
            let code = text("error").unwrap_or("no code").chars().take(64).collect::<String>();
            let words = format!("answered {} ({code})", answer.status.as_u16());
            let ours = [StatusCode::BAD_REQUEST, StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
            let refused = ours.contains(&answer.status);
            return Err(if refused { self.refused(&words) } else { self.unavailable(&words) });
        }
        let Some(field) = text("access_token").and_then(|t| secret_value(&format!("Bearer {t}")))
        else {
            return Err(self.unavailable("answered without an `access_token`"));
        };
        let lifetime = root.and_then(|root| root.get("expires_in")).and_then(seconds);
        let lifetime = lifetime.unwrap_or(LIFETIME);
        let margin = (lifetime / 10).min(MOST_MARGIN);
        Ok(Token { field, until: now.saturating_add(lifetime - margin) })
    }

    fn refused(&self, words: &str) -> Held {
        Held::new(HeldKind::CredentialsRefused, self.says(words))
    }

    fn unavailable(&self, words: &str) -> Held {
        Held::new(HeldKind::CredentialsUnavailable, self.says(words))
    }

    fn says(&self, words: &str) -> String {
        format!("the authorization server {} {words}", self.server.origin())
    }
}

/// A number of seconds, which some servers write as text.
fn seconds(node: Node<'_, '_>) -> Option<i64> {
    node.scalar_text()?.parse().ok().filter(|seconds| *seconds > 0)
}

/// A field's value that is shown in no log.
fn secret_value(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

impl Tokens {
    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Token>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("until", &self.until).finish_non_exhaustive()
    }
}
