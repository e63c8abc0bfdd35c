//! The peer as a whole: its channels, whom it knows, and who may administer it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use chain::channel::SignedGenesis;
use chain::count::Sequence;
use chain::keys::{PeerId, PublicKey};
use chain::ledger::Head;
use chain::lft::standing::Standing;
use configs::PeerSettings;
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;

use crate::api::rest::BODIES_MAX;
use crate::channel::{Channel, Control, Surroundings};
use crate::network::{Contact, Network};
use crate::storage::{KnownPeer, Ledger, NodeStore, StorageError};

/// Why a channel could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("cannot start a thread: {0}")]
    Thread(#[from] std::io::Error),
    #[error("the ledger is of a channel with another first block; move it away to join anew")]
    OtherGenesis,
    #[error("it has no first block")]
    NotBegun,
}

/// The peer; cheap to clone.
#[derive(Clone)]
pub struct Node {
    pub settings: Arc<PeerSettings>,
    pub me: PeerId,
    /// host:port of the gRPC service, as others know it.
    pub target: String,
    pub store: NodeStore,
    pub network: Network,
    pub surroundings: Surroundings,
    /// A place for each body that REST reads.
    pub rest_bodies: Arc<Semaphore>,
    /// Cancelled to stop the peer.
    pub stop: CancellationToken,
    channels: Arc<RwLock<BTreeMap<String, Channel>>>,
    threads: Arc<Mutex<Vec<std::thread::JoinHandle<()>>>>,
    /// Whether the radiostation, or the disk, has said which channels this peer is on.
    welcomed: Arc<watch::Sender<bool>>,
}

impl Node {
    /// A peer without channels.
    pub fn new(
        settings: PeerSettings,
        target: String,
        store: NodeStore,
        network: Network,
        surroundings: Surroundings,
        stop: CancellationToken,
    ) -> Node {
        Node {
            settings: Arc::new(settings),
            me: surroundings.key.public_key().peer_id(),
            target,
            store,
            network,
            surroundings,
            rest_bodies: Arc::new(Semaphore::new(BODIES_MAX)),
            stop,
            channels: Arc::default(),
            threads: Arc::default(),
            welcomed: Arc::new(watch::Sender::new(false)),
        }
    }

