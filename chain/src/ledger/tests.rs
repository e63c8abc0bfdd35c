use super::{AHEAD_US_MAX, ENTRIES_MAX, Head, Invalid};
use crate::batch::BatchRef;
use crate::block::{Block, BlockContent, CommittedBlock, Executed};
use crate::certificate::{CertificateError, Stage};
use crate::count::{Height, Round, Sequence, Weight};
use crate::hash::Hash;
use crate::membership::{Change, Role, SignedEntry};
use crate::tests::{
    block, certificate, content, entry, genesis, head, key, member, next_block, peer, reference,
};

/// Four validators, after the block at height 1 by the first.
fn head_at_1() -> Head {
    let head = head(4);
    head.apply(&next_block(&head, 1))
}

/// Checks a block of peer 1 with what a valid block has, changed.
fn check(change: impl FnOnce(&Head, &mut BlockContent), expected: Result<(), Invalid>) {
    let head = head_at_1();
    let mut content = content(&head);
    content.batches = vec![reference(&head, 1, 2)];
    change(&head, &mut content);
    assert_eq!(head.check(&block(&head, 1, content)), expected);
}

fn check_block(change: impl FnOnce(&mut Block), expected: Invalid) {
    let head = head_at_1();
    let mut block = next_block(&head, 1);
    change(&mut block);
    assert_eq!(head.check(&block), Err(expected));
}

#[test]
fn a_block_comes_after_the_one_before() {
    check(|_, _| (), Ok(()));
    check_block(|b| b.header.channel = Hash::ZERO, Invalid::Channel);
    let height = |found| Invalid::Height { found: Height(found), expected: Height(2) };
    for found in [0, 1, 3, u64::MAX] {
        check_block(|b| b.header.height = Height(found), height(found));
    }
    check_block(|b| b.header.previous = Hash::ZERO, Invalid::Previous);
    check_block(|b| b.header.maker = peer(5), Invalid::Maker);
}

#[test]
fn the_header_is_of_the_body() {
    check_block(|b| b.header.batches_root = Hash::ZERO, Invalid::Body);
    check_block(|b| b.header.body = Hash::ZERO, Invalid::Body);
    check_block(|b| b.batches.clear(), Invalid::Body);
    check_block(|b| b.batches[0].count += 1, Invalid::Body);
    check_block(|b| b.previous_certificate = None, Invalid::Body);
    let extra = entry(&head_at_1(), 4, Change::Leave(peer(4)));
    check_block(|b| b.entries.push(extra), Invalid::Body);
}

#[test]
fn time_only_grows_and_stays_near_the_clock() {
    check(|head, c| c.timestamp_us = head.timestamp_us, Err(Invalid::Time));
    check(|_, c| c.timestamp_us = 0, Err(Invalid::Time));
    let head = head_at_1();
    let check_at = |timestamp_us, now_us, expected| {
        let batches = vec![reference(&head, 1, 2)];
        let block = block(&head, 1, BlockContent { timestamp_us, batches, ..content(&head) });
        assert_eq!(head.check_proposed(&block, now_us), expected, "{timestamp_us} at {now_us}");
    };
    let now = 1_000_000_000;
    check_at(now, now, Ok(()));
    check_at(2, now, Ok(()));
    check_at(now + AHEAD_US_MAX, now, Ok(()));
    check_at(now + AHEAD_US_MAX + 1, now, Err(Invalid::Early));
    check_at(u64::MAX, now, Err(Invalid::Early));
    check_at(u64::MAX, u64::MAX, Ok(()));
    check_at(1, now, Err(Invalid::Time));
}

#[test]
fn makers_are_validators() {
    let mut head = head_at_1();
    let block = |head: &Head, maker| {
        block(head, maker, BlockContent { batches: vec![reference(head, 1, 2)], ..content(head) })
    };
    for maker in 1..=4 {
        assert_eq!(head.check(&block(&head, maker)), Ok(()), "maker {maker}");
    }
    head.membership.apply(&entry(&head, 4, Change::Role(peer(4), Role::Client)).entry);
    head.membership.apply(&entry(&head, 5, Change::Weight(peer(3), Weight(0))).entry);
    for maker in 3..=5 {
        assert_eq!(head.check(&block(&head, maker)), Err(Invalid::Maker), "maker {maker}");
    }
}

