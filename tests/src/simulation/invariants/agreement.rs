//! At every height of a channel all honest peers commit the same block, for ever.

use std::collections::BTreeMap;

use chain::block::Block;
use chain::count::Height;
use chain::hash::Hash;

use super::Verdict;
use crate::simulation::shared::Place;

#[derive(Debug, Default)]
pub struct Agreement(BTreeMap<(usize, Height), (Hash, usize)>);

impl Agreement {
    pub fn committed(&mut self, place: &Place, block: &Block) -> Verdict {
        let (height, hash) = (block.header.height, block.hash());
        let (first, who) = *self.0.entry((place.channel, height)).or_insert((hash, place.at));
        if first == hash {
            return Ok(());
        }
        let at = place.at;
        Err(format!("at height {height} peer {who} committed {first:?}, and peer {at} {hash:?}"))
    }
}
