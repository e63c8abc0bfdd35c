//! Coming in, coming back, being turned away.

use configs::Role::Validator;

use super::world::{World, channel, check, id, report, rules, signed_join, target};
use crate::registry::{Event, Refusal, SessionId, Status};

fn open() -> World {
    World::new(false, vec![channel("c", &[])])
}

#[test]
fn a_join_is_checked_field_by_field() {
    type Edit = fn(&mut wire::v1::Join);
    let malformed: &[(&str, Edit)] = &[
        ("public_key", |join| join.public_key.truncate(32)),
        ("public_key", |join| join.public_key = vec![9; 33]),
        ("target", |join| join.target = "10.0.0.1".to_owned()),
        ("target", |join| join.target = "10.0.0.1:0".to_owned()),
        ("target", |join| join.target = format!("{}:1", "a.".repeat(200))),
        ("p2p_address", |join| join.p2p_address = "a b:1".to_owned()),
        ("group_id", |join| join.group_id = "g".repeat(65)),
        ("group_id", |join| join.group_id = "a\nb".to_owned()),
        ("signature", |join| join.signature.push(0)),
        ("channels", |join| join.channels = vec![report("c", 1, None, 0); 2]),
        ("channels", |join| join.channels = vec![report("", 1, None, 0)]),
        ("channels", |join| join.channels = vec![report(&"c".repeat(65), 1, None, 0)]),
        ("channels", |join| {
            join.channels = (0..1025).map(|n| report(&n.to_string(), 1, None, 0)).collect();
        }),
        ("channels", |join| {
            join.channels = vec![report("c", 1, None, 0)];
            join.channels[0].block_hash.pop();
        }),
        ("channels", |join| {
            join.channels = vec![report("c", 1, None, 0)];
            join.channels[0].leader = "nobody".to_owned();
        }),
    ];
    for (field, edit) in malformed {
        let mut join = signed_join(1, &target(1), Vec::new());
        edit(&mut join);
        match check(&join) {
            Err(Refusal::Malformed(text)) => assert!(text.starts_with(field), "{field}: {text}"),
            other => panic!("{field}: {other:?}"),
        }
    }
    let unproven: &[Edit] = &[
        |join| join.target = target(2),
        |join| join.p2p_address = "10.0.0.1:7901".to_owned(),
        |join| join.group_id = "group".to_owned(),
        |join| join.signature[5] ^= 1,
        |join| join.public_key = super::world::key(2).public_key().to_bytes().to_vec(),
    ];
    for edit in unproven {
        let mut join = signed_join(1, &target(1), Vec::new());
        edit(&mut join);
        assert_eq!(check(&join), Err(Refusal::Proof), "{join:?}");
    }
    check(&signed_join(1, &target(1), vec![report("c", 1, Some(2), 0)])).unwrap();
}

#[test]
fn orders_follow_joining_and_stay() {
    let mut world = open();
    assert_eq!(world.join(3).1, ["1: welcome 1 [c of 3, (), (3)]"]);
    assert_eq!(
        world.join(1).1,
        ["2: welcome 2 [c of 3, (1:+1), (3 1)]", "1: c: 1:+1", "1: c: joined 1"]
            .map(str::to_owned)
            .to_vec()
    );
    world.step(Event::Left { session: SessionId(1) });
    assert_eq!(world.join(3).1, ["3: welcome 1 [c of 3, (1:+1), (3 1)]", "2: c: joined 3"]);
    world.restart();
    assert_eq!(world.join(2).1, ["4: welcome 3 [c of 3, (1:+1, 2:+2), (3 1 2)]"]);
    assert_eq!(world.join(1).1, ["5: welcome 2 [c of 3, (1:+1, 2:+2), (3 1 2)]", "4: c: joined 1"]);
}

