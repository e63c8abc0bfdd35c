use std::time::{Duration, Instant};

use chain::count::{Height, Round};
use chain::keys::PeerId;

use super::{Votes, WaitingFor, What};
use crate::tests::peer;

fn words(what: What, missing: &[(u8, Option<u64>)]) -> String {
    let now = Instant::now() + Duration::from_secs(3600);
    let at = |ago_ms: u64| now - Duration::from_millis(ago_ms);
    let missing = missing.iter().map(|(number, ago)| (peer(*number), ago.map(at))).collect();
    let waiting = WaitingFor { height: Height(8), round: Round(2), what, missing };
    let name = |id: &PeerId| {
        let number = (1..99).find(|number| peer(*number) == *id).unwrap();
        format!("peer {number}")
    };
    waiting.words(now, name)
}

#[test]
fn what_is_waited_for_is_said_in_words_with_those_it_waits_for() {
    let votes = Votes { there: 2, needed: 3 };
    let one: &[(u8, Option<u64>)] = &[(4, Some(4_123))];
    let two = &[(3, None), (4, Some(0))];
    let cases = [
        (What::Nothing, &[][..], "nothing: no transactions wait"),
        (What::Confirms(votes), one, "confirms: 2 of 3, missing peer 4, last heard 4.1 s ago"),
        (
            What::Votes(votes),
            two,
            "votes: 2 of 3, missing peer 3, not heard yet; peer 4, last heard 0.0 s ago",
        ),
        (
            What::Complaints(Round(2), votes),
            one,
            "complaints about round 2: 2 of 3, missing peer 4, last heard 4.1 s ago",
        ),
        (What::Leader, one, "the block of round 2 from peer 4, last heard 4.1 s ago"),
        (
            What::Batches(7),
            one,
            "7 batches that the block of round 2 names, from peer 4, last heard 4.1 s ago",
        ),
        (
            What::Blocks(Height(90)),
            one,
            "committed blocks up to height 90 from peer 4, last heard 4.1 s ago",
        ),
        (What::Execution(Height(7)), &[], "the SCORE of this peer, to execute height 7"),
        (What::Proposal, &[], "this peer, to propose the block of round 2"),
        (
            What::CertifiedBlock,
            one,
            "a block that a quorum has signed, from peer 4, last heard 4.1 s ago",
        ),
        (What::Check, &[], "this peer, to check the leader's block"),
        (
            What::Answers(votes),
            one,
            "answers about what this peer said before: 2 of 3, missing peer 4, last heard 4.1 s ago",
        ),
        (What::Admission, &[], "the radiostation, to admit this peer to the channel"),
        (
            What::AdmissionAgain,
            &[],
            "the radiostation's operator, to admit this peer again: its record of votes is lost \
             or old",
        ),
    ];
    for (what, missing, expected) in cases {
        assert_eq!(words(what, missing), expected);
    }
}

#[test]
fn many_missing_peers_are_counted() {
    let missing: Vec<(u8, Option<u64>)> = (1..=11).map(|number| (number, None)).collect();
    let said = words(What::Leader, &missing);
    assert!(said.ends_with("peer 8, not heard yet; and 3 more"), "{said}");
}
