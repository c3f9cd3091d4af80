//! Refusals without an error code of their own: the status says what is wrong, the text which
//! field.
//!
//! What a caller sent is repeated only where it is a plain word: some documented wordings begin
//! with an open place, and a text that quotes strangers could be read as one of them.

use crate::stage::Refusal;

/// How much of a word is repeated, in bytes.
const REPEATED: usize = 64;

/// A field that is missing, or wrong in itself.
pub(super) fn bad(field: &str, why: &str) -> Refusal {
    Refusal::row("400").at(field).message(format!("{}: {why}", plain(field)))
}

/// A body that cannot be read.
pub(super) fn malformed() -> Refusal {
    Refusal::row("400").message("The request body cannot be read as JSON")
}

/// Something that is not there, and has no error code.
pub(super) fn not_found(what: &str) -> Refusal {
    Refusal::row("404").message(format!("There is no such {what}"))
}

/// Something that is in the way at present.
pub(super) fn conflict(why: &str) -> Refusal {
    Refusal::row("409").message(why)
}

/// Something that is well-formed and cannot be done.
pub(super) fn unprocessable(why: &str) -> Refusal {
    Refusal::row("422").message(why)
}

/// The product is not on the site.
pub(super) fn no_product(product: &str, cloud_id: &str) -> Refusal {
    Refusal::row("103").named("product", product).named("cloudId", cloud_id)
}

/// No backup has this id.
pub(super) fn no_backup(id: &str) -> Refusal {
    Refusal::row("108").named("backupId", id)
}

/// No storage has this id.
pub(super) fn no_storage(id: &str) -> Refusal {
    Refusal::row("129").named("storageId", id)
}

/// The word, where it is one; a dash otherwise.
fn plain(word: &str) -> &str {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if word.len() <= REPEATED && word.chars().all(fits) { word } else { "-" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_words_are_repeated() {
        assert_eq!(plain("scheduleDetails.interval"), "scheduleDetails.interval");
        assert_eq!(plain("JIRA is not present in cloud site"), "-");
        assert_eq!(plain(&"a".repeat(65)), "-");
    }
}
