//! One peer's SCORE comes to other results than the channel's: it is named, answers no queries as
//! if all were well, and holds nobody up.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tests::audit::audit;
use tests::load::{Load, LoadPlan};
use tests::network::{Network, shipped_packages};
use tests::plan::{CERTIFICATES, ChannelPlan, Plan};
use tests::process::command;
use tests::random::seed;
use tests::record::{ClientRecord, Outcome, Record, Sent};
use tests::wait::wait_for;

const ODD: usize = 0;
const ODD_CODE: i64 = 77;
/// Enough blocks for the leader to state a new result now and then while there is a dispute.
const TRANSACTIONS: usize = 60;
const LIMIT: Duration = Duration::from_secs(60);

/// Validators that lag behind in executing must not take the odd leader's word.
#[test]
fn under_load_the_odd_peer_is_alone_as_well() {
    let folder = tempfile::tempdir().unwrap();
    let odd_packages = packages(folder.path());
    let channels = vec![ChannelPlan::new(CERTIFICATES, "loopchain/default")];
    let mut network = Network::prepare(Plan { channels, ..Plan::default() });
    network.peers[ODD].set("DEFAULT_SCORE_REPOSITORY_PATH", odd_packages.display().to_string());
    network.start_planned();
    let plan = LoadPlan {
        label: "odd".to_owned(),
        seed: seed(),
        transactions_per_client: Some(200),
        pause: Duration::from_millis(5),
    };
    let record = Load::start(&network, &plan).join();
    for peer in 1..network.peers.len() {
        assert_eq!(differs(&network, peer), json!(null), "peer {peer}");
    }
    network.peers[ODD].kill();
    audit(&network, &record);
    network.assert_healthy();
}

#[test]
fn a_peer_whose_state_differs_says_so_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let odd_packages = packages(folder.path());
    let channels = vec![ChannelPlan::new(CERTIFICATES, "loopchain/default")];
    let mut network = Network::prepare(Plan { channels, ..Plan::default() });
    network.peers[ODD].set("DEFAULT_SCORE_REPOSITORY_PATH", odd_packages.display().to_string());
    network.start_planned();
    let record = one_after_the_other(&network);
    let height = wait_for("the odd peer to name the height", LIMIT, || {
        differs(&network, ODD).as_u64().ok_or("it names none".to_owned())
    });
    let answer = network.peers[ODD].rest.query(CERTIFICATES, "echo", json!({}));
    let message = answer["response"]["message"].as_str().unwrap_or_default();
    assert!(answer["response"]["code"] != 0 && message.contains(&height.to_string()), "{answer}");
    assert!(network.peers[ODD].log().contains("ERROR"));
    for peer in 1..network.peers.len() {
        assert_eq!(differs(&network, peer), json!(null), "peer {peer}");
        let answer = network.peers[peer].rest.query(CERTIFICATES, "echo", json!({ "a": 1 }));
        assert_eq!(answer["response"]["response"], json!({ "a": 1 }));
    }
    network.peers[ODD].kill();
    audit(&network, &record);

    // The way back: the right package, and the SCORE's store made anew.
    let shipped = shipped_packages().display().to_string();
    network.peers[ODD].set("DEFAULT_SCORE_REPOSITORY_PATH", shipped);
    let store = network.peers[ODD].folder.join("storage/score").join(CERTIFICATES);
    std::fs::remove_dir_all(store).unwrap();
    network.peers[ODD].start();
    network.wait_ready();
    audit(&network, &record);
    assert_eq!(differs(&network, ODD), json!(null));
    network.assert_healthy();
}

