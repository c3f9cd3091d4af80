//! Handshakes that succeed, and what follows them.

use crate::kit::{client, get, post};
use crate::peer::Peer;
use crate::tls_kit::{
    BOTH, OLD, as_is, authority, below, issued, peer, revoked, server, strict_server, target,
    trusting, with,
};
use candor_facts::FaultKind;
use candor_wire::{ClientIdentity, Target, TargetError, TargetPolicy, TlsVersion, Versions};
use http::Version;
use rcgen::{CertificateParams, GeneralSubtree, KeyPair, NameConstraints, PublicKeyData, SanType};
use rustls::ServerConfig;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// The digest by which a key is pinned.
fn pin(key: &KeyPair) -> [u8; 32] {
    let digest =
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &key.subject_public_key_info());
    digest.as_ref().try_into().unwrap()
}

async fn accepted(name: &str, config: ServerConfig, policy: &TargetPolicy) {
    let peer = peer(config).await;
    let target = target(&peer, policy);
    let answer = client().send(&target, get(&target)).await;
    assert_eq!(answer.map_err(|fault| (name.to_owned(), fault)).unwrap().body, "fine");
}

#[tokio::test]
async fn a_good_certificate_is_accepted_and_its_connection_kept() {
    let root = authority("root");
    for versions in [BOTH, OLD] {
        let peer = peer(server(issued(&root, as_is), versions)).await;
        let (client, target) = (client(), target(&peer, &trusting(&root)));
        for _ in 0..5 {
            let answer = client.send(&target, post(&target, "body")).await.unwrap();
            assert_eq!(answer.body, "fine");
        }
        assert_eq!(peer.accepted(), 1);
    }
}

#[tokio::test]
async fn an_address_can_be_certified() {
    let root = authority("root");
    let identity = issued(&root, |params| {
        params.subject_alt_names = vec![SanType::IpAddress(Ipv4Addr::LOCALHOST.into())];
    });
    let peer = peer(server(identity, BOTH)).await;
    let target = Target::parse(&format!("https://{}", peer.address), &trusting(&root)).unwrap();
    client().send(&target, get(&target)).await.unwrap();
}

#[tokio::test]
async fn a_wildcard_stands_for_one_label() {
    let root = authority("root");
    let wild = issued(&root, |params| {
        params.subject_alt_names = vec![SanType::DnsName("*.peer.test".try_into().unwrap())];
    });
    let peer = peer(server(wild, BOTH)).await;
    let url = format!("https://api.peer.test:{}", peer.address.port());
    let target = Target::parse(&url, &trusting(&root)).unwrap();
    client().send(&target, get(&target)).await.unwrap();
}

#[tokio::test]
async fn chains_and_names_that_are_in_order_are_accepted() {
    let root = authority("root");
    let middle = below(&root, as_is);
    let policy = trusting(&root);
    let chain = with(issued(&middle, as_is), &middle);
    accepted("an intermediate", server(chain, BOTH), &policy).await;
    let bound = below(&root, |params| {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: vec![GeneralSubtree::DnsName("peer.test".to_owned())],
            excluded_subtrees: Vec::new(),
        });
    });
    let chain = with(issued(&bound, as_is), &bound);
    accepted("within its constraints", server(chain, BOTH), &policy).await;
    let strict = TargetPolicy { min_tls: TlsVersion::V1_3, ..trusting(&root) };
    accepted("TLS 1.3", server(issued(&root, as_is), BOTH), &strict).await;
}

#[tokio::test]
async fn a_list_that_does_not_name_the_certificate_is_no_matter() {
    let root = authority("root");
    let identity = issued(&root, |params| params.serial_number = Some(7.into()));
    let crls = vec![revoked(&root, &[8]), revoked(&authority("other"), &[7])];
    let policy = TargetPolicy { crls, ..trusting(&root) };
    accepted("not on the list", server(identity, BOTH), &policy).await;
}

#[test]
fn lists_need_own_roots() {
    let root = authority("root");
    let crls = vec![revoked(&root, &[8])];
    let policy = TargetPolicy { crls: crls.clone(), ..TargetPolicy::default() };
    let result = Target::parse("https://a.example", &policy);
    assert!(matches!(result, Err(TargetError::RevocationRoots)));
    let policy = TargetPolicy { crls: vec![b"nonsense".to_vec().into()], ..trusting(&root) };
    assert!(matches!(Target::parse("https://a.example", &policy), Err(TargetError::Tls(_))));
}

#[tokio::test]
async fn a_pinned_key_is_accepted_whichever_certificate_bears_it() {
    let root = authority("root");
    let key = KeyPair::generate().unwrap();
    let policy = TargetPolicy { pins: vec![[7; 32], pin(&key)], ..trusting(&root) };
    for name in ["first", "second"] {
        let mut params = CertificateParams::new(vec!["peer.test".to_owned()]).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        let certificate = params.signed_by(&key, &root).unwrap();
        let key = KeyPair::from_pem(&key.serialize_pem()).unwrap();
        let identity = (vec![certificate.der().clone()], key.into());
        accepted(name, server(identity, BOTH), &policy).await;
    }
}

// === the versions of HTTP ===

/// A server that speaks HTTP/2 and nothing else.
async fn http2_peer(mut config: ServerConfig) -> Peer {
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Peer::new(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let Ok(mut connection) = h2::server::handshake(stream).await else { return };
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                let answer = http::Response::new(());
                let mut body = respond.send_response(answer, false).unwrap();
                body.send_data("fine".into(), true).unwrap();
            }
        }
    })
    .await
}

#[tokio::test]
async fn the_peer_chooses_the_version_of_http() {
    let root = authority("root");
    for http in [Versions::Both, Versions::Http2Only] {
        let peer = http2_peer(server(issued(&root, as_is), BOTH)).await;
        let policy = TargetPolicy { http, ..trusting(&root) };
        let (client, target) = (client(), target(&peer, &policy));
        for reused in [false, true, true] {
            let answer = client.send(&target, post(&target, "body")).await.unwrap();
            assert_eq!((answer.version, answer.timing.reused), (Version::HTTP_2, reused));
            assert_eq!(answer.body, "fine");
        }
        assert_eq!(peer.accepted(), 1);
    }
    for alpn in [vec![], vec![b"http/1.1".to_vec()]] {
        let mut config = server(issued(&root, as_is), BOTH);
        config.alpn_protocols = alpn;
        let peer = peer(config).await;
        let target = target(&peer, &trusting(&root));
        let answer = client().send(&target, get(&target)).await.unwrap();
        assert_eq!(answer.version, Version::HTTP_11);
    }
}

#[tokio::test]
async fn an_alert_that_comes_late_is_told_over_http2_too() {
    let root = authority("root");
    let peer = http2_peer(strict_server(issued(&root, as_is), &root, BOTH)).await;
    let target = target(&peer, &trusting(&root));
    let fault = client().send(&target, post(&target, "body")).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::TlsAlert, "{}", fault.detail);
}

// === client certificates ===

#[tokio::test]
async fn a_client_certificate_is_shown() {
    let root = authority("root");
    let (chain, key) = issued(&root, as_is);
    let client_identity = Some(Arc::new(ClientIdentity { chain, key }));
    let policy = TargetPolicy { client: client_identity, ..trusting(&root) };
    for versions in [BOTH, OLD] {
        let config = strict_server(issued(&root, as_is), &root, versions);
        accepted("a client certificate", config, &policy).await;
    }
}
