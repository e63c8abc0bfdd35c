//! The registry as the last run left it.

use std::collections::BTreeMap;

use chain::keys::{SecretKey, Verify};

use super::channel::{Chain, Channel, Definition, Place};
use super::effect::{PeerRow, Saved, SavedChannel, Write};
use super::event::Rules;
use super::peer::Peer;
use super::{PEERS_MAX, Registry};

/// What was kept is not this radiostation's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the registry holds channel {channel}, signed with another key than this radiostation's; \
     expected the key pair that the registry was made with: bring it back"
)]
pub struct ForeignRegistry {
    pub channel: String,
}

/// A registry, what is to be written first, and what the operator should know.
pub struct Restored {
    pub registry: Registry,
    pub writes: Vec<Write>,
    pub warnings: Vec<String>,
}

impl Registry {
    /// Goes on from what was kept. With `peers_kept` false, peers that belong to no channel are
    /// forgotten; channels and their members never are, since ledgers rest on them.
    ///
    /// # Errors
    /// A channel signed by another radiostation.
    pub fn restore(
        definitions: Vec<Definition>,
        rules: Rules,
        key: SecretKey,
        saved: Saved,
        peers_kept: bool,
        now_us: u64,
    ) -> Result<Restored, ForeignRegistry> {
        let mut chains = BTreeMap::new();
        for saved in saved.channels {
            let name = saved.genesis.genesis.name.clone();
            chains.insert(name, restore_chain(saved, &key)?);
        }
        let mut channels = Vec::new();
        for definition in definitions {
            let chain = chains.remove(&definition.name);
            channels.push(Channel { definition, chain });
        }
        let mut registry = Registry {
            rules,
            public_key: key.public_key(),
            key,
            peers: BTreeMap::new(),
            order_next: saved.order_next.max(1),
            channels,
            sessions: BTreeMap::new(),
            reserved: chains.values().flat_map(|chain| chain.places.keys().copied()).collect(),
            peers_max: PEERS_MAX,
        };
        let mut writes = Vec::new();
        for row in saved.peers {
            let id = row.key.peer_id();
            let member = registry.channels.iter().any(|channel| channel.has_member(&id));
            if peers_kept || member || registry.reserved.contains(&id) {
                registry.remember(row, now_us);
            } else {
                writes.push(Write::ForgetPeer(id));
            }
        }
        let mut warnings = registry.warnings();
        warnings.extend(chains.keys().map(|name| {
            format!(
                "channel {name} of the registry is not in the channel file: nobody is told of it"
            )
        }));
        Ok(Restored { registry, writes, warnings })
    }

    fn remember(&mut self, row: PeerRow, now_us: u64) {
        self.order_next = self.order_next.max(row.order.saturating_add(1));
        let peer = Peer::new(row, &self.key, now_us);
        self.peers.insert(peer.id, peer);
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for channel in &self.channels {
            let name = channel.name();
            if let Some(what) = channel.difference() {
                warnings.push(format!(
                    "channel {name}: {what} in the channel file differ from the channel's genesis, \
                     which counts: a channel that exists keeps what it began with"
                ));
            }
            for id in channel.member_ids() {
                let Some(peer) = self.peers.get(&id) else { continue };
                if peer.has_address() && !channel.admits(&peer.row.target, self.rules.channel_auth)
                {
                    warnings.push(format!(
                        "channel {name}: peer {id} ({}) is a member, but the channel file does not \
                         name it: it is told nothing more; to take its vote away as well, POST \
                         /api/v1/membership with change \"leave\"",
                        peer.row.target
                    ));
                }
            }
        }
        warnings
    }
}

fn restore_chain(saved: SavedChannel, key: &SecretKey) -> Result<Chain, ForeignRegistry> {
    let foreign = || ForeignRegistry { channel: saved.genesis.genesis.name.clone() };
    saved.genesis.check(&key.public_key()).map_err(|_| foreign())?;
    let mut chain = Chain::new(saved.genesis.clone());
    for entry in &saved.entries {
        chain.take(entry);
    }
    for (id, row) in saved.places {
        if let Some(place) = chain.places.get_mut(&id) {
            *place = Place { row, ..place.clone() };
        }
    }
    Ok(chain)
}
