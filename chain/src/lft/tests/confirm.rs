use super::check;

const VOTED: &str = "block 0 A0 => timer 0 1000; check A0
                     checked A0 => persist voted 0/A0; send vote 0 A0";

#[test]
fn a_quorum_of_votes_is_confirmed_once() {
    check(
        1,
        &format!(
            "{VOTED}
             vote 0 A0 by 0 =>
             vote 0 A0 by 0 =>
             vote 0 A0 by 1 =>
             vote 0 A0 by 3 => persist high 0/A0; send confirm 0 A0
             vote 0 A0 by 2 =>"
        ),
    );
}

#[test]
fn votes_for_different_blocks_are_not_added_up() {
    check(
        1,
        "vote 0 A0 by 0 =>
         vote 0 B0 by 2 =>
         vote 0 A0 by 3 =>
         vote 1 A0 by 1 =>
         confirm 0 A0 by 1 =>",
    );
}

#[test]
fn votes_count_before_the_block_is_known() {
    check(
        1,
        "vote 0 A0 by 0 =>
         vote 0 A0 by 2 =>
         vote 0 A0 by 3 => persist high 0/A0; fetch A0; send confirm 0 A0
         found A0       => check A0
         found A0       =>
         checked A0     =>
         block 0 A0     => timer 0 1000; persist voted 0/A0; send vote 0 A0",
    );
}

#[test]
fn no_confirm_up_to_a_round_complained_about() {
    check(
        1,
        &format!(
            "{VOTED}
             timeout 0 => persist complained 0; send complain 0 high -; timer 0 1000
             vote 0 A0 by 0 =>
             vote 0 A0 by 1 =>
             vote 0 A0 by 3 => persist high 0/A0
             timeout 0 => send complain 0 high 0/A0; timer 0 1000"
        ),
    );
}

#[test]
fn a_certificate_of_a_later_round_brings_the_peer_there() {
    check(
        1,
        "complain 2 by 0 high 2/C2 => persist high 2/C2; fetch C2; timer 2 4000; send confirm 2 C2
         vote 1 B1 by 0 =>
         vote 1 B1 by 2 =>
         vote 1 B1 by 3 =>
         block 1 B1 because 023:- =>",
    );
    check(
        0,
        "vote 3 D3 by 1 =>
         vote 3 D3 by 2 =>
         vote 3 D3 by 3 => persist high 3/D3; fetch D3; timer 3 8000; send confirm 3 D3",
    );
}

#[test]
fn an_earlier_certificate_does_not_replace_a_higher_one() {
    check(
        0,
        "complain 1 by 1 high 1/B1 => persist high 1/B1; fetch B1; timer 1 2000; send confirm 1 B1
         complain 0 by 2 high 0/A0 =>
         timeout 1 => persist complained 1; send complain 1 high 1/B1; timer 1 2000",
    );
}

#[test]
fn a_round_complained_about_ahead_is_not_confirmed() {
    check(
        0,
        "complain 2 by 1 =>
         complain 2 by 2 => persist complained 2; send complain 2 high -; timer 0 1000
         complain 2 by 3 high 2/C2 => persist high 2/C2; fetch C2; timer 2 4000; \
             send pass 2 because 123 high 2/C2; persist entered after 2; timer 3 8000",
    );
}