#[test]
fn batches_continue_each_makers_numbers() {
    let number = |maker: u8, found, expected| {
        let (found, expected) = (Sequence(found), Sequence(expected));
        Err(Invalid::BatchNumber { maker: peer(maker), found, expected })
    };
    let with = |list: &'static [(u8, u64)], expected| {
        check(
            |head, c| c.batches = list.iter().map(|(m, n)| reference(head, *m, *n)).collect(),
            expected,
        );
    };
    with(&[(1, 2), (2, 1), (1, 3), (2, 2)], Ok(()));
    with(&[(2, 1)], Ok(()));
    with(&[(1, 1)], number(1, 1, 2));
    with(&[(1, 3)], number(1, 3, 2));
    with(&[(1, 2), (1, 2)], number(1, 2, 3));
    with(&[(1, 2), (1, 4)], number(1, 4, 3));
    with(&[(1, 3), (1, 2)], number(1, 3, 2));
    with(&[(2, 0)], number(2, 0, 1));
    with(&[(2, u64::MAX)], number(2, u64::MAX, 1));
    with(&[(9, 1)], Err(Invalid::Creator(peer(9))));
    let mut head = head_at_1();
    head.membership.apply(&entry(&head, 4, Change::Role(peer(4), Role::Auditor)).entry);
    let batches = vec![reference(&head, 4, 1)];
    let found = head.check(&block(&head, 1, BlockContent { batches, ..content(&head) }));
    assert_eq!(found, Err(Invalid::Creator(peer(4))));
}

#[test]
fn a_block_is_bounded_and_not_empty() {
    let sized = |counts: &'static [(u32, u32)], expected: Result<(), Invalid>| {
        check(
            |head, c| {
                let given = |(at, (count, bytes)): (usize, &(u32, u32))| {
                    let named = reference(head, 1, 2 + at as u64);
                    BatchRef { count: *count, bytes: *bytes, ..named }
                };
                c.batches = counts.iter().enumerate().map(given).collect();
            },
            expected,
        );
    };
    let size = |transactions, bytes| Err(Invalid::Size { transactions, bytes });
    sized(&[(10, 5_000), (10, 5_000)], Ok(()));
    sized(&[(10, 5_000), (11, 5_000)], size(21, 10_000));
    sized(&[(10, 5_000), (10, 5_001)], size(20, 10_001));
    sized(&[(u32::MAX, u32::MAX), (u32::MAX, u32::MAX)], size(8_589_934_590, 8_589_934_590));
    sized(&[], Err(Invalid::Empty));
}

#[test]
fn entries_are_numbered_and_signed() {
    let with = |make: fn(&Head) -> Vec<SignedEntry>, expected| {
        check(
            |head, c| {
                c.batches.clear();
                c.entries = make(head);
            },
            expected,
        );
    };
    let refused = |found, expected| {
        Err(Invalid::Entry { found: Sequence(found), expected: Sequence(expected) })
    };
    let leave = |head: &Head, sequence| entry(head, sequence, Change::Leave(peer(4)));
    with(|head| vec![entry(head, 4, Change::Join(member(5)))], Ok(()));
    with(|head| (4..8).map(|n| entry(head, n, Change::Leave(peer(4)))).collect(), Ok(()));
    with(|head| vec![entry(head, 5, Change::Leave(peer(4)))], refused(5, 4));
    with(|head| vec![entry(head, 3, Change::Leave(peer(4)))], refused(3, 4));
    with(|head| (0..2).map(|_| entry(head, 4, Change::Leave(peer(4)))).collect(), refused(4, 5));
    with(|head| vec![entry(head, 4, Change::Leave(peer(4))).entry.sign(&key(1))], refused(4, 4));
    with(
        |head| {
            vec![entry(&Head { channel: Hash::ZERO, ..head.clone() }, 4, Change::Leave(peer(4)))]
        },
        refused(4, 4),
    );
    let most = ENTRIES_MAX as u64;
    let head = head_at_1();
    for (count, expected) in [(most, Ok(())), (most + 1, refused(most + 4, most + 4))] {
        let entries = (4..4 + count).map(|sequence| leave(&head, sequence)).collect();
        let found = head.check(&block(&head, 1, BlockContent { entries, ..content(&head) }));
        assert_eq!(found, expected, "{count} entries");
    }
}

