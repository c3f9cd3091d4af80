//! The path of a request: checked once, so that what is sent is what was meant.

use http::uri::PathAndQuery;

/// The path and query of a request, always from the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestPath(PathAndQuery);

/// What is wrong with the path of a request.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It has a character that a request line cannot hold.
    #[error("it has a character that must be percent-encoded")]
    Character,
    /// It does not begin with `/`.
    #[error("it does not begin with /")]
    NotRooted,
    /// It has a `.` or `..` segment, which could lead out of the base path.
    #[error("it has a dot segment")]
    DotSegment,
}

impl RequestPath {
    /// Checks a path, with its query if it has one.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if !text.starts_with('/') {
            return Err(PathError::NotRooted);
        }
        let parsed: PathAndQuery = text.parse().map_err(|_| PathError::Character)?;
        if has_dot_segment(parsed.path()) {
            return Err(PathError::DotSegment);
        }
        Ok(Self(parsed))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The part before the query.
    pub fn path(&self) -> &str {
        self.0.path()
    }

    pub(crate) fn into_inner(self) -> PathAndQuery {
        self.0
    }
}

/// Servers differ in what they take for a slash, so all of it counts as one.
fn has_dot_segment(path: &str) -> bool {
    let among = |path: &str| path.split(['/', '\\']).any(is_dot_segment);
    if path.contains('%') {
        among(&path.to_ascii_lowercase().replace("%2f", "/").replace("%5c", "/"))
    } else {
        among(path)
    }
}

/// Whether a server could read the segment as `.` or `..`, in any spelling of the dots, and also
/// where it cuts parameters off.
fn is_dot_segment(segment: &str) -> bool {
    const DOTS: [&str; 6] = [".", "..", "%2e", ".%2e", "%2e.", "%2e%2e"];
    let bare = segment.split(';').next().unwrap_or_default();
    DOTS.iter().any(|dots| dots.eq_ignore_ascii_case(bare))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_lead_out_of_its_base() {
        for rest in [
            "/../admin",
            "/./x",
            "/a/%2e%2E/b",
            "/.%2e",
            "/a\\..\\b",
            "/..;x/b",
            "/..%2Fadmin",
            "/a%5c..%5cb",
        ] {
            assert!(RequestPath::parse(rest).is_err(), "{rest}");
        }
        assert_eq!(RequestPath::parse("admin"), Err(PathError::NotRooted));
        assert_eq!(RequestPath::parse("/a b"), Err(PathError::Character));
        assert_eq!(RequestPath::parse("/a\r\nX: y"), Err(PathError::Character));
        assert!(RequestPath::parse("/v1.2/..x/...").is_ok());
    }
}
