//! Taking work on: at once where it is short, as an operation where it takes more than two seconds.
//!
//! The three ways in which work conflicts are the page's: another operation is in progress, it
//! cannot be queued, or it cannot run in parallel with another one.

use super::act::{Act, Answer};
use super::operation::Operation;
use super::refuse::{bad, broken, conflict, unavailable};
use super::work::{Failure, Work};
use super::world::{AcceptedForm, Service, Settings, State};
use crate::stage::{Refusal, Reply};
use http::StatusCode;
use http::header::{LOCATION, RETRY_AFTER};
use jiff::{SignedDuration, Timestamp};

/// What is done within this time is answered with its result: "any operation that takes longer than
/// two seconds" is asynchronous.
const AT_ONCE_MS: u64 = 2000;
/// An operation waits for this part of the time that its work takes.
const WAITING_PART: u64 = 10;

/// Work to be taken on.
pub(super) struct Job<'j> {
    /// The service that it is done to.
    pub(super) service_id: &'j str,
    /// The service itself, where it comes into being by the work.
    pub(super) birth: Option<Service>,
    /// What is done.
    pub(super) work: Work,
    /// What is answered where it is done at once.
    pub(super) done: &'j dyn Fn(&State) -> Reply,
}

impl Act<'_> {
    /// Takes work on, or refuses it.
    pub(super) fn undertake(&mut self, job: Job<'_>) -> Answer {
        let mut after = self.world.state.clone();
        if let Some(service) = &job.birth {
            after.services.insert(job.service_id.to_owned(), service.clone());
        }
        self.free_for(&job, &after)?;
        let duration = planned(&after.settings, &job.work);
        if duration <= AT_ONCE_MS {
            self.at_once(job, after)
        } else {
            self.later(job, after, duration)
        }
    }

    /// Whether nothing stands against a change of this service.
    pub(super) fn free(&self, service_id: &str) -> Result<(), Refusal> {
        let state = &self.world.state;
        if state.occupied(service_id) {
            return Err(conflict(format!(
                "The operation conflicts with another operation in progress on the event broker service with id {service_id}."
            )));
        }
        let service = state.services.get(service_id);
        self.reachable(service.map_or("", |service| &service.datacenter_id))
    }

    /// Whether anything can be changed in a datacenter.
    fn reachable(&self, datacenter_id: &str) -> Result<(), Refusal> {
        let datacenter = self.world.state.datacenters.get(datacenter_id);
        let down = datacenter.is_some_and(|datacenter| datacenter.maintenance);
        if down { Err(unavailable(None)) } else { Ok(()) }
    }

    fn free_for(&self, job: &Job<'_>, after: &State) -> Result<(), Refusal> {
        match &job.work {
            Work::CreateService => {}
            Work::CloneService { source_id } => self.free(source_id)?,
            Work::InstallCertificate { .. } => {
                self.free(job.service_id)?;
                alone(job.service_id, after)?;
            }
            Work::DeleteService
            | Work::CreateClientProfile { .. }
            | Work::UpdateClientProfile { .. }
            | Work::DeleteClientProfile { .. }
            | Work::ResizeSpool { .. }
            | Work::UploadCertificate { .. }
            | Work::DeleteCertificate { .. } => self.free(job.service_id)?,
        }
        let service = after.services.get(job.service_id);
        self.reachable(service.map_or("", |service| &service.datacenter_id))
    }

    fn at_once(&mut self, job: Job<'_>, mut after: State) -> Answer {
        let Job { service_id, work, done, .. } = job;
        work.judge(service_id, &after).map_err(|failure| match failure {
            Failure::Request(message) => bad(message),
            Failure::Cloud(message) => broken(message),
        })?;
        work.apply(service_id, &mut after);
        self.committable()?;
        let reply = done(&after);
        self.world.state = after;
        Ok(reply)
    }

    fn later(&mut self, job: Job<'_>, mut after: State, duration: u64) -> Answer {
        let ongoing = after.operations.values().filter(|op| op.ended.is_none()).count();
        if ongoing >= after.settings.operation_queue {
            return Err(conflict(format!(
                "The operation could not be queued: {ongoing} operations are waiting or in progress."
            )));
        }
        self.committable()?;
        let now = self.call.now;
        let operation = Operation {
            service_id: job.service_id.to_owned(),
            resource_id: job.work.resource_id(job.service_id),
            work: job.work,
            created_by: self.caller.user_id.clone(),
            created_time: now,
            starts: later(now, duration / WAITING_PART),
            ends: later(now, duration),
            failure_id: self.world.ids.uuid().to_string(),
            ended: None,
        };
        let id = self.world.ids.short(11);
        let reply = accepted(&id, &operation, now, &after.settings);
        after.operations.insert(id, operation);
        after.forget_old_operations();
        self.world.state = after;
        Ok(reply)
    }
}

impl State {
    /// Whether an operation works on a service, or copies from it.
    pub(super) fn occupied(&self, service_id: &str) -> bool {
        let mut ongoing = self.operations.values().filter(|operation| operation.ended.is_none());
        ongoing.any(|operation| {
            operation.service_id == service_id || operation.work.source_id() == Some(service_id)
        })
    }
}

/// Installing restarts the listeners, one service of a datacenter at a time. Inferred: the page
/// says that there is work that cannot run in parallel, and not which.
fn alone(service_id: &str, state: &State) -> Result<(), Refusal> {
    let place = |id: &str| state.services.get(id).map(|service| service.datacenter_id.as_str());
    let here = place(service_id);
    let mut ongoing = state.operations.values().filter(|operation| operation.ended.is_none());
    let other = ongoing.any(|operation| {
        let installs = matches!(operation.work, Work::InstallCertificate { .. });
        installs && place(&operation.service_id) == here
    });
    if !other {
        return Ok(());
    }
    Err(conflict(
        "The operation could not run in parallel with another certificate installation in the datacenter.",
    ))
}

/// How long work takes, in milliseconds.
fn planned(settings: &Settings, work: &Work) -> u64 {
    settings.durations_ms.get(&work.operation_type()).copied().unwrap_or_default()
}

fn later(now: Timestamp, ms: u64) -> Timestamp {
    let ms = SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX));
    now.saturating_add(ms).unwrap_or(Timestamp::MAX)
}

/// The 202: where the operation is found, and when to look.
fn accepted(id: &str, operation: &Operation, now: Timestamp, settings: &Settings) -> Reply {
    let service_id = &operation.service_id;
    let location =
        format!("/api/v2/missionControl/eventBrokerServices/{service_id}/operations/{id}");
    let reply = match settings.accepted {
        AcceptedForm::Operation => {
            let whole = operation.whole(id, now, settings, false);
            Reply::json(StatusCode::ACCEPTED, &whole)
        }
        AcceptedForm::LocationOnly => Reply::empty(StatusCode::ACCEPTED),
    };
    reply.with(LOCATION, &location).with(RETRY_AFTER, &operation.wait(now))
}
