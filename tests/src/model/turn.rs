//! One peer is told one thing, and does all that follows from it by itself, as the channel's thread
//! does: effects in order, own messages and answers at once. Power may fail after each effect.

use std::collections::{BTreeSet, VecDeque};

use chain::certificate::{Certificate, Stage};
use chain::keys::{PeerId, Verified};
use chain::lft::message::{Ballot, Complaint, Message, Statement};
use chain::lft::{Effect, Event, Record, Rules, Start, State};

use super::mutant;
use super::said::{self, HEIGHTS_MAX, Said};
use super::universe::Universe;

/// What a peer has said at each height.
pub type History = [Said; HEIGHTS_MAX];

/// Why a turn is a fault of the rules.
pub type Fault = String;

pub struct Turn<'a> {
    universe: &'a mut Universe,
    peer: usize,
    pub scene: usize,
    pub state: State,
    pub said: History,
    disk: Record,
    /// What is left if the power fails after each of the effects.
    pub falls: Vec<(usize, Record, History)>,
    /// The block committed at the last height.
    pub done: Option<usize>,
    rules: Rules,
    queue: VecDeque<Event>,
}

/// The beginning of a scene, from what is on disk.
pub fn start(universe: &Universe, scene: usize, record: Record) -> Start {
    let at = &universe.scenes[scene];
    let (height, base_leader) = (at.height, at.base_leader);
    let validators = universe.validators.clone();
    Start { height, validators, base_leader, record, work_waits: true }
}

