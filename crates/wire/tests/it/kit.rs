//! Short ways to say what a test sends, and to whom.

use async_trait::async_trait;
use bytes::Bytes;
use candor_facts::{Fault, FaultKind, Sent};
use candor_wire::{
    Client, ClientSettings, Outbound, Received, Resolve, ResolveError, Target, TargetPolicy,
    Timeouts, Upload,
};
use http::Method;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How long a test waits for what never comes.
pub(crate) const SHORT: Duration = Duration::from_millis(120);

/// Gives the listed answers in turn, and the last one again and again.
#[derive(Debug)]
pub(crate) struct Names {
    answers: Vec<Vec<IpAddr>>,
    asked: AtomicUsize,
}

impl Names {
    pub(crate) fn new(answers: &[&[&str]]) -> Arc<Self> {
        let parse = |answer: &&[&str]| answer.iter().map(|ip| ip.parse().unwrap()).collect();
        Arc::new(Self { answers: answers.iter().map(parse).collect(), asked: AtomicUsize::new(0) })
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Resolve for Names {
    async fn resolve(&self, _: &str) -> Result<Vec<IpAddr>, ResolveError> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers.get(turn).or(self.answers.last());
        answer.cloned().ok_or(ResolveError::NoSuchName)
    }
}

/// A client to whom every name is 127.0.0.1.
pub(crate) fn client() -> Client {
    client_with(Names::new(&[&["127.0.0.1"]]))
}

pub(crate) fn client_with(resolver: Arc<dyn Resolve>) -> Client {
    Client::new(ClientSettings { resolver: Some(resolver), ..ClientSettings::default() }).unwrap()
}

/// Plain HTTP to loopback.
pub(crate) fn open_policy() -> TargetPolicy {
    TargetPolicy {
        allow_http: true,
        allow_cidrs: vec!["127.0.0.0/8".parse().unwrap()],
        ..TargetPolicy::default()
    }
}

pub(crate) fn target(address: SocketAddr) -> Target {
    Target::parse(&format!("http://{address}/base"), &open_policy()).unwrap()
}

pub(crate) fn get(target: &Target) -> Outbound {
    Outbound::new(Method::GET, target.path())
}

/// The same request, with less time for some phase.
pub(crate) fn hurried(mut request: Outbound, change: impl FnOnce(&mut Timeouts)) -> Outbound {
    change(&mut request.timeouts);
    request
}

pub(crate) fn post(target: &Target, body: impl Into<Bytes>) -> Outbound {
    Outbound { method: Method::POST, body: Upload::Whole(body.into()), ..get(target) }
}

/// Holds a fault against its kind and its evidence.
#[track_caller]
pub(crate) fn assert_fault(result: Result<Received, Fault>, kind: FaultKind, sent: Sent) {
    let fault = result.expect_err("an answer where a fault was expected");
    assert_eq!((fault.kind, fault.sent), (kind, sent), "{}", fault.detail);
    assert!(!fault.detail.is_empty());
}
