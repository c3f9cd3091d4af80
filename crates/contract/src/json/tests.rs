use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn parse(text: &str) -> Document<'_> {
    Document::parse(text.as_bytes()).unwrap()
}

fn refused(bytes: &[u8]) -> JsonError {
    Document::parse(bytes).unwrap_err()
}

fn nested(levels: usize) -> String {
    "[".repeat(levels) + &"]".repeat(levels)
}

fn at(document: &Document<'_>, pointer: &str) -> Option<Value> {
    document.pointer(&Pointer::parse(pointer).unwrap()).map(Node::to_value)
}

/// An object with `width` members, whose values are their numbers.
fn wide(width: usize) -> String {
    let members: Vec<String> = (0..width).map(|at| format!("\"m{at}\":{at}")).collect();
    format!("{{{}}}", members.join(","))
}

// === Reading ===

#[test]
fn an_entry_takes_24_bytes() {
    assert_eq!(size_of::<Entry<'_>>(), 24);
}

#[test]
fn text_without_escapes_is_borrowed() {
    let text = r#"{"plain": "plain", "esc\u0061ped": "tab\t"}"#;
    let document = parse(text);
    let borrowed = |entry: &Entry<'_>| {
        if let Entry::Text(text) = entry { Some(matches!(text, Cow::Borrowed(_))) } else { None }
    };
    let texts: Vec<bool> = document.entries.iter().filter_map(borrowed).collect();
    assert_eq!(texts, [true, true, false, false]);
}

