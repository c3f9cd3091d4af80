//! The tree of one file, and the ways in it.

use crate::notation::{Entry, Node, Value};
use std::rc::Rc;

/// A file that was read.
#[derive(Debug)]
pub(super) struct File {
    /// Its number among the files of this description.
    pub(super) index: usize,
    pub(super) name: String,
    pub(super) source: String,
    /// Where its lines end.
    ends: Vec<usize>,
    pub(super) root: Node,
}

impl File {
    pub(super) fn new(index: usize, name: String, source: String, root: Node) -> Self {
        let ends = memchr::memchr_iter(b'\n', source.as_bytes()).collect();
        Self { index, name, source, ends, root }
    }

    /// The line of the byte `at`, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        1 + self.ends.partition_point(|end| *end < at)
    }
}

/// A value in a file, by the way to it: the place of each step among its siblings.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) file: Rc<File>,
    pub(super) way: Rc<[usize]>,
}

impl Target {
    /// The value. It is there: a target is made of a way that was gone.
    pub(super) fn node(&self) -> &Node {
        let root = &self.file.root;
        self.way.iter().try_fold(root, |node, at| nth(node, *at)).unwrap_or(root)
    }
}

/// The members of a mapping; of anything else none.
pub(super) fn members(node: &Node) -> &[Entry] {
    if let Value::Mapping(entries) = &node.value { entries } else { &[] }
}

/// The elements of a list; of anything else none.
pub(super) fn elements(node: &Node) -> &[Node] {
    if let Value::Sequence(items) = &node.value { items } else { &[] }
}

/// The member `key`.
pub(super) fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    members(node).iter().find(|entry| entry.key == key).map(|entry| &entry.node)
}

/// The member or element `token`.
pub(super) fn child<'n>(node: &'n Node, token: &str) -> Option<&'n Node> {
    step(node, token).map(|(_, child)| child)
}

/// The same, with its place among its siblings.
pub(super) fn step<'n>(node: &'n Node, token: &str) -> Option<(usize, &'n Node)> {
    let at = match &node.value {
        Value::Mapping(entries) => entries.iter().position(|entry| entry.key == token)?,
        Value::Sequence(_) => token.parse().ok()?,
        Value::Scalar { .. } => return None,
    };
    nth(node, at).map(|child| (at, child))
}

fn nth(node: &Node, at: usize) -> Option<&Node> {
    match &node.value {
        Value::Mapping(entries) => entries.get(at).map(|entry| &entry.node),
        Value::Sequence(items) => items.get(at),
        Value::Scalar { .. } => None,
    }
}
