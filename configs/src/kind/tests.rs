use std::path::PathBuf;

use super::*;

fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}

fn number_of(text: &str) -> Json {
    Json::Number(text.to_owned())
}

fn accept(kind: Kind, given: &Json) -> Result<Value, Mismatch> {
    kind.accept(given, Path::new("/base"), false).map(|accepted| accepted.value)
}

#[test]
fn conversions() {
    const PORT: Kind = Kind::Integer { min: 1, max: 65535 };
    const SECONDS: Kind = Kind::Number { min: 0.01, max: 100.0 };
    let word = |text: &str| Value::Text(text.to_owned());
    let cases = [
        (PORT, text("7500"), Value::Integer(7500)),
        (PORT, text(" 7500 "), Value::Integer(7500)),
        (PORT, number_of("7500.0"), Value::Integer(7500)),
        (SECONDS, number_of("0.5"), Value::Number(0.5)),
        (SECONDS, text("2"), Value::Number(2.0)),
        (Kind::Flag, text("True"), Value::Flag(true)),
        (Kind::Flag, text("0"), Value::Flag(false)),
        (Kind::Flag, number_of("1"), Value::Flag(true)),
        (Kind::Permission, Json::Bool(true), word("allow")),
        (Kind::Permission, Json::Bool(false), word("deny")),
        (Kind::Permission, text("allow"), word("allow")),
        (Kind::Algorithm, text("LFT"), word("lft")),
        (Kind::Algorithm, text("siever"), word("lft")),
        (Kind::Algorithm, number_of("3"), word("lft")),
        (Kind::Text, Json::Null, word("")),
        (Kind::LogLevel, text("WARNING"), word("WARNING")),
        (Kind::Any, number_of("0.1"), word("0.1")),
        (Kind::Path, text("../a/./b"), Value::Path(PathBuf::from("/a/b"))),
        (Kind::Path, text("/x"), Value::Path(PathBuf::from("/x"))),
        (Kind::Path, text(""), Value::Path(PathBuf::new())),
        (Kind::Ratio, text("3/4"), Value::Ratio(Ratio { numerator: 3, denominator: 4 })),
    ];
    for (kind, given, expected) in cases {
        assert_eq!(accept(kind, &given), Ok(expected), "{kind:?} {given:?}");
    }
}

#[test]
fn refusals() {
    const PORT: Kind = Kind::Integer { min: 1, max: 65535 };
    const SECONDS: Kind = Kind::Number { min: 0.01, max: 100.0 };
    let cases = [
        (PORT, text("port"), "the text \"port\"", "a whole number from 1 to 65535"),
        (PORT, text(""), "the text \"\"", "whole number"),
        (PORT, number_of("0"), "the number 0", "from 1"),
        (PORT, number_of("65536"), "the number 65536", "to 65535"),
        (PORT, number_of("7.5"), "the number 7.5", "whole number"),
        (PORT, Json::Bool(true), "true", "whole number"),
        (PORT, Json::Null, "null", "whole number"),
        (PORT, Json::Array(Vec::new()), "a list", "whole number"),
        (SECONDS, number_of("0"), "the number 0", "a number from 0.01 to 100"),
        (SECONDS, number_of("-1"), "the number -1", "from 0.01"),
        (SECONDS, text("inf"), "\"inf\"", "a number"),
        (SECONDS, text("NaN"), "\"NaN\"", "a number"),
        (SECONDS, number_of("1e999"), "1e999", "a number"),
        (Kind::Flag, text("yes"), "\"yes\"", "true or false"),
        (Kind::Flag, number_of("2"), "the number 2", "true or false"),
        (Kind::Text, number_of("7"), "the number 7", "a text"),
        (Kind::Path, Json::Bool(false), "false", "a path"),
        (Kind::Path, text("a\0b"), "a\\0b", "a path"),
        (Kind::Secret, number_of("123"), "a number", "a text"),
        (Kind::Host, text("a b"), "\"a b\"", "without a port"),
        (Kind::Host, text("a:1"), "\"a:1\"", "without a port"),
        (Kind::Host, text(""), "\"\"", "a host name"),
        (Kind::Address, text("localhost"), "\"localhost\"", "an IP address"),
        (Kind::ChannelName, text("a/b"), "\"a/b\"", "1 to 64 letters"),
        (Kind::ChannelName, text(".."), "\"..\"", "1 to 64 letters"),
        (Kind::ChannelName, text(".a"), "\".a\"", "not beginning with '.'"),
        (Kind::Package, text("default"), "\"default\"", "A/B"),
        (Kind::Package, text("../x"), "\"../x\"", "A/B"),
        (Kind::Package, text("a/b/c"), "\"a/b/c\"", "A/B"),
        (Kind::LogLevel, text("LOUD"), "\"LOUD\"", "DEBUG, INFO"),
        (Kind::Algorithm, text("raft"), "\"raft\"", "\"lft\""),
        (Kind::Algorithm, number_of("1"), "the number 1", "\"lft\""),
        (Kind::Permission, text("maybe"), "\"maybe\"", "\"allow\" or \"deny\""),
        (Kind::Ratio, number_of("0.65"), "the number 0.65", "more than 2/3"),
        (Kind::Ratio, text("2/3"), "\"2/3\"", "the chain can fork"),
        (Kind::Ratio, number_of("1.1"), "1.1", "at most 1"),
        (Kind::ChannelOptions, text("private_password"), "a text", "an object"),
        (Kind::ChannelOptions, number_of("1"), "a number", "an object"),
    ];
    for (kind, given, found, expected) in cases {
        let mismatch = accept(kind, &given).expect_err("it is wrong");
        assert!(mismatch.found.contains(found), "{kind:?}: {mismatch:?}");
        assert!(mismatch.expected.contains(expected), "{kind:?}: {mismatch:?}");
    }
}

#[test]
fn null_is_a_value_where_it_means_not_set() {
    let found = Kind::Host.accept(&Json::Null, Path::new(""), true).map(|one| one.value);
    assert_eq!(found, Ok(Value::Null));
}

#[test]
fn old_algorithms_come_with_a_notice() {
    for (given, notices) in [(text("lft"), 0), (text("siever"), 1), (number_of("2"), 1)] {
        let accepted = Kind::Algorithm.accept(&given, Path::new(""), false).expect("it is known");
        assert_eq!(accepted.notices.len(), notices, "{accepted:?}");
    }
}
