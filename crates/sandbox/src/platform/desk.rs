//! Where a rule works: the world, the call, and who is calling.
//!
//! What every rule asks first is asked here: who the caller is, which tenants it may see and
//! change, what the body says, and whether a change can be kept.

use super::State;
use super::errors;
use super::tenancy::{Caller, Tenant};
use crate::stage::{Call, NoJson, Refusal, World};
use http::header::ACCEPT;
use serde_json::{Map, Value};

/// A rule's view of the world.
pub(super) struct Desk<'w> {
    pub(super) world: &'w mut World<State>,
    pub(super) call: &'w Call,
}

impl<'w> Desk<'w> {
    pub(super) fn open(world: &'w mut World<State>, call: &'w Call) -> Self {
        Self { world, call }
    }

    /// Who is calling, by the bearer token. Asked first.
    ///
    /// # Errors
    /// 401: there is none, or it is unknown or expired. 415: the caller takes no JSON.
    pub(super) fn caller(&self) -> Result<Caller, Refusal> {
        let token = self.call.credentials("Bearer").ok_or_else(|| errors::http(401))?;
        let caller = self.world.state.tenancy.caller(token, self.call.now);
        let caller = caller.ok_or_else(|| errors::http(401))?;
        if takes_json(self.call) { Ok(caller) } else { Err(errors::http(415)) }
    }

    /// A tenant that the caller may see.
    ///
    /// # Errors
    /// 1005: there is none. 403: it is not below the caller's own. 1002: the tenant keeps its
    /// ancestors out.
    pub(super) fn tenant(&self, caller: &Caller, id: &str) -> Result<Tenant, Refusal> {
        let tenancy = &self.world.state.tenancy;
        let tenant = tenancy.tenants.get(id).ok_or_else(|| errors::code("1005"))?;
        tenancy.may_see(caller, tenant)?;
        Ok(tenant.clone())
    }

    /// A tenant that the caller may change, or change something of.
    ///
    /// # Errors
    /// As [`Self::tenant`]; 1002: the caller may only read. 1012: another tenant holds its update
    /// lock. 1011: it is being deleted or recovered.
    pub(super) fn writable(&self, caller: &Caller, id: &str) -> Result<Tenant, Refusal> {
        let tenant = self.tenant(caller, id)?;
        self.world.state.tenancy.may_change(caller, &tenant)?;
        Ok(tenant)
    }

    /// The members of the JSON object in the body.
    ///
    /// # Errors
    /// 415: it is not said to be JSON. 413: too large. 400: anything but an object.
    pub(super) fn object(&self) -> Result<Map<String, Value>, Refusal> {
        if self.call.media_type().as_deref() != Some("application/json") {
            return Err(errors::http(415));
        }
        match self.call.json() {
            Ok(Value::Object(members)) => Ok(members),
            Ok(_) => Err(errors::http(400).info("The body is not a JSON object.")),
            Err(NoJson::TooLarge) => Err(errors::http(413)),
            Err(NoJson::Empty) => Err(errors::http(400).info("The body is missing.")),
            Err(NoJson::Malformed) => Err(errors::http(400).info("The body is not JSON.")),
        }
    }

    /// Whether a change can be kept. Asked last, before the change.
    ///
    /// # Errors
    /// 1000: the store cannot be written.
    pub(super) fn commit(&self) -> Result<(), Refusal> {
        if self.world.conditions.store_offline { Err(errors::code("1000")) } else { Ok(()) }
    }
}

/// Whether the caller takes JSON for an answer (RFC 9110, 12.5.1): the platform has nothing else.
fn takes_json(call: &Call) -> bool {
    let lines = call.headers.get_all(ACCEPT).iter();
    let mut ranges = lines.flat_map(|line| line.to_str().unwrap_or_default().split(',')).peekable();
    ranges.peek().is_none() || ranges.any(fits_json)
}

fn fits_json(range: &str) -> bool {
    let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
    let fits =
        matches!(parts.next().as_deref(), Some("application/json" | "application/*" | "*/*"));
    let weight = |part: String| part.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok());
    fits && parts.find_map(weight).is_none_or(|q| q > 0.0)
}
