use super::{Stand, check};
use crate::certificate::Stage;
use crate::count::Round;
use crate::lft::tally::ROUNDS_KEPT;

#[test]
fn two_ballots_of_one_signer_are_evidence_once() {
    check(
        0,
        "vote 0 A0 by 1 =>
         vote 0 B0 by 1 => accuse 1
         vote 0 C0 by 1 =>
         vote 1 A0 by 1 =>
         vote 1 B0 by 1 =>
         confirm 0 A0 by 2 =>
         confirm 0 B0 by 2 => accuse 2
         vote 0 A0 by 3 =>
         confirm 0 B0 by 3 =>",
    );
}

#[test]
fn a_double_voter_counts_for_what_it_said_first() {
    check(
        0,
        "vote 0 A0 by 1 =>
         vote 0 B0 by 1 => accuse 1
         vote 0 B0 by 2 =>
         vote 0 B0 by 3 =>
         vote 0 A0 by 0 =>",
    );
}

#[test]
fn a_confirm_and_a_complaint_that_denies_it_are_evidence() {
    check(0, "confirm 1 A0 by 2 =>\n complain 1 by 2 => accuse 2");
    check(0, "complain 3 by 2 =>\n confirm 1 A0 by 2 => accuse 2\n confirm 2 A0 by 2 =>");
    check(0, "confirm 1 A0 by 2 =>\n complain 0 by 2 =>");
    check(
        0,
        "confirm 1 B1 by 2 =>
         complain 1 by 2 high 1/B1 => persist high 1/B1; fetch B1; timer 1 2000; send confirm 1 B1",
    );
    // An earlier certificate does not answer for a later confirm.
    check(
        0,
        "confirm 1 B1 by 2 =>
         complain 1 by 2 high 0/A0 => persist high 0/A0; fetch A0; send confirm 0 A0; accuse 2",
    );
}

/// Rounds below 100 of which votes are kept.
fn rounds_kept(stand: &Stand) -> usize {
    let a0 = stand.block("A0").hash();
    let votes = |round: &u64| stand.state.tally.signers(Stage::Vote, Round(*round), a0);
    (0..100).filter(|round| !votes(round).is_empty()).count()
}

#[test]
fn a_flood_of_rounds_is_bounded() {
    let mut stand = Stand::new(0);
    for round in (0..60).chain([1_000, u64::MAX - 1, u64::MAX]) {
        for line in [
            format!("vote {round} A0 by 1"),
            format!("confirm {round} A0 by 1"),
            format!("complain {round} by 1"),
        ] {
            stand.tell(&line);
        }
    }
    let (within, a0) = (Round(ROUNDS_KEPT), stand.block("A0").hash());
    let tally = &stand.state.tally;
    assert_eq!(tally.signers(Stage::Vote, within, a0).len(), 1);
    assert_eq!(tally.signers(Stage::Vote, within.next(), a0).len(), 0);
    assert_eq!(tally.complainers(Round(u64::MAX)).len(), 1);
    assert_eq!(rounds_kept(&stand), ROUNDS_KEPT as usize + 1);
}

#[test]
fn ballots_far_below_the_round_are_forgotten() {
    let mut stand = Stand::new(0);
    stand.tell("vote 0 A0 by 1");
    stand.tell("vote 5 A0 by 1");
    stand.tell(&format!("pass {} because 123:-", ROUNDS_KEPT + 4));
    assert_eq!(stand.state.round, Round(ROUNDS_KEPT + 5));
    assert_eq!(rounds_kept(&stand), 1);
}

#[test]
fn who_signed_and_who_complains_can_be_shown() {
    let mut stand = Stand::new(0);
    stand.tell("vote 0 A0 by 1");
    stand.tell("vote 0 B0 by 2");
    stand.tell("complain 0 by 3");
    let (tally, a0) = (&stand.state.tally, stand.block("A0").hash());
    assert_eq!(tally.signers(Stage::Vote, Round(0), a0), [crate::tests::peer(2)]);
    assert_eq!(tally.complainers(Round(0)), [crate::tests::peer(4)]);
    assert_eq!(tally.complainers(Round(1)), []);
}
