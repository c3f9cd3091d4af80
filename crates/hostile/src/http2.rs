//! Plays the turns of one connection over HTTP/2.

use crate::answer::Answer;
use crate::line::{Line, Socket};
use crate::seen::Log;
use crate::server::Cursor;
use crate::streams::{INTERNAL_ERROR, Part, REFUSED_STREAM, StreamEnd, StreamTurn, Takes};
use crate::tap::{Tap, Turns};
use bytes::Bytes;
use h2::server::{Connection, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Time for what was said to leave before what breaks it.
const ARRIVES: Duration = Duration::from_millis(20);

/// What a stream asks of its connection.
enum Order {
    GoAway(u32),
    Close,
    Reset,
}

/// Serves one connection to its end, which is bounded by the caller.
pub(crate) async fn serve<S: Socket>(
    socket: S,
    connection: usize,
    script: Cursor<StreamTurn>,
    log: Log,
) {
    let line = Line::new(socket);
    let (tell, withheld) = mpsc::unbounded_channel();
    let turns = Turns::default();
    let tap = Tap::new(line.clone(), script, turns.clone(), tell);
    let Ok(library) = h2::server::handshake(tap).await else { return line.close().await };
    let serving = Serving { connection, turns, log };
    match drive(library, &serving, withheld).await {
        Order::Reset => line.reset(),
        Order::GoAway(_) | Order::Close => line.close().await,
    }
}

/// What all streams of a connection share.
struct Serving {
    connection: usize,
    turns: Turns,
    log: Log,
}

/// Runs the connection until it ends, or until it is to be ended.
async fn drive<S: Socket>(
    mut library: Connection<Tap<S>, Bytes>,
    serving: &Serving,
    mut withheld: mpsc::UnboundedReceiver<(u32, StreamTurn)>,
) -> Order {
    let (orders, mut ordered) = mpsc::unbounded_channel();
    let mut streams = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            Some(order) = ordered.recv() => match order {
                Order::GoAway(code) => library.abrupt_shutdown(Reason::from(code)),
                end @ (Order::Close | Order::Reset) => return end,
            },
            Some((id, turn)) = withheld.recv() => {
                serving.withhold(id, &turn, &orders);
            }
            accepted = library.accept() => {
                let Some(Ok((request, respond))) = accepted else { return Order::Close };
                if let Some(stream) = serving.stream(request, respond, orders.clone()) {
                    streams.spawn(stream.play());
                }
            }
        }
    }
}

impl Serving {
    /// A stream arrived that is not taken.
    fn withhold(&self, id: u32, turn: &StreamTurn, orders: &mpsc::UnboundedSender<Order>) {
        if let Some(number) = self.log.began(self.connection, Some(id)) {
            let disclaimed = matches!(turn.ends, StreamEnd::GoAway(_));
            self.log.request(number, |request| request.disclaimed = disclaimed);
        }
        // The receiver is alive: it is the caller.
        drop(match turn.ends {
            StreamEnd::GoAway(code) => orders.send(Order::GoAway(code)),
            StreamEnd::ResetConnection => orders.send(Order::Reset),
            StreamEnd::Mute => Ok(()),
            StreamEnd::Finish | StreamEnd::Reset(_) | StreamEnd::Close => orders.send(Order::Close),
        });
    }

    /// A stream that was taken; `None` without a turn for it, which resets it.
    fn stream(
        &self,
        request: Request<RecvStream>,
        mut respond: SendResponse<Bytes>,
        orders: mpsc::UnboundedSender<Order>,
    ) -> Option<Stream> {
        let id = respond.stream_id().as_u32();
        let Some(turn) = self.turns.take(id) else {
            respond.send_reset(Reason::INTERNAL_ERROR);
            return None;
        };
        let number = self.log.began(self.connection, Some(id))?;
        let (head, body) = request.into_parts();
        let ended = body.is_end_stream();
        self.log.request(number, |seen| {
            head.method.as_str().clone_into(&mut seen.method);
            seen.target = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
            let fields = head.headers.iter();
            let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
            seen.headers = fields.map(|(n, v)| (n.as_str().to_owned(), text(v))).collect();
            seen.complete = ended;
        });
        Some(Stream { turn, number, body, respond, orders, log: self.log.clone() })
    }
}

