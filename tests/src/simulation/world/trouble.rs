//! What goes wrong, carried out; and the end of it.

use std::rc::Rc;

use chain::count::Sequence;
use chain::membership::Change;

use super::World;
use crate::simulation::charter;
use crate::simulation::node::Input;
use crate::simulation::plan::Trouble;
use crate::simulation::queue::Item;

impl World {
    pub(super) fn trouble(&mut self, number: usize) {
        if self.shared.calm {
            return;
        }
        let plan = self.shared.plan.clone();
        let trouble = &plan.troubles[number].trouble;
        let now_us = self.shared.now_us;
        match trouble {
            Trouble::Partition { side, lasts_us } => {
                self.part(side, true);
                self.queue.at(now_us + lasts_us, Item::TroubleEnds(number));
            }
            Trouble::Clog { from, to, lasts_us } => {
                self.shared.network.clog(*from, *to);
                self.queue.at(now_us + lasts_us, Item::TroubleEnds(number));
            }
            Trouble::Storm { loss, lasts_us } => {
                self.shared.network.storm = *loss;
                self.queue.at(now_us + lasts_us, Item::TroubleEnds(number));
            }
            Trouble::Crash { peer, effects, down_us } => {
                for node in self.nodes.iter_mut().filter(|node| node.place.number == *peer) {
                    node.crash_in = Some((*effects, *down_us));
                }
            }
            Trouble::Dying { peer, lasts_us, .. } => {
                self.shared.network.mute.insert(*peer);
                self.queue.at(now_us + lasts_us, Item::TroubleEnds(number));
            }
            Trouble::Blackout { down_us } => self.blackout(*down_us),
            Trouble::Change(change) => self.change(change.clone()),
        }
    }

    pub(super) fn trouble_ends(&mut self, number: usize) {
        if self.shared.calm {
            return;
        }
        let plan = self.shared.plan.clone();
        match &plan.troubles[number].trouble {
            Trouble::Partition { side, .. } => self.part(side, false),
            Trouble::Clog { from, to, .. } => self.release(*from, *to),
            Trouble::Storm { .. } => self.shared.network.storm = 0,
            Trouble::Dying { peer, down_us, .. } => {
                self.shared.network.mute.remove(peer);
                if self.nodes[*peer].mind.is_some() {
                    self.nodes[*peer].fail(&mut self.shared);
                    self.went_down(*peer, *down_us);
                }
            }
            Trouble::Crash { .. } | Trouble::Blackout { .. } | Trouble::Change(_) => {}
        }
    }

    fn part(&mut self, side: &[bool], parted: bool) {
        let sides: Vec<bool> = self.nodes.iter().map(|node| side[node.place.number]).collect();
        for a in 0..sides.len() {
            for b in a + 1..sides.len() {
                if sides[a] == sides[b] || !self.shared.network.cut(a, b, parted) {
                    continue;
                }
                if parted {
                    let now_us = self.shared.now_us;
                    self.queue.at(now_us, Item::Lost { peer: a, other: b });
                    self.queue.at(now_us, Item::Lost { peer: b, other: a });
                } else if self.nodes[a].place.channel == self.nodes[b].place.channel {
                    self.connect(a, b);
                }
            }
        }
    }

    fn release(&mut self, from: usize, to: usize) {
        let (now_us, shared) = (self.shared.now_us, &mut self.shared);
        for (delay_us, packet) in shared.network.release(from, to, &mut shared.dice) {
            self.queue.at(now_us + delay_us, Item::Deliver { from, to, packet });
        }
    }

    fn blackout(&mut self, down_us: u64) {
        for peer in 0..self.nodes.len() {
            let down_us = 1 + self.shared.dice.below(down_us.max(1));
            if self.shared.dice.chance(50) {
                let effects = self.shared.dice.below(6);
                self.nodes[peer].crash_in = Some((effects, down_us));
            } else if self.nodes[peer].mind.is_some() {
                self.nodes[peer].fail(&mut self.shared);
                self.went_down(peer, down_us);
            }
        }
    }

    fn change(&mut self, change: Change) {
        let start = self.nodes[0].disk.now.head.clone();
        let count = self.shared.plan.members.len() - 1 + self.entries.len();
        let entry = Rc::new(charter::entry(&start, Sequence(count as u64 + 1), change));
        self.entries.push(entry.clone());
        for peer in 0..self.nodes.len() {
            if self.nodes[peer].place.channel == 0 && self.shared.dice.chance(70) {
                self.tell(peer, Input::Entry(entry.clone()));
            }
        }
    }

    /// Everybody runs, everything is connected, links are as the plan says for the calm.
    pub(super) fn become_calm(&mut self) {
        if self.shared.watch.violation.is_some() {
            return;
        }
        let peers = self.nodes.len();
        for a in 0..peers {
            for b in 0..peers {
                self.release(a, b);
                let same = self.nodes[a].place.channel == self.nodes[b].place.channel;
                while a < b && self.shared.network.is_cut(a, b) {
                    if self.shared.network.cut(a, b, false) && same {
                        self.connect(a, b);
                    }
                }
            }
        }
        self.shared.calm = true;
        let calm = self.shared.plan.calm;
        self.shared.network.become_calm(calm);
        for peer in 0..peers {
            self.nodes[peer].crash_in = None;
            if !self.shared.up[peer] {
                let life = self.nodes[peer].life;
                self.queue.at(self.shared.now_us, Item::Start { peer, life });
            }
        }
        // The radiostation tells everybody of every entry that it signed.
        for entry in self.entries.clone() {
            for peer in 0..peers {
                if self.nodes[peer].place.channel == 0 {
                    self.tell(peer, Input::Entry(entry.clone()));
                }
            }
        }
    }
}
