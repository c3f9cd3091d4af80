//! A connection's bytes below what is counted and encrypted for the peer: straight to it, or
//! through a tunnel whose first stretch is under TLS of its own.

use crate::tls::Secured;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A way to the peer.
pub(crate) enum Road {
    /// A socket, which may lead to a proxy that has opened a tunnel.
    Plain(TcpStream),
    /// The same, with the stretch to the proxy under TLS. What is handed over there counts as having
    /// left: more may be said to have left than did, never less.
    Secure(Box<Secured<TcpStream>>),
}

/// Calls the same method of whichever way it is.
macro_rules! either {
    ($road:expr, $method:ident ( $($argument:expr),* )) => {
        match $road.get_mut() {
            Road::Plain(stream) => Pin::new(stream).$method($($argument),*),
            Road::Secure(stream) => Pin::new(stream).$method($($argument),*),
        }
    };
}

impl AsyncRead for Road {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(self, poll_read(cx, buf))
    }
}

impl AsyncWrite for Road {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        either!(self, poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Secure(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, poll_shutdown(cx))
    }
}
