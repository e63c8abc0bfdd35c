//! A channel of one validator that runs by itself: no other peers, a real SCORE runner.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chain::channel::Settings;
use chain::hash::Hash;
use chain::lft::standing::Standing;
use chain::pool::PoolLimits;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{begun, key, peer, settings, wait_for};
use crate::api::{self, TransactionResult};
use crate::channel::{Channel, Surroundings};
use crate::executor::ScoreRunner;
use crate::intake::WaitingLimits;
use crate::network::Network;
use crate::storage::{Ledger, StorageError};

/// How long a runner may take to start and to execute a few blocks.
pub const SCORE_TIMEOUT: Duration = Duration::from_secs(60);

/// Counts transactions, so that one that is executed twice, late or not at all shows.
const PACKAGE: &str = r#"
import json
from loopchain.blockchain import ScoreBase
from loopchain.tools import ScoreDatabaseType, ScoreHelper

class UserScore(ScoreBase):
    def __init__(self, info=None):
        super().__init__(info)
        self._database = ScoreHelper().load_database("count", ScoreDatabaseType.leveldb)

    def _count(self):
        try:
            return int(bytes(self._database.Get(b"count")).decode())
        except KeyError:
            return 0

    def invoke(self, transaction, block):
        data = transaction.get_data_string()
        if data == "fail":
            raise ValueError("told to fail")
        count = self._count() + 1
        self._database.Put(b"count", str(count).encode())
        return {"code": 0, "message": "%d %s" % (count, data)}

    def query(self, params):
        if params == "raise":
            raise ValueError("told to raise")
        return json.dumps({"count": self._count()}) if params == "count" else params
"#;

/// The program beside the folder of this test's executable.
pub fn runner_program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let program = test.parent().unwrap().parent().unwrap().join("score-runner");
    assert!(
        program.is_file(),
        "{} is missing; build it first: cargo build --release --workspace",
        program.display()
    );
    program
}

/// A folder of packages with `develop/count`.
pub struct Repository(TempDir);

impl Repository {
    pub fn new() -> Repository {
        let repository = Repository(tempfile::tempdir().unwrap());
        repository.write(PACKAGE);
        repository
    }

    /// Replaces the contract's source; by what counts when it is empty.
    pub fn write(&self, source: &str) {
        let folder = self.0.path().join("develop/count");
        std::fs::create_dir_all(&folder).unwrap();
        let info = r#"{"id": "develop/count", "version": "1.0.0", "main": "contract_score"}"#;
        std::fs::write(folder.join("package.json"), info).unwrap();
        let source = if source.is_empty() { PACKAGE } else { source };
        std::fs::write(folder.join("contract_score.py"), source).unwrap();
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

/// How a channel is started.
pub struct Start {
    pub settings: Settings,
    pub waiting: WaitingLimits,
    /// Number of this peer's key.
    pub me: u8,
    /// None: the one that was built.
    pub program: Option<PathBuf>,
}

impl Default for Start {
    fn default() -> Start {
        Start {
            settings: settings(),
            waiting: WaitingLimits { transactions: 100_000, bytes: 64 << 20 },
            me: 1,
            program: None,
        }
    }
}

/// What a channel needs, with a network of nobody else.
pub async fn surroundings(start: &Start, repository: &Path) -> Surroundings {
    let key = key(start.me);
    let network = Network::start(&key, "127.0.0.1:0".parse().unwrap()).await.unwrap();
    Surroundings {
        key,
        network,
        pool: PoolLimits { bytes_per_maker: 64 << 20, bytes: 128 << 20 },
        waiting: start.waiting,
        batch_interval: Duration::ZERO,
        tasks: tokio_util::task::TaskTracker::new(),
        score: ScoreRunner {
            program: start.program.clone().unwrap_or_else(runner_program),
            repository_path: repository.to_path_buf(),
            base: String::new(),
            branch: "master".into(),
            key_path: None,
            pull: false,
            develop_root: Some("develop".into()),
            load_timeout: SCORE_TIMEOUT,
            load_retry_times: 1000,
            load_retry_interval: SCORE_TIMEOUT,
            query_timeout: SCORE_TIMEOUT,
            invoke_timeout: Duration::from_secs(20),
            memory_bytes_max: 1 << 30,
            settings_json: "{}".into(),
        },
        notices: mpsc::channel(16).0,
        shutdown: CancellationToken::new(),
    }
}

/// A running channel; its ledger and SCORE store are in `folder`.
pub struct Solo {
    pub channel: Channel,
    pub network: Network,
    shutdown: CancellationToken,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Solo {
    /// Starts the channel in `folder`, with the ledger that is there, or a new one.
    pub async fn start(folder: &Path, repository: &Repository, start: Start) -> Solo {
        let ledger = ledger(folder, start.settings.clone()).await;
        let around = surroundings(&start, repository.path()).await;
        let members = BTreeSet::from([peer(start.me)]);
        let (channel, threads) =
            Channel::start(ledger, members, Standing::default(), folder.join("score"), &around)
                .unwrap();
        Solo { channel, network: around.network, shutdown: around.shutdown, threads }
    }

    /// Ends it as the peer does.
    pub async fn stop(self) {
        let Solo { channel, network, shutdown, threads } = self;
        shutdown.cancel();
        drop((channel, network));
        let joined = tokio::task::spawn_blocking(move || {
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
        tokio::time::timeout(Duration::from_secs(10), joined).await.unwrap().unwrap();
    }

    /// Accepts `texts`, one after the other.
    pub async fn submit(&self, texts: &[&str]) -> Vec<Hash> {
        let mut hashes = Vec::new();
        for text in texts {
            hashes.push(self.channel.intake.submit(text.to_string()).await.unwrap());
        }
        hashes
    }

    /// Code and message of a transaction's result.
    pub fn result(&self, transaction: &Hash) -> (i64, String) {
        match api::result(&self.channel, transaction) {
            TransactionResult::Known { code, message } => (code, message.unwrap_or_default()),
            TransactionResult::Unknown => panic!("an accepted transaction is unknown"),
        }
    }

    /// Results of `transactions`, once they are executed.
    pub async fn results(&self, transactions: &[Hash]) -> Vec<(i64, String)> {
        let waits = |hash| [2, 9100].contains(&self.result(hash).0);
        wait_for("every transaction is executed", SCORE_TIMEOUT, || {
            !transactions.iter().any(waits)
        })
        .await;
        transactions.iter().map(|hash| self.result(hash)).collect()
    }

    /// Waits until all of `transactions` are in blocks.
    pub async fn commits(&self, transactions: &[Hash]) {
        let ledger = &self.channel.ledger;
        let is_committed = |hash| {
            let position = ledger.position(hash).unwrap();
            ledger.place(&position.maker, position.number).is_some()
        };
        let limit = Duration::from_secs(20);
        wait_for("committed", limit, || transactions.iter().all(is_committed)).await;
    }
}

// What stopped a moment ago may still be closing it.
async fn ledger(folder: &Path, settings: Settings) -> Ledger {
    let folder = folder.join("ledger");
    for _ in 0..400 {
        match Ledger::open(&folder) {
            Ok(ledger) if ledger.genesis().is_some() => return ledger,
            Ok(ledger) => {
                drop(ledger);
                return begun(&folder, settings).0;
            }
            Err(StorageError::InUse { .. }) => {
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the ledger is not let go of");
}
