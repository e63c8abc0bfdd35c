#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::*;

/// A small generator: every failure names the number it began with.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn all(mut scan: Scan, store: &Store) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut entries = Vec::new();
    while let Some(entry) = scan.next(store).unwrap() {
        entries.push(entry);
    }
    entries
}

/// Layers random writes over each other and compares every range with one plain map.
fn check_scans(seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let mut numbers = Numbers(seed);
    let mut model = BTreeMap::new();
    let mut draft = Draft::default();
    for step in 0..4000 {
        let key = key("db", format!("{:04}", numbers.below(1500)).as_bytes());
        let value = (numbers.below(4) > 0).then(|| step.to_string().into_bytes());
        match &value {
            Some(value) => model.insert(key.clone(), value.clone()),
            None => model.remove(&key),
        };
        assert!(draft.write(key, value).is_ok());
        match step {
            2000 => {
                draft.end_transaction(true);
                store.write_initial(&draft.end_block()).unwrap();
            }
            3000 => {
                draft.end_transaction(true);
            }
            _ => {}
        }
    }
    for _ in 0..20 {
        let mut bound = || key("db", format!("{:04}", numbers.below(1500)).as_bytes());
        let (from, to) = (bound(), bound());
        let expected: Vec<_> = if from < to {
            model.range(from.clone()..to.clone()).map(|(k, v)| (k.clone(), v.clone())).collect()
        } else {
            Vec::new()
        };
        assert_eq!(all(draft.scan(from.clone(), to.clone(), false), &store), expected, "{seed}");
        let reversed: Vec<_> = expected.into_iter().rev().collect();
        assert_eq!(all(draft.scan(from, to, true), &store), reversed, "{seed} reversed");
    }
    let whole: Vec<_> = model.into_iter().collect();
    assert_eq!(all(draft.scan(key("db", b""), end("db"), false), &store), whole, "{seed}");
}

#[test]
fn scans_see_the_layers_as_one() {
    for seed in [1, 2, 3] {
        check_scans(seed);
    }
}

#[test]
fn databases_do_not_run_into_each_other() {
    for (one, other) in [("a", "ab"), ("", "a"), ("a", "b"), ("a\u{ff}", "a")] {
        let inside = |name: &str| key(name, b"")..end(name);
        for deep in [&b""[..], b"\0", b"\xff\xff\xff"] {
            assert!(inside(one).contains(&key(one, deep)));
            assert!(!inside(one).contains(&key(other, deep)), "{one:?} {other:?}");
            assert!(!inside(other).contains(&key(one, deep)), "{other:?} {one:?}");
        }
    }
}

#[test]
fn a_failed_transaction_leaves_no_trace() {
    let mut draft = Draft::default();
    assert!(draft.write(vec![1], Some(vec![1])).is_ok());
    assert_eq!(draft.end_transaction(true).len(), 1);
    assert!(draft.write(vec![1], None).is_ok());
    assert!(draft.write(vec![2], Some(vec![2])).is_ok());
    assert!(draft.end_transaction(false).is_empty());
    assert_eq!(draft.get(&[1]), Some(&Some(vec![1])));
    assert_eq!(draft.get(&[2]), None);
    assert_eq!(draft.end_block(), Writes::from([(vec![1], Some(vec![1]))]));
}

#[test]
fn a_transaction_writes_within_its_bound() {
    let mut draft = Draft::default();
    assert!(draft.write(vec![1], Some(vec![0; WRITTEN_BYTES_MAX - 1])).is_ok());
    assert!(draft.write(vec![2], None).is_err());
    draft.end_transaction(false);
    assert!(draft.write(vec![2], None).is_ok());
}
