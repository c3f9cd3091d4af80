//! Between the socket and hyper: lets well-formed requests pass in place, puts another in the place
//! of what is not, and holds callers to their times.
//!
//! A head that comes in one piece is looked at where it lies, in hyper's buffer. One that comes in
//! several is kept here until it is complete, so that hyper never has a part of one that is refused.
//! A refused head is withheld, with everything after it. In its place hyper is given a plain request
//! that asks for the connection's end; by its number the service knows that it stands for a refusal
//! and answers with that, in its turn after the answers before it.

use super::Refusal;
use super::bounds::DoorLimits;
use super::chunks::{Chunks, Found};
use super::head::{Framing, Head, Scan};
use super::link::Link;
use super::quiet::Quiet;
use bytes::{Buf, BytesMut};
use candor_facts::HeldKind;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

/// What hyper is given in the place of a refused request.
const STAND_IN: &[u8] = b"GET / HTTP/1.1\r\nhost: refused\r\nconnection: close\r\n\r\n";
/// How long, and for how many bytes, what comes after a refusal is still read and thrown away: who is
/// cut off while it sends does not get to see its answer (RFC 9112, section 9.6).
const LINGER_TIME: Duration = Duration::from_secs(2);
const LINGER_BYTES: usize = 64 * 1024 * 1024;
/// The slowest pace at which an answer may be taken, in bytes a second.
const SLOWEST: u64 = 1024;

const SLOW_HEAD: Refusal =
    Refusal::new(HeldKind::HeadTimedOut, "the head of the request was not complete in time");

/// A stream that is guarded.
#[derive(Debug)]
pub(crate) struct Guard<S> {
    stream: S,
    link: Rc<Link>,
    times: Times,
    at: At,
    /// The heads that hyper was given.
    heads: u64,
    /// The head that has come in part, and how far it was looked at.
    partial: BytesMut,
    scan: Head,
    /// What hyper is given next.
    ready: BytesMut,
    /// No head comes, or what comes after a refusal does not end.
    reading: Quiet,
    /// No request comes.
    idle: Quiet,
    /// No answer is taken.
    writing: Quiet,
    /// What was taken since an answer began to stall.
    taken: u64,
    discarded: usize,
    is_shut: bool,
}

#[derive(Debug)]
struct Times {
    head: Duration,
    idle: Duration,
    write: Duration,
}

/// What the next byte of the caller belongs to.
#[derive(Debug)]
enum At {
    Head,
    Body(u64),
    Chunks(Chunks),
    /// A frame of HTTP/2, which is not looked at.
    Frames,
    /// A head that is refused; hyper is still to be given the stand-in.
    Refusing(Refusal),
    /// Nothing: hyper was given the stand-in, and what comes is thrown away.
    Refused,
    /// Nothing: the body is misframed.
    Broken,
    /// Nothing: the caller was silent for too long.
    Closed,
}

impl<S> Guard<S> {
    /// Guards a stream that speaks HTTP/1.
    pub(crate) fn http1(stream: S, link: Rc<Link>, limits: &DoorLimits) -> Self {
        Self::new(stream, link, limits, At::Head)
    }

    /// Guards a stream that speaks HTTP/2: only against an answer that nobody reads.
    pub(crate) fn http2(stream: S, link: Rc<Link>, limits: &DoorLimits) -> Self {
        Self::new(stream, link, limits, At::Frames)
    }

    fn new(stream: S, link: Rc<Link>, limits: &DoorLimits, at: At) -> Self {
        let DoorLimits { head_time, idle_time, write_time, .. } = *limits;
        Self {
            stream,
            link,
            times: Times { head: head_time, idle: idle_time, write: write_time },
            at,
            heads: 0,
            partial: BytesMut::new(),
            scan: Head::default(),
            ready: BytesMut::new(),
            reading: Quiet::default(),
            idle: Quiet::default(),
            writing: Quiet::default(),
            taken: 0,
            discarded: 0,
            is_shut: false,
        }
    }

    /// How many of these bytes hyper may be given. The others are kept or withheld.
    fn judge(&mut self, bytes: &[u8]) -> usize {
        let mut position = 0;
        while let Some(rest) = bytes.get(position..).filter(|rest| !rest.is_empty()) {
            match &mut self.at {
                At::Head => match self.head(rest) {
                    0 => return position,
                    count => position += count,
                },
                At::Body(left) => {
                    let count = usize::try_from(*left).map_or(rest.len(), |l| l.min(rest.len()));
                    *left -= count as u64;
                    position += count;
                    if *left == 0 {
                        self.at = At::Head;
                    }
                }
                At::Chunks(chunks) => match chunks.feed(rest) {
                    Found::More => return bytes.len(),
                    Found::End(count) => {
                        position += count;
                        self.at = At::Head;
                    }
                    Found::Bad(count) => {
                        self.at = At::Broken;
                        return position + count;
                    }
                },
                At::Frames => return bytes.len(),
                At::Refusing(_) | At::Refused | At::Broken | At::Closed => return position,
            }
        }
        position
    }

    /// Looks at bytes that begin with a head. Gives how many of them hyper may be given at once, where
    /// they lie: none, or the head.
    fn head(&mut self, bytes: &[u8]) -> usize {
        if !self.partial.is_empty() {
            self.partial.extend_from_slice(bytes);
            self.go_on();
            return 0;
        }
        match self.scan.scan(bytes) {
            Scan::Complete(count, framing) => {
                self.complete(framing);
                return count;
            }
            Scan::Partial => self.partial.extend_from_slice(bytes),
            Scan::Refused(refusal) => self.at = At::Refusing(refusal),
        }
        0
    }

