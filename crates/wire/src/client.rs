//! The client: one call from a checked target to a complete answer.

use crate::arriving::{Arriving, Home, Source};
use crate::connect::Connector;
use crate::exchange::{self, Call, Trouble};
use crate::guard::Guard;
use crate::http2::{self, Multiplexed};
use crate::message::{Outbound, Received, Timing, compose, for_http1, for_http2};
use crate::pool::{Connection, Link, Pool, PoolLimits};
use crate::proxy::{Proxy, ProxyError, ProxySettings};
use crate::resolve::{Resolve, ResolveError, SystemResolver};
use crate::target::Target;
use crate::upload::{Supervised, Upload};
use candor_facts::{Fault, FaultKind, Sent};
use http::{Request, Version};
use hyper::client::conn::http1;
use std::sync::Arc;
use tokio::time::Instant;

/// The most that hyper buffers of an HTTP/1.1 answer, and of what is sent: an answer that nobody takes
/// costs no more. Left to itself hyper buffers up to 400 KiB.
const BUFFER: usize = 64 * 1024;

/// Calls upstreams over HTTP/1.1 and HTTP/2. Cheap to clone; clones share their kept connections.
///
/// Works on a current-thread and on a multi-threaded tokio runtime. Connections are driven by
/// tasks of the runtime on which they were opened, so a client should not outlive it.
#[derive(Debug, Clone)]
pub struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    connector: Connector,
    pool: Arc<Pool>,
}

/// What a client is made of. All of it has defaults.
#[derive(Debug, Clone, Default)]
pub struct ClientSettings {
    /// Which addresses are never called, beyond the built-in table.
    pub guard: Guard,
    /// How names are resolved; by the machine's own configuration where this is `None`.
    pub resolver: Option<Arc<dyn Resolve>>,
    /// How long and how many connections are kept.
    pub pool: PoolLimits,
    /// The bounds of an answer's head.
    pub head: HeadLimits,
    /// The proxy through which calls leave the site, if they must; a target's policy may say another
    /// way.
    pub proxy: Option<ProxySettings>,
}

/// The bounds of an answer's head.
#[derive(Debug, Clone, Copy)]
pub struct HeadLimits {
    /// Its most bytes: 32 KiB. In HTTP/2 those of the header list, where each field counts 32 more
    /// than its text.
    pub bytes: usize,
    /// Its most fields: 100.
    pub fields: usize,
}

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The machine's name resolution could not be set up.
    #[error("name resolution could not be set up")]
    Resolver(#[from] ResolveError),
    /// The site's outbound proxy cannot be used.
    #[error("the outbound proxy cannot be used")]
    Proxy(#[from] ProxyError),
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self { bytes: 32 * 1024, fields: 100 }
    }
}

// === impl Client ===

impl Client {
    /// A client without connections. Opens nothing and sends nothing.
    pub fn new(settings: ClientSettings) -> Result<Self, SetupError> {
        let ClientSettings { guard, resolver, pool, head, proxy } = settings;
        let proxy = proxy.map(Proxy::new).transpose()?;
        let resolver = match resolver {
            Some(given) => given,
            None => Arc::new(SystemResolver::new()?),
        };
        let mut http1 = http1::Builder::new();
        http1.max_header_size(head.bytes).max_buf_size(BUFFER.max(head.bytes));
        // Where the number is hyper's own it is not told, for told it is made room for by each answer.
        if head.fields != HeadLimits::default().fields {
            http1.max_headers(head.fields);
        }
        let connector = Connector { resolver, guard, http1, head, proxy };
        Ok(Self(Arc::new(Shared { connector, pool: Arc::new(Pool::new(pool)) })))
    }

    /// Sends `request` to `target` once, and reads the whole answer, as [`Self::begin`] and
    /// [`Arriving::whole`] do.
    ///
    /// # Errors
    ///
    /// A [`Fault`] says what failed and how much of the request had left by then.
    pub async fn send(&self, target: &Target, request: Outbound) -> Result<Received, Fault> {
        self.begin(target, request).await?.whole().await
    }

    /// Sends `request` to `target` once, and waits for the answer's head. Every answer is `Ok`,
    /// whatever its status; redirects are not followed.
    ///
    /// The one thing that is done again without asking: a kept connection that turns out to be
    /// closed, or going to be, before the request was handed to it is replaced by a fresh one.
    ///
    /// An answer may come before the whole of a body that is passed on: it is an answer. One that
    /// refuses the request, 400 or above, ends the upload at once; with any other the upload goes on
    /// for as long as the answer does (RFC 9110, section 7.5). The connection is not used again then.
    ///
    /// # Errors
    ///
    /// A [`Fault`] says what failed and how much of the request had left by then. Its kind is
    /// `upload_…` where it was the caller's own body that failed.
    pub async fn begin(&self, target: &Target, request: Outbound) -> Result<Arriving, Fault> {
        self.begin_at(target, &request, Instant::now(), request.deadline).await
    }

