//! Reading a description: its paths, their operations, and what each takes and answers.

mod operations;
mod parameters;

use super::files::{Files, Followed, Mistakes};
use super::notes::NoteKind;
use super::operation::Operation;
use super::route::{Routes, Template};
use super::schemas::Schemas;
use super::tree::{File, elements, get, members};
use super::{OpenApi, PathItem, Version};
use crate::notation::{Entry, Node, Value, nearest};
use http::Method;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

/// The methods that a path can have.
const METHODS: [(&str, Method); 8] = [
    ("get", Method::GET),
    ("put", Method::PUT),
    ("post", Method::POST),
    ("delete", Method::DELETE),
    ("options", Method::OPTIONS),
    ("head", Method::HEAD),
    ("patch", Method::PATCH),
    ("trace", Method::TRACE),
];

/// The other members of a path.
const OF_A_PATH: [&str; 5] = ["summary", "description", "servers", "parameters", "$ref"];

/// Reads the description `source` of the file `name`.
pub(super) fn read(
    name: &str,
    source: &str,
    load: &mut dyn FnMut(&str) -> Result<String, String>,
) -> Result<OpenApi, Mistakes> {
    let mut files = Files::new(load);
    let mut api = OpenApi {
        title: String::new(),
        version: String::new(),
        bases: Vec::new(),
        paths: Vec::new(),
        routes: Routes::default(),
        schemas: 0,
        notes: Vec::new(),
    };
    if let Some(file) = files.add(name, source.to_owned())
        && let Some(version) = version(&mut files, &file)
    {
        about(&file, &mut api);
        let mut reader = Reader::new(&mut files, version);
        reader.paths(&file, &mut api);
        reader.schemas.compile();
        api.schemas = reader.schemas.len();
    }
    api.notes = files.finish()?;
    Ok(api)
}

