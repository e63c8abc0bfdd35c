//! A channel with one peer and no network, for authors: blocks are made of what the author says,
//! and executed by a runner that is started as a peer starts it.
//!
//! Everything in a block follows from its height and its transactions, so two runs over the same
//! package and transactions come to the same state hash.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use chain::hash::{Kind, digest};
use serde_json::{Map, Value};
use tempfile::TempDir;
use wire::runner::{
    Answer, Block, Executed, Load, Loaded, Order, Report, ServiceCall, ServiceReply, Transaction,
    read_frame, write_frame,
};

/// The only peer.
pub const PEER: &str = "00000000-0000-0000-0000-000000000001";
pub const CHANNEL: &str = "local";
/// 2020-01-01, in microseconds; each block is a second after the one before.
const BEGINNING_US: u64 = 1_577_836_800_000_000;
const SECOND_US: u64 = 1_000_000;
/// A block whose execution ends the runner is tried so often; then the author is told.
const TRIES: usize = 4;

/// Why a package cannot be tried.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    #[error("{path} is no folder of a SCORE package: {reason}")]
    Package { path: String, reason: String },
    #[error("score-runner cannot be started: {0}")]
    Start(io::Error),
    #[error("the package cannot be loaded:\n{0}")]
    Load(String),
    #[error("the runner ended ({0}); what it said is above")]
    Ended(String),
}

/// A running channel. Its store is removed with it.
pub struct LocalChannel {
    load: Load,
    runner: Runner,
    blocks: Vec<Block>,
    /// Holds the store, and the folder in which the package is found.
    _folder: TempDir,
}

impl LocalChannel {
    /// Starts a runner with the package in `package`, which is taken as it lies there.
    ///
    /// # Errors
    /// There is no package, or it does not load; the text carries the traceback.
    pub fn start(package: &Path, invoke_timeout_ms: u64) -> Result<LocalChannel, LocalError> {
        let wrong =
            |reason: String| LocalError::Package { path: package.display().to_string(), reason };
        if !crate::package::is_package(package) {
            return Err(wrong("it holds no package.json".to_owned()));
        }
        let full = fs::canonicalize(package).map_err(|error| wrong(error.to_string()))?;
        let folder = tempfile::tempdir().map_err(LocalError::Start)?;
        let group = folder.path().join("packages").join(CHANNEL);
        fs::create_dir_all(&group).map_err(LocalError::Start)?;
        std::os::unix::fs::symlink(&full, group.join("package")).map_err(LocalError::Start)?;
        let text = |path: &Path| path.display().to_string();
        let load = Load {
            channel: CHANNEL.to_owned(),
            peer_id: PEER.to_owned(),
            package: format!("{CHANNEL}/package"),
            repository_path: text(&folder.path().join("packages")),
            storage_path: text(&folder.path().join("store")),
            develop_root: Some(CHANNEL.to_owned()),
            in_force: Vec::new(),
            branch: "master".to_owned(),
            base: String::new(),
            key_path: String::new(),
            pull: false,
            invoke_timeout_ms,
            query_timeout_ms: invoke_timeout_ms,
            memory_bytes_max: 2 << 30,
            careful: false,
            settings_json: settings(folder.path()),
        };
        let runner = Runner::start(&load, &[])?;
        Ok(LocalChannel { load, runner, blocks: Vec::new(), _folder: folder })
    }

    /// What the runner said of the package.
    pub fn loaded(&self) -> &Loaded {
        &self.runner.loaded
    }

    /// Executes a block of one transaction for each text.
    ///
    /// # Errors
    /// The runner ended at every try.
    pub fn execute(&mut self, texts: &[String]) -> Result<Executed, LocalError> {
        let block = self.block(texts);
        self.blocks.push(block.clone());
        let mut ended = String::new();
        // Each transaction that ends the runner does so twice.
        for _ in 0..TRIES + 2 * texts.len() {
            match self.runner.answer(&Order::Execute(block.clone()), &self.blocks) {
                Ok(Report::Executed(executed)) => return Ok(executed),
                Ok(other) => return Err(LocalError::Ended(format!("it answered {other:?}"))),
                Err(why) => {
                    ended = why;
                    // As the peer does it: what ended this runner is found out by the next two.
                    let load = Load { careful: true, ..self.load.clone() };
                    self.runner = Runner::start(&load, &self.blocks)?;
                }
            }
        }
        Err(LocalError::Ended(ended))
    }

