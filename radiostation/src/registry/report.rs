//! What peers report: their heartbeat, their ledgers, and who leads.

use std::collections::BTreeMap;

use chain::keys::PeerId;
use wire::v1::announcement::Kind;

use super::Registry;
use super::channel::Channel;
use super::effect::{Effect, Write};
use super::event::SessionId;
use super::proof::Report;

impl Registry {
    pub(super) fn on_reported(
        &mut self,
        now_us: u64,
        session: SessionId,
        reports: &[Report],
    ) -> Vec<Effect> {
        let Some(id) = self.sessions.get(&session).copied() else { return Vec::new() };
        if let Some(peer) = self.peers.get_mut(&id) {
            peer.heard_us = now_us;
        }
        let mut writes = Vec::new();
        let moved = self.take_reports(id, reports, &mut writes);
        let mut effects = Vec::new();
        if !writes.is_empty() {
            effects.push(Effect::Persist(writes));
        }
        effects.extend(self.learn_leaders(&moved));
        effects
    }

    /// Keeps what the peer says of channels it is on; of others it has nothing to say. Gives the
    /// places of the channels of which it says something new.
    pub(super) fn take_reports(
        &mut self,
        id: PeerId,
        reports: &[Report],
        writes: &mut Vec<Write>,
    ) -> Vec<usize> {
        let mut moved = Vec::new();
        for report in reports {
            let found = self.channels.iter().position(|channel| channel.name() == report.channel);
            let Some(index) = found else { continue };
            let Some(chain) = &mut self.channels[index].chain else { continue };
            let last = chain.last();
            let Some(place) = chain.places.get_mut(&id) else { continue };
            if (place.height, place.leader) != (Some(report.height), report.leader) {
                place.height = Some(report.height);
                place.leader = report.leader;
                moved.push(index);
            }
            let mut row = place.row;
            row.had_ledger = true;
            row.entries = row.entries.max(report.entries.min(last));
            if row != place.row {
                place.row = row;
                let channel = report.channel.clone();
                writes.push(Write::Place { channel, peer: id, place: row });
            }
        }
        moved
    }

    /// Takes over who leads these channels, and announces those who are new.
    pub(super) fn learn_leaders(&mut self, moved: &[usize]) -> Vec<Effect> {
        let mut effects = Vec::new();
        for index in moved.iter().copied() {
            let Some(leader) = self.reported_leader(&self.channels[index]) else { continue };
            let Some(chain) = &mut self.channels[index].chain else { continue };
            if chain.leader != Some(leader) {
                chain.leader = Some(leader);
                let kind = Kind::NewLeader(leader.to_string());
                effects.extend(self.announce(&self.channels[index], &kind, None));
            }
        }
        effects
    }

    /// Among connected members that report the greatest height, the leader that most of them name;
    /// the present one when it is among several, else the one with the smallest id.
    fn reported_leader(&self, channel: &Channel) -> Option<PeerId> {
        let chain = channel.chain.as_ref()?;
        let connected = |id: &PeerId| self.peers.get(id).is_some_and(|peer| peer.session.is_some());
        let reported = || {
            let places = chain.places.iter().filter(|(id, _)| connected(id));
            let named = places.filter_map(|(_, place)| Some((place.height?, place.leader?)));
            named.filter(|(_, leader)| chain.places.contains_key(leader))
        };
        let height = reported().map(|(height, _)| height).max()?;
        let mut votes: BTreeMap<PeerId, usize> = BTreeMap::new();
        for (_, leader) in reported().filter(|(at, _)| *at == height) {
            *votes.entry(leader).or_default() += 1;
        }
        let most = votes.values().copied().max()?;
        let mut leaders = votes.iter().filter(|(_, count)| **count == most).map(|(id, _)| *id);
        let present = chain.leader.filter(|leader| votes.get(leader) == Some(&most));
        present.or_else(|| leaders.next())
    }
}
