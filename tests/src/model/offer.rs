//! What can be told to each peer in a state of all, and what comes of it.
//!
//! The network loses, delays, doubles and reorders at will: whatever was said can be told to anyone
//! at any time, or never. Ballots are told when they are a quorum, all at once, and complaints only
//! as far as something comes of them; the dishonest validator's are added wherever they help.

use super::local::{Id, Local, Mind, Peer};
use super::said::{self, Said};
use super::told::Told;
use super::turn::Fault;
use super::universe::Universe;

/// A peer, what it is told, and the state that it is in then.
pub type Next = (usize, Told, Id);

/// All peers together.
pub struct World {
    pub universe: Universe,
    pub peers: Vec<Peer>,
}

/// What honest peers said at one height of one scene, and what can be certified of it.
pub struct Pool {
    pub said: Vec<Said>,
    pub certified: u64,
}

impl Pool {
    /// What can be certified, and of complaints only what an honest peer reported so.
    pub fn reached(&self) -> u64 {
        let heard = self.said.iter().fold(0, |all, said| all | said.0);
        self.certified & heard & said::CERTIFIABLE
    }
}

impl World {
    fn local(&self, peer: usize, id: Id) -> &Local {
        &self.peers[peer].locals[id as usize]
    }

    /// What was said in a state at each height, or at the only one.
    pub fn pools(&self, state: &[Id]) -> Vec<Pool> {
        let rows = if self.universe.plan.interleaved { self.universe.plan.heights } else { 1 };
        (0..rows).map(|row| self.pool(state, row)).collect()
    }

    fn pool(&self, state: &[Id], row: usize) -> Pool {
        let said: Vec<Said> =
            state.iter().enumerate().map(|(peer, id)| self.local(peer, *id).said[row]).collect();
        let together =
            |quorum: &Vec<usize>| quorum.iter().fold(!0, |all, peer| all & said[*peer].at_most());
        let certified = self.universe.quorums.iter().fold(0, |any, quorum| any | together(quorum));
        Pool { said, certified }
    }

    /// Every state that can come next.
    pub fn next(&mut self, state: &[Id], pools: &[Pool]) -> Result<Vec<Next>, Fault> {
        let mut all = Vec::new();
        for (peer, id) in state.iter().enumerate() {
            let from = all.len();
            let row = self.universe.row(self.local(peer, *id).scene);
            let promptly = self.next_of(peer, *id, &pools[row], &mut all)?;
            if promptly {
                return Ok(all.split_off(from));
            }
        }
        Ok(all)
    }

    fn tell(
        &mut self,
        (peer, id): (usize, Id),
        told: Told,
        pool: &Pool,
        all: &mut Vec<Next>,
    ) -> Result<(), Fault> {
        for at in self.peers[peer].tell(&mut self.universe, id, told, &pool.said)? {
            let after = self.peers[peer].outcome(at);
            let left_out = self.is_late(peer, id, after) || self.is_vain(peer, id, after);
            if after != id && !(self.universe.plan.lean && left_out) {
                all.push((peer, told, after));
            }
        }
        Ok(())
    }

    // Whether the peer has begun to complain about the last round: that only keeps it from voting.
    fn is_late(&self, peer: usize, id: Id, after: Id) -> bool {
        let (before, after) = (self.local(peer, id), self.local(peer, after));
        let last = said::complaints_of(self.universe.plan.rounds - 1);
        let row = self.universe.row(before.scene);
        after.said[row].has(last) && !before.said[row].has(last)
    }

    // Whether nothing came of it but a higher certificate that the peer can no longer confirm: its
    // complaints report more by it, and a certificate of them can report as much without. A peer
    // that has yet to lead is another matter.
    fn is_vain(&self, peer: usize, id: Id, after: Id) -> bool {
        let (before, after) = (self.local(peer, id), self.local(peer, after));
        let (Mind::Up(old), Mind::Up(new)) = (&before.mind, &after.mind) else { return false };
        if before.scene != after.scene {
            return false;
        }
        let place = self.universe.honest[peer];
        let leaders = &self.universe.scenes[before.scene].leaders;
        let leads = leaders[before.round..].contains(&place);
        !leads
            && before.said == after.said
            && before.round == after.round
            && old.record.complained == new.record.complained
            && old.record.high_round() < new.record.high_round()
    }

