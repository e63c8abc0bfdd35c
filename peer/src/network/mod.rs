//! Peers talking to peers: libp2p, noise over TCP, each peer known by its chain key. The only use
//! of libp2p.
//!
//! Who is not in the directory is refused when it connects. To each other peer one link is kept:
//! a stream per lane, opened by the sender. What arrives goes to the channel it names, if the
//! sender is a member there.

pub mod frame;
mod link;
mod packet;
mod receive;
mod routes;
mod swarm;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chain::encoding::encode;
use chain::hash::Hash;
use chain::keys::{PeerId, PublicKey, SecretKey};
use libp2p::PeerId as TransportId;
use libp2p::identity;
use tokio::sync::{mpsc, oneshot};

use link::Link;
pub use packet::{Envelope, Lane, Packet, RESPONSE_BYTES_WANTED, Request, Response};
pub use routes::{Arrival, Asked, Route, Routes};
use swarm::Command;

/// How long an asked peer may take to answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(20);

/// Why the network could not start.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    #[error(
        "cannot listen for peers on {address}: {reason}. Choose another PORT_P2P, or end what uses it"
    )]
    Listen { address: SocketAddr, reason: String },
    #[error("the key does not fit libp2p: {0}")]
    Key(String),
    #[error("libp2p did not start: {0}")]
    Start(String),
}

/// Why a peer gave no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("not connected")]
    NotConnected,
    #[error("too many requests are under way")]
    Busy,
    #[error("no answer in time")]
    TimedOut,
    #[error("the connection broke")]
    Lost,
}

/// One other peer, as the radiostation vouches for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    pub key: PublicKey,
    /// host:port where it listens for peers.
    pub address: String,
}

/// The peer's side of the network; cheap to clone.
#[derive(Clone)]
pub struct Network {
    commands: mpsc::Sender<Command>,
    links: Arc<Mutex<BTreeMap<PeerId, Link>>>,
    routes: Routes,
    names: Names,
}

/// Which chain name belongs to a libp2p name; only of peers in the directory.
pub(crate) type Names = Arc<Mutex<BTreeMap<TransportId, PeerId>>>;

fn transport_id(key: &PublicKey) -> Result<TransportId, NetworkError> {
    let key = identity::secp256k1::PublicKey::try_from_bytes(&key.to_bytes());
    let key = key.map_err(|e| NetworkError::Key(e.to_string()))?;
    Ok(identity::PublicKey::from(key).to_peer_id())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Network {
    /// Listens on `address`. Ends when every clone is dropped.
    pub async fn start(key: &SecretKey, address: SocketAddr) -> Result<Network, NetworkError> {
        let mut secret = key.to_bytes();
        let secret = identity::secp256k1::SecretKey::try_from_bytes(&mut secret);
        let secret = secret.map_err(|e| NetworkError::Key(e.to_string()))?;
        let pair = identity::Keypair::from(identity::secp256k1::Keypair::from(secret));
        let routes = Routes::default();
        let names = Names::default();
        let links = Arc::new(Mutex::new(BTreeMap::new()));
        let commands = swarm::start(pair, address, routes.clone(), names.clone()).await?;
        Ok(Network { commands, links, routes, names })
    }

    /// From now on these peers, and nobody else, may connect; a link to each is kept.
    pub async fn set_contacts(&self, contacts: &[Contact]) {
        let mut allowed = BTreeMap::new();
        for contact in contacts {
            match transport_id(&contact.key) {
                Ok(id) => allowed.insert(id, contact),
                Err(error) => {
                    tracing::warn!(peer = %contact.key.peer_id(), %error, "peer left out");
                    None
                }
            };
        }
        *lock(&self.names) =
            allowed.iter().map(|(id, contact)| (*id, contact.key.peer_id())).collect();
        let command = Command::Allow(allowed.keys().copied().collect());
        if self.commands.send(command).await.is_err() {
            return;
        }
        let mut links = lock(&self.links);
        links.retain(|peer, _| allowed.values().any(|contact| contact.key.peer_id() == *peer));
        for (id, contact) in allowed {
            let peer = contact.key.peer_id();
            let new = || Link::start(peer, id, self.commands.clone(), self.routes.clone());
            links.entry(peer).or_insert_with(new).set_address(&contact.address);
        }
    }

    /// Where what arrives is delivered.
    pub fn routes(&self) -> &Routes {
        &self.routes
    }

    /// Whether the link to `peer` stands.
    pub fn is_connected(&self, peer: &PeerId) -> bool {
        lock(&self.links).get(peer).is_some_and(Link::is_connected)
    }

    /// Sends to each of `peers` that is connected; what a slow peer's queue cannot take is
    /// dropped, for it asks for what it misses.
    pub fn send(&self, peers: impl Iterator<Item = PeerId>, channel: Hash, packet: Packet) {
        let lane = packet.lane();
        let bytes: Arc<[u8]> = encode(&Envelope { channel, content: packet }).into();
        let links = lock(&self.links);
        for link in peers.filter_map(|peer| links.get(&peer)) {
            link.send(lane, bytes.clone());
        }
    }

    /// Asks one peer.
    pub async fn request(
        &self,
        peer: PeerId,
        channel: Hash,
        request: Request,
    ) -> Result<Response, RequestError> {
        let bytes = encode(&Envelope { channel, content: request });
        let (answer, answered) = oneshot::channel();
        match lock(&self.links).get(&peer) {
            Some(link) if link.is_connected() => link.ask(bytes, answer)?,
            _ => return Err(RequestError::NotConnected),
        }
        match tokio::time::timeout(REQUEST_TIMEOUT, answered).await {
            Err(_) => Err(RequestError::TimedOut),
            Ok(Err(_)) => Err(RequestError::Lost),
            Ok(Ok(response)) => Ok(response),
        }
    }

    /// Ends the connections to a peer that broke the rules; its link may be made again later.
    pub fn punish(&self, peer: &PeerId, why: &str) {
        tracing::warn!(%peer, why, "connection closed");
        let id = lock(&self.names).iter().find(|(_, name)| *name == peer).map(|(id, _)| *id);
        if let Some(id) = id {
            // A full queue of commands only delays the punishment to the next offence.
            let _ = self.commands.try_send(Command::Disconnect(id));
        }
    }
}

#[cfg(test)]
mod tests;
