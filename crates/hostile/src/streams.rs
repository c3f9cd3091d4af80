//! Trouble of HTTP/2: what becomes of one stream, or of the connection under it.
//!
//! Bodies that are wrong in themselves are in [`bodies`](crate::bodies), for both protocols. A
//! server that does not speak HTTP/2 at all is one of HTTP/1.1, whatever its turns say.

use crate::answer::Answer;
use crate::script::Script;

/// `NO_ERROR` (RFC 9113, section 7, as all of these).
pub const NO_ERROR: u32 = 0;
/// `PROTOCOL_ERROR`
pub const PROTOCOL_ERROR: u32 = 1;
/// `INTERNAL_ERROR`
pub const INTERNAL_ERROR: u32 = 2;
/// `REFUSED_STREAM`
pub const REFUSED_STREAM: u32 = 7;
/// `CANCEL`
pub const CANCEL: u32 = 8;
/// `ENHANCE_YOUR_CALM`
pub const ENHANCE_YOUR_CALM: u32 = 11;

/// What happens to one request over HTTP/2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamTurn {
    /// How much of the request is read.
    pub takes: Takes,
    /// How many `103 Early Hints` come before the answer.
    pub hints: usize,
    /// The answer.
    pub answer: Answer,
    /// How much of the answer is given.
    pub says: Part,
    /// How it ends.
    pub ends: StreamEnd,
}

/// How much of a request is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Nothing but the arrival of its head. Only with [`StreamEnd::GoAway`], which then disclaims it.
    Nothing,
    /// Its head.
    Head,
    /// All of it.
    All,
}

/// How much of an answer is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Nothing.
    Nothing,
    /// The head.
    Head,
    /// The head and half the body.
    HalfBody,
    /// All of it.
    All,
}

/// How a stream ends, after what was said has had time to arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamEnd {
    /// In order, with whatever was said: half an answer then ends too early. Without an answer the
    /// stream is reset with `INTERNAL_ERROR`.
    Finish,
    /// It stays open without another word.
    Mute,
    /// `RST_STREAM` with this code.
    Reset(u32),
    /// `GOAWAY` with this code, then the connection is closed. The last stream it names is this one,
    /// or the one before if nothing of this one was taken.
    GoAway(u32),
    /// The connection is closed.
    Close,
    /// The connection is reset.
    ResetConnection,
}

// === impl StreamTurn ===

impl StreamTurn {
    /// Reads the request, gives `answer`, and keeps the connection.
    pub fn answers(answer: Answer) -> Self {
        Self { takes: Takes::All, hints: 0, answer, says: Part::All, ends: StreamEnd::Finish }
    }

    /// The same, reading so much of the request.
    #[must_use]
    pub fn takes(self, takes: Takes) -> Self {
        Self { takes, ..self }
    }

    /// The same, giving so much of the answer.
    #[must_use]
    pub fn says(self, says: Part) -> Self {
        Self { says, ..self }
    }

    /// The same, with another end.
    #[must_use]
    pub fn ends(self, ends: StreamEnd) -> Self {
        Self { ends, ..self }
    }

    /// The same, with informational answers before the final one.
    #[must_use]
    pub fn after_hints(self, hints: usize) -> Self {
        Self { hints, ..self }
    }
}

impl From<Answer> for StreamTurn {
    fn from(answer: Answer) -> Self {
        Self::answers(answer)
    }
}

impl From<Answer> for Script<StreamTurn> {
    fn from(answer: Answer) -> Self {
        Self::from(StreamTurn::from(answer))
    }
}

// === the troubles ===

/// `{"status":"ok"}`, to be broken off.
fn fine() -> StreamTurn {
    StreamTurn::answers(Answer::json(r#"{"status":"ok"}"#))
}

fn after(says: Part, ends: StreamEnd) -> StreamTurn {
    fine().says(says).ends(ends)
}

/// Refuses the stream after its head: nothing was done with it.
pub fn refuses() -> StreamTurn {
    after(Part::Nothing, StreamEnd::Reset(REFUSED_STREAM)).takes(Takes::Head)
}

/// Goes away before the stream was taken: nothing was done with it.
pub fn goes_away_before() -> StreamTurn {
    after(Part::Nothing, StreamEnd::GoAway(NO_ERROR)).takes(Takes::Nothing)
}

/// Takes the whole request, and goes away without an answer.
pub fn goes_away_after() -> StreamTurn {
    after(Part::Nothing, StreamEnd::GoAway(NO_ERROR))
}

/// Takes the whole request, and goes away because the client is too eager.
pub fn goes_away_to_calm() -> StreamTurn {
    after(Part::Nothing, StreamEnd::GoAway(ENHANCE_YOUR_CALM))
}

/// Answers in full, and then goes away.
pub fn answers_and_goes_away() -> StreamTurn {
    after(Part::All, StreamEnd::GoAway(NO_ERROR))
}

/// Resets the stream after the request, before any answer, with this code.
pub fn resets_before_the_head(code: u32) -> StreamTurn {
    after(Part::Nothing, StreamEnd::Reset(code))
}

/// Resets the stream after the answer's head.
pub fn resets_after_the_head() -> StreamTurn {
    after(Part::Head, StreamEnd::Reset(INTERNAL_ERROR))
}

/// Resets the stream after half the body.
pub fn resets_in_the_body() -> StreamTurn {
    after(Part::HalfBody, StreamEnd::Reset(INTERNAL_ERROR))
}

/// Refuses the stream after half the body, when that is no longer true.
pub fn refuses_in_the_body() -> StreamTurn {
    after(Part::HalfBody, StreamEnd::Reset(REFUSED_STREAM))
}

/// Gives the whole body without the stream's end, and resets it.
pub fn resets_after_the_body() -> StreamTurn {
    after(Part::All, StreamEnd::Reset(CANCEL))
}

/// Ends the stream after half of the announced body.
pub fn ends_too_early() -> StreamTurn {
    after(Part::HalfBody, StreamEnd::Finish)
}

/// Closes the connection before any answer.
pub fn closes_before_the_head() -> StreamTurn {
    after(Part::Nothing, StreamEnd::Close)
}

/// Closes the connection in the middle of the body.
pub fn closes_in_the_body() -> StreamTurn {
    after(Part::HalfBody, StreamEnd::Close)
}

/// Resets the connection before any answer.
pub fn connection_resets_before_the_head() -> StreamTurn {
    after(Part::Nothing, StreamEnd::ResetConnection)
}

/// Resets the connection in the middle of the body.
pub fn connection_resets_in_the_body() -> StreamTurn {
    after(Part::HalfBody, StreamEnd::ResetConnection)
}

/// Closes the connection after the request's head.
pub fn closes_after_the_requests_head() -> StreamTurn {
    after(Part::Nothing, StreamEnd::Close).takes(Takes::Head)
}

/// Takes the request, and says nothing.
pub fn mute_before_the_head() -> StreamTurn {
    after(Part::Nothing, StreamEnd::Mute)
}

/// Falls silent after the head.
pub fn mute_after_the_head() -> StreamTurn {
    after(Part::Head, StreamEnd::Mute)
}

/// Falls silent in the middle of the body.
pub fn mute_in_the_body() -> StreamTurn {
    after(Part::HalfBody, StreamEnd::Mute)
}

/// Never reads the request's body: a large one does not get past the window.
pub fn never_reads_the_body() -> StreamTurn {
    after(Part::Nothing, StreamEnd::Mute).takes(Takes::Head)
}

/// Informational answers, and then the final one.
pub fn informational(count: usize) -> StreamTurn {
    fine().after_hints(count)
}
