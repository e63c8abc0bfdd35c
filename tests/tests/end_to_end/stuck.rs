//! A channel that stands still: its status tells whom to call.

use std::time::Duration;

use serde_json::json;
use tests::network::Network;
use tests::plan::{CERTIFICATES, Plan};
use tests::standing::lft;
use tests::wait::wait_for;

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn the_status_says_in_words_what_is_waited_for_and_of_whom() {
    let mut network = Network::start(Plan::default());
    waits(&network, 0, &["nothing"]);
    let leader = network.leader(CERTIFICATES);
    let [first, second, third] = [1, 2, 3].map(|step| (leader + step) % 4);
    let named = [name(&network, first), name(&network, second)];
    network.peers[first].kill();
    network.peers[second].kill();
    let transaction = json!({ "data": "needs three", "channel": CERTIFICATES });
    let hash = network.peers[leader].rest.accepted(&transaction);
    let missing =
        |what| [what, "2 of 3, missing ", &*named[0], &*named[1], ", last heard ", " s ago"];
    waits(&network, leader, &missing(": "));
    waits(&network, third, &missing("complaints about round 0: "));
    network.peers[third].kill();
    network.peers[third].start();
    waits(&network, third, &["answers about what this peer said before: 2 of 3", &named[0]]);

    network.peers[first].start();
    network.peers[second].start();
    network.wait_ready();
    let result = network.peers[leader].rest.executed(CERTIFICATES, &hash);
    assert_eq!(result["code"], 0, "{result}");
    for peer in 0..4 {
        waits(&network, peer, &["nothing: no transactions wait"]);
        let lft = lft(&network, peer, CERTIFICATES).unwrap();
        assert_eq!(lft["height"], network.height(peer, CERTIFICATES) + 1, "{lft}");
    }
    network.assert_healthy();
}

/// How a peer calls another one.
fn name(network: &Network, peer: usize) -> String {
    let (id, node) = (network.peer_id(peer), &network.peers[peer]);
    format!("peer …{} at {}:{}", &id[id.len() - 4..], node.host, node.grpc_port)
}

fn waits(network: &Network, peer: usize, expected: &[&str]) {
    wait_for(&format!("the status of peer {peer} to say {expected:?}"), LIMIT, || {
        let lft = lft(network, peer, CERTIFICATES)?;
        let words = lft["waiting_for"].as_str().unwrap_or_default();
        let says = expected.iter().all(|part| words.contains(part));
        if says { Ok(()) } else { Err(words.to_owned()) }
    });
}
