//! An issuer of tokens that is trusted to say who calls.

use super::caller::{Grant, Member};
use super::key_cache::{KeyCache, KeySource, NoKey, read_file};
use super::key_set::{KeySet, Missing};
use super::settings::{CallersError, IssuerSettings, is_name};
use super::subjects::Subjects;
use super::token::{Flaw, Token};
use super::unauthenticated;
use crate::clock::Clock;
use candor_facts::{Held, HeldKind};
use candor_wire::Client;
use std::collections::HashMap;
use std::sync::Arc;

/// An issuer, and whom its tokens name.
#[derive(Debug)]
pub(super) struct Issuer {
    name: String,
    audiences: Vec<String>,
    name_claim: String,
    keys: Arc<KeyCache>,
    /// Whom it names that is a caller by itself.
    listed: HashMap<String, Arc<Member>>,
    /// Everybody else.
    others: Option<Subjects>,
}

impl Issuer {
    /// Reads the keys where they lie in a file.
    pub(super) fn new(settings: IssuerSettings) -> Result<Self, CallersError> {
        let IssuerSettings { issuer: name, audiences, keys, name_claim, others } = settings;
        if audiences.is_empty() {
            return Err(CallersError::NoAudience(name));
        }
        let keys = match keys {
            KeySource::Url(_) => KeyCache::new(keys),
            KeySource::File(path) => {
                let json = read_file(&path)
                    .map_err(|cause| CallersError::KeyFile { path: path.clone(), cause })?;
                let set = KeySet::read(&json).ok_or_else(|| CallersError::NoKeys(path.clone()))?;
                KeyCache::with(KeySource::File(path), set)
            }
        };
        let others = others.map(|rights| Subjects::new(&name, Grant::new(rights)));
        Ok(Self { name, audiences, name_claim, keys, listed: HashMap::new(), others })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn members(&mut self) -> impl Iterator<Item = &mut Arc<Member>> {
        self.listed.values_mut()
    }

    /// Goes on with the keys from the same URL, which need not be to be had right now, and with the
    /// accounts of whom `before` named. A file was read anew.
    pub(super) fn go_on(&mut self, before: &Self) {
        if self.keys.is_like(&before.keys) {
            self.keys = Arc::clone(&before.keys);
        }
        if let (Some(others), Some(before)) = (&mut self.others, &before.others) {
            others.go_on(before);
        }
    }

    pub(super) fn add(
        &mut self,
        subject: String,
        member: &Arc<Member>,
    ) -> Result<(), CallersError> {
        match self.listed.insert(subject.clone(), Arc::clone(member)) {
            None => Ok(()),
            Some(_) => {
                Err(CallersError::Twice { what: "callers have the subject", which: subject })
            }
        }
    }

    /// Whom a token names, once it is found to be good. What costs least is looked at first.
    pub(super) async fn caller(
        &self,
        token: &Token<'_>,
        client: &Client,
        clock: &Clock,
    ) -> Result<Arc<Member>, Held> {
        let refused = |flaw: Flaw| unauthenticated(&flaw.to_string());
        token.claims.are_good(&self.audiences, clock.now().as_second()).map_err(refused)?;
        let key = self.keys.get(token.kid.as_deref(), token.algorithm, client).await;
        let key = key.map_err(|missing| self.without_key(missing))?;
        token.is_signed_by(&key).map_err(refused)?;
        let name = token.claims.text(&self.name_claim).filter(|name| is_name(name));
        self.named(name.ok_or_else(|| refused(Flaw::Nameless))?, clock)
    }

    fn named(&self, name: &str, clock: &Clock) -> Result<Arc<Member>, Held> {
        if let Some(member) = self.listed.get(name) {
            return Ok(Arc::clone(member));
        }
        let others = self.others.as_ref().ok_or_else(|| {
            Held::new(HeldKind::NotPermitted, "the token is good, and its bearer is nobody here")
        })?;
        others.get(name, clock).ok_or_else(|| Held {
            after: Some(1),
            ..Held::new(HeldKind::Shed, "too many callers call at the same time")
        })
    }

    fn without_key(&self, missing: NoKey) -> Held {
        let flaw = match missing {
            NoKey::Unavailable => {
                let detail = format!("the keys of the issuer {} are not to be had", self.name);
                return Held { after: Some(5), ..Held::new(HeldKind::KeysUnavailable, detail) };
            }
            NoKey::Missing(Missing::Unknown) => Flaw::UnknownKey,
            NoKey::Missing(Missing::OtherAlgorithm) => Flaw::OtherKey,
            NoKey::Missing(Missing::Ambiguous) => Flaw::NoKey,
        };
        unauthenticated(&flaw.to_string())
    }
}