/// A SCORE that reads its environment is found out at the first block, and every peer says by which
/// transaction; the stores can be compared.
#[test]
fn the_height_and_the_transaction_are_named_on_every_peer() {
    let folder = tempfile::tempdir().unwrap();
    let package = folder.path().join("loopchain/default");
    std::fs::create_dir_all(&package).unwrap();
    std::fs::write(package.join("package.json"), "{\"main\": \"contract_score\"}").unwrap();
    std::fs::write(package.join("contract_score.py"), READS_ENVIRONMENT).unwrap();
    let channels = vec![ChannelPlan::new(CERTIFICATES, "loopchain/default")];
    let mut network = Network::prepare(Plan { channels, ..Plan::default() });
    for (number, peer) in network.peers.iter_mut().enumerate() {
        peer.set("DEFAULT_SCORE_REPOSITORY_PATH", folder.path().display().to_string());
        let site = if number == ODD { "elsewhere" } else { "here" };
        peer.environment.push(("SITE".to_owned(), site.to_owned()));
    }
    network.start_planned();
    let hash = network.peers[1].rest.accepted(&json!({ "id": "first" }));
    for peer in &network.peers {
        assert_eq!(peer.rest.executed(CERTIFICATES, &hash)["code"], 0, "{}", peer.name);
    }
    // The blocks before carry members, and nothing to be executed.
    let height =
        network.peers[1].rest.status(CERTIFICATES).unwrap()["lft"]["executed_height"].clone();
    let ids: Vec<Value> = network
        .peers
        .iter()
        .map(|peer| peer.rest.status(CERTIFICATES).unwrap()["peer_id"].clone())
        .collect();
    for (number, peer) in network.peers.iter().enumerate() {
        let other = |id: &Value| (number == ODD) != (*id == ids[ODD]);
        let mut expected: Vec<Value> = ids.iter().filter(|id| other(id)).cloned().collect();
        expected.sort_by_key(Value::to_string);
        let difference =
            |id: Value| json!({"peer_id": id, "height": height, "tx_number": 0, "tx_hash": hash});
        let expected: Value = expected.into_iter().map(difference).collect();
        wait_for("the difference to be named", LIMIT, || {
            let status = peer.rest.status(CERTIFICATES).unwrap();
            let mut found = status["lft"]["state_differences"].clone();
            let found = found.as_array_mut().unwrap();
            found.sort_by_key(|one| one["peer_id"].to_string());
            if json!(found) == expected { Ok(()) } else { Err(json!(found).to_string()) }
        });
        assert!(peer.log().contains(&hash), "{}", peer.name);
    }
    let store = |number: usize| {
        let storage = network.peers[number].folder.join("storage/score").join(CERTIFICATES);
        storage.display().to_string()
    };
    let diff = |a: usize, b: usize| {
        let arguments = ["diff", &store(a), &store(b)];
        let output = command("score-runner", &arguments, folder.path(), None).output().unwrap();
        (String::from_utf8(output.stdout).unwrap(), output.status.code())
    };
    assert_eq!(diff(1, 2), ("no differences\n".to_owned(), Some(0)));
    let (told, code) = diff(ODD, 1);
    assert!(told.contains("sites, key \"first\": \"elsewhere\" | \"here\""), "{told}");
    assert_eq!(code, Some(1));
    network.assert_healthy();
}

const READS_ENVIRONMENT: &str = r#"
import json
import os

from loopchain.blockchain import ScoreBase
from loopchain.tools import ScoreDatabaseType, ScoreHelper


class UserScore(ScoreBase):
    def invoke(self, transaction, block):
        sites = ScoreHelper().load_database("sites", ScoreDatabaseType.leveldb)
        sites.Put(json.loads(transaction.get_data())["id"].encode(), os.environ["SITE"].encode())

    def query(self, params):
        return "{}"
"#;

fn differs(network: &Network, peer: usize) -> Value {
    let status = network.peers[peer].rest.status(CERTIFICATES).unwrap();
    status["lft"]["state_differs_from_height"].clone()
}

/// Every transaction is executed everywhere before the next is sent, by another peer each time.
fn one_after_the_other(network: &Network) -> Record {
    let mut clients: Vec<ClientRecord> = (0..network.peers.len())
        .map(|peer| ClientRecord {
            client: format!("client{peer}"),
            channel: CERTIFICATES.to_owned(),
            peer,
            sent: Vec::new(),
        })
        .collect();
    for number in 0..TRANSACTIONS {
        let client = &mut clients[number % network.peers.len()];
        let marker = format!("{}/{number}", client.client);
        let hash = network.peers[client.peer].rest.accepted(&json!({ "id": marker }));
        for (number, peer) in network.peers.iter().enumerate() {
            let expected = if number == ODD { ODD_CODE } else { 0 };
            assert_eq!(peer.rest.executed(CERTIFICATES, &hash)["code"], expected, "{}", peer.name);
        }
        let outcome = Outcome::Accepted(hash);
        client.sent.push(Sent { marker, expected_code: 0, document: 0, outcome });
    }
    Record { clients }
}

/// The default contract, but every transaction comes to another code.
fn packages(folder: &Path) -> PathBuf {
    let name = "loopchain/default";
    let (shipped, package) = (shipped_packages().join(name), folder.join(name));
    std::fs::create_dir_all(&package).unwrap();
    std::fs::copy(shipped.join("package.json"), package.join("package.json")).unwrap();
    let source = std::fs::read_to_string(shipped.join("contract_score.py")).unwrap();
    let changed = source.replacen("{\"code\": 0}", &format!("{{\"code\": {ODD_CODE}}}"), 1);
    assert_ne!(changed, source);
    std::fs::write(package.join("contract_score.py"), changed).unwrap();
    folder.to_path_buf()
}
