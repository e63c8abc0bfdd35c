//! Peers let nobody in that their radiostation has not vouched for.

use std::time::{Duration, Instant};

use serde_json::Map;
use tests::network::{Network, settle_peer, settle_radiostation, shipped_packages};
use tests::node::Node;
use tests::plan::{CERTIFICATES, Plan};
use tests::wait::wait_for;

const KNOCKING: Duration = Duration::from_secs(6);
const LIMIT: Duration = Duration::from_secs(30);

/// The stranger is a whole peer of another network. It is made to believe that one of our peers is
/// a member there: somebody has joined that network with our peer's key and address.
#[test]
fn a_peer_of_another_network_is_refused_at_the_door() {
    let mut network = Network::start(Plan { peers: 2, ..Plan::default() });
    let mut elsewhere = Node::new("elsewhere", "radiostation", network.folder());
    settle_radiostation(&mut elsewhere, &network.channel_file(), false);
    elsewhere.start();
    wait_for("the other radiostation", LIMIT, || elsewhere.rest.try_object("conf").map(drop));

    let (victim_p2p, victim_keys) =
        (network.peers[1].p2p_port, network.peers[1].folder.join("storage"));
    network.peers[1].kill();
    let mut double = peer_of(&elsewhere, "double", &network);
    double.set("PORT_P2P", victim_p2p);
    for (name, file) in [("PRIVATE_PATH", "private.der"), ("PUBLIC_PATH", "public.der")] {
        double.set(name, victim_keys.join(file).display().to_string());
    }
    double.start();
    let mut stranger = peer_of(&elsewhere, "stranger", &network);
    stranger.start();
    wait_for_audience(&stranger, "1");
    double.kill();
    wait_for_audience(&stranger, "0");

    let log_before = network.peers[1].log().len();
    network.peers[1].start();
    network.wait_ready();
    let began = Instant::now();
    while began.elapsed() < KNOCKING {
        let audience =
            |peer: &Node| peer.rest.status(CERTIFICATES).unwrap()["audience_count"].clone();
        assert_eq!(audience(&stranger), "0", "the stranger was let in");
        assert_eq!(audience(&network.peers[1]), "1", "the stranger counts");
        std::thread::sleep(Duration::from_millis(100));
    }
    let log = network.peers[1].log();
    assert!(log[log_before..].contains("connection refused"), "the stranger has not knocked");
    network.assert_healthy();
}

fn peer_of(radiostation: &Node, name: &str, network: &Network) -> Node {
    let mut peer = Node::new(name, "peer", network.folder());
    settle_peer(&mut peer, radiostation.grpc_port, &shipped_packages(), &Map::new());
    peer
}

fn wait_for_audience(peer: &Node, count: &str) {
    wait_for(&format!("{} to be connected with {count}", peer.name), LIMIT, || {
        let status = peer.rest.status(CERTIFICATES)?;
        if status["audience_count"] == count { Ok(()) } else { Err(status.to_string()) }
    });
}
