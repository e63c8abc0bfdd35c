use super::{BLOCKS_PER_REQUEST, CatchUp, PEERS_MAX, REQUESTS_MAX};
use crate::count::Height;
use crate::keys::PeerId;
use crate::tests::peer;

fn heard(heights: &[(u8, u64)]) -> CatchUp<u64> {
    let mut plan = CatchUp::default();
    for (number, height) in heights {
        plan.heard(peer(*number), Height(*height));
    }
    plan
}

/// First and count of each request.
fn asked(plan: &mut CatchUp<u64>, head: u64) -> Vec<(u64, u64)> {
    plan.plan(Height(head)).iter().map(|request| (request.first.0, request.count)).collect()
}

/// Everything that `take` gives from `head` on.
fn taken(plan: &mut CatchUp<u64>, mut head: u64) -> Vec<u64> {
    std::iter::from_fn(|| {
        let (_, block) = plan.take(Height(head))?;
        head += 1;
        Some(block)
    })
    .collect()
}

#[test]
fn several_requests_at_a_time_and_none_twice() {
    assert_eq!(asked(&mut heard(&[]), 0), []);
    assert_eq!(asked(&mut heard(&[(1, 5)]), 5), []);
    assert_eq!(asked(&mut heard(&[(1, 5)]), 9), []);
    assert_eq!(asked(&mut heard(&[(1, 5), (2, 3)]), 4), [(5, 1)]);
    assert_eq!(asked(&mut heard(&[(1, 40)]), 0), [(1, 32), (33, 8)]);
    let mut far = heard(&[(1, 1_000), (2, 1_000)]);
    assert_eq!(asked(&mut far, 10), [(11, 32), (43, 32), (75, 32), (107, 32)]);
    assert_eq!(asked(&mut far, 10), []);
    assert_eq!(REQUESTS_MAX, 4);
}

#[test]
fn requests_go_to_peers_in_turn() {
    let mut plan = heard(&[(1, 1_000), (2, 1_000), (3, 20)]);
    let mut peers: Vec<PeerId> = plan.plan(Height(50)).iter().map(|request| request.peer).collect();
    peers.sort_unstable();
    let mut expected = vec![peer(1), peer(1), peer(2), peer(2)];
    expected.sort_unstable();
    assert_eq!(peers, expected);
}

#[test]
fn blocks_are_taken_in_order() {
    let mut plan = heard(&[(1, 70)]);
    let requests = plan.plan(Height(0));
    plan.arrived(peer(1), Height(33), (33..65).collect());
    assert_eq!(taken(&mut plan, 0), []);
    plan.arrived(peer(1), Height(1), (1..33).collect());
    assert_eq!(taken(&mut plan, 0), (1..65).collect::<Vec<u64>>());
    assert_eq!(requests.len(), 3);
}

#[test]
fn what_a_peer_does_not_have_is_asked_again() {
    let mut plan = heard(&[(1, 40)]);
    plan.plan(Height(0));
    plan.arrived(peer(1), Height(1), (1..11).collect());
    assert_eq!(asked(&mut plan, 0), [(11, 22)]);
    plan.arrived(peer(1), Height(11), vec![]);
    assert_eq!(plan.height_of(&peer(1)), None);
    assert_eq!(asked(&mut plan, 0), []);
    plan.heard(peer(2), Height(12));
    assert_eq!(asked(&mut plan, 0), [(11, 2)]);
}

#[test]
fn only_what_was_asked_for_is_kept() {
    let mut plan = heard(&[(1, 10), (2, 10)]);
    let request = plan.plan(Height(0))[0];
    let other = if request.peer == peer(1) { peer(2) } else { peer(1) };
    plan.arrived(other, Height(1), vec![1]);
    plan.arrived(request.peer, Height(2), vec![2]);
    assert_eq!(taken(&mut plan, 0), []);
    plan.arrived(request.peer, Height(1), (1..100).collect());
    assert_eq!(taken(&mut plan, 0), (1..11).collect::<Vec<u64>>());
    plan.arrived(request.peer, Height(1), vec![1]);
    assert_eq!(taken(&mut plan, 0), []);
}

#[test]
fn a_lost_peer_is_replaced() {
    let mut plan = heard(&[(1, 40)]);
    plan.plan(Height(0));
    plan.heard(peer(2), Height(40));
    plan.lost(&peer(1));
    assert_eq!(plan.target(), Height(40));
    let requests = plan.plan(Height(0));
    assert!(requests.iter().all(|request| request.peer == peer(2)));
    assert_eq!(requests.iter().map(|request| request.count).sum::<u64>(), 40);
}

#[test]
fn what_a_refused_peer_sent_is_asked_of_others() {
    let mut plan = heard(&[(1, 64)]);
    plan.plan(Height(0));
    plan.arrived(peer(1), Height(1), (1..33).collect());
    plan.refused(&peer(1));
    assert_eq!(taken(&mut plan, 0), []);
    plan.heard(peer(2), Height(64));
    assert_eq!(asked(&mut plan, 0), [(1, 32), (33, 32)]);
}

#[test]
fn blocks_that_came_another_way_are_not_waited_for() {
    let mut plan = heard(&[(1, 100)]);
    assert_eq!(asked(&mut plan, 0), [(1, 32), (33, 32), (65, 32), (97, 4)]);
    // The peer has committed up to 50 by itself: the first request is done with.
    plan.heard(peer(1), Height(200));
    assert_eq!(asked(&mut plan, 50), [(101, 32)]);
    plan.arrived(peer(1), Height(1), (1..33).collect());
    assert_eq!(taken(&mut plan, 0), []);
}

#[test]
fn claims_of_any_height_are_bounded() {
    let mut plan = heard(&[(1, u64::MAX), (2, 7)]);
    assert_eq!(plan.target(), Height(u64::MAX));
    let requests = plan.plan(Height(3));
    assert_eq!(requests.len(), REQUESTS_MAX);
    let last = Height(3 + BLOCKS_PER_REQUEST * REQUESTS_MAX as u64);
    assert!(requests.iter().all(|r| r.first.0 + r.count - 1 <= last.0));
    let mut crowded = CatchUp::<u64>::default();
    for at in 0..=PEERS_MAX {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(at as u64).to_le_bytes());
        crowded.heard(PeerId(id), Height(at as u64));
    }
    assert_eq!(crowded.target(), Height(PEERS_MAX as u64 - 1));
}
