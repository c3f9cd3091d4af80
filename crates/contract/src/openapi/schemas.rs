//! The schemas of a description: each is translated once and checked once, and in the end all are
//! compiled together, so that cycles are the engine's, and nothing is resolved when a call is held.

use super::dialect::{self, Translated};
use super::files::{Files, Followed};
use super::held::{Compiled, FORMS, Held, PARTS, Whole, together};
use super::tree::{File, Target, child, elements, get, members};
use super::types::Shape;
use super::{Direction, MAX_CHAIN, MAX_SCHEMA_VALUES, Version};
use crate::json::Pointer;
use crate::notation::Node;
use crate::schema::{Draft, Schema, SchemaError};
use serde_json::Value;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::rc::Rc;

/// A reference from one schema to another.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// The number of the other one.
    pub(super) to: usize,
    /// Whether both are held against the same value.
    pub(super) same: bool,
    /// How many schemas around the reference are held against the same value as it.
    pub(super) level: usize,
    /// Where it is written.
    pub(super) file: Rc<File>,
    pub(super) span: Range<usize>,
}

/// A schema that another one refers to.
#[derive(Debug)]
struct Known {
    target: Target,
    direction: Direction,
    /// `None` until it is needed.
    translated: Option<Rc<Translated>>,
    /// How many schemas are held against the same value from here on, each within the other.
    chain: Chain,
    /// The form that is nothing but a reference to this one.
    held: Option<Held>,
}

/// A schema that something is held against.
#[derive(Debug)]
struct Form {
    translated: Rc<Translated>,
    /// Where it is written.
    file: Rc<File>,
    span: Range<usize>,
}

/// What is known of the schemas that are held against the same value as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chain {
    Unknown,
    Open,
    Length(usize),
    Endless,
}

/// All schemas of a description.
#[derive(Debug)]
pub(super) struct Schemas<'s, 'l> {
    pub(super) files: &'s mut Files<'l>,
    pub(super) version: Version,
    known: Vec<Known>,
    /// By file, way and direction.
    numbers: HashMap<(usize, Rc<[usize]>, Direction), usize>,
    /// By their numbers.
    forms: Vec<Form>,
    whole: Whole,
    /// How many values all schemas have.
    values: usize,
}

impl<'s, 'l> Schemas<'s, 'l> {
    pub(super) fn new(files: &'s mut Files<'l>, version: Version) -> Self {
        let (known, numbers) = (Vec::new(), HashMap::new());
        let (forms, whole) = (Vec::new(), Whole::default());
        Self { files, version, known, numbers, forms, whole, values: 0 }
    }

    /// How many schemas there are that something is held against.
    pub(super) fn len(&self) -> usize {
        self.forms.len()
    }

    /// The number of the schema at `target`.
    pub(super) fn number(&mut self, target: Target, direction: Direction) -> usize {
        let key = (target.file.index, Rc::clone(&target.way), direction);
        let next = self.known.len();
        let number = *self.numbers.entry(key).or_insert(next);
        if number == next {
            let (translated, chain, held) = (None, Chain::Unknown, None);
            self.known.push(Known { target, direction, translated, chain, held });
        }
        number
    }

    /// The form that the schema `node` of `file` describes. It holds nothing before all schemas
    /// are compiled.
    pub(super) fn read(&mut self, file: &Rc<File>, node: &Node, direction: Direction) -> Held {
        let translated = Rc::new(dialect::translate(self, file, node, direction));
        let members = translated.value.as_object();
        let alone =
            members.is_some_and(|members| members.len() == 1 && members.contains_key("$ref"));
        let shared = translated.steps.first().filter(|_| alone).map(|step| step.to);
        if let Some(held) = shared.and_then(|number| self.known.get(number)?.held.clone()) {
            return held;
        }
        self.check(file, node, &translated);
        let held = Held::new(self.forms.len(), &self.whole);
        self.forms.push(Form { translated, file: Rc::clone(file), span: node.span.clone() });
        if let Some(known) = shared.and_then(|number| self.known.get_mut(number)) {
            known.held = Some(held.clone());
        }
        held
    }

