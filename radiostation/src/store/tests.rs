#![allow(clippy::unwrap_used)]

use chain::channel::{Genesis, Settings};
use chain::count::{Sequence, Weight};
use chain::keys::SecretKey;
use chain::membership::{Change, Entry, Member, Role};

use super::{Store, StoreError};
use crate::registry::{PeerRow, PlaceRow, Saved, SavedChannel, Write};

fn row(key: &SecretKey, order: u32) -> PeerRow {
    PeerRow {
        key: key.public_key(),
        target: format!("10.0.0.{order}:7100"),
        p2p_address: format!("10.0.0.{order}:7900"),
        group_id: "group".to_owned(),
        order,
    }
}

fn settings() -> Settings {
    Settings {
        leader_block_limit: 1,
        block_bytes_max: 1 << 20,
        block_transactions_max: 10,
        transaction_bytes_max: 1 << 10,
        batch_bytes_max: 1 << 15,
        batch_transactions_max: 10,
        voting_ratio: None,
        block_interval_ms: 0,
        complain_timeout_ms: 10,
        complain_timeout_ms_max: 20,
    }
}

#[test]
fn what_was_written_is_there_when_the_store_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let radiostation = SecretKey::from_bytes([1; 32]).unwrap();
    let (first, second) =
        (SecretKey::from_bytes([2; 32]).unwrap(), SecretKey::from_bytes([3; 32]).unwrap());
    let id = first.public_key().peer_id();
    let member = Member {
        key: first.public_key(),
        order: 1,
        weight: Weight(1),
        group: "group".to_owned(),
        role: Role::Validator,
        target: "10.0.0.1:7100".to_owned(),
    };
    // "a" is a prefix of "a-b": their rows must not mix.
    let genesis = |name: &str| {
        let (name, score_package) = (name.to_owned(), "a/b".to_owned());
        let (settings, first) = (settings(), member.clone());
        let radiostation_key = radiostation.public_key();
        Genesis { name, score_package, settings, radiostation: radiostation_key, first }
            .sign(&radiostation)
    };
    let (a, ab) = (genesis("a"), genesis("a-b"));
    let entry = |sequence| {
        let change = Change::Weight(id, Weight(sequence));
        Entry { channel: a.genesis.hash(), sequence: Sequence(sequence), change }
            .sign(&radiostation)
    };
    let place = PlaceRow { had_ledger: true, entries: 300 };
    let entries: Vec<_> = (1..=300).map(entry).collect();
    let mut writes = vec![
        Write::OrderNext(3),
        Write::Peer(row(&first, 1)),
        Write::Peer(row(&second, 2)),
        Write::Genesis(a.clone()),
        Write::Genesis(ab.clone()),
        Write::Place { channel: "a".to_owned(), peer: id, place },
        Write::Place { channel: "a-b".to_owned(), peer: id, place },
    ];
    writes.extend(
        entries.iter().map(|entry| Write::Entry { channel: "a".to_owned(), entry: entry.clone() }),
    );
    let store = Store::open(folder.path()).unwrap();
    store.write(&writes).unwrap();
    store
        .write(&[
            Write::ForgetPeer(second.public_key().peer_id()),
            Write::ForgetPlace { channel: "a-b".to_owned(), peer: id },
        ])
        .unwrap();
    assert!(matches!(Store::open(folder.path()), Err(StoreError::InUse { .. })));
    drop(store);

    let saved = Store::open(folder.path()).unwrap().load().unwrap();
    let expected = Saved {
        order_next: 3,
        peers: vec![row(&first, 1)],
        channels: vec![
            SavedChannel { genesis: a, entries, places: vec![(id, place)] },
            SavedChannel { genesis: ab, entries: Vec::new(), places: Vec::new() },
        ],
    };
    assert_eq!(saved, expected);
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let Err(error) = Store::open(file.path()) else { panic!("a file is no folder") };
    assert!(error.to_string().contains(&file.path().display().to_string()), "{error}");
}
