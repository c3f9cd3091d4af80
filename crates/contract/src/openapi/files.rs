//! The files of one description, and what is wrong with each.

use super::notes::{Note, NoteKind};
use super::reference::{self, Unread};
use super::tree::{File, Target, get, members, step};
use super::{MAX_BYTES, MAX_FILES, MAX_VALUES};
use crate::json::Pointer;
use crate::notation::{self, Diagnosis, Node, Problem, Problems, Value};
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

/// How many values may each be nothing but a reference to the next.
const MAX_HOPS: usize = 16;

/// How each file is read: descriptions are written by programs too.
const LIMITS: notation::Limits =
    notation::Limits { bytes: MAX_BYTES, nodes: MAX_VALUES, aliases: true };

/// All that is wrong with a description: for each file that has mistakes, its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistakes {
    files: Vec<Diagnosis>,
}

impl Mistakes {
    /// The files with mistakes, in the order in which they were read. Never empty.
    pub fn files(&self) -> &[Diagnosis] {
        &self.files
    }

    /// The text as a terminal shows it, with colours.
    pub fn coloured(&self) -> String {
        self.files.iter().map(Diagnosis::coloured).collect::<Vec<_>>().join("\n\n")
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.files.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join("\n\n"))
    }
}

impl std::error::Error for Mistakes {}

/// What a value stands for.
#[derive(Debug)]
pub(super) enum Followed {
    /// Itself.
    Here,
    /// Another value.
    There(Target),
    /// Nothing that can be reached, which is noted.
    Nowhere,
}

/// Reads files on demand, and collects what is wrong with them.
pub(super) struct Files<'l> {
    load: &'l mut dyn FnMut(&str) -> Result<String, String>,
    /// Those that were read, by their numbers.
    read: Vec<Rc<File>>,
    /// The problems of each file, by its number.
    problems: Vec<Problems>,
    /// The file, the place and the title of each problem.
    told: HashSet<(usize, usize, String)>,
    /// Problems that are told already.
    again: Problems,
    /// Files that are no YAML at all.
    unreadable: Vec<Diagnosis>,
    /// Names of files that were asked for in vain, so that one mistake is told once.
    failed: Vec<String>,
    /// Where references lead, by the file in which they stand and their text.
    resolved: HashMap<(usize, String), Target>,
    notes: Vec<Note>,
    /// The file, the place and the kind of each note.
    noted: HashSet<(usize, usize, NoteKind)>,
    bytes: usize,
}

impl<'l> Files<'l> {
    pub(super) fn new(load: &'l mut dyn FnMut(&str) -> Result<String, String>) -> Self {
        Self {
            load,
            read: Vec::new(),
            problems: Vec::new(),
            told: HashSet::new(),
            again: Problems::default(),
            unreadable: Vec::new(),
            failed: Vec::new(),
            resolved: HashMap::new(),
            notes: Vec::new(),
            noted: HashSet::new(),
            bytes: 0,
        }
    }

    /// Takes the text of the file `name`; `None` where it cannot be read, which is noted.
    pub(super) fn add(&mut self, name: &str, source: String) -> Option<Rc<File>> {
        self.bytes += source.len();
        let root = match notation::parse_within(name, &source, LIMITS) {
            Ok(root) => root,
            Err(diagnosis) => {
                self.unreadable.push(diagnosis);
                return None;
            }
        };
        let (index, name) = (self.read.len(), name.to_owned());
        let file = Rc::new(File::new(index, name, source, root));
        self.read.push(Rc::clone(&file));
        self.problems.push(Problems::default());
        Some(file)
    }

    /// Notes a mistake in `file`, once: what is referred to is read for each direction.
    pub(super) fn wrong(
        &mut self,
        file: &File,
        span: &Range<usize>,
        title: impl Into<String>,
        label: impl Into<String>,
    ) -> &mut Problem {
        let title = title.into();
        if self.problems.len() <= file.index {
            self.problems.resize_with(file.index + 1, Problems::default);
        }
        let told = !self.told.insert((file.index, span.start, title.clone()));
        match self.problems.get_mut(file.index).filter(|_| !told) {
            Some(problems) => problems.add(span.clone(), title, label),
            None => self.again.add(span.clone(), title, label),
        }
    }

    /// Notes what is not held; of one kind once at a place.
    pub(super) fn note(&mut self, kind: NoteKind, file: &File, span: &Range<usize>, text: String) {
        if self.noted.insert((file.index, span.start, kind)) {
            let (file, line) = (file.name.clone(), file.line(span.start));
            self.notes.push(Note { kind, file, line, text });
        }
    }

    /// Whether no mistake was found so far.
    pub(super) fn is_sound(&self) -> bool {
        self.unreadable.is_empty() && self.problems.iter().all(Problems::is_empty)
    }

    /// What the reading came to: the notes, or all mistakes.
    pub(super) fn finish(self) -> Result<Vec<Note>, Mistakes> {
        let found = self.read.iter().zip(self.problems);
        let mut files: Vec<Diagnosis> = found
            .filter_map(|(file, problems)| problems.into_diagnosis(&file.name, &file.source))
            .collect();
        files.extend(self.unreadable);
        if files.is_empty() { Ok(self.notes) } else { Err(Mistakes { files }) }
    }

    /// Where the reference `at`, a scalar in `file`, leads; `None` where it leads nowhere, or to
    /// what is not read, which is noted.
    pub(super) fn resolve(&mut self, file: &Rc<File>, at: &Node) -> Option<Target> {
        let Value::Scalar { text, .. } = &at.value else {
            let label = format!("this is {}", at.describe());
            self.wrong(file, &at.span, "a reference must be a text", label);
            return None;
        };
        let key = (file.index, text.clone());
        if let Some(known) = self.resolved.get(&key) {
            return Some(known.clone());
        }
        let target = self.look_up(file, at, text)?;
        self.resolved.insert(key, target.clone());
        Some(target)
    }

