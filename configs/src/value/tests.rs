use super::*;

#[test]
fn ratios_are_read_exactly() {
    let cases: &[(&str, Option<(u64, u64)>)] = &[
        ("0.67", Some((67, 100))),
        ("0.670", Some((67, 100))),
        ("1", Some((1, 1))),
        ("1.0", Some((1, 1))),
        ("2/3", Some((2, 3))),
        (" 3 / 4 ", Some((3, 4))),
        ("0.666666667", Some((666_666_667, 1_000_000_000))),
        ("0.6666666667", None),
        ("1/0", None),
        ("-1", None),
        ("1e-1", None),
        (".7", None),
        ("0.", Some((0, 1))),
        ("", None),
        ("99999999999999999999/1", None),
        ("x", None),
    ];
    for (text, expected) in cases {
        let found = Ratio::parse(text).map(|ratio| (ratio.numerator, ratio.denominator));
        assert_eq!(found, *expected, "{text:?}");
    }
}

#[test]
fn two_thirds_is_not_more_than_two_thirds() {
    let cases = [("2/3", false), ("0.666666666", false), ("0.666666667", true), ("0.67", true)];
    for (text, expected) in cases {
        let ratio = Ratio::parse(text).expect("it is a ratio");
        assert_eq!(ratio.is_more_than_two_thirds(), expected, "{text}");
    }
}

#[test]
fn shown_values_hide_secrets() {
    let dictionary = serde_json::json!({"c": {"private_password": "xyz", "private_path": "/k"}});
    let cases = [
        (Value::Null, ""),
        (Value::Number(30.0), "30"),
        (Value::Number(0.5), "0.5"),
        (Value::Flag(true), "true"),
        (Value::Ratio(Ratio { numerator: 67, denominator: 100 }), "0.67"),
        (Value::Secret(Secret::new("xyz".to_owned())), "***"),
        (Value::Secret(Secret::new(String::new())), ""),
        (Value::Dictionary(dictionary), r#"{"c":{"private_password":"***","private_path":"/k"}}"#),
    ];
    for (value, expected) in cases {
        assert_eq!(value.to_string(), expected);
        assert!(!format!("{value:?}").contains("xyz"));
    }
}
