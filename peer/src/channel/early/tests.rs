use chain::certificate::Stage;
use chain::count::{Height, Round};
use chain::lft::message::{Ballot, Message, Statement};

use super::{Early, MESSAGES_PER_SENDER};
use crate::tests::{hash, key, peer};

fn message(round: u64) -> Message {
    let (stage, height, round) = (Stage::Vote, Height(2), Round(round));
    let ballot = Ballot { stage, height, round, block: hash(1) };
    Statement::Ballot(ballot).sign(&hash(9), &key(1))
}

#[test]
fn each_sender_has_its_own_bound() {
    let mut early = Early::default();
    for round in 0..1000 {
        early.keep(peer(1), message(round));
    }
    early.keep(peer(2), message(7));
    let kept = early.take();
    let expected = (0..MESSAGES_PER_SENDER as u64).map(|round| (peer(1), message(round)));
    let expected: Vec<_> = expected.chain([(peer(2), message(7))]).collect();
    assert_eq!(kept, expected, "the first of each sender, in the order they came");
}

#[test]
fn what_was_taken_is_gone_and_makes_room() {
    let mut early = Early::default();
    for height in 0..3 {
        for round in 0..MESSAGES_PER_SENDER as u64 {
            early.keep(peer(1), message(round));
        }
        assert_eq!(early.take().len(), MESSAGES_PER_SENDER, "turn {height}");
        assert!(early.take().is_empty());
    }
}
