//! A row: one documented outcome, as it is understood after reading.
//!
//! A row is read both ways: to recognise an exchange, and to write an answer. It has an id of its
//! own, because a vendor's code is not a key. How rows are ordered and searched is not told here.

use crate::defaults;
use crate::json::Pointer;
use crate::path::PathPattern;
use crate::template::Template;
use candor_facts::{Class, FaultKind, HeldKind, Next, Origin, Outcome, Phase};
use http::{HeaderName, HeaderValue, Method};
use std::ops::Range;
use std::time::Duration;

/// One documented outcome.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its id, unique within the contract.
    pub id: String,
    /// What the document calls it, in short.
    pub title: String,
    /// When it applies: any of these. Empty: always.
    pub when: Vec<When>,
    /// The form of its body: an index into the contract's forms.
    pub form: Option<usize>,
    /// What happened.
    pub class: Class,
    /// Whose doing it is.
    pub origin: Origin,
    /// Whether the request took effect.
    pub outcome: OutcomeRule,
    /// What the document says of repeating.
    pub retry: RetryRule,
    /// The documented wording.
    pub says: Option<Template>,
    /// Where the parts of the verdict stand in the answer.
    pub take: Take,
    /// What is wrong with the field that it names.
    pub field_kind: Option<String>,
    /// What to show a person.
    pub message: MessageKey,
    /// Who acts next, and how.
    pub next: Next,
    /// Where it is documented.
    pub cite: String,
    /// The members that no document states; `["row"]` for the row as a whole.
    pub inferred: Vec<String>,
    /// Its place in the file.
    pub span: Range<usize>,
    /// The places of its members in the file, by key.
    pub places: Vec<(String, Range<usize>)>,
    /// Contract and row, `name@version/id`, as a header field says it; given by the table.
    pub mark: HeaderValue,
}

/// Where the outcome comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutcomeRule {
    /// The contract states it.
    Is(Outcome),
    /// What had been sent when the transport failed decides.
    ByEvidence,
}

/// What to show a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageKey {
    /// Nothing: the document says so.
    None,
    /// The text with this key.
    Key(String),
    /// The text of the row's class.
    Class,
}

/// What the document says of repeating the request.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RetryRule {
    /// Whether it may be repeated.
    pub allow: Allow,
    /// How often, at most; `None` where the document gives no number.
    pub times: Option<u32>,
    /// How long to wait, where no header says so: from, to.
    pub wait: Option<(Duration, Duration)>,
    /// Where the answer says how long to wait.
    pub after: Option<After>,
    /// The dedupe key that makes a repeat safe where it is sent unchanged.
    pub key: Option<String>,
    /// The methods for which it holds; empty: all.
    pub methods: Vec<Method>,
}

/// Whether a document allows a repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Allow {
    /// It does, where it is safe.
    Allowed,
    /// It does not, or the same request would fail again.
    Never,
    /// It says nothing.
    #[default]
    Undocumented,
}

/// Where an answer says how long to wait. A header says *when*, never *whether*.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct After {
    /// The header, and how it is written.
    pub header: Option<(HeaderName, WaitForm)>,
    /// Without the header: until the current window of this length ends.
    pub window: Option<Duration>,
}

/// How a header writes a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitForm {
    /// Whole seconds.
    Seconds,
    /// An HTTP date.
    Date,
    /// Either, as `Retry-After` may be (RFC 9110, section 10.2.3).
    Either,
}

/// Conditions that must all hold. An empty list means: no condition of this kind.
#[derive(Debug, Clone, Default)]
pub struct When {
    /// Status codes, as closed ranges.
    pub status: Vec<(u16, u16)>,
    /// Methods.
    pub method: Vec<Method>,
    /// Paths; any of them.
    pub path: Vec<PathPattern>,
    /// Operations by name.
    pub operation: Vec<String>,
    /// The vendor's code, in the row's form.
    pub code: Vec<Scalar>,
    /// The wording of the vendor's message, in the row's form.
    pub message: Option<Template>,
    /// The reason phrase or the plain body.
    pub text: Vec<String>,
    /// Places in a JSON body. A step `*` stands for the elements of an array, of which some one
    /// must pass: `/items/*/error`.
    pub body: Vec<(Pointer, ValueTest)>,
    /// Header fields.
    pub header: Vec<(HeaderName, ValueTest)>,
    /// What the body is.
    pub body_is: Vec<BodyKind>,
    /// Transport faults.
    pub fault: Vec<FaultKind>,
    /// Phases of transport faults.
    pub phase: Vec<Phase>,
    /// Reasons of Candor's own.
    pub held: Vec<HeldKind>,
    /// The result of the check against the declared schema.
    pub check: Option<CheckIs>,
    /// Its place in the file.
    pub span: Range<usize>,
}

impl When {
    /// Whether it speaks of transport faults.
    pub fn of_faults(&self) -> bool {
        !self.fault.is_empty() || !self.phase.is_empty()
    }

    /// Whether it speaks of answers.
    pub fn of_answers(&self) -> bool {
        let head = !self.status.is_empty() || !self.text.is_empty() || !self.header.is_empty();
        head || self.of_bodies() || self.check.is_some()
    }

