//! HTTP/2 written frame by frame (RFC 9113, section 6), for peers that no library would be.

use crate::peer::{Peer, say};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RESET: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const GOAWAY: u8 = 7;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

pub(crate) const NO_ERROR: u32 = 0;
pub(crate) const INTERNAL_ERROR: u32 = 2;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const CANCEL: u32 = 8;

/// `:status: 200` from the static table of RFC 7541.
pub(crate) const OK: &[u8] = &[0x88];

/// Settings that allow `streams` at a time, and `window` bytes on each.
pub(crate) fn settings(streams: u32, window: u32) -> Vec<u8> {
    let pair = |id: u16, value: u32| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat();
    [pair(3, streams), pair(4, window)].concat()
}

/// A header field, neither indexed nor compressed (RFC 7541, section 6.2.2), with a name and a value
/// of less than 127 bytes, or a value of exactly `127 + 128 * n` bytes.
pub(crate) fn field(name: &str, value: &str) -> Vec<u8> {
    let length = |text: &str| match text.len().checked_sub(127) {
        None => vec![u8::try_from(text.len()).unwrap()],
        Some(more) => {
            let (low, high) = (more % 128, more / 128);
            assert!(high < 16384);
            let part = |number: usize| u8::try_from(number % 128).unwrap();
            vec![0x7f, part(low) | 0x80, part(high) | 0x80, part(high / 128)]
        }
    };
    [&[0][..], &length(name), name.as_bytes(), &length(value), value.as_bytes()].concat()
}

/// A frame that came.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

/// The server's end of a connection.
pub(crate) struct Raw(pub(crate) TcpStream);

impl Raw {
    /// Takes the client's preface and sends ours.
    pub(crate) async fn greet(mut stream: TcpStream, settings: &[u8]) -> Self {
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).await.unwrap();
        assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        let mut raw = Self(stream);
        raw.send(SETTINGS, 0, 0, settings).await;
        raw
    }

    pub(crate) async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        say(&mut self.0, &[&head, payload].concat()).await;
    }

    /// The next frame; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await.ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.0.read_exact(&mut payload).await.ok()?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Some(Frame { kind: head[3], flags: head[4], stream, payload })
    }

    /// The next frame of this kind, whatever comes before it.
    pub(crate) async fn until(&mut self, kind: u8) -> Option<Frame> {
        loop {
            match self.next().await {
                Some(frame) if frame.kind == kind => return Some(frame),
                Some(_) => {}
                None => return None,
            }
        }
    }

    /// Reads a whole request; its stream.
    pub(crate) async fn asked(&mut self) -> Option<u32> {
        loop {
            let frame = self.next().await?;
            if [DATA, HEADERS].contains(&frame.kind) && frame.flags & END_STREAM != 0 {
                return Some(frame.stream);
            }
        }
    }

    /// The head of an answer, with these header fields.
    pub(crate) async fn head(&mut self, stream: u32, fields: &[u8]) {
        self.send(HEADERS, END_HEADERS, stream, &[OK, fields].concat()).await;
    }

    /// A whole answer.
    pub(crate) async fn answer(&mut self, stream: u32) {
        self.head(stream, &[]).await;
        self.send(DATA, END_STREAM, stream, b"fine").await;
    }

    /// Answers request after request.
    pub(crate) async fn keep_answering(&mut self) {
        while let Some(stream) = self.asked().await {
            self.answer(stream).await;
        }
    }

    pub(crate) async fn reset(&mut self, stream: u32, code: u32) {
        self.send(RESET, 0, stream, &code.to_be_bytes()).await;
    }

    pub(crate) async fn go_away(&mut self, last: u32, code: u32) {
        self.send(GOAWAY, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat()).await;
    }
}

/// A peer that greets each connection and then does this.
pub(crate) async fn speaker<F, Fut>(act: F) -> Peer
where
    F: Fn(Raw) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    bounded_speaker(settings(100, 65_535), act).await
}

/// The same, with these settings.
pub(crate) async fn bounded_speaker<F, Fut>(settings: Vec<u8>, act: F) -> Peer
where
    F: Fn(Raw) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    Peer::new(move |stream| {
        let (settings, act) = (settings.clone(), act.clone());
        async move { act(Raw::greet(stream, &settings).await).await }
    })
    .await
}
