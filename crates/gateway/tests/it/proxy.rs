//! Calls that leave through a proxy: what it does wrong is its own doing, and the vendor's way stays
//! open for whoever needs none.

use crate::gateway::{Called, Made, Started, before};
use crate::routes::{get, route};
use candor_gateway::Route;
use candor_hostile::{Answer, Hostile, Turn, Until, connection};
use candor_wire::{NoProxy, ProxyCredentials, ProxySettings, Target, TargetPolicy, WayOut};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A proxy that opens every tunnel, and the heads of what it was asked.
struct Site {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Site {
    fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, heads) = (listener.local_addr().unwrap(), Arc::default());
        let told = Arc::clone(&heads);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let told = Arc::clone(&told);
                std::thread::spawn(move || tunnel(stream.unwrap(), &told));
            }
        });
        Self { address, heads }
    }

    fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }
}

fn tunnel(mut near: TcpStream, told: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && near.read(&mut byte).is_ok_and(|count| count == 1) {
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let mut far = TcpStream::connect(head.split(' ').nth(1).unwrap()).unwrap();
    told.lock().unwrap().push(head);
    near.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
    let (mut from, mut to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
    let out = std::thread::spawn(move || {
        let _until_the_end = std::io::copy(&mut from, &mut to);
        to.shutdown(Shutdown::Write)
    });
    let _until_the_end = std::io::copy(&mut far, &mut near);
    let _closed = near.shutdown(Shutdown::Both);
    let _closed = out.join().unwrap();
}

fn at(address: SocketAddr) -> ProxySettings {
    ProxySettings::new(format!("http://{address}"))
}

fn vendor() -> Hostile {
    Hostile::http1(Answer::json(r#"{"status":"ok"}"#).turn()).unwrap()
}

/// A route of this name to a vendor, which leaves by this way.
fn leaving(name: &str, vendor: &Hostile, way_out: WayOut) -> Route {
    let allow_cidrs = vec!["127.0.0.0/8".parse().unwrap()];
    let open = TargetPolicy { allow_http: true, allow_cidrs, ..TargetPolicy::default() };
    let target = Target::parse(&vendor.url("/"), &TargetPolicy { way_out, ..open }).unwrap();
    let (name, prefix) = (name.to_owned(), format!("/{name}"));
    Route { name, prefix, target, ..route(vendor, "open2b") }
}

fn through(proxy: Option<ProxySettings>, routes: Vec<Route>) -> Started {
    Made { routes, proxy, ..before("http://127.0.0.1:1/") }.start()
}

#[tokio::test]
async fn calls_leave_by_the_sites_proxy_by_a_routes_own_or_straight() {
    let (vendor, site, own) = (vendor(), Site::open(), Site::open());
    let credentials = ProxyCredentials::basic("candor", "secret").ok();
    let of_route = ProxySettings { credentials, ..at(own.address) };
    let routes = vec![
        leaving("sites", &vendor, WayOut::Sites),
        leaving("own", &vendor, WayOut::Through(Box::new(of_route))),
        leaving("straight", &vendor, WayOut::Straight),
    ];
    let gateway = through(Some(at(site.address)), routes);
    for (name, asked) in [("sites", (1, 0)), ("own", (1, 1)), ("straight", (1, 1))] {
        let answer = get(&gateway, &format!("/{name}"), "Authorization: for-the-vendor\r\n").await;
        assert_eq!(
            (answer.status(), (site.heads().len(), own.heads().len())),
            (200, asked),
            "{name}"
        );
    }
    let (site, own) = (site.heads().remove(0), own.heads().remove(0));
    assert!(site.starts_with(&format!("CONNECT {} HTTP/1.1\r\n", vendor.address())), "{site}");
    assert!(!site.contains("Authorization"), "{site}");
    assert!(own.contains("\r\nProxy-Authorization: Basic Y2FuZG9yOnNlY3JldA==\r\n"), "{own}");
    assert!(!own.contains("for-the-vendor"), "{own}");
}

#[tokio::test]
async fn what_lies_inside_is_called_straight() {
    let (vendor, site) = (vendor(), Site::open());
    let no_proxy: Vec<NoProxy> = vec!["127.0.0.0/8".parse().unwrap()];
    let proxy = ProxySettings { no_proxy, ..at(site.address) };
    let gateway = through(Some(proxy), vec![leaving("inside", &vendor, WayOut::Sites)]);
    assert_eq!(get(&gateway, "/inside", "").await.status(), 200);
    assert_eq!(site.heads(), [""; 0]);
}

/// What a caller is told behind a proxy that does this to every tunnel.
async fn behind(turn: Turn) -> (Called, usize) {
    let (vendor, proxy) = (vendor(), Hostile::http1(turn).unwrap());
    let route = Route {
        timeout: Duration::from_millis(250),
        repeats: false,
        ..leaving("shop", &vendor, WayOut::Sites)
    };
    let answer = get(&through(Some(at(proxy.address())), vec![route]), "/shop", "").await;
    (answer, vendor.seen().connections)
}

#[tokio::test]
async fn a_proxys_own_failure_is_the_proxys_and_not_the_vendors() {
    let says =
        |status: &str| Turn::new().reads(Until::Head).says(format!("HTTP/1.1 {status}\r\n\r\n"));
    for (turn, kind, row, safe) in [
        (
            says("407 Proxy Authentication Required"),
            "proxy_unauthenticated",
            "proxy-credentials",
            false,
        ),
        (says("403 Forbidden"), "proxy_refused", "proxy-refused", false),
        (says("502 Bad Gateway"), "proxy_failed", "proxy-unavailable", true),
        (says("504 Gateway Timeout"), "proxy_failed", "proxy-unavailable", true),
        (connection::mute_before_the_head(), "proxy_timed_out", "proxy-unavailable", true),
        (
            Turn::new().reads(Until::Head).says("SSH-2.0-x\r\n"),
            "proxy_malformed",
            "proxy-refused",
            false,
        ),
        (connection::closes_after_the_requests_head(), "proxy_failed", "proxy-unavailable", true),
    ] {
        let (answer, reached) = behind(turn).await;
        let problem = answer.json();
        assert_eq!(problem["attempts"][0]["fault"], kind, "{problem:#}");
        assert_eq!(answer.header("candor-row"), format!("open2b@7.8/around.{row}"), "{kind}");
        let told =
            ["class", "origin", "outcome"].map(|name| problem[name].as_str().unwrap().to_owned());
        assert_eq!(told, ["unreachable", "intermediary", "unsent"], "{kind}");
        assert_eq!(problem["retry"]["safe"], safe, "{kind}: {problem:#}");
        assert_eq!(reached, 0, "{kind}");
    }
}

#[tokio::test]
async fn the_vendors_502_through_a_tunnel_is_the_vendors() {
    let vendor = Hostile::http1(Answer::json("{}").status(502).turn()).unwrap();
    let site = Site::open();
    let route = Route { repeats: false, ..leaving("shop", &vendor, WayOut::Sites) };
    let answer = get(&through(Some(at(site.address)), vec![route]), "/shop", "").await;
    assert_eq!(
        (answer.header("candor-class"), answer.header("candor-outcome")),
        ("unavailable", "unknown")
    );
    assert_eq!((site.heads().len(), vendor.seen().connections), (1, 1));
}
