//! A store that somebody else may keep open, as it was when it was looked at.

use std::path::Path;

use rocksdb::{DB, Direction, IteratorMode, Options};

use super::{Head, StoreError, head_of};
use crate::state::{DATA, Entry};

/// Reads only.
pub struct Reader {
    database: DB,
}

impl Reader {
    /// # Errors
    /// There is no store in `folder`, or it is damaged.
    pub fn open(folder: &Path) -> Result<Reader, StoreError> {
        Ok(Reader { database: DB::open_for_read_only(&Options::default(), folder, false)? })
    }

    /// The last block executed.
    pub fn head(&self) -> Result<Head, StoreError> {
        head_of(&self.database)
    }

    /// All data in the order of their keys, which are as in the store.
    pub fn data(&self) -> impl Iterator<Item = Result<Entry, StoreError>> {
        let from = IteratorMode::From(&[DATA], Direction::Forward);
        let entries = self.database.iterator(from).map(|entry| {
            let (key, value) = entry?;
            Ok((key.into_vec(), value.into_vec()))
        });
        entries.take_while(|entry: &Result<Entry, StoreError>| {
            entry.as_ref().map_or(true, |(key, _)| key.first() == Some(&DATA))
        })
    }
}
