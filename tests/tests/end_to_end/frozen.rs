//! Peers that are stopped for longer than anybody waits, and go on as if nothing had happened: the
//! leader, a follower, so many that the others are no quorum, and all of them.

use std::time::{Duration, Instant};

use serde_json::json;
use tests::audit::audit;
use tests::load::{Load, LoadPlan};
use tests::network::Network;
use tests::plan::{CERTIFICATES, DOCUMENTS, Plan};
use tests::process::signal;
use tests::random::seed;
use tests::{long_tests_wanted, note};

const CHANNELS: [&str; 2] = [CERTIFICATES, DOCUMENTS];
const PROGRESS_LIMIT: Duration = Duration::from_secs(60);
/// Longer than the complaint timeouts here, also doubled; than a ping, 20 s with the pause before
/// it; than a request among peers, 20 s; than the radiostation waits for signs of life, 6 s here.
const FROZEN: Duration = Duration::from_secs(22);
const TIMEOUT_SECONDS_MAX: f64 = 2.0;
/// What was under way when the last peer was stopped has arrived.
const CALM: Duration = Duration::from_secs(1);
/// More than the longest complaint timeout here.
const STANDSTILL: Duration = Duration::from_secs(4);

#[test]
fn peers_frozen_for_longer_than_all_timeouts_go_on_and_nobody_contradicts_itself() {
    let mut plan = Plan::default();
    for channel in &mut plan.channels {
        let settings = &mut channel.settings;
        settings.insert("TIMEOUT_FOR_LEADER_COMPLAIN".to_owned(), json!(0.3));
        settings.insert("MAX_TIMEOUT_FOR_LEADER_COMPLAIN".to_owned(), json!(TIMEOUT_SECONDS_MAX));
    }
    run(plan, FROZEN);
}

#[test]
fn peers_frozen_for_longer_than_the_default_timeouts_go_on() {
    if long_tests_wanted("peers_frozen_for_longer_than_the_default_timeouts_go_on") {
        // MAX_TIMEOUT_FOR_LEADER_COMPLAIN is 60 s.
        run(Plan::default(), Duration::from_secs(75));
    }
}

fn run(plan: Plan, frozen: Duration) {
    let mut network = Network::start(plan);
    let load_plan = LoadPlan {
        label: "frozen".to_owned(),
        seed: seed(),
        transactions_per_client: None,
        pause: Duration::from_millis(50),
    };
    note(&format!("load frozen, seed {}", load_plan.seed));
    let load = Load::start(&network, &load_plan);
    load.wait_for_more(300, PROGRESS_LIMIT);

    let leader = network.leader(CERTIFICATES);
    let [follower, third, fourth] = [1, 2, 3].map(|step| (leader + step) % 4);
    let began = Instant::now();
    freeze(&network, &[leader]);
    go_on(&network, &[follower, third, fourth], 10);
    freeze(&network, &[follower]);
    let follower_frozen = Instant::now();
    stand_still(&network, &[third, fourth]);
    freeze(&network, &[third, fourth]);
    std::thread::sleep(STANDSTILL);
    thaw(&network, &[third, fourth]);
    stand_still(&network, &[third, fourth]);

    std::thread::sleep(frozen.saturating_sub(began.elapsed()));
    note(&format!("the leader wakes up after {:.1?}", began.elapsed()));
    thaw(&network, &[leader]);
    go_on(&network, &[third, fourth, leader], 10);
    std::thread::sleep(frozen.saturating_sub(follower_frozen.elapsed()));
    note(&format!("the follower wakes up after {:.1?}", follower_frozen.elapsed()));
    thaw(&network, &[follower]);
    go_on(&network, &[0, 1, 2, 3], 10);
    network.wait_ready();

    let record = load.stop();
    note(&record.summary());
    audit(&network, &record);
    for channel in CHANNELS {
        for peer in &network.peers {
            let status = peer.rest.status(channel).unwrap();
            assert_eq!(status["lft"]["evidence"], 0, "{}: {status}", peer.name);
        }
    }
    network.assert_healthy();
}

// The peer and its runners, as when a machine is put to sleep.
fn freeze(network: &Network, peers: &[usize]) {
    note(&format!("frozen: {peers:?}"));
    processes(network, peers).into_iter().for_each(|process| signal("STOP", process));
}

fn thaw(network: &Network, peers: &[usize]) {
    note(&format!("thawed: {peers:?}"));
    processes(network, peers).into_iter().for_each(|process| signal("CONT", process));
}

fn processes(network: &Network, peers: &[usize]) -> Vec<u32> {
    let peers = || peers.iter().map(|peer| &network.peers[*peer]);
    let runners = peers().flat_map(|peer| peer.runners()).map(|runner| runner.process);
    peers().map(|peer| peer.process_id()).chain(runners).collect()
}

fn go_on(network: &Network, peers: &[usize], blocks: u64) {
    for channel in CHANNELS {
        network.wait_for_blocks(peers, channel, blocks, PROGRESS_LIMIT);
    }
}

/// Two of four decide nothing.
fn stand_still(network: &Network, peers: &[usize]) {
    // One that is behind may still get from the other what has been decided.
    let of_channel = |channel| peers.iter().map(move |peer| network.height(*peer, channel)).max();
    let heights = || -> Vec<u64> { CHANNELS.into_iter().filter_map(of_channel).collect() };
    std::thread::sleep(CALM);
    let before = heights();
    std::thread::sleep(STANDSTILL);
    assert_eq!(heights(), before, "peers {peers:?} are no quorum and have decided");
}
