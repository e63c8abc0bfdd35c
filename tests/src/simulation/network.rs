//! The simulated network: late, lossy, doubled, out of order, parted, clogged.

use std::collections::{BTreeMap, BTreeSet};

use super::dice::Dice;
use super::packet::Packet;
use super::plan::Links;

/// Packets that a clogged link holds; later ones are lost.
const HELD_MAX: usize = 2_000;

#[derive(Debug)]
pub struct Network {
    links: Links,
    /// Percent lost beside `links.loss`.
    pub storm: u64,
    /// How many partitions part a pair.
    cut: BTreeMap<(usize, usize), u32>,
    /// Nothing that these send arrives.
    pub mute: BTreeSet<usize>,
    clogged: BTreeMap<(usize, usize), Vec<Packet>>,
}

fn pair(a: usize, b: usize) -> (usize, usize) {
    (a.min(b), a.max(b))
}

impl Network {
    pub fn new(links: Links) -> Network {
        Network {
            links,
            storm: 0,
            cut: BTreeMap::new(),
            mute: BTreeSet::new(),
            clogged: BTreeMap::new(),
        }
    }

    pub fn become_calm(&mut self, links: Links) {
        self.links = links;
        self.storm = 0;
        self.mute.clear();
    }

    pub fn is_cut(&self, a: usize, b: usize) -> bool {
        self.cut.get(&pair(a, b)).is_some_and(|count| *count > 0)
    }

    /// Parts a pair once more, or once less; whether they hear each other now differs from before.
    pub fn cut(&mut self, a: usize, b: usize, parted: bool) -> bool {
        let count = self.cut.entry(pair(a, b)).or_default();
        let before = *count > 0;
        *count = if parted { *count + 1 } else { count.saturating_sub(1) };
        before != (*count > 0)
    }

    pub fn clog(&mut self, from: usize, to: usize) {
        self.clogged.entry((from, to)).or_default();
    }

    /// What waited, and after how long each of it arrives: one by one, in random order.
    pub fn release(&mut self, from: usize, to: usize, dice: &mut Dice) -> Vec<(u64, Packet)> {
        let mut held = self.clogged.remove(&(from, to)).unwrap_or_default();
        dice.shuffle(&mut held);
        let mut delay_us = 0;
        let next = |packet| {
            delay_us += dice.between(100, 20_000);
            (delay_us, packet)
        };
        held.into_iter().map(next).collect()
    }

    /// After how long a packet arrives: never, once or twice.
    pub fn carry(&mut self, from: usize, to: usize, packet: &Packet, dice: &mut Dice) -> Vec<u64> {
        if self.is_cut(from, to) || self.mute.contains(&from) {
            return Vec::new();
        }
        if let Some(held) = self.clogged.get_mut(&(from, to)) {
            if held.len() < HELD_MAX {
                held.push(packet.clone());
            }
            return Vec::new();
        }
        let lost = |dice: &mut Dice, percent| percent > 0 && dice.chance(percent);
        if lost(dice, self.links.loss) || lost(dice, self.storm) {
            return Vec::new();
        }
        let copies = 1 + usize::from(self.links.doubled > 0 && dice.chance(self.links.doubled));
        let Links { delay_us_min, delay_us_max, .. } = self.links;
        (0..copies).map(|_| dice.between(delay_us_min, delay_us_max)).collect()
    }
}
