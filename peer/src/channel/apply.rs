//! Committing a block, and what follows from it.

use chain::batch::Batch;
use chain::block::CommittedBlock;
use chain::count::Height;
use chain::keys::PeerId;
use chain::ledger::Head;
use chain::lft::Event;
use chain::lft::standing::Said;
use chain::membership::{Change, SignedEntry};

use super::driver::Driver;
use super::{ChannelStatus, NEVER, Notice};

/// State hashes remembered for heights that are not executed here yet.
const CLAIMS_MAX: usize = 4096;

impl Driver {
    /// Writes a final block, in one atomic write, and begins the next height. `batches` are those
    /// of the block that are not kept here.
    pub(super) fn commit(&mut self, committed: CommittedBlock, batches: &[Batch]) {
        let block = &committed.block;
        let own = Said::in_certificate(&committed.certificate, &self.me);
        let unknown = own.filter(|said| self.may_sign() && !self.state().record.covers(said));
        let head = self.head.apply(block);
        self.ledger.commit(&committed, &head, batches);
        tracing::debug!(
            channel = self.name, height = %head.height, maker = %head.maker,
            transactions = block.transaction_count(), round = %committed.certificate.round, "committed"
        );
        self.pool.committed(&block.batches);
        self.release_waiting(&block.batches);
        let claimed = block.header.executed;
        if claimed.height > Height(0) && self.claims.len() < CLAIMS_MAX {
            self.claims.insert(claimed.height, claimed.state);
        }
        let members_changed = !block.entries.is_empty();
        for signed in &block.entries {
            self.entries.remove(&signed.entry.sequence);
        }
        for signed in &block.entries {
            if let Change::Leave(peer) = signed.entry.change
                && !self.comes_back(&head, &peer)
            {
                let notice = Notice::Left { channel: self.name.clone(), peer };
                if self.around.notices.try_send(notice).is_err() {
                    tracing::warn!(%peer, "too many notices wait; its contact stays for now");
                }
            }
        }
        self.head = head;
        if members_changed {
            self.sort_out_pool();
        }
        self.last_said.hear_certificate(&committed.certificate);
        self.ledger.put_last_said(&self.last_said);
        self.head_certificate = Some(committed.certificate);
        self.checks.clear();
        self.wanted_block = None;
        self.timer = None;
        self.said.clear();
        self.retold.clear();
        self.committed.send_replace(self.head.height);
        if members_changed {
            self.log_validators();
        }
        let start = self.start_of_height(None);
        self.queue.push_back(Event::Committed(Box::new(start)));
        self.note_state();
        self.note_work();
        self.replay_early();
        match unknown {
            Some(said) => self.lose_record(&format!("the committed block bears its {said:?}")),
            None => self.settle_standing(),
        }
    }

    // Whether a peer that left is a member again, or will be: its contact is in use already.
    fn comes_back(&self, head: &Head, peer: &PeerId) -> bool {
        let joins = |signed: &SignedEntry| matches!(&signed.entry.change, Change::Join(member) if member.key.peer_id() == *peer);
        head.membership.get(peer).is_some() || self.entries.values().any(joins)
    }

    // After the membership changed: what may not be in a block goes, and what this peer accepted
    // before it left, and was admitted again, comes back.
    fn sort_out_pool(&mut self) {
        let membership = &self.head.membership;
        let may_create = |maker: &PeerId| membership.get(maker).is_some_and(|m| m.may_create());
        self.pool.retain(may_create);
        if may_create(&self.me) {
            let next = self.head.next_batch(&self.me);
            for batch in self.ledger.batches_of(&self.me, next) {
                self.pool.insert_named(batch, next);
            }
        }
    }

    // Messages about the height that begins now. `Committed` is told before them.
    pub(super) fn replay_early(&mut self) {
        let validators = self.head.validators();
        let known = chain::lft::message::Known {
            channel: self.head.channel,
            height: self.head.height.next(),
            validators,
        };
        for (sender, message) in self.early.take() {
            if message.height() < known.height {
                continue;
            }
            if self.holds_back || message.height() > known.height {
                self.early.keep(sender, message);
            } else {
                self.hear(sender, message, &known);
            }
        }
    }

    /// Whether this peer may sign consensus messages: not while it lacks its record of what it
    /// signed before.
    pub(super) fn may_sign(&self) -> bool {
        self.may_sign_after.is_none_or(|after| self.head.membership.entries >= after)
    }

    /// Whether this peer lost its record of votes and has not been admitted again.
    pub(super) fn lost_record(&self) -> bool {
        self.may_sign_after == Some(NEVER)
    }

    pub(super) fn log_validators(&self) {
        let validators = self.head.validators();
        let tolerance = validators.tolerance();
        tracing::info!(
            channel = self.name, height = %self.head.height.next(),
            validators = validators.all().len(),
            dishonest_to_break_safety = tolerance.dishonest_to_break_safety,
            silent_to_stop_progress = tolerance.silent_to_stop_progress,
            "who decides"
        );
        if self.lost_record() {
            tracing::error!(
                channel = self.name,
                "this peer lost its record of votes and signs nothing here until the radiostation's \
                 operator admits it again (change leave, then restart this peer)"
            );
        }
    }

    /// Lets others see where the channel stands.
    pub(super) fn publish(&mut self) {
        let (target, connected) = (self.believed_target(), self.connected());
        let (diverged, lost_record) = (self.diverged, self.lost_record());
        let holds_back = self.holds_back;
        let disputed = self.disputed;
        let evidence = self.evidence;
        let found = self.differences.found.iter();
        let differences: Vec<_> = found.map(|(peer, found)| (*peer, found.clone())).collect();
        let state = self.state();
        let (round, leader) = (state.round, state.leader(state.round));
        let is_complaining = state.is_complaining();
        self.status.send_if_modified(|status| {
            let same = status.height == self.head.height
                && status.round == round
                && status.target == target
                && status.connected == connected
                && status.diverged == diverged
                && status.disputed == disputed
                && status.differences == differences
                && status.lost_record == lost_record
                && status.holds_back == holds_back
                && status.evidence == evidence
                && status.is_complaining == is_complaining
                && self.ticks > 0;
            if !same {
                *status = ChannelStatus {
                    round,
                    leader,
                    is_complaining,
                    connected,
                    lost_record,
                    holds_back,
                    target,
                    diverged,
                    disputed,
                    differences,
                    evidence,
                    ..ChannelStatus::at(&self.head, &self.me)
                };
            }
            !same
        });
    }

    fn connected(&self) -> usize {
        let others = self.members.iter().filter(|peer| **peer != self.me);
        others.filter(|peer| self.around.network.is_connected(peer)).count()
    }
}
