//! What operations change when they end, and why they fail.
//!
//! Work that is done at once goes the same way: it is judged, then applied.

use super::operation::{Ended, Operation, OperationType};
use super::world::{Certificate, Creation, MAX_FINISHED, Service, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What is done to a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Work {
    /// It is created; until then it is there with its creation ongoing.
    CreateService,
    /// It is created with the configuration of another one.
    CloneService {
        /// The other one's id.
        source_id: String,
    },
    /// It is deleted.
    DeleteService,
    /// It gets a client profile.
    CreateClientProfile {
        /// Its name.
        name: String,
        /// The values that differ from the defaults.
        values: Map<String, Value>,
    },
    /// A client profile gets other values.
    UpdateClientProfile {
        /// Its name.
        name: String,
        /// All values that differ from the defaults.
        values: Map<String, Value>,
    },
    /// A client profile is deleted.
    DeleteClientProfile {
        /// Its name.
        name: String,
    },
    /// The message spool gets another size.
    ResizeSpool {
        /// In gigabytes.
        spool_gb: u32,
    },
    /// A certificate is uploaded.
    UploadCertificate {
        /// Its id.
        id: String,
        /// What it is.
        certificate: Certificate,
    },
    /// A certificate takes the place of the one that the broker shows.
    InstallCertificate {
        /// Its id.
        id: String,
    },
    /// A certificate is deleted.
    DeleteCertificate {
        /// Its id.
        id: String,
    },
}

/// Why work fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The caller asked for something that does not go.
    Request(String),
    /// PubSub+ Cloud could not do it.
    Cloud(String),
}

impl Work {
    /// What the API calls it.
    pub fn operation_type(&self) -> OperationType {
        match self {
            Self::CreateService => OperationType::CreateService,
            Self::CloneService { .. } => OperationType::CloneService,
            Self::DeleteService => OperationType::DeleteService,
            Self::CreateClientProfile { .. } => OperationType::CreateClientProfile,
            Self::UpdateClientProfile { .. } => OperationType::UpdateClientProfile,
            Self::DeleteClientProfile { .. } => OperationType::DeleteClientProfile,
            Self::ResizeSpool { .. } => OperationType::ServiceRequest,
            Self::UploadCertificate { .. } => OperationType::UploadCertificate,
            Self::InstallCertificate { .. } => OperationType::InstallCertificate,
            Self::DeleteCertificate { .. } => OperationType::DeleteCertificate,
        }
    }

    /// What it works on, as operations name it: a service, or a path below one.
    pub(super) fn resource_id(&self, service_id: &str) -> String {
        match self {
            Self::CreateService
            | Self::CloneService { .. }
            | Self::DeleteService
            | Self::ResizeSpool { .. } => service_id.to_owned(),
            Self::CreateClientProfile { name, .. }
            | Self::UpdateClientProfile { name, .. }
            | Self::DeleteClientProfile { name } => format!("{service_id}/clientProfiles/{name}"),
            Self::UploadCertificate { id, .. }
            | Self::InstallCertificate { id }
            | Self::DeleteCertificate { id } => format!("{service_id}/serverCertificates/{id}"),
        }
    }

    /// Whether the service comes into being by it.
    pub(super) fn creates_service(&self) -> bool {
        matches!(self, Self::CreateService | Self::CloneService { .. })
    }

    /// Whether it can succeed in this state.
    pub(super) fn judge(&self, service_id: &str, state: &State) -> Result<(), Failure> {
        let Some(service) = state.services.get(service_id) else { return Ok(()) };
        match self {
            Self::CreateService | Self::CloneService { .. } => room(service, state),
            Self::UploadCertificate { id, .. } if service.certificates.contains_key(id) => {
                Err(Failure::Request("Failed to upload. Certificate already exists.".to_owned()))
            }
            Self::DeleteService
            | Self::CreateClientProfile { .. }
            | Self::UpdateClientProfile { .. }
            | Self::DeleteClientProfile { .. }
            | Self::ResizeSpool { .. }
            | Self::UploadCertificate { .. }
            | Self::InstallCertificate { .. }
            | Self::DeleteCertificate { .. } => Ok(()),
        }
    }