impl<'a> Turn<'a> {
    pub fn new(
        universe: &'a mut Universe,
        peer: usize,
        scene: usize,
        state: State,
        said: History,
    ) -> Turn<'a> {
        let disk = mutant::stored(universe.plan.mutant, &state.record);
        let rules = universe.rules(peer);
        let (falls, queue) = (Vec::new(), VecDeque::new());
        Turn { universe, peer, scene, state, said, disk, falls, done: None, rules, queue }
    }

    /// Told messages one after the other. `signers` signed the ballots among them.
    pub fn hear(
        &mut self,
        messages: Vec<Verified<Message>>,
        signers: Option<&BTreeSet<PeerId>>,
    ) -> Result<(), Fault> {
        let last = messages.len().saturating_sub(1);
        for (at, message) in messages.into_iter().enumerate() {
            self.tell(Event::Received(Box::new(message)), signers.filter(|_| at == last))?;
        }
        Ok(())
    }

    /// Told one event, and what follows from it.
    pub fn tell(&mut self, event: Event, signers: Option<&BTreeSet<PeerId>>) -> Result<(), Fault> {
        let mut signers = signers;
        self.queue.push_back(event);
        while let Some(event) = self.queue.pop_front() {
            if self.done.is_some() {
                self.queue.clear();
                return Ok(());
            }
            let (universe, scene) = (&*self.universe, self.scene);
            let verify = |message| Event::Received(Box::new(universe.verify(scene, message)));
            let mutant = universe.plan.mutant;
            let state = self.state.clone();
            let (state, effects) =
                mutant::step(mutant, &self.rules, state, event, signers.take(), &verify);
            self.state = state;
            for effect in effects {
                self.carry_out(effect)?;
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, effect: Effect) -> Result<(), Fault> {
        match effect {
            Effect::Persist(record) => {
                if self.is_judged() && !self.succeeds(&record) {
                    return Err(format!("the record goes back: {:?}, {record:?}", self.disk));
                }
                self.disk = mutant::stored(self.universe.plan.mutant, &record);
                self.fall();
            }
            Effect::Send(statement) => self.send(*statement)?,
            Effect::SetTimer { .. } => {}
            Effect::BuildBlock { height, round } => {
                let block = self.universe.scenes[self.scene].fresh(round.0 as usize).next();
                let block =
                    block.map(|block| self.universe.scenes[self.scene].blocks[block].clone());
                self.queue.push_back(Event::BlockBuilt { height, round, block });
            }
            Effect::CheckBlock(block) => {
                let (height, block) = (self.state.height, block.hash());
                let valid = self.universe.scenes[self.scene].find(&block).is_some();
                self.queue.push_back(Event::BlockChecked { height, block, valid });
            }
            Effect::FetchBlock { block, .. } => {
                let scene = &self.universe.scenes[self.scene];
                let found = scene.find(&block).ok_or("a block is certified that nobody made")?;
                self.queue.push_back(Event::BlockFound(scene.blocks[found].clone()));
            }
            Effect::Commit(committed) => {
                let block = self.universe.scenes[self.scene].find(&committed.block.hash());
                self.commit(block.ok_or("a block is committed that nobody made")?);
            }
            // A state stands for all that differ in who signed what it heard, so who contradicts
            // whom cannot be told here. Nothing but another accusation depends on it.
            Effect::Accuse(_) => {}
        }
        Ok(())
    }

    fn fall(&mut self) {
        if self.universe.plan.crashes {
            self.falls.push((self.scene, self.disk.clone(), self.said));
        }
    }

    fn commit(&mut self, block: usize) {
        if self.universe.is_last(self.scene) {
            self.done = Some(block);
            return;
        }
        self.scene = self.universe.scene_after(self.scene, block);
        self.disk = Record::at(self.universe.scenes[self.scene].height);
        self.fall();
        let start = start(self.universe, self.scene, self.disk.clone());
        self.queue.push_back(Event::Committed(Box::new(start)));
    }

    // What a mutant does is judged by what comes of it alone.
    fn is_judged(&self) -> bool {
        self.universe.plan.mutant.is_none()
    }

    fn send(&mut self, statement: Statement) -> Result<(), Fault> {
        // Anybody can put together what is only passed on.
        if matches!(statement, Statement::PassOn(_)) {
            return Ok(());
        }
        let bit = self.bit(&statement)?;
        if self.is_judged() {
            self.judge(&statement)?;
        }
        let message = self.universe.sign(self.peer, statement);
        let message = self.universe.verify(self.scene, message);
        if !self.is_idle(&message) {
            let row = self.universe.row(self.scene);
            self.universe.remember(self.scene, self.peer, bit, &message);
            self.said[row].0 |= bit;
        }
        self.queue.push_back(Event::Received(Box::new(message)));
        self.fall();
        Ok(())
    }

    // A second complaint about a round that reports more than the first. A certificate can hold the
    // first, and report as much by what the dishonest validator says.
    fn is_idle(&self, message: &Message) -> bool {
        let Message::Complaint { complaint, .. } = message else { return false };
        let first =
            self.said[self.universe.row(self.scene)].lowest_complaint(complaint.round.0 as usize);
        let high = complaint.high.map(|high| high.0 as usize);
        self.universe.plan.lean && first.is_some_and(|first| first < high)
    }

    fn bit(&mut self, statement: &Statement) -> Result<u64, Fault> {
        let scene = &self.universe.scenes[self.scene];
        let bit = match statement {
            Statement::Propose(proposal) => {
                self.universe.slot(self.scene, self.peer, proposal).ok_or("an unknown block")?
            }
            Statement::Ballot(Ballot { stage, round, block, .. }) => {
                let block = scene.find(block).ok_or("a ballot for a block that nobody made")?;
                match stage {
                    Stage::Vote => said::vote(round.0 as usize, block),
                    Stage::Confirm => said::confirm(round.0 as usize, block),
                }
            }
            Statement::Complain(Complaint { round, high, .. }, _) => {
                said::complaint(round.0 as usize, high.map(|high| high.0 as usize))
            }
            Statement::PassOn(_) => 0,
        };
        Ok(bit)
    }

    // Nothing is said that the disk does not cover: what is on it never goes back, so there is one
    // vote, confirm and proposal a round, none up to a round complained about, and complaints
    // report what was confirmed.
    fn judge(&self, statement: &Statement) -> Result<(), Fault> {
        let disk = &self.disk;
        let covered = match statement {
            Statement::Ballot(Ballot { stage: Stage::Vote, round, block, .. }) => {
                disk.voted == Some((*round, *block)) && disk.complained < Some(*round)
            }
            Statement::Ballot(Ballot { stage: Stage::Confirm, round, block, .. }) => {
                let same = |high: &Certificate| high.round != *round || high.block == *block;
                disk.high_round() >= Some(*round)
                    && disk.high.as_ref().is_some_and(same)
                    && disk.complained < Some(*round)
            }
            Statement::Complain(Complaint { round, high, .. }, _) => {
                disk.complained >= Some(*round) && disk.high_round() == *high
            }
            Statement::Propose(proposal) => disk.proposed.as_ref() == Some(proposal),
            Statement::PassOn(_) => true,
        };
        if covered { Ok(()) } else { Err(format!("said, but not on disk: {statement:?}")) }
    }

    // Whether a record may follow what is on disk.
    fn succeeds(&self, record: &Record) -> bool {
        let disk = &self.disk;
        let voted = |record: &Record| record.voted.map(|(round, _)| round);
        let proposed = |record: &Record| record.proposed.as_ref().map(|p| p.round);
        let certified = |record: &Record| record.high.as_ref().map(|c| c.block);
        let once = |same: bool, equal: bool| !same || equal;
        voted(record) >= voted(disk)
            && once(voted(record) == voted(disk), record.voted == disk.voted)
            && record.complained >= disk.complained
            && record.high_round() >= disk.high_round()
            && once(record.high_round() == disk.high_round(), certified(record) == certified(disk))
            && proposed(record) >= proposed(disk)
            && once(proposed(record) == proposed(disk), record.proposed == disk.proposed)
    }
}
