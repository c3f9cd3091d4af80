//! TLS towards callers: what is spoken, who is let in, and what is said of bad files.

use crate::gateway::{Made, before};
use crate::raw;
use candor_gateway::{ClientCertificates, TlsFiles, TlsSettings};
use candor_wire::TlsVersion;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

const NAME: &str = "gateway.test";
const GET: &[u8] = b"GET /x HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n";

type Versions = &'static [&'static SupportedProtocolVersion];
static OLD: Versions = &[&TLS12];
static NEW: Versions = &[&TLS13];
static BOTH: Versions = &[&TLS13, &TLS12];

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate and its key.
struct Leaf {
    pem: String,
    der: Vec<u8>,
    key: KeyPair,
}

fn leaf(authority: &Authority, usage: ExtendedKeyUsagePurpose) -> Leaf {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![NAME.to_owned()]).unwrap();
    params.extended_key_usages = vec![usage];
    let certificate = params.signed_by(&key, authority).unwrap();
    Leaf { pem: certificate.pem(), der: certificate.der().to_vec(), key }
}

/// A folder with the files of a gateway, and the authority that vouches for it.
struct Files {
    folder: TempDir,
    authority: Authority,
    tls: TlsFiles,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = authority("An authority of these tests");
        let server = leaf(&authority, ExtendedKeyUsagePurpose::ServerAuth);
        let certificate = write(&folder, "certificate.pem", &server.pem);
        let key = write(&folder, "key.pem", &server.key.serialize_pem());
        let clients = ClientCertificates::Unasked;
        let tls = TlsFiles { certificate, key, clients, least: TlsVersion::V1_2 };
        Self { folder, authority, tls }
    }

    fn asking(clients: fn(PathBuf) -> ClientCertificates) -> Self {
        let mut files = Self::new();
        let path = write(&files.folder, "clients.pem", &files.authority.pem());
        files.tls.clients = clients(path);
        files
    }

    fn gateway(&self) -> Made {
        let mut made = before("http://127.0.0.1:1/");
        made.tls = Some(TlsSettings::read(&self.tls).unwrap());
        made
    }
}

fn write(folder: &TempDir, name: &str, text: &str) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// How a caller speaks.
struct Caller<'c> {
    authority: &'c Authority,
    versions: Versions,
    shows: Option<&'c Leaf>,
    alpn: &'static [&'static [u8]],
}

impl<'c> Caller<'c> {
    fn of(files: &'c Files) -> Self {
        Self { authority: &files.authority, versions: BOTH, shows: None, alpn: &[] }
    }

    async fn connect(&self, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.der().clone()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_protocol_versions(self.versions).unwrap();
        let builder = builder.with_root_certificates(roots);
        let mut config = match self.shows {
            None => builder.with_no_client_auth(),
            Some(leaf) => {
                let chain = vec![CertificateDer::from(leaf.der.clone())];
                let key = PrivatePkcs8KeyDer::from(leaf.key.serialize_der());
                builder.with_client_auth_cert(chain, key.into()).unwrap()
            }
        };
        config.alpn_protocols = self.alpn.iter().map(|name| name.to_vec()).collect();
        let stream = TcpStream::connect(address).await?;
        TlsConnector::from(Arc::new(config)).connect(NAME.try_into().unwrap(), stream).await
    }

    async fn get(&self, address: SocketAddr) -> std::io::Result<String> {
        let mut stream = self.connect(address).await?;
        stream.write_all(GET).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer.lines().next().unwrap_or_default().to_owned())
    }
}

const LET_IN: &str = "HTTP/1.1 404 Not Found";

