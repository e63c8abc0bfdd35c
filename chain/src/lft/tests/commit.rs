use super::check;

#[test]
fn a_quorum_of_confirms_commits_once() {
    check(
        1,
        "block 0 A0 => timer 0 1000; check A0
         checked A0 => persist voted 0/A0; send vote 0 A0
         confirm 0 A0 by 0 =>
         confirm 0 A0 by 2 =>
         confirm 0 A0 by 3 => commit A0 of 0
         confirm 0 A0 by 1 =>
         timeout 0  =>
         work       =>
         block 0 B0 =>
         built 0 A0 =>
         found A0   =>
         refused A0 =>",
    );
}

#[test]
fn confirms_of_any_round_commit() {
    let confirms = "confirm 0 A0 by 0 =>\n confirm 0 A0 by 2 =>\n confirm 0 A0 by 3 =>";
    check(
        1,
        &format!(
            "block 0 A0 => timer 0 1000; check A0
             checked A0 => persist voted 0/A0; send vote 0 A0
             pass 0 because 023:- => send pass 0 because 023 high -; persist entered after 0;
                 timer 1 2000; build 1
             {confirms} commit A0 of 0"
        ),
    );
    check(
        1,
        "confirm 7 A0 by 0 =>
         confirm 7 A0 by 2 =>
         confirm 7 A0 by 3 => fetch A0
         found A0          => check A0
         checked A0        => commit A0 of 7",
    );
}

#[test]
fn what_is_committed_is_checked_first() {
    check(
        1,
        "block 0 A0 => timer 0 1000; check A0
         confirm 0 A0 by 0 =>
         confirm 0 A0 by 2 =>
         confirm 0 A0 by 3 =>
         checked A0 => commit A0 of 0",
    );
}

#[test]
fn a_block_that_is_missing_is_asked_for_until_it_comes() {
    check(
        1,
        "work => timer 0 1000
         confirm 0 A0 by 0 =>
         confirm 0 A0 by 2 =>
         confirm 0 A0 by 3 => fetch A0
         timeout 0  => fetch A0; persist complained 0; send complain 0 high -; timer 0 1000
         found B0   =>
         found A0   => check A0
         found A0   =>
         checked A0 => commit A0 of 0",
    );
}

#[test]
fn a_block_with_another_body_is_not_the_one_asked_for() {
    let mut stand = super::Stand::new(1);
    for (line, expected) in
        [("confirm 0 A0 by 0", ""), ("confirm 0 A0 by 2", ""), ("confirm 0 A0 by 3", "fetch A0")]
    {
        assert_eq!(stand.tell(line), expected);
    }
    let mut forged = stand.block("A0");
    forged.batches.clear();
    assert_eq!(stand.tell_event(super::Event::BlockFound(forged)), "");
    assert_eq!(stand.tell("found A0"), "check A0");
    assert_eq!(stand.tell("checked A0"), "commit A0 of 0");
}

#[test]
fn confirms_for_different_blocks_are_not_added_up() {
    check(
        1,
        "confirm 0 A0 by 0 =>
         confirm 1 A0 by 2 =>
         confirm 0 B0 by 3 =>
         vote 0 A0 by 2    =>
         confirm 0 A0 by 1 =>",
    );
}
