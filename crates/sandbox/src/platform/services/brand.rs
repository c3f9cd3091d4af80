//! The brand of a tenant: what its people see, and which mail server their mail comes from.
//!
//! A change must name the present version of the tenant, and is one of the tenant. The mail server
//! must be one that there is: the world has a table of them in the place of the network.

use super::locations::{present, seller, version_in_query};
use super::segment;
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::platform::members::{Members, bad, flag};
use crate::platform::tenancy::Tenant;
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The members of a brand that are texts, and may be none.
const TEXTS: [&str; 22] = [
    "support_phone",
    "account_server_url",
    "support_url",
    "mobile_app_android_download_url",
    "mobile_app_ios_download_url",
    "upsell_url",
    "backup_console_url",
    "terms_url",
    "home_url",
    "knowledgebase_url",
    "platform_terms_url",
    "user_guide_url",
    "color",
    "company_name",
    "color_scheme",
    "logotype",
    "service_name",
    "reg_server_url",
    "router_url",
    "agent_gateway_url",
    "help_url",
    "privacy_policy_url",
];
/// The members that are true or false.
const FLAGS: [&str; 2] = ["owns_custom_legal_docs", "white_labeled_agent"];
/// The port of mail submission over TLS, where a client names none (RFC 8314).
const USUAL_PORT: u64 = 465;

/// A brand.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Brand {
    /// Names, colours and links, by member name.
    pub(crate) texts: BTreeMap<String, String>,
    /// What is so, by member name.
    pub(crate) flags: BTreeMap<String, bool>,
    /// The mail server, where it is not the platform's.
    pub(crate) smtp: Option<Smtp>,
}

/// A mail server of a tenant's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Smtp {
    /// The sender of mail.
    pub(crate) reply_address: String,
    /// The host.
    pub(crate) server: String,
    /// The port.
    pub(crate) port: u64,
    /// The account there.
    pub(crate) user: String,
    /// Its password.
    pub(crate) password: String,
    /// `SSL`, `TLS`, or nothing.
    pub(crate) encryption: String,
}

/// A mail server of the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailServer {
    /// The ports that it answers at.
    pub(crate) ports: BTreeSet<u16>,
}

// === the rules ===

/// `GET /tenants/{tenant}/brand?effective=`: its own, else (or where `effective` asks for it) that
/// of the next above.
pub(super) fn read(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let tenant = desk.tenant(&desk.caller()?, segment(open, 0))?;
    let effective = desk.call.query("effective").map_or(Some(false), |text| flag(&text));
    let effective = effective.ok_or_else(|| bad("effective", "is neither 0 nor 1"))?;
    let own = desk.world.state.services.brands.get(&tenant.id).filter(|_| !effective);
    let shown = own.map(|own| own.shown(true));
    let shown = shown.unwrap_or_else(|| inherited(desk, &tenant.id).shown(false));
    Ok(Reply::json(StatusCode::OK, &shown))
}

/// `POST /tenants/{tenant}/brand?version=`: enables a brand of its own.
pub(super) fn enable(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let tenant = changeable(desk, open)?;
    let brands = &desk.world.state.services.brands;
    if brands.contains_key(&tenant.id) {
        return Err(errors::http(409).info("The tenant has a brand of its own."));
    }
    let inherited = inherited(desk, &tenant.id);
    let brand = Brand { smtp: None, ..inherited };
    desk.commit()?;
    desk.world.state.services.brands.insert(tenant.id.clone(), brand);
    Ok(changed(desk, &tenant, StatusCode::CREATED))
}

/// `PUT /tenants/{tenant}/brand?version=`
pub(super) fn update(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let tenant = changeable(desk, open)?;
    let members = Members::of(desk.object()?);
    let brand = desk.world.state.services.brands.get(&tenant.id);
    let mut brand = brand.cloned().ok_or_else(disabled)?;
    brand.take(&members)?;
    brand.take_smtp(&members)?;
    if let Some(smtp) = &brand.smtp {
        smtp.works(&desk.world.state.services.mail_servers)?;
    }
    desk.commit()?;
    desk.world.state.services.brands.insert(tenant.id.clone(), brand);
    Ok(changed(desk, &tenant, StatusCode::OK))
}

