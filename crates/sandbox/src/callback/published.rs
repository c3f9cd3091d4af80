//! The key set that the gateway publishes: fetched, cached, looked up by key id.

use super::StartError;
use crate::serve::read;
use crate::stage::Body;
use bytes::Bytes;
use http::header::HOST;
use http::{Request, StatusCode, Uri, uri::Scheme};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use std::io;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time;

/// The gateway's keys, as far as they are known here.
#[derive(Debug)]
pub(super) struct PublishedKeys {
    url: Uri,
    /// Held while the set is fetched: those who wait for the same key wait for one fetch.
    cache: Mutex<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    keys: JwkSet,
    /// When the set was last fetched, in seconds since the Unix epoch.
    fetched: Option<i64>,
    /// When it was last asked for, with or without success.
    asked: Option<i64>,
}

/// Why a key could not be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeyTrouble {
    /// The published set has no such key.
    #[error("the token is signed with a key that is not published")]
    Unknown,
    /// The key is not one that can verify.
    #[error("the published key cannot be used")]
    Unusable,
    /// The set could not be fetched.
    #[error("the published keys cannot be fetched at present")]
    Unreachable,
}

/// What can go wrong with fetching the set.
#[derive(Debug, thiserror::Error)]
enum FetchError {
    #[error("the connection failed")]
    Connect(#[from] io::Error),
    #[error("the exchange failed")]
    Exchange(#[from] hyper::Error),
    #[error("the request could not be made")]
    Request(#[from] http::Error),
    #[error("the answer's status is {0}")]
    Status(StatusCode),
    #[error("the answer broke off, or is too large")]
    Body,
    #[error("the answer is not a key set")]
    NotAKeySet(#[from] serde_json::Error),
    #[error("no answer came in time")]
    TooLate(#[from] time::error::Elapsed),
}

/// An unknown key id sends us to the gateway, but not more often than this: anyone can make up ids.
const ASK_AGAIN_AFTER: i64 = 5;
/// "Verifying callback requests" in the Acronis callback handler guide: the keys are updated every
/// 24 hours. A set that is older is not trusted any more.
const STALE_AFTER: i64 = 24 * 3600;
const FETCH_TIME: Duration = Duration::from_secs(2);
const LARGEST_SET: usize = 64 * 1024;

impl PublishedKeys {
    /// The keys at this `http` URL. Nothing is fetched yet.
    pub(super) fn new(url: &str) -> Result<Self, StartError> {
        let wrong = || StartError::JwksUrl(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let good = uri.scheme() == Some(&Scheme::HTTP) && uri.host().is_some();
        good.then_some(Self { url: uri, cache: Mutex::default() }).ok_or_else(wrong)
    }

    /// The key with this id.
    pub(super) async fn find(&self, kid: &str, now: i64) -> Result<DecodingKey, KeyTrouble> {
        let mut cache = self.cache.lock().await;
        if cache.should_ask(kid, now) {
            cache.asked = Some(now);
            match self.fetch().await {
                Ok(keys) => *cache = Cache { keys, fetched: Some(now), asked: Some(now) },
                Err(error) => {
                    tracing::warn!(url = %self.url, %error, "the published keys are out of reach");
                }
            }
        }
        let jwk = cache.find(kid, now).ok_or_else(|| cache.trouble())?;
        DecodingKey::from_jwk(jwk).map_err(|_| KeyTrouble::Unusable)
    }

    async fn fetch(&self) -> Result<JwkSet, FetchError> {
        time::timeout(FETCH_TIME, self.fetch_patiently()).await?
    }

    async fn fetch_patiently(&self) -> Result<JwkSet, FetchError> {
        // A literal IPv6 host has brackets in a URL, and none in an address.
        let host = self.url.host().unwrap_or_default().trim_matches(['[', ']']);
        let address = (host, self.url.port_u16().unwrap_or(80));
        #[expect(
            clippy::disallowed_methods,
            reason = "a partner's handler has its own client, and calls the one URL of its settings"
        )]
        let stream = TcpStream::connect(address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let exchange = async {
            let path = self.url.path_and_query().map_or("/", |path| path.as_str());
            let authority = self.url.authority().map_or("", |authority| authority.as_str());
            let request = Request::get(path).header(HOST, authority).body(Empty::<Bytes>::new())?;
            let response = sender.send_request(request).await?;
            match response.status() {
                StatusCode::OK => match read(response.into_body(), LARGEST_SET).await {
                    Body::Whole(text) => Ok(text),
                    Body::TooLarge | Body::Broken => Err(FetchError::Body),
                },
                other => Err(FetchError::Status(other)),
            }
        };
        let text = drive(connection, exchange).await?;
        Ok(serde_json::from_slice(&text)?)
    }
}

impl Cache {
    fn find(&self, kid: &str, now: i64) -> Option<&Jwk> {
        let age = now.saturating_sub(self.fetched?);
        self.keys.find(kid).filter(|_| age < STALE_AFTER)
    }

    fn should_ask(&self, kid: &str, now: i64) -> bool {
        let just = 0..ASK_AGAIN_AFTER;
        let just_asked = self.asked.is_some_and(|at| just.contains(&now.saturating_sub(at)));
        !just_asked && self.find(kid, now).is_none()
    }

    /// Why a key is missing: the set does not have it, or could not be had when last asked for.
    fn trouble(&self) -> KeyTrouble {
        if self.asked == self.fetched { KeyTrouble::Unknown } else { KeyTrouble::Unreachable }
    }
}

/// The result of `exchange`, with its connection driven beside it and dropped with it.
async fn drive<T>(
    connection: impl Future<Output = Result<(), hyper::Error>>,
    exchange: impl Future<Output = Result<T, FetchError>>,
) -> Result<T, FetchError> {
    let mut exchange = std::pin::pin!(exchange);
    tokio::select! {
        done = &mut exchange => done,
        // The connection may end while the answer's last bytes still wait to be read.
        ended = connection => match ended {
            Ok(()) => exchange.await,
            Err(error) => Err(error.into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_http_urls_with_a_host_are_taken() {
        assert!(PublishedKeys::new("http://127.0.0.1:8080/keys").is_ok());
        for url in ["https://127.0.0.1/keys", "/keys", "127.0.0.1", ""] {
            assert!(PublishedKeys::new(url).is_err(), "{url}");
        }
    }

    #[test]
    fn an_unknown_key_is_asked_for_once_in_five_seconds() {
        let mut cache = Cache::default();
        assert!(cache.should_ask("k", 100));
        cache.asked = Some(100);
        assert!(!cache.should_ask("k", 104));
        assert!(cache.should_ask("k", 105));
        assert!(cache.should_ask("k", 90), "the clock was set back");
    }
}
