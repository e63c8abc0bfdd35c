//! A package that tries to get out, to leave something for the next transaction, or to take too
//! much; and what stops it.

use wire::runner::{Answer, Load, Order};

use crate::driver::{Runner, block, load, receipt, storage, without_place};

/// What is tried, the code, and how the message begins. A transaction that gets its way ends with
/// code 1 and what it got.
const TRIES: &[(&str, i64, &str)] = &[
    ("c_code", 1, "a SCORE may not call C code: there is no ctypes"),
    ("c_code_again", 9000, "ImportError: a SCORE may not call C code: there is no _ctypes"),
    ("second_module", 9000, "NotAllowed: a SCORE may not load posix a second time"),
    ("second_builtin", 9000, "NotAllowed: a SCORE may not load time a second time"),
    ("reload", 9000, "NotAllowed: a SCORE may not load random a second time"),
    ("runner", 9000, "NotAllowed: a SCORE may not load loopchain.runner.guard a second time"),
    ("second_interpreter", 9000, "ImportError: a SCORE may not call C code"),
    ("half_read", 1, "(1,)"),
    ("fake_module", 1, "None"),
    ("real_module", 1, "[1]"),
    ("own_module", 1, "True"),
    ("patch_builtin", 9000, "NotAllowed: a SCORE may not change builtins.len in a call"),
    ("use_builtins", 1, "[0, [1, 2], 1, False]"),
    ("patch_builtin_by_key", 1, "['b', 'a']"),
    ("use_builtins", 1, "[0, [1, 2], 1, False]"),
    ("patch_module", 9000, "NotAllowed: a SCORE may not change json.dumps in a call"),
    ("remove_from_module", 9000, "NotAllowed: a SCORE may not remove json.dumps in a call"),
    ("patch_code", 9000, "NotAllowed: a SCORE may not change the code of functions"),
    ("real_module", 1, "[1]"),
    ("decimal_context", 1, "28"),
    ("decimal_context", 1, "28"),
    ("recursion_limit", 9000, "NotAllowed: a SCORE may not change the interpreter"),
    ("recursion", 9000, "RecursionError: maximum recursion depth exceeded"),
    ("leave", 9000, "NotAllowed: a SCORE may not end the process"),
    ("leave_again", 9000, "NotAllowed: a SCORE may not end the process"),
    ("abort", 9000, "NotAllowed: a SCORE may not end the process"),
    ("kill", 9000, "NotAllowed: a SCORE may not send a signal"),
    ("raise_signal", 9000, "NotAllowed: a SCORE may not use signals"),
    ("alarm", 9000, "NotAllowed: a SCORE may not use signals"),
    ("close_socket", 9000, "NotAllowed: a SCORE may not use file descriptors"),
    ("speak_to_peer", 9000, "NotAllowed: a SCORE may not use file descriptors"),
    ("memory", 9000, "MemoryError"),
    ("many_names", 9000, "ValueError: a package may have at most 64 databases"),
    ("big_value", 9000, "RuntimeError: a transaction may write at most 67108864 bytes"),
    ("many_values", 9000, "RuntimeError: a transaction may write at most 67108864 bytes"),
    ("big_row", 9000, "DataError: string or blob too big"),
    ("many_rows", 9000, "a transaction may add at most 67108864 bytes to a database"),
    ("count", 1, "0"),
    ("some_rows", 1, "20"),
    ("count", 1, "0"),
];

/// What the system refuses where the interpreter was got around.
#[cfg(target_os = "linux")]
const SYSTEM_REFUSES: &[(&str, &str)] = &[
    ("system_socket", "PermissionError: [Errno 1]"),
    ("system_program", "PermissionError: [Errno 1"),
    ("system_fork", "PermissionError: [Errno 1]"),
    ("system_other_process", "PermissionError: [Errno 1]"),
    ("system_read", "PermissionError: [Errno 13]"),
    ("system_write", "PermissionError: [Errno 13]"),
    ("system_environment", "PermissionError: [Errno 13]"),
];

