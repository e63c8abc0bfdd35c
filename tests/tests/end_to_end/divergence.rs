//! One peer's SCORE comes to other results than the channel's: it is named, answers no queries as
//! if all were well, and holds nobody up.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use tests::audit::audit;
use tests::load::{Load, LoadPlan};
use tests::network::{Network, shipped_packages};
use tests::plan::{CERTIFICATES, ChannelPlan, Plan};
use tests::random::seed;
use tests::wait::wait_for;

const ODD: usize = 0;
const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn a_peer_whose_state_differs_says_so_and_the_others_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let odd_packages = packages(folder.path(), "{\"code\": 77}");
    let channels = vec![ChannelPlan::new(CERTIFICATES, "loopchain/default")];
    let mut network = Network::prepare(Plan { channels, ..Plan::default() });
    network.peers[ODD].set("DEFAULT_SCORE_REPOSITORY_PATH", odd_packages.display().to_string());
    network.start_planned();
    let plan = LoadPlan {
        label: "odd".to_owned(),
        seed: seed(),
        transactions_per_client: Some(100),
        pause: Duration::from_millis(5),
    };
    // Its own clients are not refused: their transactions are committed by the others.
    let mut record =
        Load::start(&network, &LoadPlan { label: "first".to_owned(), ..plan.clone() }).join();
    let differs = |network: &Network, peer: usize| {
        let status = network.peers[peer].rest.status(CERTIFICATES)?;
        Ok::<_, String>(status["lft"]["state_differs_from_height"].clone())
    };
    let height = wait_for("the odd peer to name the height", LIMIT, || {
        differs(&network, ODD)?.as_u64().ok_or("it names none".to_owned())
    });
    assert!(height > 0);
    let answer = network.peers[ODD].rest.query(CERTIFICATES, "echo", json!({}));
    let message = answer["response"]["message"].as_str().unwrap_or_default();
    assert!(answer["response"]["code"] != 0 && message.contains(&height.to_string()), "{answer}");
    assert!(network.peers[ODD].log().lines().any(|line| line.contains("ERROR")));
    for peer in 1..network.peers.len() {
        assert_eq!(differs(&network, peer), Ok(json!(null)), "peer {peer}");
        let answer = network.peers[peer].rest.query(CERTIFICATES, "echo", json!({ "a": 1 }));
        assert_eq!(answer["response"]["response"], json!({ "a": 1 }));
    }
    record.add(Load::start(&network, &plan).join());
    network.peers[ODD].kill();
    audit(&network, &record);

    // The way back: the right package, and the SCORE's store made anew.
    network.peers[ODD]
        .set("DEFAULT_SCORE_REPOSITORY_PATH", shipped_packages().display().to_string());
    let store = network.peers[ODD].folder.join("storage/score").join(CERTIFICATES);
    std::fs::remove_dir_all(store).unwrap();
    network.peers[ODD].start();
    network.wait_ready();
    audit(&network, &record);
    assert_eq!(differs(&network, ODD), Ok(json!(null)));
    network.assert_healthy();
}

/// The default contract, but every transaction comes to `result`.
fn packages(folder: &Path, result: &str) -> PathBuf {
    let name = "loopchain/default";
    let (shipped, package) = (shipped_packages().join(name), folder.join(name));
    std::fs::create_dir_all(&package).unwrap();
    std::fs::copy(shipped.join("package.json"), package.join("package.json")).unwrap();
    let source = std::fs::read_to_string(shipped.join("contract_score.py")).unwrap();
    let changed = source.replacen("{\"code\": 0}", result, 1);
    assert_ne!(changed, source);
    std::fs::write(package.join("contract_score.py"), changed).unwrap();
    folder.to_path_buf()
}
