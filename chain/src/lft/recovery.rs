//! After a restart: where the peer stood, said again.

use crate::certificate::Stage;
use crate::count::Round;
use crate::lft::message::Statement;
use crate::lft::state::Record;
use crate::lft::turn::Turn;

impl Turn<'_> {
    // Where the peer stood before it stopped, said again: others may have missed it.
    pub(super) fn on_recovered(&mut self) {
        let record = self.state.record.clone();
        self.state.round = record.round();
        let proposed = record.proposed.map(|proposal| proposal.block);
        let own = proposed.filter(|block| record.block.as_ref() != Some(block));
        let voted = record.block.into_iter().chain(record.earlier);
        voted.chain(own).for_each(|block| self.check(block));
        self.say_again();
        if let Some((round, block)) = record.voted.filter(|(r, _)| record.complained < Some(*r)) {
            self.ballot(Stage::Vote, round, block);
        }
        if let Some(high) = record.high {
            self.confirm(&high);
        }
        if record.complained >= Some(self.state.round) {
            self.complain(self.state.round);
        } else if self.state.record != Record::at(self.state.height) {
            self.begin_timer();
        }
        if self.state.work_waits {
            self.on_work_waits();
        } else if self.state.round > Round(0) {
            self.lead();
        }
    }

    // What others need in order to be where this peer is: the complaints that brought it here, and
    // its own BLOCK.
    pub(super) fn say_again(&mut self) {
        let Record { proposed, entered, .. } = self.state.record.clone();
        let proposed = proposed.filter(|proposal| proposal.round == self.state.round);
        if !self.is_validator() {
            return;
        }
        match (proposed, entered) {
            (Some(proposal), _) => self.send(Statement::Propose(proposal)),
            (None, Some(justification)) => self.send(Statement::PassOn(justification)),
            (None, None) => {}
        }
    }
}
