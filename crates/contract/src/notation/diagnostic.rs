//! Mistakes in a file: all at once, each with its place, what was expected, and what to do.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::fmt;
use std::ops::Range;

/// How many mistakes of one file are shown; the rest are counted.
const SHOWN: usize = 50;

/// One mistake in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where: a byte range of the file.
    pub span: Range<usize>,
    /// What is wrong, in one line.
    pub title: String,
    /// What stands at the place, or what was expected there.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Another place that belongs to it, such as the first of two equal ids.
    pub other: Option<(Range<usize>, String)>,
}

/// The mistakes found so far in one file.
#[derive(Debug, Default)]
pub struct Problems {
    found: Vec<Problem>,
}

impl Problems {
    /// Adds a mistake at `span` and returns it, so that help can be added.
    pub fn add(
        &mut self,
        span: Range<usize>,
        title: impl Into<String>,
        label: impl Into<String>,
    ) -> &mut Problem {
        let problem =
            Problem { span, title: title.into(), label: label.into(), help: None, other: None };
        self.found.push(problem);
        let last = self.found.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "pushed on the line before")]
        &mut self.found[last]
    }

    /// Whether nothing is wrong so far.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The diagnosis of the file `name` with the text `source`; `None` where nothing is wrong.
    pub fn into_diagnosis(mut self, name: &str, source: &str) -> Option<Diagnosis> {
        if self.found.is_empty() {
            return None;
        }
        self.found.sort_by_key(|p| p.span.start);
        Some(Diagnosis { file: name.to_owned(), source: source.to_owned(), problems: self.found })
    }
}

impl Problem {
    /// Says what to do about it.
    pub fn help(&mut self, text: impl Into<String>) -> &mut Self {
        self.help = Some(text.into());
        self
    }

    /// Points at a second place.
    pub fn other(&mut self, span: Range<usize>, label: impl Into<String>) -> &mut Self {
        self.other = Some((span, label.into()));
        self
    }
}

/// All that is wrong with one file. Displays as a compiler would show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    file: String,
    source: String,
    problems: Vec<Problem>,
}

impl Diagnosis {
    /// The file's name as it was given.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The mistakes, in the order of their places.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The line of a mistake, from 1.
    pub fn line_of(&self, problem: &Problem) -> usize {
        let before = self.source.as_bytes().get(..problem.span.start).unwrap_or_default();
        1 + memchr::memchr_iter(b'\n', before).count()
    }

    /// The text as a terminal shows it, with colours.
    pub fn coloured(&self) -> String {
        self.render(&Renderer::styled())
    }

    fn render(&self, renderer: &Renderer) -> String {
        let shown = self.problems.iter().take(SHOWN);
        let mut text: Vec<String> =
            shown.map(|p| renderer.render(&groups(p, &self.file, &self.source))).collect();
        if self.problems.len() > SHOWN {
            text.push(format!("error: {} more mistakes", self.problems.len() - SHOWN));
        }
        text.join("\n\n")
    }
}

fn groups<'a>(problem: &'a Problem, file: &'a str, source: &'a str) -> Vec<Group<'a>> {
    let main = AnnotationKind::Primary.span(within(&problem.span, source)).label(&*problem.label);
    let mut snippet = Snippet::source(source).path(file).fold(true).annotation(main);
    if let Some((span, label)) = &problem.other {
        let other = AnnotationKind::Context.span(within(span, source)).label(&**label);
        snippet = snippet.annotation(other);
    }
    let mut groups = vec![Level::ERROR.primary_title(&*problem.title).element(snippet)];
    if let Some(help) = &problem.help {
        groups.push(Group::with_title(Level::HELP.secondary_title(&**help)));
    }
    groups
}

/// The renderer panics on a span outside its source, so every span is brought inside, and a long
/// one is cut at its first line's end.
fn within(span: &Range<usize>, source: &str) -> Range<usize> {
    let start = floor(source, span.start);
    let end = floor(source, span.end).max(start);
    let line = source.get(start..end).and_then(|s| s.find('\n')).map_or(end, |n| start + n);
    start..line
}

fn floor(source: &str, at: usize) -> usize {
    let mut at = at.min(source.len());
    while !source.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(&Renderer::plain()))
    }
}

impl std::error::Error for Diagnosis {}
