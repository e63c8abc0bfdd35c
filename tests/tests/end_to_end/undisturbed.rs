//! Runners and peers are killed at random moments under load; the SCORE's state is then what an
//! undisturbed run over the same blocks comes to.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tests::audit::audit;
use tests::load::{Load, LoadPlan};
use tests::network::Network;
use tests::node::Node;
use tests::note;
use tests::plan::{CERTIFICATES, ChannelPlan, DOCUMENTS, Plan};
use tests::process::{self, command};
use tests::random::{Random, seed};
use tests::wait::wait_for;

const LIMIT: Duration = Duration::from_secs(60);

/// With `./run_tests --all` two minutes.
fn how_long() -> Duration {
    let all = std::env::var_os("LOOPCHAIN_TEST_ALL").is_some();
    Duration::from_secs(if all { 120 } else { 15 })
}

#[test]
fn what_is_killed_at_random_comes_to_the_state_of_an_undisturbed_run() {
    let folder = tempfile::tempdir().unwrap();
    put_packages(folder.path());
    let channels = vec![
        ChannelPlan::new(CERTIFICATES, "trial/both"),
        ChannelPlan::new(DOCUMENTS, "sample/documents"),
    ];
    let packages = Some(folder.path().to_owned());
    let mut network = Network::start(Plan { channels, packages, ..Plan::default() });
    let seed = seed();
    let load = Load::start(
        &network,
        &LoadPlan {
            label: "kill".to_owned(),
            seed,
            transactions_per_client: None,
            pause: Duration::from_millis(5),
        },
    );
    let mut random = Random::new(seed);
    let since = Instant::now();
    let mut kills = [0; 3];
    while since.elapsed() < how_long() {
        std::thread::sleep(Duration::from_millis(100 + random.below(900)));
        let kind = random.below(3) as usize;
        let number = random.below(network.peers.len() as u64) as usize;
        let peer = &mut network.peers[number];
        kills[kind] += 1;
        if kind != 1 {
            peer.runners().iter().for_each(|runner| process::signal("KILL", runner.process));
        }
        if kind != 0 {
            peer.kill();
            peer.start();
        }
    }
    let record = load.stop();
    note(&format!("runners, peers and both killed: {kills:?}; {}", record.summary()));
    network.wait_ready();
    audit(&network, &record);

    // Everything anew, and nobody in its way.
    let (status, _) = network.peers[0].stop();
    assert!(status.success(), "{status}");
    std::fs::remove_dir_all(network.peers[0].folder.join("storage/score")).unwrap();
    network.peers[0].start();
    network.wait_ready();
    for channel in [CERTIFICATES, DOCUMENTS] {
        for other in 1..network.peers.len() {
            let stores = [0, other].map(|number| store(&network.peers[number], channel));
            let stores = stores.map(|path| path.display().to_string());
            // The peer has the results of all blocks: only its SCORE's store tells how far it is.
            wait_for("the same state everywhere", LIMIT, || {
                let arguments = ["diff", &stores[0], &stores[1]];
                let output =
                    command("score-runner", &arguments, folder.path(), None).output().unwrap();
                let told = String::from_utf8_lossy(&output.stdout).into_owned();
                let first = told.lines().next().unwrap_or_default();
                if told == "no differences\n" { Ok(()) } else { Err(format!("{channel}: {first}")) }
            });
        }
    }
    audit(&network, &record);
    network.assert_healthy();
}

fn put_packages(folder: &Path) {
    let package = folder.join("trial/both");
    std::fs::create_dir_all(&package).unwrap();
    std::fs::write(package.join("package.json"), "{\"main\": \"contract_score\"}").unwrap();
    std::fs::write(package.join("contract_score.py"), BOTH_DATABASES).unwrap();
    let shipped = tests::network::shipped_packages().join("sample/documents");
    let documents = folder.join("sample/documents");
    std::fs::create_dir_all(&documents).unwrap();
    for entry in std::fs::read_dir(shipped).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            std::fs::copy(&path, documents.join(path.file_name().unwrap())).unwrap();
        }
    }
}

fn store(peer: &Node, channel: &str) -> PathBuf {
    peer.folder.join("storage/score").join(channel)
}

const BOTH_DATABASES: &str = r#"
import json

from loopchain.blockchain import ScoreBase
from loopchain.tools import ScoreDatabaseType, ScoreHelper


class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        self._pairs = ScoreHelper().load_database("pairs", ScoreDatabaseType.leveldb)
        self._rows = ScoreHelper().load_database("rows")
        self._rows.execute("CREATE TABLE IF NOT EXISTS rows (number INTEGER PRIMARY KEY, text)")

    def invoke(self, transaction, block):
        number = self._rows.execute("SELECT count(*) FROM rows").fetchone()[0]
        self._rows.execute("INSERT INTO rows (text) VALUES (?)", (transaction.get_data_string(),))
        self._pairs.Put(transaction.tx_hash.encode(), str(number).encode())
        return {"code": 0}

    def query(self, params):
        request = json.loads(params)
        return json.dumps({"jsonrpc": "2.0", "code": 0, "response": request.get("params")})
"#;
