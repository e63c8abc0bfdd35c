//! A SCORE's data on disk, in RocksDB; the only use of it here.
//!
//! One write per block carries everything that the block changed, so a crash leaves the state
//! before it or after it. Writes are not flushed to the device one by one: what a power cut takes
//! is replayed by the peer.

mod reader;

use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use borsh::{BorshDeserialize, BorshSerialize};
use rocksdb::{DB, Direction, IteratorMode, Options, ReadOptions, WriteBatch};
use wire::runner::Executed;

use crate::state::{DATA, Entry, Writes};
pub use reader::Reader;

const RECEIPTS: u8 = b'r';
const CONDEMNED: u8 = b'o';
const HEAD: &[u8] = b"mhead";
const FORMAT: &[u8] = b"mformat";
const ATTEMPT: &[u8] = b"mattempt";
const FORMAT_NOW: &[u8] = b"2";
/// Receipts removed with one block, at most, so that no block is slow because of them.
const RECEIPTS_REMOVED_MAX: u64 = 1000;
const LOCK_PATIENCE: Duration = Duration::from_secs(5);
const LOCK_PERIOD: Duration = Duration::from_millis(50);

/// The store cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the SCORE's store: {0}")]
    Database(#[from] rocksdb::Error),
    #[error(
        "the SCORE's store holds format {found:?}, this program writes {FORMAT_NOW:?}: remove its \
         folder, the peer replays the blocks"
    )]
    Format { found: Vec<u8> },
    #[error("the SCORE's store is damaged ({0}): remove its folder, the peer replays the blocks")]
    Damaged(std::io::Error),
}

/// Everything a block came to.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Outcome {
    pub executed: Executed,
    pub writes: Writes,
}

/// Why a transaction is not tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Condemned {
    /// It took longer than it may and could not be stopped.
    Overran,
    /// The process ended while it ran.
    Crashed,
    /// It added more to an sqlite3 database than it may, and more than could be undone by itself.
    Overgrown,
}

/// The last block executed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Head {
    /// 0 for none.
    pub height: u64,
    /// Zeros for none.
    pub state_hash: [u8; 32],
    /// Receipts below this height were removed.
    receipts_from: u64,
}

/// An open store. One process at a time; RocksDB locks the folder.
pub struct Store {
    database: DB,
    head: Mutex<Head>,
}

impl Store {
    /// Opens the store in `folder`, making it when missing.
    ///
    /// # Errors
    /// Another process keeps it open, it is damaged, or of another format.
    pub fn open(folder: &Path) -> Result<Store, StoreError> {
        let database = open_unlocked(folder)?;
        match database.get(FORMAT)? {
            None => database.put(FORMAT, FORMAT_NOW)?,
            Some(found) if found == FORMAT_NOW => {}
            Some(found) => return Err(StoreError::Format { found }),
        }
        let head = head_of(&database)?;
        Ok(Store { database, head: Mutex::new(head) })
    }

    /// Height of the last block that a store in `folder` has executed; 0 where there is none.
    ///
    /// # Errors
    /// It is damaged.
    pub fn peek(folder: &Path) -> Result<u64, StoreError> {
        match folder.join("CURRENT").exists() {
            true => Ok(Reader::open(folder)?.head()?.height),
            false => Ok(0),
        }
    }

