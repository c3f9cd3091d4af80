//! Trouble in the body of an answer that is fine as HTTP: give it any status with
//! [`Answer::status`], and serve it over either protocol.

use crate::answer::Answer;

// === JSON that is none, or too much ===

/// An error body that breaks off, as JSON.
pub fn truncated_json() -> Answer {
    Answer::json(r#"{"status":"error","error":{"type":"Malf"#)
}

/// A trailing comma and single quotes, as JSON.
pub fn malformed_json() -> Answer {
    Answer::json("{'status': 'error',}")
}

/// Two values, as JSON.
pub fn two_values() -> Answer {
    Answer::json(r#"{"status":"ok"}{"status":"error"}"#)
}

/// `levels` arrays, one in the other.
pub fn deep_json(levels: usize) -> Answer {
    Answer::json("[".repeat(levels) + &"]".repeat(levels))
}

/// `levels` objects, one in the other, never closed.
pub fn deep_open_json(levels: usize) -> Answer {
    Answer::json(r#"{"error":"#.repeat(levels))
}

/// An object in which success and failure are told by the same member name.
pub fn duplicate_keys() -> Answer {
    Answer::json(r#"{"status":"ok","status":"error","error":{"type":"Malformed","type":"Busy"}}"#)
}

/// The same, one name spelled with an escape.
pub fn duplicate_keys_by_escape() -> Answer {
    Answer::json(r#"{"status":"ok","\u0073tatus":"error"}"#)
}

/// Bytes that are not UTF-8 within a JSON text.
pub fn not_utf8() -> Answer {
    Answer::json(&b"{\"status\":\"error\",\"message\":\"caf\xe9 \xff\xfe\"}"[..])
}

/// UTF-16 as JSON.
pub fn utf16() -> Answer {
    let units = r#"{"status":"ok"}"#.encode_utf16().flat_map(u16::to_be_bytes);
    Answer::json(units.collect::<Vec<u8>>())
}

/// A lone surrogate in an escape.
pub fn lone_surrogate() -> Answer {
    Answer::json(r#"{"status":"error","message":"\ud800"}"#)
}

/// A byte order mark before a JSON text.
pub fn byte_order_mark() -> Answer {
    Answer::json("\u{feff}{\"status\":\"ok\"}")
}

/// An integer of `digits` digits.
pub fn giant_number(digits: usize) -> Answer {
    Answer::json(format!("{{\"code\":{}}}", "9".repeat(digits)))
}

/// `null` where an object is expected.
pub fn null() -> Answer {
    Answer::json("null")
}

// === something else ===

/// A web page with status 200: somebody stands in between.
pub fn html() -> Answer {
    Answer::of_type(
        "text/html; charset=utf-8",
        "<!doctype html><title>Sign in</title><h1>Welcome</h1>",
    )
}

/// A web page that says that it is JSON.
pub fn html_as_json() -> Answer {
    Answer::json("<html><body>502 Bad Gateway</body></html>")
}

/// JSON that says that it is a picture.
pub fn json_as_picture() -> Answer {
    Answer::of_type("image/png", r#"{"status":"ok"}"#)
}

/// JSON that does not say what it is.
pub fn untyped() -> Answer {
    Answer { headers: Vec::new(), ..Answer::json(r#"{"status":"ok"}"#) }
}

/// A type that is no type.
pub fn bad_type() -> Answer {
    Answer::of_type(";;;/==", r#"{"status":"ok"}"#)
}

/// Nothing, as JSON.
pub fn empty() -> Answer {
    Answer::json("")
}

// === compression that nobody asked for ===

/// A small JSON text, compressed, which says so.
pub fn gzip() -> Answer {
    compressed(gzip_stored(br#"{"status":"ok"}"#))
}

/// What says that it is compressed and is not.
pub fn gzip_that_is_none() -> Answer {
    compressed(br#"{"status":"ok"}"#.to_vec())
}

/// A compressed text that breaks off.
pub fn gzip_truncated() -> Answer {
    let mut bytes = gzip_stored(br#"{"status":"ok"}"#);
    bytes.truncate(bytes.len() - 12);
    compressed(bytes)
}

/// Spaces that grow to about 158 times their size: `megabytes` of them (at most 64).
pub fn gzip_bomb(megabytes: usize) -> Answer {
    compressed(gzip_spaces(megabytes.min(64) << 20))
}

fn compressed(body: Vec<u8>) -> Answer {
    Answer::json(body).with("Content-Encoding", "gzip")
}

/// The head of a gzip member: no name, no time (RFC 1952, section 2.3).
const GZIP_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// `text` (less than 64 KB) as a gzip member with one stored block.
fn gzip_stored(text: &[u8]) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    let mut bytes = GZIP_HEAD.to_vec();
    bytes.push(1);
    bytes.extend(length.to_le_bytes());
    bytes.extend((!length).to_le_bytes());
    bytes.extend(text);
    gzip_end(bytes, text.iter().copied(), text.len())
}

/// `count` spaces as a gzip member with one block of fixed codes (RFC 1951, section 3.2.6): a space,
/// then "258 bytes more of the byte before" as often as needed, 13 bits each.
fn gzip_spaces(count: usize) -> Vec<u8> {
    let (repeats, singles) = (count.saturating_sub(1) / 258, count.saturating_sub(1) % 258 + 1);
    let mut bits = Bits { bytes: GZIP_HEAD.to_vec(), bit: 0 };
    bits.put(0b1, 1); // the last block
    bits.put(0b01, 2); // of fixed codes
    for _ in 0..singles {
        bits.put_code(0x30 + u32::from(b' '), 8);
    }
    for _ in 0..repeats {
        bits.put_code(0b1100_0101, 8); // length 258
        bits.put_code(0, 5); // distance 1
    }
    bits.put_code(0, 7); // the end of the block
    gzip_end(bits.bytes, std::iter::repeat_n(b' ', count), count)
}

fn gzip_end(mut bytes: Vec<u8>, text: impl Iterator<Item = u8>, length: usize) -> Vec<u8> {
    bytes.extend(crc32(text).to_le_bytes());
    bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    bytes
}

/// Bits in the order of DEFLATE: from the lowest bit of each byte.
struct Bits {
    bytes: Vec<u8>,
    bit: u32,
}

impl Bits {
    /// Puts the lowest `count` bits of `value`, the lowest first.
    fn put(&mut self, value: u32, count: u32) {
        for at in 0..count {
            if self.bit == 0 {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= u8::from(value >> at & 1 == 1) << self.bit;
            }
            self.bit = (self.bit + 1) % 8;
        }
    }

    /// Puts a Huffman code, which goes from its highest bit.
    fn put_code(&mut self, code: u32, count: u32) {
        self.put(code.reverse_bits() >> (32 - count), count);
    }
}

/// The checksum of RFC 1952, section 8.
fn crc32(bytes: impl Iterator<Item = u8>) -> u32 {
    !bytes.fold(!0, |crc, byte| {
        let entry = TABLE.get(usize::from(crc.to_le_bytes()[0] ^ byte)).copied();
        entry.unwrap_or_default() ^ (crc >> 8)
    })
}

static TABLE: [u32; 256] = table();

#[expect(clippy::indexing_slicing, reason = "evaluated at compile time, where a slip is an error")]
const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        #[expect(clippy::cast_possible_truncation, reason = "below 256")]
        let mut entry = at as u32;
        let mut bit = 0;
        while bit < 8 {
            entry = if entry & 1 == 1 { entry >> 1 ^ 0xedb8_8320 } else { entry >> 1 };
            bit += 1;
        }
        table[at] = entry;
        at += 1;
    }
    table
}
