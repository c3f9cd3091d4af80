//! What is not YAML, in words: what stands there, and what to do.
//!
//! The parser says what kind of mistake it met; the words are chosen here, once for every kind.

use super::yaml::MAX_DEPTH;
use granit_parser::ErrorKind;

/// A mistake in the notation, for people.
pub(super) struct Words {
    pub(super) title: String,
    pub(super) label: &'static str,
    pub(super) help: &'static str,
}

const QUOTE: &str = "put a text with `: `, ` #` or a bracket at its start in quotes: \"…\"";
const BRACKETS: &str = "every `{` needs its `}` and every `[` its `]`, with commas between";
const INDENT: &str = "members of one mapping, and items of one list, start in the same column";
const ESCAPE: &str =
    "in double quotes write `\\\\` for a backslash, or use single quotes, which know no escapes";

/// The words for `kind`, which was met behind `before` in its line.
#[expect(clippy::wildcard_enum_match_arm, reason = "the parser may learn of more mistakes")]
pub(super) fn words(kind: &ErrorKind, before: &str) -> Words {
    use ErrorKind as E;
    match kind {
        E::RecursionLimitExceeded => {
            say(format!("nested deeper than {MAX_DEPTH} levels"), "here", "write it flatter")
        }
        E::UnknownAnchor | E::MissingAnchorOrAliasName | E::AnchorCountOverflow => {
            say("anchors and aliases are not supported", "this is one", "write the value out")
        }
        E::TabNotAllowed
        | E::TabInBlockIndentation
        | E::TabInIndentation
        | E::TabAtBlockScalarStart
        | E::TabInPlainScalar => {
            say("a tab where only spaces may stand", "this is a tab", "indent with spaces")
        }
        E::InvalidIndentation
        | E::ExpectedBlockSequenceEntry
        | E::BlockSequenceEntryNotAllowed
        | E::UnexpectedEofBlockMapping
        | E::UnexpectedEofBlockSequence => indentation(),
        // A mapping cannot go on at the start of a line, or a text went on into the next one.
        E::ExpectedBlockMappingKey if before.trim().is_empty() => indentation(),
        E::MappingValueNotAllowed if !before.contains(": ") => indentation(),
        E::ExpectedBlockMappingKey if before.trim_end().ends_with(['}', ']']) => {
            say("text behind a closing bracket", "here", QUOTE)
        }
        E::ExpectedBlockMappingKey => say("a key is needed here", "here", QUOTE),
        E::MappingValueNotAllowed
        | E::MappingKeyNotAllowed
        | E::InvalidColonPlacement
        | E::InvalidMappingValueWhitespace => {
            say("a `:` where no key can be", "this makes a key of what stands before it", QUOTE)
        }
        E::SimpleKeyExpected | E::InvalidSimpleKey => {
            say("a key without its `:`", "what is this?", "write `key: value`")
        }
        E::UnclosedFlowCollection { .. }
        | E::MismatchedFlowCollectionEnd { .. }
        | E::MisplacedFlowCollectionEnd
        | E::ExpectedFlowMappingSeparator
        | E::ExpectedFlowSequenceSeparator
        | E::UnexpectedEofFlowMapping
        | E::UnexpectedEofFlowSequence
        | E::UnexpectedEofImplicitFlowMapping
        | E::BlockEntryInFlowCollection
        | E::InvalidFlowScalarIndent => {
            say("the brackets do not match", "this bracket, or one inside it", BRACKETS)
        }
        E::UnclosedQuotedScalar | E::InvalidQuotedScalarIndent => {
            say("a quote is opened and not closed", "still inside the quotes", "close it")
        }
        E::InvalidTrailingSingleQuotedScalar | E::InvalidTrailingDoubleQuotedScalar => {
            say("text behind a closing quote", "here", "put all of it into the quotes")
        }
        E::UnknownQuotedScalarEscape
        | E::InvalidQuotedScalarHexEscape
        | E::InvalidUnicodeEscape => say("there is no such escape", "in this text", ESCAPE),
        E::ExpectedTagBang | E::UndeclaredTagHandle | E::MissingTagUri => {
            say("tags are not supported", "this is one", "write the value out")
        }
        E::UnexpectedCharacter { character } => {
            let shown = character.escape_debug();
            say(format!("`{shown}` cannot start a value"), "here", QUOTE)
        }
        E::CommentInterceptedScalar | E::CommentNotSeparated => {
            say("a comment in the middle of a text", "here", QUOTE)
        }
        _ => say("this is not YAML", "here", QUOTE),
    }
}

fn indentation() -> Words {
    say("the indentation does not fit", "this belongs to nothing before it", INDENT)
}

fn say(title: impl Into<String>, label: &'static str, help: &'static str) -> Words {
    Words { title: title.into(), label, help }
}
