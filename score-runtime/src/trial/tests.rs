#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;

#[test]
fn an_answer_fits_what_is_expected_of_it() {
    for (expected, found, fitting) in [
        (json!({"a": 1}), json!({"a": 1, "b": 2}), true),
        (json!({"a": 1, "b": 2}), json!({"a": 1}), false),
        (json!({"a": {"b": []}}), json!({"a": {"b": [], "c": 0}}), true),
        (json!([1, {"a": 1}]), json!([1, {"a": 1, "b": 2}]), true),
        (json!([1]), json!([1, 2]), false),
        (json!([1, 2]), json!([2, 1]), false),
        (json!("1"), json!(1), false),
        (json!(null), json!(null), true),
    ] {
        assert_eq!(fits(&expected, &found), fitting, "{expected} {found}");
    }
}

#[test]
fn a_receipt_is_judged_by_code_and_message() {
    let receipt = Receipt { code: 3, message: Some("out of paper".to_owned()) };
    for (call, passes) in [
        (json!({"invoke": "x", "code": 3}), true),
        (json!({"invoke": "x", "code": 3, "message": "paper"}), true),
        (json!({"invoke": "x", "code": 3, "message": "ink"}), false),
        (json!({"invoke": "x"}), false),
        (json!({"invoke": "x", "code": null}), true),
    ] {
        let call: Call = serde_json::from_value(call).unwrap();
        assert_eq!(judge_receipt(&receipt, &call).is_ok(), passes);
    }
}

#[test]
fn empty_lines_end_blocks() {
    let texts = |blocks: &[&[&str]]| -> Vec<Vec<String>> {
        blocks.iter().map(|block| block.iter().map(|text| (*text).to_owned()).collect()).collect()
    };
    for (lines, blocks) in [
        ("", &[][..]),
        ("a\nb\n\nc\n", &[&["a", "b"][..], &["c"]]),
        ("\n\na\n\n\n  b\n", &[&["a"], &["  b"]]),
    ] {
        assert_eq!(blocks_of(lines), texts(blocks), "{lines:?}");
    }
}