#[tokio::test(flavor = "multi_thread")]
async fn both_versions_and_both_protocols_are_spoken() {
    let files = Files::new();
    let gateway = files.gateway().start();
    for versions in [OLD, NEW] {
        let caller = Caller { versions, ..Caller::of(&files) };
        assert_eq!(caller.get(gateway.address()).await.unwrap(), LET_IN);
    }
    let caller = Caller { alpn: &[b"http/1.1", b"h2"], ..Caller::of(&files) };
    let stream = caller.connect(gateway.address()).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let driven = tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let request = http::Request::get("https://g/x").body(()).unwrap();
    let (answer, _) = client.send_request(request, true).unwrap();
    assert_eq!(answer.await.unwrap().status(), 404);
    driven.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_older_than_the_least_version_is_refused() {
    let mut files = Files::new();
    files.tls.least = TlsVersion::V1_3;
    let gateway = files.gateway().start();
    let old = Caller { versions: OLD, ..Caller::of(&files) };
    assert!(old.get(gateway.address()).await.is_err());
    assert_eq!(Caller::of(&files).get(gateway.address()).await.unwrap(), LET_IN);
}

/// A hello of TLS 1.1, written by hand: the library that these tests call by does not speak it.
#[tokio::test(flavor = "multi_thread")]
async fn tls_1_1_is_refused() {
    let files = Files::new();
    let gateway = files.gateway().start();
    let body =
        [&[3, 2][..], &[7; 32], &[0], &[0, 4, 0xc0, 0x13, 0, 0x2f], &[1, 0], &[0, 0]].concat();
    let length = u8::try_from(body.len()).unwrap();
    let hello = [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &body].concat();
    let mut stream = raw::connect(gateway.address());
    stream.write_all(&hello).unwrap();
    let answer = raw::read_to_end(&mut stream);
    // A fatal alert: protocol_version (70), or handshake_failure (40) by a library that goes on.
    assert!(matches!(answer.as_slice(), [21, 3, _, 0, 2, 2, 70 | 40]), "{answer:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_asked_for_must_be_shown_and_good() {
    let files = Files::asking(ClientCertificates::Required);
    let gateway = files.gateway().start();
    let good = leaf(&files.authority, ExtendedKeyUsagePurpose::ClientAuth);
    let of_a_server = leaf(&files.authority, ExtendedKeyUsagePurpose::ServerAuth);
    let strange = leaf(&authority("Another authority"), ExtendedKeyUsagePurpose::ClientAuth);
    for versions in [OLD, NEW] {
        let by = |shows| Caller { versions, shows, ..Caller::of(&files) };
        assert_eq!(by(Some(&good)).get(gateway.address()).await.unwrap(), LET_IN);
        for bad in [None, Some(&strange), Some(&of_a_server)] {
            assert!(by(bad).get(gateway.address()).await.is_err());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_may_be_shown_and_must_be_good_then() {
    let files = Files::asking(ClientCertificates::Optional);
    let gateway = files.gateway().start();
    let good = leaf(&files.authority, ExtendedKeyUsagePurpose::ClientAuth);
    let strange = leaf(&authority("Another authority"), ExtendedKeyUsagePurpose::ClientAuth);
    let by = |shows| Caller { shows, ..Caller::of(&files) };
    assert_eq!(by(None).get(gateway.address()).await.unwrap(), LET_IN);
    assert_eq!(by(Some(&good)).get(gateway.address()).await.unwrap(), LET_IN);
    assert!(by(Some(&strange)).get(gateway.address()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_http_is_told_to_speak_https() {
    let gateway = Files::new().gateway().start();
    let answers = raw::exchange(gateway.address(), &[GET]);
    assert_eq!((answers.len(), answers[0].status.as_u16()), (1, 400));
    assert!(raw::detail(&answers[0]).contains("https://"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_that_does_not_come_is_given_up() {
    let mut made = Files::new().gateway();
    made.door.handshake_time = Duration::from_millis(60);
    let gateway = made.start();
    for begun in [&b""[..], &[22], &[22, 3, 1, 2, 0, 1, 0]] {
        let mut slow = raw::connect(gateway.address());
        slow.write_all(begun).unwrap();
        assert!(matches!(slow.read(&mut [0]), Ok(0) | Err(_)));
    }
}

/// What is refused over TLS is told over TLS.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_secret_too() {
    let files = Files::new();
    let gateway = files.gateway().start();
    let mut stream = Caller::of(&files).connect(gateway.address()).await.unwrap();
    stream.write_all(b"GET /x HTTP/1.1\nHost: g\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(raw::detail(&raw::answers(&answer)[0]).contains("CR LF"));
}

#[test]
fn bad_files_are_told_with_what_to_do() {
    let good = Files::new();
    let other = Files::new();
    let folder = &good.folder;
    let empty = write(folder, "empty.pem", "");
    let torn =
        write(folder, "torn.pem", "-----BEGIN CERTIFICATE-----\n***\n-----END CERTIFICATE-----\n");
    let gone = folder.path().join("gone.pem");
    let said = |change: &dyn Fn(&mut TlsFiles)| {
        let mut files = good.tls.clone();
        change(&mut files);
        TlsSettings::read(&files).unwrap_err().to_string()
    };
    let path = |path: &Path| path.display().to_string();
    let table = [
        (said(&|f| f.certificate.clone_from(&gone)), path(&gone), "cannot read"),
        (said(&|f| f.certificate.clone_from(&empty)), path(&empty), "holds no certificate"),
        (said(&|f| f.certificate.clone_from(&torn)), path(&torn), "is not PEM"),
        (
            said(&|f| f.certificate.clone_from(&f.key.clone())),
            path(&good.tls.key),
            "holds no certificate",
        ),
        (
            said(&|f| f.key.clone_from(&f.certificate.clone())),
            path(&good.tls.certificate),
            "holds no private key",
        ),
        (said(&|f| f.key.clone_from(&other.tls.key)), path(&other.tls.key), "is not the key of"),
        (
            said(&|f| f.clients = ClientCertificates::Required(empty.clone())),
            path(&empty),
            "holds no certificate",
        ),
    ];
    for (said, path, words) in table {
        assert!(said.contains(&path) && said.contains(words), "{said}");
    }
}
