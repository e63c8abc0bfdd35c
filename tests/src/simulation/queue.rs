//! What will happen, ordered by time and, at one time, by when it was planned.

use std::collections::BTreeMap;

use chain::count::{Height, Round};

use super::packet::Packet;

#[derive(Debug)]
pub enum Item {
    Deliver {
        from: usize,
        to: usize,
        packet: Packet,
    },
    Timer {
        peer: usize,
        life: u64,
        number: u64,
        height: Height,
        round: Round,
    },
    Work {
        peer: usize,
        life: u64,
    },
    Tick {
        peer: usize,
        life: u64,
    },
    Expire {
        peer: usize,
        life: u64,
        number: u64,
    },
    Start {
        peer: usize,
        life: u64,
    },
    Connected {
        peer: usize,
        other: usize,
    },
    Lost {
        peer: usize,
        other: usize,
    },
    /// Clients of a peer have something.
    Load {
        peer: usize,
    },
    /// A faulty validator does something of its own accord.
    Mischief {
        peer: usize,
    },
    /// The trouble of that number in the plan begins, or ends.
    Trouble(usize),
    TroubleEnds(usize),
}

#[derive(Debug, Default)]
pub struct Queue {
    items: BTreeMap<(u64, u64), Item>,
    count: u64,
}

impl Queue {
    pub fn at(&mut self, at_us: u64, item: Item) {
        self.count += 1;
        self.items.insert((at_us, self.count), item);
    }

    /// The next thing, unless it is after `end_us`.
    pub fn next(&mut self, end_us: u64) -> Option<(u64, Item)> {
        let entry = self.items.first_entry()?;
        let (at_us, _) = *entry.key();
        (at_us <= end_us).then(|| (at_us, entry.remove()))
    }
}
