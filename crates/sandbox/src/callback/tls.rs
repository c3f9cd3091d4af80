//! The handler's TLS: certificates made at the start, by an authority of the sandbox's own.
//!
//! The one file of the sandbox that names rustls.

use super::conditions::TlsProfile;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::{TLS12, TLS13};
use std::fmt;
use std::io;
use std::sync::Arc;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Under which names the handler is reached on this machine.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

type Authority = CertifiedIssuer<'static, KeyPair>;

/// A way to answer handshakes for each profile that has one.
pub(super) struct Tls {
    good: Arc<ServerConfig>,
    expired: Arc<ServerConfig>,
    self_signed: Arc<ServerConfig>,
    wrong_name: Arc<ServerConfig>,
    tls12_only: Arc<ServerConfig>,
    authority: String,
}

impl Tls {
    /// Makes an authority and its certificates.
    pub(super) fn new() -> io::Result<Self> {
        let authority = authority().map_err(io::Error::other)?;
        let all = [&TLS13, &TLS12];
        let issued = |names: &[&str], change: fn(&mut CertificateParams)| {
            issued(&authority, names, change).map_err(io::Error::other)
        };
        let good = issued(&NAMES, |_| {})?;
        Ok(Self {
            tls12_only: config(&good, &[&TLS12])?,
            good: config(&good, &all)?,
            expired: config(&issued(&NAMES, ended)?, &all)?,
            self_signed: config(&self_signed().map_err(io::Error::other)?, &all)?,
            wrong_name: config(&issued(&["another.example"], |_| {})?, &all)?,
            authority: authority.pem(),
        })
    }

    /// The authority's certificate, as PEM: what a caller must trust.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Answers a handshake as the profile has it; `None` where it is to be left unanswered.
    pub(super) async fn accept(
        &self,
        stream: TcpStream,
        profile: TlsProfile,
    ) -> Option<io::Result<TlsStream<TcpStream>>> {
        let config = match profile {
            TlsProfile::Good => &self.good,
            TlsProfile::Expired => &self.expired,
            TlsProfile::SelfSigned => &self.self_signed,
            TlsProfile::WrongName => &self.wrong_name,
            TlsProfile::Tls12Only => &self.tls12_only,
            TlsProfile::Plaintext | TlsProfile::Mute | TlsProfile::Closed => return None,
        };
        Some(TlsAcceptor::from(Arc::clone(config)).accept(stream).await)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

type Pair = (CertificateDer<'static>, KeyPair);

fn authority() -> Result<Authority, rcgen::Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "Candor sandbox authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn issued(
    authority: &Authority,
    names: &[&str],
    change: fn(&mut CertificateParams),
) -> Result<Pair, rcgen::Error> {
    let (mut params, key) = (params(names)?, KeyPair::generate()?);
    change(&mut params);
    Ok((params.signed_by(&key, authority)?.der().clone(), key))
}

fn self_signed() -> Result<Pair, rcgen::Error> {
    let key = KeyPair::generate()?;
    Ok((params(&NAMES)?.self_signed(&key)?.der().clone(), key))
}

fn params(names: &[&str]) -> Result<CertificateParams, rcgen::Error> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "Northwind callback handler");
    Ok(params)
}

fn ended(params: &mut CertificateParams) {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
}

fn config(
    (certificate, key): &Pair,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> io::Result<Arc<ServerConfig>> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .map_err(io::Error::other)?;
    Ok(Arc::new(config))
}
