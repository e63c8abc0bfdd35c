//! Batches coming in, from here and from others, and fetching those that a block names.

use std::sync::atomic::Ordering;

use chain::batch::{Batch, BatchRules};
use chain::count::Height;
use chain::encoding::encode;
use chain::evidence::{Contradiction, Evidence};
use chain::keys::{self, PeerId};
use chain::pool::Refused;

use super::driver::{Answer, Driver};
use crate::intake::Sealed;
use crate::network::{Packet, Request, Response};

/// Bytes of own batches sent to a peer that has just connected, or again when stalled.
const SEND_AGAIN_BYTES_MAX: u64 = 16 << 20;
/// Batches asked for in one request.
const BATCHES_PER_REQUEST: usize = 256;

impl Driver {
    /// A batch that this peer has made; it is durable.
    pub(super) fn on_sealed(&mut self, sealed: Sealed) {
        let next = self.head.next_batch(&self.me);
        self.broadcast(Packet::Batch(Box::new(sealed.batch)));
        // Never refused: its clients have been told that it is accepted.
        self.pool.insert_named(sealed.reference, next);
        self.note_work();
    }

    /// A batch that another peer sent.
    pub(super) fn on_batch(&mut self, sender: PeerId, batch: Batch) {
        if batch.header.number < self.head.next_batch(&batch.header.maker) {
            self.on_used_number(&batch);
            return;
        }
        if let Err(why) = self.take_batch(batch) {
            self.around.network.punish(&sender, &format!("a batch: {why}"));
        }
    }

    // Usually a batch that came late; another one of that number is evidence.
    fn on_used_number(&mut self, batch: &Batch) {
        let (maker, number) = (batch.header.maker, batch.header.number);
        let Some(place) = self.ledger.place(&maker, number) else { return };
        if batch.header.channel != self.head.channel || place.hash == batch.header.hash() {
            return;
        }
        let (committed, key) =
            (self.ledger.batch(&maker, number, &place.hash), self.member_key(&maker));
        if let (Some(committed), Some(key)) = (committed, key) {
            let evidence = two_batches(&committed, batch);
            if evidence.is_genuine(&self.head.channel, &key) {
                self.accuse(evidence);
            }
        }
    }

    // Verifies and keeps a batch; the error is its sender's fault.
    fn take_batch(&mut self, batch: Batch) -> Result<(), String> {
        let maker = batch.header.maker;
        // Members are not known here before their entry is committed: no offence.
        let Some(key) = self.member_key(&maker) else { return Ok(()) };
        let settings = self.head.settings.clone();
        let rules = BatchRules { channel: self.head.channel, settings, maker: key };
        let batch = keys::verify(batch, &rules).map_err(|error| error.to_string())?.into_inner();
        let encoded = encode(&batch);
        let reference = batch.reference(encoded.len());
        let next = self.head.next_batch(&maker);
        let named = self.checks.values().any(|block| block.batches.contains(&reference));
        match self.pool.insert(reference, next) {
            Ok(()) => self.ledger.put_batch(&batch, &encoded),
            Err(Refused::Held) => return Ok(()),
            Err(Refused::Conflict { held }) => {
                if let Some(first) = self.ledger.batch(&maker, held.number, &held.hash) {
                    self.accuse(two_batches(&first, &batch));
                }
                if named {
                    self.ledger.put_batch(&batch, &encoded);
                    self.pool.insert_named(reference, next);
                }
            }
            Err(reason) if named => {
                tracing::debug!(%maker, %reason, "taken all the same: a block names it");
                self.ledger.put_batch(&batch, &encoded);
                self.pool.insert_named(reference, next);
            }
            Err(reason) => {
                tracing::debug!(%maker, number = %reference.number, %reason, "batch not taken");
                return Ok(());
            }
        }
        self.finish_checks();
        self.note_work();
        Ok(())
    }

    /// Asks for whatever is known to be missing: batches of proposed blocks, a certified block.
    pub(super) fn fetch_missing(&mut self) {
        let mut missing = self.missing();
        if !missing.is_empty() {
            missing.truncate(BATCHES_PER_REQUEST);
            let makers = missing.iter().map(|batch| batch.maker);
            let leaders = self.checks.values().map(|block| block.header.maker);
            let able: Vec<PeerId> = leaders.chain(makers).collect();
            self.ask_one_of(&able, Request::Batches(missing));
        }
        if let Some(hash) = self.wanted_block {
            let height = self.state().height;
            self.ask_one_of(&[], Request::Block { height, hash });
        }
    }

    // Asks one connected member, another each tick: first those most likely to know.
    fn ask_one_of(&mut self, likely: &[PeerId], request: Request) {
        let others = self.members.iter().filter(|peer| **peer != self.me);
        let connected = |peer: &&PeerId| {
            **peer != self.me
                && !self.fetching.contains(peer)
                && self.around.network.is_connected(peer)
        };
        let all: Vec<PeerId> = likely.iter().chain(others).filter(connected).copied().collect();
        let Some(at) = (self.ticks as usize).checked_rem(all.len()) else { return };
        let peer = all[at];
        self.fetching.insert(peer);
        let (network, channel, answers) =
            (self.around.network.clone(), self.head.channel, self.answers.clone());
        tokio::spawn(async move {
            let response = network.request(peer, channel, request).await.unwrap_or_else(|error| {
                tracing::debug!(%peer, %error, "not fetched");
                Response::Nothing
            });
            let _ = answers.send(Answer::Fetched(peer, response)).await;
        });
    }

