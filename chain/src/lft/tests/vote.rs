use super::check;

#[test]
fn a_valid_block_of_the_leader_gets_one_vote() {
    check(
        1,
        "block 0 A0 => timer 0 1000; check A0
         checked A0 => persist voted 0/A0; send vote 0 A0
         block 0 A0 =>
         checked A0 =>
         timeout 0  => persist complained 0; send complain 0 high -; timer 0 1000",
    );
}

#[test]
fn an_invalid_block_earns_a_complaint_at_once() {
    check(
        1,
        "block 0 A0 => timer 0 1000; check A0
         refused A0 => persist complained 0; send complain 0 high -
         checked A0 =>
         block 0 A0 =>",
    );
    // Not its leader's own block.
    check(1, "block 0 A2 => timer 0 1000; persist complained 0; send complain 0 high -");
    // A justification where none belongs.
    check(
        1,
        "block 0 A0 because 012:- => persist complained 0; send complain 0 high -; timer 0 1000",
    );
}

#[test]
fn two_blocks_for_a_round_earn_a_complaint_and_are_evidence() {
    check(
        1,
        "block 0 A0 => timer 0 1000; check A0
         block 0 B0 => accuse 0; persist complained 0; send complain 0 high -
         checked A0 =>
         block 0 C0 =>",
    );
    check(
        1,
        "block 0 A0 => timer 0 1000; check A0
         checked A0 => persist voted 0/A0; send vote 0 A0
         block 0 B0 => accuse 0; persist complained 0; send complain 0 high -",
    );
}

#[test]
fn no_vote_up_to_a_round_complained_about() {
    check(
        1,
        "work       => timer 0 1000
         timeout 0  => persist complained 0; send complain 0 high -; timer 0 1000
         block 0 A0 => check A0
         checked A0 =>",
    );
    // Joined ahead: round 1 is complained about before it is entered.
    check(
        2,
        "complain 1 by 0 =>
         complain 1 by 3 => persist complained 1; send complain 1 high -; timer 0 1000
         block 1 A1 because 013:- => send pass 0 because 013 high -; persist entered after 0;
             timer 1 2000; check A1
         checked A1 =>",
    );
}

#[test]
fn a_block_of_a_round_below_is_too_late() {
    check(
        2,
        "pass 0 because 013:- => send pass 0 because 013 high -; persist entered after 0;
            timer 1 2000
         block 0 A0 =>
         block 1 A1 because 013:- => check A1
         checked A1 => persist voted 1/A1; send vote 1 A1",
    );
}

#[test]
fn only_a_complaint_certificate_for_the_round_before_justifies_a_block() {
    let entered = "pass 0 because 013:- => send pass 0 because 013 high -;
        persist entered after 0; timer 1 2000";
    let objected = "persist complained 1; send complain 1 high -";
    check(2, &format!("{entered}\n block 1 A1 => {objected}"));
    // Of a later round: no reason to go there.
    check(3, "block 1 A1 =>\n block 0 A0 => timer 0 1000; check A0");
    check(3, "block 2 A2 =>");
}

#[test]
fn a_block_is_the_one_that_the_complaints_oblige_to() {
    let entered = "pass 0 because 013:- => send pass 0 because 013 high -;
        persist entered after 0; timer 1 2000";
    let obliged = "pass 0 because 01:-+3:0/A0 => persist high 0/A0; fetch A0; send confirm 0 A0; \
                   send pass 0 because 013 high 0/A0; persist entered after 0; timer 1 2000";
    let objected = "persist complained 1; send complain 1 high";
    // None reported: a new block of the leader, and no other.
    check(2, &format!("{entered}\n block 1 A1 because 013:- => check A1"));
    check(2, &format!("{entered}\n block 1 A0 because 013:- => {objected} -"));
    // One reported: exactly that block, whoever made it.
    check(2, &format!("{obliged}\n block 1 A0 because 01:-+3:0/A0 => check A0"));
    check(2, &format!("{obliged}\n block 1 B1 because 01:-+3:0/A0 => {objected} 0/A0"));
    // The same, with complaints of others that report none: a leader may choose whose it uses.
    check(2, &format!("{obliged}\n block 1 B1 because 012:- => check B1"));
    // It reports a certificate and does not carry it.
    check(2, &format!("{entered}\n block 1 A0 because 01:-+3:0 => {objected} -"));
    check(2, "block 1 A0 because 01:-+3:0 =>");
}

#[test]
fn the_certificate_is_at_least_as_high_as_reported() {
    let two = "pass 0 because 013:- => send pass 0 because 013 high -; persist entered after 0;
        timer 1 2000
               pass 1 because 013:- => send pass 1 because 013 high -; persist entered after 1;
                   timer 2 4000";
    // Round 1 is reported, round 0 is shown.
    check(
        3,
        &format!(
            "{two}\n block 2 A0 because 01:1+3:0/A0 => persist complained 2; send complain 2 high -"
        ),
    );
    check(
        3,
        &format!(
            "{two}\n block 2 B1 because 01:0+3:1/B1 => persist high 1/B1; fetch B1;
                send confirm 1 B1; check B1"
        ),
    );
}

#[test]
fn a_block_brings_its_round_along() {
    check(
        3,
        "block 2 A2 because 012:- => send pass 1 because 012 high -; persist entered after 1;
            timer 2 4000; check A2
         checked A2 => persist voted 2/A2; send vote 2 A2",
    );
}

#[test]
fn what_was_refused_in_one_round_is_looked_at_again_in_the_next() {
    check(
        2,
        "block 0 A0 => timer 0 1000; check A0
         refused A0 => persist complained 0; send complain 0 high -
         block 1 A0 because 01:-+3:0/A0 => persist high 0/A0; send pass 0 because 013 high 0/A0;
             persist entered after 0; timer 1 2000; check A0
         checked A0 => persist voted 1/A0; send vote 1 A0",
    );
}

#[test]
fn who_is_no_leader_is_not_listened_to() {
    let mut stand = super::Stand::new(1);
    let block = stand.block("A2");
    let (height, round) = (stand.state.height, crate::count::Round(0));
    let proposal = super::Proposal { height, round, block, justification: None };
    let message = stand.sign(super::Statement::Propose(proposal), 2);
    let event = stand.received(message);
    assert_eq!(stand.tell_event(event), "");
}