    /// What the schema of `held` says of types, with all that it refers to.
    pub(super) fn shape(&mut self, held: &Held) -> Shape {
        let Some(form) = self.forms.get(held.number()) else { return Shape::default() };
        let root = Rc::clone(&form.translated);
        let mut all = BTreeSet::new();
        let mut open: Vec<usize> = root.steps.iter().map(|step| step.to).collect();
        while let Some(number) = open.pop() {
            if all.insert(number) {
                open.extend(self.translated(number).steps.iter().map(|step| step.to));
            }
        }
        let parts = all.into_iter().map(|at| (at, self.translated(at).value.clone()));
        Shape::of(&together(&root.value, parts))
    }

    /// Compiles all schemas that were read, where no mistake was found in any file.
    pub(super) fn compile(&mut self) {
        let levels = self.levels();
        if !self.files.is_sound() {
            return;
        }
        let forms = self.forms.iter().map(|form| form.translated.value.clone());
        let translated = self.known.iter().enumerate();
        let parts =
            translated.filter_map(|(at, k)| Some((at, k.translated.as_ref()?.value.clone())));
        match Compiled::new(forms, parts, levels, self.draft()) {
            Ok(compiled) => drop(self.whole.set(compiled)),
            Err(mistake) => self.refused(&mistake),
        }
    }

    /// The most schemas that are held against one value, each within the other. Notes chains of
    /// them without end.
    fn levels(&mut self) -> usize {
        let mut levels = 0;
        let mut number = 0;
        while number < self.known.len() {
            let translated = self.translated(number);
            self.chain(number, 0);
            levels = levels.max(self.levels_of(&translated));
            number += 1;
        }
        let forms: Vec<_> = self.forms.iter().map(|form| Rc::clone(&form.translated)).collect();
        forms.iter().map(|form| self.levels_of(form)).fold(levels, usize::max)
    }

    /// Notes what the engine refuses of all schemas together, though each of them is in order.
    fn refused(&mut self, mistake: &SchemaError) {
        let pointer = Pointer::parse(&mistake.pointer).unwrap_or_default();
        let mut tokens = pointer.tokens();
        let (list, number) = (tokens.next(), tokens.next().and_then(|t| t.parse::<usize>().ok()));
        let place = match (list, number) {
            (Some(FORMS), Some(at)) => {
                self.forms.get(at).map(|f| (Rc::clone(&f.file), f.span.clone()))
            }
            (Some(PARTS), Some(at)) => self
                .known
                .get(at)
                .map(|known| (Rc::clone(&known.target.file), known.target.node().span.clone())),
            _ => None,
        };
        let first = || self.forms.first().map(|f| (Rc::clone(&f.file), f.span.clone()));
        if let Some((file, span)) = place.or_else(first) {
            self.files.wrong(&file, &span, "this is not a schema", &mistake.message);
        }
    }

    fn draft(&self) -> Draft {
        match self.version {
            Version::V3_0 => Draft::D7,
            Version::V3_1 => Draft::D2020,
        }
    }

    /// The schema `number`, translated and checked when it is first asked for.
    fn translated(&mut self, number: usize) -> Rc<Translated> {
        let Some(known) = self.known.get(number) else { return Rc::default() };
        if let Some(translated) = &known.translated {
            return Rc::clone(translated);
        }
        let (target, direction) = (known.target.clone(), known.direction);
        let translated = dialect::translate(self, &target.file, target.node(), direction);
        let translated = Rc::new(translated);
        if let Some(known) = self.known.get_mut(number) {
            known.translated = Some(Rc::clone(&translated));
        }
        self.check(&target.file, target.node(), &translated);
        translated
    }

    /// Notes what the engine finds wrong with `schema` itself, whatever it refers to.
    fn check(&mut self, file: &Rc<File>, node: &Node, schema: &Translated) {
        self.bound(file, node, schema.size);
        let anything = schema.steps.iter().map(|step| (step.to, Value::Bool(true)));
        let alone = together(&schema.value, anything);
        if let Err(mistake) = Schema::compile(&alone, self.draft()) {
            let SchemaError { pointer, message } = mistake;
            let at = furthest(node, &Pointer::parse(&pointer).unwrap_or_default());
            self.files.wrong(file, &at.span, "this is not a schema", message);
        }
    }

