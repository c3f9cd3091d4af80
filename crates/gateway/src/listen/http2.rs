//! HTTP/2 towards callers: its bounds, and what ends a connection on which nothing moves.

use super::answer::Desk;
use super::stream::Stream;
use crate::door::DoorLimits;
use crate::door::guard::Guard;
use crate::door::link::{Did, Link};
use crate::door::quiet::Quiet;
use hyper::rt::Executor;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};

/// Streams at a time.
const STREAMS: u32 = 100;
/// What may be sent before it is taken: for a stream, and for all.
const STREAM_WINDOW: u32 = 64 * 1024;
const WINDOW: u32 = 1024 * 1024;
/// The most bytes of a request's fields, where each counts 32 more than its text (RFC 9113, section
/// 6.5.2).
const FIELDS: u32 = 32 * 1024;
/// Streams that a caller has opened and reset before they were looked at, and streams that it made
/// this side reset: more of either end the connection.
const RESETS: usize = 20;
const MISTAKES: usize = 100;
/// How often a sign of life is asked for, and how long it may take.
const PING: Duration = Duration::from_secs(20);
/// How often silence is looked for, in parts of the time that it may last.
const LOOKS: u32 = 4;

pub(super) async fn serve(
    guard: Guard<Stream>,
    desk: Rc<Desk>,
    limits: &DoorLimits,
    mut stopped: watch::Receiver<bool>,
) {
    let link = Rc::clone(&desk.link);
    let tasks = Tasks { link: Rc::clone(&link), limit: limits.write_time };
    let mut builder = http2::Builder::new(tasks);
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(WINDOW)
        .max_header_list_size(FIELDS)
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(MISTAKES)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    let service = service_fn(move |request| desk.answer(request));
    let mut serving = pin!(builder.serve_connection(TokioIo::new(guard), service));
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        _ = stopped.wait_for(|stop| *stop) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
        () = silence(&link, limits.idle_time) => {
            serving.as_mut().graceful_shutdown();
            // Answers that nobody takes do not keep it.
            timeout(limits.write_time, serving).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a caller's connection ended");
    }
}

/// Waits until nothing was asked, and no call was under way, for so long.
async fn silence(link: &Link, time: Duration) {
    let mut looks = interval(time / LOOKS);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut silent, mut asked) = (0, 0);
    while silent <= LOOKS {
        looks.tick().await;
        let is_silent = !link.is_busy() && link.asked() == asked;
        asked = link.asked();
        silent = if is_silent { silent + 1 } else { 0 };
    }
}

/// Runs the streams' tasks on the thread of their connection.
#[derive(Clone)]
struct Tasks {
    link: Rc<Link>,
    /// How long an answer may be left unread.
    limit: Duration,
}

impl<F: Future + 'static> Executor<F> for Tasks {
    fn execute(&self, task: F) {
        let Self { link, limit } = self.clone();
        tokio::task::spawn_local(Paced {
            task: Box::pin(task),
            link,
            limit,
            quiet: Quiet::default(),
        });
    }
}

/// The task of a stream, which ends when its caller leaves the answer unread for too long. With the
/// task ends the stream.
struct Paced<F> {
    task: Pin<Box<F>>,
    link: Rc<Link>,
    limit: Duration,
    quiet: Quiet,
}

impl<F: Future> Future for Paced<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let _of_others = self.link.did();
        if self.task.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        match self.link.did() {
            Did::Wait => {
                self.quiet.over();
                return Poll::Pending;
            }
            Did::Move => self.quiet.over(),
            Did::Nothing => {}
        }
        let limit = self.limit;
        self.quiet.poll(cx, limit)
    }
}