#[test]
fn keeps_order_and_steps_over_what_is_below() {
    let document = parse(r#"{"z": [1, [2, {"q": 3}], 4], "a": {}, "m": null}"#);
    let names: Vec<&str> = document.root().members().map(|(name, _)| name).collect();
    assert_eq!(names, ["z", "a", "m"]);
    let lengths: Vec<usize> = document.root().members().map(|(_, value)| value.len()).collect();
    assert_eq!(lengths, [3, 0, 0]);
    let z = document.root().get("z").unwrap();
    assert_eq!(z.elements().nth(2).unwrap().to_value(), json!(4));
}

#[test]
fn kinds_answer_only_for_themselves() {
    let document = parse(r#"[null, true, 1.5, "x", [0], {"k": 0}]"#);
    let kinds: Vec<&str> = document.root().elements().map(|node| node.kind().name()).collect();
    assert_eq!(kinds, ["null", "boolean", "number", "string", "array", "object"]);
    for node in document.root().elements() {
        assert_eq!(node.is_null(), node.kind() == Kind::Null);
        assert_eq!(node.as_bool().is_some(), node.kind() == Kind::Bool);
        assert_eq!(node.as_number().is_some(), node.kind() == Kind::Number);
        assert_eq!(node.as_str().is_some(), node.kind() == Kind::String);
        assert_eq!(node.elements().count() == 1, node.kind() == Kind::Array);
        assert_eq!(node.members().count() == 1, node.kind() == Kind::Object);
        assert_eq!(node.get("k").is_some(), node.kind() == Kind::Object);
    }
}

#[test]
fn scalars_have_a_text() {
    let document = parse(r#"["a\"b", 7, -7, 1.50, 1e3, -0, true, false, null, [], {}]"#);
    let texts: Vec<_> = document.root().elements().map(Node::scalar_text).collect();
    let texts: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
    let (word, none) = (Some, None);
    assert_eq!(
        texts,
        [
            word("a\"b"),
            word("7"),
            word("-7"),
            word("1.5"),
            word("1000.0"),
            word("-0.0"),
            word("true"),
            word("false"),
            none,
            none,
            none
        ]
    );
}

#[test]
fn numbers_keep_what_64_bits_can_hold() {
    let document = parse("[18446744073709551615, -9223372036854775808, 18446744073709551616]");
    let numbers: Vec<_> = document.root().elements().filter_map(Node::as_number).collect();
    assert_eq!(numbers[0].as_u64(), Some(u64::MAX));
    assert_eq!(numbers[1].as_i64(), Some(i64::MIN));
    assert_eq!(numbers[2].as_f64(), Some(18_446_744_073_709_551_616.0));
}

#[test]
fn a_number_beyond_all_ranges_is_refused() {
    assert!(matches!(refused(b"1e999").kind, JsonErrorKind::Syntax { .. }));
}

#[test]
fn a_pair_of_surrogates_is_one_character() {
    assert_eq!(parse(r#""\ud83e\udd80""#).root().as_str(), Some("🦀"));
}

#[test]
fn lone_surrogates_are_refused() {
    for text in [r#""\ud83e""#, r#""\udd80""#, r#""\udd80\ud83e""#, r#"{"\ud83e": 1}"#] {
        assert!(matches!(refused(text.as_bytes()).kind, JsonErrorKind::Syntax { .. }), "{text}");
    }
}

#[test]
fn debug_output_holds_no_values() {
    let document = parse(r#"{"password": "hunter2"}"#);
    let shown = format!("{document:?} {:?} {:?}", document.root(), document.root().members());
    assert!(!shown.contains("hunter2") && !shown.contains("password"), "{shown}");
}

// === Refusals ===

#[test]
fn says_where_and_what() {
    let cases: [(&str, &str); 9] = [
        ("", "line 1, column 1: not valid JSON: the text ends before its value is complete"),
        (" \n ", "line 2, column 1: not valid JSON: the text ends before its value is complete"),
        (
            "{\"a\": [1, 2",
            "line 1, column 11: not valid JSON: the text ends before its value is complete",
        ),
        ("{\"a\": 1\n \"b\": 2}", "line 2, column 2: not valid JSON: expected `,` or `}`"),
        ("[1,]", "line 1, column 4: not valid JSON: trailing comma"),
        ("{} {}", "line 1, column 4: not valid JSON: trailing characters"),
        ("nul", "line 1, column 3: not valid JSON: the text ends before its value is complete"),
        (
            "{\"a\": 1, \"a\": 2}",
            "line 1, column 12: the member `a` occurs twice; each name must occur once",
        ),
        (
            "\u{feff}{}",
            "line 1, column 1: not valid JSON: it starts with a byte order mark, which JSON must not have",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(refused(text.as_bytes()).to_string(), message, "{text:?}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_refused_where_they_are() {
    let error = refused(b"{\n  \"a\": \"\xff\"}");
    assert_eq!((error.line, error.column, error.kind), (2, 9, JsonErrorKind::NotUtf8));
    assert_eq!(refused(b"\xfe\xff").kind, JsonErrorKind::NotUtf8);
    assert_eq!(refused(b"\"\xc3").kind, JsonErrorKind::NotUtf8);
    assert_eq!(refused(b"\"\xed\xa0\x80\"").kind, JsonErrorKind::NotUtf8, "an encoded surrogate");
}

#[test]
fn names_must_differ_however_they_are_spelled() {
    for (text, name) in [
        (r#"{"a": 1, "a": 1}"#, "a"),
        (r#"{"a": 1, "\u0061": 2}"#, "a"),
        (r#"{"\u0061": 1, "b": {"c": []}, "a": 2}"#, "a"),
        (r#"[{"x": [0, {"y": {"z": 1, "z": 2}}]}]"#, "z"),
        (r#"{"": 1, "": 2}"#, ""),
    ] {
        assert_eq!(
            refused(text.as_bytes()).kind,
            JsonErrorKind::DuplicateKey(name.into()),
            "{text}"
        );
    }
    parse(r#"{"a": {"a": {"a": 1}}, "A": 1, "b": [{"a": 1}, {"a": 2}]}"#);
}

#[test]
fn names_must_differ_in_objects_of_any_width() {
    for width in [1, INDEXED_FROM - 1, INDEXED_FROM, INDEXED_FROM + 1, 5000] {
        for twice in [0, width / 2, width - 1] {
            let text = wide(width).replace('}', &format!(",\"m{twice}\":[]}}"));
            let kind = JsonErrorKind::DuplicateKey(format!("m{twice}"));
            assert_eq!(refused(text.as_bytes()).kind, kind, "{width} wide, {twice} twice");
        }
    }
}

#[test]
fn a_long_or_odd_name_is_cut_and_escaped_in_messages() {
    let name = "\n".repeat(500);
    let message = JsonErrorKind::DuplicateKey(name).to_string();
    assert!(message.len() < 250 && message.contains('…') && !message.contains('\n'), "{message}");
}

#[test]
fn depth_is_limited_by_type() {
    parse(&nested(MAX_DEPTH));
    for levels in [MAX_DEPTH + 1, MAX_DEPTH + 2, 129, 100_000] {
        assert_eq!(refused(nested(levels).as_bytes()).kind, JsonErrorKind::TooDeep, "{levels}");
    }
    let objects = "{\"a\":".repeat(100_000);
    assert_eq!(refused(objects.as_bytes()).kind, JsonErrorKind::TooDeep);
}

#[test]
fn breadth_is_limited() {
    let zeros = |count: usize| format!("[{}0]", "0,".repeat(count - 1));
    assert_eq!(parse(&zeros(MAX_NODES - 1)).root().len(), MAX_NODES - 1);
    assert_eq!(refused(zeros(MAX_NODES).as_bytes()).kind, JsonErrorKind::TooManyNodes);
}

// === Looking up ===

#[test]
fn wide_objects_find_all_their_members() {
    for width in [INDEXED_FROM - 1, INDEXED_FROM, INDEXED_FROM + 1, 1000] {
        let text = wide(width);
        let document = parse(&text);
        for at in 0..width {
            let found = document.root().get(&format!("m{at}")).and_then(Node::as_number);
            assert_eq!(found.and_then(serde_json::Number::as_u64), Some(at as u64));
        }
        assert!(document.root().get("absent").is_none());
    }
}

#[test]
fn an_index_survives_values_of_any_size() {
    let members: Vec<String> =
        (0..100).map(|at| format!("\"m{at}\":[{at},{{\"x\":[]}}]")).collect();
    let text = format!("[{{{}}}]", members.join(","));
    let document = parse(&text);
    for index in 0..100 {
        assert_eq!(at(&document, &format!("/0/m{index}/0")), Some(json!(index)));
    }
}

/// The examples of RFC 6901, section 5.
#[test]
fn pointers_lead_where_the_rfc_says() {
    let text = r#"{"foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4,
                   "i\\j": 5, "k\"l": 6, " ": 7, "m~n": 8}"#;
    let document = parse(text);
    assert_eq!(at(&document, ""), Some(serde_json::from_str(text).unwrap()));
    for (pointer, value) in [
        ("/foo", json!(["bar", "baz"])),
        ("/foo/0", json!("bar")),
        ("/", json!(0)),
        ("/a~1b", json!(1)),
        ("/c%d", json!(2)),
        ("/e^f", json!(3)),
        ("/g|h", json!(4)),
        ("/i\\j", json!(5)),
        ("/k\"l", json!(6)),
        ("/ ", json!(7)),
        ("/m~0n", json!(8)),
    ] {
        assert_eq!(at(&document, pointer), Some(value), "{pointer}");
    }
}

#[test]
fn a_star_stands_for_some_element() {
    let text = br#"{"items":[{"id":1},{"id":2,"error":{"code":7}}],"*":"named","none":[]}"#;
    let document = Document::parse(text).unwrap();
    let some = |pattern: &str, test: fn(Node<'_, '_>) -> bool| {
        document.some(&Pointer::parse(pattern).unwrap(), test)
    };
    assert!(some("/items/*/error", |node| node.kind() == Kind::Object));
    assert!(some("/items/*/id", |node| node.scalar_text().as_deref() == Some("2")));
    assert!(!some("/items/*/id", |node| node.kind() == Kind::Null));
    assert!(!some("/items/*/error/*", |_| true));
    assert!(!some("/none/*", |_| true));
    assert!(some("/*", |node| node.as_str() == Some("named")));
    assert!(some("", |node| node.kind() == Kind::Object));
}

#[test]
fn pointers_to_nothing_find_nothing() {
    let document = parse(r#"{"list": [1, 2], "text": "x", "~1": 1, "ключ": {"🦀": 2}}"#);
    for pointer in [
        "/absent",
        "/list/2",
        "/list/-",
        "/list/01",
        "/list/+1",
        "/list/",
        "/list/x",
        "/list/99999999999999999999",
        "/text/0",
        "/text/",
        "/list/0/0",
    ] {
        assert_eq!(at(&document, pointer), None, "{pointer}");
    }
    assert_eq!(at(&document, "/~01"), Some(json!(1)));
    assert_eq!(at(&document, "/ключ/🦀"), Some(json!(2)));
}

#[test]
fn texts_that_are_no_pointers_are_refused() {
    assert_eq!(Pointer::parse("a"), Err(PointerError::NoSlash));
    assert_eq!(Pointer::parse("#/a"), Err(PointerError::NoSlash));
    for text in ["/~", "/a~", "/~2", "/~~0", "/a/~x", "/~é"] {
        assert_eq!(Pointer::parse(text), Err(PointerError::BadEscape), "{text}");
    }
}

#[test]
fn pushed_tokens_are_escaped_in_the_text() {
    let mut pointer = Pointer::root();
    for token in ["a/b", "m~n", "~1", "", "0"] {
        pointer.push(token);
    }
    assert_eq!(pointer.to_string(), "/a~1b/m~0n/~01//0");
    assert_eq!(pointer.to_string().parse(), Ok(pointer));
}

// === Agreement with the reader ===

/// Any JSON value of moderate size, with few names, so that they meet.
fn values() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 60, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec(("[a-f~/\"é]{0,2}", inner), 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// All pointers of a value, by the other implementation's reckoning.
fn pointers(value: &Value, own: &Pointer, all: &mut Vec<Pointer>) {
    all.push(own.clone());
    let mut below = |token: String, value: &Value| {
        let mut pointer = own.clone();
        pointer.push(token);
        pointers(value, &pointer, all);
    };
    for (name, value) in value.as_object().into_iter().flatten() {
        below(name.clone(), value);
    }
    for (at, value) in value.as_array().into_iter().flatten().enumerate() {
        below(at.to_string(), value);
    }
}

proptest! {
    #[test]
    fn reads_what_serde_json_reads(value in values(), pretty: bool) {
        let write = if pretty { serde_json::to_string_pretty } else { serde_json::to_string };
        let text = write(&value).unwrap();
        prop_assert_eq!(parse(&text).root().to_value(), value);
    }

    #[test]
    fn finds_what_serde_json_finds(value in values()) {
        let text = value.to_string();
        let document = parse(&text);
        let mut all = Vec::new();
        pointers(&value, &Pointer::root(), &mut all);
        for pointer in all {
            let found = document.pointer(&pointer).map(Node::to_value);
            prop_assert_eq!(found.as_ref(), value.pointer(&pointer.to_string()));
        }
    }

    #[test]
    fn never_accepts_what_serde_json_refuses(text in "[\\[\\]{}\",:0-9a\\\\uetrl.\\- ]{0,24}") {
        match (Document::parse(text.as_bytes()), serde_json::from_str::<Value>(&text)) {
            (Ok(document), Ok(value)) => prop_assert_eq!(document.root().to_value(), value),
            (Err(JsonError { kind: JsonErrorKind::DuplicateKey(_), .. }), Ok(_)) | (Err(_), Err(_)) => {}
            (ours, theirs) => prop_assert!(false, "{:?} but {:?}", ours, theirs),
        }
    }

    #[test]
    fn any_bytes_are_answered(bytes: Vec<u8>) {
        if let Err(error) = Document::parse(&bytes) {
            prop_assert!(error.line >= 1 && error.column >= 1);
        }
    }

    #[test]
    fn pointers_survive_their_text(tokens in prop::collection::vec("[~/01aé🦀]{0,4}", 0..6)) {
        let mut pointer = Pointer::root();
        for token in tokens {
            pointer.push(token);
        }
        prop_assert_eq!(Pointer::parse(&pointer.to_string()), Ok(pointer));
    }
}

// === The two readers ===

/// What the careful reader makes of a text that the fast one took.
fn agreed(text: &str) -> bool {
    let Some(entries) = fast::entries(text) else { return false };
    let (fast, careful) = (Document { entries }, read::carefully(text).unwrap());
    assert_eq!(fast.root().to_value(), careful.root().to_value(), "{text}");
    assert_eq!(fast.entries.len(), careful.entries.len());
    true
}

#[test]
fn ordinary_bodies_are_read_in_one_pass() {
    let ordinary = [
        "{}",
        "[]",
        " [ ] ",
        "0",
        "-1.5e3",
        "18446744073709551615",
        "null",
        r#"{"a": [true, false, null, 1, "x"], "b": {"c": "d\n\u00e9\\"}}"#,
        r#""a text of more than eight bytes, with é and a quote: \" ""#,
    ];
    for text in ordinary {
        assert!(agreed(text), "{text}");
    }
    assert!(agreed(&wide(100)));
    assert!(agreed(&nested(MAX_DEPTH)));
    for text in ["", "[1,]", "{\"a\":1,\"a\":1}", "01", "tru", "\"\u{1}\"", "\"\\", "[1 2]", "{}x"]
    {
        assert!(!agreed(text), "{text}");
    }
    assert!(!agreed(&nested(MAX_DEPTH + 1)));
}

proptest! {
    #[test]
    fn the_fast_reader_takes_nothing_that_the_careful_one_refuses(
        pieces in proptest::collection::vec(
            proptest::sample::select(vec![
                "{", "}", "[", "]", ",", ":", "\"", "\"a\"", "\"bcdefghij\"", "\\", "\\u00e9", "\\\"",
                "é", "1", "0", "-", ".5", "e9", "123456789012345678", "true", "null", " ", "\n", "\u{1}",
            ]),
            0..12,
        )
    ) {
        agreed(&pieces.concat());
    }
}