    pub(super) fn on_fetched(&mut self, peer: PeerId, response: Response) {
        self.fetching.remove(&peer);
        match response {
            Response::Batches(batches) => {
                for batch in batches {
                    if let Err(why) = self.take_batch(batch) {
                        self.around.network.punish(&peer, &format!("a batch asked for: {why}"));
                        return;
                    }
                }
            }
            Response::Block(Some(block)) if Some(block.hash()) == self.wanted_block => {
                self.wanted_block = None;
                self.queue.push_back(chain::lft::Event::BlockFound(*block));
            }
            Response::Block(_)
            | Response::Nothing
            | Response::Blocks(_)
            | Response::LastSaid(_)
            | Response::State(_)
            | Response::Traces(_) => {}
        }
    }

    /// A link to a member stands: it may have missed what this peer said before.
    pub(super) fn on_connected(&mut self, peer: PeerId) {
        let one = || std::iter::once(peer);
        let status = Packet::Status { height: self.head.height };
        self.around.network.send(one(), self.head.channel, status);
        self.say_again(peer);
        self.ask_what_was_said(false);
        for entry in self.entries.values() {
            let packet = Packet::Entry(Box::new(entry.clone()));
            self.around.network.send(one(), self.head.channel, packet);
        }
        for batch in self.own_waiting() {
            self.around.network.send(one(), self.head.channel, Packet::Batch(Box::new(batch)));
        }
    }

    /// A peer that stands at the same height may have missed what was said before it could listen.
    pub(super) fn on_status(&mut self, peer: PeerId, height: Height) {
        self.catch_up.heard(peer, height);
        if height == self.head.height && self.retold.insert(peer) {
            self.say_again(peer);
        }
    }

    fn say_again(&self, peer: PeerId) {
        for message in &self.said {
            let packet = Packet::Message(Box::new(message.clone()));
            self.around.network.send(std::iter::once(peer), self.head.channel, packet);
        }
    }

    /// Own batches may have been dropped on the way, or refused for want of room: when none of
    /// them has been committed since the last heartbeat they are sent again.
    pub(super) fn send_again(&mut self) {
        let due = self.head.next_batch(&self.me);
        if std::mem::replace(&mut self.due_at_heartbeat, due) == due {
            for batch in self.own_waiting() {
                self.broadcast(Packet::Batch(Box::new(batch)));
            }
        }
    }

    fn own_waiting(&self) -> Vec<Batch> {
        let mut bytes = 0;
        let waiting = self.pool.waiting_of(&self.me).into_iter();
        let some = waiting.take_while(|batch| {
            bytes += u64::from(batch.bytes);
            bytes <= SEND_AGAIN_BYTES_MAX
        });
        some.filter_map(|b| self.ledger.batch(&b.maker, b.number, &b.hash)).collect()
    }

    /// Makes room for what its own clients may send next.
    pub(super) fn release_waiting(&self, batches: &[chain::batch::BatchRef]) {
        for batch in batches.iter().filter(|batch| batch.maker == self.me) {
            subtract(&self.waiting.transactions, u64::from(batch.count));
            subtract(&self.waiting.bytes, u64::from(batch.bytes));
        }
    }

    /// Tells a peer that is behind how far this one is; once a tick.
    pub(super) fn tell_height(&mut self, peer: PeerId) {
        if self.told.insert(peer) {
            let status = Packet::Status { height: self.head.height };
            self.around.network.send(std::iter::once(peer), self.head.channel, status);
        }
    }

    pub(super) fn accuse(&mut self, evidence: Evidence) {
        // What is known, or cannot be kept, would be news each time it comes around.
        let Some(count) = self.ledger.add_evidence(&evidence) else { return };
        self.evidence = count;
        tracing::error!(channel = self.name, signer = %evidence.signer, count, "contradiction signed");
        self.broadcast(Packet::Evidence(Box::new(evidence)));
    }

    pub(super) fn on_evidence(&mut self, sender: PeerId, evidence: Evidence) {
        let key = self.member_key(&evidence.signer);
        match key {
            Some(key) if evidence.is_genuine(&self.head.channel, &key) => {
                self.look_into_evidence(&evidence);
                self.accuse(evidence);
            }
            Some(_) => self.around.network.punish(&sender, "evidence that proves nothing"),
            None => {}
        }
    }

    /// The greatest height a connected member has.
    pub(super) fn target(&self) -> Height {
        self.catch_up.target().max(self.head.height)
    }
}

// Counters are shared with the intake; what was stored before a restart was never added.
fn subtract(counter: &std::sync::atomic::AtomicU64, amount: u64) {
    let _ = counter
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |now| Some(now.saturating_sub(amount)));
}

fn two_batches(first: &Batch, second: &Batch) -> Evidence {
    let statement = |batch: &Batch| (batch.header.clone(), batch.signature);
    let both = [statement(first), statement(second)];
    Evidence { signer: first.header.maker, contradiction: Contradiction::Batches(both) }
}
