//! The bodies that need a look: what is compressed can be expanded.

use candor_hostile::{Answer, bodies};
use std::io::Write;
use std::process::{Command, Stdio};

#[test]
fn an_honest_answer_is_framed_honestly() {
    let bytes = Answer::json("{}").status(503).with("Retry-After", "1").bytes();
    let expected = "HTTP/1.1 503 Scripted\r\nContent-Type: application/json\r\nRetry-After: 1\r\n\
                    Content-Length: 2\r\n\r\n{}";
    assert_eq!(bytes, expected.as_bytes());
}

#[test]
fn depth_is_as_told() {
    assert_eq!(bodies::deep_json(100_000).body.len(), 200_000);
    assert!(bodies::deep_open_json(3).body.ends_with(br#"{"error":"#));
}

/// What `gzip -dc` makes of `bytes`; `None` where there is no such program.
fn expanded(bytes: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut command = Command::new("gzip");
    command.arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().ok()?;
    let mut stdin = child.stdin.take()?;
    let bytes = bytes.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&bytes));
    let output = child.wait_with_output().ok()?;
    drop(writer.join());
    Some((output.stdout, output.status.success()))
}

#[test]
fn what_is_compressed_expands() {
    let Some((text, fine)) = expanded(&bodies::gzip().body) else { return };
    assert_eq!((text.as_slice(), fine), (&br#"{"status":"ok"}"#[..], true));
    let bomb = bodies::gzip_bomb(2).body;
    let (text, fine) = expanded(&bomb).unwrap();
    assert!(fine && text.len() == 2 << 20 && text.iter().all(|byte| *byte == b' '));
    assert!(text.len() / bomb.len() > 150, "{}", bomb.len());
    assert!(!expanded(&bodies::gzip_truncated().body).unwrap().1);
}
