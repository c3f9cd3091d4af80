//! Trouble instead of a TLS handshake, for [`Hostile::handshake`](crate::Hostile::handshake). What
//! is wrong with a certificate is told by [`Certificate`](crate::Certificate).

use crate::script::{Turn, Until};

/// Waits for the first byte of the client's first message.
fn after_hello() -> Turn {
    Turn::new().reads(Until::Bytes(1))
}

/// The alert `handshake_failure` (RFC 8446, section 6.2).
pub fn alert() -> Turn {
    after_hello().says(&b"\x15\x03\x03\x00\x02\x02\x28"[..])
}

/// The alert `protocol_version`: only older versions are spoken.
pub fn version_alert() -> Turn {
    after_hello().says(&b"\x15\x03\x03\x00\x02\x02\x46"[..])
}

/// The answer of a server without TLS.
pub fn plain_http() -> Turn {
    after_hello().says("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
}

/// An SSH server's first words.
pub fn ssh_banner() -> Turn {
    Turn::new().says("SSH-2.0-OpenSSH_9.7\r\n").reads(Until::Bytes(1))
}

/// Closes after the client's first message.
pub fn closes() -> Turn {
    after_hello().closes()
}

/// Resets after the client's first message.
pub fn resets() -> Turn {
    after_hello().resets()
}

/// Closes within the server's first message.
pub fn half_a_hello() -> Turn {
    after_hello().says(&b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"[..])
}

/// A server's first message that is nonsense.
pub fn nonsense() -> Turn {
    after_hello().says(&b"\x16\x03\x03\x00\x08\x02\x00\x00\x04\xff\xff\xff\xff"[..])
}

/// Says nothing.
pub fn mute() -> Turn {
    after_hello().falls_silent()
}
