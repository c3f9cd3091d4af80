//! Server certificates of a service: uploaded, installed, deleted.
//!
//! The frame of a PEM text is looked at (RFC 7468), what is inside is not read: whose name is on a
//! certificate and how long it is valid is made up from the service and the moment of the upload.

use super::act::{Act, Answer};
use super::body::Fields;
use super::page::{LARGEST_PAGE, Page, sorted};
use super::plan::Job;
use super::refuse::{bad, missing};
use super::shown::host;
use super::work::Work;
use super::world::{Certificate, MAX_CERTIFICATES, State};
use super::write::{created, gone, moment, ok};
use crate::stage::Refusal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The longest certificate and key, in characters.
const LONGEST_PEM: usize = 65_536;
/// How long an uploaded certificate is valid.
const VALID_FOR: SignedDuration = SignedDuration::from_hours(365 * 24);

/// `GET .../serverCertificates`
pub(super) fn list(act: &mut Act<'_>) -> Answer {
    let (_, service) = act.service()?;
    let page = Page::read(act.call, LARGEST_PAGE)?;
    let items = service.certificates.iter().map(|(id, known)| view(id, known)).collect();
    Ok(page.answer(sorted(act.call, items, &["id", "subjectCN", "validityNotAfter"])?))
}

/// `GET .../serverCertificates/{id}`
pub(super) fn get(act: &mut Act<'_>) -> Answer {
    let (_, id, certificate) = certificate(act)?;
    Ok(ok(&view(id, certificate)))
}

/// `POST .../serverCertificates`. The same certificate a second time fails when it is at work, as
/// the API does it.
pub(super) fn upload(act: &mut Act<'_>) -> Answer {
    let (service_id, service) = act.service()?;
    let known = ["certificate", "privateKey", "passphrase"];
    let mut body = Fields::read(act.call, "server certificate", &known)?;
    let pem = body.required("certificate", LONGEST_PEM);
    if !pem.trim().is_empty() && !is_pem(&pem, "CERTIFICATE") {
        body.wrong("certificate", "must be a certificate in PEM format");
    }
    let key = body.required("privateKey", LONGEST_PEM);
    if !key.trim().is_empty() && !is_pem(&key, "PRIVATE KEY") {
        body.wrong("privateKey", "must be a private key in PEM format");
    }
    body.text("passphrase", 100);
    body.done()?;
    if service.certificates.len() >= MAX_CERTIFICATES {
        return Err(bad("The event broker service has reached its limit of server certificates."));
    }
    let (id, certificate) = uploaded(&pem, host(service), act.call.now);
    let service_id = service_id.to_owned();
    let done = |state: &State| created(&shown(state, &service_id, &id));
    let work = Work::UploadCertificate { id: id.clone(), certificate };
    act.undertake(Job { service_id: &service_id, birth: None, work, done: &done })
}

/// `POST .../serverCertificates/{id}/install`
pub(super) fn install(act: &mut Act<'_>) -> Answer {
    let (service_id, id, certificate) = certificate(act)?;
    if act.call.bytes().is_some() {
        let mut body = Fields::read(act.call, "server certificate", &["passphrase"])?;
        body.text("passphrase", 100);
        body.done()?;
    }
    if certificate.installed {
        return Err(bad("The server certificate is installed already."));
    }
    let (service_id, id) = (service_id.to_owned(), id.to_owned());
    let done = |state: &State| ok(&shown(state, &service_id, &id));
    let work = Work::InstallCertificate { id: id.clone() };
    act.undertake(Job { service_id: &service_id, birth: None, work, done: &done })
}

/// `DELETE .../serverCertificates/{id}`
pub(super) fn delete(act: &mut Act<'_>) -> Answer {
    let (service_id, id, certificate) = certificate(act)?;
    if certificate.installed {
        return Err(bad("You cannot delete a server certificate that is installed."));
    }
    let service_id = service_id.to_owned();
    let work = Work::DeleteCertificate { id: id.to_owned() };
    act.undertake(Job { service_id: &service_id, birth: None, work, done: &|_| gone() })
}

/// What the path names: the service's id, the certificate's, and the certificate.
fn certificate<'a>(act: &'a Act<'_>) -> Result<(&'a str, &'a str, &'a Certificate), Refusal> {
    let (service_id, service) = act.service()?;
    let id = act.segment(1);
    let certificate = service.certificates.get(id);
    let certificate = certificate.ok_or_else(|| missing("server certificate", id))?;
    Ok((service_id, id, certificate))
}

/// Whether a text is one PEM block whose label ends so, as `EC PRIVATE KEY` does.
fn is_pem(text: &str, label: &str) -> bool {
    let inner = || {
        let (head, rest) = text.trim().strip_prefix("-----BEGIN ")?.split_once("-----")?;
        let body = rest.strip_suffix(&format!("-----END {head}-----"))?;
        head.ends_with(label).then_some(body)
    };
    let compact = |body: &str| body.split_whitespace().collect::<String>();
    inner().is_some_and(|body| !body.trim().is_empty() && STANDARD.decode(compact(body)).is_ok())
}

/// A certificate as it is kept, with an id that follows from it.
fn uploaded(pem: &str, subject_cn: String, now: Timestamp) -> (String, Certificate) {
    let bytes = pem.trim().as_bytes();
    let sha1 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, bytes);
    let sha256 = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    let certificate = Certificate {
        sha1_thumbprint: hex(sha1.as_ref(), 40),
        subject_cn,
        not_before: now,
        not_after: now.saturating_add(VALID_FOR).unwrap_or(Timestamp::MAX),
        installed: false,
    };
    (hex(sha256.as_ref(), 32), certificate)
}

/// The first digits of bytes, in hexadecimal.
fn hex(bytes: &[u8], digits: usize) -> String {
    let halves = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    halves.filter_map(|half| char::from_digit(u32::from(half), 16)).take(digits).collect()
}

fn view(id: &str, certificate: &Certificate) -> Value {
    let Certificate { sha1_thumbprint, subject_cn, not_before, not_after, installed } = certificate;
    json!({
        "id": id,
        "type": "serverCertificate",
        "certificateType": "CUSTOM",
        "installed": installed,
        "subjectCN": subject_cn,
        "serialNumber": sha1_thumbprint.chars().take(16).collect::<String>(),
        "sha1Thumbprint": sha1_thumbprint,
        "validityNotBefore": moment(*not_before),
        "validityNotAfter": moment(*not_after),
    })
}

fn shown(state: &State, service_id: &str, id: &str) -> Value {
    let service = state.services.get(service_id);
    let certificate = service.and_then(|service| service.certificates.get(id));
    certificate.map(|certificate| view(id, certificate)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pem_text_is_framed_by_its_label() {
        let pem = |label: &str| format!("-----BEGIN {label}-----\nAQID\n-----END {label}-----\n");
        assert!(is_pem(&pem("CERTIFICATE"), "CERTIFICATE"));
        assert!(is_pem(&pem("EC PRIVATE KEY"), "PRIVATE KEY"));
        assert!(!is_pem(&pem("CERTIFICATE"), "PRIVATE KEY"));
        for text in ["", "AQID", "-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----x"] {
            assert!(!is_pem(text, "CERTIFICATE"), "{text}");
        }
        assert!(!is_pem(&pem("CERTIFICATE").replace("AQID", "!"), "CERTIFICATE"));
        assert!(!is_pem(&pem("CERTIFICATE").replace("AQID", ""), "CERTIFICATE"));
    }
}