    /// The same for a request that may be sent again: it is `now`, and this sending must be over at
    /// `deadline`, which counts in place of the request's own.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn begin_at(
        &self,
        target: &Target,
        request: &Outbound,
        now: Instant,
        deadline: Instant,
    ) -> Result<Arriving, Fault> {
        let call = Call::of(request, deadline);
        if !request.body.is_repeatable() {
            return Err(spent());
        }
        let mut message = compose(target, request);
        if let Some(kept) = self.0.pool.take(target.id(), now) {
            let timing = Timing { reused: true, ..Timing::default() };
            let tried = match kept {
                Link::Lone(kept) => self.on_lone(kept, target, message, &call, now, timing).await,
                Link::Shared(kept) => {
                    Box::pin(self.on_shared(&kept, target, message, &call, timing)).await
                }
            };
            match tried {
                Ok(answer) => return Ok(answer),
                Err(Trouble::Unsent(again, _)) => message = again,
                Err(Trouble::Fault(fault)) => return Err(stale(fault)),
            }
        }
        // The rare and large half of the future is boxed, so that the common half stays small.
        Box::pin(self.on_fresh(target, message, &call)).await
    }

    async fn on_fresh(
        &self,
        target: &Target,
        message: Box<Request<Upload>>,
        call: &Call,
    ) -> Result<Arriving, Fault> {
        let mut timing = Timing::default();
        let fresh = self.open(target, call, &mut timing).await?;
        match self.on(fresh, target, message, call, timing).await {
            Ok(answer) => Ok(answer),
            Err(Trouble::Unsent(_, fault) | Trouble::Fault(fault)) => Err(fault),
        }
    }

    /// A connection that was not kept: a fresh one, or one that another call has opened for all in
    /// the meantime.
    async fn open(&self, target: &Target, call: &Call, timing: &mut Timing) -> Result<Link, Fault> {
        let Shared { connector, pool } = &*self.0;
        let Some(gate) = pool.gate(target) else {
            return connector.open(target, call, timing).await;
        };
        let turn = gate.turn(call).await?;
        if let Some(shared) = pool.shared(target.id()) {
            timing.reused = true;
            return Ok(Link::Shared(shared));
        }
        if pool.gate(target).is_none() {
            drop(turn);
            return connector.open(target, call, timing).await;
        }
        match connector.open(target, call, timing).await {
            Ok(link) => {
                pool.note(target.id(), &link);
                Ok(link)
            }
            Err(fault) => {
                turn.failed(&fault, call);
                Err(fault)
            }
        }
    }

    async fn on(
        &self,
        link: Link,
        target: &Target,
        message: Box<Request<Upload>>,
        call: &Call,
        timing: Timing,
    ) -> Result<Arriving, Trouble> {
        match link {
            Link::Lone(connection) => {
                self.on_lone(connection, target, message, call, Instant::now(), timing).await
            }
            Link::Shared(connection) => {
                self.on_shared(&connection, target, message, call, timing).await
            }
        }
    }

    async fn on_shared(
        &self,
        connection: &Arc<Multiplexed>,
        target: &Target,
        mut message: Box<Request<Upload>>,
        call: &Call,
        timing: Timing,
    ) -> Result<Arriving, Trouble> {
        for_http2(&mut message, target);
        let result = http2::run(connection, *message, call, timing).await;
        if result.as_ref().is_err_and(Trouble::ends_the_connection) {
            self.0.pool.forget(target.id(), connection);
        }
        result
    }

    /// A connection is kept only after an exchange that ended well on both sides, which its body's
    /// end decides.
    async fn on_lone(
        &self,
        mut connection: Connection,
        target: &Target,
        mut message: Box<Request<Upload>>,
        call: &Call,
        started: Instant,
        mut timing: Timing,
    ) -> Result<Arriving, Trouble> {
        for_http1(&mut message, target);
        let (parts, body) = message.into_parts();
        let (content, upload) = body.set_out();
        let request = Request::from_parts(parts, connection.meter.begin(content));
        let until = call.until_after(started, call.timeouts.head);
        let head = exchange::head(&mut connection, request, upload.as_ref(), call, until);
        let (head, incoming) = head.await?.into_parts();
        let headed = Instant::now();
        timing.upload = upload.as_ref().map(Supervised::took).unwrap_or_default();
        timing.head = headed.duration_since(started).saturating_sub(timing.upload);
        // What speaks HTTP/1.0 takes no chunks, so that a body could not be passed on there.
        let kept = head.version != Version::HTTP_10;
        let home = Home { connection, pool: Arc::clone(&self.0.pool), target: target.id(), kept };
        let source = Source::Lone(incoming, Some(home));
        Ok(Arriving::new(head, source, upload, call, headed, timing))
    }
}