    // Whether a vote can be cast promptly, so that nothing else needs to be looked at.
    fn next_of(
        &mut self,
        peer: usize,
        id: Id,
        pool: &Pool,
        all: &mut Vec<Next>,
    ) -> Result<bool, Fault> {
        let who = (peer, id);
        let plan = &self.universe.plan;
        let (rounds, crashes, lean) = (plan.rounds, plan.crashes, plan.lean);
        let local = self.local(peer, id);
        let (round, scene) = (local.round, local.scene);
        match local.mind {
            Mind::Done(_) => return Ok(false),
            Mind::Down(_) => {
                self.tell(who, Told::Recovered, pool, all)?;
                return Ok(false);
            }
            Mind::Up(_) => {}
        }
        if lean && self.prompt(who, pool, all)? {
            return Ok(true);
        }
        for told in self.certificates(round, pool) {
            self.tell(who, told, pool, all)?;
        }
        if !self.universe.is_last(scene) {
            for told in confirms(rounds, pool) {
                self.tell(who, told, pool, all)?;
            }
        }
        for told in self.proposals(peer, scene, round, pool) {
            self.tell(who, told, pool, all)?;
        }
        for told in self.crafted(scene, round, pool) {
            self.tell(who, told, pool, all)?;
        }
        let complaints = self.complaints(peer, scene, round, pool);
        self.tell_complaints(who, &complaints, pool, all)?;
        if !lean || round + 1 < rounds {
            self.tell(who, Told::TimedOut, pool, all)?;
        }
        if crashes {
            self.tell(who, Told::Crashed, pool, all)?;
        }
        Ok(false)
    }

    // A vote takes nothing away: it is one more thing said, and all it keeps the peer from is
    // another vote in that round. So where it can only be for one block (the leader is honest), or
    // all that it can be for are there (round 0), every state that not voting yet leads to is also
    // reached, with one vote more, by voting now.
    fn prompt(
        &mut self,
        (peer, id): (usize, Id),
        pool: &Pool,
        all: &mut Vec<Next>,
    ) -> Result<bool, Fault> {
        let local = self.local(peer, id);
        let (round, scene, from) = (local.round, local.scene, all.len());
        if !local.open {
            return Ok(false);
        }
        if self.universe.plan.dishonest == self.universe.scenes[scene].leaders[round] {
            if round > 0 {
                return Ok(false);
            }
            for told in self.crafted(scene, 0, pool) {
                if matches!(told, Told::Crafted { round: 0, .. }) {
                    self.tell((peer, id), told, pool, all)?;
                }
            }
        } else {
            for told in self.proposals(peer, scene, round, pool) {
                let Told::Proposal { from, slot } = told else { continue };
                let proposed = self.universe.proposed(scene, from.into(), slot.into());
                if proposed.round == round {
                    self.tell((peer, id), told, pool, all)?;
                }
            }
        }
        Ok(all.len() > from)
    }

    // Vote certificates and complaint certificates that can be made.
    fn certificates(&self, round: usize, pool: &Pool) -> Vec<Told> {
        let rounds = self.universe.plan.rounds;
        let mut found = Vec::new();
        for at in 0..rounds {
            for block in said::blocks_in(pool.certified, said::votes_of(at)) {
                found.push(Told::Votes { round: at as u8, block: block as u8 });
            }
        }
        for about in round..rounds - 1 {
            for high in self.reports(about, pool) {
                found.push(Told::Complaints { round: about as u8, high });
            }
        }
        found
    }

    // What a complaint certificate about `round` can report.
    fn reports(&self, round: usize, pool: &Pool) -> Vec<Option<(u8, u8)>> {
        let mut found = Vec::new();
        let possible = |high| pool.certified & said::complaint(round, high) != 0;
        if possible(None) {
            found.push(None);
        }
        for high in 0..self.universe.plan.rounds {
            if possible(Some(high)) {
                let blocks = said::blocks_in(pool.certified, said::votes_of(high));
                found.extend(blocks.map(|block| Some((high as u8, block as u8))));
            }
        }
        found
    }

