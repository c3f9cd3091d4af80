//! Logins: what they may look like, and that each one is used once in the platform.

use crate::platform::desk::Desk;
use crate::platform::errors;
use crate::stage::{Refusal, Reply};
use http::StatusCode;

/// Whether a login can be had.
///
/// # Errors
/// 400: none is named. 1033: it cannot.
pub(in super::super) fn check(desk: &mut Desk<'_>, _: &[String]) -> Result<Reply, Refusal> {
    desk.caller()?;
    let login = desk.call.query("username");
    let login =
        login.ok_or_else(|| errors::http(400).info("`username` is missing in the query."))?;
    free(desk, &login, "")?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

/// Whether the user `id` can have this login.
///
/// # Errors
/// 1033: it has characters that a login has not, or somebody has it.
pub(super) fn free(desk: &Desk<'_>, login: &str, id: &str) -> Result<(), Refusal> {
    if !is_login(login) {
        let info = "A login has 3 to 64 letters, digits and `.`, `-`, `_`, `+`, `@`, and begins \
                    with a letter or a digit.";
        return Err(errors::code("1033").info(info));
    }
    if desk.tenancy().login_taken(login, id) {
        return Err(errors::code("1033").info("Another user has this login."));
    }
    Ok(())
}

/// The documents only say that there is a rule; this is a usual one.
fn is_login(text: &str) -> bool {
    let known = |c: char| c.is_alphanumeric() || ".-_+@".contains(c);
    (3..=64).contains(&text.chars().count())
        && text.chars().all(known)
        && text.starts_with(char::is_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_a_plain_word() {
        for login in ["ann", "a.b-c_d+e@f.example", "zoë", "007"] {
            assert!(is_login(login), "{login}");
        }
        for login in ["", "ab", ".ann", "an n", "ann\n", "a/b", &"a".repeat(65)] {
            assert!(!is_login(login), "{login}");
        }
    }
}
