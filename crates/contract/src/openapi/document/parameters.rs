//! Reading parameters.

use super::{Reader, start};
use crate::notation::{Node, Value, nearest};
use crate::openapi::Direction;
use crate::openapi::notes::NoteKind;
use crate::openapi::parameter::{Form, Parameter, Place, Writing};
use crate::openapi::style::Style;
use crate::openapi::tree::{File, elements, get, members};
use crate::openapi::types::{Shape, Types};
use http::HeaderName;
use std::ops::Range;
use std::rc::Rc;

/// Header fields that are described elsewhere: as parameters they say nothing (OpenAPI 3.0.3,
/// Parameter Object).
const NOT_PARAMETERS: [&str; 3] = ["accept", "content-type", "authorization"];

/// The styles of each place; the first is its default.
const STYLES: [(Place, &[&str]); 4] = [
    (Place::Path, &["simple", "label", "matrix"]),
    (Place::Query, &["form", "spaceDelimited", "pipeDelimited", "deepObject"]),
    (Place::Header, &["simple"]),
    (Place::Cookie, &["form"]),
];

/// Why a parameter is not held; `None` where that is told already.
type Unheld = Option<&'static str>;

impl Reader<'_, '_> {
    /// The parameters of `node`, a path or an operation, and those of `shared` that it does not
    /// declare itself.
    pub(super) fn parameters(
        &mut self,
        file: &Rc<File>,
        node: &Node,
        shared: &[Parameter],
    ) -> Vec<Parameter> {
        let mut own: Vec<(Parameter, Range<usize>)> = Vec::new();
        let Some(list) = get(node, "parameters") else { return shared.to_vec() };
        if !matches!(list.value, Value::Sequence(_)) && !list.is_nothing() {
            let label = format!("this is {}", list.describe());
            self.files().wrong(file, &list.span, "`parameters` must be a list", label);
        }
        for item in elements(list) {
            let read = self.followed(file, item, Self::parameter);
            let Some(parameter) = read else { continue };
            if let Some((_, first)) = own.iter().find(|(other, _)| other.is_same(&parameter)) {
                let (first, place) = (first.clone(), parameter.place.name());
                let title = format!("there are two {place} parameters `{}`", parameter.name);
                let files = self.files();
                files.wrong(file, &item.span, title, "again here").other(first, "first here");
                continue;
            }
            own.push((parameter, item.span.clone()));
        }
        let mut all: Vec<Parameter> = own.into_iter().map(|(parameter, _)| parameter).collect();
        let others: Vec<_> =
            shared.iter().filter(|s| !all.iter().any(|own| own.is_same(s))).cloned().collect();
        all.extend(others);
        all.retain(|parameter| {
            parameter.place != Place::Header
                || !NOT_PARAMETERS.iter().any(|name| parameter.name.eq_ignore_ascii_case(name))
        });
        all
    }

    fn parameter(&mut self, file: &Rc<File>, node: &Node) -> Option<Parameter> {
        let entries = self.files().mapping(file, node, "a parameter")?;
        let (Some(name), Some(place)) = (get(node, "name"), get(node, "in")) else {
            let at = entries.first().map_or_else(|| node.span.clone(), |e| e.key_span.clone());
            let title = "a parameter needs a `name` and its place, `in`";
            self.files().wrong(file, &at, title, "they are missing here");
            return None;
        };
        let name = self.files().text(file, name, "`name`")?.to_owned();
        let place = self.place(file, place)?;
        let field = HeaderName::try_from(&name).ok().filter(|_| place == Place::Header);
        if place == Place::Header && field.is_none() {
            let title = format!("`{name}` is not the name of a header field");
            self.files().wrong(file, &start(node), title, "this parameter");
            return None;
        }
        let declared = self.files().flag(file, node, "required").unwrap_or_default();
        let required = declared || place == Place::Path;
        let allow_empty = self.files().flag(file, node, "allowEmptyValue").unwrap_or_default();
        let form = self.form(file, node, &name, place, Direction::Request);
        Some(Parameter { name, place, required, allow_empty, field, form })
    }

    /// The header fields that the answer `node` declares.
    pub(super) fn headers(&mut self, file: &Rc<File>, node: &Node) -> Vec<Parameter> {
        let Some(node) = get(node, "headers") else { return Vec::new() };
        let entries = self.files().mapping(file, node, "`headers`").unwrap_or_default();
        let mut headers = Vec::new();
        for entry in entries.iter().filter(|e| !e.key.eq_ignore_ascii_case("content-type")) {
            let Ok(field) = HeaderName::try_from(&entry.key) else {
                let title = format!("`{}` is not the name of a header field", entry.key);
                self.files().wrong(file, &entry.key_span, title, "this one");
                continue;
            };
            headers.extend(self.followed(file, &entry.node, |reader, file, node| {
                reader.files().mapping(file, node, "a header field")?;
                let required = reader.files().flag(file, node, "required").unwrap_or_default();
                let (name, place) = (entry.key.clone(), Place::Header);
                let form = reader.form(file, node, &name, place, Direction::Response);
                let field = Some(field);
                Some(Parameter { name, place, required, allow_empty: false, field, form })
            }));
        }
        headers
    }

