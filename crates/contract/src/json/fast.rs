//! Reads the texts that nearly all bodies are, in one pass over their bytes.
//!
//! It may say a document or "I do not know", never that something is wrong: then the careful reader
//! decides. What both read is the same, which tests and a fuzz target hold.

use super::Entry;
use super::read::{Builder, Refused, Seen};
use super::special::{is_special, special};
use serde_json::Number;
use std::borrow::Cow;

/// The entries of a text; `None` where the careful reader is to look at it.
pub(super) fn entries(text: &str) -> Option<Vec<Entry<'_>>> {
    let mut reader = Reader { text, at: 0, builder: Builder::with_room_for(text) };
    reader.value().ok()?;
    reader.blank();
    (reader.at == text.len()).then_some(reader.builder.entries)
}

/// A text that is read up to a place in it.
struct Reader<'a> {
    text: &'a str,
    at: usize,
    builder: Builder<'a>,
}

/// So many digits always fit into a number of 64 bits.
const DIGITS: usize = 18;

impl<'a> Reader<'a> {
    /// One value, with the blanks before it. As deep as the builder allows.
    fn value(&mut self) -> Result<(), Refused> {
        match self.next()? {
            b'{' => self.object(),
            b'[' => self.array(),
            b'"' => {
                let text = self.string()?;
                self.builder.push(Entry::Text(text))
            }
            b't' => self.word("true", Entry::Bool(true)),
            b'f' => self.word("false", Entry::Bool(false)),
            b'n' => self.word("null", Entry::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self) -> Result<(), Refused> {
        let at = self.builder.open()?;
        let mut seen = Seen::default();
        self.at += 1;
        if self.next()? == b'}' {
            self.at += 1;
        } else {
            loop {
                let b'"' = self.next()? else { return Err(Refused) };
                let name = self.string()?;
                self.builder.name(at, name, &mut seen)?;
                let b':' = self.take()? else { return Err(Refused) };
                self.value()?;
                match self.take()? {
                    b',' => {}
                    b'}' => break,
                    _ => return Err(Refused),
                }
            }
        }
        let Seen { len, index, .. } = seen;
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        self.builder.close(at, |below| Entry::Object { len, below, index });
        Ok(())
    }

    fn array(&mut self) -> Result<(), Refused> {
        let at = self.builder.open()?;
        let mut len = 0;
        self.at += 1;
        if self.next()? == b']' {
            self.at += 1;
        } else {
            loop {
                self.value()?;
                len += 1;
                match self.take()? {
                    b',' => {}
                    b']' => break,
                    _ => return Err(Refused),
                }
            }
        }
        self.builder.close(at, |below| Entry::Array { len, below });
        Ok(())
    }

    /// The string at this place; what has escapes is left to `serde_json`.
    fn string(&mut self) -> Result<Cow<'a, str>, Refused> {
        let start = self.at + 1;
        let mut end = start + plain(self.rest(start));
        if self.byte(end) == Some(b'"') {
            self.at = end + 1;
            return self.text.get(start..end).map(Cow::Borrowed).ok_or(Refused);
        }
        while let Some(b'\\') = self.byte(end) {
            end += 2;
            end += plain(self.rest(end));
        }
        self.at = end + 1;
        let quoted = self.text.get(start - 1..=end).ok_or(Refused)?;
        serde_json::from_str(quoted).map(Cow::Owned).map_err(|_| Refused)
    }

    /// A whole number; one of any other form is left to `serde_json`.
    fn number(&mut self) -> Result<(), Refused> {
        let rest = self.rest(self.at);
        let mut whole = 0;
        let mut length = 0;
        while let Some(digit @ b'0'..=b'9') = rest.get(length).filter(|_| length < DIGITS) {
            whole = whole * 10 + u64::from(digit - b'0');
            length += 1;
        }
        let more = rest.get(length).is_some_and(|b| is_of_a_number(*b));
        let led = length > 1 && rest.first() == Some(&b'0');
        if length == 0 || more || led {
            return self.any_number();
        }
        self.at += length;
        self.builder.push(Entry::Number(whole.into()))
    }

    fn any_number(&mut self) -> Result<(), Refused> {
        let length = self.rest(self.at).iter().take_while(|b| is_of_a_number(**b)).count();
        let written = self.text.get(self.at..self.at + length).ok_or(Refused)?;
        let number = serde_json::from_str::<Number>(written).map_err(|_| Refused)?;
        self.at += length;
        self.builder.push(Entry::Number(number))
    }

    fn word(&mut self, word: &str, entry: Entry<'a>) -> Result<(), Refused> {
        if !self.rest(self.at).starts_with(word.as_bytes()) {
            return Err(Refused);
        }
        self.at += word.len();
        self.builder.push(entry)
    }

    /// The next byte that is not blank; it stays.
    fn next(&mut self) -> Result<u8, Refused> {
        self.blank();
        self.byte(self.at).ok_or(Refused)
    }

    /// The same, taken.
    fn take(&mut self) -> Result<u8, Refused> {
        let byte = self.next()?;
        self.at += 1;
        Ok(byte)
    }

    /// Passes over blanks (RFC 8259, section 2).
    fn blank(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.byte(self.at) {
            self.at += 1;
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn rest(&self, from: usize) -> &'a [u8] {
        self.text.as_bytes().get(from..).unwrap_or_default()
    }
}

fn is_of_a_number(byte: u8) -> bool {
    byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E')
}

/// How many bytes at the start stand for themselves in a string: no quote, no backslash, no control
/// character. Eight bytes are looked at at once.
fn plain(bytes: &[u8]) -> usize {
    let (words, _) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let found = special(u64::from_le_bytes(*word));
        if found != 0 {
            return number * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let last = words.len() * 8;
    let tail = bytes.get(last..).unwrap_or_default();
    last + tail.iter().take_while(|b| !is_special(**b)).count()
}
