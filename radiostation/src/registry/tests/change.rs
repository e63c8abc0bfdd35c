//! Changes of membership that the operator asks for.

use chain::membership::Role;
use configs::Role::{Client, Validator};

use super::world::{World, channel};
use crate::registry::Wanted;

#[test]
fn changes_are_signed_numbered_and_announced() {
    let mut world = World::new(false, vec![channel("c", &[])]);
    world.join(1);
    world.join(2);
    let cases = [
        (Wanted::Weight(7), "2:2 weighs 7"),
        (Wanted::Group("bank".to_owned()), "3:2 in bank"),
        (Wanted::Role(Role::Auditor), "4:2 is Auditor"),
    ];
    for (wanted, expected) in cases {
        let words = world.changed("c", 2, wanted);
        assert_eq!(words, [format!("1: c: {expected}"), format!("2: c: {expected}")]);
        world = restarted(world);
    }
}

/// The same registry after kill -9, with peers 1 and 2 on streams 1 and 2.
fn restarted(world: World) -> World {
    let mut fresh = World::new(false, vec![channel("c", &[])]);
    fresh.saved = world.saved;
    fresh.restart();
    fresh.join(1);
    fresh.join(2);
    fresh
}

#[test]
fn changes_that_make_no_sense_are_refused() {
    let peers = [(1, Validator), (2, Client), (3, Validator)];
    let mut world = World::new(true, vec![channel("c", &peers), channel("empty", &peers[1..2])]);
    for peer in [1, 2, 4] {
        world.join(peer);
    }
    let cases = [
        ("d", 1, Wanted::Leave, "no channel"),
        ("empty", 2, Wanted::Leave, "not a member"),
        ("c", 4, Wanted::Leave, "not a member"),
        ("c", 9, Wanted::Weight(2), "not a member"),
        ("c", 1, Wanted::Weight(0), "from 1 to 1000000"),
        ("c", 1, Wanted::Weight(1_000_001), "from 1 to 1000000"),
        ("c", 1, Wanted::Weight(1), "already"),
        ("c", 1, Wanted::Group("g".repeat(65)), "64 bytes"),
        ("c", 1, Wanted::Group(String::new()), "already"),
        ("c", 2, Wanted::Role(Role::Client), "already"),
        ("c", 1, Wanted::Leave, "without a validator"),
        ("c", 1, Wanted::Role(Role::Client), "without a validator"),
    ];
    let before = world.saved.clone();
    for (channel, peer, wanted, expected) in cases {
        let refused = world.change(channel, peer, wanted.clone()).unwrap_err();
        assert!(refused.contains(expected), "{wanted:?}: {refused}");
    }
    assert_eq!(world.saved, before);
    assert_eq!(world.change("c", 2, Wanted::Role(Role::Validator)), Ok(2));
    assert_eq!(world.change("c", 1, Wanted::Leave), Ok(3));
    assert!(world.change("c", 1, Wanted::Leave).unwrap_err().contains("not a member"));
}

#[test]
fn versions_of_a_score_follow_from_each_other() {
    let mut world = World::new(false, vec![channel("c", &[])]);
    assert!(world.change_score("c", Some(1), 2).unwrap_err().contains("no member yet"));
    world.join(1);
    world.join(2);
    let cases = [
        (None, 2, Err("say in 'from' which one")),
        (Some(1), 1, Err("it is so already")),
        (Some(1), 2, Ok("2:SCORE 1 to 2")),
        (Some(1), 3, Err("executes version 0202020202020202020202020202020202020202, not 01")),
        (None, 3, Ok("3:SCORE 2 to 3")),
        (Some(3), 1, Ok("4:SCORE 3 to 1")),
    ];
    for (from, to, expected) in cases {
        match (world.change_score("c", from, to), expected) {
            (Ok(words), Ok(expected)) => {
                assert_eq!(words, [format!("1: c: {expected}"), format!("2: c: {expected}")]);
            }
            (Err(refused), Err(expected)) => assert!(refused.contains(expected), "{refused}"),
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
        world = restarted(world);
    }
    assert!(world.change_score("d", None, 2).unwrap_err().contains("no channel"));
}
