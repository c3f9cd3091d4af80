//! Documents as the engine sees them.
//!
//! Everything that decides about validity is answered from the document's own entries. What only
//! serves the engine's messages is left out on purpose, see [`View::to_value`].

use super::engine::{Array, Json, JsonType, Node as EngineNode, NodeIdentity, Object};
use crate::json::{Elements, Kind, Members, Node};
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

/// Names this representation to the engine; there is no value of it.
pub(super) enum Borrowed {}

/// One value, as the engine takes it.
#[derive(Clone, Copy)]
pub(super) enum View<'a> {
    /// A value of the document.
    Node(Node<'a, 'a>),
    /// A member's name, which `propertyNames` checks as if it were a string value.
    Name(&'a str),
    /// An object with this one member, which no document has: of a schema for many values, the
    /// name chooses the one that is held.
    Only(&'a str, Node<'a, 'a>),
}

/// What a name's identity carries in place of a value's 0: a name may lie where a value's text does.
const NAME_TAG: u32 = 1;

/// The same for an object that no document has: its member lies there.
const ONLY_TAG: u32 = 2;

/// The number of elements up to which `uniqueItems` compares each with each.
const PAIRWISE: usize = 8;

// === impl Borrowed ===

impl Json for Borrowed {
    type Node<'a> = View<'a>;
    type PreparedKey = Box<str>;
    type StringBuffer = ();

    /// A lookup compares half of the names on average, a pass all of them.
    const KEYS_PER_LOOKUP: usize = 4;

    fn prepare_key(key: &str) -> Box<str> {
        key.into()
    }

    fn with_string_node<T>((): &mut (), name: &str, f: impl FnOnce(View<'_>) -> T) -> T {
        f(View::Name(name))
    }
}

// === impl View ===

impl<'a> View<'a> {
    fn node(self) -> Option<Node<'a, 'a>> {
        if let Self::Node(node) = self { Some(node) } else { None }
    }

    fn text(self) -> Option<&'a str> {
        match self {
            Self::Node(node) => node.as_str(),
            Self::Name(name) => Some(name),
            Self::Only(..) => None,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Node(node) => node.kind(),
            Self::Name(_) => Kind::String,
            Self::Only(..) => Kind::Object,
        }
    }
}

impl<'a> EngineNode<'a, Borrowed> for View<'a> {
    type Object = ObjectView<'a>;
    type Array = ArrayView<'a>;
    type Number = &'a Number;

    fn as_object(&self) -> Option<ObjectView<'a>> {
        match *self {
            Self::Node(node) => (node.kind() == Kind::Object).then_some(ObjectView::Node(node)),
            Self::Name(_) => None,
            Self::Only(name, node) => Some(ObjectView::Only(name, node)),
        }
    }

    fn as_array(&self) -> Option<ArrayView<'a>> {
        self.node().filter(|node| node.kind() == Kind::Array).map(ArrayView)
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        self.text().map(Cow::Borrowed)
    }

    fn as_number(&self) -> Option<&'a Number> {
        self.node()?.as_number()
    }

    fn as_boolean(&self) -> Option<bool> {
        self.node()?.as_bool()
    }

    fn is_null(&self) -> bool {
        self.node().is_some_and(Node::is_null)
    }

    fn json_type(&self) -> JsonType {
        match self.kind() {
            Kind::Null => JsonType::Null,
            Kind::Bool => JsonType::Boolean,
            Kind::Number => JsonType::Number,
            Kind::String => JsonType::String,
            Kind::Array => JsonType::Array,
            Kind::Object => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        match self {
            Self::Node(node) => equals_value(*node, expected),
            Self::Name(name) => expected.as_str() == Some(name),
            Self::Only(name, node) => expected.as_object().is_some_and(|all| {
                all.len() == 1 && all.get(*name).is_some_and(|value| equals_value(*node, value))
            }),
        }
    }

    /// The engine asks for this only to put the value into its messages: equality and uniqueness
    /// are answered here without it. A message must not hold the body's values, and building them
    /// would make a rejection cost a multiple of the check, so a value reads as null there. A name
    /// is told.
    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Owned(match self {
            Self::Node(_) | Self::Only(..) => Value::Null,
            Self::Name(name) => Value::String((*name).to_owned()),
        })
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(match self {
            Self::Node(node) => NodeIdentity::new(node.address()),
            Self::Name(name) => NodeIdentity::tagged(name.as_ptr().addr(), NAME_TAG),
            Self::Only(_, node) => NodeIdentity::tagged(node.address(), ONLY_TAG),
        })
    }
}

/// A value that was found to be an object.
pub(super) enum ObjectView<'a> {
    Node(Node<'a, 'a>),
    Only(&'a str, Node<'a, 'a>),
}

/// A value that was found to be an array.
pub(super) struct ArrayView<'a>(Node<'a, 'a>);

impl<'a> Object<'a, Borrowed> for ObjectView<'a> {
    type Node = View<'a>;
    type MemberName = &'a str;
    type MembersIter = MemberViews<'a>;

    fn len(&self) -> usize {
        match self {
            Self::Node(node) => node.len(),
            Self::Only(..) => 1,
        }
    }

    fn get(&self, key: &Box<str>) -> Option<View<'a>> {
        match self {
            Self::Node(node) => node.get(key).map(View::Node),
            Self::Only(name, node) => (**key == **name).then_some(View::Node(*node)),
        }
    }

    fn members(&self) -> MemberViews<'a> {
        match self {
            Self::Node(node) => MemberViews::Node(node.members()),
            Self::Only(name, node) => MemberViews::Only(Some((*name, *node)).into_iter()),
        }
    }
}

