use super::{Contradiction, Evidence};
use crate::certificate::{Stage, ballot_digest};
use crate::count::{Height, Round};
use crate::hash::Hash;
use crate::keys::Signature;
use crate::lft::message::{complaint_digest, proposal_digest};
use crate::tests::{batch, key, peer};

const CHANNEL: Hash = Hash([1; 32]);
const A: Hash = Hash([10; 32]);
const B: Hash = Hash([11; 32]);
const AT: (Height, Round) = (Height(4), Round(2));

fn check(what: &str, contradiction: Contradiction, genuine: bool) {
    let evidence = Evidence { signer: peer(1), contradiction };
    assert_eq!(evidence.is_genuine(&CHANNEL, &key(1).public_key()), genuine, "{what}");
    assert!(!evidence.is_genuine(&Hash::ZERO, &key(1).public_key()), "{what}, other channel");
    assert!(!evidence.is_genuine(&CHANNEL, &key(2).public_key()), "{what}, other key");
    let blamed = Evidence { signer: peer(2), ..evidence };
    assert!(!blamed.is_genuine(&CHANNEL, &key(2).public_key()), "{what}, other signer");
    assert!(!blamed.is_genuine(&CHANNEL, &key(1).public_key()), "{what}, other signer's key");
}

fn proposal(block: Hash, justification: Hash) -> (Hash, Hash, Signature) {
    let digest = proposal_digest(&CHANNEL, AT.0, AT.1, &block, &justification);
    (block, justification, key(1).sign(&digest))
}

fn ballot(stage: Stage, round: u64, block: Hash) -> (Hash, Signature) {
    (block, key(1).sign(&ballot_digest(&CHANNEL, stage, AT.0, Round(round), &block)))
}

#[test]
fn two_blocks_for_one_round() {
    let check = |what, statements, genuine| {
        let (height, round) = AT;
        check(what, Contradiction::Proposals { height, round, statements }, genuine);
    };
    check("two blocks", [proposal(A, A), proposal(B, A)], true);
    check("one block, two justifications", [proposal(A, A), proposal(A, B)], false);
    check("the same", [proposal(A, A), proposal(A, A)], false);
    let mut forged = proposal(A, A);
    forged.0 = B;
    check("a forged one", [proposal(A, A), forged], false);
    check("a forged one first", [forged, proposal(A, A)], false);
    let (height, round) = (AT.0, Round(3));
    let statements = [proposal(A, A), proposal(B, A)];
    let moved = Contradiction::Proposals { height, round, statements };
    self::check("of another round", moved, false);
}

#[test]
fn two_ballots_for_one_round() {
    for stage in [Stage::Vote, Stage::Confirm] {
        let check = |what, statements, genuine| {
            let (height, round) = AT;
            check(what, Contradiction::Ballots { stage, height, round, statements }, genuine);
        };
        let other = if stage == Stage::Vote { Stage::Confirm } else { Stage::Vote };
        check("two", [ballot(stage, 2, A), ballot(stage, 2, B)], true);
        check("the same", [ballot(stage, 2, A), ballot(stage, 2, A)], false);
        check("of two rounds", [ballot(stage, 2, A), ballot(stage, 3, B)], false);
        check("a vote and a confirm", [ballot(stage, 2, A), ballot(other, 2, B)], false);
        check("a forged one", [ballot(stage, 2, A), (B, ballot(stage, 2, A).1)], false);
    }
}

#[test]
fn a_confirm_that_a_complaint_denies() {
    let check = |what, confirmed, complained, high: Option<u64>, genuine| {
        let ((height, round), high) = (AT, high.map(Round));
        let digest = complaint_digest(&CHANNEL, height, Round(complained), high);
        let contradiction = Contradiction::ConfirmAndComplaint {
            height,
            round,
            confirmed,
            complained: Round(complained),
            high,
            complaint: key(1).sign(&digest),
        };
        check(what, contradiction, genuine);
    };
    let confirm = ballot(Stage::Confirm, 2, A);
    check("knows of nothing", confirm, 2, None, true);
    check("knows of less", confirm, 5, Some(1), true);
    check("knows of it", confirm, 2, Some(2), false);
    check("knows of more", confirm, 5, Some(3), false);
    check("about a round before", confirm, 1, None, false);
    check("only voted", ballot(Stage::Vote, 2, A), 2, None, false);
    check("confirmed in another round", ballot(Stage::Confirm, 1, A), 2, None, false);
    let (height, round) = AT;
    let complaint = key(1).sign(&complaint_digest(&CHANNEL, height, Round(2), Some(Round(2))));
    let (complained, high, confirmed) = (Round(2), None, confirm);
    let denied = Contradiction::ConfirmAndComplaint {
        height,
        round,
        confirmed,
        complained,
        high,
        complaint,
    };
    self::check("a complaint with another high", denied, false);
}

#[test]
fn two_batches_of_one_number() {
    let one = |maker, number, text: &str| {
        let batch = batch(CHANNEL, maker, number, &[text]);
        (batch.header, batch.signature)
    };
    let two = |a, b| Contradiction::Batches([a, b]);
    check("two", two(one(1, 3, "a"), one(1, 3, "b")), true);
    check("the same", two(one(1, 3, "a"), one(1, 3, "a")), false);
    check("two numbers", two(one(1, 3, "a"), one(1, 4, "b")), false);
    check("another's", two(one(1, 3, "a"), one(2, 3, "b")), false);
    let forged = (one(1, 3, "b").0, one(1, 3, "a").1);
    check("a forged one", two(one(1, 3, "a"), forged), false);
    let elsewhere = crate::tests::batch(Hash([2; 32]), 1, 3, &["b"]);
    check("another channel's", two(one(1, 3, "a"), (elsewhere.header, elsewhere.signature)), false);
}
