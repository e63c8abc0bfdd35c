//! Committed blocks go to the channel's SCORE runner, in order; its receipts and state hashes go
//! into the ledger. If the runner dies it is started again, with back-off, and goes on after the
//! last block its store has seen; if it cannot be started the channel goes on without it.

mod answers;
mod runner;
mod session;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chain::block::Executed;
use chain::channel::Genesis;
use chain::count::Height;
use chain::keys::PeerId;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;
use wire::runner::{Answer, Loaded};

use crate::channel::{ChannelStatus, Surroundings};
use crate::storage::Ledger;
use runner::Ended;
use session::Session;

/// How runners are started.
#[derive(Clone, Debug)]
pub struct ScoreRunner {
    pub program: PathBuf,
    pub repository_path: PathBuf,
    pub base: String,
    pub branch: String,
    pub key_path: Option<PathBuf>,
    pub pull: bool,
    pub develop_root: Option<String>,
    pub load_timeout: Duration,
    /// Failures to start or load in a row after which `load_retry_interval` lies between tries.
    pub load_retry_times: u64,
    pub load_retry_interval: Duration,
    pub query_timeout: Duration,
    pub invoke_timeout: Duration,
    /// Private memory of a runner, bytes.
    pub memory_bytes_max: u64,
    pub settings_json: String,
}

/// What has become of the runner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Runner {
    /// Starting, or loading its package.
    Loading,
    Ready(Loaded),
    /// Not running; the reason, with the traceback if the package did not load.
    Failed(String),
}

/// Why a query has no answer of the SCORE's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    #[error("the SCORE runner is not running: {0}")]
    NoRunner(String),
    #[error("too many queries wait")]
    Busy,
    #[error("the SCORE took longer than SCORE_QUERY_TIMEOUT")]
    TimedOut,
    #[error(
        "this peer's SCORE state differs from the channel's from height {0} on; ask another peer"
    )]
    Diverged(Height),
}

/// Queries that wait for the runner.
const QUERIES_MAX: usize = 256;
const RESTART_FIRST: Duration = Duration::from_millis(200);
const RESTART_LAST: Duration = Duration::from_secs(10);

type Query = (String, oneshot::Sender<Answer>);

/// The executor, as the rest of the peer sees it; cheap to clone.
#[derive(Clone)]
pub struct ExecutorHandle {
    queries: mpsc::Sender<Query>,
    shared: Arc<Shared>,
    query_timeout: Duration,
}

struct Shared {
    runner: RwLock<Runner>,
    executed: watch::Sender<Executed>,
    /// First height that differs; u64::MAX for none.
    diverged: AtomicU64,
}

impl Shared {
    fn set_runner(&self, runner: Runner) {
        *self.runner.write().unwrap_or_else(PoisonError::into_inner) = runner;
    }
}

/// Runs the channel's blocks through its runner.
pub struct Executor {
    channel: String,
    genesis: Arc<Genesis>,
    ledger: Ledger,
    score_storage: PathBuf,
    committed: watch::Receiver<Height>,
    status: watch::Receiver<ChannelStatus>,
    queries: mpsc::Receiver<Query>,
    shared: Arc<Shared>,
    settings: ScoreRunner,
    me: PeerId,
    shutdown: CancellationToken,
}

impl Executor {
    /// Starts executing.
    pub fn start(
        channel: String,
        genesis: Arc<Genesis>,
        ledger: Ledger,
        score_storage: PathBuf,
        committed: watch::Receiver<Height>,
        status: watch::Receiver<ChannelStatus>,
        around: &Surroundings,
    ) -> ExecutorHandle {
        let (queries, queue) = mpsc::channel(QUERIES_MAX);
        let shared = Arc::new(Shared {
            runner: RwLock::new(Runner::Loading),
            executed: watch::Sender::new(ledger.executed()),
            diverged: AtomicU64::new(u64::MAX),
        });
        let executor = Executor {
            channel,
            genesis,
            ledger,
            score_storage,
            committed,
            status,
            queries: queue,
            shared: shared.clone(),
            settings: around.score.clone(),
            me: around.key.public_key().peer_id(),
            shutdown: around.shutdown.clone(),
        };
        around.tasks.spawn(executor.run());
        ExecutorHandle { queries, shared, query_timeout: around.score.query_timeout }
    }

    async fn run(mut self) {
        let mut pause = RESTART_FIRST;
        let mut failures = 0;
        // What the contract does to one runner it would do to the next one.
        let mut careful = false;
        let mut said = String::new();
        loop {
            let started = tokio::time::Instant::now();
            let ended = match Session::open(&self, careful).await {
                Ok(session) => {
                    failures = 0;
                    session.run(&mut self).await
                }
                Err(reason) => {
                    failures += 1;
                    Err(reason)
                }
            };
            let Err(Ended { reason, crashed }) = ended else {
                if self.shutdown.is_cancelled() || self.committed.has_changed().is_err() {
                    return;
                }
                // Another version goes on.
                self.shared.set_runner(Runner::Loading);
                continue;
            };
            careful = crashed;
            if self.shutdown.is_cancelled() {
                return;
            }
            if reason != said {
                tracing::error!(channel = self.channel, %reason, "SCORE runner is not running");
                said.clone_from(&reason);
            }
            self.shared.set_runner(Runner::Failed(reason));
            if started.elapsed() > RESTART_LAST {
                pause = RESTART_FIRST;
            }
            let tired = failures > self.settings.load_retry_times;
            tokio::select! {
                () = tokio::time::sleep(if tired { self.settings.load_retry_interval } else { pause }) => {}
                () = self.shutdown.cancelled() => return,
            }
            // Each transaction that ends a runner is found out by the next one.
            pause = if crashed { RESTART_FIRST } else { (pause * 2).min(RESTART_LAST) };
        }
    }
}

impl ExecutorHandle {
    /// The last block executed, and the state after it.
    pub fn executed(&self) -> Executed {
        *self.shared.executed.borrow()
    }

    /// To be told of each block executed.
    pub fn watch(&self) -> watch::Receiver<Executed> {
        self.shared.executed.subscribe()
    }

    /// What has become of the runner.
    pub fn runner(&self) -> Runner {
        self.shared.runner.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// This peer's state differs from the channel's from `height` on.
    pub fn diverged(&self, height: Height) {
        self.shared.diverged.store(height.0, Ordering::Relaxed);
    }

    /// Asks the SCORE.
    pub async fn query(&self, request: String) -> Result<Answer, QueryError> {
        match self.shared.diverged.load(Ordering::Relaxed) {
            u64::MAX => {}
            height => return Err(QueryError::Diverged(Height(height))),
        }
        if let Runner::Failed(reason) = self.runner() {
            return Err(QueryError::NoRunner(reason));
        }
        let (answer, answered) = oneshot::channel();
        self.queries.try_send((request, answer)).map_err(|_| QueryError::Busy)?;
        match tokio::time::timeout(self.query_timeout, answered).await {
            Err(_) => Err(QueryError::TimedOut),
            Ok(Err(_)) => Err(QueryError::NoRunner("it ended while answering".into())),
            Ok(Ok(answer)) => Ok(answer),
        }
    }
}

#[cfg(test)]
mod tests;
