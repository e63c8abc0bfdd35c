//! The conversation between a peer and its SCORE runner: typed messages over one Unix socket.
//!
//! Each message is a frame: its length as u32 little-endian, then its borsh encoding. The peer
//! starts the runner with one end of a socket pair as the runner's standard input; nobody else can
//! join in. The first order is `Load`. Orders are answered in the order they came, except that the
//! runner may ask `ServiceCall`s while it works on one.

use std::io::{self, Read, Write};

use borsh::{BorshDeserialize, BorshSerialize};

/// Largest frame either side accepts, bytes. A block is bounded far below it.
pub const FRAME_BYTES_MAX: usize = 256 << 20;

/// Memory that the length of a frame is trusted with before its bytes are here.
pub const TRUSTED_BYTES: usize = 64 << 10;

/// Peer to runner.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Order {
    /// Find the package, open the store; answered `Loaded` or `LoadFailed`. Always the first.
    Load(Load),
    /// Execute a committed block; answered `Executed`. Heights come without gaps from
    /// `Loaded::height + 1`; a height that was executed before is answered from what is stored.
    Execute(Block),
    /// Answer a query from committed state; answered `Answered`.
    Query { id: u64, request: String },
    /// What a `ServiceCall` asked for.
    ServiceReply(ServiceReply),
    /// End cleanly; not answered.
    Stop,
}

/// Runner to peer.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Report {
    Loaded(Loaded),
    /// The package cannot be loaded; `reason` carries the traceback. The runner ends afterwards.
    LoadFailed {
        reason: String,
    },
    Executed(Executed),
    Answered {
        id: u64,
        answer: Answer,
    },
    ServiceCall(ServiceCall),
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Load {
    pub channel: String,
    pub peer_id: String,
    /// `A/B`, as in the channel's definition.
    pub package: String,
    /// `DEFAULT_SCORE_REPOSITORY_PATH`, absolute.
    pub repository_path: String,
    /// Folder of this channel's SCORE store, absolute; made when missing.
    pub storage_path: String,
    /// `DEVELOP_SCORE_PACKAGE_ROOT` when developing is allowed.
    pub develop_root: Option<String>,
    /// Which version of the package executes from which height on, ascending; empty while nothing
    /// was executed and no version was ever changed: then it is the newest.
    pub in_force: Vec<(u64, String)>,
    /// `DEFAULT_SCORE_BRANCH`.
    pub branch: String,
    /// `DEFAULT_SCORE_BASE`, empty for none.
    pub base: String,
    /// `DEFAULT_SCORE_REPOSITORY_KEY`, empty for none.
    pub key_path: String,
    /// `REMOTE_PULL_SCORE`.
    pub pull: bool,
    /// Wall time one call of `invoke` may take.
    pub invoke_timeout_ms: u64,
    /// Wall time one `query` may take.
    pub query_timeout_ms: u64,
    /// Private memory the runner may have, bytes; 0 for no limit.
    pub memory_bytes_max: u64,
    /// The runner before this one was ended by the contract: what ends this one, too, is marked
    /// and not tried a third time.
    pub careful: bool,
    /// Settings that a package may read as attributes of `loopchain.configure`: JSON object.
    pub settings_json: String,
}

impl Load {
    /// The version that executes `height`; none while it is the newest.
    pub fn version_at(&self, height: u64) -> Option<&str> {
        let found = self.in_force.iter().rev().find(|(from, _)| *from <= height);
        found.map(|(_, version)| version.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Loaded {
    /// Height of the last block executed; 0 for none.
    pub height: u64,
    /// State hash after that block; zeros for none.
    pub state_hash: [u8; 32],
    /// `id` of package.json.
    pub id: String,
    /// 40 hex digits.
    pub version: String,
    /// All versions that can be had, newest first.
    pub versions: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Block {
    pub height: u64,
    pub block_hash: [u8; 32],
    /// Zeros for height 1's parent only if genesis had none; otherwise the parent's hash.
    pub previous_block_hash: [u8; 32],
    pub merkle_root: [u8; 32],
    pub timestamp_us: u64,
    /// The block's maker.
    pub peer_id: String,
    pub transactions: Vec<Transaction>,
    /// Receipts up to this height are durable at the peer; the runner may forget them.
    pub receipts_durable: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Transaction {
    pub hash: [u8; 32],
    pub timestamp_us: u64,
    /// UTF-8, checked by the peer.
    pub data: String,
    /// Who created it.
    pub peer_id: String,
    pub signature: Vec<u8>,
    pub public_key: Vec<u8>,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Executed {
    pub height: u64,
    /// One for each transaction, in order.
    pub receipts: Vec<Receipt>,
    /// Chained: over the state hash before, and this block's ordered writes and results.
    pub state_hash: [u8; 32],
    /// For each transaction the first bytes of the digest of what it came to: peers whose states
    /// differ find out by which one.
    pub traces: Vec<Trace>,
}

/// The first bytes of the digest over a transaction's receipt, writes and SQL.
pub type Trace = [u8; 4];

/// What `invoke` came to. `code` 0 is success, 9000 an exception in the SCORE.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Receipt {
    pub code: i64,
    pub message: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Answer {
    /// What the SCORE returned; JSON if the SCORE behaved.
    Returned(String),
    /// The SCORE raised; the text of what it raised.
    Raised(String),
    /// Longer than `query_timeout_ms`.
    TimedOut,
}

/// A contract asks about the chain (`_score_service`). While a block is executed the answer may
/// not reach beyond that block, so that all peers answer alike.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum ServiceCall {
    GetLastBlockHash,
    /// By hash when `block_hash` is not empty, else by height; -1: the last.
    GetBlock {
        block_hash: String,
        block_height: i64,
        block_filter: String,
        tx_filter: String,
    },
    GetPeerStatus,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum ServiceReply {
    LastBlockHash(String),
    Block {
        response_code: i32,
        block_hash: String,
        block_data_json: String,
        tx_data_json: Vec<String>,
    },
    /// JSON text of `status/peer`.
    PeerStatus(String),
}

/// Writes one frame and flushes.
pub fn write_frame<T: BorshSerialize>(writer: &mut impl Write, message: &T) -> io::Result<()> {
    writer.write_all(&encode_frame(message)?)?;
    writer.flush()
}

/// The bytes of one frame.
pub fn encode_frame<T: BorshSerialize>(message: &T) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; 4];
    message.serialize(&mut bytes)?;
    let length = bytes.len() - 4;
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("frame of {length} bytes is over the bound of {FRAME_BYTES_MAX}"),
        ));
    }
    bytes[..4].copy_from_slice(&(length as u32).to_le_bytes());
    Ok(bytes)
}

/// Reads one frame; `None` at a clean end of the stream.
pub fn read_frame<T: BorshDeserialize>(reader: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match reader.read_exact(&mut length) {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(e) => return Err(e),
    }
    let length = frame_length(length)?;
    let mut bytes = Vec::with_capacity(length.min(TRUSTED_BYTES));
    reader.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    decode_frame(&bytes).map(Some)
}

/// The length a frame's first four bytes announce, refused when over the bound.
pub fn frame_length(bytes: [u8; 4]) -> io::Result<usize> {
    let length = u32::from_le_bytes(bytes) as usize;
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            format!("frame of {length} bytes is over the bound of {FRAME_BYTES_MAX}"),
        ));
    }
    Ok(length)
}

/// Decodes a frame's body; every byte must be used.
pub fn decode_frame<T: BorshDeserialize>(bytes: &[u8]) -> io::Result<T> {
    borsh::from_slice(bytes)
}