    /// Does it; it has been judged.
    pub(super) fn apply(self, service_id: &str, state: &mut State) {
        if let Self::DeleteService = self {
            state.services.remove(service_id);
            return;
        }
        let source = self.source_id().and_then(|id| state.services.get(id)).cloned();
        let Some(service) = state.services.get_mut(service_id) else { return };
        match self {
            Self::CreateService | Self::DeleteService => service.creation = Creation::Completed,
            Self::CloneService { .. } => copy(service, source),
            Self::CreateClientProfile { name, values }
            | Self::UpdateClientProfile { name, values } => {
                service.client_profiles.insert(name, values);
            }
            Self::DeleteClientProfile { name } => drop(service.client_profiles.remove(&name)),
            Self::ResizeSpool { spool_gb } => service.spool_gb = spool_gb,
            Self::UploadCertificate { id, certificate } => {
                service.certificates.insert(id, certificate);
            }
            Self::InstallCertificate { id } => install(service, &id),
            Self::DeleteCertificate { id } => drop(service.certificates.remove(&id)),
        }
    }

    /// The id of the service that a clone is made from.
    pub(super) fn source_id(&self) -> Option<&str> {
        let Self::CloneService { source_id } = self else { return None };
        Some(source_id)
    }
}

/// A clone is there, with the configuration of its source.
fn copy(service: &mut Service, source: Option<Service>) {
    service.creation = Creation::Completed;
    if let Some(source) = source {
        service.client_profiles = source.client_profiles;
        service.queues = source.queues;
    }
}

/// Whether a datacenter has room for one more service.
fn room(service: &Service, state: &State) -> Result<(), Failure> {
    let datacenter = state.datacenters.get(&service.datacenter_id);
    let capacity = datacenter.map_or(0, |datacenter| datacenter.capacity);
    if state.hosted(&service.datacenter_id) < capacity {
        return Ok(());
    }
    let Service { name, datacenter_id, .. } = service;
    Err(Failure::Cloud(format!(
        "Unable to create messaging service {name}: there is no capacity left in datacenter {datacenter_id}."
    )))
}

/// The broker shows one certificate at a time.
fn install(service: &mut Service, id: &str) {
    for (known, certificate) in &mut service.certificates {
        certificate.installed = known == id;
    }
}

impl Failure {
    /// Why, for people.
    pub(super) fn message(self) -> String {
        match self {
            Self::Request(message) | Self::Cloud(message) => message,
        }
    }
}

// === what time does ===

impl State {
    /// Ends the operations whose end has come, in the order of their ends.
    pub fn advance(&mut self, now: Timestamp) {
        while let Some(id) = self.next_to_end(now) {
            self.end(&id);
        }
    }

    fn next_to_end(&self, now: Timestamp) -> Option<String> {
        let due = self.operations.iter().filter(|(_, op)| op.ended.is_none() && op.ends <= now);
        due.min_by_key(|(id, op)| (op.ends, id.as_str())).map(|(id, _)| id.clone())
    }

    fn end(&mut self, id: &str) {
        let Some(Operation { service_id, work, ends, failure_id, .. }) =
            self.operations.get(id).cloned()
        else {
            return;
        };
        let error = match work.judge(&service_id, self) {
            Ok(()) => {
                work.apply(&service_id, self);
                None
            }
            Err(failure) => {
                let message = failure.message();
                self.fail(&service_id, &work, &message, failure_id);
                Some(message)
            }
        };
        if let Some(operation) = self.operations.get_mut(id) {
            operation.ended = Some(Ended { at: ends, error });
        }
    }

    /// What failed work leaves behind. A clone that failed can be deleted, whatever its source is.
    fn fail(&mut self, service_id: &str, work: &Work, message: &str, error_id: String) {
        let service = self.services.get_mut(service_id).filter(|_| work.creates_service());
        let Some(service) = service else { return };
        service.creation = Creation::Failed { message: message.to_owned(), error_id };
        service.locked &= *work == Work::CreateService;
    }

    /// Drops the operations that ended first, beyond [`MAX_FINISHED`].
    pub(super) fn forget_old_operations(&mut self) {
        let mut ended: Vec<(Timestamp, String)> = Vec::new();
        for (id, operation) in &self.operations {
            ended.extend(operation.ended.as_ref().map(|ended| (ended.at, id.clone())));
        }
        ended.sort();
        let beyond = ended.len().saturating_sub(MAX_FINISHED);
        for (_, id) in ended.into_iter().take(beyond) {
            self.operations.remove(&id);
        }
    }
}