#[test]
fn a_new_address_replaces_the_old_one() {
    let mut world = open();
    world.join(1);
    world.join(2);
    let words = world.join_with(1, "10.0.0.9:7100", Vec::new()).1;
    assert_eq!(
        words,
        [
            "1: end: a newer stream of the same key has replaced this one",
            "3: welcome 1 [c of 1, (1:+2), (1@10.0.0.9:7100 2)]",
            "2: c: joined 1@10.0.0.9:7100",
        ]
    );
    // What the replaced stream still says is nobody's word.
    assert_eq!(world.step(Event::Broken { session: SessionId(1) }), [""; 0]);
    assert_eq!(world.step(Event::Left { session: SessionId(1) }), [""; 0]);
    assert_eq!(world.registry.member("c", &id(1)).unwrap().status, Status::Connected);
}

#[test]
fn a_target_stands_for_one_peer() {
    let mut world = open();
    let (first, _) = world.join(1);
    world.join(2);
    let refused = world.join_with(3, &target(1), Vec::new()).1;
    assert!(refused[0].contains("10.0.0.1:7100 is in use by the connected peer"), "{refused:?}");
    assert_eq!(refused.len(), 1);

    world.step(Event::Broken { session: first });
    let words = world.join_with(3, &target(1), Vec::new()).1;
    assert_eq!(words[0], "4: welcome 3 [c of 1, (1:+2, 2:+3), (2 3@10.0.0.1:7100)]");
    assert_eq!(world.registry.member("c", &id(1)).unwrap().target, "");
    world.restart();
    // The former holder comes back elsewhere, with its old order.
    let words = world.join_with(1, "10.0.0.8:7100", Vec::new()).1;
    assert!(words[0].starts_with("5: welcome 1 [c of 1,"), "{words:?}");
}

#[test]
fn with_authentication_a_member_keeps_its_target() {
    let mut world = World::new(true, vec![channel("c", &[(1, Validator), (2, Validator)])]);
    let (first, _) = world.join(1);
    world.join(2);
    world.step(Event::Broken { session: first });
    let refused = world.join_with(3, &target(1), Vec::new()).1;
    assert!(refused[0].contains("a member of channel c"), "{refused:?}");
    world.changed("c", 1, crate::registry::Wanted::Leave);
    let words = world.join_with(3, &target(1), Vec::new()).1;
    assert_eq!(words[0], "4: welcome 3 [c of 1, (1:+2, 2:-1, 3:+3), (2 3@10.0.0.1:7100)]");
}

#[test]
fn reconnecting_may_be_forbidden() {
    let mut world = open();
    let (first, _) = world.join(1);
    let strict = crate::registry::Rules { reconnect_allowed: false, ..rules(false) };
    world.step(Event::RulesChanged(strict));
    let (again, words) = world.join(1);
    assert!(words[1].contains("welcome"), "a second stream is no reconnection: {words:?}");
    world.step(Event::Broken { session: first });
    world.step(Event::Broken { session: again });
    let refused = world.join(1).1;
    assert!(refused[0].contains("ALLOW_PEER_RECONNECT"), "{refused:?}");
}

#[test]
fn a_full_registry_forgets_who_belongs_nowhere_and_never_an_order() {
    let mut world = World::new(true, vec![channel("c", &[(1, Validator)])]);
    world.registry.peers_max = 3;
    world.join(1);
    let (second, _) = world.join(2);
    let (third, _) = world.join(3);
    let refused = world.join(4).1;
    assert!(refused[0].contains("full with 3 peers"), "{refused:?}");
    world.now_us += 1;
    world.step(Event::Broken { session: third });
    world.now_us += 1;
    world.step(Event::Broken { session: second });
    assert_eq!(world.join(4).1, ["5: welcome 4 []"], "the third was forgotten");
    world.restart();
    world.registry.peers_max = 3;
    assert_eq!(world.join(2).1, ["6: welcome 2 []"], "the second was not");
    assert_eq!(world.join(3).1, ["7: welcome 5 []"], "an order is not given twice");
}
