//! The guarded connector: the only place that opens outbound sockets.
//!
//! Resolve once, judge every address, connect to exactly those, and look who answered. There is no
//! second look-up between judging and connecting that could give another address.

use crate::cause;
use crate::client::HeadLimits;
use crate::exchange::Call;
use crate::guard::Guard;
use crate::http2;
use crate::message::Timing;
use crate::pool::{Connection, Link};
use crate::proxy::Proxy;
use crate::resolve::{Resolve, ResolveError, is_this_machine};
use crate::road::Road;
use crate::sent::{Meter, Metered};
use crate::stream::Stream;
use crate::target::{Place, Speech, Target, Way};
use crate::tls::{self, Secured, Tls};
use crate::tunnel;
use candor_facts::{Fault, FaultKind, Sent};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

/// How many of a name's addresses are tried. All of them are judged.
const MOST_ADDRESSES: usize = 8;

/// Opens connections.
#[derive(Debug)]
pub(crate) struct Connector {
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) guard: Guard,
    pub(crate) http1: http1::Builder,
    pub(crate) head: HeadLimits,
    pub(crate) proxy: Option<Proxy>,
}

impl Connector {
    /// A fresh connection to `target`, ready for a request. Nothing of the request is sent here.
    pub(crate) async fn open(
        &self,
        target: &Target,
        call: &Call,
        timing: &mut Timing,
    ) -> Result<Link, Fault> {
        let road = self.road(target, call, timing).await?;
        let mut clock = Instant::now();
        let meter = Arc::new(Meter::default());
        let stream = secure(Metered::new(road, Arc::clone(&meter)), target.tls(), call).await?;
        timing.handshake = lap(&mut clock);
        match (target.speech(), stream.agreed_on_http2()) {
            (Speech::Open | Speech::Http2, true) => self.speak_http2(stream, &meter).await,
            (Speech::Http2, false) if target.tls().is_none() => {
                self.speak_http2(stream, &meter).await
            }
            (Speech::Http2, false) => {
                Err(fault(FaultKind::TlsMisbehaved, "the peer did not choose HTTP/2"))
            }
            (Speech::Http1 | Speech::Open, _) => self.speak_http1(stream, meter).await,
        }
    }

    /// The way to `target`: straight, or through the site's proxy.
    async fn road(&self, target: &Target, call: &Call, timing: &mut Timing) -> Result<Road, Fault> {
        let mut clock = Instant::now();
        let proxy = self.proxy_for(target).filter(|proxy| !proxy.spares(target.place()));
        if let Some(proxy) = proxy.filter(|proxy| !proxy.resolve_locally) {
            self.judge_unresolved(target)?;
            let end = target.place().with_port(target.port());
            let road = Box::pin(self.tunnel(proxy, &[end], call)).await?;
            timing.connect = lap(&mut clock);
            return Ok(road);
        }
        let addresses = self.addresses(target, call).await?;
        timing.resolve = lap(&mut clock);
        self.judge(&addresses, target)?;
        let inside = |proxy: &Proxy| addresses.iter().all(|at| proxy.spares_address(at.ip()));
        let road = match proxy.filter(|proxy| !inside(proxy)) {
            None => {
                let until = call.until(call.timeouts.connect);
                Road::Plain(self.dial(&addresses, until).await?)
            }
            Some(proxy) => {
                let ends: Vec<String> = tried(&addresses).iter().map(ToString::to_string).collect();
                Box::pin(self.tunnel(proxy, &ends, call)).await?
            }
        };
        timing.connect = lap(&mut clock);
        Ok(road)
    }

    /// The proxy that calls to `target` go through, unless it spares them.
    fn proxy_for<'p>(&'p self, target: &'p Target) -> Option<&'p Proxy> {
        match target.way_out() {
            Way::Sites => self.proxy.as_ref(),
            Way::Straight => None,
            Way::Through(proxy) => Some(proxy),
        }
    }

    async fn addresses(&self, target: &Target, call: &Call) -> Result<Vec<SocketAddr>, Fault> {
        let name = match target.place() {
            Place::Address(address) => return Ok(vec![(*address, target.port()).into()]),
            Place::Name(name) => name,
        };
        let until = call.until(call.timeouts.resolve);
        let found = match timeout_at(until, self.resolver.resolve(name)).await {
            Ok(found) => found,
            Err(_) => Err(ResolveError::TimedOut),
        };
        match found {
            Ok(found) if found.is_empty() => Err(unsent(&ResolveError::NoSuchName)),
            Ok(found) => Ok(found.into_iter().map(|ip| (ip, target.port()).into()).collect()),
            Err(error) => Err(unsent(&error)),
        }
    }

