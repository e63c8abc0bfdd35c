use chain::count::Height;
use chain::encoding::{decode, encode};
use chain::keys::PublicKey;
use chain::transaction::TransactionSignature;
use serde_json::{Value, json};

use super::{NAME_BYTES_MAX, NAMES_MAX, Which, block, names, transaction};
use crate::tests::{batch, begun, committed, hash, key, peer, settings, with_blocks};

const BLOCK_FIELDS: [&str; 6] =
    ["block_hash", "prev_block_hash", "merkle_tree_root_hash", "time_stamp", "height", "peer_id"];

#[test]
fn genesis_has_the_shape_of_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, head) = begun(folder.path(), settings());
    for which in [Which::Last, Which::Height(Height(0)), Which::Hash(head.hash)] {
        let genesis = block(&ledger, which, Height(0)).unwrap();
        let expected = json!({
            "block_hash": head.hash.to_string(), "prev_block_hash": "",
            "merkle_tree_root_hash": "", "time_stamp": "0", "height": "0",
            "peer_id": peer(1).to_string(),
        });
        assert_eq!(Value::Object(genesis.fields(&BLOCK_FIELDS)), expected, "{which:?}");
        assert_eq!(genesis.transactions(&ledger, &["tx_hash"]), []);
    }
}

#[test]
fn a_block_and_its_transactions_are_shown_as_strings() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, head) = with_blocks(folder.path(), &[&["{}"], &["\"hello\"", ""]]);
    let [first, second] = [1, 2].map(|height| ledger.block(Height(height)).unwrap().block);
    let shown = block(&ledger, Which::Last, head.height).unwrap();
    let expected = json!({
        "block_hash": head.hash.to_string(), "prev_block_hash": first.hash().to_string(),
        "merkle_tree_root_hash": second.header.batches_root.to_string(),
        "time_stamp": head.timestamp_us.to_string(), "height": "2",
        "peer_id": peer(1).to_string(),
    });
    assert_eq!(Value::Object(shown.fields(&BLOCK_FIELDS)), expected);
    let hashes = batch(&head, 1, 2, &["\"hello\"", ""]).transaction_hashes();
    let fields = ["tx_hash", "timestamp", "data_string", "peer_id"];
    let shown = shown.transactions(&ledger, &fields);
    let expected = |at: usize, data: &str| {
        json!({
            "tx_hash": hashes[at].to_string(), "data_string": data,
            "timestamp": (1_600_000_000_000_000 + at as u64).to_string(),
            "peer_id": peer(1).to_string(),
        })
    };
    assert_eq!(json!(shown), json!([expected(0, "\"hello\""), expected(1, "")]));
}

#[test]
fn unknown_names_in_a_filter_give_empty_strings() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, head) = with_blocks(folder.path(), &[&["{}"]]);
    let shown = block(&ledger, Which::Last, head.height).unwrap();
    let fields = shown.fields(&["height", "colour", "HEIGHT"]);
    assert_eq!(Value::Object(fields), json!({"height": "1", "colour": "", "HEIGHT": ""}));
    let transactions = shown.transactions(&ledger, &["data_string", "colour"]);
    assert_eq!(json!(transactions), json!([{"data_string": "{}", "colour": ""}]));
    assert_eq!(json!(shown.transactions(&ledger, &[])), json!([{}]));
}

#[test]
fn a_filter_is_names_between_commas() {
    let cases: [(&str, &[&str]); 5] = [
        ("prev_block_hash, height, block_hash", &["prev_block_hash", "height", "block_hash"]),
        ("height", &["height"]),
        ("", &[]),
        (" , ,,", &[]),
        (" a,b c ,", &["a", "b c"]),
    ];
    for (filter, expected) in cases {
        assert_eq!(names(filter), expected, "{filter:?}");
    }
}

