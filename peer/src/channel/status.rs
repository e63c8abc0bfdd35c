//! What others may know of a channel at this moment.

use chain::count::{Height, Round, Sequence};
use chain::hash::Hash;
use chain::keys::PeerId;
use chain::ledger::Head;
use chain::validators::Tolerance;

use super::differences::Difference;

/// A snapshot, published by the channel's thread.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelStatus {
    /// Last height committed here.
    pub height: Height,
    pub hash: Hash,
    /// Round of the height being decided.
    pub round: Round,
    /// Leader of that round.
    pub leader: PeerId,
    pub is_complaining: bool,
    /// Blocks this peer made.
    pub made_blocks: u64,
    /// Transactions in all committed blocks.
    pub transactions: u64,
    /// Other members connected.
    pub connected: usize,
    /// Whether this peer is a member, by a committed entry.
    pub is_member: bool,
    /// Whether its transactions may be put into blocks.
    pub may_create: bool,
    /// Whether it keeps from signing because it lost its record of votes.
    pub lost_record: bool,
    /// Whether it does not sign yet: it has started, and too few others have told what they last
    /// heard it say.
    pub holds_back: bool,
    /// Number of this peer's first batch that is not committed.
    pub next_batch: Sequence,
    /// Last membership entry committed.
    pub entries: Sequence,
    /// The greatest height that a connected peer has.
    pub target: Height,
    /// First height at which this peer's SCORE state differs from what the channel agreed on.
    pub diverged: Option<Height>,
    /// First height at which a leader claimed another state than this peer's, undecided who is
    /// right.
    pub disputed: Option<Height>,
    /// Where the SCORE states of others part from this peer's.
    pub differences: Vec<(PeerId, Difference)>,
    /// Proofs of contradictions kept.
    pub evidence: u64,
    pub tolerance: Tolerance,
}

impl ChannelStatus {
    /// What follows from the ledger alone.
    pub fn at(head: &Head, me: &PeerId) -> ChannelStatus {
        let validators = head.validators();
        let member = head.membership.get(me);
        ChannelStatus {
            height: head.height,
            hash: head.hash,
            round: Round(0),
            leader: validators.leader(head.base_leader(&validators), Round(0)).peer,
            is_complaining: false,
            made_blocks: head.makers.get(me).map_or(0, |maker| maker.blocks),
            transactions: head.transactions,
            connected: 0,
            is_member: member.is_some(),
            may_create: member.is_some_and(|m| m.may_create()),
            lost_record: false,
            holds_back: false,
            next_batch: head.next_batch(me),
            entries: head.membership.entries,
            target: head.height,
            diverged: None,
            disputed: None,
            differences: Vec::new(),
            evidence: 0,
            tolerance: validators.tolerance(),
        }
    }
}
