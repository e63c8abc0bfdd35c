//! What is told to clients.

use std::fmt;

use chain::keys::PeerId;

use super::Registry;
use super::channel::Channel;
use super::peer::{Peer, Status};

/// A peer, as clients see it on one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerView {
    pub id: PeerId,
    pub order: u32,
    /// Of the peer on this channel.
    pub group_id: String,
    /// Empty when another peer has taken it over.
    pub target: String,
    pub status: Status,
    /// Microseconds since 1970.
    pub status_update_time_us: u64,
    pub leads: bool,
}

/// One channel, as clients see it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelView {
    /// Members in join order, without those that are gone for long.
    pub peers: Vec<PeerView>,
    pub leader: Option<PeerView>,
    /// The greatest that was reported.
    pub height: u64,
}

impl ChannelView {
    /// Those that attend.
    pub fn connected(&self) -> impl Iterator<Item = &PeerView> {
        self.peers.iter().filter(|peer| peer.status == Status::Connected)
    }
}

impl fmt::Display for PeerView {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at {}", self.id, self.target)
    }
}

impl Registry {
    /// None for an unknown channel.
    pub fn view(&self, now_us: u64, channel: &str) -> Option<ChannelView> {
        let channel = self.channel(channel)?;
        let Some(chain) = &channel.chain else { return Some(ChannelView::default()) };
        let listed = |peer: &&PeerView| {
            let gone_us = now_us.saturating_sub(peer.status_update_time_us);
            peer.status != Status::Disconnected || gone_us <= self.rules.removal_us
        };
        let members = self.members(channel);
        Some(ChannelView {
            leader: members.iter().find(|peer| peer.leads).cloned(),
            peers: members.iter().filter(listed).cloned().collect(),
            height: chain.places.values().filter_map(|place| place.height).max().unwrap_or(0),
        })
    }

    /// One member of a channel, gone or not.
    pub fn member(&self, channel: &str, peer: &PeerId) -> Option<PeerView> {
        let members = self.members(self.channel(channel)?);
        members.into_iter().find(|member| member.id == *peer)
    }

    /// Name and SCORE package of every channel that the peer at `target` may be on.
    pub fn channels_of(&self, target: &str) -> Vec<(String, String)> {
        let open = |channel: &&Channel| channel.admits(target, self.rules.channel_auth);
        let told = |channel: &Channel| {
            (channel.name().to_owned(), channel.definition.score_package.clone())
        };
        self.channels.iter().filter(open).map(told).collect()
    }

    /// Whether only named peers come on channels.
    pub fn channel_auth(&self) -> bool {
        self.rules.channel_auth
    }

    fn members(&self, channel: &Channel) -> Vec<PeerView> {
        let Some(chain) = &channel.chain else { return Vec::new() };
        let view = |member: &chain::membership::Member| {
            let peer: &Peer = self.peers.get(&member.key.peer_id())?;
            Some(PeerView {
                id: peer.id,
                order: member.order,
                group_id: member.group.clone(),
                target: peer.row.target.clone(),
                status: peer.status,
                status_update_time_us: peer.status_update_time_us,
                leads: chain.leader == Some(peer.id),
            })
        };
        chain.membership.members().iter().filter_map(view).collect()
    }
}
