//! References as they are written: `#/components/schemas/Pet`, `schemas/pet.yaml#/Pet`.
//!
//! Only the text is looked at here; what stands behind a reference is for [`super::files`].

use crate::json::Pointer;
use percent_encoding::percent_decode_str;

/// Where a reference leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// The file, by a path in the manner of the first file's name; `None` for the same file.
    pub(super) file: Option<String>,
    /// The way to the value in it.
    pub(super) pointer: Pointer,
}

/// Why a reference is not followed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It leads out of the files; why that is not done.
    Elsewhere(&'static str),
    /// It is wrong; how, and what to do.
    Wrong(&'static str, &'static str),
}

/// Reads `text`, which stands in the file `base`.
pub(super) fn read(text: &str, base: &str) -> Result<Reference, Unread> {
    let (file, fragment) = text.split_once('#').unwrap_or((text, ""));
    let fragment = decoded(fragment).ok_or(Unread::Wrong("it is not UTF-8", HELP_POINTER))?;
    if !fragment.is_empty() && !fragment.starts_with('/') {
        return Err(Unread::Elsewhere("it leads to an anchor, not by a JSON Pointer"));
    }
    let escapes = "in it `~` is written as `~0`, and `/` within a name as `~1`";
    let pointer = Pointer::parse(&fragment).map_err(|_| Unread::Wrong(escapes, HELP_POINTER))?;
    let file = if file.is_empty() { None } else { Some(join(base, file)?) };
    Ok(Reference { file, pointer })
}

const HELP_POINTER: &str = "use a JSON Pointer, such as `#/components/schemas/Pet`";
const HELP_FILE: &str = "put the file beside this one, and refer to it by a relative path";

/// The path `relative`, seen from the file `base`. Steps up are kept where they leave the folder of
/// the first file: whether they may is for whoever reads files.
fn join(base: &str, relative: &str) -> Result<String, Unread> {
    let relative = decoded(relative).ok_or(Unread::Wrong("it is not UTF-8", HELP_FILE))?;
    if has_scheme(&relative) || relative.starts_with("//") {
        return Err(Unread::Elsewhere("it is a URL, and nothing is fetched"));
    }
    if relative.starts_with('/') || relative.contains(['\\', '\0']) {
        return Err(Unread::Wrong("it is not a relative path", HELP_FILE));
    }
    let folder = base.rsplit_once('/').map_or("", |(folder, _)| folder);
    let root = if folder.starts_with('/') || (folder.is_empty() && base.starts_with('/')) {
        "/"
    } else {
        ""
    };
    let mut steps: Vec<&str> = Vec::new();
    for step in folder.split('/').chain(relative.split('/')) {
        match step {
            "" | "." => {}
            ".." if steps.last().is_some_and(|last| *last != "..") => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    Ok(root.to_owned() + &steps.join("/"))
}

/// Whether `text` starts with a URI's scheme (RFC 3986, section 3.1), or a drive's letter.
fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

fn decoded(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_found_from_the_file_that_refers() {
        let file = |base, text| read(text, base).unwrap().file.unwrap();
        assert_eq!(file("openapi.yaml", "schemas/pet.yaml#/Pet"), "schemas/pet.yaml");
        assert_eq!(file("api/schemas/pet.yaml", "../errors.yaml"), "api/errors.yaml");
        assert_eq!(file("api/v1/openapi.yaml", "./a%20b.yaml"), "api/v1/a b.yaml");
        assert_eq!(file("openapi.yaml", "../../common.yaml#/X"), "../../common.yaml");
        assert_eq!(file("/etc/openapi.yaml", "pet.yaml"), "/etc/pet.yaml");
        assert_eq!(file("/openapi.yaml", "pet.yaml"), "/pet.yaml");
    }

    #[test]
    fn pointers_are_decoded_twice() {
        let tokens = |text| {
            let reference = read(text, "x.yaml").unwrap();
            reference.pointer.tokens().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(tokens("#/paths/~1pets~1%7Bid%7D/get"), ["paths", "/pets/{id}", "get"]);
        assert_eq!(tokens("#"), Vec::<String>::new());
        assert_eq!(tokens("pet.yaml"), Vec::<String>::new());
    }

    #[test]
    fn what_would_be_fetched_is_told_from_what_is_wrong() {
        for text in ["https://x.example/a.yaml", "file:///etc/a", "//x.example/a", "C:/a.yaml"] {
            let why = read(text, "x.yaml").unwrap_err();
            assert_eq!(why, Unread::Elsewhere("it is a URL, and nothing is fetched"), "{text}");
        }
        assert!(
            matches!(read("#Pet", "x.yaml"), Err(Unread::Elsewhere(why)) if why.contains("anchor"))
        );
        assert!(
            matches!(read("/a.yaml", "x.yaml"), Err(Unread::Wrong(why, _)) if why.contains("relative"))
        );
        assert!(matches!(read("#/a~2", "x.yaml"), Err(Unread::Wrong(..))));
    }
}
