//! That every statement of every script is covered by the record on disk when it leaves, and by
//! none from before, is checked for all scripts (`Stand::note_said`).

use super::Stand;
use crate::certificate::Stage;
use crate::count::{Height, Round};
use crate::evidence::{Contradiction, Evidence};
use crate::hash::Hash;
use crate::keys::{Signature, verify};
use crate::lft::Record;
use crate::lft::message::{Ballot, Complaint};
use crate::lft::standing::{Author, LastSaid, Said, SignedSaid, Standing};
use crate::tests::{key, members, peer};
use crate::validators::ValidatorSet;

fn ballot(stage: Stage, height: u64, round: u64, block: u8) -> Said {
    let (height, round, block) = (Height(height), Round(round), Hash([block; 32]));
    Said::Ballot(Ballot { stage, height, round, block })
}

fn complaint(height: u64, round: u64, high: Option<u64>) -> Said {
    let (height, round, high) = (Height(height), Round(round), high.map(Round));
    Said::Complaint(Complaint { height, round, high })
}

#[test]
fn a_record_covers_what_was_said_with_it_and_all_of_lower_heights() {
    let mut stand = Stand::new(1);
    stand.tell("block 0 A0");
    stand.tell("checked A0");
    let (height, a0) = (stand.state.height.0, stand.block("A0").hash());
    let record = Record { height: Height(height), complained: Some(Round(1)), ..stand.disk };
    let cases = [
        (ballot(Stage::Vote, height - 1, 9, 1), true),
        (complaint(height - 1, 9, Some(8)), true),
        (ballot(Stage::Vote, height + 1, 0, 1), false),
        (ballot(Stage::Vote, height, 0, a0.0[0]), false),
        (ballot(Stage::Vote, height, 1, 1), false),
        (ballot(Stage::Confirm, height, 0, 1), false),
        (complaint(height, 0, None), true),
        (complaint(height, 1, None), true),
        (complaint(height, 1, Some(0)), false),
        (complaint(height, 2, None), false),
    ];
    for (said, covered) in cases {
        assert_eq!(record.covers(&said), covered, "{said:?}");
    }
    let Said::Ballot(voted) = ballot(Stage::Vote, height, 0, 0) else { unreachable!() };
    assert!(record.covers(&Said::Ballot(Ballot { block: a0, ..voted })));
}

#[test]
fn a_peer_is_sure_once_a_quorum_with_it_has_answered() {
    let equal = members(&[(1, ""), (1, ""), (1, ""), (1, "")]);
    let heavy = members(&[(1, ""), (1, ""), (5, "")]);
    let alone = members(&[(1, "")]);
    let cases: [(_, u8, &[u8], bool); 7] = [
        (&equal, 1, &[], false),
        (&equal, 1, &[2], false),
        (&equal, 1, &[2, 9], false),
        (&equal, 1, &[2, 4], true),
        (&heavy, 1, &[2], false),
        (&heavy, 1, &[3], true),
        (&alone, 1, &[], true),
    ];
    for (membership, me, answered, expected) in cases {
        let validators = ValidatorSet::of(membership, None);
        let mut standing = Standing::default();
        answered.iter().for_each(|number| standing.answered(peer(*number)));
        assert_eq!(standing.settle(peer(me), &validators), expected, "{answered:?}");
        assert_eq!(standing.is_sure(), expected);
    }
}

#[test]
fn a_peer_that_is_sure_stays_so_when_the_validators_change() {
    let mut standing = Standing::default();
    assert!(standing.settle(peer(1), &ValidatorSet::of(&members(&[(1, "")]), None)));
    let more = ValidatorSet::of(&members(&[(1, ""), (1, ""), (1, ""), (1, "")]), None);
    assert!(standing.settle(peer(1), &more));
    assert!(Standing::new_member().settle(peer(1), &more), "who is new has said nothing");
}

#[test]
fn what_was_said_last_is_remembered_with_its_proof() {
    let stand = Stand::new(0);
    let mut last = LastSaid::default();
    assert_eq!(last.of(&peer(3)), []);
    for words in ["complain 1 by 2", "pass 0 because 012:-"] {
        let words: Vec<&str> = words.split(' ').collect();
        last.hear(&stand.message(&words));
    }
    let [signed] = last.of(&peer(3))[..] else { panic!("one thing was said") };
    assert_eq!(signed.said, complaint(stand.state.height.0, 1, None));
    let author = |number: u8| Author { channel: stand.head.channel, key: key(number).public_key() };
    assert!(verify(signed, &author(3)).is_ok());
    assert!(verify(signed, &author(2)).is_err());
    assert!(verify(signed, &Author { channel: Hash::ZERO, ..author(3) }).is_err());
    let other = SignedSaid { said: complaint(stand.state.height.0, 2, None), ..signed };
    assert!(verify(other, &author(3)).is_err());
}

