//! The predefined callbacks: one row each, with the type that it takes and the type that it gives.
//!
//! After the pages under "Enabling the CyberApp" in the Acronis callback handler guide.

use super::answers::Refusal;
use super::mapping::Mapping;
use super::mirroring::Mirroring;
use super::users::Users;
use serde_json::Value;

/// What a callback gives back: its payload, if it has one.
pub(super) type Done = Result<Option<Value>, Refusal>;

/// A callback that the handler knows.
#[derive(Debug)]
pub(super) struct Known {
    /// Its id.
    pub(super) id: &'static str,
    /// The type of its requests.
    pub(super) request: &'static str,
    /// The type of its answers.
    pub(super) response: &'static str,
    /// What it does.
    pub(super) act: Act,
}

/// What a callback does, and who its sender is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Act {
    /// For the partner organization to which the vendor credentials belong.
    Mapped(fn(&mut Mapping, partner: &str, payload: Option<&Value>) -> Done),
    /// For the tenant in the context. Vendor credentials play no part in mirroring: "Callback
    /// handler verification" has their check as not applicable.
    Mirrored(fn(&mut Mirroring, tenant: &str, payload: Option<&Value>) -> Done),
    /// A callback of the application's own, for the partner organization.
    Own(fn(&mut Users, partner: &str, payload: Option<&Value>) -> Done),
}

/// The row of a callback.
pub(super) fn find(id: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.id == id)
}

macro_rules! known {
    ($($id:literal, $request:literal => $response:literal, $act:expr;)+) => {
        &[$(Known {
            id: concat!("cti.a.p.acgw.callback.", $id),
            request: concat!("cti.a.p.acgw.request.", $request),
            response: concat!("cti.a.p.acgw.response.", $response),
            act: $act,
        },)+]
    };
}

/// All predefined callbacks, and the application's own.
#[rustfmt::skip]
pub(super) const KNOWN: &[Known] = known! {
    "v1.0~a.p.enablement.read.v1.0",
        "v1.0~a.p.empty.v1.0" => "v1.0~a.p.enablement.read.ok.v1.0",
        Act::Mapped(Mapping::read_enablement);
    "v1.0~a.p.enablement.write.v1.0",
        "v1.0~a.p.enablement.write.v1.0" => "v1.0~a.p.success_no_content.v1.0",
        Act::Mapped(Mapping::write_enablement);
    "v1.0~a.p.enablement.reset.v1.0",
        "v1.0~a.p.empty.v1.0" => "v1.0~a.p.success_no_content.v1.0",
        Act::Mapped(Mapping::reset_enablement);
    "v1.0~a.p.topology.read.v1.0",
        "v1.0~a.p.topology.read.v1.0" => "v1.0~a.p.topology.read.ok.v1.0",
        Act::Mapped(Mapping::read_topology);
    "v1.0~a.p.tenant_mapping.read.v1.0",
        "v1.0~a.p.empty.v1.0" => "v1.0~a.p.tenant_mapping.read.ok.v1.0",
        Act::Mapped(Mapping::read_customers);
    "v1.0~a.p.tenant_mapping.write.v1.0",
        "v1.0~a.p.tenant_mapping.write.v1.0" => "v1.0~a.p.success_no_content.v1.0",
        Act::Mapped(Mapping::write_customers);
    "v2.0~a.p.partner.mirroring.get_state.v1.0",
        "v1.1~a.p.partner.mirroring.get_state.v1.0" => "v1.1~a.p.partner.mirroring.get_state.ok.v1.0",
        Act::Mirrored(Mirroring::partner_state);
    "v2.0~a.p.partner.mirroring.enable.v1.0",
        "v1.1~a.p.partner.mirroring.enable.v1.0" => "v1.1~a.p.partner.mirroring.enable.ok.v1.0",
        Act::Mirrored(Mirroring::enable_partner);
    "v2.0~a.p.partner.mirroring.reset.v1.0",
        "v1.1~a.p.partner.mirroring.reset.v1.0" => "v1.1~a.p.partner.mirroring.reset.ok.v1.0",
        Act::Mirrored(Mirroring::reset_partner);
    "v2.0~a.p.customer.mirroring.get_state.v1.0",
        "v1.1~a.p.customer.mirroring.get_state.v1.0" => "v1.1~a.p.customer.mirroring.get_state.ok.v1.0",
        Act::Mirrored(Mirroring::customer_states);
    "v2.0~a.p.customer.mirroring.set_state.v1.0",
        "v1.1~a.p.customer.mirroring.set_state.v1.0" => "v1.1~a.p.customer.mirroring.set_state.ok.v1.0",
        Act::Mirrored(Mirroring::set_customer_states);
    "v1.0~example.backup.users.read.v1.0",
        "v1.0~a.p.empty.v1.0" => "v1.0~example.backup.users.read.ok.v1.0",
        Act::Own(Users::read);
    "v1.0~example.backup.users.write.v1.0",
        "v1.0~example.backup.users.write.v1.0" => "v1.0~a.p.success_no_content.v1.0",
        Act::Own(Users::write);
};
