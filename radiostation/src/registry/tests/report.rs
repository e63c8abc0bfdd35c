//! Heartbeats, leaders, and peers that are gone.

use super::world::{SECOND, World, channel, id, report, rules};
use crate::registry::{Event, Rules, SessionId, Status};

fn three() -> (World, [SessionId; 3]) {
    let mut world = World::new(false, vec![channel("c", &[])]);
    let sessions = [1, 2, 3].map(|peer| world.join(peer).0);
    (world, sessions)
}

#[test]
fn the_leader_is_who_most_name_at_the_greatest_height() {
    // (peer that reports, height, leader it names, leader known afterwards)
    let cases: &[(usize, u64, Option<u8>, Option<u8>)] = &[
        (0, 1, None, None),
        (0, 1, Some(1), Some(1)),
        (1, 5, Some(2), Some(2)),
        (2, 4, Some(3), Some(2)),
        (2, 5, Some(3), Some(2)), // a tie keeps the present one
        (0, 5, Some(3), Some(3)),
        (1, 6, Some(9), Some(3)), // nine is no member
        (1, 6, Some(1), Some(1)),
    ];
    let (mut world, sessions) = three();
    let mut before = None;
    for (peer, height, named, expected) in cases {
        let words = world.report(sessions[*peer], &[report("c", *height, *named, 0)]);
        let leader = world.registry.view(world.now_us, "c").unwrap().leader;
        assert_eq!(leader.map(|peer| peer.id), expected.map(id), "{peer} {height} {named:?}");
        let told = if *expected == before { 0 } else { 3 };
        assert_eq!(words.len(), told, "{words:?}");
        before = *expected;
    }
    assert_eq!(world.registry.view(world.now_us, "c").unwrap().height, 6);
    let words = world.join(4).1;
    assert_eq!(words.last().unwrap(), "4: c: leader 1", "{words:?}");
}

#[test]
fn silence_ends_a_stream_and_any_report_breaks_it() {
    let (mut world, sessions) = three();
    world.now_us += 9 * SECOND;
    world.report(sessions[0], &[]);
    world.report(sessions[1], &[report("c", 1, None, 0)]);
    assert_eq!(world.step(Event::Ticked), [""; 0]);
    world.now_us += 2 * SECOND;
    assert_eq!(
        world.step(Event::Ticked),
        [
            "3: end: no message for more than 10 s; a peer reports more often than that",
            "1: c: lost 3",
            "2: c: lost 3",
        ]
    );
    assert_eq!(world.registry.member("c", &id(3)).unwrap().status, Status::Disconnected);
    let patient = Rules { silence_max_us: None, ..rules(false) };
    world.step(Event::RulesChanged(patient));
    world.now_us += 1000 * SECOND;
    assert_eq!(world.step(Event::Ticked), [""; 0]);
}

#[test]
fn a_goodbye_and_a_lost_connection_are_told_apart() {
    let (mut world, sessions) = three();
    assert_eq!(
        world.step(Event::Left { session: sessions[0] }),
        ["1: end: the peer has left", "2: c: left 1", "3: c: left 1"]
    );
    assert_eq!(world.step(Event::Broken { session: sessions[1] }), ["3: c: lost 2"]);
    assert_eq!(world.report(sessions[1], &[report("c", 1, Some(1), 0)]), [""; 0]);
    // Both are members still.
    assert_eq!(world.registry.view(world.now_us, "c").unwrap().peers.len(), 3);
}

#[test]
fn peers_that_are_gone_for_long_are_not_listed() {
    let (mut world, sessions) = three();
    world.step(Event::Broken { session: sessions[0] });
    // (seconds later, listed, connected)
    for (later, listed, connected) in [(0, 3, 2), (300, 3, 2), (301, 2, 2)] {
        let view = world.registry.view(world.now_us + later * SECOND, "c").unwrap();
        assert_eq!((view.peers.len(), view.connected().count()), (listed, connected), "{later}");
    }
    assert_eq!(world.join(1).1[0], "4: welcome 1 [c of 1, (1:+2, 2:+3), (1 2 3)]");
    world.restart();
    let view = world.registry.view(world.now_us + 1000 * SECOND, "c").unwrap();
    assert!(view.peers.iter().all(|peer| peer.status == Status::Unknown));
    assert_eq!(view.peers.len(), 3);
    assert!(world.registry.view(0, "d").is_none());
}

#[test]
fn a_ledger_that_was_reported_is_remembered_until_the_peer_is_taken_off() {
    let (mut world, sessions) = three();
    world.report(sessions[1], &[report("c", 0, None, 0)]);
    world.restart();
    assert!(world.join(2).1[0].ends_with("had ledger]"));
    assert!(!world.join(3).1[0].ends_with("had ledger]"));
    assert_eq!(
        world.changed("c", 2, crate::registry::Wanted::Leave),
        ["4: c: 3:-2", "5: c: 3:-2", "4: c: left 2", "5: c: left 2"]
    );
    let words = world.join(2).1;
    assert_eq!(words[1], "6: welcome 2 [c of 1, (1:+2, 2:+3, 3:-2, 4:+2), (1 2 3)]");
    world.restart();
    assert!(!world.join(2).1[0].ends_with("had ledger]"));
}
