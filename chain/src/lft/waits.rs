//! What the height being decided waits for, as far as one peer can tell: for those who look after
//! it, not for the rules.

use crate::certificate::Stage;
use crate::count::Round;
use crate::hash::Hash;
use crate::keys::PeerId;
use crate::lft::state::{State, Worth};

/// The next thing that must happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitsFor {
    /// Nothing is to be decided.
    Nothing,
    /// The block of the round's leader, another peer.
    Leader(PeerId),
    /// This peer, which leads the round, to propose its block.
    Proposal,
    /// A block that a quorum has certified and that is not here.
    Block(Hash),
    /// This peer itself, which cannot judge that block yet.
    Check(Hash),
    /// A quorum of votes for the leader's block; these have voted for it.
    Votes(Vec<PeerId>),
    /// A quorum of confirms of the certified block; these have confirmed it.
    Confirms(Vec<PeerId>),
    /// A quorum of complaints about that round; these have complained about just that one.
    Complaints(Round, Vec<PeerId>),
}

impl State {
    /// What this peer waits for.
    pub fn waits_for(&self, me: PeerId) -> WaitsFor {
        let round = self.round;
        if self.decided {
            return WaitsFor::Nothing;
        }
        if let Some(commit) = &self.commit {
            return match self.blocks.contains_key(&commit.block) {
                true => WaitsFor::Check(commit.block),
                false => WaitsFor::Block(commit.block),
            };
        }
        if let Some(complained) = self.record.complained.filter(|complained| *complained >= round) {
            return WaitsFor::Complaints(complained, self.tally.complainers(complained));
        }
        if let Some(high) = self.record.high.as_ref().filter(|high| high.round == round) {
            return WaitsFor::Confirms(self.tally.signers(Stage::Confirm, round, high.block));
        }
        if let Some(proposed) = &self.proposed {
            return match self.blocks.get(&proposed.block) {
                Some((_, Worth::Unknown)) => WaitsFor::Check(proposed.block),
                _ => WaitsFor::Votes(self.tally.signers(Stage::Vote, round, proposed.block)),
            };
        }
        if self.timer.is_none() && !self.work_waits {
            return WaitsFor::Nothing;
        }
        match self.leader(round) {
            leader if leader != me => WaitsFor::Leader(leader),
            _ => match self.record.high.as_ref().filter(|high| self.block(&high.block).is_none()) {
                Some(high) => WaitsFor::Block(high.block),
                None => WaitsFor::Proposal,
            },
        }
    }
}
