//! What one honest peer has said at one height, as a set of bits. Nothing said is ever taken back,
//! so this set only grows; a message in it may reach anybody at any time, or never.

/// Most heights that a plan may have.
pub const HEIGHTS_MAX: usize = 2;
/// Most rounds that a plan may have.
pub const ROUNDS_MAX: usize = 3;
/// Most blocks that a height may have.
pub const BLOCKS_MAX: usize = 5;
/// Most proposals that one leader may make at a height.
pub const PROPOSALS_MAX: usize = 20;

const CONFIRMS: usize = 16;
const COMPLAINTS: usize = 32;
const PROPOSALS: usize = 44;
const ALL_COMPLAINTS: u64 = 0xfff << COMPLAINTS;
// Of each round's four complaints (no high, high 0, 1, 2) all but the last.
const LOWER_COMPLAINTS: u64 = 0x777 << COMPLAINTS;

/// Everything of which certificates are made.
pub const CERTIFIABLE: u64 = (1 << PROPOSALS) - 1;

/// A set of statements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Said(pub u64);

/// Bit of a vote.
pub fn vote(round: usize, block: usize) -> u64 {
    1 << (round * BLOCKS_MAX + block)
}

/// Bit of a confirm.
pub fn confirm(round: usize, block: usize) -> u64 {
    1 << (CONFIRMS + round * BLOCKS_MAX + block)
}

/// Bit of a complaint that reports `high`.
pub fn complaint(round: usize, high: Option<usize>) -> u64 {
    1 << (COMPLAINTS + round * 4 + high.map_or(0, |high| high + 1))
}

/// Bit of the proposal at that place of its leader's list.
pub fn proposal(slot: usize) -> u64 {
    assert!(slot < PROPOSALS_MAX, "a leader made more than {PROPOSALS_MAX} different proposals");
    1 << (PROPOSALS + slot)
}

/// All votes for whatever block in `round`.
pub fn votes_of(round: usize) -> u64 {
    ((1 << BLOCKS_MAX) - 1) << (round * BLOCKS_MAX)
}

/// All confirms of whatever block in `round`.
pub fn confirms_of(round: usize) -> u64 {
    votes_of(round) << CONFIRMS
}

/// All complaints about `round`.
pub fn complaints_of(round: usize) -> u64 {
    0xf << (COMPLAINTS + round * 4)
}

impl Said {
    pub fn has(self, bit: u64) -> bool {
        self.0 & bit != 0
    }

    /// The same, where a complaint that reports some high counts as one that reports any later one
    /// too: a certificate that reports `high` may hold complaints that report less.
    pub fn at_most(self) -> u64 {
        let mut complaints = self.0 & ALL_COMPLAINTS;
        for _ in 0..3 {
            complaints |= (complaints & LOWER_COMPLAINTS) << 1;
        }
        self.0 | complaints
    }

    /// The complaint about `round` that reports the lowest high, if there is one.
    pub fn lowest_complaint(self, round: usize) -> Option<Option<usize>> {
        let highs = [None, Some(0), Some(1), Some(2)];
        highs.into_iter().find(|high| self.has(complaint(round, *high)))
    }

    /// Places of the proposals made.
    pub fn proposals(self) -> impl Iterator<Item = usize> {
        let mut left = self.0 >> PROPOSALS;
        std::iter::from_fn(move || {
            let slot = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            (slot < 64).then_some(slot as usize)
        })
    }
}

/// Blocks that have their bit in a row of votes or confirms, of `round`.
pub fn blocks_in(bits: u64, row: u64) -> impl Iterator<Item = usize> {
    let mut left = (bits & row) >> row.trailing_zeros();
    std::iter::from_fn(move || {
        let block = left.trailing_zeros();
        left &= left.wrapping_sub(1);
        (block < 64).then_some(block as usize)
    })
}
