//! The upstream: answers each scenario at its path, on one thread.
//!
//! Raw hyper, so that it costs little of the core that it shares with the load generator.

use anyhow::{Context, Result};
use bytes::{Bytes, BytesMut};
use candor_bench::scenario::{Body, SCENARIOS};
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::io::Write;
use std::net::Ipv4Addr;
use std::rc::Rc;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

/// What is answered at a path.
struct Page {
    path: &'static str,
    status: StatusCode,
    body: Body,
}

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    LocalSet::new().block_on(&runtime, serve())
}

async fn serve() -> Result<()> {
    let pages = Rc::new(pages()?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("cannot listen")?;
    writeln!(std::io::stdout(), "listens on {}", listener.local_addr()?)?;
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::task::spawn_local(connection(stream, Rc::clone(&pages)));
    }
}

fn pages() -> Result<Vec<Page>> {
    let page = |scenario: &candor_bench::scenario::Scenario| {
        let status = StatusCode::from_u16(scenario.answer.status)?;
        Ok(Page { path: scenario.path, status, body: scenario.answer.body() })
    };
    SCENARIOS.iter().map(page).collect()
}

async fn connection(stream: TcpStream, pages: Rc<Vec<Page>>) {
    let service = service_fn(|request| answer(request, &pages));
    let serving = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // Whoever was called ends its connections as it likes; a call that fails is seen by its caller.
    drop(serving.await);
}

async fn answer(
    request: Request<Incoming>,
    pages: &[Page],
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let path = request.uri().path();
    let page = pages.iter().find(|page| page.path == path);
    let body = read(request.into_body()).await?;
    let answer = page.and_then(|page| Some((page.status, page.body.write(&body)?)));
    let (status, body) = answer.unwrap_or((StatusCode::BAD_REQUEST, Bytes::new()));
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(response)
}

/// The whole body. A small one arrives in one piece, which is not copied.
async fn read(mut body: Incoming) -> Result<Bytes, hyper::Error> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if first.is_empty() {
            first = data;
            continue;
        }
        if all.is_empty() {
            all.extend_from_slice(&first);
        }
        all.extend_from_slice(&data);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}
