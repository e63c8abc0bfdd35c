use std::path::Path;
use std::time::Duration;

use wire::runner::{Block, Executed, Order, Report};

use crate::driver::{Runner, block, load, storage};

const NAMES: [&str; 3] = ["alice", "bob", "carol"];
const BLOCKS: u64 = 4;

fn slow_block(height: u64) -> Block {
    let names: Vec<&str> = (0..120).map(|index| NAMES[index % 3]).collect();
    block(height, &names)
}

/// Everything executed in one go: what any other course must come to.
fn undisturbed() -> (Vec<Executed>, String) {
    let storage = storage();
    let (mut runner, _) = Runner::loaded(&load("slow", storage.path()));
    let executed = (1..=BLOCKS).map(|height| runner.execute(slow_block(height))).collect();
    (executed, runner.returned(""))
}

#[test]
fn killed_at_any_instant_the_runner_comes_to_the_same_state() {
    let (expected, state) = undisturbed();
    let storage = storage();
    let mut kills = 0;
    let mut done = 0;
    let mut delay = Duration::from_millis(1);
    while done < BLOCKS {
        let (mut runner, loaded) = Runner::loaded(&load("slow", storage.path()));
        done = loaded.height;
        if done > 0 {
            assert_eq!(loaded.state_hash, expected[done as usize - 1].state_hash);
        }
        if done == BLOCKS {
            break;
        }
        for height in done + 1..=BLOCKS {
            runner.order(&Order::Execute(slow_block(height)));
        }
        std::thread::sleep(delay);
        delay += Duration::from_millis(23);
        runner.kill();
        kills += 1;
        assert!(kills < 200, "no progress");
    }
    assert!(kills > 2, "killed {kills} times only");
    let (mut runner, _) = Runner::loaded(&load("slow", storage.path()));
    assert_eq!(runner.returned(""), state);
    for height in 1..=BLOCKS {
        assert_eq!(runner.execute(slow_block(height)), expected[height as usize - 1]);
    }
    assert_eq!(runner.returned(""), state);
}

/// Runs `slow` to `BLOCKS` in `storage` and puts its sqlite files as they were at `height`.
fn with_sqlite_of(height: u64, storage: &Path) {
    let sqlite = storage.join("sqlite");
    let kept = storage.join("kept");
    let (mut runner, _) = Runner::loaded(&load("slow", storage));
    for each in 1..=BLOCKS {
        runner.execute(slow_block(each));
        if each == height {
            copy_folder(&sqlite, &kept);
        }
    }
    runner.kill();
    std::fs::remove_dir_all(&sqlite).unwrap();
    std::fs::rename(&kept, &sqlite).unwrap();
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
    }
}

#[test]
fn sqlite_one_block_ahead_completes_the_store() {
    let (expected, state) = undisturbed();
    let storage = storage();
    let (mut runner, _) = Runner::loaded(&load("slow", storage.path()));
    for height in 1..BLOCKS {
        runner.execute(slow_block(height));
    }
    runner.kill();
    let store = storage.path().join("state");
    let kept = storage.path().join("kept");
    copy_folder(&store, &kept);
    let (mut runner, _) = Runner::loaded(&load("slow", storage.path()));
    runner.execute(slow_block(BLOCKS));
    runner.kill();
    std::fs::remove_dir_all(&store).unwrap();
    std::fs::rename(&kept, &store).unwrap();
    let (mut runner, loaded) = Runner::loaded(&load("slow", storage.path()));
    let last = expected.last().unwrap();
    assert_eq!((loaded.height, loaded.state_hash), (BLOCKS, last.state_hash));
    assert_eq!(runner.returned(""), state);
    assert_eq!(&runner.execute(slow_block(BLOCKS)), last);
}

#[test]
fn sqlite_that_cannot_be_matched_starts_from_nothing() {
    let (expected, state) = undisturbed();
    let storage = storage();
    with_sqlite_of(2, storage.path());
    let (mut runner, loaded) = Runner::loaded(&load("slow", storage.path()));
    assert_eq!((loaded.height, loaded.state_hash), (0, [0; 32]));
    for height in 1..=BLOCKS {
        assert_eq!(runner.execute(slow_block(height)), expected[height as usize - 1]);
    }
    assert_eq!(runner.returned(""), state);
}

#[test]
fn orders_out_of_turn_end_the_runner() {
    let storage = storage();
    let executed =
        |runner: &mut Runner, height| runner.execute(block(height, &[r#"{"method": "batch"}"#]));
    let (mut runner, _) = Runner::loaded(&load("first_form", storage.path()));
    executed(&mut runner, 1);
    runner.order(&Order::Execute(block(3, &["{}"])));
    assert_eq!(runner.report_or_end(), None);
    assert_eq!(runner.exit_code(), 5);
    let mut runner = Runner::start();
    runner.order(&Order::Execute(block(1, &["{}"])));
    assert_eq!(runner.exit_code(), 5);
    // A receipt that the peer has for good may be gone; one that it lacks may not.
    let (mut runner, loaded) = Runner::loaded(&load("first_form", storage.path()));
    assert_eq!(loaded.height, 1);
    let second = executed(&mut runner, 2);
    let mut third = block(3, &["{}"]);
    third.receipts_durable = 1;
    runner.order(&Order::Execute(third));
    assert!(matches!(runner.report(), Report::Executed(_)));
    assert_eq!(executed(&mut runner, 2), second);
    runner.order(&Order::Execute(block(1, &["{}"])));
    assert_eq!(runner.exit_code(), 5);
}

#[test]
fn what_is_written_while_loading_counts_before_the_first_block_only() {
    let storage = storage();
    let (mut runner, _) = Runner::loaded(&load("first_form", storage.path()));
    let request = r#"{"method": "delete", "params": {"key": "start"}}"#;
    let executed = runner.execute(block(1, &[request]));
    runner.kill();
    let (mut runner, loaded) = Runner::loaded(&load("first_form", storage.path()));
    assert_eq!(loaded.state_hash, executed.state_hash);
    assert_eq!(runner.returned(r#"{"method": "range"}"#), "[]");
}
