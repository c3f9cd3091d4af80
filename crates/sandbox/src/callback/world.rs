//! The state of a partner's service: who may log in, what is mapped and mirrored, what was answered.

use super::answers::{Answer, Refusal};
use super::callbacks::{Act, Done, Known};
use super::mapping::Mapping;
use super::mirroring::Mirroring;
use super::request::Callback;
use super::seen::{Fingerprint, Seen};
use super::settings::{Account, Partner};
use super::users::Users;
use super::verify::Credentials;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// The state of a partner's service.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct World {
    logins: Vec<Login>,
    mapping: Mapping,
    mirroring: Mirroring,
    users: Users,
    #[serde(skip)]
    seen: Seen,
}

/// An account whose password is known by its digest alone.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    identity: String,
    /// SHA-256, in hexadecimal digits.
    password_sha256: String,
    partner: String,
}

impl World {
    pub(super) fn new(accounts: &[Account], partners: &[Partner]) -> Self {
        Self {
            logins: accounts.iter().map(Login::new).collect(),
            mapping: Mapping::new(partners),
            mirroring: Mirroring::default(),
            users: Users::founded(),
            seen: Seen::default(),
        }
    }

    pub(super) fn set_password(&mut self, identity: &str, password: &str) -> bool {
        let login = self.logins.iter_mut().find(|login| login.identity == identity);
        login.map(|login| login.password_sha256 = digested(password)).is_some()
    }

    pub(super) fn set_contract_signed(&mut self, organization: &str, signed: bool) -> bool {
        self.mapping.set_contract_signed(organization, signed)
    }

    /// The partner to which these credentials belong.
    pub(super) fn log_in(&self, credentials: &Credentials) -> Result<String, Refusal> {
        let given = digested(&credentials.password);
        let login = self.logins.iter().find(|login| login.identity == credentials.identity);
        // Digests have one length, so the time taken tells nothing about the password.
        let right = login.filter(|login| {
            verify_slices_are_equal(login.password_sha256.as_bytes(), given.as_bytes()).is_ok()
        });
        let wrong = || Refusal::unauthenticated("The user name or the password is wrong.");
        right.map(|login| login.partner.clone()).ok_or_else(wrong)
    }

    /// Carries a callback out for its sender, unless it was carried out before; the answer is the
    /// same either way. `queue` says that the result is not told.
    pub(super) fn carry_out(
        &mut self,
        known: &'static Known,
        callback: &Callback,
        sender: String,
        queue: bool,
    ) -> Result<Answer, Refusal> {
        let id = callback.uuid().ok_or_else(|| Refusal::malformed("request_id is not a UUID"))?;
        let payload = callback.payload.clone();
        let fingerprint = Fingerprint { callback_id: known.id, sender, payload };
        if let Some(answer) = self.seen.answer(id, &fingerprint)? {
            return Ok(answer);
        }
        let done = self.act(known.act, &fingerprint);
        let answer = match done {
            Ok(_) if queue => Answer::queued(&callback.request_id),
            Ok(payload) => Answer::success(known.response, &callback.request_id, payload.as_ref()),
            Err(refusal) => Answer::refused(&refusal, Some(&callback.request_id)),
        };
        self.seen.keep(id, fingerprint, answer.clone());
        Ok(answer)
    }

    fn act(&mut self, act: Act, Fingerprint { sender, payload, .. }: &Fingerprint) -> Done {
        match act {
            Act::Mapped(act) => act(&mut self.mapping, sender, payload.as_ref()),
            Act::Mirrored(act) => act(&mut self.mirroring, sender, payload.as_ref()),
            Act::Own(act) => act(&mut self.users, sender, payload.as_ref()),
        }
    }
}

impl Login {
    fn new(account: &Account) -> Self {
        let Account { identity, password, org } = account;
        let (identity, partner) = (identity.clone(), org.clone());
        Self { identity, password_sha256: digested(password), partner }
    }
}

fn digested(password: &str) -> String {
    let digest = digest(&SHA256, password.as_bytes());
    digest.as_ref().iter().fold(String::new(), |mut hex, byte| {
        let _infallible = write!(hex, "{byte:02x}");
        hex
    })
}
