//! Scripts as data: what a server does, turn after turn.

use std::time::Duration;

/// One turn for each request, in order; the last one is for all that follow. Without any turn every
/// connection is closed.
///
/// Over HTTP/1.1 a connection takes its first turn when it is accepted, since a turn can be to reset
/// it at once, and each further turn with the first byte of a further request. Over HTTP/2 a turn is
/// taken with the head of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script<T> {
    turns: Vec<T>,
}

/// What happens to one request over HTTP/1.1: the steps in order, then the end.
///
/// Written as a sentence: `Turn::new().reads(Until::Head).says("HTTP/1.1 2").resets()`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Turn {
    /// What is done, in order. Ends early where the peer ends the connection.
    pub steps: Vec<Step>,
    /// How the connection is left.
    pub end: End,
}

/// One thing that a server does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Reads of the request; what is not read stays in the network and was not received.
    Read(Until),
    /// Writes these bytes.
    Say(Vec<u8>),
    /// Writes these bytes one at a time, with this pause after each.
    Drip(Vec<u8>, Duration),
    /// Does nothing for a while: lets what was said arrive before a reset.
    Wait(Duration),
}

/// How far a request is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// So many bytes more, or the request's end if that comes first.
    Bytes(usize),
    /// The empty line after the head.
    Head,
    /// The end of its body.
    End,
}

/// How a connection is left after a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum End {
    /// Closed in order: what was said arrives, and TLS says goodbye.
    #[default]
    Close,
    /// Closed without TLS's goodbye; as `Close` where there is no TLS.
    Cut,
    /// Reset.
    Reset,
    /// Left open without another word, until the server ends.
    Mute,
    /// Left open for another request; closed if this one was not read to its end.
    Keep,
}

// === impl Script ===

impl<T> Script<T> {
    /// The same with another turn, which is then the one for all that follow.
    #[must_use]
    pub fn then(mut self, turn: impl Into<T>) -> Self {
        self.turns.push(turn.into());
        self
    }

    /// The turn of the request with this number, from 0.
    pub fn turn(&self, number: usize) -> Option<&T> {
        self.turns.get(number).or(self.turns.last())
    }
}

impl<T> From<T> for Script<T> {
    /// The same turn for all.
    fn from(turn: T) -> Self {
        Self { turns: vec![turn] }
    }
}

impl<T> From<Vec<T>> for Script<T> {
    fn from(turns: Vec<T>) -> Self {
        Self { turns }
    }
}

// === impl Turn ===

impl Turn {
    /// Closes the connection at once; steps are added to it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the whole request and writes `answer` as it stands; then closes.
    pub fn answers(answer: impl Into<Vec<u8>>) -> Self {
        Self::new().reads(Until::End).says(answer)
    }

    /// Then reads of the request.
    #[must_use]
    pub fn reads(self, until: Until) -> Self {
        self.step(Step::Read(until))
    }

    /// Then writes these bytes.
    #[must_use]
    pub fn says(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Say(bytes.into()))
    }

    /// Then writes these bytes one at a time, with a pause after each.
    #[must_use]
    pub fn drips(self, bytes: impl Into<Vec<u8>>, pause: Duration) -> Self {
        self.step(Step::Drip(bytes.into(), pause))
    }

    /// Then does nothing for a while.
    #[must_use]
    pub fn waits(self, pause: Duration) -> Self {
        self.step(Step::Wait(pause))
    }

    /// In the end closes the connection in order.
    #[must_use]
    pub fn closes(self) -> Self {
        Self { end: End::Close, ..self }
    }

    /// In the end closes the connection without TLS's goodbye.
    #[must_use]
    pub fn cuts(self) -> Self {
        Self { end: End::Cut, ..self }
    }

    /// In the end resets the connection.
    #[must_use]
    pub fn resets(self) -> Self {
        Self { end: End::Reset, ..self }
    }

    /// In the end leaves the connection open without another word.
    #[must_use]
    pub fn falls_silent(self) -> Self {
        Self { end: End::Mute, ..self }
    }

    /// In the end leaves the connection open for another request.
    #[must_use]
    pub fn keeps(self) -> Self {
        Self { end: End::Keep, ..self }
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}
