//! One honest peer: each state that it can be in and what each telling makes of it, computed once
//! by `lft::step`, whatever the other peers do meanwhile.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use chain::hash::{Hash, Kind, digest};
use chain::keys::PeerId;
use chain::lft::{Event, Record, State};

use super::face::{Matters, face};
use super::mutant;
use super::said::{self, Said};
use super::told::Told;
use super::turn::{Fault, History, Turn, start};
use super::universe::Universe;

/// A state of one peer, by number.
pub type Id = u32;

pub enum Mind {
    Up(Box<State>),
    /// Without power: what is on disk.
    Down(Box<Record>),
    /// Has committed that block at the last height.
    Done(usize),
}

pub struct Local {
    pub scene: usize,
    pub mind: Mind,
    pub said: History,
    /// The same for all that differ only in complaints that they have heard.
    pub shown: u32,
    pub round: usize,
    /// Whether it may still vote in its round.
    pub open: bool,
}

/// Multiplies and shifts: keys are small numbers that nobody chooses to collide.
#[derive(Default)]
pub struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 31)
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(number.into());
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

#[derive(Default)]
pub struct Peer {
    number: usize,
    pub locals: Vec<Local>,
    known: HashMap<Hash, Id>,
    shown: HashMap<Hash, u32>,
    told: HashMap<(Id, Told), (u32, u32), BuildHasherDefault<Mixer>>,
    outcomes: Vec<Id>,
}

impl Peer {
    /// Peer of that number, at the beginning of a scene.
    pub fn new(number: usize, universe: &mut Universe, scene: usize) -> Result<(Peer, Id), Fault> {
        let mut peer = Peer { number, ..Peer::default() };
        let start = start(universe, scene, Record::at(universe.scenes[scene].height));
        let state = State::new(start.clone());
        let mut turn = Turn::new(universe, number, scene, state, History::default());
        turn.tell(Event::Committed(Box::new(start)), None)?;
        let end = (turn.scene, turn.state, turn.said);
        let id = peer.up(universe, end);
        Ok((peer, id))
    }

    fn up(&mut self, universe: &Universe, (scene, state, said): (usize, State, History)) -> Id {
        let (round, record) = (state.round, &state.record);
        let voted = record.voted.map(|(round, _)| round);
        let open = voted < Some(round) && record.complained < Some(round);
        let leads = state.leader(round) == universe.peer(self.number);
        let all = !universe.plan.lean;
        let lead = all || universe.plan.crashes && leads;
        let round = round.0 as usize;
        let face = face(&format!("{state:?}"), Matters { round, all, lead, open });
        let mind = Mind::Up(Box::new(state));
        let local = Local { scene, mind, said, shown: 0, round, open };
        self.add(local, &face.shown, &face.heard)
    }

    fn down(&mut self, (scene, record, said): (usize, Record, History)) -> Id {
        // What it has on disk and has not said it will say when it starts again.
        let matters = Matters { round: 0, all: true, lead: true, open: true };
        let text = face(&format!("down {record:?}"), matters);
        let mind = Mind::Down(Box::new(record));
        let local = Local { scene, mind, said, shown: 0, round: 0, open: false };
        self.add(local, &text.shown, "")
    }

    fn done(&mut self, scene: usize, block: usize, said: History) -> Id {
        let mind = Mind::Done(block);
        let local = Local { scene, mind, said, shown: 0, round: 0, open: false };
        self.add(local, &format!("done {block}"), "")
    }

    fn add(&mut self, local: Local, shown: &str, heard: &str) -> Id {
        let scene = (local.scene as u64).to_le_bytes();
        let said = local.said.map(|said| said.0.to_le_bytes());
        let parts: [&[u8]; 4] = [&scene, &said[0], &said[1], shown.as_bytes()];
        let shown = digest(Kind::State, &parts);
        let whole = digest(Kind::State, &[&shown.0, heard.as_bytes()]);
        if let Some(id) = self.known.get(&whole) {
            return *id;
        }
        let count = self.shown.len() as u32;
        let shown = *self.shown.entry(shown).or_insert(count);
        let id = self.locals.len() as Id;
        self.locals.push(Local { shown, ..local });
        self.known.insert(whole, id);
        id
    }

    /// What comes of it when the peer in state `id` is told that; honest peers have said `pool` at
    /// its height. Several states if the power may fail on the way.
    pub fn tell(
        &mut self,
        universe: &mut Universe,
        id: Id,
        told: Told,
        pool: &[Said],
    ) -> Result<std::ops::Range<usize>, Fault> {
        if let Some((from, to)) = self.told.get(&(id, told)) {
            return Ok(*from as usize..*to as usize);
        }
        let ids = self.compute(universe, id, told, pool)?;
        let from = self.outcomes.len() as u32;
        self.outcomes.extend(ids);
        let to = self.outcomes.len() as u32;
        self.told.insert((id, told), (from, to));
        Ok(from as usize..to as usize)
    }

    pub fn outcome(&self, at: usize) -> Id {
        self.outcomes[at]
    }

    fn compute(
        &mut self,
        universe: &mut Universe,
        id: Id,
        told: Told,
        pool: &[Said],
    ) -> Result<Vec<Id>, Fault> {
        let Local { scene, ref mind, said, .. } = self.locals[id as usize];
        let (state, recovers) = match mind {
            Mind::Done(_) => return Ok(vec![id]),
            Mind::Up(state) if told == Told::Crashed => {
                let record = mutant::stored(universe.plan.mutant, &state.record);
                return Ok(vec![self.down((scene, record, said))]);
            }
            Mind::Up(state) => ((**state).clone(), false),
            Mind::Down(record) => (State::new(start(universe, scene, (**record).clone())), true),
        };
        let messages = universe.messages(scene, told, pool);
        let signers = signers(universe, told, pool);
        let mut turn = Turn::new(universe, self.number, scene, state, said);
        if recovers {
            turn.tell(Event::Recovered, None)?;
        } else if told == Told::TimedOut {
            let (height, round) = (turn.state.height, turn.state.round);
            turn.tell(Event::TimedOut { height, round }, None)?;
        } else {
            turn.hear(messages, signers.as_ref())?;
        }
        let (falls, done) = (turn.falls, turn.done);
        let end = (turn.scene, turn.state, turn.said);
        let mut ids = vec![match done {
            Some(block) => self.done(end.0, block, end.2),
            None => self.up(universe, end),
        }];
        ids.extend(falls.into_iter().map(|fall| self.down(fall)));
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }
}

fn signers(universe: &Universe, told: Told, pool: &[Said]) -> Option<BTreeSet<PeerId>> {
    let bit = match told {
        Told::Votes { round, block } => said::vote(round.into(), block.into()),
        Told::Confirms { round, block } => said::confirm(round.into(), block.into()),
        _ => return None,
    };
    Some(universe.signer_names(pool, bit))
}
