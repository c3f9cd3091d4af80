//! How each documented row is reached: the requests that bring its cause about, as HTTP files.
//!
//! An HTTP file is what editors run as well: requests apart by `###`, a request line, header
//! fields, an empty line, a body, and variables as `{{name}}`, given at the top as `@name = value`.
//! Here `### row: why it happens` begins a [`Scene`], a bare `###` the next request of the same
//! scene; the answer to the last request is the row's. The address of the API is `{{url}}`.
//!
//! Not here: sending. A scene is told as `curl` commands, and as data.

mod curl;
mod file;

pub use file::{FileError, read, variables};

use serde::Serialize;

/// How one row is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scene {
    /// The row of the contract.
    pub row: String,
    /// Why it happens, in a few words.
    pub why: String,
    /// What is sent, one after the other. The last answer is the row's.
    pub steps: Vec<Step>,
}

/// One request of a scene.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The method.
    pub method: String,
    /// The whole URL.
    pub url: String,
    /// The header fields, as written.
    pub headers: Vec<(String, String)>,
    /// The body; empty where there is none.
    pub body: String,
    /// How often it is sent, for limits: `# times: 1000` before the request line.
    pub times: u32,
}

impl Scene {
    /// The requests as data, for any client: each sends what its command of [`Scene::commands`] sends.
    pub fn requests(&self) -> Vec<Step> {
        let sent = |step: &Step| Step { body: curl::compact(&step.body), ..step.clone() };
        self.steps.iter().map(sent).collect()
    }
}
