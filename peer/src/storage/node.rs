//! What the peer itself keeps, beside its channels: the radiostation's key, the directory of
//! peers, and which channels it is on.

use std::path::Path;
use std::sync::Arc;

use borsh::{BorshDeserialize, BorshSerialize};
use chain::keys::PublicKey;

use super::StorageError;
use super::tables::Tables;

const META: &str = "meta";
/// channel name ‖ 0 ‖ key → peer.
const PEERS: &str = "peers";
/// channel name → channel.
const CHANNELS: &str = "channels";

/// A peer, as the radiostation told of it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct KnownPeer {
    pub key: PublicKey,
    /// host:port of its gRPC service.
    pub target: String,
    /// host:port where it listens for peers.
    pub p2p_address: String,
    pub group_id: String,
    pub order: u32,
}

/// A channel this peer is on.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct KnownChannel {
    pub name: String,
}

/// The peer's own store; open, it also keeps other processes from the storage folder.
#[derive(Clone)]
pub struct NodeStore(Arc<Tables>);

impl NodeStore {
    /// Opens or makes the store in the folder `path`.
    pub fn open(path: &Path) -> Result<NodeStore, StorageError> {
        Ok(NodeStore(Arc::new(Tables::open(path, &[META, PEERS, CHANNELS])?)))
    }

    /// Key of the radiostation that this peer joined first.
    pub fn radiostation(&self) -> Option<PublicKey> {
        self.0.get(META, b"radiostation")
    }

    /// Keeps the radiostation's key.
    pub fn set_radiostation(&self, key: &PublicKey) {
        let mut changes = self.0.changes();
        changes.put(META, b"radiostation", key);
        changes.write_durably();
    }

    /// Channels this peer is on.
    pub fn channels(&self) -> Vec<String> {
        let rows = self.0.scan(CHANNELS, &[], &[]);
        rows.map(|(name, _)| String::from_utf8_lossy(&name).into_owned()).collect()
    }

    /// Remembers a channel.
    pub fn add_channel(&self, name: &str) {
        let mut changes = self.0.changes();
        changes.put(CHANNELS, name.as_bytes(), &KnownChannel { name: name.to_string() });
        changes.write_durably();
    }

    /// Peers known on a channel.
    pub fn peers(&self, channel: &str) -> Vec<KnownPeer> {
        let prefix = prefix(channel);
        let rows = self.0.scan(PEERS, &prefix, &prefix);
        rows.filter_map(|(_, bytes)| chain::encoding::decode(&bytes).ok()).collect()
    }

    /// Remembers a peer on a channel.
    pub fn add_peer(&self, channel: &str, peer: &KnownPeer) {
        let mut changes = self.0.changes();
        let key = [&prefix(channel)[..], &peer.key.to_bytes()].concat();
        changes.put(PEERS, &key, peer);
        changes.write_durably();
    }

    /// Forgets a peer on a channel.
    pub fn remove_peer(&self, channel: &str, key: &PublicKey) {
        let mut changes = self.0.changes();
        changes.delete(PEERS, &[&prefix(channel)[..], &key.to_bytes()].concat());
        changes.write_durably();
    }
}

fn prefix(channel: &str) -> Vec<u8> {
    [channel.as_bytes(), &[0]].concat()
}

#[cfg(test)]
mod tests;
