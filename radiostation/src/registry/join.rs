//! A peer that has proven its key comes in.

use chain::keys::PeerId;
use wire::v1;
use wire::v1::announcement::Kind;

use super::channel::{Admission, Channel};
use super::effect::{Effect, Ending, PeerRow, Write};
use super::event::SessionId;
use super::peer::{Peer, Status};
use super::proof::{Proven, Refusal, Report};
use super::{Registry, announcement};

impl Registry {
    pub(super) fn on_joined(
        &mut self,
        now_us: u64,
        session: SessionId,
        join: Proven,
    ) -> Vec<Effect> {
        let mut writes = Vec::new();
        if let Err(refusal) = self.make_room(now_us, &join, &mut writes) {
            return vec![Effect::End { session, ending: Ending::Refused(refusal) }];
        }
        let id = join.peer_id();
        let mut effects = Vec::new();
        let replaced = self.peers.get(&id).and_then(|peer| peer.session);
        if let Some(earlier) = replaced {
            self.sessions.remove(&earlier);
            effects.push(Effect::End { session: earlier, ending: Ending::Replaced });
        }
        self.register(now_us, session, &join, &mut writes);
        let mut later = self.admit_everywhere(id, &join.reports, &mut writes);
        let moved = self.take_reports(id, &join.reports, &mut writes);
        if !writes.is_empty() {
            effects.push(Effect::Persist(writes));
        }
        effects.push(Effect::Send { session, message: self.welcome(id, &join) });
        effects.append(&mut later);
        effects.extend(self.announce_arrival(id, session));
        effects.extend(self.learn_leaders(&moved));
        let row = &self.peers[&id].row;
        effects.push(Effect::Tell(format!(
            "peer {id} has joined: order {}, target {}, p2p {}",
            row.order, row.target, row.p2p_address
        )));
        effects
    }

    /// Whether the peer may come in; makes place for it and frees its target.
    fn make_room(
        &mut self,
        now_us: u64,
        join: &Proven,
        writes: &mut Vec<Write>,
    ) -> Result<(), Refusal> {
        let id = join.peer_id();
        let known = self.peers.get(&id);
        if known.is_some_and(|peer| peer.status == Status::Disconnected)
            && !self.rules.reconnect_allowed
        {
            return Err(Refusal::ReconnectForbidden);
        }
        let known = known.is_some();
        let target = join.target.to_string();
        let mut holders = self.peers.values().filter(|peer| peer.row.target == target);
        let holder = holders.find(|peer| peer.id != id).map(|peer| (peer.id, peer.session));
        if let Some((holder, session)) = holder {
            if session.is_some() {
                return Err(Refusal::TargetInUse { target, holder });
            }
            let of = self.channels.iter().find(|channel| channel.has_member(&holder));
            if let Some(channel) = of.filter(|_| self.rules.channel_auth) {
                let channel = channel.name().to_owned();
                return Err(Refusal::TargetOfMember { target, holder, channel });
            }
        }
        if !known && self.peers.len() >= self.peers_max {
            self.forget_one(writes)?;
        }
        if let Some((holder, _)) = holder {
            self.take_target(now_us, holder, writes);
        }
        Ok(())
    }

    /// Forgets the peer that was last heard of longest ago, among those on no channel.
    fn forget_one(&mut self, writes: &mut Vec<Write>) -> Result<(), Refusal> {
        let idle = |peer: &&Peer| {
            peer.session.is_none()
                && !self.reserved.contains(&peer.id)
                && !self.channels.iter().any(|channel| channel.has_member(&peer.id))
        };
        let oldest = self.peers.values().filter(idle).min_by_key(|peer| peer.status_update_time_us);
        let Some(oldest) = oldest.map(|peer| peer.id) else {
            return Err(Refusal::Full(self.peers_max));
        };
        self.peers.remove(&oldest);
        writes.push(Write::ForgetPeer(oldest));
        Ok(())
    }

    /// A target stands for one peer: its former holder keeps its order, and no address until it
    /// joins again.
    fn take_target(&mut self, now_us: u64, holder: PeerId, writes: &mut Vec<Write>) {
        let Some(peer) = self.peers.get_mut(&holder) else { return };
        let mut row = peer.row.clone();
        row.target.clear();
        row.p2p_address.clear();
        peer.set_row(row.clone(), &self.key);
        peer.set_status(Status::Disconnected, now_us);
        writes.push(Write::Peer(row));
    }

    fn register(
        &mut self,
        now_us: u64,
        session: SessionId,
        join: &Proven,
        writes: &mut Vec<Write>,
    ) {
        let id = join.peer_id();
        let order = match self.peers.get(&id) {
            Some(peer) => peer.row.order,
            None => {
                let order = self.order_next;
                self.order_next = order.checked_add(1).expect("2^32 peers are out of reach");
                writes.push(Write::OrderNext(self.order_next));
                order
            }
        };
        let group_id =
            if join.group_id.is_empty() { id.to_string() } else { join.group_id.clone() };
        let row = PeerRow {
            key: join.key,
            target: join.target.to_string(),
            p2p_address: join.p2p_address.to_string(),
            group_id,
            order,
        };
        let key = &self.key;
        let known = self.peers.contains_key(&id);
        let peer = self.peers.entry(id).or_insert_with(|| Peer::new(row.clone(), key, now_us));
        if !known || peer.row != row {
            peer.set_row(row.clone(), key);
            writes.push(Write::Peer(row));
        }
        peer.set_status(Status::Connected, now_us);
        peer.heard_us = now_us;
        peer.session = Some(session);
        self.sessions.insert(session, id);
    }