/// `DELETE /tenants/{tenant}/brand?version=`: back to that of the next above.
pub(super) fn disable(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let tenant = changeable(desk, open)?;
    if !desk.world.state.services.brands.contains_key(&tenant.id) {
        return Err(disabled());
    }
    desk.commit()?;
    desk.world.state.services.brands.remove(&tenant.id);
    changed(desk, &tenant, StatusCode::NO_CONTENT);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

fn changeable(desk: &Desk<'_>, open: &[String]) -> Result<Tenant, Refusal> {
    let tenant = desk.writable(&desk.caller()?, segment(open, 0))?;
    present(tenant.version, version_in_query(desk)?)?;
    seller(tenant.kind)?;
    Ok(tenant)
}

/// The brand of the next above that has one, else none of all that a brand can be.
fn inherited(desk: &Desk<'_>, tenant: &str) -> Brand {
    let brands = &desk.world.state.services.brands;
    let mut above = desk.world.state.tenancy.ancestors(tenant);
    above.find_map(|above| brands.get(&above.id)).cloned().unwrap_or_default()
}

fn disabled() -> Refusal {
    errors::code("1027").info("The tenant has no brand of its own.")
}

/// The tenant, one version further.
fn changed(desk: &mut Desk<'_>, tenant: &Tenant, status: StatusCode) -> Reply {
    let tenancy = &mut desk.world.state.tenancy;
    let children = tenancy.children(&tenant.id).next().is_some();
    let Some(tenant) = tenancy.tenants.get_mut(&tenant.id) else { return Reply::empty(status) };
    tenant.touch(desk.call.now);
    Reply::json(status, &tenant.shown(children))
}

// === impl Brand and Smtp ===

impl Brand {
    fn take(&mut self, members: &Members) -> Result<(), Refusal> {
        for name in TEXTS.into_iter().filter(|name| members.has(name)) {
            match members.text(name)? {
                Some(text) => self.texts.insert(name.to_owned(), text),
                None => self.texts.remove(name),
            };
        }
        for name in FLAGS {
            if let Some(flag) = members.flag(name)? {
                self.flags.insert(name.to_owned(), flag);
            }
        }
        Ok(())
    }

    /// The mail server, where the client wants one of its own, or changes something of it.
    fn take_smtp(&mut self, members: &Members) -> Result<(), Refusal> {
        match members.flag("smtp_override")? {
            Some(false) => self.smtp = None,
            Some(true) => drop(self.smtp.get_or_insert_with(Smtp::none)),
            None => {}
        }
        let mut smtp = self.smtp.clone().unwrap_or_else(Smtp::none);
        smtp.take(members)?;
        self.smtp = self.smtp.is_some().then_some(smtp);
        Ok(())
    }

    /// As the API shows it; the mail server is nobody else's business, and the password nobody's.
    fn shown(&self, own: bool) -> Value {
        let mut shown = Map::new();
        for name in TEXTS {
            shown.insert(name.to_owned(), json!(self.texts.get(name)));
        }
        for name in FLAGS {
            shown.insert(name.to_owned(), json!(self.flags.get(name).copied().unwrap_or_default()));
        }
        let Some(smtp) = self.smtp.as_ref().filter(|_| own) else {
            shown.insert("smtp_override".to_owned(), json!(0));
            return Value::Object(shown);
        };
        shown.insert("smtp_override".to_owned(), json!(1));
        shown.insert("smtp_reply_address".to_owned(), json!(smtp.reply_address));
        shown.insert("smtp_server".to_owned(), json!(smtp.server));
        shown.insert("smtp_port".to_owned(), json!(smtp.port));
        shown.insert("smtp_user".to_owned(), json!(smtp.user));
        shown.insert("smtp_password".to_owned(), json!(""));
        shown.insert("smtp_encryption".to_owned(), json!(smtp.encryption));
        Value::Object(shown)
    }
}

impl Smtp {
    fn none() -> Self {
        let nothing = String::new;
        Self {
            reply_address: nothing(),
            server: nothing(),
            port: USUAL_PORT,
            user: nothing(),
            password: nothing(),
            encryption: nothing(),
        }
    }

    fn take(&mut self, members: &Members) -> Result<(), Refusal> {
        for (name, at) in [
            ("smtp_reply_address", &mut self.reply_address),
            ("smtp_server", &mut self.server),
            ("smtp_user", &mut self.user),
            ("smtp_password", &mut self.password),
            ("smtp_encryption", &mut self.encryption),
        ] {
            if members.has(name) {
                *at = members.text(name)?.unwrap_or_default();
            }
        }
        self.port = members.number("smtp_port")?.unwrap_or(self.port);
        match self.encryption.as_str() {
            "" | "SSL" | "TLS" => Ok(()),
            _ => Err(members.wrong("smtp_encryption", "is none of SSL, TLS and nothing")),
        }
    }

    /// Whether mail can be sent like that.
    ///
    /// # Errors
    /// 1025: there is no such server, or it does not answer there, or the sender is no address.
    fn works(&self, servers: &BTreeMap<String, MailServer>) -> Result<(), Refusal> {
        let wrong = |info: String| Err(errors::code("1025").info(info));
        let Some(server) = servers.get(&self.server.to_ascii_lowercase()) else {
            return wrong(format!("The host `{}` is not known.", self.server.escape_debug()));
        };
        if !u16::try_from(self.port).is_ok_and(|port| server.ports.contains(&port)) {
            return wrong(format!("Port {} of the host refuses connections.", self.port));
        }
        match self.reply_address.split_once('@') {
            Some((user, host)) if !user.is_empty() && !host.is_empty() => Ok(()),
            _ => wrong("The reply address is no address.".to_owned()),
        }
    }
}
