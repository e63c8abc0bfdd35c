use super::{KnownPeer, NodeStore};
use crate::storage::StorageError;
use crate::tests::key;

fn known(number: u8) -> KnownPeer {
    KnownPeer {
        key: key(number).public_key(),
        target: format!("10.0.0.{number}:7100"),
        p2p_address: format!("10.0.0.{number}:7101"),
        group_id: String::new(),
        order: u32::from(number),
    }
}

#[test]
fn everything_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    {
        let store = NodeStore::open(folder.path()).unwrap();
        assert_eq!((store.radiostation(), store.channels()), (None, Vec::new()));
        store.set_radiostation(&key(9).public_key());
        store.add_channel("b");
        store.add_channel("a");
        store.add_channel("b");
        store.add_peer("a", &known(1));
    }
    let store = NodeStore::open(folder.path()).unwrap();
    assert_eq!(store.radiostation(), Some(key(9).public_key()));
    assert_eq!(store.channels(), ["a", "b"]);
    assert_eq!(store.peers("a"), [known(1)]);
}

#[test]
fn each_channel_has_its_own_peers() {
    let folder = tempfile::tempdir().unwrap();
    let store = NodeStore::open(folder.path()).unwrap();
    // Of names that begin alike, neither sees the other's.
    for (channel, number) in [("a", 1), ("a", 2), ("ab", 3), ("b", 1)] {
        store.add_peer(channel, &known(number));
    }
    let numbers = |channel: &str| {
        let mut orders: Vec<u32> = store.peers(channel).iter().map(|peer| peer.order).collect();
        orders.sort_unstable();
        orders
    };
    assert_eq!(numbers("a"), [1, 2]);
    assert_eq!(numbers("ab"), [3]);
    store.remove_peer("a", &key(1).public_key());
    store.remove_peer("a", &key(8).public_key());
    assert_eq!((numbers("a"), numbers("ab"), numbers("b")), (vec![2], vec![3], vec![1]));
    let moved = KnownPeer { p2p_address: "10.9.9.9:1".into(), ..known(2) };
    store.add_peer("a", &moved);
    assert_eq!(store.peers("a"), [moved], "a peer that moved is not there twice");
}

#[test]
fn a_second_process_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _first = NodeStore::open(folder.path()).unwrap();
    let Err(error) = NodeStore::open(folder.path()) else { panic!("opened twice") };
    assert!(matches!(error, StorageError::InUse { .. }), "{error}");
}