    /// Goes on with a head that came in pieces. What follows it in the same piece is judged as well.
    fn go_on(&mut self) {
        match self.scan.scan(&self.partial) {
            Scan::Complete(count, framing) => {
                let mut whole = std::mem::take(&mut self.partial);
                let rest = whole.split_off(count);
                self.complete(framing);
                let count = self.judge(&rest);
                whole.extend_from_slice(rest.get(..count).unwrap_or_default());
                self.ready = whole;
            }
            Scan::Partial => {}
            Scan::Refused(refusal) => self.at = At::Refusing(refusal),
        }
    }

    fn complete(&mut self, framing: Framing) {
        self.scan = Head::default();
        self.heads += 1;
        self.reading.over();
        self.at = match framing {
            Framing::Length(0) => At::Head,
            Framing::Length(length) => At::Body(length),
            Framing::Chunked => At::Chunks(Chunks::default()),
        };
    }

    /// Nothing comes. Ready where that has lasted for too long, and something was done about it.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !matches!(self.at, At::Head) {
            return Poll::Pending;
        }
        if self.partial.is_empty() && self.heads > 0 {
            ready!(self.poll_idle(cx));
            self.at = At::Closed;
            return Poll::Ready(());
        }
        ready!(self.reading.poll(cx, self.times.head));
        self.at = if self.partial.is_empty() { At::Closed } else { At::Refusing(SLOW_HEAD) };
        Poll::Ready(())
    }

    /// Between two requests. hyper does not look for the next one again when an answer is complete, so
    /// that the timer is set before, and what it rings for is found out when it rings.
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.idle.poll(cx, self.times.idle));
            let since = self.link.idle_since().unwrap_or_else(Instant::now);
            if since.elapsed() >= self.times.idle {
                return Poll::Ready(());
            }
            self.idle.began(since);
        }
    }

    /// Gives hyper what is kept for it.
    fn hand_over(&mut self, buf: &mut ReadBuf<'_>) {
        let count = self.ready.len().min(buf.remaining());
        buf.put_slice(self.ready.get(..count).unwrap_or_default());
        self.ready.advance(count);
        if self.ready.is_empty() {
            self.ready = BytesMut::new();
        }
    }

    fn stand_in(&mut self, refusal: Refusal) {
        self.link.refuse(self.heads + 1, refusal);
        self.partial = BytesMut::new();
        self.ready.extend_from_slice(STAND_IN);
        self.at = At::Refused;
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Guard<S> {
    /// Reads what hyper is to be given, where it is to lie.
    fn poll_fresh(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<Read>> {
        let before = buf.filled().len();
        let waited = self.partial.is_empty();
        if Pin::new(&mut self.stream).poll_read(cx, buf)?.is_pending() {
            return self.poll_silence(cx).map(|()| Ok(Read::Again));
        }
        let fresh = buf.filled().get(before..).unwrap_or_default();
        if fresh.is_empty() {
            return Poll::Ready(Ok(Read::Done));
        }
        let count = self.judge(fresh);
        if waited && !self.partial.is_empty() {
            // From here on the time of a head counts.
            self.reading.over();
        }
        if matches!(self.at, At::Refused) {
            self.discarded += fresh.len();
        }
        buf.set_filled(before + count);
        Poll::Ready(Ok(if count > 0 { Read::Done } else { Read::Again }))
    }

    /// After a refusal: reads until the caller has heard and closes, within bounds.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.discarded < LINGER_BYTES {
            let mut space = [MaybeUninit::uninit(); 4096];
            let mut buf = ReadBuf::uninit(&mut space);
            match Pin::new(&mut self.stream).poll_read(cx, &mut buf) {
                Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                    self.discarded += buf.filled().len();
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.reading.poll(cx, LINGER_TIME),
            }
        }
        Poll::Ready(())
    }

    /// Looks at what came of a write: an answer must be taken, in some time.
    fn written(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => {
                let earned = Duration::from_secs(self.taken / SLOWEST);
                ready!(self.writing.poll(cx, self.times.write + earned));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            Poll::Ready(Ok(count)) if self.writing.is_on() => {
                self.taken += count as u64;
                Poll::Ready(Ok(count))
            }
            written @ Poll::Ready(_) => written,
        }
    }
}

/// What came of looking for something to read.
enum Read {
    /// It is there, or the end is.
    Done,
    /// Nothing that hyper may have, so far.
    Again,
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Guard<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            if !self.ready.is_empty() {
                self.hand_over(buf);
                return Poll::Ready(Ok(()));
            }
            match self.at {
                At::Refusing(refusal) => {
                    self.stand_in(refusal);
                    continue;
                }
                At::Broken => return Poll::Ready(Err(misframed())),
                At::Closed => return Poll::Ready(Ok(())),
                At::Refused if self.discarded > LINGER_BYTES => return Poll::Ready(Ok(())),
                At::Refused | At::Head | At::Body(_) | At::Chunks(_) | At::Frames => {}
            }
            if let Read::Done = ready!(self.poll_fresh(cx, buf))? {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

fn misframed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the chunks of the body are misframed")
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Guard<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        // A flush that waits is a write that waits.
        match self.written(cx, flushed.map_ok(|()| 0)) {
            Poll::Ready(Ok(_)) => {
                self.writing.over();
                self.taken = 0;
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_shut {
            let shut = Pin::new(&mut self.stream).poll_shutdown(cx).map_ok(|()| 0);
            ready!(self.written(cx, shut))?;
            self.is_shut = true;
            self.reading.over();
        }
        if matches!(self.at, At::Refused | At::Broken) {
            ready!(self.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}