#[test]
fn a_block_carries_the_confirms_of_the_one_before() {
    let with = |stage, height, round, of_head: bool, signers: u8, expected| {
        check(
            |head, c| {
                let hash = if of_head { head.hash } else { Hash::ZERO };
                let place = (Height(height), Round(round));
                let made = certificate(head.channel, stage, place, hash, 1..=signers);
                c.previous_certificate = Some(made);
            },
            expected,
        );
    };
    with(Stage::Confirm, 1, 0, true, 3, Ok(()));
    with(Stage::Confirm, 1, 7, true, 4, Ok(()));
    with(Stage::Vote, 1, 0, true, 3, Err(Invalid::Certificate));
    with(Stage::Confirm, 2, 0, true, 3, Err(Invalid::Certificate));
    with(Stage::Confirm, 1, 0, false, 3, Err(Invalid::Certificate));
    let quorum = Invalid::CertificateRefused(CertificateError::Quorum);
    with(Stage::Confirm, 1, 0, true, 2, Err(quorum));
    let stranger = Invalid::CertificateRefused(CertificateError::Stranger);
    with(Stage::Confirm, 1, 0, true, 5, Err(stranger));
    check(|_, c| c.previous_certificate = None, Err(Invalid::Certificate));
    // At height 1 there is nothing to certify.
    let first = head(4);
    let place = (Height(0), Round(0));
    let made = certificate(first.channel, Stage::Confirm, place, first.hash, 1..=3);
    let batches = vec![reference(&first, 1, 1)];
    let content = BlockContent { batches, previous_certificate: Some(made), ..content(&first) };
    assert_eq!(first.check(&block(&first, 1, content)), Err(Invalid::Certificate));
}

#[test]
fn what_is_executed_is_committed() {
    let at = |height| Executed { height: Height(height), state: Hash::ZERO };
    check(|_, c| c.executed = at(1), Ok(()));
    check(|_, c| c.executed = at(2), Err(Invalid::Executed(Height(2))));
    check(|_, c| c.executed = at(u64::MAX), Err(Invalid::Executed(Height(u64::MAX))));
}

#[test]
fn a_committed_block_is_proved_by_its_own_validators() {
    let check = |change: fn(&mut CommittedBlock), expected| {
        let head = head_at_1();
        let block = next_block(&head, 1);
        let place = (Height(2), Round(3));
        let certificate = certificate(head.channel, Stage::Confirm, place, block.hash(), 1..=3);
        let mut committed = CommittedBlock { block, certificate };
        change(&mut committed);
        assert_eq!(head.check_committed(&committed), expected);
    };
    check(|_| (), Ok(()));
    check(|c| c.certificate.stage = Stage::Vote, Err(Invalid::Certificate));
    check(|c| c.certificate.height = Height(1), Err(Invalid::Certificate));
    check(|c| c.certificate.block = Hash::ZERO, Err(Invalid::Certificate));
    let refused = |error| Err(Invalid::CertificateRefused(error));
    check(|c| c.certificate.round = Round(0), refused(CertificateError::Signature));
    check(|c| c.certificate.signatures.truncate(2), refused(CertificateError::Quorum));
    check(|c| c.block.batches.clear(), Err(Invalid::Body));
}

