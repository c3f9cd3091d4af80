//! A chunked body (RFC 9112, section 7.1), followed as far as it takes to know where it ends.
//!
//! hyper decodes it; here only its lines are looked at, and none is let by that it could read
//! otherwise: sizes are hexadecimal digits, lines end with CR LF.

/// The longest line of a size with its extensions, and all trailers together, in bytes.
const MOST_LINE: u32 = 4096;
const MOST_TRAILERS: u32 = 16 * 1024;

/// Where in the body the next byte stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// In the digits of a size: how many came, and what they say.
    Size(u8, u64),
    /// After the digits, in extensions.
    Extension(u64),
    /// After the CR of a size's line.
    SizeEnd(u64),
    /// So many bytes before the end of the data.
    Data(u64),
    DataCr,
    DataLf,
    /// At the beginning of a line of the trailers.
    Trailer,
    InTrailer,
    TrailerLf,
    LastLf,
    Ended,
}

/// Follows one body.
#[derive(Debug)]
pub(super) struct Chunks {
    at: At,
    /// Bytes of the line, or of the trailers, so far.
    line: u32,
}

/// What was found in a piece of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// All of it belongs to the body, which goes on.
    More,
    /// The body ends after so many bytes.
    End(usize),
    /// It is not framed as it must be; so many bytes before were good.
    Bad(usize),
}

impl Default for Chunks {
    fn default() -> Self {
        Self { at: At::Size(0, 0), line: 0 }
    }
}

impl Chunks {
    /// Goes on with the next bytes.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Found {
        let mut position = 0;
        while let Some(byte) = bytes.get(position) {
            if let At::Data(left) = self.at {
                let there = bytes.len() - position;
                let taken = usize::try_from(left).map_or(there, |left| left.min(there));
                let left = left - taken as u64;
                self.at = if left == 0 { At::DataCr } else { At::Data(left) };
                position += taken;
                continue;
            }
            let Some(next) = self.step(*byte) else { return Found::Bad(position) };
            self.at = next;
            position += 1;
            if next == At::Ended {
                return Found::End(position);
            }
        }
        Found::More
    }

    /// What comes after `byte`; `None` where it must not stand there.
    fn step(&mut self, byte: u8) -> Option<At> {
        self.line += 1;
        match (self.at, byte) {
            (At::Size(count, size), _) if byte.is_ascii_hexdigit() && count < 15 => {
                Some(At::Size(count + 1, size * 16 + hex(byte)))
            }
            (At::Size(1.., size) | At::Extension(size), b'\r') => Some(At::SizeEnd(size)),
            (At::Size(1.., size), b';' | b' ' | b'\t') => Some(At::Extension(size)),
            (At::Extension(size), _) if is_text(byte) && self.line < MOST_LINE => {
                Some(At::Extension(size))
            }
            (At::SizeEnd(size), b'\n') => {
                self.line = 0;
                Some(if size == 0 { At::Trailer } else { At::Data(size) })
            }
            (At::DataCr, b'\r') => Some(At::DataLf),
            (At::DataLf, b'\n') => {
                self.line = 0;
                Some(At::Size(0, 0))
            }
            (At::Trailer, b'\r') => Some(At::LastLf),
            (At::InTrailer, b'\r') => Some(At::TrailerLf),
            (At::Trailer | At::InTrailer, _) if is_text(byte) && self.line < MOST_TRAILERS => {
                Some(At::InTrailer)
            }
            (At::TrailerLf, b'\n') => Some(At::Trailer),
            (At::LastLf, b'\n') => Some(At::Ended),
            _ => None,
        }
    }
}

fn hex(digit: u8) -> u64 {
    char::from(digit).to_digit(16).unwrap_or(0).into()
}

fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feed(body: &[u8], piece: usize) -> Found {
        let mut chunks = Chunks::default();
        let mut before = 0;
        for part in body.chunks(piece) {
            match chunks.feed(part) {
                Found::More => before += part.len(),
                Found::End(count) => return Found::End(before + count),
                Found::Bad(count) => return Found::Bad(before + count),
            }
        }
        Found::More
    }

    #[test]
    fn the_end_is_found_in_any_pieces() {
        let bodies: [&[u8]; 5] = [
            b"0\r\n\r\n",
            b"5\r\nhello\r\n0\r\n\r\n",
            b"5;a=\"b\"\r\nhello\r\nA \r\n0123456789\r\n00\r\n\r\n",
            b"1\r\n\n\r\n0\r\nTrailer: a\r\nB: c\r\n\r\n",
            b"2\r\n\r\n\r\n0\r\n\r\n",
        ];
        for body in bodies {
            let followed = [body, b"GET / HTTP/1.1\r\n\r\n"].concat();
            for piece in 1..followed.len() {
                assert_eq!(feed(&followed, piece), Found::End(body.len()), "{body:?} {piece}");
            }
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_bad() {
        let bodies: [(&[u8], usize); 12] = [
            (b"\r\n", 0),
            (b"5\nhello", 1),
            (b"5\rhello", 2),
            (b"0x5\r\nhello\r\n", 1),
            (b"+5\r\nhello\r\n", 0),
            (b"-5\r\nhello\r\n", 0),
            (b"5\r\nhello0\r\n", 8),
            (b"5\r\nhello\n0\r\n", 8),
            (b"5;\x00\r\n", 2),
            (b"1000000000000000\r\n", 15),
            (b"0\r\n\n", 3),
            (b"0\r\nA: b\n\r\n", 7),
        ];
        for (body, good) in bodies {
            assert_eq!(feed(body, body.len()), Found::Bad(good), "{body:?}");
        }
    }

    #[test]
    fn lines_are_bounded() {
        let long = [b"5;".as_slice(), &vec![b'a'; 5000], b"\r\n"].concat();
        assert!(matches!(feed(&long, long.len()), Found::Bad(_)));
        let trailers = [b"0\r\n".as_slice(), &b"A: b\r\n".repeat(4000)].concat();
        assert!(matches!(feed(&trailers, trailers.len()), Found::Bad(_)));
    }
}
