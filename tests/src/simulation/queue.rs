//! What will happen, ordered by time and, at one time, by when it was planned.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

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
    /// A copy of that peer's disk is made, or put back.
    Copy {
        peer: usize,
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

#[derive(Debug)]
struct Planned {
    /// Microseconds, and how many were planned before.
    place: (u64, u64),
    item: Item,
}

impl PartialEq for Planned {
    fn eq(&self, other: &Planned) -> bool {
        self.place == other.place
    }
}

impl Eq for Planned {}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Planned) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Planned {
    fn cmp(&self, other: &Planned) -> Ordering {
        self.place.cmp(&other.place)
    }
}

#[derive(Debug, Default)]
pub struct Queue {
    items: BinaryHeap<Reverse<Planned>>,
    count: u64,
}

impl Queue {
    pub fn at(&mut self, at_us: u64, item: Item) {
        self.count += 1;
        self.items.push(Reverse(Planned { place: (at_us, self.count), item }));
    }

    /// The next thing, unless it is after `end_us`.
    pub fn next(&mut self, end_us: u64) -> Option<(u64, Item)> {
        let Reverse(first) = self.items.peek()?;
        let (at_us, _) = first.place;
        if at_us > end_us {
            return None;
        }
        self.items.pop().map(|Reverse(planned)| (at_us, planned.item))
    }
}
