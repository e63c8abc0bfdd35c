use std::time::{Duration, Instant};

use wire::runner::{Answer, Load, Order};

use crate::driver::{Runner, block, load, receipt, storage};

fn hasty(package: &str, storage: &std::path::Path) -> Load {
    Load { invoke_timeout_ms: 300, query_timeout_ms: 200, ..load(package, storage) }
}

const TOO_LONG: &str = "invoke took longer than the 300 ms it may take";

#[test]
fn calls_that_do_not_end_are_interrupted() {
    let storage = storage();
    let (mut runner, _) = Runner::loaded(&hasty("endless", storage.path()));
    let since = Instant::now();
    let executed = runner.execute(block(1, &["loop", "fine", "deaf", "sql", "fine"]));
    let (late, fine) = (receipt(9000, TOO_LONG), receipt(0, ""));
    assert_eq!(executed.receipts, [late.clone(), fine.clone(), late.clone(), late, fine]);
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    assert_eq!(runner.query("loop"), Answer::TimedOut);
    assert_eq!(runner.returned("fine"), "{}");
    assert_eq!(runner.hang_up(), 0);
    let (reason, code) = Runner::refused(&hasty("broken_loading", storage.path()));
    assert_eq!(reason, "loading the package took longer than the 300 ms it may take");
    assert_eq!(code, 3);
}

/// sqlite undoes the whole block when such a statement is stopped.
#[test]
fn a_late_statement_that_changes_a_database_costs_the_others_nothing() {
    let storage = storage();
    let first = block(1, &["row", "rows", "row"]);
    let (mut runner, _) = Runner::loaded(&hasty("endless", storage.path()));
    runner.order(&Order::Execute(first.clone()));
    assert_eq!(runner.report_or_end(), None);
    assert_eq!(runner.exit_code(), 1);
    let (mut runner, loaded) = Runner::loaded(&hasty("endless", storage.path()));
    assert_eq!(loaded.height, 0);
    let fine = receipt(0, "");
    assert_eq!(runner.execute(first).receipts, [fine.clone(), receipt(9000, TOO_LONG), fine]);
}

#[test]
fn a_call_that_cannot_be_stopped_ends_the_runner_and_is_not_tried_again() {
    let storage = storage();
    let stuck = block(1, &["fine", "stuck", "loop"]);
    let (mut runner, _) = Runner::loaded(&hasty("endless", storage.path()));
    runner.order(&Order::Execute(stuck.clone()));
    assert_eq!(runner.report_or_end(), None);
    assert_eq!(runner.exit_code(), 4);
    let (mut runner, loaded) = Runner::loaded(&hasty("endless", storage.path()));
    assert_eq!(loaded.height, 0);
    let late = receipt(9000, TOO_LONG);
    assert_eq!(runner.execute(stuck).receipts, [receipt(0, ""), late.clone(), late]);
}
