//! Which committed blocks to ask whom for, several requests at a time; and in which order what
//! arrives is applied. The caller verifies: this only plans.

use std::collections::BTreeMap;

use crate::count::Height;
use crate::keys::PeerId;

/// Blocks asked for in one request.
pub const BLOCKS_PER_REQUEST: u64 = 32;
/// Requests under way at once.
pub const REQUESTS_MAX: usize = 4;
/// Peers whose heights are remembered.
const PEERS_MAX: usize = 1024;

/// Committed blocks from `first` on, `count` of them or fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    pub peer: PeerId,
    pub first: Height,
    pub count: u64,
}

/// The plan of one channel; `T` is what a height's block arrives as.
#[derive(Debug)]
pub struct CatchUp<T> {
    heights: BTreeMap<PeerId, Height>,
    under_way: BTreeMap<Height, Request>,
    arrived: BTreeMap<Height, (PeerId, T)>,
    turn: usize,
}

impl<T> Default for CatchUp<T> {
    fn default() -> CatchUp<T> {
        CatchUp {
            heights: BTreeMap::new(),
            under_way: BTreeMap::new(),
            arrived: BTreeMap::new(),
            turn: 0,
        }
    }
}

impl<T> CatchUp<T> {
    /// `peer` says that it has committed `height`.
    pub fn heard(&mut self, peer: PeerId, height: Height) {
        if self.heights.len() < PEERS_MAX || self.heights.contains_key(&peer) {
            self.heights.insert(peer, height);
        }
    }

    /// `peer` cannot be asked any more; what it was asked for is asked of others.
    pub fn lost(&mut self, peer: &PeerId) {
        self.heights.remove(peer);
        self.under_way.retain(|_, request| request.peer != *peer);
    }

    /// The greatest height that a connected peer says it has.
    pub fn target(&self) -> Height {
        self.heights.values().copied().max().unwrap_or_default()
    }

    /// Height of `peer` as last heard.
    pub fn height_of(&self, peer: &PeerId) -> Option<Height> {
        self.heights.get(peer).copied()
    }

    /// How many peers' heights, and how many blocks under way or arrived, are remembered.
    pub fn kept(&self) -> (usize, usize) {
        let under_way: u64 = self.under_way.values().map(|request| request.count).sum();
        (self.heights.len(), under_way as usize + self.arrived.len())
    }

    /// What to ask for next when `head` is committed here; each is under way from now on.
    pub fn plan(&mut self, head: Height) -> Vec<Request> {
        self.arrived.retain(|height, _| *height > head);
        self.under_way.retain(|_, r| r.first.0 + r.count > head.0 + 1);
        let mut requests = Vec::new();
        let end = self.target().0.min(head.0 + BLOCKS_PER_REQUEST * REQUESTS_MAX as u64 * 2);
        let mut first = head.0 + 1;
        while first <= end && self.under_way.len() < REQUESTS_MAX {
            if let Some(next) = self.covered(Height(first)) {
                first = next;
                continue;
            }
            let free = (first..=end).take_while(|h| self.covered(Height(*h)).is_none());
            let count = free.take(BLOCKS_PER_REQUEST as usize).count() as u64;
            let Some(peer) = self.ask(Height(first)) else { break };
            let request = Request { peer, first: Height(first), count };
            self.under_way.insert(Height(first), request);
            requests.push(request);
            first += count;
        }
        requests
    }

    /// The first height after what has arrived or been asked for at `height`; `None` if neither.
    fn covered(&self, height: Height) -> Option<u64> {
        if self.arrived.contains_key(&height) {
            return Some(height.0 + 1);
        }
        let (_, request) = self.under_way.range(..=height).next_back()?;
        let end = request.first.0 + request.count;
        (height.0 < end).then_some(end)
    }

    /// Peers that have `height`, in turn.
    fn ask(&mut self, height: Height) -> Option<PeerId> {
        let able: Vec<PeerId> =
            self.heights.iter().filter(|(_, h)| **h >= height).map(|(p, _)| *p).collect();
        self.turn = self.turn.wrapping_add(1);
        able.get(self.turn.checked_rem(able.len())?).copied()
    }

    /// What `peer` answered to the request from `first` on; nothing when it has none of them.
    pub fn arrived(&mut self, peer: PeerId, first: Height, blocks: Vec<T>) {
        let asked = self.under_way.get(&first).filter(|request| request.peer == peer);
        let Some(count) = asked.map(|request| request.count) else { return };
        self.under_way.remove(&first);
        if blocks.is_empty() {
            self.heights.remove(&peer);
        }
        for (at, block) in blocks.into_iter().take(count as usize).enumerate() {
            self.arrived.insert(Height(first.0 + at as u64), (peer, block));
        }
    }

    /// The block to apply after `head`, and who sent it.
    pub fn take(&mut self, head: Height) -> Option<(PeerId, T)> {
        self.arrived.remove(&head.next())
    }

    /// What `peer` sent was refused: forget all of it, and ask others.
    pub fn refused(&mut self, peer: &PeerId) {
        self.arrived.retain(|_, (from, _)| from != peer);
        self.lost(peer);
    }
}

#[cfg(test)]
mod tests;
