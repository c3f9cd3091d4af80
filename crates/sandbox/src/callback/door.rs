//! The handler's TLS port: who connects there meets what the conditions have at that moment.

use super::conditions::{Conditions, TlsProfile};
use super::serve::Handler;
use super::tls::Tls;
use crate::serve::{Front, exchange};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long a handshake may take, and how long a mute one is held.
const HANDSHAKE_TIME: Duration = Duration::from_mins(1);
/// How many connections are open at once; others wait.
const CONNECTIONS: usize = 1024;
const PAUSE: Duration = Duration::from_millis(100);

/// Listens at `address`; the port is the same each time it is opened.
pub(super) async fn open(
    address: SocketAddr,
    handler: Arc<Handler>,
    tls: Arc<Tls>,
) -> io::Result<(SocketAddr, impl Future<Output = ()>)> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    Ok((address, keep(listener, address, handler, tls)))
}

/// Opens and closes the port as the conditions change. A new profile is a service that was started
/// anew: its old connections are gone.
async fn keep(first: TcpListener, address: SocketAddr, handler: Arc<Handler>, tls: Arc<Tls>) {
    let mut conditions = handler.gate.conditions.watch();
    let mut listener = Some(first);
    loop {
        let profile = conditions.borrow_and_update().tls;
        if profile == TlsProfile::Closed {
            listener = None;
            handler.gate.stands(profile);
            changed(&mut conditions, profile).await;
            continue;
        }
        match again(listener.take(), address).await {
            None => tokio::time::sleep(PAUSE).await,
            Some(open) => {
                handler.gate.stands(profile);
                accept(&open, profile, &mut conditions, &handler, &tls).await;
                listener = Some(open);
            }
        }
    }
}

async fn again(listener: Option<TcpListener>, address: SocketAddr) -> Option<TcpListener> {
    if listener.is_some() {
        return listener;
    }
    let opened = TcpListener::bind(address).await;
    opened.inspect_err(|error| tracing::warn!(%error, "the port cannot be opened again")).ok()
}

/// Takes connections until the profile changes; they end with it.
async fn accept(
    listener: &TcpListener,
    profile: TlsProfile,
    conditions: &mut watch::Receiver<Conditions>,
    handler: &Arc<Handler>,
    tls: &Arc<Tls>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    let (handler, tls) = (Arc::clone(handler), Arc::clone(tls));
                    connections.spawn(connection(stream, profile, handler, tls));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            () = changed(conditions, profile) => return connections.shutdown().await,
            Some(_ended) = connections.join_next() => {}
        }
    }
}

/// Waits until the profile is another one.
async fn changed(conditions: &mut watch::Receiver<Conditions>, profile: TlsProfile) {
    let other = conditions.wait_for(|now| now.tls != profile).await.is_ok();
    if !other {
        // The handler is gone, and this door with it.
        std::future::pending::<()>().await;
    }
}

async fn connection(
    mut stream: TcpStream,
    profile: TlsProfile,
    handler: Arc<Handler>,
    tls: Arc<Tls>,
) {
    if profile == TlsProfile::Plaintext {
        let greeting = b"220 northwind.example ESMTP ready\r\n";
        return drop(stream.write_all(greeting).await);
    }
    if profile == TlsProfile::Mute {
        return tokio::time::sleep(HANDSHAKE_TIME).await;
    }
    let shaken = tokio::time::timeout(HANDSHAKE_TIME, tls.accept(stream, profile)).await;
    match shaken {
        Ok(Some(Ok(stream))) => exchange(stream, &Front::One(handler)).await,
        Ok(Some(Err(error))) => tracing::debug!(%error, "a handshake failed"),
        Ok(None) | Err(_) => {}
    }
}