    fn place(&mut self, file: &File, node: &Node) -> Option<Place> {
        let text = self.files().text(file, node, "`in`")?;
        let place = Place::named(text);
        if place.is_none() {
            let names = ["path", "query", "header", "cookie"];
            let near = nearest(text, names.into_iter());
            let help = near.map_or_else(
                || format!("it is one of: {}", names.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            let title = format!("`{text}` is not a place of a parameter");
            self.files().wrong(file, &node.span, title, "this one").help(help);
        }
        place
    }

    /// How the parameter's text becomes a value; `None` where it does not, which is noted.
    fn form(
        &mut self,
        file: &Rc<File>,
        node: &Node,
        name: &str,
        place: Place,
        direction: Direction,
    ) -> Option<Form> {
        let form = match get(node, "content") {
            Some(content) => self.json_form(file, content, direction),
            None => self.styled_form(file, node, place, direction),
        };
        if let Err(Some(why)) = form {
            let text = format!("the {} parameter `{name}` is not held: {why}", place.name());
            self.files().note(NoteKind::Parameter, file, &start(node), text);
        }
        form.ok()
    }

    fn json_form(
        &mut self,
        file: &Rc<File>,
        content: &Node,
        direction: Direction,
    ) -> Result<Form, Unheld> {
        let [only] = members(content) else { return Err(Some("it has several media types")) };
        if !crate::openapi::media::is_json(&only.key) {
            return Err(Some("its media type is not JSON"));
        }
        let schema = self.schemas.read(file, schema(&only.node)?, direction);
        Ok(Form { schema, writing: Writing::Json })
    }

    fn styled_form(
        &mut self,
        file: &Rc<File>,
        node: &Node,
        place: Place,
        direction: Direction,
    ) -> Result<Form, Unheld> {
        let name = self.style(file, node, place).ok_or(None)?;
        let explode = self.files().flag(file, node, "explode").unwrap_or(name == "form");
        let schema = self.schemas.read(file, schema(node)?, direction);
        let shape = self.schemas.shape(&schema);
        let style = match name {
            "label" => Style::Label { explode },
            "matrix" => Style::Matrix { explode },
            "deepObject" => Style::Deep,
            // A cookie cannot be repeated, so that `explode` has no form there.
            "form" | "spaceDelimited" | "pipeDelimited" if explode && place == Place::Query => {
                Style::FormExploded
            }
            "form" => Style::Form,
            "spaceDelimited" => Style::Space,
            "pipeDelimited" => Style::Pipe,
            _ => Style::Simple { explode },
        };
        match unwritten(style, &shape) {
            Some(why) => Err(Some(why)),
            None => Ok(Form { schema, writing: Writing::Styled(style, shape) }),
        }
    }

    /// The name of the style of `node`; `None` where it is not one of its place, which is noted.
    fn style(&mut self, file: &File, node: &Node, place: Place) -> Option<&'static str> {
        let styles = STYLES.iter().find(|(own, _)| *own == place).map_or(&[][..], |(_, s)| s);
        let Some(node) = get(node, "style") else { return styles.first().copied() };
        let text = self.files().text(file, node, "`style`")?;
        let known = styles.iter().find(|style| **style == text);
        if known.is_none() {
            let title = format!("`{text}` is not a style of a {} parameter", place.name());
            let help = format!("it is one of: {}", styles.join(", "));
            self.files().wrong(file, &node.span, title, "this one").help(help);
        }
        known.copied()
    }
}

fn schema(node: &Node) -> Result<&Node, Unheld> {
    get(node, "schema").filter(|schema| !schema.is_nothing()).ok_or(Some("it has no schema"))
}

/// Why values of `shape` have no form in `style`, where that is so.
fn unwritten(style: Style, shape: &Shape) -> Unheld {
    let types = shape.types;
    let (object, nested) = (types.has(Types::OBJECT), Types::ARRAY.and(Types::OBJECT));
    let loose = object && style == Style::FormExploded;
    let reasons = [
        (shape.elements.has(nested), "arrays of arrays or objects have no form in a style"),
        (shape.has_objects(), "objects in objects have no form in a style"),
        (
            style == Style::Deep && types != Types::OBJECT,
            "nothing but objects has a form in the style `deepObject`",
        ),
        (
            object && matches!(style, Style::Space | Style::Pipe),
            "objects in this style are not read",
        ),
        (
            loose && types != Types::OBJECT,
            "it may be an object or something else, and an object has no name of its own",
        ),
        (loose && shape.members.is_empty(), "the names of its members are not known"),
    ];
    reasons.into_iter().find_map(|(applies, why)| applies.then_some(why))
}
