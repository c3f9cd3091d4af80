//! OpenAPI: the forms of requests and answers, as an API describes them.
//!
//! A description of OpenAPI 3.0 or 3.1 is read once, with all files that it refers to, and compiled:
//! a call finds its [`Operation`] by method and path, and is held against it without another look
//! at the description. Bodies are held by JSON Schema, see [`crate::schema`].
//!
//! This is not a model of OpenAPI. What no operation uses is not read: unused components,
//! callbacks, webhooks, links, security, examples. Of what is used, some parts are not held, and
//! [`OpenApi::notes`] names each place: `discriminator`; patterns with look-around or
//! back-references; references by URL or anchor, `$dynamicRef` and `$id`; schemas of another dialect
//! of JSON Schema; parameters without a form, such as objects in objects; servers of a single path
//! or operation; paths with a query. Bodies that are not JSON are never held.
//!
//! Files are YAML, or JSON as its subset, with anchors and aliases, but without tags. References
//! lead to a place in the same or another file by a JSON Pointer; another file is named relative to
//! the one that refers. Nothing is fetched: files come from the caller.
//!
//! Everything is read and checked at once; the engine's form of a schema is made at its first use.
//!
//! Three readings where the specification leaves room:
//!
//! - `nullable: true` (3.0) allows null in every schema that says it, beside an `enum` or an
//!   `allOf` too: whoever wrote it meant it. Strictly it adds null to `type` alone.
//! - A read-only member is not required in a request, but may be there: clients send back what they
//!   read. A write-only member is not required in an answer, and must not be there: what comes back
//!   is what should have stayed secret.
//! - Of the formats, 3.0 itself defines `date`, `date-time`, `int32` and `int64`, and these hold, the
//!   last two as ranges. All others describe, and so do all in 3.1.

mod body;
mod dialect;
mod document;
mod files;
mod held;
mod keywords;
mod media;
mod notes;
mod operation;
mod parameter;
mod reference;
mod request;
mod response;
mod route;
mod schemas;
mod style;
mod tree;
mod types;

pub use body::Body;
pub use files::Mistakes;
pub use notes::{Note, NoteKind};
pub use operation::Operation;
pub use parameter::{Parameter, Place};
pub use request::RequestParts;
pub use response::Checked;

use http::Method;
use route::Routes;

/// The most files of one description.
pub const MAX_FILES: usize = 256;
/// The most bytes of all files of one description.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;
/// The most values of each file; what an alias repeats counts each time.
pub const MAX_VALUES: usize = 2_000_000;
/// The most operations of one description.
pub const MAX_OPERATIONS: usize = 10_000;
/// The most values that all schemas may have, of which those for both directions count twice.
pub const MAX_SCHEMA_VALUES: usize = 4_000_000;
/// The most schemas that may be held against one value, each within the other or behind its
/// reference. The engine goes down by recursion, so a body may be 1500 divided by this number
/// levels deep, where that is less than [`crate::json::MAX_DEPTH`]; the rule is `depth`.
pub const MAX_CHAIN: usize = 64;

/// A compiled description.
#[derive(Debug)]
pub struct OpenApi {
    title: String,
    version: String,
    bases: Vec<String>,
    paths: Vec<PathItem>,
    routes: Routes,
    schemas: usize,
    notes: Vec<Note>,
}

/// The operations of one path.
#[derive(Debug, Default)]
struct PathItem {
    methods: Vec<Method>,
    /// In the order of `methods`.
    operations: Vec<Operation>,
}

/// What [`OpenApi::find`] found.
#[derive(Debug)]
pub enum Found<'o, 'p> {
    /// The operation, and what stands in the slots of its path.
    Operation {
        /// The operation.
        operation: &'o Operation,
        /// What stands in the slots.
        params: PathParams<'p>,
    },
    /// The path is declared, with these methods only.
    OtherMethods(&'o [Method]),
    /// The path is not declared.
    Nothing,
}

/// What stands in the slots of a path, as it is written there: with percent-encoding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PathParams<'p> {
    values: Vec<(&'p str, &'p str)>,
}

/// The version of a description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    V3_0,
    V3_1,
}

/// Which way a value goes: members that are read-only or write-only depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Direction {
    Request,
    Response,
}

/// Whether `uri` names the dialect of schemas in 3.1, or the one that it is made of.
fn is_dialect(uri: &str) -> bool {
    let uri = uri.trim_end_matches('#');
    matches!(
        uri,
        "https://spec.openapis.org/oas/3.1/dialect/base"
            | "https://json-schema.org/draft/2020-12/schema"
    )
}

// === impl OpenApi ===

impl OpenApi {
    /// Reads the description `source` of the file `name`. Other files that it refers to come from
    /// `load`, by their path in the manner of `name`; it may refuse one, and says why.
    ///
    /// # Errors
    /// All mistakes of all files; of one schema the first that its draft finds.
    pub fn read(
        name: &str,
        source: &str,
        load: &mut dyn FnMut(&str) -> Result<String, String>,
    ) -> Result<Self, Mistakes> {
        document::read(name, source, load)
    }

    /// The operation for `method` and `path`, which starts with `/` and is seen from the server's
    /// base; it has no query.
    ///
    /// The path decides first: where it is declared literally, its slots elsewhere do not count,
    /// whatever the methods. `HEAD` is the operation of `GET` where it is not declared
    /// itself (RFC 9110, section 9.3.2).
    pub fn find<'o: 'p, 'p>(&'o self, method: &Method, path: &'p str) -> Found<'o, 'p> {
        let Some((leaf, values)) = self.routes.find(path) else { return Found::Nothing };
        let Some(item) = self.paths.get(leaf) else { return Found::Nothing };
        let Some(operation) = item.operation(method) else {
            return Found::OtherMethods(&item.methods);
        };
        let names = operation.slots.iter().map(String::as_str);
        Found::Operation { operation, params: PathParams { values: names.zip(values).collect() } }
    }

    /// The part of `path` that [`OpenApi::find`] looks at, where it lies under one of the servers'
    /// bases: the longest of them is taken off.
    pub fn below_base<'p>(&self, path: &'p str) -> Option<&'p str> {
        let below = |base: &String| path.strip_prefix(base.as_str()).filter(|p| p.starts_with('/'));
        self.bases.iter().filter_map(below).min_by_key(|path| path.len())
    }

    /// The API's name.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The API's own version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The paths of its servers, under which all others lie, such as `/api/v2`; empty for the root.
    /// Without a slash at the end; variables are replaced by their defaults.
    pub fn bases(&self) -> &[String] {
        &self.bases
    }

    /// All operations, in the order of the description.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.paths.iter().flat_map(|item| &item.operations)
    }

    /// How many schemas there are that something is held against.
    pub fn schemas(&self) -> usize {
        self.schemas
    }

    /// What is described and not held.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }
}

// === impl PathItem ===

impl PathItem {
    fn operation(&self, method: &Method) -> Option<&Operation> {
        let of = |method: &Method| self.operations.iter().find(|o| o.method == *method);
        of(method).or_else(|| if *method == Method::HEAD { of(&Method::GET) } else { None })
    }
}

// === impl PathParams ===

impl<'p> PathParams<'p> {
    /// What stands in the slot `name`.
    pub fn get(&self, name: &str) -> Option<&'p str> {
        self.values.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
    }

    /// All slots and what stands in them, in the order of the path.
    pub fn iter(&self) -> impl Iterator<Item = (&'p str, &'p str)> {
        self.values.iter().copied()
    }
}

#[cfg(test)]
mod tests;
