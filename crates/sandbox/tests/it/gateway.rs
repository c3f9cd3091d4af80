//! A gateway of a few lines: one key, a server for its key set, and a way to send a callback.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use candor_sandbox::callback::{CallbackHandler, Running, Settings};
use candor_sandbox::stage::Time;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use tokio::net::{TcpListener, TcpStream};

pub(crate) const ENDPOINT: &str = "cti.a.p.acgw.endpoint.v1.0~northwind.backup.endpoint.v1.0";
pub(crate) const TENANT: &str = "9ae2aada-2342-4fc0-8d92-007b597a7d9c";
const T: i64 = 1_795_000_000;

/// A gateway with the handler that it calls.
pub(crate) struct Gateway {
    pub(crate) handler: Running,
    pub(crate) time: AtomicI64,
    /// How often the key set was asked for.
    pub(crate) asked: Arc<AtomicUsize>,
    key: KeyPair,
}

/// A request, to be changed before it is sent.
pub(crate) struct Callback {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: Bytes,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.text).unwrap_or(Value::Null)
    }
}

impl Gateway {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// With a handler of other settings.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let (time, asked) = (AtomicI64::new(T), Arc::default());
        let keys = publish(&key, Arc::clone(&asked)).await;
        let mut settings = Settings::example(format!("http://{keys}/keys"), ENDPOINT);
        settings.time = standing(T);
        change(&mut settings);
        Self { handler: CallbackHandler::start(settings).await.unwrap(), time, asked, key }
    }

    pub(crate) fn claims(&self) -> Value {
        let now = self.time.load(Ordering::SeqCst);
        json!({
            "iss": "https://acronis.cloud", "aud": "acronis.cloud", "sub": "gateway",
            "iat": now, "exp": now + 3600, "jti": "1", "ver": 2, "sub_type": "platform-acgw",
            "scope": [{ "role": "another" }, { "role": ENDPOINT }],
        })
    }

    pub(crate) fn token(&self, claims: &Value) -> String {
        self.token_by(&kid(&self.key), claims)
    }

    /// A token signed by our key that names another.
    pub(crate) fn token_by(&self, kid: &str, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({ "alg": "RS256", "kid": kid, "iri": claims["jti"] });
        let signed = format!("{}.{}", part(&header), part(claims));
        let mut signature = vec![0; self.key.public_modulus_len()];
        let random = SystemRandom::new();
        self.key.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// A good request: `callback` and `request` without their common beginnings.
    pub(crate) fn callback(&self, callback: &str, request: &str, payload: Value) -> Callback {
        let mut body = json!({
            "type": format!("cti.a.p.acgw.request.{request}"),
            "request_id": uuid::Uuid::new_v4(),
            "created_at": "2026-11-21T10:00:00+00:00",
            "context": {
                "callback_id": format!("cti.a.p.acgw.callback.{callback}"),
                "endpoint_id": ENDPOINT, "tenant_id": TENANT,
                "datacenter_url": "https://eu8.acronis.cloud",
            },
        });
        if !payload.is_null() {
            body["payload"] = payload;
        }
        let call = Callback {
            method: Method::POST,
            path: "/callback".into(),
            headers: HeaderMap::new(),
            body,
        };
        call.header("content-type", "application/json")
            .header("x-cyberapp-extra", "e30=")
            .token(&self.token(&self.claims()))
            .login("demo@northwind.example", "open sesame")
    }

    /// The shortest good request.
    pub(crate) fn any(&self) -> Callback {
        self.callback("v1.0~a.p.enablement.read.v1.0", "v1.0~a.p.empty.v1.0", Value::Null)
    }

    pub(crate) async fn send(&self, call: &Callback) -> Reply {
        let Callback { method, path, headers, body } = call;
        let mut request = Request::new(Full::new(Bytes::from(body.to_string())));
        *request.method_mut() = method.clone();
        *request.uri_mut() = path.parse().unwrap();
        *request.headers_mut() = headers.clone();
        request.headers_mut().insert("host", "localhost".parse().unwrap());
        let stream = connect(self.handler.address()).await.unwrap();
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = handshake.unwrap();
        tokio::spawn(connection);
        let (parts, body) = sender.send_request(request).await.unwrap().into_parts();
        #[expect(clippy::disallowed_methods, reason = "the handler's answers are short")]
        let text = body.collect().await.unwrap().to_bytes();
        Reply { status: parts.status, headers: parts.headers, text }
    }

    pub(crate) fn pass(&self, seconds: i64) {
        let now = self.time.fetch_add(seconds, Ordering::SeqCst) + seconds;
        self.handler.set_time(standing(now));
    }
}

impl Callback {
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn login(self, identity: &str, password: &str) -> Self {
        let secrets = json!({ "password": password });
        self.header("x-cyberapp-auth", &STANDARD.encode(format!("{identity}:{secrets}")))
    }

    /// The same with another value at this place of the body.
    pub(crate) fn body(mut self, pointer: &str, value: Value) -> Self {
        *self.body.pointer_mut(pointer).unwrap() = value;
        self
    }
}

#[expect(clippy::disallowed_methods, reason = "a test opens its own connections")]
pub(crate) async fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    TcpStream::connect(address).await
}

fn jwk(key: &KeyPair) -> Jwk {
    let public = DecodingKey::from_rsa_der(key.public_key().as_ref());
    let mut jwk = Jwk::from_decoding_key(&public, Some(Algorithm::RS256)).unwrap();
    jwk.common.key_id = Some(kid(key));
    jwk
}

/// Any name will do that is the key's own.
fn kid(key: &KeyPair) -> String {
    URL_SAFE_NO_PAD.encode(&key.public_key().as_ref()[20..40])
}

fn standing(second: i64) -> Time {
    Time::Standing { at: jiff::Timestamp::from_second(second).unwrap() }
}

/// Serves the key set, and counts how often.
async fn publish(key: &KeyPair, asked: Arc<AtomicUsize>) -> SocketAddr {
    let set = serde_json::to_vec(&JwkSet { keys: vec![jwk(key)] }).unwrap();
    let set = Bytes::from(set);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (set, asked) = (set.clone(), Arc::clone(&asked));
            let service = service_fn(move |_| {
                asked.fetch_add(1, Ordering::SeqCst);
                let response = Response::new(Full::new(set.clone()));
                async { Ok::<_, Infallible>(response) }
            });
            let server = hyper::server::conn::http1::Builder::new();
            tokio::spawn(server.serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}