    /// A tunnel to one of these ends. Where the proxy cannot reach one, it is asked for the next.
    async fn tunnel(&self, proxy: &Proxy, ends: &[String], call: &Call) -> Result<Road, Fault> {
        let addresses = self.addresses(&proxy.at, call).await.map_err(|fault| by_proxy(&fault))?;
        let admitted = addresses.iter().try_for_each(|address| self.guard.admit_proxy(*address));
        admitted
            .map_err(|refused| tunnel::fault(FaultKind::ProxyUnreachable, &refused.to_string()))?;
        let until = call.until(call.timeouts.connect + call.timeouts.handshake);
        let mut last = None;
        for (end, left) in ends.iter().zip((1..=ends.len()).rev()) {
            let opened = self.tunnel_to(end, proxy, &addresses, call, share(until, left)).await;
            match opened {
                Err(fault) if fault.kind == FaultKind::ProxyFailed => last = Some(fault),
                Ok(_) | Err(_) => return opened,
            }
        }
        Err(last
            .unwrap_or_else(|| tunnel::fault(FaultKind::ProxyFailed, "there is no end to ask for")))
    }

    async fn tunnel_to(
        &self,
        end: &str,
        proxy: &Proxy,
        addresses: &[SocketAddr],
        call: &Call,
        until: Instant,
    ) -> Result<Road, Fault> {
        let opening = async {
            let socket = self.dial(addresses, until).await.map_err(|fault| by_proxy(&fault))?;
            let mut road = match proxy.at.tls() {
                None => Road::Plain(socket),
                Some(tls) => {
                    let handshake = handshake(socket, tls, call).await;
                    Road::Secure(Box::new(handshake.map_err(|fault| by_proxy(&fault))?))
                }
            };
            tunnel::ask(&mut road, end, proxy.credentials.as_ref()).await?;
            Ok(road)
        };
        match timeout_at(until, opening).await {
            Ok(opened) => opened,
            Err(_) => Err(tunnel::fault(FaultKind::ProxyTimedOut, "it opened no tunnel in time")),
        }
    }

    /// What can be judged of a place whose name only the proxy resolves: an address, and a name that
    /// means this machine (RFC 6761, section 6.3), which there would be the proxy's.
    fn judge_unresolved(&self, target: &Target) -> Result<(), Fault> {
        match target.place() {
            Place::Address(address) => self.judge(&[(*address, target.port()).into()], target),
            Place::Name(name) if is_this_machine(name) => {
                self.judge(&[(Ipv4Addr::LOCALHOST, target.port()).into()], target)
            }
            Place::Name(_) => Ok(()),
        }
    }

    /// One refused address refuses the whole name: a mixed answer is how a name is rebound.
    fn judge(&self, addresses: &[SocketAddr], target: &Target) -> Result<(), Fault> {
        addresses
            .iter()
            .try_for_each(|address| self.guard.admit(*address, target.allow_cidrs()))
            .map_err(|refused| fault(FaultKind::AddressRefused, refused.to_string()))
    }

    /// Tries the addresses in order. Each gets an equal share of the time that is left, so that one
    /// that does not answer cannot use up the time of all.
    async fn dial(&self, addresses: &[SocketAddr], until: Instant) -> Result<TcpStream, Fault> {
        let tried = tried(addresses);
        let mut failures = Vec::new();
        for (address, left) in tried.iter().zip((1..=tried.len()).rev()) {
            match connect(*address, share(until, left)).await {
                Ok(socket) => return self.greet(socket, addresses),
                Err((kind, words)) => failures.push((kind, format!("{address}: {words}"))),
            }
        }
        Err(sum_up(failures))
    }

    /// The last check: did the connection lead where it should?
    fn greet(&self, socket: TcpStream, asked: &[SocketAddr]) -> Result<TcpStream, Fault> {
        let ends = socket.peer_addr().and_then(|peer| Ok((peer, socket.local_addr()?)));
        let (peer, local) = ends.map_err(|e| fault(FaultKind::ConnectFailed, cause::words(&e)))?;
        self.guard
            .admit_connection(peer, local, asked)
            .map_err(|refused| fault(FaultKind::AddressRefused, refused.to_string()))?;
        Ok(socket)
    }

    /// Starts HTTP/1.1 on the stream. The connection is driven by a task of its own.
    async fn speak_http1(&self, stream: Stream, meter: Arc<Meter>) -> Result<Link, Fault> {
        let started = self.http1.handshake(TokioIo::new(stream)).await;
        let (sender, driver) = started.map_err(|error| unstarted(&error))?;
        // What ends the connection is told to the one who waits for an answer.
        tokio::spawn(async move { drop(driver.await) });
        Ok(Link::Lone(Connection::new(sender, meter)))
    }

    /// Starts HTTP/2 on the stream. What a request has sent, and what may come before its answer,
    /// is told stream by stream and not by the socket's meter.
    async fn speak_http2(&self, stream: Stream, meter: &Meter) -> Result<Link, Fault> {
        meter.headed();
        let started = http2::open(stream, self.head).await;
        started.map(|open| Link::Shared(Arc::new(open))).map_err(|error| unstarted(&error))
    }
}

fn unstarted(error: &hyper::Error) -> Fault {
    fault(tls::fault(error).unwrap_or(FaultKind::ConnectFailed), cause::words(error))
}

