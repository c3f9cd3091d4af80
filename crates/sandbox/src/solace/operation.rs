//! Operations: work that takes more than two seconds, from `PENDING` to its end.
//!
//! An operation is planned with the moments at which it starts and ends, so its state follows from
//! the time. Here is what an operation is and how it is written; what its end changes is told in
//! [`super::work`], how it is planned in `plan`.

use super::work::Work;
use super::world::{OperationForm, Settings, Spelling};
use super::write::{enveloped, moment};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::cmp::Ordering;

/// After how many seconds clients of this API ask for an operation again by default.
const LONGEST_WAIT: u64 = 30;

/// What an operation does, in the API's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the API's")]
pub enum OperationType {
    CreateService,
    CloneService,
    DeleteService,
    CreateClientProfile,
    UpdateClientProfile,
    DeleteClientProfile,
    ServiceRequest,
    UploadCertificate,
    InstallCertificate,
    DeleteCertificate,
}

/// An operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// The service below which it is found; it is remembered longer than a service that it deletes.
    pub service_id: String,
    /// What it works on: a service, or a path below one.
    pub resource_id: String,
    /// What it does.
    pub work: Work,
    /// Who asked for it.
    pub created_by: String,
    /// When it was asked for.
    pub created_time: Timestamp,
    /// Until when it waits.
    pub starts: Timestamp,
    /// When it ends.
    pub ends: Timestamp,
    /// The id that its failure has if it fails; drawn beforehand, so that time alone can end it.
    pub failure_id: String,
    /// How it ended, once it has.
    pub ended: Option<Ended>,
}

/// How an operation ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// The state of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It waits.
    Pending,
    /// It runs.
    InProgress,
    /// A clone's own state: the configuration is being copied. Inferred: the document speaks of
    /// custom states and names none.
    Copying,
    /// It ended well.
    Succeeded,
    /// It failed.
    Failed,
}

// === impl OperationType ===

impl OperationType {
    /// The name, as the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::CreateService => "createService",
            Self::CloneService => "cloneService",
            Self::DeleteService => "deleteService",
            Self::CreateClientProfile => "createClientProfile",
            Self::UpdateClientProfile => "updateClientProfile",
            Self::DeleteClientProfile => "deleteClientProfile",
            Self::ServiceRequest => "serviceRequest",
            Self::UploadCertificate => "uploadCertificate",
            Self::InstallCertificate => "installCertificate",
            Self::DeleteCertificate => "deleteCertificate",
        }
    }

    /// What kind of thing it works on.
    fn resource_type(self) -> &'static str {
        match self {
            Self::CreateService
            | Self::CloneService
            | Self::DeleteService
            | Self::ServiceRequest => "service",
            Self::CreateClientProfile | Self::UpdateClientProfile | Self::DeleteClientProfile => {
                "clientProfile"
            }
            Self::UploadCertificate | Self::InstallCertificate | Self::DeleteCertificate => {
                "certificate"
            }
        }
    }

    /// What is done one after the other. Inferred: the texts are not documented.
    fn steps(self) -> &'static [&'static str] {
        match self {
            Self::CreateService => {
                &["Allocate infrastructure", "Deploy broker", "Configure broker", "Check health"]
            }
            Self::CloneService => {
                &["Allocate infrastructure", "Deploy broker", "Copy configuration", "Check health"]
            }
            Self::DeleteService => &["Stop broker", "Release infrastructure"],
            Self::ServiceRequest => &["Resize volume", "Check health"],
            Self::CreateClientProfile
            | Self::UpdateClientProfile
            | Self::DeleteClientProfile
            | Self::UploadCertificate
            | Self::DeleteCertificate => &["Configure broker"],
            Self::InstallCertificate => &["Configure broker", "Restart listeners"],
        }
    }
}

// === impl Status ===

impl Status {
    fn spelled(self, spelling: Spelling) -> &'static str {
        match (self, spelling) {
            (Self::Pending, Spelling::Upper) => "PENDING",
            (Self::Pending, Spelling::Page) => "pending",
            (Self::InProgress, Spelling::Upper) => "INPROGRESS",
            (Self::InProgress, Spelling::Page) => "inProgress",
            (Self::Copying, Spelling::Upper) => "COPYING",
            (Self::Copying, Spelling::Page) => "copying",
            (Self::Succeeded, Spelling::Upper) => "SUCCEEDED",
            (Self::Succeeded, Spelling::Page) => "succeeded",
            (Self::Failed, Spelling::Upper) => "FAILED",
            (Self::Failed, Spelling::Page) => "failed",
        }
    }
}

