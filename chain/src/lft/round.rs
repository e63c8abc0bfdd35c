//! Rounds: complaints about one, what begins the next, and what its leader does. Rules 4 to 6.

use crate::block::Block;
use crate::certificate::Certificate;
use crate::certificate::Stage;
use crate::count::{Height, Round};
use crate::hash::Hash;
use crate::keys::PeerId;
use crate::keys::Signature;
use crate::lft::effect::Effect;
use crate::lft::message::{Complaint, Justification, Proposal, Statement};
use crate::lft::state::{State, Worth};
use crate::lft::turn::Turn;

impl Turn<'_> {
    // Rule 4.
    pub(super) fn on_timed_out(&mut self, height: Height, round: Round) {
        let due = height == self.state.height && self.state.timer == Some(round);
        if due && !self.state.decided {
            self.state.timer = None;
            self.try_commit();
            self.say_again();
            self.complain(round);
        }
    }

    // Complains about a bad block at once, but only once: the timer says it again.
    pub(super) fn object(&mut self, round: Round) {
        if self.state.record.complained < Some(round) {
            self.complain(round);
        }
    }

    pub(super) fn complain(&mut self, round: Round) {
        if self.is_validator() {
            if self.state.record.complained < Some(round) {
                self.state.record.complained = Some(round);
                self.persist();
            }
            let (height, high) = (self.state.height, self.state.record.high.clone());
            let about = self.state.record.complained.unwrap_or(round);
            let reported = high.as_ref().map(|c| c.round);
            let complaint = Complaint { height, round: about, high: reported };
            self.send(Statement::Complain(complaint, high));
        }
        self.begin_timer();
    }

    // Rules 5 and 6.
    pub(super) fn on_complaint(
        &mut self,
        complaint: Complaint,
        signer: PeerId,
        signature: Signature,
    ) {
        let evidence = self.state.tally.add_complaint(complaint, signer, signature);
        self.accuse(evidence);
        let State { height, round, validators, tally, record, .. } = &self.state;
        let join = tally.joinable(*round, validators).filter(|r| record.complained < Some(*r));
        let complaints = tally.complaint_certificate(*height, *round, validators);
        if let Some(round) = join {
            self.complain(round);
        }
        if let Some(complaints) = complaints {
            let high = self.state.record.high.clone();
            self.on_justification(Justification { complaints, high });
        }
    }

    // Rule 6.
    pub(super) fn on_justification(&mut self, justification: Justification) {
        if justification.complaints.high() > justification.high.as_ref().map(|c| c.round) {
            // Without the certificate it reports, the next leader could not be followed.
            return;
        }
        if let Some(certificate) = justification.high.clone() {
            self.on_vote_certificate(certificate);
        }
        let round = justification.complaints.round;
        if round >= self.state.round {
            self.send(Statement::PassOn(justification.clone()));
            self.enter(round.next(), Some(justification));
        }
    }

    pub(super) fn enter(&mut self, round: Round, justification: Option<Justification>) {
        self.state.round = round;
        if self.state.record.entered != justification {
            self.state.record.entered = justification;
            self.persist();
        }
        self.state.proposed = None;
        self.state.building = false;
        self.state.timer = None;
        self.state.tally.forget_before(round);
        self.forget_blocks();
        self.begin_timer();
        self.lead();
    }

    // Only a block voted for, certified or committed can matter in a later round.
    fn forget_blocks(&mut self) {
        let State { record, commit, blocks, .. } = &mut self.state;
        let certified = record.high.iter().chain(commit.iter()).map(|c| c.block);
        let voted = record.block.iter().chain(&record.earlier).map(Block::hash);
        let kept: Vec<Hash> = voted.chain(certified).collect();
        blocks.retain(|hash, _| kept.contains(hash));
    }

    // The leader's part of rule 6, and of round 0.
    pub(super) fn lead(&mut self) {
        let State { height, round, record, .. } = &self.state;
        let (height, round, entered) = (*height, *round, &record.entered);
        let leads = self.is_validator() && self.state.leader(round) == self.rules.me;
        let proposed = record.proposed.as_ref().map(|p| p.round) >= Some(round);
        let may = round == Round(0) || entered.is_some();
        if !leads || proposed || !may || !self.is_open(round) {
            return;
        }
        match entered.as_ref().and_then(|j| j.complaints.high()) {
            None if self.state.building => {}
            None => {
                self.state.building = true;
                self.effects.push(Effect::BuildBlock { height, round });
            }
            Some(_) => self.lead_again(height),
        }
    }

    // Proposes the block of the highest vote certificate.
    fn lead_again(&mut self, height: Height) {
        let Some(high) = self.state.record.high.clone() else { return };
        match self.state.blocks.get(&high.block) {
            Some((block, _)) => {
                let block = block.clone();
                self.propose(block, Some(high));
            }
            None => {
                self.effects.push(Effect::FetchBlock { height, block: high.block });
            }
        }
    }

    pub(super) fn on_block_built(&mut self, height: Height, round: Round, block: Option<Block>) {
        if (height, round) != (self.state.height, self.state.round) || self.state.decided {
            return;
        }
        self.state.building = false;
        let Some(block) = block else {
            self.state.work_waits = false;
            // Round 0 has not begun, and there is nothing to complain about.
            if round == Round(0) && self.state.proposed.is_none() && !self.state.is_complaining() {
                self.state.timer = None;
            }
            return;
        };
        let leads = self.state.leader(round) == self.rules.me && self.is_open(round);
        let entered = self.state.record.entered.as_ref();
        let obliged = entered.and_then(|j| j.complaints.high()).is_some();
        if leads && !obliged && self.state.proposed.is_none() {
            self.state.blocks.insert(block.hash(), (block.clone(), Worth::Valid));
            self.propose(block, None);
        }
    }

    // One BLOCK a round. The leader's own vote shares the flush.
    fn propose(&mut self, block: Block, high: Option<Certificate>) {
        let (height, round, hash) = (self.state.height, self.state.round, block.hash());
        let entered = self.state.record.entered.clone();
        let justification = entered.map(|j| Justification { high: high.or(j.high), ..j });
        let proposal = Proposal { height, round, block: block.clone(), justification };
        self.state.record.proposed = Some(proposal.clone());
        let valid = matches!(self.state.blocks.get(&hash), Some((_, Worth::Valid)));
        if valid {
            self.set_voted(round, hash, Some(block));
        }
        self.persist();
        self.send(Statement::Propose(proposal));
        if valid {
            self.ballot(Stage::Vote, round, hash);
        }
    }
}
