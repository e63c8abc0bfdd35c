//! Two processes with one key. The channel goes on and nobody forks; the processes notice, and say
//! so to their operators.

use std::time::Duration;

use serde_json::{Map, json};
use tests::audit::audit;
use tests::load::{Load, LoadPlan};
use tests::network::{Network, settle_peer, shipped_packages};
use tests::node::Node;
use tests::note;
use tests::plan::{CERTIFICATES, DOCUMENTS, Plan};
use tests::random::seed;
use tests::rest::Submitted;
use tests::standing::{admit_again, assert_lost_record, lft, wait_for_signs};
use tests::wait::wait_for;

const ORIGINAL: usize = 3;
const ALL: [usize; 4] = [0, 1, 2, 3];
const HONEST: [usize; 3] = [0, 1, 2];
const CHANNELS: [&str; 2] = [CERTIFICATES, DOCUMENTS];
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn a_twin_without_the_storage_signs_nothing_and_the_channel_goes_on() {
    let mut network = Network::start(Plan::default());
    let load = start_load(&network, "original", &ALL, None);
    load.wait_for_more(200, LIMIT);
    let mut twin = twin(&network);
    twin.start();
    let told = "another process attends the radiostation with this peer's key";
    wait_for("the original to be told", LIMIT, || {
        let log = network.peers[ORIGINAL].log();
        let line = log.lines().any(|line| line.contains("ERROR") && line.contains(told));
        if line { Ok(()) } else { Err("nothing in its log".to_owned()) }
    });
    for channel in CHANNELS {
        network.wait_for_blocks(&HONEST, channel, 20, LIMIT);
        // Whether it has come so far as to know the channel or not: it has no say in it.
        let signs = twin.rest.status(channel).map(|status| status["lft"]["signs"].clone());
        assert!(signs.as_ref().is_err() || signs == Ok(json!(false)), "{signs:?}");
        let answer = twin.rest.submit(&json!({ "data": "from the twin", "channel": channel }));
        assert!(matches!(answer, Submitted::Busy(_)), "{answer:?}");
    }
    for peer in HONEST {
        let channels = CHANNELS.map(|channel| lft(&network, peer, channel).unwrap());
        assert!(channels.iter().all(|lft| lft["evidence"] == 0), "{channels:?}");
    }
    twin.kill();
    load.wait_for_more(200, LIMIT);
    let record = load.stop();
    note(&record.summary());
    audit(&network, &record);

    // The operator ends the twin and starts the original again.
    let (status, _) = network.peers[ORIGINAL].stop();
    assert!(status.success(), "{status}");
    network.peers[ORIGINAL].start();
    network.wait_ready();
    wait_for_signs(&network, ORIGINAL, true);
    audit(&network, &record);
    network.assert_healthy();
}

#[test]
fn a_twin_with_the_storage_is_found_out_and_the_channel_goes_on() {
    let mut network = Network::start(Plan::default());
    let mut record = start_load(&network, "before", &ALL, Some(20)).join();
    audit(&network, &record);
    let (status, _) = network.peers[ORIGINAL].stop();
    assert!(status.success(), "{status}");
    let mut twin = twin(&network);
    network.peers[ORIGINAL].copy_storage_to(&twin.storage());
    network.peers[ORIGINAL].start();
    network.wait_ready();
    wait_for_signs(&network, ORIGINAL, true);
    twin.start();
    wait_for("the twin to speak", LIMIT, || {
        let lft = twin.rest.status(CERTIFICATES)?["lft"].clone();
        // The others have heard nothing that its record lacks: so far it is as good as the original.
        if lft["signs"] == true { Ok(()) } else { Err(lft.to_string()) }
    });

    // Both number their batches alike, so these two contradict each other.
    for (number, rest) in [&network.peers[ORIGINAL].rest, &twin.rest].iter().enumerate() {
        let answer = rest.submit(&json!({ "data": number, "channel": CERTIFICATES }));
        assert!(matches!(answer, Submitted::Accepted(_)), "{answer:?}");
    }
    for peer in HONEST {
        wait_for("evidence", LIMIT, || {
            let lft = lft(&network, peer, CERTIFICATES)?;
            if lft["evidence"].as_u64() >= Some(1) { Ok(()) } else { Err(lft.to_string()) }
        });
    }
    assert_lost_record(&network.peers[ORIGINAL], CERTIFICATES);
    record.add(start_load(&network, "twins", &HONEST, Some(40)).join());
    twin.kill();
    network.wait_ready();
    audit(&network, &record);

    // One of the two is ended, and the other one admitted again.
    admit_again(&mut network, ORIGINAL);
    record.add(start_load(&network, "after", &ALL, Some(20)).join());
    audit(&network, &record);
    network.assert_healthy();
}

// The key, ports and folders of its own, and the radiostation of the original.
fn twin(network: &Network) -> Node {
    let mut twin = Node::new("twin", "peer", network.folder());
    settle_peer(&mut twin, network.radiostation.grpc_port, &shipped_packages(), &Map::new());
    let keys = network.peers[ORIGINAL].storage();
    for (name, file) in [("PRIVATE_PATH", "private.der"), ("PUBLIC_PATH", "public.der")] {
        twin.set(name, keys.join(file).display().to_string());
    }
    twin
}

fn start_load(network: &Network, label: &str, peers: &[usize], quota: Option<usize>) -> Load {
    let plan = LoadPlan {
        label: label.to_owned(),
        seed: seed(),
        transactions_per_client: quota,
        pause: Duration::from_millis(20),
    };
    Load::start_at(network, &plan, peers)
}
