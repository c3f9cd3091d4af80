//! A connection that two can hold: the one who speaks a protocol on it, and the one who breaks it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// How long a closed connection is read on, so that its end is no reset.
const GOODBYE: Duration = Duration::from_millis(500);

/// Plain or with TLS.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Unpin + Send + 'static {
    /// The connection below.
    fn tcp(&mut self) -> &mut TcpStream;
}

impl Socket for TcpStream {
    fn tcp(&mut self) -> &mut TcpStream {
        self
    }
}

impl Socket for TlsStream<TcpStream> {
    fn tcp(&mut self) -> &mut TcpStream {
        self.get_mut().0
    }
}

/// A socket that is shared within one thread; the lock is never held across a wait.
#[derive(Debug)]
pub(crate) struct Line<S>(Arc<Mutex<S>>);

impl<S> Clone for Line<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S: Socket> Line<S> {
    pub(crate) fn new(socket: S) -> Self {
        Self(Arc::new(Mutex::new(socket)))
    }

    fn lock(&self) -> MutexGuard<'_, S> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the connection's end a reset, as soon as nobody holds it any more.
    pub(crate) fn reset(self) {
        // A connection that has already gone needs no reset.
        drop(self.lock().tcp().set_zero_linger());
    }

    /// Closes in order: says so, and reads what is still on its way, since closing a connection with
    /// unread bytes would reset it.
    pub(crate) async fn close(mut self) {
        // What is closed already is only read on.
        drop(self.shutdown().await);
        self.drain().await;
    }

    /// Closes the connection below TLS, without a goodbye.
    pub(crate) async fn cut(mut self) {
        let shut = |cx: &mut Context<'_>| Pin::new(self.lock().tcp()).poll_shutdown(cx);
        if std::future::poll_fn(shut).await.is_ok() {
            self.drain().await;
        }
    }

    async fn drain(&mut self) {
        let mut piece = vec![0; 64 * 1024];
        let until_end = async { while self.read(&mut piece).await.is_ok_and(|count| count > 0) {} };
        // Whoever does not close in time is reset after all.
        drop(tokio::time::timeout(GOODBYE, until_end).await);
    }
}

impl<S: Socket> AsyncRead for Line<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_read(cx, into)
    }
}

impl<S: Socket> AsyncWrite for Line<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.lock()).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.lock()).poll_shutdown(cx)
    }
}
