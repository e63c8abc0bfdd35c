//! One turn of `step`: the rules, by number. The specification is at the head of `lft`.

use crate::block::{Block, CommittedBlock};
use crate::certificate::{Certificate, Stage};
use crate::count::{Height, Round};
use crate::evidence::{Contradiction, Evidence};
use crate::hash::Hash;
use crate::keys::{PeerId, Signature};
use crate::lft::effect::Effect;
use crate::lft::message::{Ballot, Justification, Message, Proposal, Statement};
use crate::lft::state::{Proposed, Record, Rules, Start, State, Worth};

/// Blocks voted for that are kept beside the last one while the height is undecided.
const EARLIER_KEPT: usize = 15;

pub(super) struct Turn<'a> {
    pub(super) rules: &'a Rules,
    pub(super) state: State,
    pub(super) effects: Vec<Effect>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(rules: &'a Rules, state: State) -> Turn<'a> {
        Turn { rules, state, effects: Vec::new() }
    }

    pub(super) fn end(self) -> (State, Vec<Effect>) {
        (self.state, self.effects)
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

    fn on_second_proposal(
        &mut self,
        signer: PeerId,
        first: &Proposed,
        second: (Hash, Hash, Signature),
    ) {
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

    pub(super) fn check(&mut self, block: Block) {
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

    pub(super) fn set_voted(&mut self, round: Round, hash: Hash, block: Option<Block>) {
        let record = &mut self.state.record;
        record.voted = Some((round, hash));
        record.earlier.extend(std::mem::replace(&mut record.block, block));
        record.earlier.retain(|block| block.hash() != hash);
        if record.earlier.len() > EARLIER_KEPT {
            record.earlier.remove(0);
        }
    }

    // Whether this peer may still vote in `round`.
    pub(super) fn is_open(&self, round: Round) -> bool {
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
    pub(super) fn on_vote_certificate(&mut self, certificate: Certificate) {
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

    pub(super) fn confirm(&mut self, certificate: &Certificate) {
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

    pub(super) fn try_commit(&mut self) {
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

    pub(super) fn on_committed(&mut self, start: Start) {
        self.state = State::new(start);
        if self.state.record != Record::at(self.state.height) {
            self.on_recovered();
        } else if self.state.work_waits {
            self.on_work_waits();
        }
    }

    pub(super) fn begin_timer(&mut self) {
        let (height, round) = (self.state.height, self.state.round);
        if self.state.timer != Some(round) && !self.state.decided {
            self.state.timer = Some(round);
            let timeout_ms = self.rules.timeout_ms(round);
            self.effects.push(Effect::SetTimer { height, round, timeout_ms });
        }
    }

    pub(super) fn is_validator(&self) -> bool {
        self.state.validators.get(&self.rules.me).is_some()
    }

    pub(super) fn persist(&mut self) {
        let record = Box::new(self.state.record.clone());
        self.effects.push(Effect::Persist(record));
    }

    pub(super) fn send(&mut self, statement: Statement) {
        self.effects.push(Effect::Send(Box::new(statement)));
    }

    pub(super) fn ballot(&mut self, stage: Stage, round: Round, block: Hash) {
        if self.is_validator() {
            let height = self.state.height;
            self.send(Statement::Ballot(Ballot { stage, height, round, block }));
        }
    }

    pub(super) fn accuse(&mut self, evidence: Option<Evidence>) {
        if let Some(evidence) = evidence {
            self.effects.push(Effect::Accuse(Box::new(evidence)));
        }
    }
}
