//! SIGTERM ends every program in order, and what it left goes on when it starts again.

use std::time::Duration;

use tests::audit::audit;
use tests::load::{Load, LoadPlan};
use tests::network::Network;
use tests::node::Runner;
use tests::note;
use tests::plan::Plan;
use tests::process;
use tests::random::seed;
use tests::wait::wait_for;

fn load(network: &Network, label: &str) -> Load {
    let plan = LoadPlan {
        label: label.to_owned(),
        seed: seed(),
        transactions_per_client: None,
        pause: Duration::from_millis(10),
    };
    Load::start(network, &plan)
}

fn wait_for_accepted(load: &Load, count: usize) {
    wait_for(&format!("{count} accepted transactions"), Duration::from_secs(60), || {
        let accepted = load.accepted();
        if accepted >= count { Ok(()) } else { Err(format!("{accepted}")) }
    });
}

fn gone(runners: &[Runner]) {
    wait_for("the runners to be gone", Duration::from_secs(5), || {
        let left = runners.iter().find(|runner| process::runs(runner.process, "score-runner"));
        left.map_or(Ok(()), |runner| Err(format!("{runner:?}")))
    });
}

#[test]
fn sigterm_ends_programs_cleanly_under_load_and_a_restart_goes_on() {
    let mut network = Network::start(Plan::default());
    let running = load(&network, "first");
    wait_for_accepted(&running, 500);

    // One peer leaves; the others go on, and the radiostation knows at once.
    let runners = network.peers[2].runners();
    assert_eq!(runners.len(), 2, "{runners:?}");
    let (status, took) = network.peers[2].stop();
    note(&format!("a peer under load ended in {took:?}"));
    assert!(status.success(), "peer3 ended with {status}");
    gone(&runners);
    wait_for("the radiostation to know", Duration::from_secs(5), || {
        let list = network.radiostation.rest.object("peer/list");
        let connected = &list["data"]["connected_peer_count"];
        if connected == 3 { Ok(()) } else { Err(list.to_string()) }
    });
    let accepted = running.accepted();
    wait_for_accepted(&running, accepted + 500);
    network.peers[2].start();
    network.wait_ready();
    let mut record = running.stop();
    audit(&network, &record);

    // Everything ends.
    let running = load(&network, "second");
    wait_for_accepted(&running, 500);
    let mut runners = Vec::new();
    for peer in &mut network.peers {
        runners.extend(peer.runners());
        let (status, _) = peer.stop();
        assert!(status.success(), "{} ended with {status}", peer.name);
    }
    gone(&runners);
    let (status, took) = network.radiostation.stop();
    note(&format!("the radiostation ended in {took:?}"));
    assert!(status.success(), "the radiostation ended with {status}");

    network.start_planned();
    let accepted = running.accepted();
    wait_for_accepted(&running, accepted + 500);
    record.add(running.stop());
    note(&record.summary());
    audit(&network, &record);
    network.assert_healthy();
}
