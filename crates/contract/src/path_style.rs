//! Field paths as vendors write them, as JSON Pointers: `dmrLink[2]` is `/dmrLink/2`.

use crate::json::Pointer;

/// The pointer for `path`, which is names with `.` between them and numbers in `[]`; a path that is
/// a pointer already stays one. `None` where the path is empty or its brackets do not match.
pub fn to_pointer(path: &str) -> Option<Pointer> {
    if path.is_empty() {
        return None;
    }
    if path.starts_with('/') {
        return Pointer::parse(path).ok();
    }
    let mut pointer = Pointer::root();
    for part in path.split('.') {
        let (name, numbers) = match part.split_once('[') {
            Some((name, numbers)) => (name, Some(numbers)),
            None => (part, None),
        };
        if !name.is_empty() {
            pointer.push(name);
        }
        if let Some(numbers) = numbers {
            pointer = indices(pointer, numbers)?;
        }
    }
    Some(pointer)
}

/// `2][3]`, what is left behind the first bracket.
fn indices(mut pointer: Pointer, numbers: &str) -> Option<Pointer> {
    for number in numbers.strip_suffix(']')?.split("][") {
        let digits = !number.is_empty() && number.chars().all(|c| c.is_ascii_digit());
        if !digits {
            return None;
        }
        pointer.push(number);
    }
    Some(pointer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendors_paths_become_pointers() {
        let table = [
            ("name", "/name"),
            ("dmrLink[2]", "/dmrLink/2"),
            ("a[0][1].b", "/a/0/1/b"),
            ("conditions.salePriceFrom", "/conditions/salePriceFrom"),
            ("/already/one", "/already/one"),
            ("a/b.c~d", "/a~1b/c~0d"),
        ];
        for (path, pointer) in table {
            assert_eq!(to_pointer(path).map(|p| p.to_string()).as_deref(), Some(pointer), "{path}");
        }
    }

    #[test]
    fn what_is_not_a_path_gives_none() {
        for path in ["", "a[", "a[x]", "a[1", "a[]"] {
            assert_eq!(to_pointer(path), None, "{path}");
        }
    }
}
