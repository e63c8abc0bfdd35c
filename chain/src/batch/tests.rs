use super::{Batch, BatchError, BatchRules};
use crate::count::Sequence;
use crate::encoding::encode;
use crate::hash::Hash;
use crate::keys::{KeyError, verify};
use crate::tests::{batch, head, key, peer, settings};
use crate::transaction::Transaction;

fn check(change: impl FnOnce(&mut Batch), expected: Result<(), BatchError>) {
    let head = head(2);
    let mut changed = batch(head.channel, 1, 7, &["{}", "[]", "\"ä\""]);
    change(&mut changed);
    let maker = key(1).public_key();
    let rules = BatchRules { channel: head.channel, settings: settings(), maker };
    assert_eq!(verify(changed, &rules).map(|_| ()), expected);
}

/// Signs anew what was changed.
fn resign(batch: &mut Batch) {
    batch.signature = key(1).sign(&batch.header.hash());
}

fn refill(batch: &mut Batch, texts: &[&str]) {
    let (channel, number) = (batch.header.channel, batch.header.number.0);
    *batch = crate::tests::batch(channel, 1, number, texts);
}

#[test]
fn a_batch_is_its_makers() {
    check(|_| (), Ok(()));
    check(|b| b.header.channel = Hash::ZERO, Err(BatchError::Channel));
    check(|b| b.header.number = Sequence(0), Err(BatchError::Number));
    check(|b| b.signature.0[5] ^= 1, Err(BatchError::Signature));
    check(|b| b.signature = key(2).sign(&b.header.hash()), Err(BatchError::Signature));
    check(
        |b| *b = crate::tests::batch(b.header.channel, 2, 7, &["{}"]),
        Err(BatchError::Signature),
    );
}

#[test]
fn the_header_is_of_the_transactions() {
    check(|b| b.transactions.swap(0, 1), Err(BatchError::Header));
    check(|b| drop(b.transactions.pop()), Err(BatchError::Header));
    check(|b| b.transactions[0].timestamp_us += 1, Err(BatchError::Header));
    check(|b| b.transactions[2].data.push(' '), Err(BatchError::Header));
    check(
        |b| {
            b.header.count = 4;
            resign(b)
        },
        Err(BatchError::Header),
    );
    check(
        |b| {
            b.header.root = Hash::ZERO;
            resign(b)
        },
        Err(BatchError::Header),
    );
    // A transaction's hash covers its place: moved to another number, the root differs.
    check(
        |b| {
            b.header.number = Sequence(8);
            resign(b)
        },
        Err(BatchError::Header),
    );
    check(
        |b| {
            b.header.maker = peer(2);
            resign(b)
        },
        Err(BatchError::Header),
    );
}

#[test]
fn a_batch_is_bounded() {
    let count = |found| Err(BatchError::Count { found, max: 10 });
    check(|b| b.transactions.clear(), count(0));
    check(|b| refill(b, &["x"; 10]), Ok(()));
    check(|b| refill(b, &["x"; 11]), count(11));
    let long = "x".repeat(1_001);
    check(|b| refill(b, &[&long[..1_000]]), Ok(()));
    let (index, found, max) = (1, 1_001, 1_000);
    check(|b| refill(b, &["x", &long]), Err(BatchError::TransactionBytes { index, found, max }));
    // 160 bytes beside the transactions, 12 with each: 5 of 956 make exactly 5000.
    let fitting = &long[..956];
    check(|b| refill(b, &[fitting; 5]), Ok(()));
    let bytes = Err(BatchError::Bytes { found: 5_001, max: 5_000 });
    check(|b| refill(b, &[&long[..957], fitting, fitting, fitting, fitting]), bytes);
}

#[test]
fn the_largest_transaction_fits_a_batch() {
    let head = head(1);
    let one = batch(head.channel, 1, 1, &[&"x".repeat(1_000)]);
    assert!(encode(&one).len() as u64 <= 1_000 + crate::channel::BATCH_OVERHEAD_BYTES);
}

#[test]
fn a_reference_names_the_batch() {
    let head = head(1);
    let batch = batch(head.channel, 1, 3, &["{}", "{}"]);
    let named = batch.reference(encode(&batch).len());
    assert_eq!((named.maker, named.number, named.count), (peer(1), Sequence(3), 2));
    assert_eq!((named.hash, named.bytes as usize), (batch.header.hash(), encode(&batch).len()));
}

#[test]
fn a_transaction_is_proved_alone() {
    let head = head(2);
    for count in [1, 2, 3, 7] {
        let batch = batch(head.channel, 1, 1, &vec!["{}"; count]);
        let hashes = batch.transaction_hashes();
        for (at, hash) in hashes.iter().enumerate() {
            let signature = batch.transaction_signature(at).unwrap();
            let refused = Err(KeyError::Signature);
            assert_eq!(signature.check(hash, &key(1).public_key()), Ok(()));
            assert_eq!(signature.check(&Hash::ZERO, &key(1).public_key()), refused);
            assert_eq!(signature.check(hash, &key(2).public_key()), refused);
            let mut cut = signature.clone();
            cut.path.count += 1;
            assert_eq!(cut.check(hash, &key(1).public_key()), refused);
            let mut other = signature;
            other.header.number = Sequence(2);
            assert_eq!(other.check(hash, &key(1).public_key()), refused);
        }
        assert_eq!(batch.transaction_signature(count), None);
    }
}

#[test]
fn equal_transactions_have_different_hashes_at_every_place() {
    let head = head(1);
    let transaction = Transaction { timestamp_us: 1, data: "{}".into() };
    let place = crate::transaction::Place {
        channel: head.channel,
        maker: peer(1),
        number: Sequence(1),
        index: 0,
    };
    let places = [
        place,
        crate::transaction::Place { channel: Hash::ZERO, ..place },
        crate::transaction::Place { maker: peer(2), ..place },
        crate::transaction::Place { number: Sequence(2), ..place },
        crate::transaction::Place { index: 1, ..place },
    ];
    let mut hashes = places.map(|place| transaction.hash(&place)).to_vec();
    hashes.push(Transaction { timestamp_us: 2, ..transaction }.hash(&place));
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), 6);
}