    /// The running channel of that name.
    pub fn channel(&self, name: &str) -> Option<Channel> {
        self.channels.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// All running channels, by name.
    pub fn channels(&self) -> Vec<Channel> {
        self.channels.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Names of the running channels.
    pub fn channel_names(&self) -> Vec<String> {
        self.channels.read().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// Whether this peer has been told which channels it is on.
    pub fn knows_its_channels(&self) -> bool {
        *self.welcomed.borrow()
    }

    /// From now on an unknown channel is not one that is still to come.
    pub fn set_welcomed(&self) {
        self.welcomed.send_replace(true);
    }

    /// Peers known on a channel, this one included.
    pub fn peers(&self, channel: &str) -> Vec<KnownPeer> {
        let mut peers = self.store.peers(channel);
        peers.sort_by_key(|peer| peer.order);
        peers
    }

    /// Starts the channels that the disk knows.
    pub async fn start_known_channels(&self) -> Result<(), ChannelError> {
        for name in self.store.channels() {
            let ledger = self.open_ledger(&name)?;
            match ledger.genesis() {
                Some(_) => self.start_channel(&name, ledger, Standing::default())?,
                // The peer was killed between naming the channel and writing its first block.
                None => tracing::info!(channel = name, "has no first block yet"),
            }
        }
        self.refresh_contacts().await;
        Ok(())
    }

    fn open_ledger(&self, name: &str) -> Result<Ledger, StorageError> {
        Ledger::open(&self.settings.storage_path.join("channels").join(name))
    }

    fn start_channel(
        &self,
        name: &str,
        ledger: Ledger,
        standing: Standing,
    ) -> Result<(), ChannelError> {
        let members = self.members(name);
        let score = self.settings.score.storage_path.join(name);
        let (channel, threads) =
            Channel::start(ledger, members, standing, score, &self.surroundings)?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).extend(threads);
        let mut channels = self.channels.write().unwrap_or_else(PoisonError::into_inner);
        channels.insert(name.to_string(), channel);
        Ok(())
    }

    /// Joins a channel that the radiostation grants, unless it runs already. `may_sign_after` is
    /// the entry that admits this peer, `NEVER` when there is none; none when it may sign at once.
    pub fn join(
        &self,
        genesis: &SignedGenesis,
        may_sign_after: Option<Sequence>,
    ) -> Result<Channel, ChannelError> {
        let name = &genesis.genesis.name;
        if let Some(channel) = self.channel(name) {
            let same = channel.id == genesis.genesis.hash();
            return if same { Ok(channel) } else { Err(ChannelError::OtherGenesis) };
        }
        self.store.add_channel(name);
        let ledger = self.open_ledger(name)?;
        let standing = match ledger.genesis() {
            Some(kept) if kept.genesis.hash() != genesis.genesis.hash() => {
                return Err(ChannelError::OtherGenesis);
            }
            Some(_) => Standing::default(),
            None => {
                let head = Head::new(&genesis.genesis);
                ledger.begin(genesis, &head, may_sign_after);
                tracing::info!(channel = name, genesis = %head.hash, "joining channel");
                Standing::new_member()
            }
        };
        self.start_channel(name, ledger, standing)?;
        self.channel(name).ok_or(ChannelError::NotBegun)
    }

    fn members(&self, channel: &str) -> BTreeSet<PeerId> {
        let known = self.store.peers(channel).into_iter().map(|peer| peer.key.peer_id());
        known.chain([self.me]).collect()
    }

    /// Remembers peers of a channel.
    pub async fn add_peers(&self, channel: &str, peers: &[KnownPeer]) {
        for peer in peers {
            self.store.add_peer(channel, peer);
        }
        self.refresh_contacts().await;
    }

    /// Forgets a peer that is off a channel.
    pub async fn remove_peer(&self, channel: &str, peer: &PeerId) {
        let key: Option<PublicKey> =
            self.store.peers(channel).into_iter().map(|p| p.key).find(|key| key.peer_id() == *peer);
        if let Some(key) = key {
            self.store.remove_peer(channel, &key);
            self.refresh_contacts().await;
        }
    }

    // Who may connect, and who may send to which channel, follows from the directory.
    async fn refresh_contacts(&self) {
        let mut contacts = BTreeMap::new();
        for channel in self.channels() {
            for peer in self.store.peers(&channel.name) {
                if peer.key.peer_id() != self.me {
                    contacts.insert(peer.key, peer.p2p_address);
                }
            }
            channel.tell(Control::Members(self.members(&channel.name))).await;
        }
        let contacts: Vec<Contact> =
            contacts.into_iter().map(|(key, address)| Contact { key, address }).collect();
        self.network.set_contacts(&contacts).await;
    }

    /// Whether somebody may change how this peer runs: from loopback, or with the admin token. The
    /// one place where this is decided.
    pub fn may_administer(&self, from_loopback: bool, authorization: Option<&str>) -> bool {
        let given = authorization.and_then(|text| text.strip_prefix("Bearer "));
        let token = self.settings.rest.admin_token.as_ref();
        let right = given
            .zip(token)
            .is_some_and(|(given, token)| same(given.as_bytes(), token.reveal().as_bytes()));
        from_loopback || right
    }

    /// Waits until the channels' threads have ended; `stop` has been cancelled.
    pub fn join_threads(&self) {
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a channel's thread panicked");
            }
        }
    }
}

// Compares without telling by its time where the first difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |all, (x, y)| all | (x ^ y)) == 0
}

#[cfg(test)]
pub(crate) mod tests;