    /// Asks the SCORE.
    ///
    /// # Errors
    /// The runner ended.
    pub fn query(&mut self, request: &str) -> Result<Answer, LocalError> {
        let order = Order::Query { id: 1, request: request.to_owned() };
        match self.runner.answer(&order, &self.blocks) {
            Ok(Report::Answered { answer, .. }) => Ok(answer),
            Ok(other) => Err(LocalError::Ended(format!("it answered {other:?}"))),
            Err(why) => {
                self.runner = Runner::start(&self.load, &self.blocks)?;
                Err(LocalError::Ended(why))
            }
        }
    }

    fn block(&self, texts: &[String]) -> Block {
        let height = self.blocks.len() as u64 + 1;
        let timestamp_us = BEGINNING_US + height * SECOND_US;
        let previous = self.blocks.last().map_or_else(genesis, |block| block.block_hash);
        let transaction = |(index, text): (usize, &String)| {
            let place = [height.to_le_bytes(), (index as u64).to_le_bytes()].concat();
            Transaction {
                hash: digest(Kind::Transaction, &[&place, text.as_bytes()]).0,
                timestamp_us: timestamp_us - SECOND_US + index as u64,
                data: text.clone(),
                peer_id: PEER.to_owned(),
                signature: vec![0; 64],
                public_key: vec![0; 33],
            }
        };
        let transactions: Vec<Transaction> = texts.iter().enumerate().map(transaction).collect();
        let hashes: Vec<u8> = transactions.iter().flat_map(|one| one.hash).collect();
        let parts: [&[u8]; 3] = [&previous, &height.to_le_bytes(), &hashes];
        Block {
            height,
            block_hash: digest(Kind::Block, &parts).0,
            previous_block_hash: previous,
            merkle_root: digest(Kind::Batch, &[&hashes]).0,
            timestamp_us,
            peer_id: PEER.to_owned(),
            transactions,
            receipts_durable: 0,
        }
    }
}

/// Those of a peer that was told nothing.
fn settings(folder: &Path) -> String {
    configs::Settings::built_in(configs::Program::Peer, folder).to_json().to_string()
}

fn genesis() -> [u8; 32] {
    digest(Kind::Genesis, &[CHANNEL.as_bytes()]).0
}

/// One life of the process.
struct Runner {
    child: Child,
    stream: UnixStream,
    loaded: Loaded,
}

impl Runner {
    fn start(load: &Load, blocks: &[Block]) -> Result<Runner, LocalError> {
        let (here, there) = UnixStream::pair().map_err(LocalError::Start)?;
        let program = std::env::current_exe().map_err(LocalError::Start)?;
        let mut command = Command::new(program);
        command.arg("serve").stdin(Stdio::from(OwnedFd::from(there))).stdout(Stdio::null());
        if std::env::var_os("RUST_LOG").is_none() {
            command.env("RUST_LOG", "score_runtime=error,score=info");
        }
        let child = command.spawn().map_err(LocalError::Start)?;
        // It holds the other end of the socket, whose end must be seen.
        drop(command);
        let mut runner = Runner { child, stream: here, loaded: nothing_loaded() };
        match runner.answer(&Order::Load(load.clone()), blocks) {
            Ok(Report::Loaded(loaded)) => runner.loaded = loaded,
            Ok(Report::LoadFailed { reason }) => return Err(LocalError::Load(reason)),
            Ok(other) => return Err(LocalError::Ended(format!("it answered {other:?}"))),
            Err(why) => return Err(LocalError::Ended(why)),
        }
        Ok(runner)
    }

    // What comes of an order; questions about the chain are answered meanwhile.
    fn answer(&mut self, order: &Order, blocks: &[Block]) -> Result<Report, String> {
        self.converse(order, blocks).map_err(|error| match self.child.wait() {
            Ok(status) => status.to_string(),
            Err(_) => error.to_string(),
        })
    }

