//! One turn of `step`: the rules, by number. The specification is at the head of `lft`.

use crate::block::{Block, CommittedBlock};
use crate::certificate::{Certificate, Stage};
use crate::count::{Height, Round};
use crate::evidence::{Contradiction, Evidence};
use crate::hash::Hash;
use crate::keys::{PeerId, Signature};
use crate::lft::effect::Effect;
use crate::lft::message::{Ballot, Complaint, Justification, Message, Proposal, Statement};
use crate::lft::state::{Proposed, Record, Rules, Start, State, Worth};

/// Rounds whose block voted for is kept while the height is undecided.
const VOTED_KEPT: usize = 16;

pub(super) struct Turn<'a> {
    rules: &'a Rules,
    state: State,
    effects: Vec<Effect>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(rules: &'a Rules, state: State) -> Turn<'a> {
        Turn { rules, state, effects: Vec::new() }
    }

    pub(super) fn end(self) -> (State, Vec<Effect>) {
        (self.state, self.effects)
    }

    // Where the peer stood before it stopped, said again: others may have missed it.
    pub(super) fn on_recovered(&mut self) {
        let record = self.state.record.clone();
        self.state.round = record.round();
        self.state.voted.extend(record.voted);
        let proposed = record.proposed.map(|proposal| proposal.block);
        let own = proposed.filter(|block| record.block.as_ref() != Some(block));
        record.block.into_iter().chain(own).for_each(|block| self.check(block));
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
    fn say_again(&mut self) {
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

    pub(super) fn on_received(&mut self, message: Message) {
        // A message may have been verified for a height that has ended since.
        if self.state.decided || message.height() != self.state.height {
            return;
        }
        match message {
            Message::Proposal { proposal, signer, signature } => {
                self.on_proposal(proposal, signer, signature);
            }
            Message::Ballot { ballot, signer, signature } => {
                self.on_ballot(&ballot, signer, signature);
            }
            Message::Complaint { complaint, high, signer, signature } => {
                if let Some(certificate) = high {
                    self.on_vote_certificate(certificate);
                }
                self.on_complaint(complaint, signer, signature);
            }
            Message::Justification(justification) => self.on_justification(justification),
        }
    }

    pub(super) fn on_work_waits(&mut self) {
        if self.state.decided {
            return;
        }
        self.state.work_waits = true;
        self.begin_timer();
        self.lead();
    }

    // Rule 1, first half: is it the block of this round, from its leader, with a justification?
    fn on_proposal(&mut self, proposal: Proposal, signer: PeerId, signature: Signature) {
        let round = proposal.round;
        if signer != self.state.leader(round) || round < self.state.round {
            return;
        }
        // A complaint certificate for the round before proves that this round has begun.
        let before = proposal.justification.as_ref().map(|j| j.complaints.round.0);
        if before != round.0.checked_sub(1) {
            if round == self.state.round {
                self.object(round);
            }
            return;
        }
        if let Some(justification) = proposal.justification.clone() {
            self.on_justification(justification);
        }
        if round != self.state.round {
            return;
        }
        self.begin_timer();
        let (hash, justification) = (proposal.block.hash(), proposal.justification_hash());
        if let Some(first) = self.state.proposed.clone() {
            if first.block != hash {
                let second = (hash, justification, signature);
                self.on_second_proposal(signer, &first, second);
            }
            return;
        }
        self.state.proposed = Some(Proposed { block: hash, justification, signature });
        if self.follows(&proposal, &hash) {
            self.check(proposal.block);
        } else {
            self.object(round);
        }
    }

    fn on_second_proposal(&mut self, signer: PeerId, first: &Proposed, second: (Hash, Hash, Signature)) {
        let contradiction = Contradiction::Proposals {
            height: self.state.height,
            round: self.state.round,
            statements: [(first.block, first.justification, first.signature), second],
        };
        let evidence = self.state.tally.accuse(signer, contradiction);
        self.accuse(evidence);
        self.object(self.state.round);
    }

    // Whether the proposal is what its justification obliges to.
    fn follows(&self, proposal: &Proposal, hash: &Hash) -> bool {
        let fresh = proposal.block.header.maker == self.state.leader(proposal.round);
        let Some(Justification { complaints, high }) = &proposal.justification else {
            return fresh;
        };
        match (complaints.high(), high) {
            (None, _) => fresh,
            (Some(reported), Some(high)) => high.round >= reported && high.block == *hash,
            (Some(_), None) => false,
        }
    }

    fn check(&mut self, block: Block) {
        let hash = block.hash();
        let (_, worth) =
            self.state.blocks.entry(hash).or_insert_with(|| (block.clone(), Worth::Unknown));
        match worth {
            // What was refused once, for a batch that nobody had at the time, may do by now.
            Worth::Unknown | Worth::Refused => {
                self.effects.push(Effect::CheckBlock(Box::new(block)));
            }
            Worth::Valid => self.on_worth(hash, true),
        }
    }

    pub(super) fn on_block_checked(&mut self, height: Height, block: Hash, valid: bool) {
        if height != self.state.height || self.state.decided {
            return;
        }
        let Some((_, worth)) = self.state.blocks.get_mut(&block) else { return };
        *worth = if valid { Worth::Valid } else { Worth::Refused };
        self.on_worth(block, valid);
    }

    // Rule 1, second half: vote once a round, never up to a round complained about.
    fn on_worth(&mut self, block: Hash, valid: bool) {
        self.try_commit();
        let proposed = self.state.proposed.as_ref().is_some_and(|p| p.block == block);
        if self.state.decided || !proposed {
            return;
        }
        let round = self.state.round;
        if !valid {
            self.object(round);
        } else if self.is_validator() && self.is_open(round) {
            let body = self.state.blocks.get(&block).map(|(block, _)| block.clone());
            self.set_voted(round, block, body);
            self.persist();
            self.ballot(Stage::Vote, round, block);
        }
    }

    fn set_voted(&mut self, round: Round, hash: Hash, block: Option<Block>) {
        self.state.record.voted = Some((round, hash));
        self.state.record.block = block;
        self.state.voted.insert(round, hash);
        if self.state.voted.len() > VOTED_KEPT {
            self.state.voted.pop_first();
        }
    }

    // Whether this peer may still vote in `round`.
    fn is_open(&self, round: Round) -> bool {
        self.state.record.voted_round() < Some(round) && self.state.record.complained < Some(round)
    }

    fn on_ballot(&mut self, ballot: &Ballot, signer: PeerId, signature: Signature) {
        let now = self.state.round;
        let evidence = self.state.tally.add_ballot(ballot, signer, signature, now);
        self.accuse(evidence);
        let certificate = self.state.tally.certificate(ballot, &self.state.validators);
        match (certificate, ballot.stage) {
            (None, _) => {}
            (Some(certificate), Stage::Vote) => self.on_vote_certificate(certificate),
            (Some(certificate), Stage::Confirm) => self.on_commit_certificate(certificate),
        }
    }

    // Rule 2.
    fn on_vote_certificate(&mut self, certificate: Certificate) {
        let round = certificate.round;
        if self.state.record.high_round() < Some(round) {
            self.state.record.high = Some(certificate.clone());
            self.persist();
            self.fetch_certified(&certificate);
        }
        if round > self.state.round {
            self.enter(round, None);
        }
        self.confirm(&certificate);
    }

    // A later leader must propose it again: those who voted for it have it now.
    fn fetch_certified(&mut self, certificate: &Certificate) {
        let (height, block) = (self.state.height, certificate.block);
        if self.state.block(&block).is_none() {
            self.effects.push(Effect::FetchBlock { height, block });
        }
    }

    fn confirm(&mut self, certificate: &Certificate) {
        let round = certificate.round;
        let open = self.state.record.complained < Some(round);
        if open && self.state.confirmed < Some(round) {
            self.state.confirmed = Some(round);
            self.ballot(Stage::Confirm, round, certificate.block);
        }
    }

    // Rule 3.
    fn on_commit_certificate(&mut self, certificate: Certificate) {
        if self.state.commit.is_none() {
            self.state.commit = Some(certificate);
            self.try_commit();
        }
    }

    fn try_commit(&mut self) {
        let Some(certificate) = &self.state.commit else { return };
        if self.state.decided {
            return;
        }
        match self.state.blocks.get(&certificate.block) {
            Some((block, Worth::Valid)) => {
                self.state.decided = true;
                let (block, certificate) = (block.clone(), certificate.clone());
                let committed = CommittedBlock { block, certificate };
                self.effects.push(Effect::Commit(Box::new(committed)));
            }
            Some((_, Worth::Unknown)) => {}
            // A quorum found it valid: the caller gets it as others committed it.
            Some((_, Worth::Refused)) | None => {
                let (height, block) = (self.state.height, certificate.block);
                self.effects.push(Effect::FetchBlock { height, block });
            }
        }
    }

    pub(super) fn on_block_found(&mut self, block: Block) {
        let hash = block.hash();
        let committed = self.state.commit.as_ref().map(|c| c.block);
        let certified = self.state.record.high.as_ref().map(|c| c.block);
        let wanted = committed == Some(hash) || certified == Some(hash);
        let known = self.state.blocks.contains_key(&hash);
        if self.state.decided || !wanted || known || !block.is_consistent() {
            return;
        }
        self.check(block);
        self.lead();
    }

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
    fn object(&mut self, round: Round) {
        if self.state.record.complained < Some(round) {
            self.complain(round);
        }
    }

    fn complain(&mut self, round: Round) {
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
    fn on_complaint(&mut self, complaint: Complaint, signer: PeerId, signature: Signature) {
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
    fn on_justification(&mut self, justification: Justification) {
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

    fn enter(&mut self, round: Round, justification: Option<Justification>) {
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
        let State { record, commit, voted, blocks, .. } = &mut self.state;
        let certified = record.high.iter().chain(commit.iter()).map(|c| c.block);
        let kept: Vec<Hash> = voted.values().copied().chain(certified).collect();
        blocks.retain(|hash, _| kept.contains(hash));
    }

    // The leader's part of rule 6, and of round 0.
    fn lead(&mut self) {
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

    pub(super) fn on_committed(&mut self, start: Start) {
        self.state = State::new(start);
        if self.state.record != Record::at(self.state.height) {
            self.on_recovered();
        } else if self.state.work_waits {
            self.on_work_waits();
        }
    }

    fn begin_timer(&mut self) {
        let (height, round) = (self.state.height, self.state.round);
        if self.state.timer != Some(round) && !self.state.decided {
            self.state.timer = Some(round);
            let timeout_ms = self.rules.timeout_ms(round);
            self.effects.push(Effect::SetTimer { height, round, timeout_ms });
        }
    }

    fn is_validator(&self) -> bool {
        self.state.validators.get(&self.rules.me).is_some()
    }

    fn persist(&mut self) {
        let record = Box::new(self.state.record.clone());
        self.effects.push(Effect::Persist(record));
    }

    fn send(&mut self, statement: Statement) {
        self.effects.push(Effect::Send(Box::new(statement)));
    }

    fn ballot(&mut self, stage: Stage, round: Round, block: Hash) {
        if self.is_validator() {
            let height = self.state.height;
            self.send(Statement::Ballot(Ballot { stage, height, round, block }));
        }
    }

    fn accuse(&mut self, evidence: Option<Evidence>) {
        if let Some(evidence) = evidence {
            self.effects.push(Effect::Accuse(Box::new(evidence)));
        }
    }
}
