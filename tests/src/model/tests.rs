//! What the search stands on: its set of states, its sets of statements, and what it takes for one
//! state.

use chain::certificate::{Certificate, Stage};
use chain::count::{Height, Round};
use chain::hash::{Kind, digest};
use chain::keys::{PeerId, Signature};
use chain::lft::{Record, State};

use super::face::{Face, Matters, face};
use super::plan::Plan;
use super::said::{self, Said};
use super::turn::start;
use super::universe::Universe;
use super::visited::Visited;

const ALL: Matters = Matters { round: 0, all: true, lead: true, open: true };

#[test]
fn visited_keeps_every_state_once() {
    let mut visited = Visited::new();
    // Alike in their low bits, and more than the first table holds.
    let states = || (0..200_000_u64).map(|number| (number << 40) | (number % 3));
    assert!(states().all(|state| visited.insert(state)));
    assert!(!states().any(|state| visited.insert(state)));
    assert_eq!(visited.len(), 200_000);
    let mut found: Vec<u64> = visited.iter().collect();
    found.sort_unstable();
    let mut expected: Vec<u64> = states().collect();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn a_complaint_that_reports_less_counts_as_one_that_reports_more() {
    let highs = [None, Some(0), Some(1), Some(2)];
    for round in 0..said::ROUNDS_MAX {
        for (at, high) in highs.into_iter().enumerate() {
            let said = Said(said::complaint(round, high));
            let counts = Said(said.at_most());
            for (other, more) in highs.into_iter().enumerate() {
                assert_eq!(counts.has(said::complaint(round, more)), other >= at);
            }
            assert_eq!(said.lowest_complaint(round), Some(high));
            assert_eq!(counts.0 & !said::complaints_of(round), 0);
        }
    }
}

#[test]
fn bits_of_statements_do_not_meet() {
    let mut all = 0;
    let mut add = |bit: u64| {
        assert_eq!(all & bit, 0);
        all |= bit;
    };
    for round in 0..said::ROUNDS_MAX {
        for block in 0..said::BLOCKS_MAX {
            add(said::vote(round, block));
            add(said::confirm(round, block));
            let votes = said::vote(round, block);
            assert_eq!(said::blocks_in(votes, said::votes_of(round)).collect::<Vec<_>>(), [block]);
        }
        for high in [None, Some(0), Some(1), Some(2)] {
            add(said::complaint(round, high));
        }
    }
    (0..said::PROPOSALS_MAX).for_each(|slot| add(said::proposal(slot)));
}

fn record(round: u64, block: u8, signer: u8) -> Record {
    let name = digest(Kind::Block, &[&[block]]);
    let signatures = vec![(PeerId([signer; 16]), Signature([signer; 64]))];
    let (stage, height) = (Stage::Vote, Height(1));
    let high = Certificate { stage, height, round: Round(round), block: name, signatures };
    Record { high: Some(high), voted: Some((Round(round), name)), ..Record::at(height) }
}

#[test]
fn certificates_differ_in_what_they_certify_and_not_in_their_signers() {
    let seen = |record: &Record| face(&format!("{record:?}"), ALL);
    assert_eq!(seen(&record(0, 1, 1)), seen(&record(0, 1, 2)));
    assert_ne!(seen(&record(0, 1, 1)), seen(&record(1, 1, 1)));
    assert_ne!(seen(&record(0, 1, 1)), seen(&record(0, 2, 1)));
    let complained = Record { complained: Some(Round(0)), ..record(0, 1, 1) };
    assert_ne!(seen(&record(0, 1, 1)), seen(&complained));
}

// A field that is added to `State` or `Record` tells states apart until it is named as one that
// does not.
#[test]
fn every_field_of_a_state_counts() {
    let universe = Universe::new(&Plan::find("equal-3").expect("the plan is listed"));
    let record = Record { proposed: None, block: None, entered: None, ..record(0, 1, 1) };
    let state = State::new(start(&universe, 0, record));
    let Face { shown, heard } = face(&format!("{state:?}"), ALL);
    assert_eq!(heard, "");
    let fields = "height round base_leader record height voted complained high stage \
                  height round block block earlier proposed entered blocks proposed tally confirmed \
                  commit decided work_waits building timer";
    let mut rest = shown.as_str();
    for field in fields.split_whitespace() {
        let Some((_, after)) = rest.split_once(&format!("{field}:")) else {
            panic!("{field} is not in its place in {shown}")
        };
        rest = after;
    }
}

#[test]
fn complaints_heard_count_from_the_current_round_on() {
    let text = "State { tally: Tally { ballots: {(Vote, Round(0)): {aa: (bb, cc)}}, complaints: \
                {aa: (Complaint { height: Height(1), round: Round(0), high: None }, dd), bb: \
                (Complaint { height: Height(1), round: Round(1), high: Some(Round(0)) }, ee)}, \
                accused: {} }, timer: None }";
    let heard = |round| face(text, Matters { round, ..ALL }).heard;
    assert!(heard(0).contains("aa") && heard(0).contains("bb"));
    assert!(!heard(1).contains("aa") && heard(1).contains("bb"));
    assert_eq!(heard(2), "");
    assert_eq!(face(text, ALL).shown, "State { tally: , timer: None }");
}
