//! What a peer keeps on disk: RocksDB, one database per channel and one for the peer itself. The
//! only use of `rocksdb`.
//!
//! A failed write ends the process: nothing may be acknowledged or signed that is not durable.

mod ledger;
mod node;
mod tables;

pub use ledger::{Ledger, Position, Results};
pub use node::{KnownChannel, KnownPeer, NodeStore};

use std::path::PathBuf;

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error(
        "{path} is in use by another process. Each peer needs a DEFAULT_STORAGE_PATH of its own"
    )]
    InUse { path: PathBuf },
    #[error("cannot open {path}: {reason}")]
    Open { path: PathBuf, reason: String },
    #[error(
        "what {path} holds cannot be read: {reason}. It was written by something else, or is damaged"
    )]
    Damaged { path: PathBuf, reason: String },
}
