//! Who calls the gateway, and what each caller may do.
//!
//! A caller is known by one of three things, looked at in this order: an API key in the gateway's
//! own field (`X-Api-Key`), the certificate of its connection, a bearer token, which is an API key
//! again or a JSON Web Token of an issuer that is trusted. The first that is there decides, and a
//! wrong one is not forgiven for a right one that comes after it.
//!
//! ```text
//! let caller = callers.identify(client, &head.headers, peer, clock).await?;    // who is it
//! let _admission = caller.admit(&route.name, clock, trip.deadline).await?;     // may it, now
//! caller.hide_credentials(&mut outbound.headers);                              // not for the vendor
//! caller.tell(clock, reply.headers_mut());                                     // what is left
//! ```
//!
//! What a caller showed is in no output: keys are known by their hashes alone, and a refusal says
//! what is wrong with a token, never what stands in it.
//!
//! Not here: TLS (the listener verifies certificates, and hands their bytes over), and whether
//! callers that nobody knows are served at all where none are set up ([`Callers::is_open`] tells).

mod api_key;
mod caller;
mod digest;
mod issuer;
mod key_cache;
mod key_set;
mod peer;
mod settings;
mod subjects;
mod token;

#[cfg(test)]
mod tests;

pub use caller::Caller;
pub use digest::{BadDigest, Digest};
pub use key_cache::KeySource;
pub use peer::{BadCertificate, PeerIdentity};
pub use settings::{
    ApiKey, CallerSettings, CallersError, CallersSettings, CertificateMark, IssuerSettings, Rights,
    Subject,
};

use crate::clock::Clock;
use api_key::ApiKeys;
use caller::{Grant, Member, Shown};
use candor_facts::{Held, HeldKind};
use candor_wire::Client;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use issuer::Issuer;
use peer::Certificates;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use token::Token;

/// The value of `WWW-Authenticate` in an answer with 401, which RFC 9110, section 15.5.2 asks for:
/// a key or a token is taken as a bearer token (RFC 6750).
pub const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"candor\"");

/// All callers, by everything that they may show.
#[derive(Debug)]
pub struct Callers {
    /// Where nobody is set up: everybody.
    anonymous: Option<Caller>,
    /// Everybody who is known by name.
    named: Vec<Arc<Member>>,
    key_header: HeaderName,
    keys: ApiKeys,
    certificates: Certificates,
    issuers: Vec<Issuer>,
}

impl Callers {
    /// Compiles the settings. Reads the key sets that lie in files; those at a URL are fetched when
    /// a token first asks for them.
    ///
    /// # Errors
    /// Two callers of one name, or known by the same thing; one that is known by nothing; an issuer
    /// that is named and not set up, or set up twice; a key set in a file that holds none.
    pub fn new(settings: CallersSettings) -> Result<Self, CallersError> {
        let CallersSettings { key_header, callers, issuers } = settings;
        let nobody = callers.is_empty() && issuers.is_empty();
        let issuers = issuers.into_iter().map(Issuer::new).collect::<Result<Vec<_>, _>>()?;
        let mut all = Self {
            anonymous: nobody.then(Caller::anonymous),
            named: Vec::new(),
            key_header,
            keys: ApiKeys::default(),
            certificates: Certificates::default(),
            issuers: Vec::new(),
        };
        for issuer in issuers {
            all.add_issuer(issuer)?;
        }
        let mut names = HashSet::new();
        for caller in callers {
            settings::check_name(&caller.name)?;
            if !names.insert(caller.name.clone()) {
                return Err(CallersError::Twice {
                    what: "callers have the name",
                    which: caller.name,
                });
            }
            all.add(caller)?;
        }
        Ok(all)
    }

    /// Goes on where `before` stood: whoever is known by the same name has used what it had used.
    pub(crate) fn go_on(&mut self, before: &Self) {
        let old: HashMap<_, _> = before.named.iter().map(|old| (old.name(), old)).collect();
        let after = |new: &Arc<Member>| {
            let after = Arc::new(new.after(old.get(new.name())?));
            Some((Arc::clone(new.name()), after))
        };
        let after: HashMap<Arc<str>, Arc<Member>> = self.named.iter().filter_map(after).collect();
        for member in self.members() {
            if let Some(after) = after.get(member.name()) {
                *member = Arc::clone(after);
            }
        }
        for issuer in &mut self.issuers {
            if let Some(old) = before.issuers.iter().find(|old| old.name() == issuer.name()) {
                issuer.go_on(old);
            }
        }
    }

    /// Those who are known by name, wherever they stand.
    fn members(&mut self) -> impl Iterator<Item = &mut Arc<Member>> {
        let issuers = self.issuers.iter_mut().flat_map(Issuer::members);
        let shown = self.keys.members().chain(self.certificates.members());
        self.named.iter_mut().chain(shown).chain(issuers)
    }

