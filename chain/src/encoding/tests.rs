use std::fmt::Debug;

use borsh::{BorshDeserialize, BorshSerialize};

use super::{decode, encode};
use crate::batch::Batch;
use crate::block::Block;
use crate::channel::SignedGenesis;
use crate::keys::Signature;
use crate::lft::Record;
use crate::lft::message::Message;
use crate::membership::{Change, Member, SignedEntry};
use crate::merkle::Path;
use crate::tests::{RADIOSTATION, batch, entry, genesis, head, key, member, next_block};

/// Decodes what was encoded, and nothing shorter or longer.
fn check<T: BorshSerialize + BorshDeserialize + PartialEq + Debug>(value: T) {
    let bytes = encode(&value);
    assert_eq!(decode::<T>(&bytes).as_ref(), Ok(&value));
    assert!(decode::<T>(&[&bytes[..], &[0]].concat()).is_err(), "a byte too many: {value:?}");
    for end in 0..bytes.len() {
        assert!(decode::<T>(&bytes[..end]).is_err(), "{end} bytes of {value:?}");
    }
}

#[test]
fn only_whole_values_are_decoded() {
    let head = head(2);
    check(batch(head.channel, 1, 1, &["{}", "{\"a\":1}"]));
    check(next_block(&head, 1));
    check(entry(&head, 1, Change::Join(member(3))));
    check(genesis().sign(&key(RADIOSTATION)));
    check(Message::Justification(crate::lft::message::Justification {
        complaints: crate::lft::message::ComplaintCertificate {
            height: crate::count::Height(3),
            round: crate::count::Round(2),
            complaints: vec![(crate::tests::peer(1), None, Signature([1; 64]))],
        },
        high: None,
    }));
    check(Record { block: Some(next_block(&head, 1)), ..Record::default() });
}

/// A length of 2^32 − 1 where a list is expected: reserving that much memory would end the test.
fn check_long<T: BorshDeserialize>(before: &[u8]) {
    let bytes = [before, &[0xff; 4], &[7; 64]].concat();
    assert!(decode::<T>(&bytes).is_err());
}

#[test]
fn a_huge_length_reserves_nothing() {
    check_long::<Vec<Signature>>(&[]);
    check_long::<Vec<Member>>(&[]);
    check_long::<String>(&[]);
    check_long::<Vec<u8>>(&[]);
    check_long::<Path>(&[0; 8]);
    let head = head(1);
    let batch = batch(head.channel, 1, 1, &["{}"]);
    let before = encode(&batch.header).len() + encode(&batch.signature).len();
    check_long::<Batch>(&encode(&batch)[..before]);
    let block = next_block(&head, 1);
    check_long::<Block>(&encode(&block)[..encode(&block.header).len()]);
    check_long::<SignedGenesis>(&[]);
    check_long::<SignedEntry>(&[]);
}

#[test]
fn unknown_tags_and_broken_text_are_refused() {
    assert!(decode::<crate::membership::Role>(&[3]).is_err());
    assert!(decode::<crate::certificate::Stage>(&[2]).is_err());
    assert!(decode::<Option<u8>>(&[2, 0]).is_err());
    assert!(decode::<bool>(&[2]).is_err());
    assert!(decode::<String>(&[1, 0, 0, 0, 0xff]).is_err());
}