#[test]
fn a_committed_block_changes_the_head() {
    let head = head_at_1();
    let entries = vec![entry(&head, 4, Change::Join(member(5)))];
    let batches = [(1, 2), (2, 1), (2, 2)].map(|(m, n)| reference(&head, m, n)).to_vec();
    let block = block(&head, 3, BlockContent { batches, entries, ..content(&head) });
    let next = head.apply(&block);
    assert_eq!((next.height, next.hash, next.maker), (Height(2), block.hash(), peer(3)));
    assert_eq!((next.maker_order, next.streak, next.transactions), (3, 1, 4));
    assert_eq!(next.timestamp_us, block.header.timestamp_us);
    for (maker, number, blocks) in [(1, 3, 1), (2, 3, 0), (3, 1, 1), (4, 1, 0)] {
        assert_eq!(next.next_batch(&peer(maker)), Sequence(number), "batches of {maker}");
        let made = next.makers.get(&peer(maker)).map_or(0, |m| m.blocks);
        assert_eq!(made, blocks, "blocks of {maker}");
    }
    // The new member decides from the next height on, not about this block.
    assert!(next.validators().get(&peer(5)).is_some() && next.deciders.get(&peer(5)).is_none());
}

/// Makers of the blocks from height 1 on, and the round 0 leader after each.
#[test]
fn a_leader_stays_for_its_share_of_blocks() {
    let check = |limit, makers: &[u8], leaders: &[u8]| {
        let mut head = head(4);
        head.settings.leader_block_limit = limit;
        let mut found = Vec::new();
        for maker in makers {
            head = head.apply(&next_block(&head, *maker));
            found.push(head.base_leader(&head.validators()) as u8);
        }
        assert_eq!(found, leaders, "limit {limit}, makers {makers:?}");
    };
    let first = head(4);
    assert_eq!(first.base_leader(&first.validators()), 1);
    check(3, &[1, 1, 1, 2, 2, 2, 3], &[1, 1, 2, 2, 2, 3, 3]);
    check(1, &[1, 2, 3, 4, 1], &[2, 3, 4, 1, 2]);
    // Complained about after two: another one begins its own share.
    check(3, &[1, 1, 2, 2, 2, 4], &[1, 1, 2, 2, 3, 4]);
    check(u64::MAX, &[1, 1, 1], &[1, 1, 1]);
    // Its share is made, but the others are silent: it may go on, and passes the turn each time.
    check(2, &[1, 1, 1, 1], &[1, 2, 2, 2]);
}

#[test]
fn a_leader_that_has_left_is_followed_by_the_next() {
    let base = |changes: &[Change], maker: u8| {
        let head = head(4);
        let signed = |(at, change): (usize, &Change)| entry(&head, at as u64 + 4, change.clone());
        let entries = changes.iter().enumerate().map(signed).collect();
        let head = head.apply(&block(&head, maker, BlockContent { entries, ..content(&head) }));
        let order = head.base_leader(&head.validators());
        head.validators().leader(order, Round(0)).order
    };
    assert_eq!(base(&[Change::Leave(peer(2))], 2), 3);
    assert_eq!(base(&[Change::Leave(peer(4))], 4), 1);
    assert_eq!(base(&[Change::Role(peer(1), Role::Client)], 1), 2);
    assert_eq!(base(&[Change::Leave(peer(2)), Change::Leave(peer(3))], 2), 4);
    assert_eq!(base(&[Change::Leave(peer(3))], 2), 2);
}

#[test]
fn a_new_channel_is_its_genesis() {
    let head = Head::new(&genesis());
    assert_eq!((head.height, head.hash), (Height(0), genesis().hash()));
    assert_eq!(head.check(&next_block(&head, 1)), Ok(()));
    let place = (Height(1), Round(0));
    let block = next_block(&head, 1);
    let certificate = certificate(head.channel, Stage::Confirm, place, block.hash(), [1]);
    let next = head.apply(&block);
    let content = BlockContent { previous_certificate: Some(certificate), ..content(&next) };
    let batches = vec![reference(&next, 1, 2)];
    assert_eq!(
        next.check(&crate::tests::block(&next, 1, BlockContent { batches, ..content })),
        Ok(())
    );
}
