//! Which rule a path leads to, as a table.
//!
//! Patterns are read segment by segment: `/orgs/{org}/policies` has a segment that is anything.
//! What is anything is handed on decoded, in its order.

use http::Method;
use percent_encoding::percent_decode_str;

/// A line of the table: a method, a pattern of the path, and what is there.
#[derive(Debug, Clone)]
pub struct Route<T> {
    /// The method.
    pub method: Method,
    /// The pattern, such as `/tenants/{id}`.
    pub path: &'static str,
    /// What is there.
    pub target: T,
}

/// What is found at a path.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'r, T> {
    /// The target, and the decoded segments that the pattern leaves open.
    Target(&'r T, Vec<String>),
    /// The path is known, the method not: these are, as `Allow` lists them.
    OtherMethods(String),
    /// The path is unknown.
    Nothing,
}

/// Looks a request up. The first line that fits counts.
pub fn find<'r, T>(routes: &'r [Route<T>], method: &Method, path: &str) -> Found<'r, T> {
    let mut methods = Vec::new();
    for route in routes {
        let Some(open) = fits(route.path, path) else { continue };
        if route.method == *method {
            return Found::Target(&route.target, open);
        }
        if !methods.contains(&route.method.as_str()) {
            methods.push(route.method.as_str());
        }
    }
    if methods.is_empty() { Found::Nothing } else { Found::OtherMethods(methods.join(", ")) }
}

/// The decoded open segments of `path`, where it fits `pattern`. Empty segments fit nothing.
fn fits(pattern: &str, path: &str) -> Option<Vec<String>> {
    let mut open = Vec::new();
    let mut segments = path.split('/');
    for expected in pattern.split('/') {
        let segment = segments.next()?;
        if !expected.starts_with('{') {
            (segment == expected).then_some(())?;
            continue;
        }
        let decoded = percent_decode_str(segment).decode_utf8().ok()?;
        (!decoded.is_empty()).then(|| open.push(decoded.into_owned()))?;
    }
    segments.next().is_none().then_some(open)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTES: [Route<u8>; 4] = [
        Route { method: Method::GET, path: "/tenants", target: 1 },
        Route { method: Method::GET, path: "/tenants/usages", target: 2 },
        Route { method: Method::GET, path: "/tenants/{id}", target: 3 },
        Route { method: Method::DELETE, path: "/tenants/{id}", target: 4 },
    ];

    #[test]
    fn the_first_line_that_fits_counts() {
        let find = |method, path| find(&ROUTES, &method, path);
        assert_eq!(find(Method::GET, "/tenants/usages"), Found::Target(&2, vec![]));
        assert_eq!(find(Method::GET, "/tenants/a%20b"), Found::Target(&3, vec!["a b".to_owned()]));
        assert_eq!(
            find(Method::DELETE, "/tenants/usages"),
            Found::Target(&4, vec!["usages".to_owned()])
        );
    }

    #[test]
    fn a_known_path_says_which_methods_it_takes() {
        let found = find(&ROUTES, &Method::POST, "/tenants/1");
        assert_eq!(found, Found::OtherMethods("GET, DELETE".to_owned()));
        for nothing in ["/", "/tenants/", "/tenants/1/2", "/tenants/%ff", "tenants"] {
            assert_eq!(find(&ROUTES, &Method::GET, nothing), Found::Nothing, "{nothing}");
        }
    }
}
