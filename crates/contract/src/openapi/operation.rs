//! One operation: a method of a path, with what it takes and answers.

use super::parameter::Parameter;
use super::request::RequestBody;
use super::response::Responses;
use http::Method;

/// One operation.
#[derive(Debug)]
pub struct Operation {
    pub(super) id: Option<String>,
    pub(super) method: Method,
    pub(super) path: String,
    /// The names of the slots in its path, in their order.
    pub(super) slots: Vec<String>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<RequestBody>,
    pub(super) responses: Responses,
}

impl Operation {
    /// Its `operationId`.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Its method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Its path template, as it was written.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its parameters, with those of its path.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Whether a request must have a body.
    pub fn requires_body(&self) -> bool {
        self.body.as_ref().is_some_and(|body| body.required)
    }
}
