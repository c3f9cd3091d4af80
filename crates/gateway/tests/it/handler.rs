//! A partner's handler made by hand: it answers what it is told to, and counts who came.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer};

/// The name that the handler's certificate is for.
pub(crate) const NAME: &str = "handler.test";

/// What the handler saw of one request.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

type Answer = Box<dyn Fn(usize, &Seen) -> Option<String> + Send + Sync>;

/// A running handler.
pub(crate) struct Handler {
    pub(crate) address: SocketAddr,
    pub(crate) connections: Arc<AtomicUsize>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Handler {
    /// Answers each request (by its number, from 0) with what `answer` gives; stays mute at `None`.
    pub(crate) async fn plain(
        answer: impl Fn(usize, &Seen) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        Self::start(None, Box::new(answer)).await
    }

    /// The same behind TLS.
    pub(crate) async fn tls(certificate: Certificate) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(certificate.config));
        Self::start(Some(acceptor), Box::new(|_, seen| Some(ok(seen, "{}")))).await
    }

    /// A server that answers anything as plain HTTP servers answer what is no HTTP. Gives its port.
    pub(crate) async fn that_speaks_plain_http_only() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut piece = [0; 4096];
                let _read = stream.read(&mut piece).await.unwrap();
                stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
            }
        });
        port
    }

    async fn start(tls: Option<TlsAcceptor>, answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, seen) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let handler =
            Self { address, connections: Arc::clone(&connections), seen: Arc::clone(&seen) };
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (tls, answer, seen) = (tls.clone(), Arc::clone(&answer), Arc::clone(&seen));
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, &answer, &seen).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, &answer, &seen).await;
                            }
                        }
                    }
                });
            }
        });
        handler
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    answer: &Answer,
    all: &Mutex<Vec<Seen>>,
) {
    while let Some(seen) = read(&mut stream).await {
        let number = {
            let mut all = all.lock().unwrap();
            all.push(seen.clone());
            all.len() - 1
        };
        match answer(number, &seen) {
            Some(text) if text.is_empty() => return,
            Some(text) => stream.write_all(text.as_bytes()).await.unwrap(),
            None => std::future::pending::<()>().await,
        }
    }
}

async fn read<S: AsyncRead + Unpin>(stream: &mut S) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let count = stream.read(&mut piece).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&piece[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let seen = Seen { head: head.to_owned(), body: body.to_owned() };
        let length = seen.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
        if body.len() >= length {
            return Some(seen);
        }
    }
}

/// An answer with a status line and a JSON body.
pub(crate) fn http(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         {headers}\r\n{body}"
    )
}

/// The documented success, with this payload.
pub(crate) fn ok(seen: &Seen, payload: &str) -> String {
    http("200 OK", "", &envelope(seen, "response.ok", payload))
}

pub(crate) fn envelope(seen: &Seen, of: &str, payload: &str) -> String {
    let id = seen.json()["request_id"].as_str().unwrap().to_owned();
    let response = "0b9bbd9f-6ad0-4c5f-a1d4-3a5e7f6c1f11";
    format!(
        r#"{{"type":"{of}","request_id":"{id}","response_id":"{response}","payload":{payload}}}"#
    )
}

// === certificates ===

/// A certificate and the root that signed it.
pub(crate) struct Certificate {
    config: ServerConfig,
    pub(crate) root: Vec<u8>,
}

impl Certificate {
    pub(crate) fn good() -> Self {
        Self::signed(NAME, |_| {})
    }

    pub(crate) fn expired() -> Self {
        Self::signed(NAME, |params| {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        })
    }

    pub(crate) fn for_another_name() -> Self {
        Self::signed("other.test", |_| {})
    }

    pub(crate) fn self_signed() -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self { config: config(vec![der], &key), root: ca().der().to_vec() }
    }

    fn signed(name: &str, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let ca = ca();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let der = params.signed_by(&key, &ca).unwrap().der().to_vec();
        Self { config: config(vec![der], &key), root: ca.der().to_vec() }
    }
}

/// A root of a name of its own.
pub(crate) fn ca() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "A root of these tests");
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn config(chain: Vec<Vec<u8>>, key: &KeyPair) -> ServerConfig {
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let chain = chain.into_iter().map(Into::into).collect();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    builder.with_single_cert(chain, key.into()).unwrap()
}
