//! A peer joins channels that have a history.

use std::time::Duration;

use serde_json::json;
use tests::audit::{audit, settle};
use tests::load::{Load, LoadPlan};
use tests::network::Network;
use tests::plan::{CERTIFICATES, DOCUMENTS, Plan};
use tests::random::seed;
use tests::wait::wait_for;

const FIFTH: usize = 4;
/// Several complaint timeouts: whoever could decide would have.
const STANDSTILL: Duration = Duration::from_secs(5);

fn load(network: &Network, label: &str) -> Load {
    let plan = LoadPlan {
        label: label.to_owned(),
        seed: seed(),
        transactions_per_client: Some(60),
        pause: Duration::from_millis(5),
    };
    Load::start(network, &plan)
}

#[test]
fn a_fifth_peer_joins_syncs_validates_and_makes_transactions() {
    let mut network = Network::start(Plan { later_peers: 1, ..Plan::default() });
    assert_eq!(tolerated(&network), [2; 4]);
    let mut record = load(&network, "before").join();

    let meanwhile = load(&network, "meanwhile");
    network.peers[FIFTH].start();
    network.wait_ready();
    record.add(meanwhile.join());
    for channel in [CERTIFICATES, DOCUMENTS] {
        let accepted = record.of_channel(channel).map(|client| client.accepted().count()).sum();
        settle(&network, channel, accepted);
    }
    audit(&network, &record);
    let list = network.radiostation.rest.object("peer/list");
    let peers = list["data"]["registered_peer_list"].as_array().unwrap();
    assert_eq!((peers.len(), &peers[FIFTH]["order"]), (5, &json!(5)));
    assert_eq!(tolerated(&network), [3; 5]);

    record.add(load(&network, "with").join());
    audit(&network, &record);
    its_vote_counts(&mut network);
    audit(&network, &record);
    network.assert_healthy();
}

/// On every peer, how many validators would have to lie to break the channel.
fn tolerated(network: &Network) -> Vec<u64> {
    let figure = |number: usize| {
        let status = network.peers[number].rest.status(DOCUMENTS).unwrap();
        status["lft"]["dishonest_peers_to_break_safety"].as_u64().unwrap()
    };
    network.members(DOCUMENTS).into_iter().map(figure).collect()
}

// Of five validators four decide. Without one of the old ones and without the fifth, three are
// left, which were enough when there were four; with the fifth they are four again.
fn its_vote_counts(network: &mut Network) {
    network.peers[FIFTH].kill();
    network.peers[0].kill();
    let rest = network.peers[1].rest.clone();
    let before = network.height(1, CERTIFICATES);
    let hash = rest.accepted(&json!({ "data": "waits for the fifth", "channel": CERTIFICATES }));
    std::thread::sleep(STANDSTILL);
    assert_eq!(network.height(1, CERTIFICATES), before, "three of five validators have decided");
    let result = rest.result(CERTIFICATES, &hash);
    assert_eq!(result["response"]["code"], 2, "{result}");
    network.peers[FIFTH].start();
    let what = "the transaction to be committed with the fifth peer's vote";
    wait_for(what, Duration::from_secs(60), || {
        let result = rest.result(CERTIFICATES, &hash);
        if result["response"]["code"] == 0 { Ok(()) } else { Err(result.to_string()) }
    });
    network.peers[0].start();
    network.wait_ready();
}