/// The version that the file says it has, where it is one that is read.
fn version(files: &mut Files<'_>, file: &Rc<File>) -> Option<Version> {
    files.mapping(file, &file.root, "a description")?;
    let help = "descriptions of OpenAPI 3.0 and 3.1 are read; convert others to one of them";
    if let Some(swagger) = get(&file.root, "swagger") {
        files.wrong(file, &swagger.span, "this is Swagger, not OpenAPI 3", "here").help(help);
        return None;
    }
    let Some(node) = get(&file.root, "openapi") else {
        let at = start(&file.root);
        let title = "a description needs an `openapi` with its version";
        files.wrong(file, &at, title, "it is missing here").help("add `openapi: 3.1.1`");
        return None;
    };
    let text = files.text(file, node, "`openapi`")?;
    let is = |version: &str| {
        text.strip_prefix(version).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    if is("3.0") {
        return Some(Version::V3_0);
    }
    if is("3.1") {
        return dialect(files, file).then_some(Version::V3_1);
    }
    let title = format!("OpenAPI {text} is not read");
    files.wrong(file, &node.span, title, "this version").help(help);
    None
}

/// Whether the schemas of a description of 3.1 are in a dialect that is read.
fn dialect(files: &mut Files<'_>, file: &File) -> bool {
    let Some(node) = get(&file.root, "jsonSchemaDialect") else { return true };
    let text = plain(node).unwrap_or_default();
    let known = super::is_dialect(text);
    if !known {
        let title = format!("schemas of `{text}` are not supported here");
        let help = "descriptions of OpenAPI 3.1 hold schemas of JSON Schema 2020-12";
        files.wrong(file, &node.span, title, "this dialect").help(help);
    }
    known
}

/// The name, the version and the servers.
fn about(file: &File, api: &mut OpenApi) {
    let of = |key| get(&file.root, "info").and_then(|info| get(info, key)).and_then(plain);
    of("title").unwrap_or_default().clone_into(&mut api.title);
    of("version").unwrap_or_default().clone_into(&mut api.version);
    let servers = get(&file.root, "servers").map(elements).unwrap_or_default();
    for server in servers {
        let base = base(server);
        if !api.bases.contains(&base) {
            api.bases.push(base);
        }
    }
    if api.bases.is_empty() {
        api.bases.push(String::new());
    }
}

/// The path of a server's URL, which may be relative; without a slash at its end.
fn base(server: &Node) -> String {
    let mut url = get(server, "url").and_then(plain).unwrap_or("/").to_owned();
    for variable in get(server, "variables").map(members).unwrap_or_default() {
        let default = get(&variable.node, "default").and_then(plain).unwrap_or_default();
        url = url.replace(&format!("{{{}}}", variable.key), default);
    }
    let behind = url.split_once("://").map_or(url.as_str(), |(_, rest)| {
        rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default()
    });
    let path = behind.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    if path.is_empty() || path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}

fn plain(node: &Node) -> Option<&str> {
    if let Value::Scalar { text, .. } = &node.value { Some(text) } else { None }
}

/// The place of the first key, or of what is no mapping.
fn start(node: &Node) -> Range<usize> {
    let first = members(node).first();
    first.map_or_else(|| node.span.clone(), |entry| entry.key_span.clone())
}

/// What has been read so far.
struct Reader<'s, 'l> {
    schemas: Schemas<'s, 'l>,
    operations: usize,
    /// The file and the place of each `operationId`.
    ids: HashMap<String, (usize, usize)>,
}

impl<'s, 'l> Reader<'s, 'l> {
    fn new(files: &'s mut Files<'l>, version: Version) -> Self {
        Self { schemas: Schemas::new(files, version), operations: 0, ids: HashMap::new() }
    }

    fn files(&mut self) -> &mut Files<'l> {
        self.schemas.files
    }

    /// Reads `node` by `read`, or what it refers to.
    fn followed<T>(
        &mut self,
        file: &Rc<File>,
        node: &Node,
        read: impl FnOnce(&mut Self, &Rc<File>, &Node) -> Option<T>,
    ) -> Option<T> {
        match self.files().follow(file, node) {
            Followed::Here => read(self, file, node),
            Followed::There(target) => read(self, &target.file, target.node()),
            Followed::Nowhere => None,
        }
    }

    fn paths(&mut self, file: &Rc<File>, api: &mut OpenApi) {
        let Some(paths) = get(&file.root, "paths") else {
            if self.schemas.version == Version::V3_0 {
                let at = start(&file.root);
                self.files().wrong(
                    file,
                    &at,
                    "a description needs `paths`",
                    "they are missing here",
                );
            }
            return;
        };
        let Some(entries) = self.files().mapping(file, paths, "`paths`") else { return };
        let mut known: HashMap<Template, usize> = HashMap::new();
        for entry in entries.iter().filter(|entry| !entry.key.starts_with("x-")) {
            let Some(template) = self.template(file, entry) else { continue };
            let operations = self.followed(file, &entry.node, |reader, file, node| {
                reader.path_item(file, node, &template)
            });
            let operations = operations.unwrap_or_default();
            // Templates that differ in nothing but names are one path.
            let at = *known.entry(template.clone()).or_insert(api.paths.len());
            if at == api.paths.len() {
                api.routes.add(&template, at);
                api.paths.push(PathItem::default());
            }
            if let Some(item) = api.paths.get_mut(at) {
                self.join(file, entry, item, operations);
            }
        }
    }

    fn template(&mut self, file: &File, entry: &Entry) -> Option<Template> {
        if entry.key.contains(['?', '#']) {
            let text = format!("`{}`: a path has no query, so no request is this one", entry.key);
            self.files().note(NoteKind::Path, file, &entry.key_span, text);
            return None;
        }
        let template = Template::read(&entry.key);
        if let Err(why) = &template {
            self.files().wrong(file, &entry.key_span, why, "this path");
        }
        template.ok()
    }

    /// Adds `operations` to `item`; notes those whose method it has already.
    fn join(
        &mut self,
        file: &File,
        entry: &Entry,
        item: &mut PathItem,
        operations: Vec<Operation>,
    ) {
        for operation in operations {
            if let Some(first) = item.operations.iter().find(|o| o.method == operation.method) {
                let text = format!(
                    "{} {}: never found, for `{}` matches the same paths",
                    operation.method, operation.path, first.path
                );
                self.files().note(NoteKind::Path, file, &entry.key_span, text);
                continue;
            }
            item.methods.push(operation.method.clone());
            item.operations.push(operation);
        }
    }

    fn path_item(
        &mut self,
        file: &Rc<File>,
        node: &Node,
        template: &Template,
    ) -> Option<Vec<Operation>> {
        let entries = self.files().mapping(file, node, "a path")?;
        let shared = self.parameters(file, node, &[]);
        self.note_servers(file, node);
        let mut operations = Vec::new();
        for entry in entries {
            let method = METHODS.iter().find(|(name, _)| *name == entry.key);
            if let Some((_, method)) = method {
                operations.extend(self.operation(file, entry, method, template, &shared));
            } else if !OF_A_PATH.contains(&entry.key.as_str()) && !entry.key.starts_with("x-") {
                self.unknown_method(file, entry);
            }
        }
        Some(operations)
    }

    fn unknown_method(&mut self, file: &File, entry: &Entry) {
        let names = METHODS.iter().map(|(name, _)| *name).chain(OF_A_PATH);
        let near = nearest(&entry.key, names).map(|near| format!("did you mean `{near}`?"));
        let title = format!("`{}` is neither a method nor a member of a path", entry.key);
        self.files().wrong(file, &entry.key_span, title, "unknown key").help = near;
    }

    fn note_servers(&mut self, file: &File, node: &Node) {
        if let Some(servers) = get(node, "servers") {
            let text = "servers of a single path or operation are not regarded".to_owned();
            self.files().note(NoteKind::Servers, file, &servers.span, text);
        }
    }
}
