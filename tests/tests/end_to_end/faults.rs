//! Processes are killed while a load runs. Nothing that was accepted may be lost or come twice.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tests::audit::audit;
use tests::load::{Load, LoadPlan};
use tests::network::Network;
use tests::note;
use tests::plan::{CERTIFICATES, DOCUMENTS, Plan};
use tests::process;
use tests::random::seed;
use tests::record::{Outcome, Record};
use tests::wait::wait_for;

const PROGRESS_LIMIT: Duration = Duration::from_secs(60);
const CATCH_UP_LIMIT: Duration = Duration::from_secs(60);
/// Far above what is expected: the complaint timeout of 1 s and a little.
const SILENCE_MAX: Duration = Duration::from_secs(30);

fn start_load(network: &Network, label: &str) -> Load {
    let plan = LoadPlan {
        label: label.to_owned(),
        seed: seed(),
        transactions_per_client: None,
        pause: Duration::from_millis(20),
    };
    note(&format!("load {label}, seed {}", plan.seed));
    Load::start(network, &plan)
}

fn wait_for_more(load: &Load, more: usize) {
    let wanted = load.accepted() + more;
    wait_for(&format!("{more} more accepted transactions"), PROGRESS_LIMIT, || {
        let accepted = load.accepted();
        if accepted >= wanted { Ok(()) } else { Err(format!("{accepted} of {wanted}")) }
    });
}

/// Waits until a peer has the height that the others have now, on every channel.
fn wait_for_catch_up(network: &Network, peer: usize) {
    for channel in &network.channels {
        let others = network.members(&channel.name).into_iter().filter(|other| *other != peer);
        let goal = others.map(|other| network.height(other, &channel.name)).max().unwrap();
        let what = format!("{} to reach height {goal}", network.peers[peer].name);
        wait_for(&what, CATCH_UP_LIMIT, || {
            let status = network.peers[peer].rest.status(&channel.name)?;
            let height = status["block_height"].as_u64().unwrap();
            if height >= goal { Ok(()) } else { Err(format!("height {height}")) }
        });
    }
}

fn finish(mut network: Network, load: Load) {
    let record = load.stop();
    note(&record.summary());
    audit(&network, &record);
    network.assert_healthy();
}

fn follower(network: &Network) -> usize {
    let leaders = BTreeSet::from([CERTIFICATES, DOCUMENTS].map(|name| network.leader(name)));
    (0..network.peers.len()).find(|peer| !leaders.contains(peer)).unwrap()
}

#[test]
fn a_follower_is_killed_under_load_and_catches_up() {
    let mut network = Network::start(Plan::default());
    let load = start_load(&network, "follower");
    wait_for_more(&load, 500);
    let victim = follower(&network);
    let runners = network.peers[victim].runners();
    assert_eq!(runners.len(), 2, "one runner for each channel: {runners:?}");
    network.peers[victim].kill();
    wait_for("the runners of a killed peer to end", Duration::from_secs(10), || {
        let left = runners.iter().find(|runner| process::runs(runner.process, "score-runner"));
        left.map_or(Ok(()), |runner| Err(format!("{runner:?}")))
    });
    wait_for_more(&load, 1000);
    wait_for("the radiostation to miss it", Duration::from_secs(30), || {
        let list = network.radiostation.rest.object("peer/list");
        let connected = &list["data"]["connected_peer_count"];
        if connected == 3 { Ok(()) } else { Err(connected.to_string()) }
    });
    network.peers[victim].start();
    wait_for_catch_up(&network, victim);
    wait_for_more(&load, 500);
    finish(network, load);
}

#[test]
fn the_leader_is_killed_under_load_and_the_next_one_leads() {
    let mut network = Network::start(Plan::default());
    let load = start_load(&network, "leader");
    for turn in 0..2 {
        wait_for_more(&load, 500);
        let victim = network.leader(CERTIFICATES);
        let survivor = (victim + 1) % network.peers.len();
        network.peers[victim].kill();
        let killed = Instant::now();
        let height = network.height(survivor, CERTIFICATES);
        let limit = SILENCE_MAX;
        wait_for("a block without the killed leader", limit, || {
            let now = network.height(survivor, CERTIFICATES);
            // One block may have been on its way.
            if now > height + 1 { Ok(()) } else { Err(format!("height {now}, was {height}")) }
        });
        note(&format!("leader killed, turn {turn}: commits again after {:?}", killed.elapsed()));
        let next = network.leader(CERTIFICATES);
        assert_ne!(next, victim);
        wait_for_more(&load, 1000);
        network.peers[victim].start();
        wait_for_catch_up(&network, victim);
    }
    wait_for_more(&load, 500);
    finish(network, load);
}

/// A frozen leader is no dead one: it wakes up in a past that the others have left.
#[test]
fn the_leader_is_frozen_under_load_and_wakes_up_behind() {
    let network = Network::start(Plan::default());
    let load = start_load(&network, "frozen");
    for _ in 0..2 {
        wait_for_more(&load, 300);
        let victim = network.leader(DOCUMENTS);
        process::signal("STOP", network.peers[victim].process_id());
        wait_for_more(&load, 500);
        process::signal("CONT", network.peers[victim].process_id());
        wait_for_catch_up(&network, victim);
        network.wait_ready();
    }
    wait_for_more(&load, 300);
    finish(network, load);
}

#[test]
fn every_process_is_killed_at_once_under_load_and_starts_again() {
    let mut network = Network::start(Plan::default());
    let load = start_load(&network, "everything");
    for _ in 0..2 {
        wait_for_more(&load, 1000);
        let runners: Vec<_> = network.peers.iter().flat_map(|peer| peer.runners()).collect();
        runners.iter().for_each(|runner| process::signal("KILL", runner.process));
        network.radiostation.kill();
        network.peers.iter_mut().for_each(|peer| peer.kill());
        network.start_planned();
        wait_for_more(&load, 500);
    }
    finish(network, load);
}

#[test]
fn the_radiostation_is_killed_and_the_load_does_not_notice() {
    let mut network = Network::start(Plan::default());
    let load = start_load(&network, "radiostation");
    wait_for_more(&load, 500);
    network.radiostation.kill();
    wait_for_more(&load, 2000);
    let record = load.stop();
    assert!(all_accepted(&record), "the load noticed: {}", record.summary());
    audit(&network, &record);

    // A peer needs it neither to go on nor to come back.
    let load = start_load(&network, "without");
    let victim = follower(&network);
    network.peers[victim].kill();
    wait_for_more(&load, 500);
    network.peers[victim].start();
    wait_for_catch_up(&network, victim);
    wait_for_more(&load, 500);

    network.radiostation.start();
    network.wait_for_radiostation();
    wait_for("all peers to be back at the radiostation", Duration::from_secs(30), || {
        let list = network.radiostation.rest.object("peer/list");
        let connected = &list["data"]["connected_peer_count"];
        if connected == 4 { Ok(()) } else { Err(list.to_string()) }
    });
    wait_for_more(&load, 500);
    let mut all = load.stop();
    note(&all.summary());
    all.add(record);
    audit(&network, &all);
    network.assert_healthy();
}

fn all_accepted(record: &Record) -> bool {
    let mut sent = record.clients.iter().flat_map(|client| &client.sent);
    sent.all(|sent| matches!(sent.outcome, Outcome::Accepted(_)))
}
