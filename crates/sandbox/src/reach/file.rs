//! Reading an HTTP file.

use super::{Scene, Step};
use std::collections::BTreeMap;

/// What is wrong with an HTTP file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct FileError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

/// The scenes of an HTTP file. `given` are variables besides the file's own, such as `url`; they
/// win over those.
///
/// # Errors
/// A request without a line of its own, a variable that nobody gives, a scene without a row.
pub fn read(text: &str, given: &[(&str, &str)]) -> Result<Vec<Scene>, FileError> {
    let mut reader = Reader { variables: BTreeMap::new(), scenes: Vec::new() };
    let mut block: Vec<(usize, &str)> = Vec::new();
    for (at, line) in (1..).zip(text.lines()) {
        if line.starts_with("###") {
            reader.block(&block, given)?;
            block.clear();
        }
        block.push((at, line));
    }
    reader.block(&block, given)?;
    Ok(reader.scenes)
}

/// The variables at the top of an HTTP file, in their order: an API's addresses and credentials.
///
/// # Errors
/// As [`read`].
pub fn variables(text: &str, given: &[(&str, &str)]) -> Result<Vec<(String, String)>, FileError> {
    let mut reader = Reader { variables: BTreeMap::new(), scenes: Vec::new() };
    let top = (1..).zip(text.lines()).take_while(|(_, line)| !line.starts_with("###"));
    let top: Vec<_> = top.collect();
    reader.variables(&top, given)?;
    let names = top.iter().filter_map(|(_, line)| line.strip_prefix('@')?.split_once('='));
    let value = |name: &str| Some((name.to_owned(), reader.variables.get(name)?.clone()));
    Ok(names.filter_map(|(name, _)| value(name.trim())).collect())
}

struct Reader {
    variables: BTreeMap<String, String>,
    scenes: Vec<Scene>,
}

impl Reader {
    /// What stands between two `###`: the first block gives the variables.
    fn block(&mut self, lines: &[(usize, &str)], given: &[(&str, &str)]) -> Result<(), FileError> {
        let Some(((at, first), rest)) = lines.split_first() else { return Ok(()) };
        let Some(title) = first.strip_prefix("###") else { return self.variables(lines, given) };
        if !title.trim().is_empty() {
            let (row, why) = title
                .split_once(": ")
                .ok_or_else(|| wrong(*at, "a scene begins with `### row: why it happens`"))?;
            let (row, why) = (row.trim().to_owned(), why.trim().to_owned());
            self.scenes.push(Scene { row, why, steps: Vec::new() });
        }
        let step = self.step(*at, rest)?;
        let scene = self.scenes.last_mut();
        let scene = scene.ok_or_else(|| wrong(*at, "a request stands before the first scene"))?;
        scene.steps.push(step);
        Ok(())
    }

    fn variables(
        &mut self,
        lines: &[(usize, &str)],
        given: &[(&str, &str)],
    ) -> Result<(), FileError> {
        for (name, value) in given {
            self.variables.insert((*name).to_owned(), (*value).to_owned());
        }
        for (at, line) in lines {
            let Some(variable) = line.strip_prefix('@') else { continue };
            let (name, value) = variable
                .split_once('=')
                .ok_or_else(|| wrong(*at, "a variable is given as `@name = value`"))?;
            let value = self.filled(*at, value.trim())?;
            self.variables.entry(name.trim().to_owned()).or_insert(value);
        }
        Ok(())
    }

    fn step(&self, at: usize, lines: &[(usize, &str)]) -> Result<Step, FileError> {
        let mut times = 1;
        let mut lines = lines.iter().skip_while(|(_, line)| {
            if let Some(given) = line.strip_prefix("# times:") {
                times = given.trim().parse().unwrap_or(1);
            }
            line.trim().is_empty() || line.starts_with('#')
        });
        let (at, request) = lines.next().ok_or_else(|| wrong(at, "there is no request here"))?;
        let request = self.filled(*at, request)?;
        let (method, url) =
            request.split_once(' ').ok_or_else(|| wrong(*at, "a request line is `METHOD URL`"))?;
        let mut headers = Vec::new();
        for (at, line) in lines.by_ref() {
            if line.trim().is_empty() {
                break;
            }
            let line = self.filled(*at, line)?;
            let (name, value) = line
                .split_once(':')
                .ok_or_else(|| wrong(*at, "a header field is `Name: value`"))?;
            headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        let body: Result<Vec<String>, _> = lines.map(|(at, line)| self.filled(*at, line)).collect();
        let body = body?.join("\n").trim().to_owned();
        Ok(Step { method: method.to_owned(), url: url.trim().to_owned(), headers, body, times })
    }

    /// The line with its variables filled in.
    fn filled(&self, at: usize, line: &str) -> Result<String, FileError> {
        let mut whole = String::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) =
                after.split_once("}}").ok_or_else(|| wrong(at, "`{{` is not closed"))?;
            let value = self.variables.get(name.trim());
            let value = value.ok_or_else(|| wrong(at, format!("nobody gives `{{{{{name}}}}}`")))?;
            whole.push_str(before);
            whole.push_str(value);
            rest = after;
        }
        whole.push_str(rest);
        Ok(whole)
    }
}

fn wrong(line: usize, what: impl Into<String>) -> FileError {
    FileError { line, what: what.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "@key = abc\n\n### 1006: it is still enabled\nPUT {{url}}/a\nX-Key: {{key}}\n\n{\n  \"a\": 1\n}\n\n###\n# times: 3\nDELETE {{url}}/a\n";

    #[test]
    fn a_scene_has_its_steps() {
        let scenes = read(FILE, &[("url", "http://x")]).unwrap();
        let [Scene { row, why, steps }] = &*scenes else { panic!("{scenes:?}") };
        assert_eq!((row.as_str(), why.as_str()), ("1006", "it is still enabled"));
        assert_eq!(steps[0].headers, [("X-Key".to_owned(), "abc".to_owned())]);
        assert_eq!(steps[0].body, "{\n  \"a\": 1\n}");
        assert_eq!((steps[1].url.as_str(), steps[1].times), ("http://x/a", 3));
    }

    #[test]
    fn mistakes_have_their_line() {
        let at = |text: &str| read(text, &[]).unwrap_err().line;
        assert_eq!(at("### 1006: why\nGET {{url}}\n"), 2);
        assert_eq!(at("@a\n"), 1);
        assert_eq!(at("\n### 1006\nGET /\n"), 2);
        assert_eq!(at("### a: b\n"), 1);
    }
}
