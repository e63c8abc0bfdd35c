//! Each peer commits one height after the other, each block naming the one before.

use std::collections::BTreeMap;

use chain::block::Block;
use chain::count::Height;
use chain::hash::Hash;

use super::Verdict;
use crate::simulation::shared::Place;

#[derive(Debug, Default)]
pub struct Gapless {
    /// Last height of each peer.
    heights: BTreeMap<usize, Height>,
    hashes: BTreeMap<(usize, Height), Hash>,
}

impl Gapless {
    pub fn started(&mut self, place: &Place, height: Height) {
        self.heights.insert(place.at, height);
    }

    pub fn committed(&mut self, place: &Place, block: &Block) -> Verdict {
        let header = &block.header;
        let before = self.heights.insert(place.at, header.height).unwrap_or_default();
        if before.0 + 1 != header.height.0 {
            let at = place.at;
            return Err(format!("peer {at} committed {} after {before}", header.height));
        }
        let known = self.hashes.get(&(place.channel, before));
        if known.is_some_and(|hash| *hash != header.previous) {
            return Err(format!("block {} of peer {} follows another", header.height, place.at));
        }
        self.hashes.insert((place.channel, header.height), block.hash());
        Ok(())
    }
}
