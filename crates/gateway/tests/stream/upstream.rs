//! An upstream that sends bodies, takes them, and sends back what it is sent.

use crate::stream::identity::Identity;
use crate::stream::pieces::{self, Pieces};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

type Answer = Response<Either<Pieces, Either<Incoming, Full<Bytes>>>>;

/// Serves on the runtime of whoever calls: over TLS and HTTP/2 where there is an identity, plain and
/// over HTTP/1.1 where there is none.
pub(crate) async fn start(identity: Option<&Identity>) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = identity.map(|identity| TlsAcceptor::from(identity.server()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            match acceptor.clone() {
                None => drop(tokio::spawn(serve_http1(stream))),
                Some(acceptor) => drop(tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serve_http2(stream).await;
                    }
                })),
            }
        }
    });
    address
}

async fn serve_http1(stream: impl AsyncRead + AsyncWrite + Unpin) {
    // A caller may leave at any time.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await);
}

async fn serve_http2(stream: impl AsyncRead + AsyncWrite + Unpin + 'static) {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(1 << 20).initial_connection_window_size(4 << 20);
    drop(builder.serve_connection(TokioIo::new(stream), service_fn(answer)).await);
}

/// By the last two steps of the path: `bytes/PIECES` sends these, `echo/` sends back what it is sent
/// once it has it all, `mirror/` as it comes, and `sink/` says what it got.
async fn answer(request: Request<Incoming>) -> Result<Answer, hyper::Error> {
    let path = request.uri().path().to_owned();
    let (rest, last) = path.rsplit_once('/').unwrap();
    let what = rest.rsplit_once('/').unwrap().1;
    let body = match what {
        "bytes" => Either::Left(last.parse().unwrap()),
        "mirror" => Either::Right(Either::Left(request.into_body())),
        "echo" => Either::Right(Either::Right(gathered(request.into_body()).await?.into())),
        _ => {
            let whole = pieces::read(request.into_body()).await?;
            let text = format!(r#"{{"length":{},"hash":"{}"}}"#, whole.length, whole.hash);
            Either::Right(Either::Right(text.into()))
        }
    };
    let mut answer = Response::new(body);
    let media = if what == "sink" { "application/json" } else { "application/octet-stream" };
    answer.headers_mut().insert("content-type", media.parse().unwrap());
    Ok(answer)
}

async fn gathered(mut body: Incoming) -> Result<Bytes, hyper::Error> {
    use http_body_util::BodyExt;
    let mut all = Vec::new();
    while let Some(frame) = body.frame().await.transpose()? {
        all.extend_from_slice(&frame.into_data().unwrap_or_default());
    }
    Ok(all.into())
}