    pub fn head(&self) -> Head {
        *self.head.lock().expect("no holder of the lock panics")
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.database.get(key)?)
    }

    /// At most `count` entries with `from <= key < to`, ascending or descending.
    pub fn page(
        &self,
        from: &[u8],
        to: &[u8],
        reverse: bool,
        count: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut range = ReadOptions::default();
        range.set_iterate_lower_bound(from);
        range.set_iterate_upper_bound(to);
        let mode = if reverse {
            IteratorMode::From(to, Direction::Reverse)
        } else {
            IteratorMode::From(from, Direction::Forward)
        };
        let mut entries = Vec::new();
        for entry in self.database.iterator_opt(mode, range).take(count) {
            let (key, value) = entry?;
            entries.push((key.into_vec(), value.into_vec()));
        }
        Ok(entries)
    }

    /// What a package wrote while it was first loaded, before any block.
    pub fn write_initial(&self, writes: &Writes) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        add_writes(&mut batch, writes);
        Ok(self.database.write(batch)?)
    }

    /// Stores a block's outcome, all of it or nothing. Receipts up to `receipts_durable` may go.
    pub fn commit(&self, outcome: &Outcome, receipts_durable: u64) -> Result<(), StoreError> {
        let mut head = self.head();
        let mut batch = WriteBatch::default();
        add_writes(&mut batch, &outcome.writes);
        let Executed { height, state_hash, .. } = outcome.executed;
        let removable = receipts_durable.saturating_add(1).min(height);
        let until = removable.min(head.receipts_from.saturating_add(RECEIPTS_REMOVED_MAX));
        for height in head.receipts_from..until {
            batch.delete(numbered(RECEIPTS, height, 0));
        }
        batch.put(numbered(RECEIPTS, height, 0), encode(&outcome.executed));
        head = Head { height, state_hash, receipts_from: head.receipts_from.max(until) };
        batch.put(HEAD, encode(&head));
        self.database.write(batch)?;
        *self.head.lock().expect("no holder of the lock panics") = head;
        Ok(())
    }

    /// Forgets all data and blocks; what is known of calls that could not be stopped stays.
    pub fn clear(&self) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        batch.delete_range([DATA], [DATA + 1]);
        batch.delete_range([RECEIPTS], [RECEIPTS + 1]);
        batch.put(HEAD, encode(&Head::default()));
        self.database.write(batch)?;
        *self.head.lock().expect("no holder of the lock panics") = Head::default();
        Ok(())
    }

    /// What was answered for a block executed before; none when its receipts were removed.
    pub fn executed(&self, height: u64) -> Result<Option<Executed>, StoreError> {
        self.decoded(&numbered(RECEIPTS, height, 0))
    }

    /// Remembers that a transaction is not to be tried again.
    pub fn condemn(&self, height: u64, index: usize, why: Condemned) -> Result<(), StoreError> {
        Ok(self.database.put(numbered(CONDEMNED, height, index as u64), encode(&why))?)
    }

    /// Whether a transaction is not to be tried again.
    pub fn condemned(&self, height: u64, index: usize) -> Result<Option<Condemned>, StoreError> {
        self.decoded(&numbered(CONDEMNED, height, index as u64))
    }

    /// Remembers the transaction that is tried now, in case that it ends the process.
    pub fn mark_attempt(&self, height: u64, index: usize) -> Result<(), StoreError> {
        Ok(self.database.put(ATTEMPT, encode(&(height, index as u64)))?)
    }

    /// What [`Store::mark_attempt`] remembers, unless it was forgotten.
    pub fn attempt(&self) -> Result<Option<(u64, u64)>, StoreError> {
        self.decoded(ATTEMPT)
    }

    pub fn forget_attempt(&self) -> Result<(), StoreError> {
        Ok(self.database.delete(ATTEMPT)?)
    }

    fn decoded<T: BorshDeserialize>(&self, key: &[u8]) -> Result<Option<T>, StoreError> {
        let bytes = self.database.get(key)?;
        bytes.map(|bytes| borsh::from_slice(&bytes).map_err(StoreError::Damaged)).transpose()
    }
}

fn head_of(database: &DB) -> Result<Head, StoreError> {
    let bytes = database.get(HEAD)?;
    let head = bytes.map(|bytes| borsh::from_slice(&bytes).map_err(StoreError::Damaged));
    Ok(head.transpose()?.unwrap_or_default())
}

/// Waits a little for a runner that ends: its peer was killed while it executed a block.
fn open_unlocked(folder: &Path) -> Result<DB, rocksdb::Error> {
    let since = Instant::now();
    loop {
        match DB::open(&options(), folder) {
            Err(error) if is_locked(&error) && since.elapsed() < LOCK_PATIENCE => {
                thread::sleep(LOCK_PERIOD);
            }
            result => return result,
        }
    }
}

fn is_locked(error: &rocksdb::Error) -> bool {
    error.kind() == rocksdb::ErrorKind::IOError && error.as_ref().contains("LOCK")
}

fn options() -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_compression_type(rocksdb::DBCompressionType::Lz4);
    options.set_write_buffer_size(32 << 20);
    options.set_max_open_files(256);
    options.set_keep_log_file_num(2);
    let mut table = rocksdb::BlockBasedOptions::default();
    table.set_bloom_filter(10.0, false);
    table.set_block_cache(&rocksdb::Cache::new_lru_cache(32 << 20));
    options.set_block_based_table_factory(&table);
    options
}

fn add_writes(batch: &mut WriteBatch, writes: &Writes) {
    for (key, value) in writes {
        match value {
            Some(value) => batch.put(key, value),
            None => batch.delete(key),
        }
    }
}

fn numbered(kind: u8, height: u64, index: u64) -> [u8; 17] {
    let mut key = [kind; 17];
    key[1..9].copy_from_slice(&height.to_be_bytes());
    key[9..].copy_from_slice(&index.to_be_bytes());
    key
}

pub(crate) fn encode(value: &impl BorshSerialize) -> Vec<u8> {
    borsh::to_vec(value).expect("writing to memory does not fail")
}

#[cfg(test)]
mod tests;