#[test]
fn no_block_above_the_last_one_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, head) = with_blocks(folder.path(), &[&["{}"], &["{}"], &["{}"]]);
    // Asked for, the last that may be shown, and the height shown.
    let cases = [
        (Which::Last, 3, Some(3)),
        (Which::Last, 2, Some(2)),
        (Which::Last, 0, Some(0)),
        (Which::Height(Height(3)), 3, Some(3)),
        (Which::Height(Height(3)), 2, None),
        (Which::Height(Height(u64::MAX)), 3, None),
        (Which::Hash(head.hash), 3, Some(3)),
        (Which::Hash(head.hash), 2, None),
        (Which::Hash(hash(1)), 3, None),
    ];
    for (which, last, expected) in cases {
        let shown = block(&ledger, which, Height(last)).map(|block| block.field("height"));
        assert_eq!(shown, expected.map(|h: u64| h.to_string()), "{which:?} up to {last}");
    }
}

#[test]
fn every_transaction_proves_who_took_it_in() {
    for count in [1, 2, 3, 7, 64, 100, 1000] {
        let folder = tempfile::tempdir().unwrap();
        let texts: Vec<String> = (0..count).map(|at| format!("{{\"at\":{at}}}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let (ledger, head) = with_blocks(folder.path(), &[&texts]);
        let hashes = batch(&head, 1, 1, &texts).transaction_hashes();
        let places = [0, count / 2, count - 1];
        for at in places {
            let found = transaction(&ledger, &hashes[at]).unwrap();
            assert_eq!((found.transaction.data.as_str(), found.maker), (texts[at], peer(1)));
            let signature: TransactionSignature = decode(&found.signature).unwrap();
            let public_key = PublicKey::from_bytes(&found.public_key).unwrap();
            assert_eq!(signature.check(&hashes[at], &public_key), Ok(()), "{at} of {count}");
            assert!(signature.check(&hash(1), &public_key).is_err());
            assert!(signature.check(&hashes[at], &key(2).public_key()).is_err());
            for other in places.into_iter().filter(|other| *other != at) {
                assert!(signature.check(&hashes[other], &public_key).is_err());
            }
        }
    }
}

#[test]
fn a_transaction_that_waits_is_shown_and_an_unknown_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, head) = begun(folder.path(), settings());
    let batch = batch(&head, 1, 1, &["waits"]);
    ledger.put_own_batch(&batch, &encode(&batch));
    let found = transaction(&ledger, &batch.transaction_hashes()[0]).unwrap();
    assert_eq!(found.transaction.data, "waits");
    assert!(transaction(&ledger, &hash(1)).is_none());
}

#[test]
fn a_transaction_that_lost_its_number_is_not_shown_as_another() {
    let folder = tempfile::tempdir().unwrap();
    let (ledger, head) = begun(folder.path(), settings());
    let [won, lost] = ["won", "lost"].map(|text| batch(&head, 1, 1, &[text]));
    ledger.put_batch(&lost, &encode(&lost));
    let (block, after) = committed(&head, None, &[&won], Vec::new());
    ledger.commit(&block, &after, std::slice::from_ref(&won));
    let shown = |of: &chain::batch::Batch| transaction(&ledger, &of.transaction_hashes()[0]);
    assert_eq!(shown(&won).map(|found| found.transaction.data), Some("won".into()));
    assert_eq!(shown(&lost).map(|found| found.transaction.data), Some("lost".into()));
}

/// Each name costs something for every transaction of a block, and the filter is a client's.
#[test]
fn a_filter_names_few_fields_once() {
    let cases = [
        ("", vec![]),
        (" height ,peer_id,,", vec!["height", "peer_id"]),
        ("tx_hash,x,tx_hash", vec!["tx_hash", "x"]),
    ];
    for (filter, expected) in cases {
        assert_eq!(names(filter), expected, "{filter:?}");
    }
    let many: Vec<String> = (0..100_000).map(|number| number.to_string()).collect();
    assert_eq!(names(&many.join(",")).len(), NAMES_MAX);
    let long = "x".repeat(NAME_BYTES_MAX + 1);
    assert_eq!(names(&format!("{long},height,{}", &long[1..])), ["height", &long[1..]]);
}