/// A body that is passed on can be sent once.
fn spent() -> Fault {
    let words = "the body was begun to be sent before, and cannot be sent again";
    Fault::new(FaultKind::UploadBroken, Sent::Nothing, words)
}

/// A kept connection that broke before anything left is stale, even where the request did not come
/// back and so could not be sent again here.
fn stale(fault: Fault) -> Fault {
    match (fault.kind, fault.sent) {
        (FaultKind::SendBroken, Sent::Nothing) => {
            Fault { kind: FaultKind::StaleConnection, ..fault }
        }
        _ => fault,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sent::{Meter, Metered};
    use crate::target::TargetPolicy;
    use http::Method;
    use hyper_util::rt::TokioIo;
    use std::net::Ipv4Addr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::net::TcpListener;

    /// A kept connection whose other end is in the test's hands.
    async fn keep(client: &Client, target: &Target) -> DuplexStream {
        let meter = Arc::new(Meter::default());
        let (near, far) = duplex(1 << 16);
        let io = TokioIo::new(Metered::new(near, Arc::clone(&meter)));
        let (sender, driver) = http1::Builder::new().handshake(io).await.unwrap();
        tokio::spawn(async move { drop(driver.await) });
        client.0.pool.put(target.id(), Connection::new(sender, meter));
        far
    }

    /// Answers one connection, and says what it was asked.
    async fn answer_one(listener: TcpListener) -> String {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut asked = vec![0; 4096];
        let count = stream.read(&mut asked).await.unwrap();
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
        String::from_utf8_lossy(&asked[..count]).into_owned()
    }

    async fn setup() -> (Client, Target, TcpListener) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let allow_cidrs = vec!["127.0.0.1/32".parse().unwrap()];
        let policy = TargetPolicy { allow_http: true, allow_cidrs, ..TargetPolicy::default() };
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let target = Target::parse(&url, &policy).unwrap();
        (Client::new(ClientSettings::default()).unwrap(), target, listener)
    }

    fn post(target: &Target) -> Outbound {
        Outbound { body: "once".into(), ..Outbound::new(Method::POST, target.path()) }
    }

    /// On one thread the end of the kept connection is not noticed before the next request is
    /// handed to it: the task that would notice has had no turn.
    #[tokio::test]
    async fn a_stale_connection_is_replaced_and_the_request_sent_once() {
        for had_a_turn in [false, true] {
            let (client, target, listener) = setup().await;
            let server = tokio::spawn(answer_one(listener));
            let mut far = keep(&client, &target).await;
            if had_a_turn {
                tokio::task::yield_now().await;
            }
            far.shutdown().await.unwrap();
            let answer = client.send(&target, post(&target)).await.unwrap();
            assert!(!answer.timing.reused);
            assert!(server.await.unwrap().ends_with("\r\n\r\nonce"));
            let mut leaked = Vec::new();
            far.read_to_end(&mut leaked).await.unwrap();
            assert_eq!(leaked, b"");
        }
    }

    #[tokio::test]
    async fn a_kept_connection_that_spoke_unasked_is_replaced() {
        let (client, target, listener) = setup().await;
        let server = tokio::spawn(answer_one(listener));
        let mut far = keep(&client, &target).await;
        tokio::task::yield_now().await;
        far.write_all(b"HTTP/1.1 408 Request Timeout\r\n\r\n").await.unwrap();
        let answer = client.send(&target, post(&target)).await.unwrap();
        assert_eq!(answer.status.as_u16(), 204);
        assert!(server.await.unwrap().ends_with("\r\n\r\nonce"));
    }

    #[test]
    fn only_a_break_before_anything_left_is_stale() {
        let kind = |kind, sent| stale(Fault::new(kind, sent, "")).kind;
        assert_eq!(kind(FaultKind::SendBroken, Sent::Nothing), FaultKind::StaleConnection);
        assert_eq!(kind(FaultKind::SendBroken, Sent::Part), FaultKind::SendBroken);
        assert_eq!(kind(FaultKind::HeadClosed, Sent::All), FaultKind::HeadClosed);
    }
}
