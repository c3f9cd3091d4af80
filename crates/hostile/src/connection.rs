//! Trouble with the connection itself: it is reset, closed, silent or slow, at every phase.
//!
//! A refused connection and one that is never accepted are servers of their own:
//! [`Hostile::refuses`](crate::Hostile::refuses) and
//! [`Hostile::never_accepts`](crate::Hostile::never_accepts).

use crate::answer::Answer;
use crate::script::{Turn, Until};
use std::time::Duration;

/// Time for what was said to arrive before the reset that follows it.
const ARRIVES: Duration = Duration::from_millis(20);

/// The answer that is broken off: 200 with `{"status":"ok"}`.
fn answer() -> Answer {
    Answer::json(r#"{"status":"ok"}"#)
}

/// The head of that answer, whole.
fn head() -> Vec<u8> {
    answer().head("Content-Length: 15\r\n")
}

/// The answer up to the middle of its head.
fn half_head() -> Vec<u8> {
    let mut head = head();
    head.truncate(head.len() / 2);
    head
}

/// The answer up to the middle of its body.
fn half_body() -> Vec<u8> {
    let mut bytes = answer().bytes();
    bytes.truncate(bytes.len() - 8);
    bytes
}

fn after_request() -> Turn {
    Turn::new().reads(Until::End)
}

// === resets and closes ===

/// Accepts, and resets before anything is read.
pub fn resets_on_accept() -> Turn {
    Turn::new().resets()
}

/// Accepts, and closes before anything is read.
pub fn closes_on_accept() -> Turn {
    Turn::new().closes()
}

/// Resets when `count` bytes of the request were read.
pub fn resets_after(count: usize) -> Turn {
    Turn::new().reads(Until::Bytes(count)).resets()
}

/// Closes when `count` bytes of the request were read.
pub fn closes_after(count: usize) -> Turn {
    Turn::new().reads(Until::Bytes(count)).closes()
}

/// Resets between the request's head and its body.
pub fn resets_after_the_requests_head() -> Turn {
    Turn::new().reads(Until::Head).resets()
}

/// Closes between the request's head and its body.
pub fn closes_after_the_requests_head() -> Turn {
    Turn::new().reads(Until::Head).closes()
}

/// Reads the whole request, and closes without a word.
pub fn closes_before_the_head() -> Turn {
    after_request().closes()
}

/// Reads the whole request, and resets without a word.
pub fn resets_before_the_head() -> Turn {
    after_request().resets()
}

/// Closes in the middle of the answer's head.
pub fn closes_in_the_head() -> Turn {
    after_request().says(half_head()).closes()
}

/// Closes between the answer's head and its announced body.
pub fn closes_before_the_body() -> Turn {
    after_request().says(head()).closes()
}

/// Closes in the middle of the body: it is truncated. Over TLS without a goodbye.
pub fn closes_in_the_body() -> Turn {
    after_request().says(half_body()).cuts()
}

/// Resets in the middle of the body.
pub fn resets_in_the_body() -> Turn {
    after_request().says(half_body()).waits(ARRIVES).resets()
}

/// Answers, promises to keep the connection, and closes it: a client that repeats on it comes late.
pub fn closes_after_the_answer() -> Turn {
    after_request().says(answer().with("Connection", "keep-alive").bytes()).closes()
}

// === silence ===

/// Accepts, and does not read a byte.
pub fn mute_on_accept() -> Turn {
    Turn::new().falls_silent()
}

/// Reads `count` bytes of the request, and no more.
pub fn mute_after(count: usize) -> Turn {
    Turn::new().reads(Until::Bytes(count)).falls_silent()
}

/// Reads the whole request, and says nothing.
pub fn mute_before_the_head() -> Turn {
    after_request().falls_silent()
}

/// Falls silent in the middle of the head.
pub fn mute_in_the_head() -> Turn {
    after_request().says(half_head()).falls_silent()
}

/// Falls silent between the head and the body.
pub fn mute_before_the_body() -> Turn {
    after_request().says(head()).falls_silent()
}

/// Falls silent in the middle of the body.
pub fn mute_in_the_body() -> Turn {
    after_request().says(half_body()).falls_silent()
}

// === dripping ===

/// Gives the whole answer one byte at a time, with this pause after each.
pub fn drips_the_head(pause: Duration) -> Turn {
    after_request().drips(answer().bytes(), pause)
}

/// Gives the head at once and then a body of `length` bytes, one at a time.
pub fn drips_the_body(length: usize, pause: Duration) -> Turn {
    let answer = Answer::of_type("text/plain", vec![b'x'; length]);
    let head = answer.head(&format!("Content-Length: {length}\r\n"));
    after_request().says(head).drips(answer.body, pause)
}
