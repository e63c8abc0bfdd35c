//! Who comes on which channel, and what is told to whom.

use configs::Role::{Auditor, Client, Validator};

use super::world::{World, channel, id, key, report, rules};
use crate::registry::{Event, ForeignRegistry, Registry, Saved};

#[test]
fn without_authentication_everybody_comes_on_every_channel() {
    let mut world =
        World::new(false, vec![channel("a", &[]), channel("b", &[(9, Validator), (2, Client)])]);
    assert_eq!(world.join(2).1, ["1: welcome 1 [a of 2, (), (2)]"], "a client begins no channel");
    assert_eq!(
        world.join(9).1,
        [
            "2: welcome 2 [a of 2, (1:+9), (2 9); b of 9, (1:+2 client), (2 9)]",
            "1: a: 1:+9",
            "1: b: granted b of 9, (1:+2 client), (2 9)",
            "1: a: joined 9",
            "1: b: joined 9",
        ]
    );
    let genesis = &world.saved.channels.iter().find(|one| one.genesis.genesis.name == "b");
    let first = &genesis.unwrap().genesis.genesis.first;
    assert_eq!((first.weight.0, first.group.as_str(), first.order), (5, "bank", 2));
    let other = &world.saved.channels[0].genesis.genesis.first;
    assert_eq!((other.weight.0, other.group.as_str()), (1, id(2).to_string().as_str()));
}

#[test]
fn with_authentication_a_peer_learns_nothing_of_other_channels() {
    let one = channel("a", &[(1, Validator), (2, Validator)]);
    let other = channel("b", &[(2, Validator), (3, Auditor)]);
    let mut world = World::new(true, vec![one, other]);
    let (first, words) = world.join(1);
    assert_eq!(words, ["1: welcome 1 [a of 1, (), (1)]"]);
    assert_eq!(world.join(4).1, ["2: welcome 2 []"]);
    assert_eq!(
        world.join(2).1,
        ["3: welcome 3 [a of 1, (1:+2), (1 2); b of 2, (), (2)]", "1: a: 1:+2", "1: a: joined 2",]
    );
    assert_eq!(
        world.join(3).1,
        ["4: welcome 4 [b of 2, (1:+3 auditor), (2 3)]", "3: b: 1:+3 auditor", "3: b: joined 3"]
    );
    // Reports and the fate of a peer stay on its channels too.
    assert_eq!(world.report(first, &[report("b", 9, Some(1), 0)]), [""; 0]);
    assert_eq!(
        world.report(first, &[report("a", 1, Some(1), 1)]),
        ["1: a: leader 1", "3: a: leader 1"]
    );
    assert_eq!(world.step(Event::Broken { session: first }), ["3: a: lost 1"]);
    assert_eq!(world.registry.channels_of("10.0.0.3:7100"), [("b".into(), "score/one".into())]);
    assert_eq!(world.registry.channels_of("10.0.0.7:7100"), []);
}

#[test]
fn a_member_that_the_file_no_longer_names_is_told_nothing_more() {
    let mut world = World::new(true, vec![channel("a", &[(1, Validator), (2, Validator)])]);
    world.join(1);
    world.join(2);
    let fewer = vec![channel("a", &[(1, Validator)])];
    let saved = world.saved.clone();
    let restored = Registry::restore(fewer.clone(), rules(true), key(100), saved, true, 5).unwrap();
    assert_eq!(restored.warnings.len(), 1, "{:?}", restored.warnings);
    assert!(restored.warnings[0].contains(&id(2).to_string()));
    world.define(fewer);
    world.restart();
    assert_eq!(world.join(1).1, ["3: welcome 1 [a of 1, (1:+2), (1 2)]"]);
    assert_eq!(world.join(2).1, ["4: welcome 2 []", "3: a: joined 2"]);
}

#[test]
fn entries_that_a_peer_lacks_are_sent() {
    let mut world = World::new(false, vec![channel("c", &[])]);
    let (first, _) = world.join(1);
    world.join(2);
    world.join(3);
    // (entries reported in Join, what the grant then holds)
    let cases = [(0, "1:+2, 2:+3"), (1, "2:+3"), (2, ""), (77, "")];
    for (entries, expected) in cases {
        let target = super::world::target(3);
        let words = world.join_with(3, &target, vec![report("c", 5, None, entries)]).1;
        let welcome = words.iter().find(|word| word.contains("welcome")).unwrap();
        assert!(welcome.ends_with(&format!("({expected}), (1 2 3), had ledger]")), "{welcome}");
    }
    // What somebody has committed comes with the blocks, but for the entry that admitted the peer.
    world.report(first, &[report("c", 6, None, 2)]);
    assert!(world.join(4).1[0].contains("[c of 1, (3:+4), (1 2 3 4)]"));
    assert!(world.join(2).1[1].contains("[c of 1, (1:+2, 3:+4), (1 2 3 4)]"));
    assert!(world.join(1).1[1].contains("[c of 1, (3:+4), (1 2 3 4), had ledger]"));
    world.restart();
    assert!(world.join(2).1[0].contains("[c of 1, (1:+2, 3:+4), (1 2 3 4)]"));
}

#[test]
fn another_radiostations_registry_is_refused() {
    let mut world = World::new(false, vec![channel("c", &[])]);
    world.join(1);
    let restored = Registry::restore(
        vec![channel("c", &[])],
        rules(false),
        key(101),
        world.saved.clone(),
        true,
        0,
    );
    assert_eq!(restored.err(), Some(ForeignRegistry { channel: "c".to_owned() }));
}

#[test]
fn a_registry_that_is_not_kept_still_keeps_members() {
    let mut world = World::new(true, vec![channel("c", &[(1, Validator)])]);
    world.join(1);
    world.join(2);
    let saved: Saved = world.saved.clone();
    let restored =
        Registry::restore(vec![channel("d", &[])], rules(true), key(100), saved, false, 0).unwrap();
    assert_eq!(restored.writes, [crate::registry::Write::ForgetPeer(id(2))]);
    assert!(restored.warnings[0].contains("channel c of the registry is not in the channel file"));
}

#[test]
fn a_channel_is_not_begun_by_a_peer_that_has_a_ledger_of_it() {
    let mut world = World::new(false, vec![channel("c", &[])]);
    let words = world.join_with(1, &super::world::target(1), vec![report("c", 5, None, 0)]).1;
    assert_eq!(words, ["1: welcome 1 []"]);
    assert_eq!(world.join(1).1[1], "2: welcome 1 [c of 1, (), (1)]");
}
