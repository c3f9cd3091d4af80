//! The bytes that do not stand for themselves in a string of JSON (RFC 8259, section 7): the quote, the
//! backslash, and the control characters. Looked for in eight bytes at once.

/// The highest bit of each byte of `word` that is special. Bits above the first one may be wrong, for
/// subtracting borrows; the first is right.
pub(super) fn special(word: u64) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let zero = |bytes: u64| bytes.wrapping_sub(EACH) & !bytes;
    let control = word.wrapping_sub(EACH * 0x20) & !word;
    let quote = zero(word ^ (EACH * u64::from(b'"')));
    let backslash = zero(word ^ (EACH * u64::from(b'\\')));
    (control | quote | backslash) & (EACH * 0x80)
}

/// Whether `byte` is special.
pub(super) fn is_special(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..0x20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_special_byte_is_found_at_each_place() {
        for byte in 0..=u8::MAX {
            for at in 0..8 {
                for around in [b'a', 0x80, 0xff, b' '] {
                    let mut word = [around; 8];
                    word[at] = byte;
                    let found = special(u64::from_le_bytes(word));
                    let first = (found != 0).then(|| found.trailing_zeros() as usize / 8);
                    assert_eq!(first, is_special(byte).then_some(at), "{word:?}");
                }
            }
        }
    }
}
