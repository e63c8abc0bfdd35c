//! What an honest peer accepted from clients is committed in the end, once, and each maker's
//! batches in the order of their numbers without gaps. Who commits a batch has it.

use std::collections::BTreeMap;

use chain::batch::BatchRef;
use chain::block::Block;
use chain::count::{Height, Sequence};
use chain::hash::Hash;
use chain::keys::PeerId;

use super::Verdict;
use crate::simulation::disk::Contents;
use crate::simulation::shared::Place;

#[derive(Debug, Default)]
pub struct Batches {
    accepted: BTreeMap<(usize, PeerId, Sequence), Hash>,
    /// Numbers committed, by height of the first peer to do so.
    committed: BTreeMap<(usize, PeerId, Sequence), (Hash, Height)>,
    /// Last number of each maker, and the last height counted, by channel.
    last: BTreeMap<(usize, PeerId), Sequence>,
    counted: BTreeMap<usize, Height>,
}

impl Batches {
    /// An honest peer has told its clients that their transactions are safe.
    pub fn accepted(&mut self, place: &Place, batch: &BatchRef) {
        self.accepted.insert((place.channel, batch.maker, batch.number), batch.hash);
    }

    pub fn committed(&mut self, place: &Place, block: &Block, disk: &Contents) -> Verdict {
        let height = block.header.height;
        if let Some(lost) = block.batches.iter().find(|batch| disk.batch(batch).is_none()) {
            let (maker, number) = (lost.maker, lost.number);
            return Err(format!("peer {} committed {height} without {maker:?} {number}", place.at));
        }
        let counted = self.counted.entry(place.channel).or_default();
        if height <= *counted {
            return Ok(());
        }
        *counted = height;
        for batch in &block.batches {
            let last = self.last.entry((place.channel, batch.maker)).or_default();
            if batch.number.0 != last.0 + 1 {
                let (maker, number) = (batch.maker, batch.number);
                return Err(format!("batch {number} of {maker:?} at {height} comes after {last}"));
            }
            *last = batch.number;
            let key = (place.channel, batch.maker, batch.number);
            self.committed.insert(key, (batch.hash, height));
            if self.accepted.get(&key).is_some_and(|hash| *hash != batch.hash) {
                let number = batch.number;
                return Err(format!("another batch {number} of {:?} is committed", batch.maker));
            }
        }
        Ok(())
    }

    /// The first accepted batch of `makers` that is not committed.
    pub fn missing(&self, may_create: impl Fn(usize, &PeerId) -> bool) -> Option<String> {
        let mut open = self.accepted.iter().filter(|(key, _)| !self.committed.contains_key(key));
        let found = open.find(|((channel, maker, _), _)| may_create(*channel, maker));
        found.map(|((channel, maker, number), _)| {
            format!("batch {number} of {maker:?} on channel {channel} is not committed")
        })
    }
}
