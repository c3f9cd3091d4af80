//! Writes JSON texts of a known form, without building a value first.

use super::special::{is_special, special};

/// An object that is being written.
#[derive(Debug)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// An object without members, with room for so many bytes.
    pub(crate) fn with_room(bytes: usize) -> Self {
        let mut text = Vec::with_capacity(bytes);
        text.push(b'{');
        Self(text)
    }

    /// The text of the object.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }

    /// A member whose value is a text.
    pub(crate) fn text(&mut self, name: &'static str, value: &str) {
        self.name(name);
        self.0.push(b'"');
        escape(&mut self.0, value);
        self.0.push(b'"');
    }

    /// The same, where there is one.
    pub(crate) fn some_text(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A member whose value is a whole number.
    pub(crate) fn number(&mut self, name: &'static str, value: u64) {
        self.name(name);
        let mut digits = [0; 20];
        let mut left = value;
        let mut count = 0;
        for (digit, place) in digits.iter_mut().rev().enumerate() {
            if left == 0 && digit > 0 {
                break;
            }
            *place = b'0' + u8::try_from(left % 10).unwrap_or_default();
            left /= 10;
            count += 1;
        }
        self.0.extend_from_slice(digits.get(digits.len() - count..).unwrap_or_default());
    }

    /// A member that is true or false.
    pub(crate) fn truth(&mut self, name: &'static str, value: bool) {
        self.name(name);
        self.0.extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// A member whose value is an object.
    pub(crate) fn object(&mut self, name: &'static str, members: impl FnOnce(&mut Self)) {
        self.name(name);
        self.0.push(b'{');
        members(self);
        self.0.push(b'}');
    }

    /// A member whose value is a list of objects.
    pub(crate) fn objects<T>(
        &mut self,
        name: &'static str,
        all: &[T],
        members: impl Fn(&mut Self, &T),
    ) {
        self.name(name);
        let mut before = b'[';
        for one in all {
            self.0.extend_from_slice(&[before, b'{']);
            members(self, one);
            self.0.push(b'}');
            before = b',';
        }
        if all.is_empty() {
            self.0.push(b'[');
        }
        self.0.push(b']');
    }

    /// What stands before a member's value. Names of ours need no escapes.
    fn name(&mut self, name: &'static str) {
        let first = self.0.last() == Some(&b'{');
        self.0.extend_from_slice(if first { b"\"" } else { b",\"" });
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }
}

/// Adds `text` as it stands in a string. Eight bytes go on at once where none of them is special.
fn escape(out: &mut Vec<u8>, text: &str) {
    out.reserve(text.len() + text.len() / 8 + 8);
    let mut rest = text.as_bytes();
    while let Some((word, after)) = rest.split_first_chunk::<8>() {
        let found = special(u64::from_le_bytes(*word));
        if found == 0 {
            out.extend_from_slice(word);
            rest = after;
            continue;
        }
        let count = found.trailing_zeros() as usize / 8;
        let Some((plain, [byte, after @ ..])) = rest.split_at_checked(count) else { break };
        out.extend_from_slice(plain);
        escaped(out, *byte);
        rest = after;
    }
    for byte in rest {
        if is_special(*byte) { escaped(out, *byte) } else { out.push(*byte) }
    }
}

/// Adds a special byte.
#[inline]
fn escaped(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        control => {
            let hex = |digit: u8| *b"0123456789abcdef".get(usize::from(digit)).unwrap_or(&b'0');
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[hex(control >> 4), hex(control & 15)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn an_object_is_written_as_it_is_told() {
        let mut object = Writer::with_room(0);
        object.text("a", "x");
        object.number("n", 0);
        object.number("m", u64::MAX);
        object.some_text("none", None);
        object.object("o", |o| o.truth("f", true));
        object.objects("l", &[1, 2], |o, n| o.number("n", *n));
        object.objects("e", &[0; 0], |_, _: &u64| {});
        let text = r#"{"a":"x","n":0,"m":18446744073709551615,"o":{"f":true},"l":[{"n":1},{"n":2}],"e":[]}"#;
        assert_eq!(String::from_utf8(object.finish()).unwrap(), text);
        assert_eq!(Writer::with_room(0).finish(), b"{}");
    }

    #[test]
    fn every_byte_is_escaped_where_it_must_be() {
        let all: String = (0..0x100).filter_map(char::from_u32).collect();
        let mut object = Writer::with_room(0);
        object.text("a", &all);
        let read: Value = serde_json::from_slice(&object.finish()).unwrap();
        assert_eq!(read, json!({ "a": all }));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in "(\\PC|[\u{0}-\u{30}\"\\\\]){0,40}") {
            let mut object = Writer::with_room(0);
            object.text("a", &text);
            let read: Value = serde_json::from_slice(&object.finish()).unwrap();
            prop_assert_eq!(read, json!({ "a": text }));
        }
    }
}
