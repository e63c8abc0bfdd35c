//! Breadth first through all states, until there is none left to look at.

use std::collections::{BTreeMap, HashMap};

use super::account::{Account, Violation};
use super::local::{Id, Local, Mind, Peer};
use super::offer::{Next, Pool, World, confirms};
use super::plan::Plan;
use super::said;
use super::told::Told;
use super::turn::Fault;
use super::universe::Universe;
use super::visited::Visited;

/// What may stop a search, and what it keeps.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// States that are kept at most.
    pub states_max: usize,
    /// Whether it remembers how each state was reached, which takes much memory.
    pub traces: bool,
    /// States between two calls of the observer.
    pub report_every: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { states_max: usize::MAX, traces: false, report_every: 1_000_000 }
    }
}

// The search from one start.
struct Search<'a> {
    world: World,
    scene: usize,
    visited: Visited,
    // Of each peer's number in a state.
    bits: u32,
    parents: Option<HashMap<u64, u64>>,
    // Blocks that were committed, by their makers.
    committed: BTreeMap<u32, usize>,
    account: &'a mut Account,
}

/// Searches all that `plan` allows. `seen` is told now and then how far it is.
pub fn search(plan: &Plan, limits: &Limits, mut seen: impl FnMut(&Account)) -> Account {
    let mut account = Account::default();
    let mut universe = Universe::new(plan);
    let mut scenes = vec![0];
    while let Some(scene) = scenes.pop() {
        account.starts += 1;
        let mut search = match Search::new(universe, scene, limits, &mut account) {
            Ok(search) => search,
            Err(what) => {
                account.violation = Some(Violation { what, trace: Vec::new() });
                return account;
            }
        };
        if !search.run(limits, &mut seen) {
            return account;
        }
        let committed = std::mem::take(&mut search.committed);
        universe = search.world.universe;
        let height = universe.scenes[scene].height.0 as usize;
        if !plan.interleaved && height < plan.heights {
            let after = committed.into_values().map(|block| universe.scene_after(scene, block));
            scenes.extend(after);
        }
    }
    account.ended = true;
    account
}