    /// How many schemas are held against the same value from `number` on, each within the other;
    /// `None` where that never ends or takes too long, which is noted. Such a schema could not be
    /// held.
    fn chain(&mut self, number: usize, depth: usize) -> Option<usize> {
        match self.known.get(number)?.chain {
            Chain::Length(length) => return Some(length),
            Chain::Open | Chain::Endless => return None,
            Chain::Unknown => {}
        }
        self.set_chain(number, Chain::Open);
        let translated = self.translated(number);
        let mut longest = translated.levels;
        for step in translated.steps.iter().filter(|step| step.same) {
            let length = if depth < MAX_CHAIN { self.chain(step.to, depth + 1) } else { None };
            let length = length.map(|length| step.level + length);
            let Some(length) = length.filter(|length| *length <= MAX_CHAIN) else {
                self.endless(step, length.map_or(depth, |_| MAX_CHAIN));
                self.set_chain(number, Chain::Endless);
                return None;
            };
            longest = longest.max(length);
        }
        self.set_chain(number, Chain::Length(longest));
        Some(longest)
    }

    /// The most schemas of `translated` and those behind its references that are held against one
    /// value, each within the other.
    fn levels_of(&mut self, translated: &Translated) -> usize {
        let behind =
            translated.steps.iter().filter_map(|step| Some(step.level + self.chain(step.to, 0)?));
        behind.max().unwrap_or_default().max(translated.levels)
    }

    fn set_chain(&mut self, number: usize, chain: Chain) {
        if let Some(known) = self.known.get_mut(number) {
            known.chain = chain;
        }
    }

    /// Notes a chain without end once, at the reference that closes it: those that lead to it are
    /// found endless behind it.
    fn endless(&mut self, step: &Step, depth: usize) {
        if self.known.get(step.to).is_some_and(|known| known.chain == Chain::Endless) {
            return;
        }
        let (title, label) = if depth < MAX_CHAIN {
            ("the schema refers to itself without a step into its value", "back from here")
        } else {
            ("too many references lead from one schema to the next", "this one")
        };
        self.files.wrong(&step.file, &step.span, title, label).help(
            "a schema may refer to itself for a member or an element, not for the whole value",
        );
    }

    /// Notes where all schemas together become too large.
    fn bound(&mut self, file: &File, node: &Node, more: usize) {
        let before = self.values;
        self.values += more;
        if before <= MAX_SCHEMA_VALUES && self.values > MAX_SCHEMA_VALUES {
            let title = format!("the schemas have more than {MAX_SCHEMA_VALUES} values");
            self.files.wrong(file, &node.span, title, "from here");
        }
    }

    // --- read-only and write-only members

    /// The members that need not be there in `direction`, as `node` and its bases declare them.
    pub(super) fn marked_members(
        &mut self,
        file: &Rc<File>,
        node: &Node,
        direction: Direction,
        left: usize,
    ) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let Some(left) = left.checked_sub(1) else { return names };
        if get(node, "$ref").is_some() {
            if let Followed::There(target) = self.files.follow(file, node) {
                names.extend(self.marked_members(&target.file, target.node(), direction, left));
            }
            if self.version == Version::V3_0 {
                return names;
            }
        }
        let mark = match direction {
            Direction::Request => "readOnly",
            Direction::Response => "writeOnly",
        };
        for entry in get(node, "properties").map(members).unwrap_or_default() {
            if self.is_marked(file, &entry.node, mark) {
                names.insert(entry.key.clone());
            }
        }
        for base in get(node, "allOf").map(elements).unwrap_or_default() {
            names.extend(self.marked_members(file, base, direction, left));
        }
        names
    }

    /// Whether the schema `node`, or the one that it refers to, says `mark: true`.
    pub(super) fn is_marked(&mut self, file: &Rc<File>, node: &Node, mark: &str) -> bool {
        let says = |node: &Node| get(node, mark).is_some_and(|n| n.to_json() == true);
        if get(node, "$ref").is_none() {
            return says(node);
        }
        let own = self.version == Version::V3_1 && says(node);
        own || matches!(self.files.follow(file, node), Followed::There(target) if says(target.node()))
    }
}
/// The value that `pointer` leads to from `node`, as far as it does. Steps that only the translation
/// has are passed over.
fn furthest<'n>(node: &'n Node, pointer: &Pointer) -> &'n Node {
    pointer.tokens().fold(node, |node, token| child(node, token).unwrap_or(node))
}
