//! Certificates are judged as they should be, and handshakes break as the script says.

use crate::kit::SOON;
use candor_hostile::{Answer, Certificate, Hostile, StreamTurn, connection, handshake};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::{self, CertificateError, ClientConfig, RootCertStore, crypto};

const NAME: &str = "upstream.test";

async fn connect(to: &Hostile, root: &[u8], protocol: &[u8]) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(root.to_vec().into()).unwrap();
    let provider = Arc::new(crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(to.address()).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect(NAME.try_into().unwrap(), stream).await
}

/// Why a client does not trust `certificate`.
async fn refused(certificate: io::Result<Certificate>) -> CertificateError {
    let certificate = certificate.unwrap();
    let upstream = Hostile::tls(&certificate, Answer::json("{}").turn()).unwrap();
    let error = connect(&upstream, &certificate.root, b"http/1.1").await.unwrap_err();
    let error = error.into_inner().unwrap().downcast::<rustls::Error>().unwrap();
    let rustls::Error::InvalidCertificate(reason) = *error else { panic!("{error}") };
    assert_eq!(upstream.seen().begun(), 0);
    reason
}

#[tokio::test]
async fn a_good_certificate_is_trusted() {
    let certificate = Certificate::good(NAME).unwrap();
    let upstream = Hostile::tls(&certificate, Answer::json("{}").turn().closes()).unwrap();
    let mut stream = connect(&upstream, &certificate.root, b"http/1.1").await.unwrap();
    stream.write_all(crate::kit::POST.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.ends_with(b"\r\n\r\n{}"));
    assert_eq!(upstream.seen().may_have_applied(), 1);
}

#[tokio::test]
async fn bad_certificates_are_bad_in_their_own_way() {
    use CertificateError::{
        ExpiredContext, NotValidForNameContext, NotValidYetContext, UnknownIssuer,
    };
    assert!(matches!(refused(Certificate::expired(NAME)).await, ExpiredContext { .. }));
    assert!(matches!(refused(Certificate::not_yet_valid(NAME)).await, NotValidYetContext { .. }));
    assert!(matches!(refused(Certificate::self_signed(NAME)).await, UnknownIssuer));
    assert!(matches!(refused(Certificate::of_unknown_issuer(NAME)).await, UnknownIssuer));
    assert!(matches!(refused(Certificate::of_another_name()).await, NotValidForNameContext { .. }));
}

#[tokio::test]
async fn a_cut_is_no_goodbye() {
    let certificate = Certificate::good(NAME).unwrap();
    let upstream = Hostile::tls(&certificate, connection::closes_in_the_body()).unwrap();
    let mut stream = connect(&upstream, &certificate.root, b"http/1.1").await.unwrap();
    stream.write_all(crate::kit::POST.as_bytes()).await.unwrap();
    let error = stream.read_to_end(&mut Vec::new()).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn http2_is_spoken_behind_tls() {
    let certificate = Certificate::good(NAME).unwrap();
    let answer = StreamTurn::answers(Answer::json("{}"));
    let upstream = Hostile::tls_http2(&certificate, answer).unwrap();
    assert!(connect(&upstream, &certificate.root, b"http/1.1").await.is_err());
    let stream = connect(&upstream, &certificate.root, b"h2").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(async move { drop(connection.await) });
    let request = http::Request::get(upstream.url_by(NAME, "/")).body(()).unwrap();
    let (response, _) = client.send_request(request, true).unwrap();
    assert_eq!(response.await.unwrap().status(), 200);
}

#[tokio::test]
async fn handshakes_break_and_count_no_requests() {
    let root = Certificate::good(NAME).unwrap().root;
    for turn in [
        handshake::alert(),
        handshake::version_alert(),
        handshake::plain_http(),
        handshake::ssh_banner(),
        handshake::closes(),
        handshake::resets(),
        handshake::half_a_hello(),
        handshake::nonsense(),
    ] {
        let upstream = Hostile::handshake(turn.clone()).unwrap();
        assert!(connect(&upstream, &root, b"http/1.1").await.is_err(), "{turn:?}");
        assert!(upstream.saw(SOON, |seen| seen.connections == 1 && seen.begun() == 0));
    }
}