/// One stream and what is to become of it.
struct Stream {
    turn: StreamTurn,
    number: usize,
    body: RecvStream,
    respond: SendResponse<Bytes>,
    orders: mpsc::UnboundedSender<Order>,
    log: Log,
}

impl Stream {
    async fn play(mut self) {
        if self.turn.takes == Takes::All && self.read().await.is_err() {
            return;
        }
        // Errors from here on: the client has gone, and there is nobody to be hostile to.
        let Ok(sending) = self.say() else { return };
        if self.turn.says != Part::Nothing && self.turn.ends != StreamEnd::Finish {
            tokio::time::sleep(ARRIVES).await;
        }
        self.end(sending).await;
    }

    async fn read(&mut self) -> Result<(), h2::Error> {
        while let Some(piece) = self.body.data().await {
            let piece = piece?;
            self.body.flow_control().release_capacity(piece.len())?;
            self.log.request(self.number, |request| {
                request.length += piece.len() as u64;
                request.bytes.extend_from_slice(&piece);
            });
        }
        self.log.request(self.number, |request| request.complete = true);
        Ok(())
    }

    /// Says as much of the answer as the turn has.
    fn say(&mut self) -> Result<Option<SendStream<Bytes>>, h2::Error> {
        for _ in 0..self.turn.hints {
            let mut hint = Response::new(());
            *hint.status_mut() = StatusCode::EARLY_HINTS;
            self.respond.send_informational(hint)?;
        }
        let (answer, says) = (&self.turn.answer, self.turn.says);
        let half = answer.body.len() / 2;
        let body = match says {
            Part::Nothing => return Ok(None),
            Part::Head => &[][..],
            Part::HalfBody => answer.body.get(..half).unwrap_or_default(),
            Part::All => &answer.body,
        };
        let ends = match self.turn.ends {
            StreamEnd::Finish => true,
            StreamEnd::GoAway(_) => says == Part::All,
            StreamEnd::Mute
            | StreamEnd::Reset(_)
            | StreamEnd::Close
            | StreamEnd::ResetConnection => false,
        };
        let body = Bytes::copy_from_slice(body);
        let mut sending = self.respond.send_response(head(answer), ends && body.is_empty())?;
        if !body.is_empty() {
            sending.send_data(body, ends)?;
        }
        Ok(Some(sending))
    }

    async fn end(mut self, sending: Option<SendStream<Bytes>>) {
        let order = match self.turn.ends {
            StreamEnd::Finish if sending.is_none() => return self.reset(INTERNAL_ERROR),
            StreamEnd::Finish => return,
            StreamEnd::Mute => return std::future::pending().await,
            StreamEnd::Reset(code) => return self.reset(code),
            StreamEnd::GoAway(code) => Order::GoAway(code),
            StreamEnd::Close => Order::Close,
            StreamEnd::ResetConnection => Order::Reset,
        };
        // A connection that has ended is what was wanted. The stream is held until it has.
        drop(self.orders.send(order));
        std::future::pending::<()>().await;
    }

    fn reset(&mut self, code: u32) {
        if code == REFUSED_STREAM && self.turn.says == Part::Nothing {
            self.log.request(self.number, |request| request.disclaimed = true);
        }
        self.respond.send_reset(Reason::from(code));
    }
}

/// The head of an answer, with the length of its whole body. What HTTP/2 cannot carry is left out.
fn head(answer: &Answer) -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
    for (name, value) in &answer.headers {
        let pair = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str()));
        if let (Ok(name), Ok(value)) = pair {
            response.headers_mut().append(name, value);
        }
    }
    response.headers_mut().insert(http::header::CONTENT_LENGTH, answer.body.len().into());
    response
}
