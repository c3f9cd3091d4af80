//! An errand: one callback to be made, with everything that it takes.
//!
//! Knows no caller and no ledger, so that it can be run for somebody who waits, and for an operation
//! that was accepted long ago.

use crate::call::{Call, Done, Watch};
use crate::callback::{Callback, Ingredients, Order};
use crate::journey::Gateway;
use crate::keys::KeyError;
use crate::pace::Plan;
use crate::setup::{Access, CyberApp};
use crate::trace::Trace;
use candor_contract::Words;
use candor_facts::{Held, HeldKind, Verdict};
use candor_wire::Client;
use jiff::Timestamp;
use tokio::time::Instant;
use uuid::Uuid;

/// One callback to be made.
#[derive(Debug)]
pub(crate) struct Errand<'e> {
    pub(crate) gateway: &'e Gateway,
    pub(crate) client: &'e Client,
    pub(crate) callback: &'e Callback,
    pub(crate) cyberapp: &'e CyberApp,
    pub(crate) access: &'e Access,
    pub(crate) tenant_id: &'e str,
    /// By which the handler knows a repeated request.
    pub(crate) request_id: Uuid,
    /// When the request came to be: part of the bytes, so that it stays when they are sent again.
    pub(crate) created_at: Timestamp,
    pub(crate) trace: Trace,
    /// When all attempts must be over.
    pub(crate) deadline: Instant,
    /// Whether it is repeated right here.
    pub(crate) repeats: bool,
}

impl<'e> Errand<'e> {
    /// Makes the call, with its repeats.
    ///
    /// # Errors
    /// It is held back: nothing was sent.
    pub(crate) async fn run(&self, payload: &[u8], watch: &dyn Watch) -> Result<Done<'e>, Held> {
        let Self { gateway, client, callback, cyberapp, .. } = *self;
        let order = self.order(payload)?;
        let mut outbound = order.outbound(callback, cyberapp, &gateway.setup.limits);
        self.trace.mark(&mut outbound.headers);
        let call = Call {
            client,
            target: &cyberapp.target,
            table: callback.table(),
            upstream: &cyberapp.upstream,
            attempt_time: callback.attempt_time(),
            outbound: &outbound,
            request: callback.facts(),
            plan: if self.repeats { callback.plan() } else { Plan::Off },
            deadline: self.deadline,
            check: &|answered| callback.check_answer(answered, order.request_id),
            passes: &|_| false,
            clock: &gateway.setup.clock,
        };
        call.run_watched(watch).await
    }

    /// Builds the request that every attempt sends.
    fn order(&self, payload: &[u8]) -> Result<Order, Held> {
        let Self { gateway, cyberapp, .. } = *self;
        let now = gateway.setup.clock.now().as_second();
        let endpoint_id = cyberapp.endpoint_id.as_str();
        let token = gateway.tokens.get(endpoint_id, now).map_err(|error| unsigned(&error))?;
        let with = Ingredients {
            request_id: self.request_id,
            created_at: self.created_at,
            endpoint_id,
            tenant_id: self.tenant_id,
            datacenter_url: &gateway.setup.datacenter_url,
            access: self.access,
            token: &token,
        };
        self.callback.order(&with, payload)
    }

    /// What a failure means, in words for people in one of these `locales`.
    pub(crate) fn verdict(&self, done: Done<'_>, locales: &[String]) -> Verdict {
        let names = [("cyberapp_name", self.cyberapp.name.as_str())];
        let words = Words { set: &self.gateway.setup.message_set, locales, names: &names };
        let mut verdict = done.reading.verdict(&words);
        // A handler's own words for people stand in for the documented ones, where it may say some.
        verdict.message = self.callback.err_message(&done.ended).or(verdict.message);
        verdict.attempts = done.attempts;
        verdict
    }
}

fn unsigned(error: &KeyError) -> Held {
    Held::new(HeldKind::Internal, format!("the token could not be signed: {error}"))
}
