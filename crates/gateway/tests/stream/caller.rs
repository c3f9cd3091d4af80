//! A caller that tells what it reads by its hash, over HTTP/1.1 or HTTP/2.

use crate::stream::identity::Identity;
use crate::stream::pieces::{self, Pieces, Whole};
use http::{Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;

/// Somebody who calls one server, over one connection for as long as it lasts.
pub(crate) struct Caller {
    address: SocketAddr,
    tls: Option<Arc<ClientConfig>>,
    open: Option<Open>,
}

enum Open {
    Http1(http1::SendRequest<Pieces>),
    Http2(http2::SendRequest<Pieces>),
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    /// What was read, or what went wrong.
    pub(crate) body: Result<Whole, String>,
}

impl Caller {
    /// Over TLS and HTTP/2 where the server has an identity.
    pub(crate) fn of(address: SocketAddr, identity: Option<&Identity>) -> Self {
        Self { address, tls: identity.map(Identity::client), open: None }
    }

    /// Calls, and reads the whole answer.
    pub(crate) async fn call(&mut self, method: &str, path: &str, body: Pieces) -> Answered {
        let answer = self.begin(method, path, body).await;
        let status = answer.status().as_u16();
        let body = match status {
            200 => pieces::read(answer.into_body()).await.map_err(|error| format!("{error:?}")),
            _ => Err(text(answer.into_body()).await),
        };
        Answered { status, body }
    }

    /// Calls, and gives what the upstream says that it got.
    pub(crate) async fn told(&mut self, method: &str, path: &str, body: Pieces) -> Whole {
        let answer = self.begin(method, path, body).await;
        let said: serde_json::Value =
            serde_json::from_str(&text(answer.into_body()).await).unwrap();
        let hash = said["hash"].as_str().unwrap_or_default().to_owned();
        Whole { length: said["length"].as_u64().unwrap_or_default(), hash }
    }

    async fn begin(&mut self, method: &str, path: &str, body: Pieces) -> Response<Incoming> {
        let origin =
            if self.tls.is_some() { format!("https://{}", self.address) } else { String::new() };
        let request = Request::builder().method(method).uri(format!("{origin}{path}"));
        let request = if self.tls.is_some() { request } else { request.header("host", "gateway") };
        let request = request.body(body).unwrap();
        match self.ready().await {
            Open::Http1(open) => open.send_request(request).await.unwrap(),
            Open::Http2(open) => open.send_request(request).await.unwrap(),
        }
    }

    /// The connection, or another one where it has ended.
    async fn ready(&mut self) -> &mut Open {
        let lives = match &mut self.open {
            None => false,
            Some(Open::Http1(open)) => open.ready().await.is_ok(),
            Some(Open::Http2(open)) => open.ready().await.is_ok(),
        };
        if !lives {
            self.open = Some(self.connect().await);
        }
        self.open.as_mut().unwrap()
    }

    async fn connect(&self) -> Open {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let Some(tls) = &self.tls else {
            let (open, driver) = http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(driver);
            return Open::Http1(open);
        };
        let name = self.address.ip().into();
        let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.initial_stream_window_size(1 << 20).initial_connection_window_size(4 << 20);
        let (open, driver) = builder.handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(driver);
        Open::Http2(open)
    }
}

async fn text(mut body: Incoming) -> String {
    let mut bytes = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        bytes.extend_from_slice(&frame.into_data().unwrap_or_default());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
