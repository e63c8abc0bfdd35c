//! SCORE runners die, or cannot be started at all.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use tests::audit::audit;
use tests::load::{Load, LoadPlan};
use tests::network::{Network, shipped_packages};
use tests::node::Node;
use tests::note;
use tests::plan::{CERTIFICATES, ChannelPlan, DOCUMENTS, Plan};
use tests::process;
use tests::random::seed;
use tests::record::Record;
use tests::wait::wait_for;

fn load_plan(label: &str, transactions_per_client: Option<usize>) -> LoadPlan {
    let pause = Duration::from_millis(10);
    LoadPlan { label: label.to_owned(), seed: seed(), transactions_per_client, pause }
}

#[test]
fn runners_are_killed_under_load_and_nothing_is_lost_or_done_twice() {
    let mut network = Network::start(Plan::default());
    let load = Load::start(&network, &load_plan("runners", None));
    for peer in [0, 1, 2, 3, 0] {
        for channel in [DOCUMENTS, CERTIFICATES] {
            let victim = wait_for_runner(&network.peers[peer], channel, 0);
            process::signal("KILL", victim);
            let next = wait_for_runner(&network.peers[peer], channel, victim);
            assert_ne!(next, victim);
        }
    }
    let record = load.stop();
    note(&record.summary());
    audit(&network, &record);
    network.assert_healthy();
}

fn wait_for_runner(peer: &Node, channel: &str, not: u32) -> u32 {
    let what = format!("a new runner of {channel} on {}", peer.name);
    wait_for(&what, Duration::from_secs(30), || {
        let found = peer.runner(channel).filter(|runner| *runner != not);
        found.ok_or_else(|| format!("{:?}", peer.runners()))
    })
}

const TRIAL: &str = "trial_channel";
const BROKEN: &str = "def this is not Python\n";

#[test]
fn a_package_that_cannot_be_loaded_is_caught_up_with_once_it_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let packages = packages(folder.path(), BROKEN);
    let plan = Plan { channels: channels(), packages: Some(packages.clone()), ..Plan::default() };
    let mut network = Network::start(plan);
    let record = Load::start(&network, &load_plan("broken", Some(30))).join();
    for peer in &network.peers {
        committed_and_not_executed(peer, &record);
    }
    mend(&packages);
    audit(&network, &record);
    for peer in &network.peers {
        let status = peer.rest.object(&format!("status/score?channel={TRIAL}"));
        assert_eq!((&status["status"], &status["id"]), (&json!(0), &json!("trial/mended")));
    }
    network.assert_healthy();
}

/// One peer has a broken package, the others do not wait for it.
#[test]
fn a_peer_whose_package_is_broken_goes_on_committing_with_the_others() {
    let good = tempfile::tempdir().unwrap();
    let bad = tempfile::tempdir().unwrap();
    let good_packages = packages(good.path(), &sound());
    let bad_packages = packages(bad.path(), BROKEN);
    let plan = Plan { channels: channels(), packages: Some(good_packages), ..Plan::default() };
    let mut network = Network::prepare(plan);
    network.peers[1].set("DEFAULT_SCORE_REPOSITORY_PATH", bad_packages.display().to_string());
    network.start_planned();
    let record = Load::start(&network, &load_plan("one", Some(30))).join();
    committed_and_not_executed(&network.peers[1], &record);
    let hash = record.of_channel(TRIAL).next().unwrap().accepted().next().unwrap().to_owned();
    assert_eq!(network.peers[0].rest.executed(TRIAL, &hash)["code"], 0);
    mend(&bad_packages);
    audit(&network, &record);
    network.assert_healthy();
}

fn channels() -> Vec<ChannelPlan> {
    vec![
        ChannelPlan::new(CERTIFICATES, "loopchain/default"),
        ChannelPlan::new(TRIAL, "trial/mended"),
    ]
}

fn sound() -> String {
    std::fs::read_to_string(shipped_packages().join("loopchain/default/contract_score.py")).unwrap()
}

/// A folder of packages with the shipped default one and, beside it, one with this source.
fn packages(folder: &Path, source: &str) -> std::path::PathBuf {
    let shipped = shipped_packages().join("loopchain/default");
    for (name, id) in [("loopchain/default", "loopchain/default"), ("trial/mended", "trial/mended")]
    {
        let package = folder.join(name);
        std::fs::create_dir_all(&package).unwrap();
        let description = std::fs::read_to_string(shipped.join("package.json")).unwrap();
        std::fs::write(package.join("package.json"), description.replace("loopchain/default", id))
            .unwrap();
        let text = if name == "trial/mended" { source.to_owned() } else { sound() };
        std::fs::write(package.join("contract_score.py"), text).unwrap();
    }
    folder.to_path_buf()
}

fn mend(packages: &Path) {
    std::fs::write(packages.join("trial/mended/contract_score.py"), sound()).unwrap();
}

fn committed_and_not_executed(peer: &Node, record: &Record) {
    let hashes: Vec<&str> = record.of_channel(TRIAL).flat_map(|client| client.accepted()).collect();
    wait_for("the channel to commit everything", Duration::from_secs(60), || {
        let status = peer.rest.status(TRIAL)?;
        let total = status["total_tx"].as_u64().unwrap();
        if total >= hashes.len() as u64 { Ok(()) } else { Err(status.to_string()) }
    });
    let score = wait_for("the traceback in the status", Duration::from_secs(30), || {
        let score = peer.rest.object(&format!("status/score?channel={TRIAL}"));
        let told = score["message"].as_str().is_some_and(|text| text.contains("SyntaxError"));
        if told { Ok(score) } else { Err(score.to_string()) }
    });
    assert_eq!(score["status"], -1);
    for hash in hashes.iter().step_by(17) {
        // Each time the peer tries again, results are not there yet for a moment.
        wait_for("result 9100", Duration::from_secs(30), || {
            let result = peer.rest.result(TRIAL, hash);
            let fits = result["response"]["code"] == 9100
                && result["response"]["message"].as_str().is_some_and(|text| !text.is_empty());
            if fits { Ok(()) } else { Err(result.to_string()) }
        });
    }
    let other = peer.rest.object(&format!("status/score?channel={CERTIFICATES}"));
    assert_eq!(other["status"], 0, "the other channel's SCORE: {other}");
}
