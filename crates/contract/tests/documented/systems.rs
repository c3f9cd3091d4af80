//! What each vendor's document says an answer looks like, written out by hand.

use super::{End, Line};
use candor_facts::{FaultKind, HeldKind};

/// Exchanges that the document describes with `line`, each in the document's own form.
pub(super) fn exchanges(contract: &str, line: &Line) -> Vec<End> {
    match (contract, line.section) {
        ("acronis-callback", "Communication errors") => callback_communication(line.code),
        ("acronis-callback", _) => callback(line.status),
        ("acronis-platform", "Error codes") => platform_code(line),
        ("acronis-platform", _) => platform_status(line.status),
        ("atlassian-backup", "Error codes") => vec![atlassian_code(line)],
        ("atlassian-backup", _) => atlassian_status(line),
        ("solace-cloud", _) => solace(line.status),
        ("open2b", "Common errors") => vec![open2b_common(line)],
        ("open2b", "Other errors") => open2b_other(line),
        ("open2b", _) => open2b_redirects(line.status),
        _ => Vec::new(),
    }
}

/// An answer with a JSON body.
fn json(status: &str, body: &str) -> End {
    End::Answer(format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\r\n{body}"))
}

fn without_body(status: &str) -> End {
    End::Answer(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n"))
}

/// Answers with each of the statuses.
fn each(statuses: &[&str], answer: impl Fn(&str) -> End) -> Vec<End> {
    statuses.iter().map(|status| answer(status)).collect()
}

// === Acronis: Callback error handling ===

/// The error example of "Callback handler response" has no `type`.
const CALLBACK_ERROR: &str = r#"{
  "request_id": "6f1c5a0e-64d7-4a2f-9a3c-0d2b8a1f7c11",
  "response_id": "0b9e1b51-6b0e-4a51-92d5-4f3b5d3c1d55",
  "err_message": "The organization is unknown."
}"#;

fn callback(status: &str) -> Vec<End> {
    let statuses = match status {
        "500-599" => &["500 Internal Server Error", "503 Service Unavailable", "599 Failed"][..],
        one => &[one][..],
    };
    let mut ends = each(statuses, without_body);
    ends.extend(each(statuses, |status| json(status, CALLBACK_ERROR)));
    ends
}

fn callback_communication(error: &str) -> Vec<End> {
    use FaultKind as F;
    let faults = |kinds: &[FaultKind]| kinds.iter().map(|kind| End::Fault(*kind)).collect();
    match error {
        "TLS handshake failed" => {
            faults(&[F::TlsAlert, F::TlsClosed, F::NotTls, F::TlsVersion, F::TlsMisbehaved])
        }
        "Invalid SSL certificate" => faults(&[
            F::CertificateExpired,
            F::CertificateNotYetValid,
            F::UnknownIssuer,
            F::SelfSigned,
            F::WrongName,
            F::CertificateRevoked,
            F::CertificateUnsuitable,
            F::PinMismatch,
        ]),
        "Server is unreachable" => {
            faults(&[F::NoSuchName, F::NoRoute, F::ConnectionRefused, F::ConnectTimedOut])
        }
        "Connection timed out" => faults(&[F::HeadTimedOut, F::BodyTimedOut, F::SendTimedOut]),
        "Unexpected 2xx-3xx response" => {
            each(&["200 OK", "202 Accepted", "204 No Content", "302 Found", "399"], without_body)
        }
        "Unexpected 4xx response" => {
            each(&["400 Bad Request", "404 Not Found", "409 Conflict", "499"], |status| {
                json(status, CALLBACK_ERROR)
            })
        }
        "Response schema error" => vec![undeclared("200 OK", r#"{"payload":{}}"#)],
        "Request schema error" => vec![End::Held(HeldKind::RequestSchema)],
        _ => Vec::new(),
    }
}

fn undeclared(status: &str, body: &str) -> End {
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n\r\n");
    End::Undeclared(head + body)
}

// === Acronis: Status and error codes ===

fn platform_error(code: &str, message: &str) -> String {
    format!(
        r#"{{"error":{{"code":{code},"message":"{message}","details":{{"info":"{message} \"1415032\"","addition":[{{"id":"1415032"}}]}},"context":{{"id":"1415032"}},"domain":"PlatformAccountServer"}}}}"#
    )
}

fn platform_status(status: &str) -> Vec<End> {
    match status {
        "20x" => {
            vec![json("200 OK", "{}"), json("201 Created", "{}"), without_body("204 No Content")]
        }
        "50x" => {
            let statuses = ["500", "502", "503", "504", "509"];
            each(&statuses, |status| json(status, &platform_error(status, "A service issue.")))
        }
        one => vec![json(one, &platform_error(one, "It failed.")), json(one, "{}")],
    }
}

/// The table of codes names no status; its only example is a 400. `error.code` may be a text too.
fn platform_code(line: &Line) -> Vec<End> {
    match line.code {
        "4xx-5xx" => each(&["402", "418", "426", "451", "499"], |status| {
            json(status, &platform_error(status, "HTTP error."))
        }),
        code => vec![
            json("400 Bad Request", &platform_error(code, line.text)),
            json("400 Bad Request", &platform_error(&format!("\"{code}\""), line.text)),
        ],
    }
}

// === Atlassian: Status codes ===

fn atlassian_status(line: &Line) -> Vec<End> {
    let success = line.status.starts_with('2');
    let body = if success { r#"{"policyId":"7"}"# } else { r#"{"errorMessage":"It failed."}"# };
    vec![json(line.status, body), json(line.status, "{}")]
}

fn atlassian_code(line: &Line) -> End {
    let message = filled(line.text);
    json(line.status, &format!(r#"{{"errorCode":"{}","errorMessage":"{message}"}}"#, line.code))
}

/// A documented wording with values in its slots, of the kind that they get: `{}`, `{PRODUCT}`,
/// `<Field>`.
pub(crate) fn filled(text: &str) -> String {
    const VALUES: [(&str, &str); 7] = [
        ("{PRODUCT}", "JIRA"),
        ("{exportId}", "e-77"),
        ("{importId}", "i-77"),
        ("{}", "b3c1f9d2-2a41-4f0c-8e6b-5d1f0a7c9e10"),
        ("<Field>", "salePriceFrom"),
        ("<OtherField>", "group"),
        ("<Method>", "commerce.giftCards.find"),
    ];
    VALUES.iter().fold(text.to_owned(), |text, (slot, value)| text.replace(slot, value))
}

// === Solace: Error Handling ===

const SOLACE_ERROR: &str = r#"{
  "message": "Unable to create messaging service US-EAST-Prod-1",
  "errorId": "b05e5062-80c6-45f5-9b0c-c2f69bb7114a"
}"#;

fn solace(status: &str) -> Vec<End> {
    match status {
        "Any 5xx error" => {
            let statuses = ["500 Internal Server Error", "502 Bad Gateway", "504", "599"];
            each(&statuses, |status| json(status, SOLACE_ERROR))
        }
        "202" => vec![End::Answer(
            "HTTP/1.1 202 Accepted\r\nLocation: /api/v2/operations/7\r\n\r\n".to_owned(),
        )],
        "204" => vec![without_body("204 No Content")],
        "200" | "201" => vec![json(status, r#"{"data":{"id":"7"}}"#)],
        error => vec![json(error, SOLACE_ERROR)],
    }
}

// === Open2b: Error handling ===

fn open2b_common(line: &Line) -> End {
    // The document prints the field of an `UnknownField` as `unknown`.
    let field = match line.code {
        "UnknownField" => "unknown".to_owned(),
        _ if line.text.contains("<Method>") => filled("<Method>"),
        _ => filled("<Field>"),
    };
    let (kind, description) = (line.code, filled(line.text));
    let error = format!(r#"{{"field":"{field}","type":"{kind}","description":"{description}"}}"#);
    json(line.status, &format!(r#"{{"status":"error","error":{error}}}"#))
}

/// The wording stands in the status line; a client that shows no reason phrases finds it in the
/// plain body.
fn open2b_other(line: &Line) -> Vec<End> {
    let Line { status, text, .. } = line;
    let wait = if *status == "503" { "X-Wait-Seconds: 30\r\n" } else { "" };
    vec![
        End::Answer(format!("HTTP/1.1 {status} {text}\r\n{wait}Content-Length: 0\r\n\r\n")),
        End::Answer(format!("HTTP/2 {status}\r\n{wait}Content-Type: text/plain\r\n\r\n{text}")),
        End::Answer(format!("HTTP/2 {status}\r\n{wait}\r\n{status} {text}\n")),
    ]
}

/// "300, 301, 302, 303, 307"
fn open2b_redirects(status: &str) -> Vec<End> {
    let statuses = ["300", "301", "302", "303", "307"];
    let redirect = |status: &str| {
        End::Answer(format!("HTTP/1.1 {status}\r\nLocation: https://shop.example/\r\n\r\n"))
    };
    if status == "3xx" { each(&statuses, redirect) } else { Vec::new() }
}
