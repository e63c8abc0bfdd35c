//! The version of a channel's SCORE is changed while it runs: by the radiostation's operator, for all
//! peers at one height, and back again. A peer that lacks the version says so, and goes on with the
//! others once it has it.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tests::network::Network;
use tests::plan::{CERTIFICATES, ChannelPlan, Plan};
use tests::process::command;
use tests::wait::wait_for;

const LIMIT: Duration = Duration::from_secs(60);
const PACKAGE: &str = "develop/word";
/// The peer whose folder is changed later than those of the others.
const LATE: usize = 3;

fn put(packages: &Path, word: &str) -> String {
    let folder = packages.join(PACKAGE);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("package.json"), "{\"main\": \"contract_score\"}").unwrap();
    std::fs::write(folder.join("contract_score.py"), CONTRACT.replace("WORD", word)).unwrap();
    let arguments = ["version", folder.to_str().unwrap()];
    let output = command("score-runner", &arguments, packages, None).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

const CONTRACT: &str = r#"
from loopchain.blockchain import ScoreBase


class UserScore(ScoreBase):
    def invoke(self, transaction, block):
        return {"code": 0, "message": "WORD"}

    def query(self, params):
        return '"WORD"'
"#;

#[test]
fn a_score_is_changed_for_all_at_one_height_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let (packages, late) = (folder.path().join("packages"), folder.path().join("late"));
    let first = put(&packages, "one");
    assert_eq!(put(&late, "one"), first, "equal files, equal versions");
    let channels = vec![ChannelPlan::new(CERTIFICATES, PACKAGE)];
    let mut network = Network::prepare(Plan { channels, ..Plan::default() });
    for (number, peer) in network.peers.iter_mut().enumerate() {
        let path = if number == LATE { &late } else { &packages };
        peer.set("DEFAULT_SCORE_REPOSITORY_PATH", path.display().to_string());
        peer.set("SCORE_LOAD_RETRY_INTERVAL", json!(1));
    }
    network.start_planned();
    says(&network, 0..4, "one");

    let second = put(&packages, "two");
    says(&network, 0..4, "one");
    let change = |value: &str, from: &str| {
        let body = json!({
            "channel": CERTIFICATES, "change": "score", "value": value, "from": from,
        });
        network.radiostation.rest.post("membership", &body).expect("it answers").json()
    };
    let refused = change(&second, &second);
    assert!(refused.to_string().contains("it is so already"), "{refused}");
    let signed = change(&second, &first);
    assert_eq!(signed["data"]["version"], json!(second), "{signed}");
    for peer in &network.peers[..LATE] {
        wait_for("the new version", LIMIT, || {
            let score = peer.rest.object(&format!("status/score?channel={CERTIFICATES}"));
            if score["version"] == json!(second) { Ok(()) } else { Err(score.to_string()) }
        });
    }
    says(&network, 0..LATE, "two");

    // The late one has no such version: it says so, and keeps up with the blocks.
    let peer = &network.peers[LATE];
    wait_for("the late peer to say what it lacks", LIMIT, || {
        let score = peer.rest.object(&format!("status/score?channel={CERTIFICATES}"));
        let said = score["message"].as_str().unwrap_or_default();
        if said.contains(&second) { Ok(()) } else { Err(score.to_string()) }
    });
    let height = network.peers[0].rest.status(CERTIFICATES).unwrap()["block_height"].clone();
    wait_for("the late peer to commit with the others", LIMIT, || {
        let status = peer.rest.status(CERTIFICATES).unwrap();
        let there = status["block_height"].as_u64() >= height.as_u64();
        if there { Ok(()) } else { Err(status.to_string()) }
    });
    assert_eq!(put(&late, "two"), second);
    says(&network, 0..4, "two");

    // And back: everybody still has the first one.
    let signed = change(&first, &second);
    assert_eq!(signed["data"]["version"], json!(first), "{signed}");
    wait_for("the first version", LIMIT, || {
        let score = peer.rest.object(&format!("status/score?channel={CERTIFICATES}"));
        if score["version"] == json!(first) { Ok(()) } else { Err(score.to_string()) }
    });
    says(&network, 0..4, "one");
    for peer in &network.peers {
        let status = peer.rest.status(CERTIFICATES).unwrap();
        assert_eq!(status["lft"]["state_differences"], json!([]), "{}", peer.name);
        assert_eq!(status["lft"]["state_differs_from_height"], Value::Null, "{}", peer.name);
    }
    network.assert_healthy();
}

/// Sends a transaction; each of `peers` comes to that result.
fn says(network: &Network, peers: std::ops::Range<usize>, word: &str) {
    let hash = network.peers[0].rest.accepted(&json!({ "id": word }));
    for peer in &network.peers[peers] {
        let result = peer.rest.executed(CERTIFICATES, &hash);
        assert_eq!(
            (&result["code"], &result["message"]),
            (&json!(0), &json!(word)),
            "{}",
            peer.name
        );
    }
}
