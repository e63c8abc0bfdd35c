//! A peer whose storage was put back from an earlier copy could say the opposite of what it said
//! since: it notices, follows the channels and keeps silent, until it is admitted again.

use std::path::Path;
use std::time::Duration;

use tests::audit::audit;
use tests::load::{Load, LoadPlan};
use tests::network::Network;
use tests::note;
use tests::plan::{CERTIFICATES, DOCUMENTS, Plan};
use tests::random::seed;
use tests::record::Record;
use tests::standing::{admit_again, assert_lost_record, decides_without, lft, wait_for_signs};

const RESTORED: usize = 3;
const OTHER: usize = 0;

#[test]
fn a_peer_restored_from_an_earlier_copy_signs_nothing_until_it_is_admitted_again() {
    let mut network = Network::start(Plan::default());
    let mut record = load(&network, "before");
    audit(&network, &record);
    let (status, _) = network.peers[RESTORED].stop();
    assert!(status.success(), "{status}");
    let copy = network.folder().join("yesterday");
    network.peers[RESTORED].copy_storage_to(&copy);

    note("put back before it has said anything else");
    put_back(&mut network, &copy);
    network.peers[RESTORED].start();
    network.wait_ready();
    wait_for_signs(&network, RESTORED, true);
    record.add(load(&network, "day"));
    // What it alone has would be lost with its storage.
    audit(&network, &record);

    note("put back after a day, alone");
    network.peers[RESTORED].kill();
    put_back(&mut network, &copy);
    network.peers[RESTORED].start();
    network.wait_ready();
    assert_noticed(&network);
    assert!(!decides_without(&mut network, RESTORED, OTHER), "its record is old and it has voted");
    audit(&network, &record);

    note("put back after a day, and nobody remembers: all were off");
    network.peers.iter_mut().for_each(|peer| peer.kill());
    put_back(&mut network, &copy);
    network.peers.iter_mut().for_each(|peer| peer.start());
    network.wait_ready();
    (0..3).for_each(|peer| wait_for_signs(&network, peer, true));
    assert_noticed(&network);
    audit(&network, &record);

    admit_again(&mut network, RESTORED);
    assert!(decides_without(&mut network, RESTORED, OTHER), "admitted again, it has not voted");
    record.add(load(&network, "after"));
    audit(&network, &record);
    for peer in 0..network.peers.len() {
        for channel in [CERTIFICATES, DOCUMENTS] {
            let lft = lft(&network, peer, channel).unwrap();
            assert_eq!(lft["evidence"], 0, "peer {peer} on {channel}: somebody signed twice");
        }
    }
    network.assert_healthy();
}

fn load(network: &Network, label: &str) -> Record {
    let plan = LoadPlan {
        label: label.to_owned(),
        seed: seed(),
        transactions_per_client: Some(40),
        pause: Duration::ZERO,
    };
    Load::start(network, &plan).join()
}

// What the log says from here on is about this storage.
fn put_back(network: &mut Network, copy: &Path) {
    let peer = &network.peers[RESTORED];
    peer.copy_storage_from(copy);
    std::fs::rename(peer.log_path(), peer.folder.join("earlier-log")).unwrap();
}

fn assert_noticed(network: &Network) {
    for channel in [CERTIFICATES, DOCUMENTS] {
        assert_lost_record(&network.peers[RESTORED], channel);
    }
}
