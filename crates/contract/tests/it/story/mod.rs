//! Stories: Markdown that tells of exchanges and of what they mean, read as tests.
//!
//! A file names its contract; each `##` heading is one story, with fenced blocks for the exchange
//! and for what is expected. Here the text is read; `exchange` makes facts of it.

pub(crate) mod exchange;

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// One file of stories.
#[derive(Debug)]
pub(crate) struct StoryFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) contract: String,
    pub(crate) stories: Vec<Story>,
}

/// One exchange, and what is expected of it.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) heading: String,
    /// The row that the story pins, written by hand.
    pub(crate) row: Option<String>,
    pub(crate) blocks: Vec<Block>,
}

/// One fenced block.
#[derive(Debug)]
pub(crate) struct Block {
    /// What stands behind the fence, such as `http response`.
    pub(crate) kind: String,
    pub(crate) content: String,
    /// Where the content stands in the file's text.
    pub(crate) span: Range<usize>,
}

/// All files under `stories/`, in the order of their names.
pub(crate) fn all() -> Vec<StoryFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stories");
    let mut paths = Vec::new();
    walk(&root, &mut paths);
    paths.sort();
    paths.into_iter().map(|path| read(&root, &path)).collect()
}

fn walk(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            paths.push(path);
        }
    }
}

fn read(root: &Path, path: &Path) -> StoryFile {
    let text = fs::read_to_string(path).unwrap();
    let named = text.lines().find_map(|line| in_ticks(line.strip_prefix("Contract:")?));
    // Text that no contract belongs to, such as a table of contents, holds no stories.
    let stories = if named.is_some() { stories(&text) } else { Vec::new() };
    let path = path.strip_prefix(root).unwrap().to_owned();
    StoryFile { path, contract: named.unwrap_or_default(), stories, text }
}

fn in_ticks(text: &str) -> Option<String> {
    text.split('`').nth(1).map(str::to_owned)
}

/// The stories in a text.
pub(crate) fn stories(text: &str) -> Vec<Story> {
    let mut stories: Vec<Story> = Vec::new();
    let mut open: Option<(String, usize)> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let (start, end) = (at, at + line.len());
        at = end;
        let line = line.trim_end();
        match (&open, line.strip_prefix("```")) {
            (Some((kind, from)), Some("")) => {
                let span = *from..start;
                let content = text[span.clone()].to_owned();
                let block = Block { kind: kind.clone(), content, span };
                stories.last_mut().expect("a block stands in a story").blocks.push(block);
                open = None;
            }
            (None, Some(kind)) => open = Some((kind.to_owned(), end)),
            (None, None) => outside(line, &mut stories),
            (Some(_), _) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    stories
}

fn outside(line: &str, stories: &mut Vec<Story>) {
    if let Some(heading) = line.strip_prefix("## ") {
        stories.push(Story { heading: heading.to_owned(), row: None, blocks: Vec::new() });
    } else if let (Some(row), Some(story)) = (line.strip_prefix("Row:"), stories.last_mut()) {
        story.row = in_ticks(row);
    }
}

impl Story {
    /// The content of the block of this kind.
    pub(crate) fn block(&self, kind: &str) -> Option<&str> {
        self.blocks.iter().find(|block| block.kind == kind).map(|block| block.content.as_str())
    }
}
