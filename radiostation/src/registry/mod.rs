//! Who is known, who is on which channel, and what the radiostation has signed. Pure: `step` turns
//! an event at a time into effects, `change` an operator's wish; nothing here reads a clock, a file
//! or a socket. A `Persist` is on disk before the effect after it starts, so nothing signed is sent
//! before it would survive a crash.

mod change;
mod channel;
mod effect;
mod event;
mod join;
mod peer;
mod proof;
mod report;
mod restore;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use chain::keys::{PeerId, PublicKey, SecretKey};
use wire::v1;
use wire::v1::announcement::Kind;

pub use change::{ChangeRefused, Wanted};
pub use channel::Definition;
pub use effect::{Effect, Ending, PeerRow, PlaceRow, Saved, SavedChannel, Write};
pub use event::{Event, Rules, SessionId};
pub use peer::Status;
pub use proof::{NONCE_BYTES, Proven, Refusal, Report, check_join, check_reports};
pub use restore::{ForeignRegistry, Restored};
pub use view::{ChannelView, PeerView};

use channel::Channel;
use peer::Peer;

/// Most peers that are remembered; beyond it those that belong to no channel are forgotten.
pub const PEERS_MAX: usize = 4096;
/// Most channels in one report.
pub const REPORT_CHANNELS_MAX: usize = 1024;
/// Most membership entries in one grant, the newest ones.
pub const GRANT_ENTRIES_MAX: usize = 4096;
/// Longest host:port, bytes.
pub const ADDRESS_BYTES_MAX: usize = 255;

/// All that the radiostation knows.
pub struct Registry {
    rules: Rules,
    key: SecretKey,
    public_key: PublicKey,
    peers: BTreeMap<PeerId, Peer>,
    /// Orders are never given twice, even when a peer is forgotten.
    order_next: u32,
    /// In the order of the channel file.
    channels: Vec<Channel>,
    /// Streams that are attended now.
    sessions: BTreeMap<SessionId, PeerId>,
    /// Members of channels that the file no longer defines, never forgotten.
    reserved: BTreeSet<PeerId>,
    peers_max: usize,
}

impl Registry {
    /// Takes one event in, at `now_us` microseconds since 1970.
    pub fn step(&mut self, now_us: u64, event: Event) -> Vec<Effect> {
        match event {
            Event::Joined { session, join } => self.on_joined(now_us, session, join),
            Event::Reported { session, reports } => self.on_reported(now_us, session, &reports),
            Event::Left { session } => self.on_left(now_us, session),
            Event::Broken { session } => self.on_broken(now_us, session),
            Event::Ticked => self.on_ticked(now_us),
            Event::RulesChanged(rules) => {
                self.rules = rules;
                Vec::new()
            }
        }
    }

    fn on_left(&mut self, now_us: u64, session: SessionId) -> Vec<Effect> {
        let Some(peer) = self.disconnect(now_us, session) else { return Vec::new() };
        let mut effects = vec![Effect::End { session, ending: Ending::Left }];
        effects.extend(self.announce_of(peer, || Kind::PeerLeft(peer.to_string())));
        effects.push(Effect::Tell(format!("peer {peer} has left")));
        effects
    }

    fn on_broken(&mut self, now_us: u64, session: SessionId) -> Vec<Effect> {
        let Some(peer) = self.disconnect(now_us, session) else { return Vec::new() };
        let mut effects = self.announce_of(peer, || Kind::ConnectionLost(peer.to_string()));
        effects.push(Effect::Warn(format!("the connection to peer {peer} is lost")));
        effects
    }

    fn on_ticked(&mut self, now_us: u64) -> Vec<Effect> {
        let Some(silence_max_us) = self.rules.silence_max_us else { return Vec::new() };
        let silent = |peer: &&Peer| now_us.saturating_sub(peer.heard_us) > silence_max_us;
        let sessions: Vec<SessionId> =
            self.peers.values().filter(silent).filter_map(|peer| peer.session).collect();
        let mut effects = Vec::new();
        for session in sessions {
            effects.push(Effect::End { session, ending: Ending::Silent { silence_max_us } });
            effects.extend(self.on_broken(now_us, session));
        }
        effects
    }

    /// Marks the peer of that stream as gone; None when the stream is no longer the peer's.
    fn disconnect(&mut self, now_us: u64, session: SessionId) -> Option<PeerId> {
        let id = self.sessions.remove(&session)?;
        let peer = self.peers.get_mut(&id)?;
        if peer.session == Some(session) {
            peer.session = None;
            peer.set_status(Status::Disconnected, now_us);
        }
        Some(id)
    }

    /// Tells the other members of every channel that `peer` is on.
    fn announce_of(&self, peer: PeerId, kind: impl Fn() -> Kind) -> Vec<Effect> {
        let on = self.channels.iter().filter(|channel| channel.has_member(&peer));
        on.flat_map(|channel| self.announce(channel, &kind(), Some(peer))).collect()
    }

    /// Tells every member of the channel that is connected, except one.
    fn announce(&self, channel: &Channel, kind: &Kind, except: Option<PeerId>) -> Vec<Effect> {
        let members = channel.member_ids().filter(|id| Some(*id) != except);
        self.announce_to(channel, members, kind)
    }

    /// Tells those of `members` that are connected and may know of the channel.
    fn announce_to(
        &self,
        channel: &Channel,
        members: impl IntoIterator<Item = PeerId>,
        kind: &Kind,
    ) -> Vec<Effect> {
        let sessions = members.into_iter().filter_map(|id| {
            let peer = self.peers.get(&id)?;
            let told = channel.admits(&peer.row.target, self.rules.channel_auth);
            peer.session.filter(|_| told)
        });
        let mut sessions: Vec<SessionId> = sessions.collect();
        sessions.sort_unstable();
        let told = |session| announcement(session, channel.name(), kind.clone());
        sessions.into_iter().map(told).collect()
    }

    fn channel(&self, name: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.name() == name)
    }
}

fn announcement(session: SessionId, channel: &str, kind: Kind) -> Effect {
    let announcement = v1::Announcement { channel: channel.to_owned(), kind: Some(kind) };
    let kind = Some(v1::to_peer::Kind::Announcement(announcement));
    Effect::Send { session, message: v1::ToPeer { kind } }
}

#[cfg(test)]
mod tests;
