//! Plays the turns of one connection over HTTP/1.1, or over anything that is bytes.

use crate::line::{Line, Socket};
use crate::progress::{Progress, request_line};
use crate::script::{End, Step, Turn, Until};
use crate::seen::Log;
use crate::{progress, server::Cursor};
use std::io;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

/// Whether what is read counts as requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    Requests,
    Noise,
}

/// Serves one connection to its end, which is bounded by the caller.
pub(crate) async fn serve<S: Socket>(
    socket: S,
    connection: usize,
    counts: Counts,
    script: Cursor<Turn>,
    log: Log,
) {
    let line = Line::new(socket);
    let mut peer = Peer { reader: BufReader::new(line.clone()), connection, counts, log };
    let mut next = script.next();
    while let Some(turn) = next {
        match peer.play(&turn).await {
            Ok(End::Keep) if peer.has_more().await => next = script.next(),
            Ok(end) => return leave(line, end).await,
            // The peer has gone: nothing more can be done to it.
            Err(_) => return,
        }
    }
}

async fn leave<S: Socket>(line: Line<S>, end: End) {
    match end {
        End::Close | End::Keep => line.close().await,
        End::Cut => line.cut().await,
        End::Reset => line.reset(),
        End::Mute => std::future::pending().await,
    }
}

/// The client at the other end.
struct Peer<S> {
    reader: BufReader<Line<S>>,
    connection: usize,
    counts: Counts,
    log: Log,
}

/// The request that is being received.
#[derive(Default)]
struct Current {
    number: Option<usize>,
    progress: Progress,
}

impl<S: Socket> Peer<S> {
    async fn play(&mut self, turn: &Turn) -> io::Result<End> {
        let mut current = Current::default();
        for step in &turn.steps {
            match step {
                Step::Read(until) => self.read(*until, &mut current).await?,
                Step::Say(bytes) => self.say(bytes).await?,
                Step::Drip(bytes, pause) => {
                    for byte in bytes.chunks(1) {
                        self.say(byte).await?;
                        tokio::time::sleep(*pause).await;
                    }
                }
                Step::Wait(pause) => tokio::time::sleep(*pause).await,
            }
        }
        let whole = current.progress.is_complete();
        Ok(if turn.end == End::Keep && !whole { End::Close } else { turn.end })
    }

    async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        let line = self.reader.get_mut();
        line.write_all(bytes).await?;
        line.flush().await
    }

    /// Whether another request begins, which may take for ever.
    async fn has_more(&mut self) -> bool {
        self.reader.fill_buf().await.is_ok_and(|bytes| !bytes.is_empty())
    }

    async fn read(&mut self, until: Until, current: &mut Current) -> io::Result<()> {
        let mut left = if let Until::Bytes(count) = until { count } else { usize::MAX };
        while left > 0 && !(until == Until::Head && current.progress.has_head()) {
            let taken = self.take(left, current).await?;
            if taken == 0 {
                return Ok(());
            }
            left -= taken;
        }
        Ok(())
    }

    /// Takes what is there, at most `most` bytes; 0 at the end of the request.
    async fn take(&mut self, most: usize, current: &mut Current) -> io::Result<usize> {
        if current.progress.is_complete() {
            return Ok(0);
        }
        let bytes = self.reader.fill_buf().await?;
        let wanted = match self.counts {
            Counts::Requests => current.progress.wants(bytes.len().min(most)),
            Counts::Noise => bytes.len().min(most),
        };
        let bytes = bytes.get(..wanted).unwrap_or_default();
        if bytes.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match self.counts {
            Counts::Requests => current.take(self.connection, bytes, &self.log),
            Counts::Noise => self.log.noise(wanted),
        }
        self.reader.consume(wanted);
        Ok(wanted)
    }
}

impl Current {
    fn take(&mut self, connection: usize, bytes: &[u8], log: &Log) {
        let had_head = self.progress.has_head();
        self.progress.take(bytes);
        self.number = self.number.or_else(|| log.began(connection, None));
        let Some(number) = self.number else { return };
        log.request(number, |request| {
            request.length += bytes.len() as u64;
            request.bytes.extend_from_slice(bytes);
            if !had_head && self.progress.has_head() {
                (request.method, request.target) = request_line(&self.progress.head);
                request.headers = progress::fields(&self.progress.head);
            }
            request.complete = self.progress.is_complete();
        });
    }
}