#[test]
fn what_was_said_before_hides_nothing_when_it_is_heard_again() {
    let stand = Stand::new(0);
    let height = stand.state.height.0;
    let (a0, a1) = (stand.block("A0").hash(), stand.block("A1").hash());
    let on = |stage, round, block| {
        Said::Ballot(Ballot { stage, height: Height(height), round: Round(round), block })
    };
    let mut last = LastSaid::default();
    for words in [
        "vote 1 A1 by 2",
        "vote 0 A0 by 2",
        "complain 1 by 2 high 0/A0",
        "complain 1 by 2",
        "complain 0 by 2",
        "confirm 0 A0 by 2",
        "vote 0 A0 by 2",
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        last.hear(&stand.message(&words));
    }
    let said: Vec<Said> = last.of(&peer(3)).iter().map(|signed| signed.said).collect();
    let expected =
        [on(Stage::Vote, 1, a1), complaint(height, 1, Some(0)), on(Stage::Confirm, 0, a0)];
    assert_eq!(said, expected);
    assert_eq!(last.count(), 3);
    let earlier =
        SignedSaid { said: ballot(Stage::Vote, height - 1, 9, 1), ..last.of(&peer(3))[0] };
    last.note(peer(3), earlier);
    assert_eq!(last.count(), 3, "of an earlier height");
    let later = SignedSaid { said: ballot(Stage::Vote, height + 1, 0, 1), ..earlier };
    last.note(peer(3), later);
    assert_eq!(last.of(&peer(3)), [later], "of a later height");
}

#[test]
fn every_kind_of_message_is_proven_by_what_is_remembered_of_it() {
    let stand = Stand::new(0);
    for (words, signer) in [
        ("block 0 A0", 1),
        ("block 1 A1 because 012:-", 2),
        ("vote 0 A0 by 1", 2),
        ("confirm 0 A0 by 1", 2),
        ("complain 0 by 1", 2),
        ("complain 0 by 1 high 0/A0", 2),
    ] {
        let words: Vec<&str> = words.split(' ').collect();
        let (found, signed) = SignedSaid::of(&stand.message(&words)).unwrap();
        assert_eq!(found, peer(signer), "{words:?}");
        let author = Author { channel: stand.head.channel, key: key(signer).public_key() };
        assert!(verify(signed, &author).is_ok(), "{words:?}");
    }
}

#[test]
fn evidence_and_certificates_show_what_was_said() {
    let (height, round) = (Height(4), Round(1));
    let (a, b, none) = (Hash([1; 32]), Hash([2; 32]), Signature([0; 64]));
    let shown = |contradiction| Said::in_evidence(&Evidence { signer: peer(1), contradiction });
    let proposal = |block, justification| Said::Proposal { height, round, block, justification };
    let statements = [(a, b, none), (b, a, none)];
    assert_eq!(
        shown(Contradiction::Proposals { height, round, statements }),
        [proposal(a, b), proposal(b, a)]
    );
    let stage = Stage::Vote;
    let statements = [(a, none), (b, none)];
    assert_eq!(
        shown(Contradiction::Ballots { stage, height, round, statements }),
        [ballot(stage, 4, 1, 1), ballot(stage, 4, 1, 2)]
    );
    let denied = Contradiction::ConfirmAndComplaint {
        height,
        round,
        confirmed: (a, none),
        complained: Round(2),
        high: None,
        complaint: none,
    };
    assert_eq!(shown(denied), [ballot(Stage::Confirm, 4, 1, 1), complaint(4, 2, None)]);

    let stand = Stand::new(0);
    let certificate = stand.certified("0/A0").unwrap();
    let block = stand.block("A0").hash();
    let voted = Ballot { stage, height: stand.state.height, round: Round(0), block };
    assert_eq!(Said::in_certificate(&certificate, &peer(1)), Some(Said::Ballot(voted)));
    assert_eq!(Said::in_certificate(&certificate, &peer(4)), None);
}
