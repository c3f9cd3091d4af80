//! A call that outlives its connection.
//!
//! It runs as part of the connection's own task, for most calls end before their connections do, and
//! a task of its own would cost more than all else that the gateway adds. Only where the connection
//! ends first does the rest of the call become a task. A panic ends the call and nothing else.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

/// What a panic left.
pub(crate) type Panic = Box<dyn Any + Send>;

/// A call within its connection. Dropped before its end, it goes on as a task, and `orphaned` gets
/// what nobody waits for any more.
pub(crate) struct Outliving<F: Future + 'static> {
    /// Until it has ended.
    call: Option<Pin<Box<F>>>,
    orphaned: fn(&F::Output),
}

impl<F: Future + 'static> Outliving<F> {
    /// Begins when it is polled. Must be dropped on a local runtime.
    pub(crate) fn new(call: F, orphaned: fn(&F::Output)) -> Self {
        Self { call: Some(Box::pin(call)), orphaned }
    }
}

impl<F: Future + 'static> Future for Outliving<F> {
    type Output = Result<F::Output, Panic>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(call) = &mut self.call else { return Poll::Pending };
        // What a panic leaves half done is dropped right away.
        let ended = match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(panic) => Err(panic),
        };
        self.call = None;
        Poll::Ready(ended)
    }
}

impl<F: Future + 'static> Drop for Outliving<F> {
    fn drop(&mut self) {
        if let Some(call) = self.call.take() {
            let orphaned = self.orphaned;
            tokio::task::spawn_local(async move { orphaned(&call.await) });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::rc::Rc;
    use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
    use tokio::task::yield_now;

    fn runtime() -> LocalRuntime {
        Builder::new_current_thread().build_local(LocalOptions::default()).unwrap()
    }

    /// A call that takes two turns and leaves a mark.
    fn call() -> (Rc<Cell<u8>>, impl Future<Output = Rc<Cell<u8>>>) {
        let mark = Rc::new(Cell::new(0));
        let ours = Rc::clone(&mark);
        let call = async move {
            yield_now().await;
            ours.set(1);
            ours
        };
        (mark, call)
    }

    #[test]
    fn a_call_that_is_waited_for_ends_where_it_began() {
        runtime().block_on(async {
            let (mark, call) = call();
            let ended = Outliving::new(call, |mark| mark.set(2)).await.unwrap();
            assert_eq!((mark.get(), ended.get()), (1, 1));
        });
    }

    #[test]
    fn a_call_that_is_left_goes_on_to_its_end() {
        runtime().block_on(async {
            let (mark, call) = call();
            let mut left = Box::pin(Outliving::new(call, |mark| mark.set(2)));
            let begun = std::future::poll_fn(|cx| Poll::Ready(left.as_mut().poll(cx).is_pending()));
            assert!(begun.await);
            drop(left);
            while mark.get() != 2 {
                yield_now().await;
            }
        });
    }

    #[test]
    fn a_panic_ends_the_call_alone() {
        runtime().block_on(async {
            let call = async { panic!("on purpose") };
            assert!(Outliving::new(call, |()| ()).await.is_err());
        });
    }

    #[test]
    fn a_call_that_is_left_at_the_very_end_ends_with_its_runtime() {
        let (mark, call) = call();
        let runtime = runtime();
        runtime.block_on(async {
            tokio::task::spawn_local(Outliving::new(call, |mark| mark.set(2)));
            yield_now().await;
        });
        drop(runtime);
        assert_ne!(mark.get(), 2);
    }
}
