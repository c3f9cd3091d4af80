//! Reading operations: their bodies and answers.

use super::{Reader, start};
use crate::notation::{Entry, Node};
use crate::openapi::body::Content;
use crate::openapi::media::MediaRange;
use crate::openapi::notes::NoteKind;
use crate::openapi::operation::Operation;
use crate::openapi::parameter::{Parameter, Place};
use crate::openapi::request::RequestBody;
use crate::openapi::response::{Response, Responses};
use crate::openapi::route::Template;
use crate::openapi::tree::{File, get};
use crate::openapi::{Direction, MAX_OPERATIONS, Version};
use http::Method;
use std::rc::Rc;

impl Reader<'_, '_> {
    /// The operation `entry` of the path `template`; `shared` are the parameters of all of them.
    pub(super) fn operation(
        &mut self,
        file: &Rc<File>,
        entry: &Entry,
        method: &Method,
        template: &Template,
        shared: &[Parameter],
    ) -> Option<Operation> {
        let node = &entry.node;
        self.files().mapping(file, node, "an operation")?;
        self.operations += 1;
        if self.operations > MAX_OPERATIONS {
            if self.operations == MAX_OPERATIONS + 1 {
                let title = format!("more than {MAX_OPERATIONS} operations");
                self.files().wrong(file, &entry.key_span, title, "from here");
            }
            return None;
        }
        self.note_servers(file, node);
        let id = self.id(file, node);
        let parameters = self.parameters(file, node, shared);
        self.note_slots(file, entry, template, &parameters);
        let body =
            get(node, "requestBody").and_then(|node| self.followed(file, node, Self::request_body));
        let responses = self.responses(file, entry);
        let (method, path) = (method.clone(), template.source.clone());
        let slots = template.names.clone();
        Some(Operation { id, method, path, slots, parameters, body, responses })
    }

    fn id(&mut self, file: &File, node: &Node) -> Option<String> {
        let node = get(node, "operationId")?;
        let id = self.files().text(file, node, "`operationId`")?.to_owned();
        let place = (file.index, node.span.start);
        // A path that is referred to twice has its ids twice, and means it.
        if *self.ids.entry(id.clone()).or_insert(place) != place {
            let text = format!("there is another operation `{id}`");
            self.files().note(NoteKind::OperationId, file, &node.span, text);
        }
        Some(id)
    }

    /// Notes slots without a parameter, and parameters without a slot: neither is held.
    fn note_slots(
        &mut self,
        file: &File,
        entry: &Entry,
        template: &Template,
        parameters: &[Parameter],
    ) {
        let of_path = |p: &&Parameter| p.place == Place::Path;
        let operation = format!("{} {}", entry.key.to_uppercase(), template.source);
        for name in &template.names {
            if !parameters.iter().filter(of_path).any(|p| p.name == *name) {
                let text = format!("{operation}: the slot `{{{name}}}` has no parameter");
                self.files().note(NoteKind::Slot, file, &entry.key_span, text);
            }
        }
        for extra in parameters.iter().filter(of_path).filter(|p| !template.names.contains(&p.name))
        {
            let text =
                format!("{operation}: the path has no slot for the parameter `{}`", extra.name);
            self.files().note(NoteKind::Slot, file, &entry.key_span, text);
        }
    }

    fn request_body(&mut self, file: &Rc<File>, node: &Node) -> Option<RequestBody> {
        self.files().mapping(file, node, "a request body")?;
        let required = self.files().flag(file, node, "required").unwrap_or_default();
        if get(node, "content").is_none() {
            let at = start(node);
            self.files().wrong(file, &at, "a request body needs a `content`", "it is missing here");
        }
        Some(RequestBody { required, content: self.content(file, node, Direction::Request) })
    }

    fn content(&mut self, file: &Rc<File>, node: &Node, direction: Direction) -> Content {
        let mut content = Content::default();
        let Some(node) = get(node, "content") else { return content };
        let entries = self.files().mapping(file, node, "`content`").unwrap_or_default();
        for entry in entries {
            let Some(range) = MediaRange::read(&entry.key) else {
                let title = format!("`{}` is not a media type", entry.key);
                let help = "write `application/json`, `text/*` or `*/*`";
                self.files().wrong(file, &entry.key_span, title, "this one").help(help);
                continue;
            };
            let schema = self.followed(file, &entry.node, |reader, file, node| {
                reader.files().mapping(file, node, "a media type")?;
                let schema = get(node, "schema").filter(|schema| !schema.is_nothing())?;
                Some(reader.schemas.read(file, schema, direction))
            });
            content.types.push((range, schema));
        }
        content
    }

    fn responses(&mut self, file: &Rc<File>, operation: &Entry) -> Responses {
        let mut responses = Responses::default();
        let Some(node) = get(&operation.node, "responses") else {
            if self.schemas.version == Version::V3_0 {
                let title = "an operation needs `responses`";
                self.files().wrong(file, &operation.key_span, title, "they are missing here");
            }
            return responses;
        };
        let entries = self.files().mapping(file, node, "`responses`").unwrap_or_default();
        for entry in entries.iter().filter(|entry| !entry.key.starts_with("x-")) {
            let response = self.followed(file, &entry.node, |reader, file, node| {
                reader.files().mapping(file, node, "a response")?;
                let headers = reader.headers(file, node);
                Some(Response { headers, content: reader.content(file, node, Direction::Response) })
            });
            let response = response.unwrap_or_default();
            match Status::read(&entry.key) {
                Some(Status::Exact(status)) => responses.exact.push((status, response)),
                Some(Status::Range(first)) => responses.ranges.push((first, response)),
                Some(Status::Default) => responses.default = Some(response),
                None => {
                    let title = format!("`{}` is not a status", entry.key);
                    let help = "write a status such as `404`, a range such as `4XX`, or `default`";
                    self.files().wrong(file, &entry.key_span, title, "this one").help(help);
                }
            }
        }
        responses.exact.sort_by_key(|(status, _)| *status);
        responses
    }
}

/// The key of an answer.
enum Status {
    Exact(u16),
    Range(u16),
    Default,
}

impl Status {
    fn read(text: &str) -> Option<Self> {
        if text == "default" {
            return Some(Self::Default);
        }
        if let Some(first) = text.strip_suffix("XX").or_else(|| text.strip_suffix("xx")) {
            return first.parse().ok().filter(|first| (1..=5).contains(first)).map(Self::Range);
        }
        let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse().ok().filter(|status| digits && (100..=599).contains(status)).map(Self::Exact)
    }
}
