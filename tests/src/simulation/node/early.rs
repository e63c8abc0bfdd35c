//! Messages about the next height, bounded for each sender, as the peer keeps them.

use std::collections::BTreeMap;
use std::rc::Rc;

use chain::keys::PeerId;

use crate::simulation::packet::Letter;

pub const PER_SENDER_MAX: usize = 16;

#[derive(Debug, Default)]
pub struct Early {
    letters: Vec<(PeerId, Rc<Letter>)>,
    counts: BTreeMap<PeerId, usize>,
}

impl Early {
    /// `all`: without the bound.
    pub fn keep(&mut self, sender: PeerId, letter: Rc<Letter>, all: bool) {
        let count = self.counts.entry(sender).or_default();
        if all || *count < PER_SENDER_MAX {
            *count += 1;
            self.letters.push((sender, letter));
        }
    }

    pub fn take(&mut self) -> Vec<(PeerId, Rc<Letter>)> {
        self.counts.clear();
        std::mem::take(&mut self.letters)
    }

    /// The most that is kept of one sender.
    pub fn most(&self) -> usize {
        self.counts.values().copied().max().unwrap_or(0)
    }
}