    fn proposals(&self, peer: usize, scene: usize, round: usize, pool: &Pool) -> Vec<Told> {
        let mut found = Vec::new();
        for from in (0..pool.said.len()).filter(|from| *from != peer) {
            for slot in pool.said[from].proposals() {
                if self.universe.proposed(scene, from, slot).round >= round {
                    found.push(Told::Proposal { from: from as u8, slot: slot as u8 });
                }
            }
        }
        found
    }

    // What the dishonest validator can propose where it leads: new blocks, also where it is obliged
    // to another, and the block of any certificate that there is.
    fn crafted(&self, scene: usize, from: usize, pool: &Pool) -> Vec<Told> {
        let (at, lean) = (&self.universe.scenes[scene], self.universe.plan.lean);
        let mut found = Vec::new();
        for round in from..self.universe.plan.rounds {
            if at.leaders[round] != self.universe.plan.dishonest {
                continue;
            }
            let reports = if round == 0 { vec![None] } else { self.reports(round - 1, pool) };
            for reported in reports {
                let craft = |block: usize, certificate| Told::Crafted {
                    round: round as u8,
                    block: block as u8,
                    reported,
                    certificate,
                };
                // Its new blocks are alike: the second is of use once somebody voted for the first.
                let voted =
                    |block: usize| pool.said.iter().any(|said| said.has(said::vote(round, block)));
                let first = at.fresh(round).take(1);
                let second = at.fresh(round).skip(1).filter(|block| !lean || voted(block - 1));
                found.extend(first.chain(second).map(|block| craft(block, reported)));
                let Some((least, _)) = reported else { continue };
                for high in usize::from(least)..self.universe.plan.rounds {
                    for block in said::blocks_in(pool.certified, said::votes_of(high)) {
                        found.push(craft(block, Some((high as u8, block as u8))));
                    }
                }
            }
        }
        found
    }

    // Complaints that may count: of each peer about each round the one that reports least. What a
    // higher one reports besides can be told as a certificate before.
    fn complaints(&self, peer: usize, scene: usize, round: usize, pool: &Pool) -> Vec<Told> {
        let mut found = Vec::new();
        for about in round..self.universe.plan.rounds - 1 {
            for from in (0..pool.said.len()).filter(|from| *from != peer) {
                let Some(lowest) = pool.said[from].lowest_complaint(about) else { continue };
                let highs: Vec<Option<(u8, u8)>> = match lowest {
                    None => vec![None],
                    Some(high) => said::blocks_in(pool.certified, said::votes_of(high))
                        .map(|block| Some((high as u8, block as u8)))
                        .filter(|high| self.universe.complained(scene, from, about, *high))
                        .collect(),
                };
                let told = |high| Told::Complaint { from: from as u8, round: about as u8, high };
                found.extend(highs.into_iter().map(told));
            }
            found.push(Told::Grumble { round: about as u8 });
        }
        found
    }

    // One after the other, in every order, until something comes of it that others can see. What a
    // peer has only heard so far is no state to stop at: it can as well hear it later.
    fn tell_complaints(
        &mut self,
        (peer, id): (usize, Id),
        complaints: &[Told],
        pool: &Pool,
        all: &mut Vec<Next>,
    ) -> Result<(), Fault> {
        let (first, lean) = (id, self.universe.plan.lean);
        let mut seen = vec![id];
        let mut waiting = vec![id];
        while let Some(id) = waiting.pop() {
            for told in complaints {
                for at in self.peers[peer].tell(&mut self.universe, id, *told, &pool.said)? {
                    let after = self.peers[peer].outcome(at);
                    let same = self.local(peer, first).shown == self.local(peer, after).shown;
                    if seen.contains(&after) || lean && self.is_late(peer, first, after) {
                        continue;
                    }
                    seen.push(after);
                    if same || lean && self.is_vain(peer, first, after) {
                        waiting.push(after);
                    } else {
                        all.push((peer, *told, after));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Commit certificates that can be made.
pub fn confirms(rounds: usize, pool: &Pool) -> Vec<Told> {
    let mut found = Vec::new();
    for round in 0..rounds {
        for block in said::blocks_in(pool.certified, said::confirms_of(round)) {
            found.push(Told::Confirms { round: round as u8, block: block as u8 });
        }
    }
    found
}
