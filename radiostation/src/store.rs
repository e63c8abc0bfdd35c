//! The registry on disk, and the only use of RocksDB here. Every write is synced, so that what was
//! written is there after kill -9 and after a power cut.
//!
//! Rows: `v` form of the store; `o` next order; `p` peer id: peer; `g` channel: genesis; `e`
//! channel 0 sequence (big-endian): entry; `l` channel 0 peer id: place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use borsh::BorshDeserialize;
use chain::channel::SignedGenesis;
use chain::encoding::{decode, encode};
use chain::keys::PeerId;
use chain::membership::SignedEntry;
use rocksdb::{DB, IteratorMode, Options, WriteBatch, WriteOptions};

use crate::registry::{PlaceRow, Saved, SavedChannel, Write};

const FORM: u32 = 1;

/// What can be wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error(
        "{}: another process uses this storage; stop it, or set RADIOSTATION_STORAGE_PATH to \
         another folder", path.display()
    )]
    InUse { path: PathBuf },
    #[error("{}: the registry cannot be {action}: {reason}", path.display())]
    Failed { path: PathBuf, action: &'static str, reason: String },
    #[error("{}: the registry holds a row that does not belong there: {row}", path.display())]
    Row { path: PathBuf, row: String },
    #[error(
        "{}: the registry has form {found}; expected {FORM}: use the version of the program that \
         wrote it", path.display()
    )]
    Form { path: PathBuf, found: u32 },
}

/// The open store; one process at a time.
pub struct Store {
    path: PathBuf,
    rows: DB,
}

impl Store {
    /// Opens the store, or makes it, in a folder of its own below `storage`.
    ///
    /// # Errors
    /// A folder that cannot be written, or that another process uses.
    pub fn open(storage: &Path) -> Result<Store, StoreError> {
        let path = storage.join("registry");
        let failed =
            |reason: String| StoreError::Failed { path: path.clone(), action: "opened", reason };
        std::fs::create_dir_all(&path).map_err(|error| failed(error.to_string()))?;
        let mut options = Options::default();
        options.create_if_missing(true);
        options.set_keep_log_file_num(2);
        options.set_max_open_files(64);
        let rows = DB::open(&options, &path).map_err(|error| {
            let reason = error.to_string();
            let locked = reason.contains("While lock file") || reason.contains("lock hold by");
            if locked { StoreError::InUse { path: path.clone() } } else { failed(reason) }
        })?;
        let store = Store { path, rows };
        store.check_form()?;
        Ok(store)
    }

    fn check_form(&self) -> Result<(), StoreError> {
        let form = self.rows.get(b"v").map_err(|error| self.failed("read", &error))?;
        match form {
            None => {
                let mut batch = WriteBatch::default();
                batch.put(b"v", encode(&FORM));
                self.commit(batch)
            }
            Some(bytes) => match self.decoded::<u32>("v", &bytes)? {
                FORM => Ok(()),
                found => Err(StoreError::Form { path: self.path.clone(), found }),
            },
        }
    }

    /// Writes all of it in one go; it is on disk afterwards.
    ///
    /// # Errors
    /// A disk that does not take it.
    pub fn write(&self, writes: &[Write]) -> Result<(), StoreError> {
        let mut batch = WriteBatch::default();
        for write in writes {
            match write {
                Write::OrderNext(order) => batch.put(b"o", encode(order)),
                Write::Peer(row) => batch.put(peer_name(&row.key.peer_id()), encode(row)),
                Write::ForgetPeer(peer) => batch.delete(peer_name(peer)),
                Write::Genesis(genesis) => {
                    batch.put(name(b'g', &genesis.genesis.name, None), encode(genesis));
                }
                Write::Entry { channel, entry } => {
                    let sequence = entry.entry.sequence.0.to_be_bytes();
                    batch.put(name(b'e', channel, Some(&sequence)), encode(entry));
                }
                Write::Place { channel, peer, place } => {
                    batch.put(name(b'l', channel, Some(&peer.0)), encode(place));
                }
                Write::ForgetPlace { channel, peer } => {
                    batch.delete(name(b'l', channel, Some(&peer.0)));
                }
            }
        }
        self.commit(batch)
    }

    fn commit(&self, batch: WriteBatch) -> Result<(), StoreError> {
        let mut options = WriteOptions::default();
        options.set_sync(true);
        self.rows.write_opt(batch, &options).map_err(|error| self.failed("written", &error))
    }

    /// Everything in it.
    ///
    /// # Errors
    /// A disk that does not give it, or rows that are not the registry's.
    pub fn load(&self) -> Result<Saved, StoreError> {
        let mut saved = Saved::default();
        let mut channels: BTreeMap<String, SavedChannel> = BTreeMap::new();
        // Geneses stand behind entries in the order of keys, and before places.
        let mut entries: BTreeMap<String, Vec<SignedEntry>> = BTreeMap::new();
        for row in self.rows.iterator(IteratorMode::Start) {
            let (key, value) = row.map_err(|error| self.failed("read", &error))?;
            let shown = String::from_utf8_lossy(&key).into_owned();
            let wrong = || StoreError::Row { path: self.path.clone(), row: shown.clone() };
            let (kind, rest) = key.split_first().ok_or_else(wrong)?;
            match kind {
                b'v' => {}
                b'o' => saved.order_next = self.decoded(&shown, &value)?,
                b'p' => saved.peers.push(self.decoded(&shown, &value)?),
                b'e' => {
                    let (channel, _) = split(rest).ok_or_else(wrong)?;
                    entries.entry(channel).or_default().push(self.decoded(&shown, &value)?);
                }
                b'g' => {
                    let genesis: SignedGenesis = self.decoded(&shown, &value)?;
                    let channel = genesis.genesis.name.clone();
                    let entries = entries.remove(&channel).unwrap_or_default();
                    let places = Vec::new();
                    channels.insert(channel, SavedChannel { genesis, entries, places });
                }
                b'l' => {
                    let (channel, peer) = split(rest).ok_or_else(wrong)?;
                    let peer = PeerId(peer.try_into().map_err(|_| wrong())?);
                    let place: PlaceRow = self.decoded(&shown, &value)?;
                    channels.get_mut(&channel).ok_or_else(wrong)?.places.push((peer, place));
                }
                _ => return Err(wrong()),
            }
        }
        saved.channels = channels.into_values().collect();
        Ok(saved)
    }

    fn decoded<T: BorshDeserialize>(&self, row: &str, bytes: &[u8]) -> Result<T, StoreError> {
        decode(bytes).map_err(|error| StoreError::Row {
            path: self.path.clone(),
            row: format!("{row}: {error}"),
        })
    }

    fn failed(&self, action: &'static str, error: &rocksdb::Error) -> StoreError {
        StoreError::Failed { path: self.path.clone(), action, reason: error.to_string() }
    }
}

fn peer_name(peer: &PeerId) -> Vec<u8> {
    [b"p".as_slice(), &peer.0].concat()
}

/// Channel names hold no zero byte.
fn name(kind: u8, channel: &str, rest: Option<&[u8]>) -> Vec<u8> {
    let mut name = vec![kind];
    name.extend_from_slice(channel.as_bytes());
    if let Some(rest) = rest {
        name.push(0);
        name.extend_from_slice(rest);
    }
    name
}

fn split(rest: &[u8]) -> Option<(String, &[u8])> {
    let end = rest.iter().position(|byte| *byte == 0)?;
    Some((String::from_utf8(rest[..end].to_vec()).ok()?, &rest[end + 1..]))
}

#[cfg(test)]
mod tests;
