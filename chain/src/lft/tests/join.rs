use super::check;

#[test]
fn complaints_of_a_set_with_an_honest_peer_are_joined() {
    check(
        3,
        "complain 0 by 0 =>
         complain 0 by 0 =>
         complain 0 by 1 => persist complained 0; send complain 0 high -; timer 0 1000
         complain 0 by 3 => send pass 0 because 013 high -; persist entered after 0; timer 1 2000",
    );
}

#[test]
fn the_highest_round_that_enough_complain_about_is_joined() {
    check(
        3,
        "complain 5 by 0 =>
         complain 2 by 1 => persist complained 2; send complain 2 high -; timer 0 1000
         complain 1 by 2 =>
         complain 4 by 2 => persist complained 4; send complain 4 high -",
    );
}

#[test]
fn a_single_peer_moves_nobody() {
    check(
        3,
        "complain 0 by 0 =>
         complain 1 by 0 =>
         complain 1000000 by 0 =>
         complain 18446744073709551615 by 0 =>
         complain 0 by 0 =>",
    );
}

#[test]
fn complaints_about_rounds_below_the_own_are_past() {
    check(
        3,
        "pass 1 because 012:- => send pass 1 because 012 high -; persist entered after 1;
            timer 2 4000
         complain 1 by 0 =>
         complain 1 by 1 =>
         complain 1 by 2 =>",
    );
}

#[test]
fn what_is_complained_about_already_is_not_joined_again() {
    check(
        3,
        "work      => timer 0 1000
         timeout 0 => persist complained 0; send complain 0 high -; timer 0 1000
         complain 0 by 0 =>
         complain 0 by 1 =>",
    );
}