impl<'a> Search<'a> {
    fn new(
        mut universe: Universe,
        scene: usize,
        limits: &Limits,
        account: &'a mut Account,
    ) -> Result<Search<'a>, Fault> {
        let (mut start, mut peers) = (Vec::new(), Vec::new());
        for number in 0..universe.honest.len() {
            let (peer, id) = Peer::new(number, &mut universe, scene)?;
            peers.push(peer);
            start.push(id);
        }
        let bits = 63 / peers.len() as u32;
        let mut search = Search {
            world: World { universe, peers },
            scene,
            visited: Visited::new(),
            bits,
            parents: limits.traces.then(HashMap::new),
            committed: BTreeMap::new(),
            account,
        };
        let first = search.pack(&start);
        search.visited.insert(first);
        search.account.waiting = 1;
        Ok(search)
    }

    // Whether it has looked at every state that can be reached from the first.
    fn run(&mut self, limits: &Limits, seen: &mut impl FnMut(&Account)) -> bool {
        let locals = self.account.locals;
        let mut level: Vec<u64> = self.visited.iter().collect();
        let mut depth = 0;
        while !level.is_empty() {
            self.account.depth = depth.max(self.account.depth);
            let mut next = Vec::new();
            for (at, state) in level.iter().enumerate() {
                let outcome = self.visit(*state, &mut next);
                self.account.waiting = level.len() - at - 1 + next.len();
                self.account.locals =
                    locals + self.world.peers.iter().map(|peer| peer.locals.len()).sum::<usize>();
                if let Err(what) = outcome {
                    let trace = self.trace(*state);
                    self.account.violation = Some(Violation { what, trace });
                    return false;
                }
                if self.visited.len() >= limits.states_max {
                    return false;
                }
                if self.account.states.is_multiple_of(limits.report_every) {
                    seen(self.account);
                }
            }
            level = next;
            depth += 1;
        }
        true
    }

    fn pack(&self, state: &[Id]) -> u64 {
        state.iter().rev().fold(0, |packed, id| {
            assert!(*id < 1 << self.bits, "a peer has more states than {} bits count", self.bits);
            packed << self.bits | u64::from(*id)
        })
    }

    fn unpack(&self, packed: u64) -> Vec<Id> {
        let mask = (1 << self.bits) - 1;
        let peers = 0..self.world.peers.len() as u32;
        peers.map(|peer| (packed >> (peer * self.bits) & mask) as Id).collect()
    }

    fn visit(&mut self, packed: u64, next: &mut Vec<u64>) -> Result<(), Fault> {
        self.account.states += 1;
        let state = self.unpack(packed);
        let pools = self.world.pools(&state);
        let first = self.world.universe.scenes[self.scene].height.0 as usize - 1;
        for (row, pool) in pools.iter().enumerate() {
            self.account.reached[first + row] |= pool.reached();
            self.judge(pool)?;
        }
        self.commit(&state, &pools)?;
        for (peer, _, id) in self.world.next(&state, &pools)? {
            self.account.transitions += 1;
            let mut after = state.clone();
            after[peer] = id;
            let after = self.pack(&after);
            if self.visited.insert(after) {
                next.push(after);
                if let Some(parents) = &mut self.parents {
                    parents.insert(after, packed);
                }
            }
        }
        Ok(())
    }

    // Agreement, of whatever could be certified with the signatures that there are: one committed
    // block a height, one certified block a round, and after a commit no other certified.
    fn judge(&self, pool: &Pool) -> Result<(), Fault> {
        let plan = &self.world.universe.plan;
        let mut committed: Option<(usize, usize)> = None;
        for round in 0..plan.rounds {
            for block in said::blocks_in(pool.certified, said::confirms_of(round)) {
                let (first, other) = *committed.get_or_insert((round, block));
                if other != block {
                    return Err(format!(
                        "two commit certificates: block {other} of round {first}, block {block} of \
                         round {round}"
                    ));
                }
            }
        }
        // What a mutant does is judged by the fork that comes of it.
        for round in (0..plan.rounds).filter(|_| plan.mutant.is_none()) {
            let certified: Vec<usize> =
                said::blocks_in(pool.certified, said::votes_of(round)).collect();
            if certified.len() > 1 {
                return Err(format!("blocks {certified:?} are certified in round {round}"));
            }
            if let Some((first, block)) = committed.filter(|(first, _)| *first <= round)
                && certified.iter().any(|other| *other != block)
            {
                return Err(format!(
                    "block {block} can be committed in round {first}, and {certified:?} is \
                     certified in round {round}"
                ));
            }
        }
        Ok(())
    }

    // Tells every peer of every commit certificate: it must commit that block. It says nothing more
    // at this height then, so the states after that are none to look at.
    fn commit(&mut self, state: &[Id], pools: &[Pool]) -> Result<(), Fault> {
        let World { universe, peers } = &mut self.world;
        for (peer, id) in state.iter().enumerate() {
            let Local { scene, ref mind, .. } = peers[peer].locals[*id as usize];
            if !universe.is_last(scene) || !matches!(mind, Mind::Up(_)) {
                continue;
            }
            let pool = &pools[universe.row(scene)];
            for told in confirms(universe.plan.rounds, pool) {
                let Told::Confirms { block, .. } = told else { continue };
                let block = usize::from(block);
                let mut outcomes = peers[peer].tell(universe, *id, told, &pool.said)?;
                let done = outcomes.any(|at| {
                    let after = peers[peer].outcome(at) as usize;
                    matches!(peers[peer].locals[after].mind, Mind::Done(found) if found == block)
                });
                if !done {
                    return Err(format!("peer {peer} does not commit block {block}"));
                }
                let maker = universe.scenes[scene].blocks[block].header.maker;
                let order = universe.validators.get(&maker).map_or(0, |validator| validator.order);
                self.committed.entry(order).or_insert(block);
            }
        }
        Ok(())
    }

    // How `packed` was reached.
    fn trace(&mut self, packed: u64) -> Vec<String> {
        let Some(parents) = self.parents.take() else { return Vec::new() };
        let mut path = vec![packed];
        while let Some(parent) = parents.get(&path[path.len() - 1]) {
            path.push(*parent);
        }
        path.reverse();
        path.windows(2).map(|pair| self.between(pair[0], pair[1])).collect()
    }

    fn between(&mut self, before: u64, after: u64) -> String {
        let (state, after) = (self.unpack(before), self.unpack(after));
        let pools = self.world.pools(&state);
        let next: Vec<Next> = self.world.next(&state, &pools).unwrap_or_default();
        let alone = state.iter().zip(&after).filter(|(a, b)| a != b).count() == 1;
        let step = next.into_iter().find(|(peer, _, id)| alone && after[*peer] == *id);
        let Some((peer, told, id)) = step else {
            return "a step that cannot be found again".to_string();
        };
        let fails = matches!(self.world.peers[peer].locals[id as usize].mind, Mind::Down(_));
        let fails = if fails { ", and its power fails" } else { "" };
        format!("honest peer {peer} {told}{fails}")
    }
}