#[test]
fn a_package_that_tries_to_break_out_is_told_why_it_may_not() {
    let storage = storage();
    let (mut runner, _) = Runner::loaded(&load("breakout", storage.path()));
    let texts: Vec<&str> = TRIES.iter().map(|(text, ..)| *text).collect();
    let executed = runner.execute(block(1, &texts));
    for ((text, code, begins), found) in TRIES.iter().zip(&executed.receipts) {
        let message = without_place(found).message.unwrap_or_default();
        assert!(found.code == *code && message.starts_with(begins), "{text}: {found:?}");
    }
    assert_eq!(executed.receipts.len(), TRIES.len());
    for (request, reason) in [
        ("put", "a query reads only: data is written by transactions, in invoke"),
        ("insert", "attempt to write a readonly database"),
        ("wipe", "a SCORE may not use backup of a database"),
    ] {
        match runner.query(request) {
            Answer::Raised(text) => assert!(text.contains(reason), "{text}"),
            other => panic!("{request}: {other:?}"),
        }
    }
    // What a query leaves is nothing to the next transaction.
    assert_eq!(runner.returned("shape"), "{}");
    let executed = runner.execute(block(2, &["row_shape"]));
    assert_eq!(executed.receipts, [receipt(1, "(0,)")]);
    assert_eq!(runner.hang_up(), 0);
}

/// Each is within what a transaction may write; the third is beyond what a block may.
#[test]
fn a_block_may_write_much_and_not_too_much() {
    let storage = storage();
    let (mut runner, _) = Runner::loaded(&load("breakout", storage.path()));
    let kept = ["keep", "keep", "keep", "keep"];
    let executed = runner.execute(block(1, &kept));
    let codes: Vec<i64> = executed.receipts.iter().map(|receipt| receipt.code).collect();
    assert_eq!(codes, [0, 0, 0, 9000]);
    let message = executed.receipts[3].message.as_deref().unwrap_or_default();
    assert!(message.contains("the transactions of a block may write at most"), "{message}");
    assert_eq!(runner.execute(block(2, &kept[..1])).receipts[0].code, 0);
}

#[test]
fn what_is_hashed_by_address_is_in_the_same_order_each_time() {
    let once = || {
        let storage = storage();
        let (mut runner, _) = Runner::loaded(&load("breakout", storage.path()));
        runner.execute(block(1, &["order_of_addresses"]))
    };
    assert_eq!(once(), once());
}

#[test]
#[cfg(target_os = "linux")]
fn what_gets_around_the_interpreter_is_refused_by_the_system() {
    let storage = storage();
    let (mut runner, _) = Runner::loaded(&load("breakout", storage.path()));
    let texts: Vec<&str> = SYSTEM_REFUSES.iter().map(|(text, _)| *text).collect();
    let executed = runner.execute(block(1, &texts));
    for ((text, begins), found) in SYSTEM_REFUSES.iter().zip(&executed.receipts) {
        let message = found.message.as_deref().unwrap_or_default();
        assert!(found.code == 9000 && message.starts_with(begins), "{text}: {found:?}");
    }
    assert!(!std::path::Path::new("/tmp/left-by-a-score").exists());
    assert_eq!(runner.hang_up(), 0);
}

#[test]
fn what_ends_the_process_is_found_out_and_not_tried_again() {
    let storage = storage();
    let crash = block(1, &["count", "crash", "count"]);
    let load = load("breakout", storage.path());
    let careful = Load { careful: true, ..load.clone() };
    for load in [&load, &careful] {
        let (mut runner, loaded) = Runner::loaded(load);
        assert_eq!(loaded.height, 0);
        runner.order(&Order::Execute(crash.clone()));
        assert_eq!(runner.report_or_end(), None);
        assert_eq!(runner.exit_code(), 128 + 11);
    }
    let (mut runner, _) = Runner::loaded(&careful);
    let fine = receipt(1, "0");
    let expected = [fine.clone(), receipt(9000, "invoke ended the SCORE's process"), fine];
    let executed = runner.execute(crash);
    assert_eq!(executed.receipts, expected);
    assert_eq!(executed.traces.len(), 3);
}

#[test]
fn who_is_killed_from_outside_has_nothing_held_against_it() {
    let storage = storage();
    let first = block(1, &["count", "crash"]);
    let load = load("breakout", storage.path());
    let careful = Load { careful: true, ..load.clone() };
    let (mut runner, _) = Runner::loaded(&careful);
    runner.order(&Order::Execute(first.clone()));
    assert_eq!(runner.report_or_end(), None);
    // Not careful: the runner before was not ended by the contract, as far as its peer knows.
    let (mut runner, _) = Runner::loaded(&load);
    runner.order(&Order::Execute(first));
    assert_eq!(runner.report_or_end(), None, "it is tried again");
}