#[expect(clippy::disallowed_methods, reason = "this is the guarded connector")]
async fn connect(address: SocketAddr, until: Instant) -> Result<TcpStream, (FaultKind, String)> {
    match timeout_at(until, TcpStream::connect(address)).await {
        Err(_) => Err((FaultKind::ConnectTimedOut, "no answer in time".to_owned())),
        Ok(Err(error)) => Err((connect_kind(&error), cause::words(&error))),
        Ok(Ok(socket)) => match socket.set_nodelay(true) {
            Ok(()) => Ok(socket),
            Err(error) => Err((FaultKind::ConnectFailed, cause::words(&error))),
        },
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum that may grow")]
fn connect_kind(error: &io::Error) -> FaultKind {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => FaultKind::ConnectionRefused,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => FaultKind::NoRoute,
        io::ErrorKind::TimedOut => FaultKind::ConnectTimedOut,
        _ => FaultKind::ConnectFailed,
    }
}

/// When an attempt must be over so that `left` attempts, this one included, share the time.
fn share(until: Instant, left: usize) -> Instant {
    let now = Instant::now();
    let left = u32::try_from(left).unwrap_or(u32::MAX).max(1);
    now + until.saturating_duration_since(now) / left
}

/// One fault for all attempts: of the kind that got furthest, for a machine without IPv6 finds no
/// route to half of the addresses, and that is not what is wrong.
fn sum_up(failures: Vec<(FaultKind, String)>) -> Fault {
    let kind = [FaultKind::ConnectionRefused, FaultKind::ConnectTimedOut, FaultKind::NoRoute]
        .into_iter()
        .find(|kind| failures.iter().any(|(seen, _)| seen == kind))
        .unwrap_or(FaultKind::ConnectFailed);
    let words: Vec<String> = failures.into_iter().map(|(_, words)| words).collect();
    fault(kind, words.join("; "))
}

async fn secure(road: Metered<Road>, tls: Option<&Tls>, call: &Call) -> Result<Stream, Fault> {
    let Some(tls) = tls else { return Ok(Stream::Plain(road)) };
    handshake(road, tls, call).await.map(|stream| Stream::Secure(Box::new(stream)))
}

async fn handshake<S>(stream: S, tls: &Tls, call: &Call) -> Result<Secured<S>, Fault>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match timeout_at(call.until(call.timeouts.handshake), tls.handshake(stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(fault(tls::handshake_fault(&error), cause::words(&error))),
        Err(_) => Err(fault(FaultKind::HandshakeTimedOut, "the handshake did not end in time")),
    }
}

fn tried(addresses: &[SocketAddr]) -> &[SocketAddr] {
    addresses.get(..MOST_ADDRESSES).unwrap_or(addresses)
}

/// A fault on the way to the proxy, as one of the proxy.
fn by_proxy(fault: &Fault) -> Fault {
    let late =
        [FaultKind::ResolveTimedOut, FaultKind::ConnectTimedOut, FaultKind::HandshakeTimedOut];
    let kind = if late.contains(&fault.kind) {
        FaultKind::ProxyTimedOut
    } else {
        FaultKind::ProxyUnreachable
    };
    tunnel::fault(kind, &fault.to_string())
}

fn unsent(error: &ResolveError) -> Fault {
    fault(error.fault(), cause::words(error))
}

/// Everything here happens before the request: nothing of it has left.
fn fault(kind: FaultKind, detail: impl Into<String>) -> Fault {
    Fault::new(kind, Sent::Nothing, detail)
}

fn lap(clock: &mut Instant) -> Duration {
    let now = Instant::now();
    now.duration_since(std::mem::replace(clock, now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_attempt_that_got_furthest_names_the_fault() {
        let failures = vec![
            (FaultKind::NoRoute, "v6".to_owned()),
            (FaultKind::ConnectionRefused, "v4".to_owned()),
        ];
        let fault = sum_up(failures);
        assert_eq!((fault.kind, fault.sent), (FaultKind::ConnectionRefused, Sent::Nothing));
        assert_eq!(fault.detail, "v6; v4");
    }

    #[tokio::test(start_paused = true)]
    async fn attempts_share_the_time() {
        let now = Instant::now();
        let until = now + Duration::from_secs(2);
        assert_eq!(share(until, 4) - now, Duration::from_millis(500));
        assert_eq!(share(until, 1), until);
        assert_eq!(share(now, 3), now);
    }

    #[test]
    fn connect_failures_are_told_apart() {
        let kind = |kind: io::ErrorKind| connect_kind(&kind.into());
        assert_eq!(kind(io::ErrorKind::NetworkUnreachable), FaultKind::NoRoute);
        assert_eq!(kind(io::ErrorKind::HostUnreachable), FaultKind::NoRoute);
        assert_eq!(kind(io::ErrorKind::TimedOut), FaultKind::ConnectTimedOut);
        assert_eq!(kind(io::ErrorKind::PermissionDenied), FaultKind::ConnectFailed);
    }
}