    /// Makes the peer a member of every channel it may be on and is not. With a new genesis those
    /// come in as well that waited for the first validator.
    fn admit_everywhere(
        &mut self,
        id: PeerId,
        reports: &[Report],
        writes: &mut Vec<Write>,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        for index in 0..self.channels.len() {
            let channel = &self.channels[index];
            if channel.has_member(&id) {
                continue;
            }
            let name = channel.name();
            if channel.chain.is_none() && reports.iter().any(|report| report.channel == name) {
                effects.push(Effect::Warn(format!(
                    "peer {id} has a ledger of channel {name}, of which this registry has no \
                     genesis, and is not admitted to it: bring the registry back that the channel \
                     began with, or remove the peers' ledgers to begin anew"
                )));
                continue;
            }
            match self.admit(index, id, writes) {
                None => {}
                Some(None) => {
                    let name = self.channels[index].name();
                    effects.push(Effect::Tell(format!("channel {name} begins, with peer {id}")));
                    effects.extend(self.admit_waiting(index, id, writes));
                }
                Some(Some(entry)) => {
                    let channel = &self.channels[index];
                    effects.extend(self.announce(channel, &Kind::Entry(entry), Some(id)));
                }
            }
        }
        effects
    }

    /// None: it may not be there, or not yet. Otherwise the entry that admits it, if not genesis.
    fn admit(
        &mut self,
        index: usize,
        id: PeerId,
        writes: &mut Vec<Write>,
    ) -> Option<Option<Vec<u8>>> {
        let peer = self.peers.get(&id)?;
        let channel = &mut self.channels[index];
        if !channel.admits(&peer.row.target, self.rules.channel_auth) {
            return None;
        }
        match channel.admit(peer, &self.key)? {
            Admission::Genesis(write) => {
                writes.push(write);
                Some(None)
            }
            Admission::Entry(bytes, write) => {
                writes.push(write);
                Some(Some(bytes))
            }
        }
    }

    fn admit_waiting(
        &mut self,
        index: usize,
        first: PeerId,
        writes: &mut Vec<Write>,
    ) -> Vec<Effect> {
        let mut waiting: Vec<(u32, PeerId, SessionId)> = self
            .peers
            .values()
            .filter(|peer| peer.id != first)
            .filter_map(|peer| Some((peer.row.order, peer.id, peer.session?)))
            .collect();
        waiting.sort_unstable();
        waiting.retain(|(_, id, _)| self.admit(index, *id, writes).is_some());
        let channel = &self.channels[index];
        let granted = |(_, id, session): &(u32, PeerId, SessionId)| {
            let grant = self.grant(channel, *id, None);
            announcement(*session, channel.name(), Kind::Granted(grant))
        };
        waiting.iter().map(granted).collect()
    }

    fn welcome(&self, id: PeerId, join: &Proven) -> v1::ToPeer {
        let row = &self.peers[&id].row;
        let mine = self.channels.iter().filter(|channel| {
            channel.has_member(&id) && channel.admits(&row.target, self.rules.channel_auth)
        });
        let grants = mine.map(|channel| {
            let report = join.reports.iter().find(|report| report.channel == channel.name());
            self.grant(channel, id, report.map(|report| report.entries))
        });
        let welcome = v1::Welcome {
            radiostation_key: self.public_key.to_bytes().to_vec(),
            order: row.order,
            peer_id: id.to_string(),
            channels: grants.collect(),
        };
        v1::ToPeer { kind: Some(v1::to_peer::Kind::Welcome(welcome)) }
    }

    /// What a member needs to take part; `committed`: entries in its ledger, if it has one.
    fn grant(&self, channel: &Channel, id: PeerId, committed: Option<u64>) -> v1::ChannelGrant {
        let chain = channel.chain.as_ref().expect("only members of a chain get a grant");
        let members = chain.places.keys().filter_map(|member| self.peers.get(member));
        let mut members: Vec<&Peer> = members.filter(|peer| peer.has_address()).collect();
        members.sort_unstable_by_key(|peer| peer.row.order);
        v1::ChannelGrant {
            name: channel.name().to_owned(),
            genesis: chain.genesis_bytes.clone(),
            entries: chain.entries_for(&id, committed),
            peers: members.iter().map(|peer| peer.record.clone()).collect(),
            had_ledger: chain.places.get(&id).is_some_and(|place| place.row.had_ledger),
        }
    }

    /// Tells the others of the peer, and the peer who leads.
    fn announce_arrival(&self, id: PeerId, session: SessionId) -> Vec<Effect> {
        let peer = &self.peers[&id];
        let mut effects = self.announce_of(id, || Kind::PeerJoined(peer.record.clone()));
        for channel in self.channels.iter().filter(|channel| channel.has_member(&id)) {
            let leader = channel.chain.as_ref().and_then(|chain| chain.leader);
            let told = channel.admits(&peer.row.target, self.rules.channel_auth);
            if let Some(leader) = leader.filter(|_| told) {
                let kind = Kind::NewLeader(leader.to_string());
                effects.push(announcement(session, channel.name(), kind));
            }
        }
        effects
    }
}