    fn converse(&mut self, order: &Order, blocks: &[Block]) -> io::Result<Report> {
        write_frame(&mut self.stream, order)?;
        loop {
            match read_frame(&mut self.stream)? {
                Some(Report::ServiceCall(call)) => {
                    let reply = Order::ServiceReply(service_reply(&call, blocks));
                    write_frame(&mut self.stream, &reply)?;
                }
                Some(report) => return Ok(report),
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        // The store goes with the channel: there is nothing to be saved.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn nothing_loaded() -> Loaded {
    Loaded {
        height: 0,
        state_hash: [0; 32],
        id: String::new(),
        version: String::new(),
        versions: Vec::new(),
    }
}

/// As a peer answers, of the blocks so far.
fn service_reply(call: &ServiceCall, blocks: &[Block]) -> ServiceReply {
    match call {
        ServiceCall::GetLastBlockHash => {
            let last = blocks.last().map_or_else(genesis, |block| block.block_hash);
            ServiceReply::LastBlockHash(hex::encode(last))
        }
        ServiceCall::GetBlock { block_hash, block_height, block_filter, tx_filter } => {
            let genesis = genesis_block();
            let all = || std::iter::once(&genesis).chain(blocks);
            let found = match (block_hash.as_str(), usize::try_from(*block_height)) {
                ("", Ok(height)) => all().nth(height),
                ("", Err(_)) => all().last(),
                (hash, _) => all().find(|block| hex::encode(block.block_hash) == hash),
            };
            let Some(block) = found else {
                return ServiceReply::Block {
                    response_code: crate::service::WRONG_BLOCK_HASH,
                    block_hash: block_hash.clone(),
                    block_data_json: "{}".to_owned(),
                    tx_data_json: Vec::new(),
                };
            };
            let of = |transaction| fields(tx_filter, |name| transaction_field(name, transaction));
            ServiceReply::Block {
                response_code: 0,
                block_hash: hex::encode(block.block_hash),
                block_data_json: fields(block_filter, |name| block_field(name, block)),
                tx_data_json: block.transactions.iter().map(of).collect(),
            }
        }
        ServiceCall::GetPeerStatus => {
            let total: usize = blocks.iter().map(|block| block.transactions.len()).sum();
            let status = serde_json::json!({
                "peer_id": PEER, "block_height": blocks.len(), "total_tx": total,
            });
            ServiceReply::PeerStatus(status.to_string())
        }
    }
}

fn genesis_block() -> Block {
    Block {
        height: 0,
        block_hash: genesis(),
        previous_block_hash: [0; 32],
        merkle_root: [0; 32],
        timestamp_us: 0,
        peer_id: PEER.to_owned(),
        transactions: Vec::new(),
        receipts_durable: 0,
    }
}

fn fields(filter: &str, field: impl Fn(&str) -> String) -> String {
    let names = filter.split(',').map(str::trim).filter(|name| !name.is_empty());
    let all: Map<String, Value> =
        names.map(|name| (name.to_owned(), Value::String(field(name)))).collect();
    Value::Object(all).to_string()
}

fn block_field(name: &str, block: &Block) -> String {
    match name {
        "block_hash" => hex::encode(block.block_hash),
        "prev_block_hash" | "merkle_tree_root_hash" if block.height == 0 => String::new(),
        "prev_block_hash" => hex::encode(block.previous_block_hash),
        "merkle_tree_root_hash" => hex::encode(block.merkle_root),
        "height" => block.height.to_string(),
        "time_stamp" => block.timestamp_us.to_string(),
        "peer_id" => block.peer_id.clone(),
        _ => String::new(),
    }
}

fn transaction_field(name: &str, transaction: &Transaction) -> String {
    match name {
        "tx_hash" => hex::encode(transaction.hash),
        "timestamp" => transaction.timestamp_us.to_string(),
        "data_string" => transaction.data.clone(),
        "peer_id" => transaction.peer_id.clone(),
        _ => String::new(),
    }
}
