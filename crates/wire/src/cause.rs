//! Finding the cause of an error by its type, and telling it in the words of who saw it.
//!
//! Nothing here reads the text of an error to decide anything.

use std::error::Error;
use std::io;
use std::iter::successors;

/// The first error of type `T` among `error` and its causes.
pub(crate) fn find<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    chain(error).find_map(|cause| cause.downcast_ref())
}

/// The error and its causes in one line, for the operator.
pub(crate) fn words(error: &(dyn Error + 'static)) -> String {
    let mut said: Vec<String> = chain(error).map(ToString::to_string).collect();
    said.dedup();
    said.join(": ")
}

fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    successors(Some(error), |current| inner(*current))
}

/// The next cause. `io::Error::source` skips the error that it wraps, so that one is asked for.
fn inner<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the root")]
    struct Root;

    #[derive(Debug, thiserror::Error)]
    #[error("the top")]
    struct Top(#[source] io::Error);

    #[test]
    fn a_cause_inside_an_io_error_is_found() {
        let error = Top(io::Error::other(Root));
        assert!(find::<Root>(&error).is_some());
        assert!(find::<io::Error>(&error).is_some());
        assert!(find::<std::fmt::Error>(&error).is_none());
    }

    #[test]
    fn words_name_each_cause_once() {
        assert_eq!(words(&Top(io::Error::other(Root))), "the top: the root");
    }
}
