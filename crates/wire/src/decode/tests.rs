use super::*;
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use http::HeaderValue;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::io::Write;

const WORDS: &[u8] = b"the words of an answer";
/// `WORDS`, and 16 MiB of zeros, as the reference encoder writes them.
const WORDS_BR: &[u8] = &[
    27, 21, 0, 248, 141, 148, 110, 198, 66, 212, 32, 97, 101, 116, 10, 205, 173, 56, 25, 165, 66,
    57, 232, 162, 62, 35,
];
const ZEROS_BR: &[u8] = &[
    203, 255, 255, 63, 248, 39, 0, 226, 177, 64, 32, 247, 254, 143, 255, 255, 127, 240, 79, 0, 196,
    97, 17, 128, 238, 253, 223,
];

fn coded(coding: &str, plain: &[u8]) -> Bytes {
    let best = Compression::best();
    let whole = match coding {
        "gzip" | "x-gzip" => {
            let mut encoder = GzEncoder::new(Vec::new(), best);
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        "deflate" => {
            let mut encoder = ZlibEncoder::new(Vec::new(), best);
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        "bare" => {
            let mut encoder = DeflateEncoder::new(Vec::new(), best);
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
        "zstd" => compress_to_vec(plain, CompressionLevel::Fastest),
        "br" if plain == WORDS => WORDS_BR.to_vec(),
        _ => ZEROS_BR.to_vec(),
    };
    whole.into()
}

fn read(codings: &str, body: &Bytes) -> Result<Bytes, DecodeError> {
    read_within(codings, body, DecodeLimit::default())
}

fn read_within(codings: &str, body: &Bytes, limit: DecodeLimit) -> Result<Bytes, DecodeError> {
    let value = HeaderValue::from_str(codings).unwrap();
    decode(&HeaderMap::from_iter([(header::CONTENT_ENCODING, value)]), body, limit)
}

const ALL: [(&str, &str); 6] = [
    ("gzip", "gzip"),
    ("X-GZIP", "gzip"),
    ("deflate", "deflate"),
    ("deflate", "bare"),
    ("br", "br"),
    ("zstd", "zstd"),
];

#[test]
fn every_coding_is_undone() {
    for (name, coding) in ALL {
        assert_eq!(read(name, &coded(coding, WORDS)).unwrap(), WORDS, "{name}, {coding}");
    }
}

#[test]
fn two_codings_are_undone_in_reverse_and_three_refused() {
    let twice = coded("gzip", &coded("zstd", WORDS));
    assert_eq!(read("zstd, identity, gzip", &twice).unwrap(), WORDS);
    let mut headers = HeaderMap::new();
    headers.append(header::CONTENT_ENCODING, HeaderValue::from_static("zstd"));
    headers.append(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    assert_eq!(decode(&headers, &twice, DecodeLimit::default()).unwrap(), WORDS);
    assert!(matches!(read("gzip, gzip, gzip", &twice), Err(DecodeError::TooDeep)));
    assert!(matches!(read("gzip, zip", &twice), Err(DecodeError::UnknownCoding)));
}

#[test]
fn what_is_not_coded_is_not_copied() {
    let body = Bytes::from_static(WORDS);
    let same = decode(&HeaderMap::new(), &body, DecodeLimit::default()).unwrap();
    assert_eq!(same.as_ptr(), body.as_ptr());
    assert_eq!(read("identity", &body).unwrap().as_ptr(), body.as_ptr());
    assert!(read("gzip", &Bytes::new()).unwrap().is_empty());
}

#[test]
fn a_bomb_stops_at_the_ratio_or_the_size() {
    let zeros = vec![0; 16 << 20];
    for (name, coding) in ALL {
        let bomb = coded(coding, &zeros);
        let error = read(name, &bomb).unwrap_err();
        assert_eq!(error.fault(), FaultKind::BodyTooLarge, "{name}, {coding}: {error}");
        let no_ratio = DecodeLimit { ratio: usize::MAX, ..DecodeLimit::default() };
        let error = read_within(name, &bomb, no_ratio).unwrap_err();
        assert!(matches!(error, DecodeError::TooLarge { limit: 8_388_608 }), "{error}");
    }
    let nested = coded("gzip", &coded("gzip", &zeros));
    assert!(matches!(read("gzip, gzip", &nested), Err(DecodeError::TooLarge { limit: SMALL })));
}

#[test]
fn the_bounds_are_exact() {
    for (name, coding) in ALL {
        let body = coded(coding, WORDS);
        let within = |bytes| read_within(name, &body, DecodeLimit { bytes, ratio: 100 });
        assert_eq!(within(WORDS.len()).unwrap(), WORDS);
        assert!(matches!(within(WORDS.len() - 1), Err(DecodeError::TooLarge { .. })));
    }
}

#[test]
fn a_short_text_may_compress_well() {
    let spaces = vec![b' '; 60_000];
    assert_eq!(read("gzip", &coded("gzip", &spaces)).unwrap(), spaces);
}

#[test]
fn no_cut_body_passes_for_a_whole_one() {
    for (name, coding) in ALL {
        let whole = coded(coding, WORDS);
        for end in 1..whole.len() {
            let error = read(name, &whole.slice(..end)).unwrap_err();
            assert_eq!(error.fault(), FaultKind::BodyMalformed, "{name}, {coding}: {end}");
        }
    }
}

#[test]
fn wrong_data_is_malformed() {
    for (name, coding) in ALL {
        let error = read(name, &Bytes::from_static(b"{\"not\": \"coded\"}")).unwrap_err();
        assert!(matches!(error, DecodeError::Malformed { .. }), "{name}: {error}");
        let mut twisted = coded(coding, WORDS).to_vec();
        for at in 0..twisted.len() {
            twisted[at] ^= 0x55;
            drop(read(name, &twisted.clone().into()));
            twisted[at] ^= 0x55;
        }
    }
    for coding in ["gzip", "deflate", "zstd"] {
        let mut twisted = coded(coding, WORDS).to_vec();
        let last = if coding == "gzip" { twisted.len() - 5 } else { twisted.len() - 1 };
        twisted[last] ^= 1;
        let error = read(coding, &twisted.into()).unwrap_err();
        assert!(matches!(error, DecodeError::Malformed { .. }), "{coding}'s checksum: {error}");
    }
}

#[test]
fn what_follows_the_end_is_told_with_the_body() {
    for (name, coding) in ALL {
        let longer = [&coded(coding, WORDS)[..], b"\r\n--"].concat();
        match read(name, &longer.into()) {
            Err(DecodeError::Trailing { extra: 4, body }) => assert_eq!(body, WORDS),
            other => panic!("{name}, {coding}: {other:?}"),
        }
    }
}

#[test]
fn parts_are_joined_but_not_without_end() {
    for coding in ["gzip", "zstd"] {
        let part = coded(coding, WORDS);
        assert_eq!(read(coding, &part.repeat(3).into()).unwrap(), WORDS.repeat(3));
        let flood = coded(coding, b"").repeat(MOST_PARTS + 1);
        assert!(read(coding, &flood.into()).is_err());
    }
    let skippable = b"\x50\x2a\x4d\x18\x03\0\0\0abc";
    let with_note = [&skippable[..], &coded("zstd", WORDS)].concat();
    assert_eq!(read("zstd", &with_note.into()).unwrap(), WORDS);
}

#[test]
fn a_giant_window_is_refused_before_it_is_made() {
    // A Zstandard frame that wants 2 GiB, and a Brotli stream with a large window.
    let zstd = Bytes::from_static(b"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00");
    assert!(matches!(read("zstd", &zstd), Err(DecodeError::Malformed { .. })));
    let brotli = Bytes::from_static(b"\x11\x1e\x03\x00\x00");
    assert!(matches!(read("br", &brotli), Err(DecodeError::Malformed { .. })));
}

#[test]
fn the_beginning_of_a_coded_body_is_told_before_its_end() {
    let said = |coding: &str, body: &Bytes| {
        let value = HeaderValue::from_str(coding).unwrap();
        beginning(&HeaderMap::from_iter([(header::CONTENT_ENCODING, value)]), body).unwrap()
    };
    // Too varied to be coded in a few bytes, so that a part of the coded body says a part of it.
    let words: Vec<String> = (0..4000_u64).map(|n| (n * n * 7919 % 9973).to_string()).collect();
    let page = format!("<!doctype html>{}", words.concat());
    for (name, coding) in [("gzip", "gzip"), ("deflate", "deflate"), ("deflate", "bare")] {
        let whole = coded(coding, page.as_bytes());
        let half = said(name, &whole.slice(..whole.len() / 2));
        assert!(half.starts_with(b"<!doctype html>") && page.as_bytes().starts_with(&half));
    }
    assert!(WORDS.starts_with(&said("br", &Bytes::from_static(&WORDS_BR[..20]))));
    let zstd = coded("zstd", page.as_bytes());
    assert_eq!(said("zstd", &zstd), page);
    assert_eq!(said("zstd", &zstd.slice(..20)), "");
    assert_eq!(said("gzip", &Bytes::from_static(b"not gzip")), "");
    assert_eq!(said("identity", &Bytes::from_static(b"as it is")), "as it is");
    assert!(said("br", &ZEROS_BR.into()).len() <= SMALL);
}
