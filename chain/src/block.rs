//! A block: which batches come next, by name; membership entries; and the certificate of the block
//! before it.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::batch::BatchRef;
use crate::certificate::Certificate;
use crate::count::Height;
use crate::encoding::encode;
use crate::hash::{Hash, Kind, digest};
use crate::keys::PeerId;
use crate::membership::SignedEntry;
use crate::merkle;

/// What the block's hash is of.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockHeader {
    /// Genesis hash of the channel.
    pub channel: Hash,
    pub height: Height,
    /// Hash of the block before.
    pub previous: Hash,
    /// By the maker's clock, later than the block before; microseconds since 1970.
    pub timestamp_us: u64,
    pub maker: PeerId,
    /// Merkle root over the hashes of the batches.
    pub batches_root: Hash,
    /// Digest of everything in the block beside the header.
    pub body: Hash,
    /// Last height that the maker had executed, and the state it reached.
    pub executed: Executed,
}

/// What executing a channel's blocks came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Executed {
    pub height: Height,
    /// Chained over all blocks up to that height; zero at height 0.
    pub state: Hash,
}

/// One block.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Block {
    pub header: BlockHeader,
    /// Each maker's in the order of its numbers.
    pub batches: Vec<BatchRef>,
    pub entries: Vec<SignedEntry>,
    /// Confirms of the block before; none at height 1.
    pub previous_certificate: Option<Certificate>,
}

/// What a leader puts into a block.
pub struct BlockContent {
    pub timestamp_us: u64,
    pub batches: Vec<BatchRef>,
    pub entries: Vec<SignedEntry>,
    pub previous_certificate: Option<Certificate>,
    pub executed: Executed,
}

impl Block {
    /// The block of `content` after (`channel`, `height` − 1, `previous`).
    pub fn new(
        channel: Hash,
        height: Height,
        previous: Hash,
        maker: PeerId,
        content: BlockContent,
    ) -> Block {
        let BlockContent { timestamp_us, batches, entries, previous_certificate, executed } =
            content;
        let (batches_root, body) = body(&batches, &entries, &previous_certificate);
        let header = BlockHeader {
            channel,
            height,
            previous,
            timestamp_us,
            maker,
            batches_root,
            body,
            executed,
        };
        Block { header, batches, entries, previous_certificate }
    }

    /// The block's name.
    pub fn hash(&self) -> Hash {
        digest(Kind::Block, &[&encode(&self.header)])
    }

    /// Whether the header is of this body.
    pub fn is_consistent(&self) -> bool {
        let found = body(&self.batches, &self.entries, &self.previous_certificate);
        found == (self.header.batches_root, self.header.body)
    }

    /// Transactions in all its batches.
    pub fn transaction_count(&self) -> u64 {
        self.batches.iter().map(|batch| u64::from(batch.count)).sum()
    }
}

fn body(
    batches: &[BatchRef],
    entries: &[SignedEntry],
    certificate: &Option<Certificate>,
) -> (Hash, Hash) {
    let hashes: Vec<Hash> = batches.iter().map(|batch| batch.hash).collect();
    let parts = [encode(&batches), encode(&entries), encode(certificate)];
    (merkle::root(&hashes), digest(Kind::Block, &[&parts[0], &parts[1], &parts[2]]))
}

/// A block that is final, with the proof.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CommittedBlock {
    pub block: Block,
    /// Confirms of a quorum of the validators at its height.
    pub certificate: Certificate,
}
