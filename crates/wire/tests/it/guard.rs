//! Nothing that the guard refuses is ever connected to, however it is written.

use crate::kit::{Names, assert_fault, client, client_with, get};
use crate::peer::{Peer, keep_answering};
use candor_facts::{FaultKind, Sent};
use candor_wire::{Client, ClientSettings, Guard, Target, TargetPolicy};
use std::net::Ipv4Addr;
use tokio::net::TcpListener;

const FINE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

/// Hosts that are this machine, its network, or a cloud's metadata service.
const FORBIDDEN: &[&str] = &[
    // 127.0.0.1 in its many spellings
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "0x7f.1",
    "0x7f.0.0.1",
    "0x7f000001",
    "0X7F000001",
    "2130706433",
    "017700000001",
    "0177.0.0.1",
    "0177.1",
    "0177.0.0.01",
    "127.0.0.1.",
    "0x7f.0x0.0x0.0x1",
    "00000177.0.0.1",
    "127.000.000.001",
    "127.255.255.254",
    "127.0.0.53",
    "１２７.０.０.１",
    "127。0。0。1",
    "①②⑦.⓪.⓪.①",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    // "this" network and broadcast
    "0",
    "0.0.0.0",
    "0x0",
    "0.1",
    "255.255.255.255",
    "4294967295",
    // IPv6
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[::ffff:0:7f00:1]",
    "[::FFFF:7F00:0001]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:7f00:1::]",
    "[2002:7f00:0001::1]",
    "[2002:a9fe:a9fe::1]",
    "[2002:c0a8:101::1]",
    "[fe80::5efe:127.0.0.1]",
    "[2606:4700::5efe:7f00:1]",
    "[2606:4700::200:5efe:7f00:1]",
    "[2001:0:7f00:1::1]",
    "[2001::1]",
    "[fe80::1]",
    "[fec0::1]",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[5f00::1]",
    "[100::1]",
    "[100:0:0:1::1]",
    // private and shared networks
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "192.168.257",
    "100.64.0.1",
    "100.127.255.255",
    "0xa.1",
    "012.0.0.1",
    "167772161",
    "3232235777",
    "[::ffff:10.0.0.1]",
    "[::ffff:192.168.1.1]",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.0.2.1",
    "192.88.99.1",
    "224.0.0.1",
    "240.0.0.1",
    // metadata services
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[fd00:ec2::254]",
    "[fd20:ce::254]",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "169.254.170.2",
    "169.254.170.23",
    // names of loopback
    "localhost",
    "LOCALHOST",
    "localhost.",
    "api.localhost",
    "ｌｏｃａｌｈｏｓｔ",
    "loc%61lhost",
];

fn closed_policy() -> TargetPolicy {
    TargetPolicy { allow_http: true, ..TargetPolicy::default() }
}

#[tokio::test]
async fn no_spelling_of_a_forbidden_address_is_connected_to() {
    assert!(FORBIDDEN.len() >= 60);
    let peer = Peer::new(|stream| keep_answering(stream, FINE)).await;
    let client = Client::new(ClientSettings::default()).unwrap();
    for host in FORBIDDEN {
        let url = format!("http://{host}:{}/", peer.address.port());
        let target = Target::parse(&url, &closed_policy()).unwrap();
        let result = client.send(&target, get(&target)).await;
        assert_fault(result, FaultKind::AddressRefused, Sent::Nothing);
    }
    assert_eq!(peer.accepted(), 0);
}

#[tokio::test]
async fn one_forbidden_address_refuses_the_whole_name() {
    let peer = Peer::new(|stream| keep_answering(stream, FINE)).await;
    let url = format!("http://a.example:{}/", peer.address.port());
    let allowed = vec!["127.0.0.1/32".parse().unwrap()];
    let policy = TargetPolicy { allow_cidrs: allowed, ..closed_policy() };
    let target = Target::parse(&url, &policy).unwrap();
    for mixed in [["127.0.0.1", "10.0.0.1"], ["fd00::1", "127.0.0.1"]] {
        let result = client_with(Names::new(&[&mixed])).send(&target, get(&target)).await;
        assert_fault(result, FaultKind::AddressRefused, Sent::Nothing);
    }
    let mut many = vec!["127.0.0.1"; 20];
    many.push("10.0.0.1");
    let result = client_with(Names::new(&[&many])).send(&target, get(&target)).await;
    assert_fault(result, FaultKind::AddressRefused, Sent::Nothing);
    assert_eq!(peer.accepted(), 0);
}

/// The allowed 127.0.0.2 stands for a public address, 127.0.0.1 for what must not be reached.
#[tokio::test]
async fn a_rebinding_name_reaches_only_what_was_judged() {
    let inside = Peer::new(|stream| keep_answering(stream, FINE)).await;
    let listener = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 2), inside.address.port()));
    let outside = Peer::on(listener.await.unwrap(), |stream| async move {
        let mut stream = stream;
        crate::peer::request(&mut stream).await;
        crate::peer::say(&mut stream, FINE.as_bytes()).await;
    });
    let allowed = vec!["127.0.0.2/32".parse().unwrap()];
    let policy = TargetPolicy { allow_cidrs: allowed, ..closed_policy() };
    let url = format!("http://rebind.example:{}/", inside.address.port());
    let names = Names::new(&[&["127.0.0.2"], &["127.0.0.1"]]);
    let client = client_with(names.clone());

    let target = Target::parse(&url, &policy).unwrap();
    client.send(&target, get(&target)).await.unwrap();
    assert_eq!((names.asked(), outside.accepted()), (1, 1));
    let again = Target::parse(&url, &policy).unwrap();
    let result = client.send(&again, get(&again)).await;
    assert_fault(result, FaultKind::AddressRefused, Sent::Nothing);
    assert_eq!((names.asked(), inside.accepted()), (2, 0));
}

#[tokio::test]
async fn this_processes_own_listener_is_refused() {
    let peer = Peer::new(|stream| keep_answering(stream, FINE)).await;
    let guard = Guard { own: vec![peer.address], ..Guard::default() };
    let client = Client::new(ClientSettings { guard, ..ClientSettings::default() }).unwrap();
    let target = crate::kit::target(peer.address);
    let result = client.send(&target, get(&target)).await;
    assert_fault(result, FaultKind::AddressRefused, Sent::Nothing);
    assert_eq!(peer.accepted(), 0);
}

#[tokio::test]
async fn an_allowed_range_is_called() {
    let peer = Peer::new(|stream| keep_answering(stream, FINE)).await;
    let target = crate::kit::target(peer.address);
    client().send(&target, get(&target)).await.unwrap();
    assert_eq!(peer.accepted(), 1);
}
