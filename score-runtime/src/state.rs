//! What a SCORE sees: the running transaction's writes over its block's over the store's.

use std::collections::{BTreeMap, VecDeque};

use crate::store::{Store, StoreError};

/// Keys as the store has them (see [`key`]), and what they become; `None` is removal.
pub type Writes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A key and its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// Longest database name, bytes.
pub const NAME_BYTES_MAX: usize = 1024;
/// What one transaction may write, bytes of keys and values.
pub const WRITTEN_BYTES_MAX: usize = 64 << 20;
/// What all transactions of one block may write, bytes: it is held in memory several times over.
pub const BLOCK_WRITTEN_BYTES_MAX: usize = 128 << 20;
/// First byte of the store's keys for data.
pub const DATA: u8 = b'd';
/// Entries a scan reads from the store at a time.
const PAGE: usize = 256;

/// The store's key for `key` of a database; no database's keys lie among another's.
pub fn key(database: &str, key: &[u8]) -> Vec<u8> {
    let name = database.as_bytes();
    let mut full = Vec::with_capacity(3 + name.len() + key.len());
    full.push(DATA);
    full.extend((name.len() as u16).to_be_bytes());
    full.extend(name);
    full.extend(key);
    full
}

/// The database's name and the key in it, of a key of the store.
pub fn named(full: &[u8]) -> Option<(&[u8], &[u8])> {
    let [DATA, high, low, rest @ ..] = full else { return None };
    rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))
}

/// The first key after all of a database.
pub fn end(database: &str) -> Vec<u8> {
    let mut end = key(database, b"");
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    end
}

/// What a block has written so far.
#[derive(Default)]
pub struct Draft {
    block: Writes,
    transaction: Writes,
    transaction_bytes: usize,
    block_bytes: usize,
}

/// More was written than may be.
pub struct TooMuchWritten {
    pub who: &'static str,
    pub bytes_max: usize,
}

impl Draft {
    pub fn get(&self, key: &[u8]) -> Option<&Option<Vec<u8>>> {
        self.transaction.get(key).or_else(|| self.block.get(key))
    }

    pub fn write(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) -> Result<(), TooMuchWritten> {
        let bytes = key.len() + value.as_ref().map_or(0, Vec::len);
        if self.transaction_bytes + bytes > WRITTEN_BYTES_MAX {
            return Err(TooMuchWritten { who: "a transaction", bytes_max: WRITTEN_BYTES_MAX });
        }
        if self.block_bytes + self.transaction_bytes + bytes > BLOCK_WRITTEN_BYTES_MAX {
            let who = "the transactions of a block";
            return Err(TooMuchWritten { who, bytes_max: BLOCK_WRITTEN_BYTES_MAX });
        }
        self.transaction_bytes += bytes;
        self.transaction.insert(key, value);
        Ok(())
    }

    /// Ends a transaction; its writes, if they are kept.
    pub fn end_transaction(&mut self, keep: bool) -> Writes {
        let bytes = std::mem::take(&mut self.transaction_bytes);
        let writes = std::mem::take(&mut self.transaction);
        if !keep {
            return Writes::new();
        }
        self.block_bytes += bytes;
        self.block.extend(writes.iter().map(|(key, value)| (key.clone(), value.clone())));
        writes
    }

    /// Ends the block; all that its successful transactions wrote.
    pub fn end_block(&mut self) -> Writes {
        self.block_bytes = 0;
        std::mem::take(&mut self.block)
    }

    /// Entries with `from <= key < to` as they are now.
    pub fn scan(&self, from: Vec<u8>, to: Vec<u8>, reverse: bool) -> Scan {
        let mut drafted = Writes::new();
        if from < to {
            for writes in [&self.block, &self.transaction] {
                let range = writes.range(from.clone()..to.clone());
                drafted.extend(range.map(|(key, value)| (key.clone(), value.clone())));
            }
        }
        let drafted = if reverse {
            drafted.into_iter().rev().collect()
        } else {
            drafted.into_iter().collect()
        };
        let exhausted = from >= to;
        Scan { drafted, stored: VecDeque::new(), from, to, reverse, exhausted }
    }
}

/// A range being read. What is written after it was made does not show.
pub struct Scan {
    drafted: VecDeque<(Vec<u8>, Option<Vec<u8>>)>,
    stored: VecDeque<Entry>,
    /// What of the store is still to be read.
    from: Vec<u8>,
    to: Vec<u8>,
    reverse: bool,
    exhausted: bool,
}

impl Scan {
    /// The next entry, its key as the store has it.
    pub fn next(&mut self, store: &Store) -> Result<Option<Entry>, StoreError> {
        loop {
            if self.stored.is_empty() && !self.exhausted {
                self.read_page(store)?;
            }
            let order = match (self.drafted.front(), self.stored.front()) {
                (None, None) => return Ok(None),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some((drafted, _)), Some((stored, _))) if self.reverse => stored.cmp(drafted),
                (Some((drafted, _)), Some((stored, _))) => drafted.cmp(stored),
            };
            if order.is_gt() {
                return Ok(self.stored.pop_front());
            }
            if order.is_eq() {
                self.stored.pop_front();
            }
            if let Some((key, Some(value))) = self.drafted.pop_front() {
                return Ok(Some((key, value)));
            }
        }
    }

    fn read_page(&mut self, store: &Store) -> Result<(), StoreError> {
        let page = store.page(&self.from, &self.to, self.reverse, PAGE)?;
        self.exhausted = page.len() < PAGE;
        if let Some((last, _)) = page.last() {
            if self.reverse {
                self.to = last.clone();
            } else {
                self.from = last.clone();
                self.from.push(0);
            }
        }
        self.stored = page.into();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
