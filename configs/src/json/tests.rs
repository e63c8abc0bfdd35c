use std::path::Path;

use super::*;

fn member(text: &str, name: &str) -> Member {
    let members = parse_object(text, Path::new("f.json")).expect("it parses");
    members.into_iter().find(|member| member.name == name).expect("the member is there")
}

#[test]
fn comments_trailing_commas_and_lines() {
    let text = "\u{feff}{ // one\n /* two\n */ \"A\": [1,\n 2.50,],\n\"B\": {\"C\": null,},\r\n}\n";
    let list = member(text, "A");
    assert_eq!(list.line, 3);
    let two = Node { line: 4, json: Json::Number("2.50".to_owned()) };
    let one = Node { line: 3, json: Json::Number("1".to_owned()) };
    assert_eq!(list.node.json, Json::Array(vec![one, two]));
    assert_eq!(member(text, "B").line, 5);
}

/// What is broken, on which line, and what the message says of it.
const BROKEN: &[(&str, usize, &str)] = &[
    ("", 1, "the file is empty"),
    ("// nothing", 1, "the file is empty"),
    ("[]", 1, "found a list"),
    ("\n7", 2, "found the number 7"),
    ("{\n\"A\": 1\n\"B\": 2}", 2, "comma"),
    ("{\n\"A\" 1}", 2, "colon"),
    ("{\n\n\"A\": }", 3, "Unexpected"),
    ("{\"A\": 1", 1, "Unterminated object"),
    ("{\"A\": [1", 1, "Unterminated array"),
    ("{\n/* never closed", 2, "Unterminated comment block"),
    ("{\n\"A\": \"open}", 2, "nterminated string"),
    ("{A: 1}", 1, "Expected string"),
    ("{'A': 1}", 1, "Single-quoted"),
    ("{\"A\": 0x1f}", 1, "Hexadecimal"),
    ("{\"A\": NaN}", 1, "Unexpected token"),
    ("{\"A\": 1} {\"B\": 2}", 1, "more than one JSON value"),
];

#[test]
fn broken_text_is_refused_with_its_line() {
    for (text, line, said) in BROKEN {
        match parse_object(text, Path::new("f.json")) {
            Err(ConfigError::Broken { line: found, reason, .. }) => {
                assert_eq!(found, *line, "{text:?}: {reason}");
                let alike = reason.to_lowercase().contains(&said.to_lowercase());
                assert!(alike, "{text:?}: {reason}");
            }
            other => panic!("{text:?}: {other:?}"),
        }
    }
}

#[test]
fn deep_nesting_is_an_error_and_no_overflow() {
    let text = "[".repeat(100_000);
    assert!(parse(&text).is_err());
}

#[test]
fn long_texts_are_cut_in_messages() {
    assert_eq!(quoted("short"), "\"short\"");
    assert!(quoted(&"x".repeat(1000)).len() < 90);
}

/// A device says that it holds 0 bytes, and never ends.
#[test]
fn a_device_ends_early() {
    let error = read_object(Path::new("/dev/zero")).expect_err("it is no configuration");
    assert!(error.to_string().contains("it holds more than 4194304 bytes"), "{error}");
}
