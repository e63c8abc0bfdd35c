//! Getting committed blocks from others, each verified with its certificate before it is applied;
//! and answering others.

use std::rc::Rc;

use chain::batch::BatchRef;
use chain::block::CommittedBlock;
use chain::catch_up::BLOCKS_PER_REQUEST;
use chain::count::Height;

use super::Out;
use super::turn::Turn;
use crate::simulation::mutant;
use crate::simulation::packet::{Fetched, Packet, Parcel, Request, Response};

impl Turn<'_> {
    /// Asks for blocks when others are ahead, unless deciding the next height gets there anyway.
    pub fn ask_for_blocks(&mut self, stalled: bool) {
        let target = self.mind.catch_up.target().max(self.mind.head.height);
        let behind = target.0 - self.mind.head.height.0;
        if behind == 0 || (behind == 1 && !stalled) {
            return;
        }
        for range in self.mind.catch_up.plan(self.mind.head.height) {
            let request = Request::Blocks { first: range.first, count: range.count };
            self.ask(range.peer, request);
        }
    }

    pub fn on_answer(&mut self, from: usize, number: u64, response: Response) {
        let sender = self.shared.places[from].me;
        if self.mind.asked.get(&number).is_some_and(|(peer, _)| *peer == sender) {
            self.answered(Some(from), number, response);
        }
    }

    pub fn on_expired(&mut self, number: u64) {
        if self.mind.asked.contains_key(&number) {
            self.answered(None, number, Response::Nothing);
        }
    }

    fn answered(&mut self, from: Option<usize>, number: u64, response: Response) {
        let Some((peer, request)) = self.mind.asked.remove(&number) else { return };
        let first = match request {
            Request::Blocks { first, .. } => first,
            Request::LastSaid(_) => return self.on_last_said(from, &response),
            Request::Block { .. } | Request::Batches(_) => return self.on_fetched(from, response),
        };
        let blocks = match response {
            Response::Blocks(blocks) => blocks,
            _ => Vec::new(),
        };
        self.mind.catch_up.arrived(peer, first, blocks);
        let before = self.mind.head.height;
        self.apply_arrived(from);
        if self.mind.head.height > before {
            // Others say again what they said about the height that begins here now.
            self.broadcast(&Packet::Status(self.mind.head.height));
        }
        self.ask_for_blocks(true);
    }

    fn apply_arrived(&mut self, from: Option<usize>) {
        while let Some((peer, fetched)) = self.mind.catch_up.take(self.mind.head.height) {
            match self.missing_batches(&fetched) {
                Ok(batches) => {
                    self.commit(fetched.0, &batches);
                    if self.down_us.is_some() {
                        return;
                    }
                }
                Err(why) => {
                    self.mind.catch_up.refused(&peer);
                    let sender = from.filter(|from| self.shared.places[*from].me == peer);
                    if let Some(from) = sender {
                        self.punish(from, &format!("a committed block: {why}"));
                    }
                    return;
                }
            }
        }
    }

    // Verifies a committed block; of its batches, those that are not kept here yet.
    fn missing_batches(&mut self, fetched: &Fetched) -> Result<Vec<Rc<Parcel>>, String> {
        let (committed, sent) = fetched;
        let head = &self.mind.head;
        mutant::check_committed(self.shared, head, committed).map_err(|error| error.to_string())?;
        let mut sent = sent.iter();
        let mut missing = Vec::new();
        for reference in &committed.block.batches {
            let parcel = sent.next().ok_or("a batch is missing")?;
            self.check_batch(reference, parcel)?;
            if !self.mind.pool.holds(reference) {
                missing.push(parcel.clone());
            }
        }
        Ok(missing)
    }

    fn check_batch(&self, reference: &BatchRef, parcel: &Parcel) -> Result<(), String> {
        let rules = self.batch_rules(&reference.maker).ok_or("a batch of a stranger")?;
        if parcel.reference != *reference {
            return Err("a batch is not the one that the block names".into());
        }
        parcel.verify(&rules).map_err(|error| error.to_string())
    }

    /// Answers a request.
    pub fn on_asked(&mut self, from: usize, number: u64, request: &Request) {
        let response = match request {
            Request::Block { height, hash } => self.block_asked(*height, hash),
            Request::Blocks { first, count } => Response::Blocks(self.blocks(*first, *count)),
            Request::LastSaid(peer) => Response::LastSaid(self.mind.last_said.of(peer)),
            Request::Batches(wanted) => {
                let held = wanted.iter().filter_map(|b| self.disk.now.batch(b).cloned());
                Response::Batches(held.collect())
            }
        };
        self.out.push(Out::Send(from, Packet::Answer { number, response }));
    }

    fn block_asked(&self, height: Height, hash: &chain::hash::Hash) -> Response {
        if let Some(block) = self.state().block(hash) {
            return Response::Block(Rc::new(block.clone()));
        }
        let committed = self.disk.now.block(height).filter(|c| c.block.hash() == *hash);
        let found =
            |committed: &Rc<CommittedBlock>| Response::Block(Rc::new(committed.block.clone()));
        committed.map_or(Response::Nothing, found)
    }

    fn blocks(&self, first: Height, count: u64) -> Vec<Fetched> {
        let end = first.0.saturating_add(count.min(BLOCKS_PER_REQUEST));
        let found = (first.0..end).map_while(|height| self.disk.now.block(Height(height)));
        let with_batches = |committed: &Rc<CommittedBlock>| {
            let names = &committed.block.batches;
            let held = names.iter().filter_map(|b| self.disk.now.batch(b).cloned());
            (committed.clone(), held.collect())
        };
        found.map(with_batches).collect()
    }
}