// === impl Operation ===

impl Operation {
    /// Its state at a moment.
    pub fn status(&self, now: Timestamp) -> Status {
        match &self.ended {
            Some(Ended { error: None, .. }) => Status::Succeeded,
            Some(Ended { error: Some(_), .. }) => Status::Failed,
            None if now < self.starts => Status::Pending,
            None if self.copies(now) => Status::Copying,
            None => Status::InProgress,
        }
    }

    /// A clone copies the configuration in the second half of its work.
    fn copies(&self, now: Timestamp) -> bool {
        let clones = self.work.operation_type() == OperationType::CloneService;
        clones && self.done_percent(now) >= 50
    }

    /// How much of the work is done, in percent.
    fn done_percent(&self, now: Timestamp) -> i64 {
        let whole = self.ends.as_millisecond().saturating_sub(self.starts.as_millisecond());
        let past = now.as_millisecond().saturating_sub(self.starts.as_millisecond());
        past.saturating_mul(100).checked_div(whole).unwrap_or(100).clamp(0, 100)
    }

    /// After how many seconds it is asked for again, as `Retry-After` has it: when it will have
    /// ended, but not later than clients of this API ask by themselves.
    pub(super) fn wait(&self, now: Timestamp) -> String {
        let left = self.ends.as_millisecond().saturating_sub(now.as_millisecond());
        let seconds = u64::try_from(left).unwrap_or_default().div_ceil(1000);
        seconds.clamp(1, LONGEST_WAIT).to_string()
    }

    /// How the API writes it, in a list.
    pub(super) fn view(&self, id: &str, now: Timestamp, settings: &Settings) -> Value {
        let kind = self.work.operation_type();
        let error = self.ended.as_ref().and_then(|ended| ended.error.as_ref());
        let mut view = json!({
            "id": id,
            "resourceId": self.resource_id,
            "operationType": kind.name(),
            "createdBy": self.created_by,
            "createdTime": moment(self.created_time),
            "completedTime": self.ended.as_ref().map(|ended| moment(ended.at)),
            "status": self.status(now).spelled(settings.states),
            "error": error.map(|message| json!({ "message": message, "errorId": self.failure_id })),
        });
        if let (OperationForm::Enveloped, Value::Object(members)) = (settings.operations, &mut view)
        {
            members.insert("type".to_owned(), "operation".into());
            members.insert("resourceType".to_owned(), kind.resource_type().into());
        }
        view
    }

    /// How the API writes it by itself, with its progress where that is asked for.
    pub(super) fn whole(&self, id: &str, now: Timestamp, settings: &Settings, logs: bool) -> Value {
        let mut view = self.view(id, now, settings);
        if let (true, Value::Object(members)) = (logs, &mut view) {
            members.insert("progressLogs".to_owned(), self.progress(now));
        }
        match settings.operations {
            OperationForm::Enveloped => enveloped(&view),
            OperationForm::Bare => view,
        }
    }

    /// The steps, and how far each has come.
    fn progress(&self, now: Timestamp) -> Value {
        let steps = self.work.operation_type().steps();
        let count = i64::try_from(steps.len()).unwrap_or(1);
        let current = self.done_percent(now).saturating_mul(count) / 100;
        let step = |(at, step): (i64, &&str)| {
            let (status, since) = self.step_status(at, current, count, now);
            let message = format!("{step}: {status}");
            json!({ "step": step, "status": status, "message": message, "timestamp": since })
        };
        (0..).zip(steps).map(step).collect()
    }

    fn step_status(
        &self,
        at: i64,
        current: i64,
        count: i64,
        now: Timestamp,
    ) -> (&'static str, Option<String>) {
        let each = self.ends.as_millisecond().saturating_sub(self.starts.as_millisecond()) / count;
        let began = self.starts.as_millisecond().saturating_add(each.saturating_mul(at));
        let since = Timestamp::from_millisecond(began).ok().map(moment);
        let (done, at_work) = match self.status(now) {
            Status::Pending => (0, "pending"),
            Status::InProgress | Status::Copying => (current, "inProgress"),
            Status::Succeeded => (count, "success"),
            Status::Failed => (count - 1, "failed"),
        };
        match at.cmp(&done) {
            Ordering::Less => ("success", since),
            Ordering::Equal if at_work != "pending" => (at_work, since),
            Ordering::Equal | Ordering::Greater => ("pending", None),
        }
    }
}
