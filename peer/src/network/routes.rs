//! To which channel what arrives belongs, and who may send to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use chain::hash::Hash;
use chain::keys::PeerId;
use tokio::sync::{mpsc, oneshot};

use super::{Lane, Packet, Request, Response};

/// What a channel is told.
#[derive(Debug)]
pub enum Arrival {
    Packet(PeerId, Packet),
    /// The link to a member stands: it can be sent to.
    Connected(PeerId),
    Lost(PeerId),
}

/// A member's request, to be answered.
#[derive(Debug)]
pub struct Asked {
    pub request: Request,
    pub answer: oneshot::Sender<Response>,
}

/// Where a channel takes what is for it. The queues are bounded; a full one makes the sender's
/// stream wait.
#[derive(Clone, Debug)]
pub struct Route {
    pub members: BTreeSet<PeerId>,
    /// Largest batch on the channel, bytes.
    pub batch_bytes_max: usize,
    pub consensus: mpsc::Sender<Arrival>,
    pub bulk: mpsc::Sender<Arrival>,
    pub requests: mpsc::Sender<Asked>,
}

/// The channels of this peer.
#[derive(Clone, Default)]
pub struct Routes(Arc<RwLock<BTreeMap<Hash, Route>>>);

impl Routes {
    /// Opens or replaces the route of a channel.
    pub fn set(&self, channel: Hash, route: Route) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(channel, route);
    }

    /// Closes a channel's route.
    pub fn remove(&self, channel: &Hash) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(channel);
    }

    /// Changes who may send to a channel.
    pub fn set_members(&self, channel: &Hash, members: BTreeSet<PeerId>) {
        let mut routes = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = routes.get_mut(channel) {
            route.members = members;
        }
    }

    /// The route, if `peer` is a member of that channel.
    pub fn of_member(&self, channel: &Hash, peer: &PeerId) -> Option<Route> {
        let routes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        routes.get(channel).filter(|route| route.members.contains(peer)).cloned()
    }

    /// Longest frame that any channel can have a use for on `lane`, bytes.
    pub fn frame_bytes_max(&self, lane: Lane) -> usize {
        /// Envelope and tags around a batch.
        const AROUND: usize = 256;
        let routes = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match lane {
            Lane::Bulk => {
                let largest = routes.values().map(|route| route.batch_bytes_max).max();
                lane.frame_bytes_max().min(largest.unwrap_or(0) + AROUND)
            }
            Lane::Consensus | Lane::Requests => lane.frame_bytes_max(),
        }
    }

    /// Tells every channel of which `peer` is a member that its link stands, or is lost.
    pub async fn tell(&self, peer: PeerId, connected: bool) {
        let routes: Vec<Route> = {
            let routes = self.0.read().unwrap_or_else(PoisonError::into_inner);
            routes.values().filter(|route| route.members.contains(&peer)).cloned().collect()
        };
        for route in routes {
            let arrival = if connected { Arrival::Connected(peer) } else { Arrival::Lost(peer) };
            // A channel that has ended needs no news.
            let _ = route.consensus.send(arrival).await;
        }
    }
}

impl Route {
    /// The queue for packets of `lane`.
    pub fn queue(&self, lane: Lane) -> &mpsc::Sender<Arrival> {
        if lane == Lane::Bulk { &self.bulk } else { &self.consensus }
    }
}
