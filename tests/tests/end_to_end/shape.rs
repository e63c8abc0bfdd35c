//! Shapes of JSON answers: names in order, with the type of each.

use serde_json::Value;

/// Checks that `value` is an object with exactly these members in this order; types are "string",
/// "int", "bool", "list", "object" and "any".
pub fn check(what: &str, value: &Value, expected: &[(&str, &str)]) {
    let members = value.as_object().unwrap_or_else(|| panic!("{what} is no object: {value}"));
    let names: Vec<&str> = members.keys().map(String::as_str).collect();
    let expected_names: Vec<&str> = expected.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, expected_names, "members of {what}: {value}");
    for (name, kind) in expected {
        let found = &members[*name];
        assert!(*kind == "any" || *kind == kind_of(found), "{what}.{name} is no {kind}: {found}");
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// Whether it is 64 lower-case hex digits.
pub fn is_hash(value: &Value) -> bool {
    let digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    value.as_str().is_some_and(|text| text.len() == 64 && text.chars().all(digit))
}