    fn look_up(&mut self, file: &Rc<File>, at: &Node, text: &str) -> Option<Target> {
        let reference = match reference::read(text, &file.name) {
            Ok(reference) => reference,
            Err(Unread::Elsewhere(why)) => {
                let text = format!("what `{text}` stands for is not held: {why}");
                self.note(NoteKind::Reference, file, &at.span, text);
                return None;
            }
            Err(Unread::Wrong(why, help)) => {
                let title = format!("the reference `{text}` cannot be followed");
                self.wrong(file, &at.span, title, why).help(help);
                return None;
            }
        };
        let target = match reference.file {
            Some(name) => self.file(&name, file, at)?,
            None => Rc::clone(file),
        };
        let way = self.way(file, at, text, &target, &reference.pointer)?;
        Some(Target { file: target, way })
    }

    /// The file `name`, which the reference `at` leads to.
    fn file(&mut self, name: &str, from: &Rc<File>, at: &Node) -> Option<Rc<File>> {
        if let Some(known) = self.read.iter().find(|file| file.name == name) {
            return Some(Rc::clone(known));
        }
        if self.failed.iter().any(|failed| failed == name) {
            return None;
        }
        let source = self.fetch(name).map_err(|why| {
            self.wrong(from, &at.span, format!("the file `{name}` cannot be read"), why);
        });
        let file = source.ok().and_then(|source| self.add(name, source));
        if file.is_none() {
            self.failed.push(name.to_owned());
        }
        file
    }

    fn fetch(&mut self, name: &str) -> Result<String, String> {
        if self.read.len() >= MAX_FILES {
            return Err(format!("more than {MAX_FILES} files"));
        }
        let source = (self.load)(name)?;
        if self.bytes + source.len() > MAX_BYTES {
            return Err(format!("more than {MAX_BYTES} bytes in all files"));
        }
        Ok(source)
    }

    /// The way that `pointer` leads in `target`; `None` where it ends too early, which is noted.
    fn way(
        &mut self,
        from: &File,
        at: &Node,
        text: &str,
        target: &File,
        pointer: &Pointer,
    ) -> Option<Rc<[usize]>> {
        let (mut node, mut way) = (&target.root, Vec::new());
        let mut gone = Pointer::root();
        for token in pointer.tokens() {
            let Some((at, next)) = step(node, token) else {
                self.leads_nowhere(from, at, text, node, token, &gone);
                return None;
            };
            gone.push(token);
            way.push(at);
            node = next;
        }
        Some(way.into())
    }

    /// Notes that behind `gone`, at `node`, there is no `token`.
    fn leads_nowhere(
        &mut self,
        from: &File,
        at: &Node,
        text: &str,
        node: &Node,
        token: &str,
        gone: &Pointer,
    ) {
        let place = if gone.is_root() { "the file".to_owned() } else { format!("`{gone}`") };
        let label = format!("there is no `{token}` in {place}");
        let near = notation::nearest(token, members(node).iter().map(|e| e.key.as_str()));
        let near = near.map(|near| format!("did you mean `{near}`?"));
        let title = format!("the reference `{text}` leads nowhere");
        self.wrong(from, &at.span, title, label).help = near;
    }

    /// What `node` stands for: itself, or where its `$ref` leads, as often as one leads to another.
    pub(super) fn follow(&mut self, file: &Rc<File>, node: &Node) -> Followed {
        let Some(first) = get(node, "$ref") else { return Followed::Here };
        let Some(mut target) = self.resolve(file, first) else { return Followed::Nowhere };
        for _ in 0..MAX_HOPS {
            let Some(next) = get(target.node(), "$ref") else { return Followed::There(target) };
            let Some(next) = self.resolve(&target.file, next) else { return Followed::Nowhere };
            target = next;
        }
        let title = "this reference leads to another one, and so on without end";
        self.wrong(file, &first.span, title, "followed from here");
        Followed::Nowhere
    }

    /// `node` as a mapping; notes that it is none. `what` names it, such as "a response".
    pub(super) fn mapping<'n>(
        &mut self,
        file: &File,
        node: &'n Node,
        what: &str,
    ) -> Option<&'n [notation::Entry]> {
        if let Value::Mapping(entries) = &node.value {
            return Some(entries);
        }
        if node.is_nothing() {
            return Some(&[]);
        }
        let label = format!("this is {}", node.describe());
        self.wrong(file, &node.span, format!("{what} must be a mapping"), label);
        None
    }

    /// The text of `node`; notes that it is none.
    pub(super) fn text<'n>(&mut self, file: &File, node: &'n Node, what: &str) -> Option<&'n str> {
        if let Value::Scalar { text, .. } = &node.value {
            return Some(text);
        }
        let label = format!("this is {}", node.describe());
        self.wrong(file, &node.span, format!("{what} must be a text"), label);
        None
    }

    /// Whether `key` of `node` is `true`; notes what is neither.
    pub(super) fn flag(&mut self, file: &File, node: &Node, key: &str) -> Option<bool> {
        let node = get(node, key)?;
        match &node.value {
            Value::Scalar { text, .. } if text == "true" => Some(true),
            Value::Scalar { text, .. } if text == "false" => Some(false),
            Value::Scalar { .. } | Value::Sequence(_) | Value::Mapping(_) => {
                let title = format!("`{key}` must be `true` or `false`");
                self.wrong(file, &node.span, title, "this is neither");
                None
            }
        }
    }
}

impl fmt::Debug for Files<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Files").field("read", &self.read.len()).finish_non_exhaustive()
    }
}
