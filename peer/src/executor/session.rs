//! One life of the runner: load, then blocks in order and queries in between, until it ends.

use std::collections::{BTreeMap, VecDeque};

use chain::block::{CommittedBlock, Executed};
use chain::count::Height;
use chain::hash::Hash;
use chain::membership::{Change, SignedEntry};
use tokio::sync::oneshot;
use wire::runner::{self, Answer, Load, Loaded, Order, Receipt, Report, ServiceCall, ServiceReply};

use super::runner::{Ended, Process};
use super::{Executor, Query, Runner, answers};
use crate::storage::Results;

/// Blocks sent to the runner and not answered.
const BLOCKS_AHEAD: usize = 4;
/// Queries sent to the runner and not answered: blocks must not wait behind more than one.
const QUERIES_AHEAD: usize = 1;
/// Blocks after which a query is sent although more of them are under way: a channel that is never
/// idle answers, too.
const BLOCKS_BEFORE_QUERY: usize = 8;

pub struct Session {
    process: Process,
    version: String,
    /// The last height that the runner had executed when it was loaded.
    loaded: Height,
    /// The blocks after those under way are executed by another version.
    ends: bool,
    /// The next block to send.
    next: Height,
    /// Blocks under way, with the number of transactions in each of their batches.
    blocks: VecDeque<(Height, Vec<usize>)>,
    queries: BTreeMap<u64, oneshot::Sender<Answer>>,
    query_id: u64,
    /// Blocks executed since the last query.
    executed_since_query: usize,
}

impl Session {
    /// Starts a runner and has it load the channel's package.
    ///
    /// # Errors
    /// It does not start, or the package does not load.
    pub async fn open(executor: &Executor, careful: bool) -> Result<Session, Ended> {
        let program = executor.settings.program.display();
        let mut process = Process::start(&executor.settings)
            .map_err(|error| format!("cannot start {program}: {error}"))?;
        let load = Order::Load(load(executor, careful));
        process.send(&load).await.map_err(|error| error.to_string())?;
        let timeout = executor.settings.load_timeout;
        let loaded = tokio::select! {
            loaded = tokio::time::timeout(timeout, loaded(executor, &mut process)) => loaded,
            () = executor.shutdown.cancelled() => return Err("the peer is stopping".to_owned().into()),
        };
        let loaded =
            loaded.map_err(|_| "loading took longer than SCORE_LOAD_TIMEOUT".to_owned())??;
        let committed = executor.committed.borrow().0;
        if loaded.height > committed {
            return Err(format!(
                "the SCORE store has executed height {}, the ledger ends at {committed}: they are \
                 not of one peer. Remove the channel's SCORE store to have it made anew",
                loaded.height
            )
            .into());
        }
        tracing::info!(
            channel = executor.channel,
            score = loaded.id,
            version = loaded.version,
            height = loaded.height,
            "SCORE loaded"
        );
        let at = Height(loaded.height);
        let executed = executor.ledger.executed().height;
        let next = Height(loaded.height.min(executed.0) + 1);
        let version = loaded.version.clone();
        executor.shared.set_runner(Runner::Ready(loaded));
        Ok(Session {
            process,
            version,
            loaded: at,
            ends: false,
            next,
            blocks: VecDeque::new(),
            queries: BTreeMap::new(),
            query_id: 0,
            executed_since_query: 0,
        })
    }

