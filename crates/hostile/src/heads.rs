//! Trouble with the answer's head: it is no HTTP, too much of it, or not the last one.

use crate::answer::Answer;
use crate::script::{Turn, Until};

fn fine() -> Answer {
    Answer::json(r#"{"status":"ok"}"#)
}

fn with_fields(fields: &str) -> Turn {
    let mut bytes = fine().head(&format!("{fields}Content-Length: 15\r\n"));
    bytes.extend(fine().body);
    Turn::answers(bytes)
}

// === other protocols ===

/// An SSH server's first words, before anything was asked.
pub fn ssh_banner() -> Turn {
    Turn::new().says("SSH-2.0-OpenSSH_9.7\r\n").reads(Until::End)
}

/// A mail server's first words, before anything was asked.
pub fn smtp_banner() -> Turn {
    Turn::new().says("220 mail.example ESMTP\r\n").reads(Until::End)
}

/// Bytes that are nothing, as the answer.
pub fn garbage() -> Turn {
    Turn::answers(&b"\x00\x01\xfe\xff garbage\r\n\r\n"[..])
}

/// HTTP/0.9: a body without a head.
pub fn no_head() -> Turn {
    Turn::answers(fine().body)
}

/// A TLS alert, as a server with TLS says to plain HTTP.
pub fn tls_alert() -> Turn {
    Turn::answers(&b"\x15\x03\x01\x00\x02\x02\x46"[..])
}

// === status lines ===

/// A version that the connection does not speak.
pub fn http2_status_line() -> Turn {
    Turn::answers("HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n")
}

/// A status of four digits.
pub fn long_status() -> Turn {
    Turn::answers("HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n")
}

/// A status that no class is defined for (RFC 9110, section 15).
pub fn unknown_status() -> Turn {
    Turn::answers(fine().status(999).bytes())
}

/// An answer that switches protocols although nobody asked.
pub fn switches_protocols() -> Turn {
    Turn::answers("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
}

// === before the answer ===

/// `count` informational answers, and then the final one.
pub fn informational(count: usize) -> Turn {
    let mut bytes = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n".repeat(count);
    bytes.extend(fine().bytes());
    Turn::answers(bytes).keeps()
}

/// `100 Continue` and no final answer.
pub fn continues_for_ever() -> Turn {
    Turn::answers("HTTP/1.1 100 Continue\r\n\r\n").falls_silent()
}

/// The whole answer before a byte of the request was read; then the request.
pub fn answers_before_the_request() -> Turn {
    Turn::new().says(fine().bytes()).reads(Until::End)
}

/// A whole answer to the request's head, and the body is never read.
pub fn answers_after_the_requests_head() -> Turn {
    Turn::new().reads(Until::Head).says(fine().status(413).bytes())
}

// === header fields ===

/// The same header field twice, with different values, for what a client decides by.
pub fn duplicate_headers() -> Turn {
    with_fields(
        "Retry-After: 1\r\nRetry-After: 100\r\nX-Wait-Seconds: 2\r\nX-Wait-Seconds: 200\r\n\
         Content-Type: text/html\r\n",
    )
}

/// One header field of `length` bytes.
pub fn giant_header(length: usize) -> Turn {
    with_fields(&format!("X-Giant: {}\r\n", "x".repeat(length)))
}

/// A head that does not end within `length` bytes, and then does not go on.
pub fn endless_head(length: usize) -> Turn {
    Turn::answers(format!("HTTP/1.1 200 OK\r\nX-Endless: {}", "x".repeat(length))).falls_silent()
}

/// `count` small header fields.
pub fn many_headers(count: usize) -> Turn {
    with_fields(&"X-Many: y\r\n".repeat(count))
}

/// A space in a header field's name.
pub fn bad_header_name() -> Turn {
    with_fields("Bad Name: x\r\n")
}

/// A NUL in a header field's value.
pub fn bad_header_value() -> Turn {
    with_fields("X-Nul: a\0b\r\n")
}

/// A header field folded over two lines (obsolete: RFC 9112, section 5.2).
pub fn folded_header() -> Turn {
    with_fields("X-Folded: a\r\n b\r\n")
}

/// Lines that end with a line feed alone.
pub fn bare_line_feeds() -> Turn {
    Turn::answers("HTTP/1.1 200 OK\nContent-Length: 15\n\n{\"status\":\"ok\"}")
}
