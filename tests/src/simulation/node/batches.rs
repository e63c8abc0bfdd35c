//! Batches coming in, from clients and from others, and fetching those that a block names.

use std::rc::Rc;

use chain::batch::{Batch, BatchRules};
use chain::count::Height;
use chain::evidence::{Contradiction, Evidence};
use chain::keys::PeerId;
use chain::lft::Event;
use chain::pool::Refused;
use chain::transaction::Transaction;

use super::turn::Turn;
use super::{Out, REQUEST_US};
use crate::simulation::mutant;
use crate::simulation::packet::{Packet, Parcel, Request, Response};

/// Batches asked for in one request.
const BATCHES_PER_REQUEST: usize = 256;
/// Own batches that wait; clients are told to come later.
const OWN_WAITING_MAX: usize = 40;

impl Turn<'_> {
    /// A client's transactions: one batch, durable before it is acknowledged.
    pub fn on_submit(&mut self, texts: Vec<String>) {
        let me = self.place.me;
        let may = self.head().membership.get(&me).is_some_and(|member| member.may_create());
        let refuses = self.mind.holds_back || self.disk.now.lost;
        if !may || refuses || self.mind.pool.waiting_of(&me).len() >= OWN_WAITING_MAX {
            return;
        }
        let timestamp_us = self.now_us();
        let transaction = |data| Transaction { timestamp_us, data };
        let transactions = texts.into_iter().map(transaction).collect();
        let next = self.head().next_batch(&me);
        let number = self.mind.next_own.max(next);
        let batch = Batch::seal(&self.place.key, self.head().channel, number, transactions);
        let parcel = Parcel::new(batch);
        if self.power_fails_here() {
            return;
        }
        if mutant::acknowledges_early(self.shared.mutant) {
            self.disk.put_batch(parcel.clone());
        } else {
            self.disk.put_own_batch(parcel.clone());
        }
        if self.power_fails_here() {
            return;
        }
        self.mind.next_own = number.next();
        let reference = parcel.reference;
        self.trace(number.0, || format!("accepts batch {number} of its clients"));
        if self.place.honest {
            self.shared.watch.batches.accepted(self.place, &reference);
        }
        if self.power_fails_here() {
            return;
        }
        self.broadcast(&Packet::Batch(parcel));
        self.mind.pool.insert_named(reference, next);
        self.note_work();
    }

    /// A batch that another peer sent.
    pub fn on_batch(&mut self, from: usize, parcel: Rc<Parcel>) {
        let header = &parcel.batch.header;
        if header.number < self.head().next_batch(&header.maker) {
            self.on_used_number(&parcel);
        } else if let Err(why) = self.take_batch(parcel) {
            self.punish(from, &format!("a batch: {why}"));
        }
    }

    // Usually a batch that came late; another one of that number is evidence.
    fn on_used_number(&mut self, parcel: &Parcel) {
        let header = &parcel.batch.header;
        let Some(place) = self.disk.now.places.get(&(header.maker, header.number)) else { return };
        if header.channel != self.head().channel || *place == parcel.reference.hash {
            return;
        }
        let wanted = chain::batch::BatchRef { hash: *place, ..parcel.reference };
        let committed = self.disk.now.batch(&wanted).cloned();
        let key = self.head().membership.get(&header.maker).map(|member| member.key);
        if let (Some(committed), Some(key)) = (committed, key) {
            let evidence = two_batches(&committed, parcel);
            if evidence.is_genuine(&self.head().channel, &key) {
                self.accuse(Rc::new(evidence));
            }
        }
    }

    // Verifies and keeps a batch; the error is its sender's fault.
    fn take_batch(&mut self, parcel: Rc<Parcel>) -> Result<(), String> {
        let maker = parcel.reference.maker;
        // Members are not known here before their entry is committed: no offence.
        let Some(rules) = self.batch_rules(&maker) else { return Ok(()) };
        parcel.verify(&rules).map_err(|error| error.to_string())?;
        let reference = parcel.reference;
        let next = self.head().next_batch(&maker);
        let named = self.mind.checks.values().any(|block| block.batches.contains(&reference));
        match self.mind.pool.insert(reference, next) {
            Ok(()) => self.disk.put_batch(parcel),
            Err(Refused::Held) => return Ok(()),
            Err(Refused::Conflict { held }) => {
                if let Some(first) = self.disk.now.batch(&held).cloned() {
                    self.accuse(Rc::new(two_batches(&first, &parcel)));
                }
                if named {
                    self.disk.put_batch(parcel);
                    self.mind.pool.insert_named(reference, next);
                }
            }
            Err(_) if named => {
                self.disk.put_batch(parcel);
                self.mind.pool.insert_named(reference, next);
            }
            Err(_) => return Ok(()),
        }
        self.finish_checks();
        self.note_work();
        Ok(())
    }

    /// What a batch of `maker` is checked against, if it is a member.
    pub fn batch_rules(&self, maker: &PeerId) -> Option<BatchRules> {
        let head = self.head();
        let maker = head.membership.get(maker)?.key;
        Some(BatchRules { channel: head.channel, settings: head.settings.clone(), maker })
    }

    /// Asks for whatever is known to be missing: batches of proposed blocks, a certified block.
    pub fn fetch_missing(&mut self) {
        let mut missing = self.missing();
        if !missing.is_empty() {
            missing.truncate(BATCHES_PER_REQUEST);
            let makers = missing.iter().map(|batch| batch.maker);
            let leaders = self.mind.checks.values().map(|block| block.header.maker);
            let able: Vec<PeerId> = leaders.chain(makers).collect();
            self.ask_one_of(&able, Request::Batches(missing));
        }
        if let Some(hash) = self.mind.wanted_block {
            let height = self.mind.head.height.next();
            self.ask_one_of(&[], Request::Block { height, hash });
        }
    }

    // Asks one connected peer, another each tick: first those most likely to know.
    fn ask_one_of(&mut self, likely: &[PeerId], request: Request) {
        let others = self.shared.others(self.place);
        let others = others.iter().map(|at| self.shared.places[*at].me);
        let mut all: Vec<PeerId> = likely.iter().copied().chain(others).collect();
        let busy = |peer: &PeerId| {
            let asked = self.mind.asked.values();
            asked
                .filter(|(_, request)| !matches!(request, Request::Blocks { .. }))
                .any(|(at, _)| at == peer)
        };
        all.retain(|peer| *peer != self.place.me && !busy(peer));
        all.retain(|peer| self.shared.find(self.place, peer).is_some());
        let Some(at) = (self.mind.ticks as usize).checked_rem(all.len()) else { return };
        self.ask(all[at], request);
    }

    /// Sends a request; an answer or the lack of one comes back.
    pub fn ask(&mut self, peer: PeerId, request: Request) {
        self.mind.requests += 1;
        let number = self.mind.requests;
        self.mind.asked.insert(number, (peer, request.clone()));
        let delay_us = match self.shared.find(self.place, &peer) {
            Some(at) => {
                self.out.push(Out::Send(at, Packet::Ask { number, request }));
                REQUEST_US
            }
            None => 0,
        };
        self.out.push(Out::Expire { delay_us, number });
    }

    /// What was asked for batches or a block has answered, or has not.
    pub fn on_fetched(&mut self, from: Option<usize>, response: Response) {
        match response {
            Response::Batches(parcels) => {
                for parcel in parcels {
                    if let Err(why) = self.take_batch(parcel) {
                        if let Some(from) = from {
                            self.punish(from, &format!("a batch asked for: {why}"));
                        }
                        return;
                    }
                }
            }
            Response::Block(block) if Some(block.hash()) == self.mind.wanted_block => {
                self.mind.wanted_block = None;
                self.tell(Event::BlockFound(block.as_ref().clone()));
            }
            Response::Block(_)
            | Response::Nothing
            | Response::Blocks(_)
            | Response::LastSaid(_) => {}
        }
    }

    /// A link stands: the other may have missed what this peer said before.
    pub fn on_connected(&mut self, peer: usize) {
        self.out.push(Out::Send(peer, Packet::Status(self.mind.head.height)));
        self.say_again(peer);
        self.ask_what_was_said(false);
        for entry in self.mind.entries.values() {
            self.out.push(Out::Send(peer, Packet::Entry(entry.clone())));
        }
        for parcel in self.own_waiting() {
            self.out.push(Out::Send(peer, Packet::Batch(parcel)));
        }
    }

    /// A peer that stands at the same height may have missed what was said before it could listen.
    pub fn on_status(&mut self, from: usize, height: Height) {
        let peer = self.shared.places[from].me;
        self.mind.catch_up.heard(peer, height);
        if height == self.mind.head.height && self.mind.retold.insert(from) {
            self.say_again(from);
        }
    }

    fn say_again(&mut self, peer: usize) {
        for letter in &self.mind.said {
            self.out.push(Out::Send(peer, Packet::Message(letter.clone())));
        }
    }

    /// When none of the own batches was committed since the last heartbeat they are sent again.
    pub fn send_again(&mut self) {
        if mutant::never_sends_again(self.shared.mutant) {
            return;
        }
        let due = self.head().next_batch(&self.place.me);
        if std::mem::replace(&mut self.mind.due_at_heartbeat, due) == due {
            for parcel in self.own_waiting() {
                self.broadcast(&Packet::Batch(parcel));
            }
        }
    }

    fn own_waiting(&self) -> Vec<Rc<Parcel>> {
        let waiting = self.mind.pool.waiting_of(&self.place.me);
        waiting.iter().filter_map(|batch| self.disk.now.batch(batch).cloned()).collect()
    }

    /// Tells a peer that is behind how far this one is; once a tick.
    pub fn tell_height(&mut self, peer: usize) {
        if self.mind.told.insert(peer) {
            self.out.push(Out::Send(peer, Packet::Status(self.mind.head.height)));
        }
    }

    pub fn accuse(&mut self, evidence: Rc<Evidence>) {
        self.shared.watch.accused(self.place, &evidence);
        if !self.power_fails_here() && self.disk.add_evidence(&evidence) {
            self.broadcast(&Packet::Evidence(evidence));
        }
    }

    pub fn on_evidence(&mut self, from: usize, evidence: Rc<Evidence>) {
        let key = self.head().membership.get(&evidence.signer).map(|member| member.key);
        if self.disk.now.evidence.contains(&evidence) {
            return;
        }
        match key {
            Some(key) if evidence.is_genuine(&self.head().channel, &key) => {
                self.look_into_evidence(&evidence);
                self.accuse(evidence);
            }
            Some(_) => self.punish(from, "evidence that proves nothing"),
            None => {}
        }
    }
}

fn two_batches(first: &Parcel, second: &Parcel) -> Evidence {
    let statement = |parcel: &Parcel| (parcel.batch.header.clone(), parcel.batch.signature);
    let both = [statement(first), statement(second)];
    Evidence { signer: first.reference.maker, contradiction: Contradiction::Batches(both) }
}
