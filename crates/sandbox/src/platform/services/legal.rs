//! Legal documents of a tenant, and their versions: a version is drafted, and then published, one
//! after the other.
//!
//! The vendor documents what goes wrong here and not the endpoints: their paths are concluded from
//! the rest of the API.

use super::super::tenancy::moment;
use super::segment;
use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::platform::members::Members;
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many legal documents there may be.
pub(super) const MOST_DOCUMENTS: usize = 200;
/// How many versions a document may have.
pub(super) const MOST_VERSIONS: usize = 50;

/// A legal document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LegalDocument {
    /// A UUID.
    pub(crate) id: String,
    /// Whose document it is.
    pub(crate) tenant_id: String,
    /// The name: of a tenant's documents no two have the same.
    pub(crate) name: String,
    /// Its versions; the first is number 1.
    pub(crate) versions: Vec<Version>,
}

/// A version of a legal document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Version {
    /// Where the text is.
    pub(crate) url: String,
    /// Whether it is a draft, or published.
    pub(crate) state: State,
    /// When it was drafted.
    pub(crate) created_at: Timestamp,
    /// When it was published.
    pub(crate) published_at: Option<Timestamp>,
}

/// What a version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Nobody has to accept it yet.
    Draft,
    /// It holds.
    Published,
}

impl LegalDocument {
    fn shown(&self) -> Value {
        let Self { id, tenant_id, name, versions } = self;
        let current = versions.iter().rposition(|version| version.state == State::Published);
        let current = current.map(|at| at.saturating_add(1));
        json!({ "id": id, "tenant_id": tenant_id, "name": name, "current_version": current })
    }

    fn version(&self, number: usize) -> Option<&Version> {
        self.versions.get(number.checked_sub(1)?)
    }

    fn shown_version(&self, number: usize) -> Option<Value> {
        let Version { url, state, created_at, published_at } = self.version(number)?;
        Some(json!({
            "version": number,
            "url": url,
            "state": state,
            "created_at": moment(*created_at),
            "published_at": published_at.map(moment),
        }))
    }
}

// === the rules ===

/// `GET /tenants/{tenant}/legal_documents`
pub(super) fn list(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let tenant = desk.tenant(&desk.caller()?, segment(open, 0))?;
    let all = desk.world.state.services.legal_documents.values();
    let own = all.filter(|document| document.tenant_id == tenant.id);
    let shown: Vec<_> = own.map(LegalDocument::shown).collect();
    Ok(Reply::json(StatusCode::OK, &json!({ "items": shown })))
}

/// `POST /tenants/{tenant}/legal_documents`
pub(super) fn create(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let caller = desk.caller()?;
    let tenant = desk.writable(&caller, segment(open, 0))?;
    let name = Members::of(desk.object()?).only(&["name"])?.some_text("name")?;
    let documents = &desk.world.state.services.legal_documents;
    if documents.values().any(|other| other.tenant_id == tenant.id && other.name == name) {
        return Err(errors::http(409).info("The tenant has a legal document of that name."));
    }
    if documents.len() >= MOST_DOCUMENTS {
        return Err(errors::code("1027").info("There can be no more legal documents."));
    }
    desk.commit()?;
    let id = desk.world.ids.uuid().to_string();
    let (tenant_id, versions) = (tenant.id, Vec::new());
    let document = LegalDocument { id: id.clone(), tenant_id, name, versions };
    let reply = Reply::json(StatusCode::CREATED, &document.shown());
    desk.world.state.services.legal_documents.insert(id, document);
    Ok(reply)
}

/// `GET /legal_documents/{document}`
pub(super) fn read(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    Ok(Reply::json(StatusCode::OK, &seen(desk, open)?.shown()))
}

/// `DELETE /legal_documents/{document}`: one that was never published.
pub(super) fn delete(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let document = changeable(desk, open)?;
    if document.versions.iter().any(|version| version.state == State::Published) {
        return Err(errors::code("1027").info("The legal document was published."));
    }
    desk.commit()?;
    desk.world.state.services.legal_documents.remove(&document.id);
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// `GET /legal_documents/{document}/versions`
pub(super) fn versions(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let document = seen(desk, open)?;
    let numbers = 1..=document.versions.len();
    let shown: Vec<_> = numbers.filter_map(|number| document.shown_version(number)).collect();
    Ok(Reply::json(StatusCode::OK, &json!({ "items": shown })))
}

/// `POST /legal_documents/{document}/versions`: drafts the next one.
pub(super) fn draft(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let mut document = changeable(desk, open)?;
    let url = Members::of(desk.object()?).only(&["url"])?.some_text("url")?;
    if document.versions.len() >= MOST_VERSIONS {
        return Err(errors::code("1027").info("The legal document can have no more versions."));
    }
    desk.commit()?;
    let (created_at, published_at) = (desk.call.now, None);
    document.versions.push(Version { url, state: State::Draft, created_at, published_at });
    let reply = Reply::json(StatusCode::CREATED, &document.shown_version(document.versions.len()));
    desk.world.state.services.legal_documents.insert(document.id.clone(), document);
    Ok(reply)
}

/// `POST /legal_documents/{document}/versions/{version}/publish`
pub(super) fn publish(desk: &mut Desk<'_>, open: &[String]) -> Result<Reply, Refusal> {
    let mut document = changeable(desk, open)?;
    let number: usize = segment(open, 1).parse().unwrap_or_default();
    let draft = document.version(number).ok_or_else(|| errors::http(404))?;
    if draft.state == State::Published {
        return Err(errors::http(409).info("The version is published already."));
    }
    let before = document.version(number.saturating_sub(1));
    if before.is_some_and(|before| before.state == State::Draft) {
        return Err(errors::code("1034"));
    }
    desk.commit()?;
    if let Some(version) = document.versions.get_mut(number.saturating_sub(1)) {
        version.state = State::Published;
        version.published_at = Some(desk.call.now);
    }
    let reply = Reply::json(StatusCode::OK, &document.shown_version(number));
    desk.world.state.services.legal_documents.insert(document.id.clone(), document);
    Ok(reply)
}

fn seen(desk: &Desk<'_>, open: &[String]) -> Result<LegalDocument, Refusal> {
    let caller = desk.caller()?;
    let document = desk.world.state.services.legal_documents.get(segment(open, 0)).cloned();
    let document =
        document.ok_or_else(|| errors::http(404).info("There is no such legal document."))?;
    desk.tenant(&caller, &document.tenant_id)?;
    Ok(document)
}

fn changeable(desk: &Desk<'_>, open: &[String]) -> Result<LegalDocument, Refusal> {
    let document = seen(desk, open)?;
    desk.writable(&desk.caller()?, &document.tenant_id)?;
    Ok(document)
}
