//! One height: what came before it, who leads it, and every block that it can have.

use chain::block::{Block, BlockContent, Executed};
use chain::count::{Height, Round};
use chain::hash::Hash;
use chain::keys::PeerId;
use chain::validators::ValidatorSet;

use super::plan::Plan;
use super::said::BLOCKS_MAX;

/// Blocks that a dishonest leader makes in its round: with one it could not contradict itself, and
/// with three nothing more comes of it, because agreement breaks between two.
const BLOCKS_OF_DISHONEST: usize = 2;

pub struct Scene {
    pub height: Height,
    /// Order of the validator that leads round 0.
    pub base_leader: u32,
    pub blocks: Vec<Block>,
    hashes: Vec<Hash>,
    /// Round in which the block is new.
    rounds: Vec<usize>,
    /// Validators by their place, for each round.
    pub leaders: Vec<usize>,
}

impl Scene {
    pub fn new(
        plan: &Plan,
        validators: &ValidatorSet,
        channel: Hash,
        (height, previous, base_leader): (Height, Hash, u32),
    ) -> Scene {
        let all = validators.all();
        let place = |peer: PeerId| all.iter().position(|v| v.peer == peer);
        let leaders: Vec<usize> = (0..plan.rounds)
            .map(|round| validators.leader(base_leader, Round(round as u64)).peer)
            .map(|peer| place(peer).expect("the leader is a validator"))
            .collect();
        let (mut blocks, mut rounds) = (Vec::new(), Vec::new());
        for (round, leader) in leaders.iter().enumerate() {
            let count = if plan.dishonest == *leader { BLOCKS_OF_DISHONEST } else { 1 };
            for _ in 0..count {
                let content = BlockContent {
                    timestamp_us: blocks.len() as u64 + 1,
                    batches: Vec::new(),
                    entries: Vec::new(),
                    previous_certificate: None,
                    executed: Executed::default(),
                };
                blocks.push(Block::new(channel, height, previous, all[*leader].peer, content));
                rounds.push(round);
            }
        }
        assert!(blocks.len() <= BLOCKS_MAX, "a height has at most {BLOCKS_MAX} blocks");
        let hashes = blocks.iter().map(Block::hash).collect();
        Scene { height, base_leader, blocks, hashes, rounds, leaders }
    }

    /// Place of the block of that hash.
    pub fn find(&self, hash: &Hash) -> Option<usize> {
        self.hashes.iter().position(|known| known == hash)
    }

    pub fn hash(&self, block: usize) -> Hash {
        self.hashes[block]
    }

    /// Blocks that are new in `round`: made by its leader.
    pub fn fresh(&self, round: usize) -> impl Iterator<Item = usize> {
        (0..self.blocks.len()).filter(move |block| self.rounds[*block] == round)
    }
}
