use serde_json::{Value, json};
use wire::runner::{Answer, Receipt};

use crate::driver::{Runner, block, check_blocks, load, receipt, storage};

const ODD_CODE: &str = "invoke returned the code '0'; a whole number is expected";

fn fine() -> Receipt {
    receipt(0, "")
}

#[test]
fn first_form_results() {
    let storage = storage();
    let mut runner = check_blocks(
        "first_form",
        storage.path(),
        &[
            &[
                (r#"{"method": "put", "params": {"a": "1", "c": "3"}}"#, fine()),
                (r#"{"method": "batch"}"#, fine()),
                (r#"{"method": "move", "params": {"from": "a", "to": "m"}}"#, receipt(0, "moved")),
                (r#"{"method": "refuse_after_write"}"#, receipt(77, "refused")),
                (r#"{"method": "raise_after_write"}"#, receipt(9000, "ValueError: no way")),
                (
                    r#"{"method": "no_code"}"#,
                    receipt(9000, "invoke returned a dict without 'code'"),
                ),
                (
                    r#"{"method": "odd_result"}"#,
                    receipt(9000, "invoke returned str; None or a dict is expected"),
                ),
                (r#"{"method": "odd_code"}"#, receipt(9000, ODD_CODE)),
                (
                    r#"{"method": "text_key"}"#,
                    receipt(9000, "TypeError: key must be bytes, not str"),
                ),
                (r#"{"method": "own_database"}"#, receipt(5, "refused")),
            ],
            &[
                (r#"{"method": "put", "params": {"z": "9", "c": "33"}}"#, fine()),
                (r#"{"method": "delete", "params": {"key": "b2"}}"#, fine()),
                (
                    "not json",
                    receipt(9000, "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
                ),
            ],
            &[],
        ],
    );
    for (request, expected) in [
        (
            json!({"method": "range"}),
            json!([["c", "33"], ["m", "1!"], ["start", "loaded"], ["z", "9"]]),
        ),
        (json!({"method": "range", "from": "d", "to": "m"}), json!([["m", "1!"]])),
        (
            json!({"method": "range", "reverse": true, "to": "start"}),
            json!([["start", "loaded"], ["m", "1!"], ["c", "33"]]),
        ),
        (json!({"method": "range", "from": "x", "to": "d"}), json!([])),
        (json!({"method": "get", "key": "m"}), json!("1!")),
    ] {
        let answer: Value = serde_json::from_str(&runner.returned(&request.to_string())).unwrap();
        assert_eq!(answer, expected, "{request}");
    }
    for (request, reason) in [
        (
            r#"{"method": "write"}"#,
            "RuntimeError: a query reads only: data is written by transactions, in invoke",
        ),
        (r#"{"method": "get", "key": "ghost"}"#, "KeyError: b'ghost'"),
        (r#"{"method": "number"}"#, "TypeError: query returned int; a JSON string is expected"),
    ] {
        match runner.query(request) {
            Answer::Raised(text) => assert!(text.starts_with(reason), "{text}"),
            other => panic!("{request}: {other:?}"),
        }
    }
}

#[test]
fn a_transaction_and_its_block_as_the_contract_sees_them() {
    let storage = storage();
    let (mut runner, _) = Runner::loaded(&load("first_form", storage.path()));
    let request = r#"{"method": "facts", "params": {"index": 0}}"#;
    let executed = runner.execute(block(1, &[request]));
    let found = &executed.receipts[0];
    assert_eq!(found.code, 1, "{found:?}");
    let facts: Value = serde_json::from_str(found.message.as_ref().unwrap()).unwrap();
    let expected = json!([
        1,
        "01",
        "00",
        1_600_000_001_000_000_u64,
        "maker-of-block",
        "channel1",
        1,
        "aa",
        "maker-of-transaction",
        "packages/first_form",
        "channel1",
        1_500_000_000_000_000_u64,
        "0102",
        "03",
        1_600_000_001_000_000_u64
    ]);
    assert_eq!(facts, expected);
}

#[test]
fn second_form_results() {
    let storage = storage();
    let mut runner = check_blocks(
        "second_form",
        storage.path(),
        &[
            &[(r#"{"accounts": {"alice": 100, "bob": 5}}"#, receipt(0, "1 of genesis"))],
            &[
                (r#"{"from": "alice", "to": "bob", "amount": 30}"#, fine()),
                (r#"{"from": "bob", "to": "carol", "amount": 36}"#, receipt(1, "not enough")),
                (r#"{"from": "bob", "to": "carol", "amount": 35}"#, fine()),
                (
                    r#"{"from": "nobody", "to": "carol", "amount": 2}"#,
                    receipt(9000, "KeyError: b'nobody'"),
                ),
                (
                    r#"{"from": "alice", "to": "carol", "amount": 0}"#,
                    receipt(9000, "KeyError: b'nobody'"),
                ),
                (
                    r#"{"from": "alice", "to": "carol", "amount": 1}"#,
                    receipt(9000, "TypeError: key must be bytes, not str"),
                ),
            ],
        ],
    );
    for (who, answer) in [
        ("alice", r#"{"balance": 70}"#),
        ("bob", r#"{"balance": 0}"#),
        ("carol", r#"{"balance": 35}"#),
        ("dave", r#"{"missing": "b'dave'"}"#),
    ] {
        assert_eq!(runner.returned(&json!({"of": who}).to_string()), answer);
    }
}

#[test]
fn packages_that_cannot_be_loaded() {
    for (package, expected) in [
        ("broken_syntax", "SyntaxError"),
        ("broken_import", "No module named 'no_such_module_anywhere'"),
        ("broken_class", "contract_score.py defines no class UserScore"),
        ("not_there", "the SCORE package packages/not_there was not found"),
        ("../packages/sqlite", "is not named like A/B"),
        ("..", "is not named like A/B"),
        ("", "is not named like A/B"),
    ] {
        let storage = storage();
        let (reason, code) = Runner::refused(&load(package, storage.path()));
        assert!(reason.contains(expected), "{package}: {reason}");
        assert_eq!(code, 3, "{package}");
    }
}

#[test]
fn the_end_of_the_socket_ends_the_runner() {
    let storage = storage();
    let (runner, loaded) = Runner::loaded(&load("first_form", storage.path()));
    assert_eq!((loaded.height, loaded.state_hash), (0, [0; 32]));
    assert_eq!(loaded.id, "packages/first_form");
    assert_eq!(loaded.versions, std::slice::from_ref(&loaded.version));
    assert_eq!(runner.hang_up(), 0);
    let (mut runner, _) = Runner::loaded(&load("first_form", storage.path()));
    runner.order(&wire::runner::Order::Stop);
    assert_eq!(runner.exit_code(), 0);
}

#[test]
fn an_exception_names_its_place_in_the_package() {
    let storage = storage();
    let (mut runner, _) = Runner::loaded(&load("second_form", storage.path()));
    let executed = runner.execute(block(1, &["{}"]));
    let text = "KeyError: 'accounts' (contract_score.py:17)";
    assert_eq!(executed.receipts, [receipt(9000, text)]);
    let transfer = r#"{"from": "nobody", "to": "carol", "amount": 2}"#;
    let executed = runner.execute(block(2, &[transfer]));
    assert_eq!(executed.receipts, [receipt(9000, "KeyError: b'nobody' (icx_wallet.py:12)")]);
}
