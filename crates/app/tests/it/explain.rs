//! `candor explain` and `candor contract` as a person sees them.

use crate::run::{candor, screen};

const MALFORMED: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"status\":\"error\",\
    \"error\":{\"field\":\"name\",\"type\":\"Malformed\",\"description\":\"Name is not syntactically correct\"}}";

#[test]
fn an_error_inside_a_200_is_seen() {
    insta::assert_snapshot!(screen(&["explain", "-"], MALFORMED));
}

#[test]
fn an_unknown_code_names_the_nearest() {
    insta::assert_snapshot!(screen(
        &["explain", "--contract", "acronis-platform", "--code", "1042"],
        ""
    ));
}

#[test]
fn a_text_finds_its_row() {
    let text = "Storage Details not found for storageId = 17";
    insta::assert_snapshot!(screen(&["explain", "--text", text], ""));
}

#[test]
fn a_status_alone_is_explained_under_a_contract() {
    insta::assert_snapshot!(screen(
        &["explain", "--contract", "acronis-callback", "--status", "429"],
        ""
    ));
}

#[test]
fn json_output_is_one_object_for_a_program() {
    let output = candor(&["explain", "-", "--format", "json"], MALFORMED);
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["verdict"]["row"], "field.malformed");
    assert_eq!(value["sure"], "certain");
}

#[test]
fn what_is_no_answer_is_a_clear_error() {
    insta::assert_snapshot!(screen(&["explain", "-"], "hello\n"));
    insta::assert_snapshot!(screen(&["explain", "no-such-file.txt"], ""));
    insta::assert_snapshot!(screen(&["explain"], ""));
    insta::assert_snapshot!(screen(&["explain", "--contract", "open2c", "--code", "1"], ""));
}

#[test]
fn contracts_are_listed_and_shown() {
    insta::assert_snapshot!(screen(&["contract", "list"], ""));
    insta::assert_snapshot!(screen(&["contract", "show", "acronis-callback"], ""));
}

#[test]
fn a_contract_file_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.yaml");
    std::fs::write(
        &path,
        "contract: mine\nversion: 1\ntitle: Mine\nrows:\n  - { id: a, clas: gone }\n",
    )
    .unwrap();
    let text = screen(&["contract", "check", path.to_str().unwrap()], "");
    insta::assert_snapshot!(text.replace(&folder.path().display().to_string(), "…"));
}

#[test]
fn what_is_looked_up_is_a_list_for_a_program() {
    for arguments in [&["--contract", "open2b", "--status", "404"][..], &["--status", "404"]] {
        let output = candor(&[&["explain", "--format", "json"], arguments].concat(), "");
        let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(value.is_array(), "{arguments:?}");
    }
}

#[test]
fn an_answer_cannot_steer_the_terminal() {
    let answer = "HTTP/1.1 500 \u{1b}[31mOops\r\n\r\n";
    for stdin in [answer, "\u{1b}[31mOops"] {
        let screen = screen(&["explain", "-"], stdin);
        assert!(screen.contains("Oops") && !screen.contains('\u{1b}'), "{screen}");
    }
}

#[test]
fn a_file_and_a_code_are_two_questions() {
    let output = candor(&["explain", "-", "--status", "404"], MALFORMED);
    assert_eq!(output.status.code(), Some(2));
}
