//! What a peer knows about the height being decided.

use std::collections::BTreeMap;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::block::Block;
use crate::certificate::Certificate;
use crate::count::{Height, Round};
use crate::hash::Hash;
use crate::keys::{PeerId, Signature};
use crate::ledger::Head;
use crate::lft::message::{Justification, Proposal};
use crate::lft::tally::Tally;
use crate::validators::ValidatorSet;

/// What does not change from height to height.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// This peer, which only watches at heights where it is no validator; `PeerId::NOBODY` for one
    /// that may not sign.
    pub me: PeerId,
    /// Genesis hash.
    pub channel: Hash,
    /// Timeout of round 0, milliseconds.
    pub timeout_ms: u64,
    /// No timeout is longer, milliseconds.
    pub timeout_ms_max: u64,
}

impl Rules {
    /// base × 2^round, up to the maximum.
    pub fn timeout_ms(&self, round: Round) -> u64 {
        let doublings = u32::try_from(round.0).unwrap_or(u32::MAX);
        let factor = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
        self.timeout_ms.saturating_mul(factor).min(self.timeout_ms_max)
    }
}

/// What must be on disk before a message that relies on it leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Record {
    pub height: Height,
    /// Highest round voted in, and for what.
    pub voted: Option<(Round, Hash)>,
    /// Highest round complained about.
    pub complained: Option<Round>,
    /// The highest vote certificate known.
    pub high: Option<Certificate>,
    /// The block voted for.
    pub block: Option<Block>,
    /// Other blocks voted for at this height, the last one last. Each may turn out to be certified,
    /// and then a leader must propose it again: somebody must have it, whoever's power fails.
    pub earlier: Vec<Block>,
    /// The last proposal made here.
    pub proposed: Option<Proposal>,
    /// What brought this peer to its round, if complaints did. Others may need it to follow.
    pub entered: Option<Justification>,
}

impl Record {
    /// The record with which a height begins.
    pub fn at(height: Height) -> Record {
        Record { height, ..Record::default() }
    }

    /// Round of the highest vote certificate.
    pub fn high_round(&self) -> Option<Round> {
        self.high.as_ref().map(|certificate| certificate.round)
    }

    pub(super) fn voted_round(&self) -> Option<Round> {
        self.voted.map(|(round, _)| round)
    }

    /// The round that the peer was in.
    pub(super) fn round(&self) -> Round {
        let entered = self.entered.as_ref().map(|j| j.complaints.round.next());
        let proposed = self.proposed.as_ref().map(|p| p.round);
        let rounds = [entered, self.high_round(), self.voted_round(), proposed];
        rounds.into_iter().flatten().max().unwrap_or_default()
    }
}

/// How a height begins; follows from the committed chain, and the record from the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    pub height: Height,
    pub validators: ValidatorSet,
    /// Order of the validator that leads round 0.
    pub base_leader: u32,
    pub record: Record,
    /// Whether something waits for a block already.
    pub work_waits: bool,
}

impl Start {
    /// The height after `head`. A record of another height is obsolete.
    pub fn after(head: &Head, record: Option<Record>, work_waits: bool) -> Start {
        let (height, validators) = (head.height.next(), head.validators());
        let base_leader = head.base_leader(&validators);
        let record = record.filter(|r| r.height == height).unwrap_or(Record::at(height));
        Start { height, validators, base_leader, record, work_waits }
    }
}

/// The leader's block of the current round, as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proposed {
    pub block: Hash,
    pub justification: Hash,
    pub signature: Signature,
}

/// What is known of a block's worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Worth {
    Unknown,
    Valid,
    Refused,
}

/// Everything about the height being decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub height: Height,
    pub round: Round,
    pub validators: ValidatorSet,
    pub base_leader: u32,
    /// As on disk, once the effects so far are carried out.
    pub record: Record,
    /// Blocks that may matter: proposed in this round, voted for in the last ones, certified.
    pub(super) blocks: BTreeMap<Hash, (Block, Worth)>,
    pub(super) proposed: Option<Proposed>,
    pub(super) tally: Tally,
    /// Highest round confirmed in since the start.
    pub(super) confirmed: Option<Round>,
    /// The commit certificate, once there is one.
    pub(super) commit: Option<Certificate>,
    pub(super) decided: bool,
    pub(super) work_waits: bool,
    pub(super) building: bool,
    pub(super) timer: Option<Round>,
}

impl State {
    /// The beginning of a height.
    pub fn new(start: Start) -> State {
        let Start { height, validators, base_leader, record, work_waits } = start;
        State {
            height,
            round: Round(0),
            validators,
            base_leader,
            record,
            blocks: BTreeMap::new(),
            proposed: None,
            tally: Tally::default(),
            confirmed: None,
            commit: None,
            decided: false,
            work_waits,
            building: false,
            timer: None,
        }
    }

    /// Who leads `round`.
    pub fn leader(&self, round: Round) -> PeerId {
        self.validators.leader(self.base_leader, round).peer
    }

    /// A block known at this height, for peers that ask for it.
    pub fn block(&self, hash: &Hash) -> Option<&Block> {
        let proposed = self.record.proposed.as_ref().map(|proposal| &proposal.block);
        let known = self.blocks.get(hash).map(|(block, _)| block);
        known.or(proposed.filter(|block| block.hash() == *hash))
    }

    /// Whether this peer complains about the current round.
    pub fn is_complaining(&self) -> bool {
        self.record.complained >= Some(self.round)
    }
}
