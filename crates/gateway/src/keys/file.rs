//! A key as a file: a line that says since when it is published, then PKCS#8 in PEM (RFC 7468).
//!
//! RFC 7468, section 5.2 lets explanatory text stand before the block, so `openssl pkey -in` reads
//! the same file. Only the text is handled here; `directory` moves it.

use super::key::Key;
use super::{Flaw, KeyError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::zeroize::Zeroizing;
use std::fmt::Write;

const STAMP: &str = "published-at:";
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// RFC 7468, section 2: the lines of a block have 64 characters.
const LINE: usize = 64;

/// The file's text. It is wiped when dropped.
pub(super) fn write(key: &Key) -> Result<Zeroizing<String>, KeyError> {
    let block = Zeroizing::new(STANDARD.encode(key.pkcs8()?.as_ref()));
    // Room for the whole at once: a string that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(2 * block.len() + 256));
    write_into(&mut text, key.published(), &block).map_err(|_| KeyError::Crypto("write a key"))?;
    Ok(text)
}

fn write_into(text: &mut String, published: i64, block: &str) -> std::fmt::Result {
    writeln!(text, "A signing key of Candor's callback gateway. Keep it secret.")?;
    writeln!(text, "{STAMP} {published}\n{BEGIN}")?;
    for (at, letter) in block.chars().enumerate() {
        if at > 0 && at % LINE == 0 {
            text.push('\n');
        }
        text.push(letter);
    }
    writeln!(text, "\n{END}")
}

/// The key in such a file.
pub(super) fn read(bytes: &[u8]) -> Result<Key, Flaw> {
    let text = std::str::from_utf8(bytes).map_err(|_| Flaw::NotText)?;
    let (before, rest) = text.split_once(BEGIN).ok_or(Flaw::NoPem)?;
    let (block, _) = rest.split_once(END).ok_or(Flaw::NoPem)?;
    let published = stamp(before).ok_or(Flaw::NoStamp)?;
    let mut letters = Zeroizing::new(Vec::with_capacity(block.len()));
    letters.extend(block.bytes().filter(|byte| !byte.is_ascii_whitespace()));
    let pkcs8 = Zeroizing::new(STANDARD.decode(&*letters).map_err(|_| Flaw::NoPem)?);
    Key::read(&pkcs8, published)
}

fn stamp(before: &str) -> Option<i64> {
    before.lines().find_map(|line| line.strip_prefix(STAMP))?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let key = Key::generate(1_795_000_000).unwrap();
        let again = read(write(&key).unwrap().as_bytes()).unwrap();
        assert_eq!((again.kid(), again.published()), (key.kid(), key.published()));
    }

    #[test]
    fn each_flaw_is_named() {
        let good = write(&Key::generate(7).unwrap()).unwrap().to_string();
        for (text, flaw) in [
            (String::new(), Flaw::NoPem),
            (good.replace(END, ""), Flaw::NoPem),
            (good.replace(BEGIN, "-----BEGIN PRIVATE KEY-----*"), Flaw::NoPem),
            (good.replace(STAMP, "since:"), Flaw::NoStamp),
            (good.replace("published-at: 7", "published-at: noon"), Flaw::NoStamp),
            (good.replacen("MII", "MIA", 1), Flaw::NotRsa),
        ] {
            assert_eq!(read(text.as_bytes()).unwrap_err(), flaw, "{text}");
        }
        assert_eq!(read(&[0xff, 0xfe]).unwrap_err(), Flaw::NotText);
    }
}
