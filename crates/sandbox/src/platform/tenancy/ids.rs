//! Ids of the founded world, for both floors and for scenes.
//!
//! ```text
//! PARTNER                     Northwind Managed IT
//! ├─ CUSTOMER                 Juniper Dental
//! │  ├─ UNIT                  Front desk
//! │  └─ UNIT_2                Surgery
//! ├─ CUSTOMER_2               Harbour Bakery
//! ├─ DISABLED                 Quarry Tools, disabled
//! ├─ LOCKED                   Meridian Freight, locked by itself
//! ├─ FOLDER                   West
//! │  └─ SECLUDED              Fern Law, closed to all ancestors but its folder
//! ├─ DORMANT                  Dormant, a disabled folder
//! └─ RESELLER                 Alder Resale, a partner
//!    └─ NORTH                 North, a folder
//!       └─ RESOLD             Summit Clinic, locked by its reseller
//! STRANGER                    Contoso Cloud
//! ```

/// The partner at the root: "Northwind Managed IT"; the founded client lives here.
pub(crate) const PARTNER: &str = "00000000-0000-4000-8000-000000000001";
/// A customer of the partner: "Juniper Dental", enabled.
pub(crate) const CUSTOMER: &str = "00000000-0000-4000-8000-000000000010";
/// A unit of [`CUSTOMER`]: "Front desk".
pub(crate) const UNIT: &str = "00000000-0000-4000-8000-000000000011";
/// Another unit of [`CUSTOMER`]: "Surgery".
pub(crate) const UNIT_2: &str = "00000000-0000-4000-8000-000000000012";
/// Another customer: "Harbour Bakery", enabled.
pub(crate) const CUSTOMER_2: &str = "00000000-0000-4000-8000-000000000020";
/// A folder of the partner: "West".
pub(crate) const FOLDER: &str = "00000000-0000-4000-8000-000000000030";
/// A customer in [`FOLDER`] that keeps indirect ancestors out: "Fern Law".
pub(crate) const SECLUDED: &str = "00000000-0000-4000-8000-000000000031";
/// A disabled customer: "Quarry Tools".
pub(crate) const DISABLED: &str = "00000000-0000-4000-8000-000000000040";
/// A disabled folder: "Dormant".
pub(crate) const DORMANT: &str = "00000000-0000-4000-8000-000000000050";
/// A customer that only its own users may change: "Meridian Freight".
pub(crate) const LOCKED: &str = "00000000-0000-4000-8000-000000000060";
/// A partner below the partner: "Alder Resale".
pub(crate) const RESELLER: &str = "00000000-0000-4000-8000-000000000070";
/// A folder of [`RESELLER`]: "North".
pub(crate) const NORTH: &str = "00000000-0000-4000-8000-000000000071";
/// A customer in [`NORTH`], locked by [`RESELLER`]: "Summit Clinic".
pub(crate) const RESOLD: &str = "00000000-0000-4000-8000-000000000072";
/// A partner elsewhere, which nobody of here may see: "Contoso Cloud".
pub(crate) const STRANGER: &str = "00000000-0000-4000-8000-000000000090";

/// The founded API client of the partner, which may do everything there.
pub(crate) const CLIENT: &str = "00000000-0000-4000-8000-00000000c001";
/// A client of the partner that may only read.
pub(crate) const READER: &str = "00000000-0000-4000-8000-00000000c002";
/// The platform's agent registration, a service.
pub(crate) const SERVICE: &str = "00000000-0000-4000-8000-00000000c003";
/// A client of the stranger.
pub(crate) const STRANGERS_CLIENT: &str = "00000000-0000-4000-8000-00000000c090";
/// The secret of all founded clients.
pub(crate) const SECRET: &str = "sandbox-secret";

/// A token of [`CLIENT`].
pub(crate) const TOKEN: &str = "sandbox-token";
/// A token of [`READER`].
pub(crate) const READ_ONLY_TOKEN: &str = "read-only-token";
/// A token of [`SERVICE`].
pub(crate) const SERVICE_TOKEN: &str = "service-token";
/// A token of [`STRANGERS_CLIENT`].
pub(crate) const STRANGERS_TOKEN: &str = "strangers-token";
/// A token of [`CLIENT`] that has expired.
pub(crate) const EXPIRED_TOKEN: &str = "expired-token";

/// Runs the partner: `partner_admin`, login `nora.north`.
pub(crate) const NORA: &str = "00000000-0000-4000-8000-00000000a001";
/// Runs [`CUSTOMER`] and uses Sync & Share there: login `june.park`.
pub(crate) const JUNE: &str = "00000000-0000-4000-8000-00000000a010";
/// A user of [`CUSTOMER`] without roles, with the email address of [`JUNE`]: login `june.second`.
pub(crate) const JUNE_2: &str = "00000000-0000-4000-8000-00000000a011";
/// A user of [`CUSTOMER`] without roles: login `omar.reyes`.
pub(crate) const OMAR: &str = "00000000-0000-4000-8000-00000000a012";
/// A disabled user of [`CUSTOMER`]: login `dora.gone`.
pub(crate) const DORA: &str = "00000000-0000-4000-8000-00000000a013";
/// A guest of [`CUSTOMER`] in Sync & Share: `guest@printshop.example`.
pub(crate) const GUEST: &str = "00000000-0000-4000-8000-00000000a014";
/// Runs [`CUSTOMER_2`], with a second factor: login `hank.baker`.
pub(crate) const HANK: &str = "00000000-0000-4000-8000-00000000a020";
/// A user of [`CUSTOMER_2`] who has yet to set a second factor up: login `ines.oven`.
pub(crate) const INES: &str = "00000000-0000-4000-8000-00000000a021";
/// The password of all founded users.
pub(crate) const PASSWORD: &str = "sandbox-password";
/// The secret of [`HANK`]'s authenticator, in base 32 as such apps take it.
pub(crate) const TOTP_SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
