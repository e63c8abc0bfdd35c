use super::Stand;
use crate::lft::WaitsFor;
use crate::tests::peer;

/// What the validator waits for, in a word and the numbers of those it has heard.
fn waits(stand: &Stand) -> String {
    let numbers = |word: &str, peers: &[crate::keys::PeerId]| {
        let mut numbers: Vec<_> =
            (0..4).filter(|n| peers.contains(&peer(n + 1))).map(|n| n.to_string()).collect();
        numbers.insert(0, word.to_string());
        numbers.join(" ")
    };
    match stand.state.waits_for(stand.rules.me) {
        WaitsFor::Nothing => "nothing".into(),
        WaitsFor::Leader(leader) => numbers("leader", &[leader]),
        WaitsFor::Check(block) => format!("check {}", stand.name(&block)),
        WaitsFor::Votes(peers) => numbers("votes", &peers),
        WaitsFor::Confirms(peers) => numbers("confirms", &peers),
        WaitsFor::Complaints(round, peers) => numbers(&format!("complaints about {round}"), &peers),
        WaitsFor::Proposal => "proposal".into(),
        WaitsFor::Block(block) => format!("block {}", stand.name(&block)),
    }
}

/// On each line an event, and after it what is waited for.
fn check(me: u8, script: &str) {
    let mut stand = Stand::new(me);
    assert_eq!(waits(&stand), "nothing");
    for line in super::lines(script) {
        let (event, expected) = line.split_once("=>").expect("a line is: event => what for");
        stand.tell(event.trim());
        assert_eq!(waits(&stand), expected.trim(), "validator {me} after: {event}");
    }
}

#[test]
fn a_round_without_faults() {
    check(
        1,
        "work              => leader 0
         block 0 A0        => check A0
         checked A0        => votes
         vote 0 A0 by 0    => votes 0
         vote 0 A0 by 1    => votes 0 1
         vote 0 A0 by 3    => confirms
         confirm 0 A0 by 3 => confirms 3
         confirm 0 A0 by 1 => confirms 1 3
         confirm 0 A0 by 0 => nothing",
    );
}

#[test]
fn a_round_that_fails_and_the_next() {
    check(
        2,
        "block 0 A0            => check A0
         timeout 0             => complaints about 0
         complain 0 by 2       => complaints about 0 2
         complain 0 by 0       => complaints about 0 0 2
         complain 0 by 3       => leader 1
         block 1 A1 because 023:- => check A1
         refused A1            => complaints about 1",
    );
}

#[test]
fn ballots_for_another_block_do_not_count() {
    check(
        1,
        "block 0 A0        => check A0
         checked A0        => votes
         vote 0 B0 by 3    => votes
         vote 0 A0 by 0    => votes 0
         vote 0 A0 by 1    => votes 0 1
         vote 0 A0 by 2    => confirms
         confirm 0 B0 by 3 => confirms",
    );
}

#[test]
fn a_decided_block_that_is_not_here() {
    check(
        1,
        "confirm 0 A0 by 0 => nothing
         confirm 0 A0 by 2 => nothing
         confirm 0 A0 by 3 => block A0
         found A0          => check A0
         checked A0        => nothing",
    );
}

#[test]
fn a_leader_waits_for_itself() {
    check(0, "work => proposal");
}
