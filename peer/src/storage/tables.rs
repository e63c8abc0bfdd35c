//! A RocksDB database with named tables, and the few ways it is used here.

use std::path::{Path, PathBuf};

use borsh::{BorshDeserialize, BorshSerialize};
use chain::encoding::{decode, encode};
use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamily, ColumnFamilyDescriptor, DB, DBCompressionType,
    Direction, IteratorMode, Options, WriteBatch, WriteOptions,
};

use super::StorageError;

/// Memory for blocks read from disk, bytes, per database.
const CACHE_BYTES: usize = 16 << 20;
/// Files a database keeps open.
const FILES_MAX: i32 = 256;
/// Memory of one table before it is written to disk, bytes.
const WRITE_BUFFER_BYTES: usize = 16 << 20;

/// An open database.
pub struct Tables {
    db: DB,
    path: PathBuf,
}

/// Writes that take effect together.
pub struct Changes<'a> {
    tables: &'a Tables,
    batch: WriteBatch,
}

impl Tables {
    /// Opens or makes the database at `path` with these tables.
    pub fn open(path: &Path, names: &[&str]) -> Result<Tables, StorageError> {
        let open = |reason: String| StorageError::Open { path: path.to_path_buf(), reason };
        std::fs::create_dir_all(path).map_err(|e| open(e.to_string()))?;
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        options.set_keep_log_file_num(2);
        options.set_max_open_files(FILES_MAX);
        options.set_max_total_wal_size(64 << 20);
        let cache = Cache::new_lru_cache(CACHE_BYTES);
        let families = names.iter().map(|name| ColumnFamilyDescriptor::new(*name, table(&cache)));
        match DB::open_cf_descriptors(&options, path, families) {
            Ok(db) => Ok(Tables { db, path: path.to_path_buf() }),
            // Every message about the lock names its file.
            Err(e) if e.to_string().contains("/LOCK") => {
                Err(StorageError::InUse { path: path.to_path_buf() })
            }
            Err(e) => Err(open(e.to_string())),
        }
    }

    fn family(&self, table: &str) -> &ColumnFamily {
        self.db.cf_handle(table).expect("every table is named when the database is opened")
    }

    /// The bytes under `key`.
    pub fn bytes(&self, table: &str, key: &[u8]) -> Option<Vec<u8>> {
        let read = self.db.get_cf(self.family(table), key);
        read.unwrap_or_else(|error| self.broken(&error))
    }

    /// The value under `key`.
    pub fn get<T: BorshDeserialize>(&self, table: &str, key: &[u8]) -> Option<T> {
        let bytes = self.bytes(table, key)?;
        Some(decode(&bytes).unwrap_or_else(|error| self.broken(&error)))
    }

    /// Keys and values from `first` on, ascending, for as long as `prefix` fits.
    pub fn scan<'a>(
        &'a self,
        table: &str,
        first: &[u8],
        prefix: &'a [u8],
    ) -> impl Iterator<Item = (Box<[u8]>, Box<[u8]>)> + 'a {
        let mode = IteratorMode::From(first, Direction::Forward);
        let rows = self.db.iterator_cf(self.family(table), mode);
        let rows = rows.map(|row| row.unwrap_or_else(|error| self.broken(&error)));
        rows.take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// Begins writes that take effect together.
    pub fn changes(&self) -> Changes<'_> {
        Changes { tables: self, batch: WriteBatch::default() }
    }

    // A ledger that cannot be read or written must not be guessed about.
    fn broken(&self, reason: &dyn std::fmt::Display) -> ! {
        tracing::error!(
            storage = %self.path.display(), %reason,
            "the storage failed: the peer ends; what it acknowledged is on disk. If the disk is full \
             make room, then start the peer again"
        );
        std::process::exit(1);
    }
}

impl Changes<'_> {
    /// Writes `value` under `key`.
    pub fn put(&mut self, table: &str, key: &[u8], value: &impl BorshSerialize) {
        self.put_bytes(table, key, &encode(value));
    }

    /// Writes bytes under `key`.
    pub fn put_bytes(&mut self, table: &str, key: &[u8], bytes: &[u8]) {
        self.batch.put_cf(self.tables.family(table), key, bytes);
    }

    /// Removes `key`.
    pub fn delete(&mut self, table: &str, key: &[u8]) {
        self.batch.delete_cf(self.tables.family(table), key);
    }

    /// In the operating system's hands: kept if this process is killed.
    pub fn write(self) {
        self.finish(false);
    }

    /// On disk, with everything written before: kept if the machine loses power.
    pub fn write_durably(self) {
        self.finish(true);
    }

    fn finish(self, durably: bool) {
        let mut options = WriteOptions::default();
        options.set_sync(durably);
        if let Err(error) = self.tables.db.write_opt(self.batch, &options) {
            self.tables.broken(&error);
        }
    }
}

fn table(cache: &Cache) -> Options {
    let mut blocks = BlockBasedOptions::default();
    blocks.set_block_cache(cache);
    blocks.set_bloom_filter(10.0, false);
    let mut options = Options::default();
    options.set_block_based_table_factory(&blocks);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_write_buffer_size(WRITE_BUFFER_BYTES);
    options
}

#[cfg(test)]
mod tests;