impl<'a> Array<'a, Borrowed> for ArrayView<'a> {
    type Node = View<'a>;
    type ElementsIter = ElementViews<'a>;

    fn len(&self) -> usize {
        self.0.len()
    }

    fn elements(&self) -> ElementViews<'a> {
        ElementViews(self.0.elements())
    }

    fn is_unique(&self) -> bool {
        all_differ(self.0)
    }
}

/// An object's members, for the engine.
pub(super) enum MemberViews<'a> {
    Node(Members<'a, 'a>),
    Only(std::option::IntoIter<(&'a str, Node<'a, 'a>)>),
}

impl<'a> Iterator for MemberViews<'a> {
    type Item = (&'a str, View<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let next = match self {
            Self::Node(members) => members.next(),
            Self::Only(member) => member.next(),
        };
        next.map(|(name, value)| (name, View::Node(value)))
    }
}

/// An array's elements, for the engine.
pub(super) struct ElementViews<'a>(Elements<'a, 'a>);

impl<'a> Iterator for ElementViews<'a> {
    type Item = View<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(View::Node)
    }
}

// === Equality as JSON Schema defines it: by value, `1` and `1.0` being the same number ===

/// A number by its value. Whole numbers that fit are `Whole`, so that each value has one form.
#[derive(PartialEq, Eq, Hash)]
enum Exact {
    Whole(i128),
    /// The bits of an `f64` that has a fraction, or is beyond all whole numbers that are kept
    /// exactly.
    Other(u64),
}

fn exact(number: &Number) -> Exact {
    /// 2^120: below, every whole `f64` converts to an `i128` exactly; `u64` and `i64` are far below.
    const WHOLE_BELOW: f64 = 1_329_227_995_784_915_872_903_807_060_280_344_576.0;
    if let Some(whole) = number.as_i128() {
        return Exact::Whole(whole);
    }
    let value = number.as_f64().unwrap_or(f64::NAN);
    if value.fract() == 0.0 && value.abs() < WHOLE_BELOW {
        #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
        return Exact::Whole(value as i128);
    }
    Exact::Other(value.to_bits())
}

fn equals_value(node: Node<'_, '_>, expected: &Value) -> bool {
    match expected {
        Value::Null => node.is_null(),
        Value::Bool(value) => node.as_bool() == Some(*value),
        Value::Number(value) => node.as_number().is_some_and(|own| exact(own) == exact(value)),
        Value::String(value) => node.as_str() == Some(value),
        Value::Array(values) => {
            node.kind() == Kind::Array
                && node.len() == values.len()
                && node.elements().zip(values).all(|(own, value)| equals_value(own, value))
        }
        Value::Object(values) => {
            node.kind() == Kind::Object
                && node.len() == values.len()
                && node.members().all(|(name, own)| {
                    values.get(name).is_some_and(|value| equals_value(own, value))
                })
        }
    }
}

fn equal(one: Node<'_, '_>, other: Node<'_, '_>) -> bool {
    if one.kind() != other.kind() || one.len() != other.len() {
        return false;
    }
    match one.kind() {
        Kind::Null => true,
        Kind::Bool => one.as_bool() == other.as_bool(),
        Kind::Number => one.as_number().map(exact) == other.as_number().map(exact),
        Kind::String => one.as_str() == other.as_str(),
        Kind::Array => one.elements().zip(other.elements()).all(|(one, other)| equal(one, other)),
        Kind::Object => one
            .members()
            .all(|(name, value)| other.get(name).is_some_and(|other| equal(value, other))),
    }
}

/// `uniqueItems`. A few elements are compared each with each. Many are first put in the order of a
/// hash, keyed at random, so that nobody can prepare different elements that share one; only those
/// that do are compared.
fn all_differ(array: Node<'_, '_>) -> bool {
    if array.len() <= PAIRWISE {
        return each_differs(array.elements());
    }
    let state = RandomState::new();
    let mut hashed: Vec<_> = array.elements().map(|one| (hash(one, &state), one)).collect();
    hashed.sort_unstable_by_key(|(hash, _)| *hash);
    hashed
        .chunk_by(|(one, _), (other, _)| one == other)
        .all(|alike| each_differs(alike.iter().map(|(_, element)| *element)))
}

fn each_differs<'d, 'a: 'd>(mut elements: impl Iterator<Item = Node<'d, 'a>> + Clone) -> bool {
    while let Some(one) = elements.next() {
        if elements.clone().any(|other| equal(one, other)) {
            return false;
        }
    }
    true
}

/// Equal values have equal hashes; an object's does not depend on the order of its members.
fn hash(node: Node<'_, '_>, state: &RandomState) -> u64 {
    let mut hasher = state.build_hasher();
    node.kind().hash(&mut hasher);
    node.as_bool().hash(&mut hasher);
    node.as_number().map(exact).hash(&mut hasher);
    node.as_str().hash(&mut hasher);
    for element in node.elements() {
        hash(element, state).hash(&mut hasher);
    }
    let members = node.members().fold(0_u64, |sum, (name, value)| {
        sum.wrapping_add(state.hash_one((name, hash(value, state))))
    });
    members.hash(&mut hasher);
    hasher.finish()
}