    /// Whether it needs the body.
    pub fn of_bodies(&self) -> bool {
        !self.code.is_empty()
            || self.message.is_some()
            || !self.body.is_empty()
            || !self.body_is.is_empty()
    }

    /// How many kinds of condition it has: the fewer, the more general.
    pub fn weight(&self) -> usize {
        let lists = [
            self.method.is_empty(),
            self.path.is_empty(),
            self.operation.is_empty(),
            self.code.is_empty(),
            self.message.is_none(),
            self.text.is_empty(),
            self.body.is_empty(),
            self.header.is_empty(),
            self.body_is.is_empty(),
            self.check.is_none(),
        ];
        lists.iter().filter(|empty| !**empty).count()
    }
}

/// A scalar to compare with, as text: `1006` and `"1006"` are the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scalar {
    /// This text.
    Is(String),
    /// A whole number in this closed range.
    Between(u64, u64),
}

impl Scalar {
    /// Whether `text` is it.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Is(expected) => expected == text,
            Self::Between(low, high) => {
                text.parse().is_ok_and(|n: u64| (*low..=*high).contains(&n))
            }
        }
    }

    /// The text that it is, where it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Is(text) => Some(text),
            Self::Between(..) => None,
        }
    }

    /// A text that matches.
    pub fn example(&self) -> String {
        match self {
            Self::Is(text) => text.clone(),
            Self::Between(low, _) => low.to_string(),
        }
    }
}

/// A condition on one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValueTest {
    /// It is one of these scalars.
    In(Vec<Scalar>),
    /// It is a scalar, and none of these.
    NotIn(Vec<Scalar>),
    /// It is there, or is not.
    Exists(bool),
    /// It has one of these JSON types.
    Type(Vec<JsonType>),
    /// It has this wording.
    Template(Template),
}

/// A JSON type by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonType {
    /// A string.
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An object.
    Object,
    /// An array.
    Array,
    /// `null`.
    Null,
}

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// It has the form of the row: the API's own envelope.
    Recognised,
    /// There is none.
    Empty,
    /// JSON of another form.
    Json,
    /// A web page.
    Html,
    /// Anything but a web page; mostly told by the head alone.
    NotHtml,
    /// Anything else.
    Text,
}

/// The result of the check against the declared schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckIs {
    /// The answer has its declared form.
    Passed,
    /// It differs.
    Failed,
}

/// Where the parts of the verdict stand, where that is not where the form has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Take {
    /// The vendor's code.
    pub code: Option<Source>,
    /// The vendor's words.
    pub detail: Option<Source>,
    /// The field at fault.
    pub field: Option<Source>,
    /// The field that makes it wrong.
    pub related: Option<Source>,
    /// The vendor's error id.
    pub error_id: Option<Source>,
}

/// One place in an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A value of the JSON body.
    Body(Pointer),
    /// A header field.
    Header(HeaderName),
    /// A named slot of the row's wording.
    Capture(String),
}

impl Row {
    /// The row of a response that an API declares itself, for `status` and known as `title`. It
    /// holds where the answer has its declared form.
    pub fn declared(status: u16, title: &str) -> Self {
        let class = declared_class(status);
        let when = When {
            status: vec![(status, status)],
            check: Some(CheckIs::Passed),
            ..When::default()
        };
        let origin = defaults::origin(class);
        Self {
            id: format!("response.{status}"),
            title: title.to_owned(),
            when: vec![when],
            form: None,
            class,
            origin,
            outcome: defaults::outcome(class),
            retry: RetryRule { allow: defaults::allow(class), ..RetryRule::default() },
            says: None,
            take: Take::default(),
            field_kind: None,
            message: MessageKey::Class,
            next: defaults::next(class, origin),
            cite: "declared by the callback".to_owned(),
            inferred: Vec::new(),
            span: 0..0,
            places: Vec::new(),
            mark: HeaderValue::from_static(""),
        }
    }

    /// The row's code, where it has exactly one.
    pub fn code(&self) -> Option<&str> {
        self.when.iter().find_map(|w| match w.code.as_slice() {
            [Scalar::Is(code)] => Some(code.as_str()),
            _ => None,
        })
    }

    /// The documented wording: `says`, or the wording that it is recognised by.
    pub fn wording(&self) -> Option<&Template> {
        self.says.as_ref().or_else(|| self.when.iter().find_map(|w| w.message.as_ref()))
    }

    /// The place of the member `key` in the file; the row's own where it is not written.
    pub fn place(&self, key: &str) -> Range<usize> {
        let found = self.places.iter().find(|(name, _)| name == key);
        found.map_or_else(|| self.span.clone(), |(_, place)| place.clone())
    }

    /// Whether the row is a conclusion that no document states.
    pub fn is_inferred(&self) -> bool {
        !self.inferred.is_empty()
    }
}

/// What a declared status means: the response says so itself, so every success is one.
fn declared_class(status: u16) -> Class {
    match status {
        ..400 => Class::Ok,
        400..500 => crate::answer::class_of_status(status).unwrap_or(Class::InvalidRequest),
        _ => Class::Internal,
    }
}
