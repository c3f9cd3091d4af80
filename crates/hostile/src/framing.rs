//! Trouble with where an answer ends (RFC 9112, section 6): lengths that lie, chunks that are none.

use crate::answer::Answer;
use crate::script::Turn;

/// The body of all these answers.
const BODY: &str = r#"{"status":"ok"}"#;

fn framed(framing: &str, body: impl AsRef<[u8]>) -> Turn {
    let mut bytes = Answer::json("").head(framing);
    bytes.extend_from_slice(body.as_ref());
    Turn::answers(bytes).closes()
}

fn chunked(body: impl AsRef<[u8]>) -> Turn {
    framed("Transfer-Encoding: chunked\r\n", body)
}

// === lengths ===

/// Announces `more` bytes more than follow before the close.
pub fn announces_more(more: usize) -> Turn {
    framed(&format!("Content-Length: {}\r\n", BODY.len() + more), BODY)
}

/// Announces fewer bytes than follow: the body ends within the text, and the rest trails.
pub fn announces_less(less: usize) -> Turn {
    framed(&format!("Content-Length: {}\r\n", BODY.len().saturating_sub(less)), BODY).keeps()
}

/// A whole answer, and then bytes that belong to nothing, on a connection that stays open.
pub fn trails_bytes() -> Turn {
    framed(&format!("Content-Length: {}\r\n", BODY.len()), format!("{BODY}\r\ngarbage")).keeps()
}

/// A whole answer, and at once a second one that nobody asked for: whoever keeps the connection
/// gives it to the next request.
pub fn answers_twice() -> Turn {
    let second = Answer::json(r#"{"status":"poisoned"}"#).bytes();
    let mut bytes = Answer::json(BODY).bytes();
    bytes.extend(second);
    Turn::answers(bytes).keeps()
}

/// Two lengths that differ.
pub fn two_lengths() -> Turn {
    framed("Content-Length: 15\r\nContent-Length: 16\r\n", BODY)
}

/// A length below nothing.
pub fn negative_length() -> Turn {
    framed("Content-Length: -1\r\n", BODY)
}

/// A length that no 64 bits hold.
pub fn overflowing_length() -> Turn {
    framed("Content-Length: 18446744073709551616\r\n", BODY)
}

/// A body of a petabyte, announced and begun.
pub fn boundless_length() -> Turn {
    framed("Content-Length: 1000000000000000\r\n", BODY).falls_silent()
}

/// A length and chunks at once.
pub fn length_and_chunks() -> Turn {
    framed(
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "f\r\n{\"status\":\"ok\"}\r\n0\r\n\r\n",
    )
}

/// No length and no chunks: the body ends with the connection, as HTTP/1.0 has it. Honest.
pub fn until_close() -> Turn {
    framed("", BODY)
}

// === chunks ===

/// A size that is no number.
pub fn bad_chunk_size() -> Turn {
    chunked("nonsense\r\nxx\r\n0\r\n\r\n")
}

/// A size with a sign.
pub fn negative_chunk_size() -> Turn {
    chunked("-f\r\n{\"status\":\"ok\"}\r\n0\r\n\r\n")
}

/// A size that no 64 bits hold.
pub fn overflowing_chunk_size() -> Turn {
    chunked("fffffffffffffffff\r\n{\"status\":\"ok\"}\r\n0\r\n\r\n")
}

/// No line end after a chunk.
pub fn chunk_without_line_end() -> Turn {
    chunked("f\r\n{\"status\":\"ok\"}XX0\r\n\r\n")
}

/// A chunk that is shorter than its size.
pub fn short_chunk() -> Turn {
    chunked("20\r\n{\"status\":\"ok\"}\r\n0\r\n\r\n")
}

/// Chunks that end without the last one.
pub fn no_last_chunk() -> Turn {
    chunked("f\r\n{\"status\":\"ok\"}\r\n")
}

/// A last chunk that ends within its line.
pub fn half_a_last_chunk() -> Turn {
    chunked("f\r\n{\"status\":\"ok\"}\r\n0\r\n")
}

/// Chunk extensions of `length` bytes on the only chunk.
pub fn chunk_extensions(length: usize) -> Turn {
    chunked(format!("f;{}\r\n{BODY}\r\n0\r\n\r\n", "x".repeat(length)))
}

/// One byte a chunk, each with an extension of a kilobyte, `count` times.
pub fn chunk_extension_flood(count: usize) -> Turn {
    let chunk = format!("1;{}\r\n \r\n", "x".repeat(1024));
    chunked(chunk.repeat(count) + "f\r\n{\"status\":\"ok\"}\r\n0\r\n\r\n")
}

/// `count` trailer fields.
pub fn trailer_flood(count: usize) -> Turn {
    let trailers = "X-Trailer: x\r\n".repeat(count);
    chunked(format!("f\r\n{BODY}\r\n0\r\n{trailers}\r\n"))
}
