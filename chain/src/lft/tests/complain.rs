use super::check;

#[test]
fn a_round_that_ends_without_a_commit_is_complained_about_until_it_changes() {
    check(
        3,
        "work      => timer 0 1000
         timeout 0 => persist complained 0; send complain 0 high -; timer 0 1000
         timeout 0 => send complain 0 high -; timer 0 1000
         complain 0 by 3 =>
         complain 0 by 0 =>
         complain 0 by 1 => send pass 0 because 013 high -; persist entered after 0; timer 1 2000
         timeout 0 =>
         timeout 1 => send pass 0 because 013 high -; persist complained 1;
             send complain 1 high -; timer 1 2000
         timeout 1 => send pass 0 because 013 high -; send complain 1 high -; timer 1 2000",
    );
}

#[test]
fn a_complaint_reports_the_highest_certificate() {
    check(
        3,
        "vote 0 A0 by 0 =>
         vote 0 A0 by 1 =>
         vote 0 A0 by 2 => persist high 0/A0; fetch A0; send confirm 0 A0
         work      => timer 0 1000
         timeout 0 => persist complained 0; send complain 0 high 0/A0; timer 0 1000",
    );
}

#[test]
fn a_leader_says_its_block_again_when_nothing_came_of_it() {
    check(
        0,
        "work       => timer 0 1000; build 0
         built 0 A0 => persist voted 0/A0 proposed 0/A0; send block 0 A0; send vote 0 A0
         timeout 0  => send block 0 A0; persist complained 0; send complain 0 high -; timer 0 1000
         timeout 0  => send block 0 A0; send complain 0 high -; timer 0 1000",
    );
}

#[test]
fn who_complained_leads_no_more_in_that_round() {
    check(
        0,
        "work       => timer 0 1000; build 0
         timeout 0  => persist complained 0; send complain 0 high -; timer 0 1000
         built 0 A0 =>
         work       =>",
    );
}

#[test]
fn a_peer_that_is_no_validator_says_nothing() {
    check(
        7,
        "block 0 A0 => timer 0 1000; check A0
         checked A0 =>
         vote 0 A0 by 0 =>
         vote 0 A0 by 1 =>
         vote 0 A0 by 2 => persist high 0/A0
         timeout 0 => timer 0 1000
         complain 0 by 1 high 0/A0 =>
         complain 0 by 2 high 0/A0 =>
         confirm 0 A0 by 0 =>
         confirm 0 A0 by 1 =>
         confirm 0 A0 by 2 => commit A0 of 0",
    );
}
