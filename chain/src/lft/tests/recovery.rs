use super::{Stand, check};

#[test]
fn nothing_durable_nothing_to_say() {
    check(1, "restart =>");
}

#[test]
fn a_vote_is_said_again_and_never_another_one() {
    check(
        1,
        "block 0 A0 => timer 0 1000; check A0
         checked A0 => persist voted 0/A0; send vote 0 A0
         restart    => check A0; send vote 0 A0; timer 0 1000
         block 0 B0 => check B0
         checked B0 =>
         checked A0 =>",
    );
}

#[test]
fn a_confirm_is_said_again() {
    check(
        1,
        "block 0 A0 => timer 0 1000; check A0
         checked A0 => persist voted 0/A0; send vote 0 A0
         complain 0 by 0 high 0/A0 => persist high 0/A0; send confirm 0 A0
         restart    => check A0; send vote 0 A0; send confirm 0 A0; timer 0 1000
         checked A0 =>
         timeout 0  => persist complained 0; send complain 0 high 0/A0; timer 0 1000
         restart    => check A0; send complain 0 high 0/A0; timer 0 1000
         vote 0 A0 by 0 =>
         vote 0 A0 by 2 =>
         vote 0 A0 by 3 =>",
    );
}

#[test]
fn a_proposal_is_said_again_and_never_another_one() {
    check(
        0,
        "work       => timer 0 1000; build 0
         built 0 A0 => persist voted 0/A0 proposed 0/A0; send block 0 A0; send vote 0 A0
         restart    => check A0; send block 0 A0; send vote 0 A0; timer 0 1000
         work       =>
         built 0 B0 =>",
    );
    check(
        1,
        "pass 0 because 023:- => send pass 0 because 023 high -; persist entered after 0;
            timer 1 2000; build 1
         built 1 B1 => persist voted 1/B1 proposed 1/B1; send block 1 B1 because 023 high -;
             send vote 1 B1
         restart    => check B1; send block 1 B1 because 023 high -; send vote 1 B1; timer 1 2000",
    );
}

/// Others may still need the complaints that brought this peer to its round.
#[test]
fn the_round_and_what_led_there_survive() {
    check(
        2,
        "pass 0 because 013:- => send pass 0 because 013 high -; persist entered after 0;
            timer 1 2000
         restart   => send pass 0 because 013 high -; timer 1 2000
         timeout 1 => send pass 0 because 013 high -; persist complained 1;
             send complain 1 high -; timer 1 2000
         restart   => send pass 0 because 013 high -; send complain 1 high -; timer 1 2000",
    );
    // The leader makes the block that it had not made.
    check(
        1,
        "pass 0 because 023:- => send pass 0 because 023 high -; persist entered after 0;
            timer 1 2000; build 1
         restart    => send pass 0 because 023 high -; timer 1 2000; build 1
         built 1 B1 => persist voted 1/B1 proposed 1/B1; send block 1 B1 because 023 high -;
             send vote 1 B1",
    );
    check(
        1,
        "pass 0 because 02:-+3:0/A0 => persist high 0/A0; fetch A0; send confirm 0 A0; \
             send pass 0 because 023 high 0/A0; persist entered after 0; timer 1 2000; fetch A0
         restart  => send pass 0 because 023 high 0/A0; send confirm 0 A0; timer 1 2000; fetch A0
         found A0 => check A0; persist proposed 1/A0; send block 1 A0 because 023 high 0/A0",
    );
    check(
        0,
        "complain 2 by 1 high 2/C2 => persist high 2/C2; fetch C2; timer 2 4000; send confirm 2 C2
         restart => send confirm 2 C2; timer 2 4000",
    );
}

#[test]
fn a_complaint_ahead_does_not_change_the_round() {
    check(
        3,
        "complain 2 by 0 =>
         complain 2 by 1 => persist complained 2; send complain 2 high -; timer 0 1000
         restart         => send complain 2 high -; timer 0 1000
         pass 0 because 012:- => send pass 0 because 012 high -; persist entered after 0;
             timer 1 2000
         block 1 B1 because 012:- => check B1
         checked B1 =>",
    );
}

#[test]
fn a_block_voted_for_commits_after_a_restart() {
    check(
        1,
        "block 0 A0 => timer 0 1000; check A0
         checked A0 => persist voted 0/A0; send vote 0 A0
         restart    => check A0; send vote 0 A0; timer 0 1000
         confirm 0 A0 by 0 =>
         confirm 0 A0 by 2 =>
         confirm 0 A0 by 3 =>
         checked A0 => commit A0 of 0",
    );
}

/// All may fail at once, and a certificate of the earlier block turn up afterwards.
#[test]
fn a_block_voted_for_in_an_earlier_round_is_still_there_after_a_restart() {
    let mut stand = Stand::new(1);
    for line in ["block 0 A0", "checked A0", "pass 0 because 023:-", "built 1 B1"] {
        stand.tell(line);
    }
    let (a0, b1) = (stand.block("A0"), stand.block("B1"));
    stand.tell("restart");
    assert_eq!(stand.state.record.voted.map(|(_, block)| block), Some(b1.hash()));
    for block in [a0, b1] {
        assert!(stand.state.block(&block.hash()).is_some(), "{}", stand.name(&block.hash()));
    }
}
