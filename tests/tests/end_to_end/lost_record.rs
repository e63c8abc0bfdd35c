//! A peer whose ledgers are gone follows, but neither signs nor takes transactions until the
//! operator has it admitted again: it cannot know what it has signed before.

use std::time::Duration;

use serde_json::json;
use tests::audit::{audit, settle};
use tests::load::{Load, LoadPlan};
use tests::network::Network;
use tests::plan::{CERTIFICATES, DOCUMENTS, Plan};
use tests::random::seed;
use tests::rest::Submitted;
use tests::wait::wait_for;

const LOST: usize = 3;
const STANDSTILL: Duration = Duration::from_secs(5);
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn a_peer_without_its_record_signs_nothing_until_it_is_admitted_again() {
    let mut network = Network::start(Plan::default());
    let plan = LoadPlan {
        label: "before".to_owned(),
        seed: seed(),
        transactions_per_client: Some(40),
        pause: Duration::ZERO,
    };
    let record = Load::start(&network, &plan).join();
    audit(&network, &record);

    network.peers[LOST].kill();
    lose_everything_but_the_key(&network);
    network.peers[LOST].start();
    network.wait_ready();
    for channel in [CERTIFICATES, DOCUMENTS] {
        settle(&network, channel, 1);
        assert_eq!(signs(&network, channel), Ok(false), "it signs on {channel}");
        let answer = network.peers[LOST].rest.submit(&json!({ "data": 1, "channel": channel }));
        assert!(matches!(answer, Submitted::Busy(_)), "{answer:?}");
    }
    assert!(!decides_without_another(&mut network), "the peer without its record has voted");
    audit(&network, &record);

    admit_again(&mut network);
    assert!(decides_without_another(&mut network), "the peer that was admitted has not voted");
    let load = LoadPlan { label: "after".to_owned(), ..plan };
    let mut all = Load::start(&network, &load).join();
    all.add(record);
    audit(&network, &all);
    network.assert_healthy();
}

fn lose_everything_but_the_key(network: &Network) {
    let storage = network.peers[LOST].folder.join("storage");
    for entry in std::fs::read_dir(&storage).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            std::fs::remove_dir_all(&path).unwrap();
        }
    }
    assert!(storage.join("private.der").is_file());
}

fn signs(network: &Network, channel: &str) -> Result<bool, String> {
    let status = network.peers[LOST].rest.status(channel)?;
    status["lft"]["signs"].as_bool().ok_or_else(|| status.to_string())
}

/// Whether three of four, the one in question among them, commit something.
fn decides_without_another(network: &mut Network) -> bool {
    network.peers[0].kill();
    let rest = network.peers[1].rest.clone();
    let hash = rest.accepted(&json!({ "data": "needs three", "channel": CERTIFICATES }));
    std::thread::sleep(STANDSTILL);
    let code = rest.result(CERTIFICATES, &hash)["response"]["code"].as_i64();
    network.peers[0].start();
    network.wait_ready();
    assert_eq!(rest.executed(CERTIFICATES, &hash)["code"], 0);
    code == Some(0)
}

fn admit_again(network: &mut Network) {
    let id = network.peer_id(LOST);
    for channel in [CERTIFICATES, DOCUMENTS] {
        let body = json!({ "channel": channel, "peer_id": id, "change": "leave" });
        let answer = network.radiostation.rest.post("membership", &body).unwrap();
        assert_eq!(answer.json()["response_code"], 0, "{}", answer.text);
    }
    // It is told only when it attends anew.
    let (status, _) = network.peers[LOST].stop();
    assert!(status.success(), "{status}");
    network.peers[LOST].start();
    network.wait_ready();
    for channel in [CERTIFICATES, DOCUMENTS] {
        wait_for(&format!("the peer to sign on {channel} again"), LIMIT, || {
            if signs(network, channel)? { Ok(()) } else { Err("it does not".to_owned()) }
        });
    }
}
