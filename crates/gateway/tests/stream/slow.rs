//! Callers who take their time, on purpose, and come back when they are sent away.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

/// What a slow caller is slow at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Saying what it asks for.
    Head,
    /// Sending its body.
    Body,
    /// Reading its answer.
    Reading,
    /// Each of them, by turns.
    Mix,
}

pub(crate) const MODES: [Mode; 4] = [Mode::Head, Mode::Body, Mode::Reading, Mode::Mix];

/// Slow callers, until they are dropped.
pub(crate) struct Slow {
    _callers: JoinSet<()>,
    begun: Arc<AtomicUsize>,
}

impl Slow {
    /// So many callers, each of which does a little after each pause.
    pub(crate) fn start(address: SocketAddr, mode: Mode, count: usize, pause: Duration) -> Self {
        let (mut callers, begun) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)));
        for number in 0..count {
            let mode = if mode == Mode::Mix { MODES[number % 3] } else { mode };
            let begun = Arc::clone(&begun);
            callers.spawn(async move {
                loop {
                    // Refused or reset: once more, after a while.
                    drop(one(address, mode, pause, &begun).await);
                    tokio::time::sleep(pause).await;
                }
            });
        }
        Self { _callers: callers, begun }
    }

    /// How often one of them has begun until now.
    pub(crate) fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }
}

async fn one(
    address: SocketAddr,
    mode: Mode,
    pause: Duration,
    begun: &AtomicUsize,
) -> std::io::Result<()> {
    let mut stream = connect(address).await?;
    let (start, little): (&[u8], &[u8]) = match mode {
        Mode::Head => (b"GET /shop/bytes/0-1-1-true HTTP/1.1\r\nHost: g\r\nX: ", b"x"),
        Mode::Body => {
            (b"PUT /shop/sink/x HTTP/1.1\r\nHost: g\r\nContent-Length: 9999999\r\n\r\n", b"x")
        }
        Mode::Reading | Mode::Mix => {
            (b"GET /shop/bytes/0-16000000-65536-true HTTP/1.1\r\nHost: g\r\n\r\n", b"")
        }
    };
    stream.write_all(start).await?;
    begun.fetch_add(1, Ordering::SeqCst);
    loop {
        tokio::time::sleep(pause).await;
        stream.write_all(little).await?;
        if mode == Mode::Reading && stream.read(&mut [0]).await? == 0 {
            return Ok(());
        }
        if mode != Mode::Reading && ended(&stream) {
            return Ok(());
        }
    }
}

/// With a buffer as small as can be, so that what is not read stays where it is.
async fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(4096)?;
    socket.connect(address).await
}

/// Whether the other side has said its last.
fn ended(stream: &TcpStream) -> bool {
    let mut part = [0; 1024];
    stream.try_read(&mut part).is_ok()
}
