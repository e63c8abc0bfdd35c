#![allow(clippy::unwrap_used)]

use wire::runner::Receipt;

use super::*;

fn outcome(height: u64) -> Outcome {
    let receipts = vec![Receipt { code: height as i64, message: None }];
    let writes = Writes::from([(vec![DATA, 1], Some(vec![height as u8])), (vec![DATA, 2], None)]);
    let state_hash = [height as u8; 32];
    Outcome { executed: Executed { height, receipts, state_hash, traces: vec![[1; 4]] }, writes }
}

#[test]
fn a_block_is_there_after_it_is_committed_and_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.head(), Head::default());
    store.commit(&outcome(1), 0).unwrap();
    drop(store);
    let store = Store::open(folder.path()).unwrap();
    assert_eq!((store.head().height, store.head().state_hash), (1, [1; 32]));
    assert_eq!(store.get(&[DATA, 1]).unwrap(), Some(vec![1]));
    assert_eq!(store.executed(1).unwrap().unwrap().receipts, outcome(1).executed.receipts);
    assert_eq!(store.executed(2).unwrap(), None);
}

#[test]
fn receipts_go_when_the_peer_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let kept = |store: &Store| -> Vec<u64> {
        (1..=9).filter(|height| store.executed(*height).unwrap().is_some()).collect()
    };
    for (height, durable, expected) in [
        (1, 0, &[1][..]),
        (2, 0, &[1, 2]),
        (3, 1, &[2, 3]),
        (4, 0, &[2, 3, 4]),
        (5, 3, &[4, 5]),
        (6, u64::MAX, &[6]),
    ] {
        store.commit(&outcome(height), durable).unwrap();
        assert_eq!(kept(&store), expected, "after {height}");
    }
}

#[test]
fn clearing_forgets_all_but_the_calls_that_could_not_be_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    store.commit(&outcome(1), 0).unwrap();
    store.condemn(2, 5, Condemned::Overran).unwrap();
    store.clear().unwrap();
    assert_eq!(store.head(), Head::default());
    assert_eq!(store.get(&[DATA, 1]).unwrap(), None);
    assert_eq!(store.executed(1).unwrap(), None);
    assert_eq!(store.condemned(2, 5).unwrap(), Some(Condemned::Overran));
    assert_eq!(store.condemned(2, 4).unwrap(), None);
}

#[test]
fn a_locked_store_is_waited_for_and_then_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let path = folder.path().to_owned();
    let opening = thread::spawn(move || Store::open(&path).map(drop));
    thread::sleep(LOCK_PERIOD * 4);
    drop(store);
    opening.join().unwrap().unwrap();
    let _store = Store::open(folder.path()).unwrap();
    let refused = Store::open(folder.path()).map(drop).unwrap_err();
    assert!(refused.to_string().contains("LOCK"), "{refused}");
}