    /// Until the runner fails (the error says how), the peer stops, or another version goes on.
    pub async fn run(mut self, executor: &mut Executor) -> Result<(), Ended> {
        let shutdown = executor.shutdown.clone();
        loop {
            self.send_blocks(executor).await?;
            if self.ends && self.blocks.is_empty() && self.queries.is_empty() {
                self.process.stop().await;
                return Ok(());
            }
            let free = self.queries.len() < QUERIES_AHEAD
                && (self.blocks.is_empty() || self.executed_since_query >= BLOCKS_BEFORE_QUERY)
                && !self.ends;
            tokio::select! {
                () = shutdown.cancelled() => {
                    self.process.stop().await;
                    return Ok(());
                }
                report = self.process.report() => self.on_report(executor, report?).await?,
                Some(query) = executor.queries.recv(), if free => self.send_query(query).await?,
                changed = executor.committed.changed() => {
                    if changed.is_err() {
                        self.process.stop().await;
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn send_blocks(&mut self, executor: &Executor) -> Result<(), Ended> {
        while self.blocks.len() < BLOCKS_AHEAD
            && !self.ends
            && self.next <= *executor.committed.borrow()
        {
            let committed = executor.ledger.block(self.next).expect("committed blocks are kept");
            let (block, counts) = block(executor, &committed);
            self.send(&Order::Execute(block)).await?;
            self.blocks.push_back((self.next, counts));
            self.ends = self.is_last_of_version(executor, &committed);
            self.next = self.next.next();
        }
        Ok(())
    }

    // Blocks that the runner executed before are answered from its store, whatever its version.
    fn is_last_of_version(&self, executor: &Executor, committed: &CommittedBlock) -> bool {
        let changes = |signed: &SignedEntry| matches!(signed.entry.change, Change::Score { .. });
        if self.next < self.loaded || !committed.block.entries.iter().any(changes) {
            return false;
        }
        let head = executor.ledger.head();
        let Some(version) = head.and_then(|head| head.versions.at(self.next.next())) else {
            return false;
        };
        let changed = version.to_string() != self.version;
        if changed {
            tracing::info!(
                channel = executor.channel, from = self.version, to = %version,
                height = %self.next.next(), "the SCORE's version changes"
            );
        }
        changed
    }

    async fn send_query(&mut self, (request, answer): Query) -> Result<(), Ended> {
        if answer.is_closed() {
            return Ok(());
        }
        self.query_id += 1;
        self.executed_since_query = 0;
        self.queries.insert(self.query_id, answer);
        self.send(&Order::Query { id: self.query_id, request }).await
    }

    async fn send(&mut self, order: &Order) -> Result<(), Ended> {
        match self.process.send(order).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let Ended { reason, crashed } = self.process.ending().await;
                Err(Ended {
                    reason: format!("cannot reach the runner: {error} ({reason})"),
                    crashed,
                })
            }
        }
    }

    async fn on_report(&mut self, executor: &Executor, report: Report) -> Result<(), Ended> {
        match report {
            Report::Executed(executed) => Ok(self.on_executed(executor, executed)?),
            Report::Answered { id, answer } => {
                if let Some(client) = self.queries.remove(&id) {
                    let _ = client.send(answer);
                }
                Ok(())
            }
            Report::ServiceCall(call) => {
                let executing = self.blocks.front().map(|(height, _)| *height);
                let reply = answer(executor, executing, call);
                self.send(&Order::ServiceReply(reply)).await
            }
            Report::Loaded(_) | Report::LoadFailed { .. } => {
                Err("the runner reported loading a second time".to_owned().into())
            }
        }
    }

    fn on_executed(
        &mut self,
        executor: &Executor,
        executed: runner::Executed,
    ) -> Result<(), String> {
        let Some((height, counts)) = self.blocks.pop_front() else {
            return Err("the runner executed a block it was not given".into());
        };
        self.executed_since_query += 1;
        let receipts = executed.receipts.len();
        let fits = receipts == executed.traces.len() && receipts == counts.iter().sum::<usize>();
        if executed.height != height.0 || !fits {
            return Err(format!("the runner's answer to block {height} does not fit the block"));
        }
        let state = Hash(executed.state_hash);
        let kept = executor.ledger.results(height);
        if let Some(kept) = kept.as_ref().filter(|kept| kept.state != state) {
            tracing::error!(
                channel = executor.channel, %height, before = %kept.state, now = %state,
                "executing the block again came to another state: the SCORE is not deterministic"
            );
        }
        let traces = executed.traces;
        let mut receipts = executed.receipts.into_iter();
        let by_batch: Vec<Vec<Receipt>> =
            counts.iter().map(|count| receipts.by_ref().take(*count).collect()).collect();
        // An earlier version may have executed it, and the runner answered from its store.
        let version = kept.filter(|kept| kept.state == state).map(|kept| kept.version);
        let version = version.unwrap_or_else(|| self.version.clone());
        let results = Results { state, version };
        let executed = Executed { height, state };
        let again = height < executor.ledger.executed().height;
        executor.ledger.put_results(&executed, &results, &by_batch, &traces);
        if !again {
            executor.shared.executed.send_replace(executed);
        }
        Ok(())
    }
}

// What loading came to; the package may ask about the chain meanwhile.
async fn loaded(executor: &Executor, process: &mut Process) -> Result<Loaded, Ended> {
    loop {
        match process.report().await? {
            Report::Loaded(loaded) => return Ok(loaded),
            Report::LoadFailed { reason } => return Err(reason.into()),
            Report::ServiceCall(call) => {
                let reply = Order::ServiceReply(answer(executor, None, call));
                process.send(&reply).await.map_err(|error| error.to_string())?;
            }
            other => return Err(format!("the runner answered a Load with {other:?}").into()),
        }
    }
}

// While a block is executed nothing above it is shown.
fn answer(executor: &Executor, executing: Option<Height>, call: ServiceCall) -> ServiceReply {
    let last = executing.unwrap_or(executor.ledger.executed().height);
    let status = executor.status.borrow().clone();
    answers::answer(&executor.ledger, &executor.genesis, &status, executor.me, last, call)
}

fn load(executor: &Executor, careful: bool) -> Load {
    let settings = &executor.settings;
    // Where the operator has removed the SCORE's store, everything is executed anew, also by another
    // version: a peer that ran a wrong one has no other way back.
    let last = executor.score_storage.exists().then(|| executor.ledger.executed().height);
    let last = last.and_then(|height| executor.ledger.results(height));
    let head = executor.ledger.head();
    let changed = head.iter().flat_map(|head| head.versions.all());
    let mut in_force: Vec<(u64, String)> =
        changed.map(|(from, version)| (from.0, version.to_string())).collect();
    if in_force.is_empty() {
        in_force.extend(last.map(|results| (1, results.version)));
    }
    let text = |path: &std::path::Path| path.display().to_string();
    let ms =
        |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    Load {
        channel: executor.channel.clone(),
        peer_id: executor.me.to_string(),
        package: executor.genesis.score_package.clone(),
        repository_path: text(&settings.repository_path),
        storage_path: text(&executor.score_storage),
        develop_root: settings.develop_root.clone(),
        in_force,
        branch: settings.branch.clone(),
        base: settings.base.clone(),
        key_path: settings.key_path.as_deref().map(text).unwrap_or_default(),
        pull: settings.pull,
        invoke_timeout_ms: ms(settings.invoke_timeout),
        query_timeout_ms: ms(settings.query_timeout),
        memory_bytes_max: settings.memory_bytes_max,
        careful,
        settings_json: settings.settings_json.clone(),
    }
}

// The block as the runner takes it, and how many transactions each batch has.
fn block(executor: &Executor, committed: &CommittedBlock) -> (runner::Block, Vec<usize>) {
    let header = &committed.block.header;
    let mut transactions = Vec::new();
    let mut counts = Vec::new();
    for reference in &committed.block.batches {
        let batch = executor.ledger.batch(&reference.maker, reference.number, &reference.hash);
        let batch = batch.expect("batches of committed blocks are kept");
        let key = executor.ledger.member_key(&reference.maker);
        let key = key.expect("makers of committed batches are or were members").to_bytes().to_vec();
        counts.push(batch.transactions.len());
        let hashes = batch.transaction_hashes();
        for (transaction, hash) in batch.transactions.into_iter().zip(hashes) {
            transactions.push(runner::Transaction {
                hash: hash.0,
                timestamp_us: transaction.timestamp_us,
                data: transaction.data,
                peer_id: reference.maker.to_string(),
                signature: batch.signature.0.to_vec(),
                public_key: key.clone(),
            });
        }
    }
    let block = runner::Block {
        height: header.height.0,
        block_hash: committed.block.hash().0,
        previous_block_hash: header.previous.0,
        merkle_root: header.batches_root.0,
        timestamp_us: header.timestamp_us,
        peer_id: header.maker.to_string(),
        transactions,
        receipts_durable: executor.ledger.executed_durably().0,
    };
    (block, counts)
}
