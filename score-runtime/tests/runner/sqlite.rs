use serde_json::{Value, json};
use wire::runner::Answer;

use crate::driver::{Runner, block, check_blocks, load, receipt, storage};

#[test]
fn transactions_of_the_contract_lie_within_the_runners() {
    let storage = storage();
    let fine = receipt(0, "");
    let line = |text: &str| receipt(9000, text);
    let mut runner = check_blocks(
        "sqlite",
        storage.path(),
        &[
            &[
                (r#"{"method": "add", "note": "one"}"#, fine.clone()),
                (r#"{"method": "add", "note": "two"}"#, fine.clone()),
                (r#"{"method": "add_without_commit", "note": "three"}"#, fine.clone()),
                (r#"{"method": "add_and_roll_back", "note": "four"}"#, fine.clone()),
                (
                    r#"{"method": "add_and_raise", "note": "five"}"#,
                    line("RuntimeError: after commit"),
                ),
                (r#"{"method": "with_block", "note": "six"}"#, fine.clone()),
                (
                    r#"{"method": "add", "note": "one"}"#,
                    line("IntegrityError: UNIQUE constraint failed: notes.note"),
                ),
            ],
            &[
                (r#"{"method": "script"}"#, fine.clone()),
                (r#"{"method": "attach"}"#, line("DatabaseError: not authorized")),
                (r#"{"method": "private"}"#, line("DatabaseError: not authorized")),
                (
                    r#"{"method": "open_file"}"#,
                    line(
                        "NotAllowed: a SCORE may not open files as databases; use \
                         ScoreHelper().load_database(name)",
                    ),
                ),
                (r#"{"method": "late_database"}"#, fine.clone()),
            ],
        ],
    );
    let at = "2020-09-13 12:26:41";
    let later = "2020-09-13 12:26:42";
    let expected = json!([
        [2, "two", at],
        [3, "three", at],
        [4, "four kept", at],
        [5, "six second", at],
        [6, "a;b", later]
    ]);
    let notes: Value = serde_json::from_str(&runner.returned("")).unwrap();
    assert_eq!(notes, expected);
    let Answer::Raised(reason) = runner.query("write") else { panic!("a query wrote") };
    assert!(reason.contains("attempt to write a readonly database"), "{reason}");
    assert_eq!(runner.returned("later"), "[[1]]");
    assert_eq!(runner.hang_up(), 0);
    let (mut runner, loaded) = Runner::loaded(&load("sqlite", storage.path()));
    assert_eq!(loaded.height, 2);
    assert_eq!(serde_json::from_str::<Value>(&runner.returned("")).unwrap(), expected);
    assert_eq!(runner.returned("later"), "[[1]]");
    let executed = runner.execute(block(3, &[r#"{"method": "add", "note": "after"}"#]));
    assert_eq!(executed.receipts, [fine]);
}

#[test]
fn sql_has_no_clock_and_no_chance_of_its_own() {
    let run = || {
        let storage = storage();
        let (mut runner, _) = Runner::loaded(&load("sqlite", storage.path()));
        let texts = [r#"{"method": "chance"}"#, r#"{"method": "chance"}"#];
        let executed = runner.execute(block(1, &texts));
        assert_eq!(executed.receipts, [receipt(0, ""), receipt(0, "")]);
        (executed.state_hash, runner.returned(""))
    };
    let (first, second) = (run(), run());
    assert_eq!(first, second);
    let rows: Vec<(i64, String, String)> = serde_json::from_str(&first.1).unwrap();
    assert_ne!(rows[0].1, rows[1].1);
    assert_eq!(rows[0].2, "2020-09-13 12:26:41");
}

#[test]
fn the_state_hash_covers_sql() {
    let hash = |note: &str| {
        let storage = storage();
        let (mut runner, _) = Runner::loaded(&load("sqlite", storage.path()));
        let text = json!({"method": "add", "note": note}).to_string();
        runner.execute(block(1, &[text])).state_hash
    };
    assert_ne!(hash("a"), hash("b"));
    assert_eq!(hash("a"), hash("a"));
}
