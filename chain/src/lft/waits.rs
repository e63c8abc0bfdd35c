//! What the height being decided waits for, as far as one peer can tell: for those who look after
//! it, not for the rules.

use crate::certificate::Stage;
use crate::hash::Hash;
use crate::keys::PeerId;
use crate::lft::state::{State, Worth};

/// The next thing that must happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitsFor {
    /// Nothing is to be decided.
    Nothing,
    /// The block of the round's leader.
    Leader(PeerId),
    /// This peer itself, which cannot judge that block yet.
    Check(Hash),
    /// A quorum of votes for the leader's block; these have voted.
    Votes(Vec<PeerId>),
    /// A quorum of confirms; these have confirmed.
    Confirms(Vec<PeerId>),
    /// A quorum of complaints about the round; these have complained.
    Complaints(Vec<PeerId>),
}

impl State {
    /// What this peer waits for.
    pub fn waits_for(&self) -> WaitsFor {
        let round = self.round;
        if self.decided {
            return WaitsFor::Nothing;
        }
        if self.is_complaining() {
            return WaitsFor::Complaints(self.tally.complainers(round));
        }
        if self.record.high_round() == Some(round) {
            return WaitsFor::Confirms(self.tally.signers(Stage::Confirm, round));
        }
        if let Some(proposed) = &self.proposed {
            return match self.blocks.get(&proposed.block) {
                Some((_, Worth::Unknown)) => WaitsFor::Check(proposed.block),
                _ => WaitsFor::Votes(self.tally.signers(Stage::Vote, round)),
            };
        }
        if self.timer.is_none() && !self.work_waits {
            return WaitsFor::Nothing;
        }
        WaitsFor::Leader(self.leader(round))
    }
}
