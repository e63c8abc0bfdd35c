use serde_json::{Value, json};
use wire::runner::Answer;

use crate::driver::{Runner, block, check_blocks, load, receipt, storage};

#[test]
fn chance_and_clocks_answer_alike_everywhere() {
    let run = |waste_a_restart: bool| {
        let storage = storage();
        let (mut runner, _) = Runner::loaded(&load("traps", storage.path()));
        let mut executed = vec![runner.execute(block(1, &["chance", "chance", "clocks"]))];
        if waste_a_restart {
            assert_eq!(runner.hang_up(), 0);
            (runner, _) = Runner::loaded(&load("traps", storage.path()));
        }
        executed.push(runner.execute(block(2, &["clocks", "chance"])));
        executed
    };
    let (first, second) = (run(false), run(true));
    assert_eq!(first, second);
    let message = |block: usize, index: usize| -> Vec<Value> {
        let receipt = &first[block].receipts[index];
        assert_eq!(receipt.code, 1, "{receipt:?}");
        serde_json::from_str(receipt.message.as_ref().unwrap()).unwrap()
    };
    let (one, two, other_block) = (message(0, 0), message(0, 1), message(1, 1));
    for index in 0..10 {
        assert_ne!(one[index], two[index], "value {index}");
        assert_ne!(one[index], other_block[index], "value {index}");
    }
    assert_eq!(
        message(0, 2),
        [
            json!(1_600_000_001.0),
            json!(1_600_000_001_000_000_000_u64),
            json!(1_600_000_001.0),
            json!("2020-09-13"),
            json!("2020-09-13T12:26:41"),
            json!("2020-09-13T12:26:41"),
            json!("2020-09-13T12:26:41+00:00"),
            json!("2020-09-13"),
            json!("datetime.datetime(2020, 9, 13, 12, 26, 41)"),
            json!(true),
            json!(true),
        ]
    );
}

#[test]
fn the_outside_is_refused() {
    let storage = storage();
    let refused = |what: &str| receipt(9000, &format!("NotAllowed: a SCORE may {what}"));
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packages/traps");
    let before = std::fs::read_dir(&file).unwrap().count();
    let mut runner = check_blocks(
        "traps",
        storage.path(),
        &[&[
            ("socket", refused("not use the network")),
            ("program", refused("not start a program")),
            ("shell", refused("not start a program")),
            ("thread", refused("not start a thread")),
            ("read", refused("read files of its own package only, not '/etc/passwd'")),
            ("write", refused("not write files ('new.txt'); keep data in its databases")),
            ("remove", refused("not change files (os.remove); keep data in its databases")),
            ("leave", refused("not end the process")),
            ("leave_politely", receipt(9000, "SystemExit: 0")),
            ("fork", refused("not start a process")),
            ("address", receipt(9000, "ValueError: this <object object at 0x0>")),
            ("deep", receipt(9000, "RecursionError: maximum recursion depth exceeded")),
            ("surrogate", receipt(2, "\\ud800")),
            ("talkative", receipt(4, &"큰".repeat(900))),
            ("own_file", receipt(3, "packages/traps")),
        ]],
    );
    assert_eq!(runner.returned(""), "[true, 32]");
    let too_long = "the answer has 68157440 bytes; at most 67108864 are expected";
    assert_eq!(runner.query("long"), Answer::Raised(too_long.to_owned()));
    assert_eq!(std::fs::read_dir(&file).unwrap().count(), before);
}