    /// Whether nobody is set up, so that everybody is the caller `anonymous`.
    pub fn is_open(&self) -> bool {
        self.anonymous.is_some()
    }

    /// Who calls, by the header of a request and the certificate of its connection.
    ///
    /// Waits only where a token names a key that is not known: then for its issuer's key set, for
    /// five seconds at most.
    ///
    /// # Errors
    /// The call is held back: `Unauthenticated` where nothing is shown that is known, `NotPermitted`
    /// for the bearer of a good token that is nobody's here, `KeysUnavailable` where an issuer's keys
    /// are not to be had, `Shed` where there are too many callers at the same time.
    pub async fn identify(
        &self,
        client: &Client,
        headers: &HeaderMap,
        peer: Option<&PeerIdentity>,
        clock: &Clock,
    ) -> Result<Caller, Held> {
        if let Some(anonymous) = &self.anonymous {
            return Ok(anonymous.clone());
        }
        if let Some(key) = the_one(headers, &self.key_header)? {
            let member = self.keys.find(key.as_bytes(), clock.now())?.ok_or_else(unknown_key)?;
            return Ok(Caller::new(member, Shown::Field(self.key_header.clone())));
        }
        if let Some(member) = peer.and_then(|peer| self.certificates.find(peer)) {
            return Ok(Caller::new(member, Shown::Certificate));
        }
        let Some(bearer) = bearer(headers)? else {
            let detail = "the caller shows no key, no token and no certificate that is known here";
            return Err(unauthenticated(detail));
        };
        let member = match self.keys.find(bearer.as_bytes(), clock.now())? {
            Some(member) => Arc::clone(member),
            None => Box::pin(self.by_token(bearer, client, clock)).await?,
        };
        Ok(Caller::new(&member, Shown::Field(AUTHORIZATION)))
    }

    async fn by_token(
        &self,
        text: &str,
        client: &Client,
        clock: &Clock,
    ) -> Result<Arc<Member>, Held> {
        if self.issuers.is_empty() || !Token::looks_like(text) {
            return Err(unknown_key());
        }
        let token = Token::read(text).map_err(|flaw| unauthenticated(&flaw.to_string()))?;
        let issuer = self.issuers.iter().find(|issuer| token.claims.is_from(issuer.name()));
        let issuer = issuer.ok_or_else(|| unauthenticated("the token's issuer is not trusted"))?;
        issuer.caller(&token, client, clock).await
    }

    fn add(&mut self, caller: CallerSettings) -> Result<(), CallersError> {
        let CallerSettings { name, keys, certificates, subjects, rights } = caller;
        if keys.is_empty() && certificates.is_empty() && subjects.is_empty() {
            return Err(CallersError::KnownByNothing(name));
        }
        let member = Arc::new(Member::new(name.as_str().into(), Grant::new(rights)));
        for key in keys {
            self.keys.add(key, &member)?;
        }
        for mark in certificates {
            self.certificates.add(mark, &member)?;
        }
        for Subject { issuer, subject } in subjects {
            let known = self.issuers.iter_mut().find(|known| known.name() == issuer);
            known
                .ok_or(CallersError::UnknownIssuer { caller: name.clone(), issuer })?
                .add(subject, &member)?;
        }
        self.named.push(member);
        Ok(())
    }

    fn add_issuer(&mut self, issuer: Issuer) -> Result<(), CallersError> {
        if self.issuers.iter().any(|known| known.name() == issuer.name()) {
            let which = issuer.name().to_owned();
            return Err(CallersError::Twice { what: "issuers have the name", which });
        }
        self.issuers.push(issuer);
        Ok(())
    }
}

impl Default for Callers {
    /// Nobody is set up: everybody is the caller `anonymous`.
    fn default() -> Self {
        Self {
            anonymous: Some(Caller::anonymous()),
            named: Vec::new(),
            key_header: CallersSettings::default().key_header,
            keys: ApiKeys::default(),
            certificates: Certificates::default(),
            issuers: Vec::new(),
        }
    }
}

/// The value of a field that may be there once. Of two, somebody on the way may have judged the other.
fn the_one<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Result<Option<&'h HeaderValue>, Held> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (one, None) => Ok(one),
        (_, Some(_)) => Err(unauthenticated("the credentials are there twice")),
    }
}

/// The bearer token (RFC 6750, section 2.1), where there is one. Credentials of another scheme are
/// for somebody else.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Held> {
    let Some(value) = the_one(headers, &AUTHORIZATION)? else { return Ok(None) };
    let Some((scheme, token)) = value.to_str().ok().and_then(|text| text.split_once(' ')) else {
        return Ok(None);
    };
    Ok(scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()))
}

fn unauthenticated(detail: &str) -> Held {
    Held::new(HeldKind::Unauthenticated, detail)
}

fn unknown_key() -> Held {
    unauthenticated("the key is not known here")
}
