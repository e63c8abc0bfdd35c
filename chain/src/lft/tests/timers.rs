use super::{Stand, check};
use crate::count::Round;

#[test]
fn an_idle_channel_is_silent() {
    check(0, "restart =>\n timeout 0 =>\n timeout 5 =>\n complain 0 by 2 =>\n vote 0 A0 by 2 =>");
}

#[test]
fn work_that_went_away_is_nothing_to_complain_about() {
    check(
        0,
        "work      => timer 0 1000; build 0
         built 0 - =>
         timeout 0 =>
         work      => timer 0 1000; build 0
         built 0 A0 => persist voted 0/A0 proposed 0/A0; send block 0 A0; send vote 0 A0",
    );
    // A later round has begun: the others wait for it.
    check(
        1,
        "pass 0 because 023:- => send pass 0 because 023 high -; persist entered after 0;
            timer 1 2000; build 1
         built 1 -  =>
         timeout 1  => send pass 0 because 023 high -; persist complained 1;
             send complain 1 high -; timer 1 2000",
    );
    check(
        1,
        "pass 0 because 023:- => send pass 0 because 023 high -; persist entered after 0;
            timer 1 2000; build 1
         built 1 -  =>
         work       => build 1
         built 1 B1 => persist voted 1/B1 proposed 1/B1; send block 1 B1 because 023 high -;
             send vote 1 B1",
    );
}

#[test]
fn timeouts_double_up_to_the_most() {
    let rules = Stand::new(0).rules;
    for (round, timeout_ms) in [
        (0, 1_000),
        (1, 2_000),
        (5, 32_000),
        (6, 60_000),
        (63, 60_000),
        (64, 60_000),
        (u64::MAX, 60_000),
    ] {
        assert_eq!(rules.timeout_ms(Round(round)), timeout_ms, "round {round}");
    }
    let widest = crate::lft::Rules { timeout_ms: u64::MAX, timeout_ms_max: u64::MAX, ..rules };
    assert_eq!(widest.timeout_ms(Round(1)), u64::MAX);
}

#[test]
fn only_the_timer_that_runs_ends() {
    check(
        3,
        "work      => timer 0 1000
         timeout 1 =>
         pass 0 because 012:- => send pass 0 because 012 high -; persist entered after 0;
             timer 1 2000
         timeout 0 =>
         timeout 1 => send pass 0 because 012 high -; persist complained 1;
             send complain 1 high -; timer 1 2000",
    );
}
