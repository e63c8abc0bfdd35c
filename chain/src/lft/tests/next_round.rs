use super::check;

#[test]
fn the_leader_of_round_0_makes_a_block_of_what_waits() {
    check(
        0,
        "work       => timer 0 1000; build 0
         work       =>
         built 0 A0 => persist voted 0/A0 proposed 0/A0; send block 0 A0; send vote 0 A0
         work       =>
         built 0 B0 =>
         block 0 A0 =>",
    );
    check(1, "work => timer 0 1000\n built 0 A1 =>");
}

#[test]
fn a_complaint_certificate_begins_the_next_round() {
    check(
        1,
        "complain 0 by 0 =>
         complain 0 by 2 => persist complained 0; send complain 0 high -; timer 0 1000
         complain 0 by 3 => send pass 0 because 023 high -; persist entered after 0;
             timer 1 2000; build 1
         built 1 B1 => persist voted 1/B1 proposed 1/B1; send block 1 B1 because 023 high -;
             send vote 1 B1",
    );
    // Round 1 is not the own turn.
    check(
        2,
        "pass 0 because 013:- => send pass 0 because 013 high -; persist entered after 0;
            timer 1 2000",
    );
    // Passed on once.
    check(
        2,
        "pass 0 because 013:- => send pass 0 because 013 high -; persist entered after 0;
            timer 1 2000
         pass 0 because 013:- =>
         pass 0 because 012:- =>",
    );
}

#[test]
fn the_leader_proposes_the_block_that_complaints_report() {
    check(
        1,
        "block 0 A0 => timer 0 1000; check A0
         checked A0 => persist voted 0/A0; send vote 0 A0
         complain 0 by 2 high 0/A0 => persist high 0/A0; send confirm 0 A0
         complain 0 by 3 => persist complained 0; send complain 0 high 0/A0
         complain 0 by 0 => send pass 0 because 023 high 0/A0; persist entered after 0;
             timer 1 2000; \
             persist voted 1/A0 proposed 1/A0; send block 1 A0 because 023 high 0/A0;
             send vote 1 A0",
    );
}

#[test]
fn a_leader_asks_for_the_block_it_is_obliged_to() {
    check(
        1,
        "pass 0 because 02:-+3:0/A0 => persist high 0/A0; fetch A0; send confirm 0 A0; \
             send pass 0 because 023 high 0/A0; persist entered after 0; timer 1 2000; fetch A0
         built 1 B1 =>
         found A0   => check A0; persist proposed 1/A0; send block 1 A0 because 023 high 0/A0
         block 1 A0 because 02:-+3:0/A0 => check A0
         checked A0 => persist voted 1/A0; send vote 1 A0",
    );
}

#[test]
fn what_the_complaints_do_not_report_does_not_oblige() {
    // The leader knows a certificate by now, but nobody who complained did.
    check(
        1,
        "vote 0 A0 by 0 =>
         vote 0 A0 by 2 =>
         pass 0 because 023:- => send pass 0 because 023 high -; persist entered after 0;
             timer 1 2000; build 1
         vote 0 A0 by 3 => persist high 0/A0; fetch A0; send confirm 0 A0
         built 1 B1 => persist voted 1/B1 proposed 1/B1; send block 1 B1 because 023 high -;
             send vote 1 B1",
    );
}

#[test]
fn reports_without_their_certificate_bring_nobody_along() {
    check(1, "pass 0 because 02:-+3:0 =>");
    check(1, "pass 1 because 02:1+3:0/A0 =>");
}

#[test]
fn a_round_may_be_skipped() {
    check(
        2,
        "pass 1 because 013:- => send pass 1 because 013 high -; persist entered after 1;
            timer 2 4000; build 2
         built 1 B2 =>
         built 2 C2 => persist voted 2/C2 proposed 2/C2; send block 2 C2 because 013 high -;
             send vote 2 C2",
    );
}

/// A dishonest peer may hold back its vote and show the certificate rounds later: those who voted
/// for the block must still have it.
#[test]
fn a_block_voted_for_is_there_when_it_turns_out_to_be_certified() {
    check(
        3,
        "block 0 A0 => timer 0 1000; check A0
         checked A0 => persist voted 0/A0; send vote 0 A0
         block 1 B1 because 012:- => send pass 0 because 012 high -; persist entered after 0;
             timer 1 2000; check B1
         checked B1 => persist voted 1/B1; send vote 1 B1
         block 2 C2 because 012:- => send pass 1 because 012 high -; persist entered after 1;
             timer 2 4000; check C2
         checked C2 => persist voted 2/C2; send vote 2 C2
         complain 2 by 0 high 0/A0 => persist high 0/A0; send confirm 0 A0
         complain 2 by 1 high 0/A0 => persist complained 2; send complain 2 high 0/A0
         complain 2 by 3 high 0/A0 => send pass 2 because 013 high 0/A0; persist entered after 2;
             timer 3 8000; \
             persist voted 3/A0 proposed 3/A0; send block 3 A0 because 013 high 0/A0;
             send vote 3 A0",
    );
}

#[test]
fn blocks_are_not_kept_for_ever() {
    let mut stand = super::Stand::new(0);
    let mut largest = 0;
    for round in 1..200_u64 {
        let name = format!("{}{}", ['A', 'B', 'C'][(round % 3) as usize], round % 4);
        stand.tell(&format!("block {round} {name} because 123:-"));
        stand.tell(&format!("checked {name}"));
        if round % 4 > 0 {
            assert_eq!(stand.disk.voted.map(|(round, _)| round.0), Some(round));
        }
        largest = largest.max(stand.state.blocks.len());
    }
    assert!(largest <= 18, "{largest} blocks");
    assert_eq!(stand.state.record.earlier.len(), 11, "each other block once");
}
