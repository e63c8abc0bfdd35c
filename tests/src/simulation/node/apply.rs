//! Committing a block, and what follows from it.

use std::rc::Rc;

use chain::block::CommittedBlock;
use chain::count::Round;
use chain::lft::Event;
use chain::lft::standing::Said;

use super::turn::Turn;
use crate::simulation::mutant;
use crate::simulation::packet::Parcel;

impl Turn<'_> {
    /// Writes a final block and begins the next height. `batches` are those of the block that are
    /// not kept here.
    pub fn commit(&mut self, committed: Rc<CommittedBlock>, batches: &[Rc<Parcel>]) {
        let own = Said::in_certificate(&committed.certificate, &self.place.me);
        let unknown = own.filter(|said| self.is_unknown(said));
        let head = Rc::new(self.mind.head.apply(&committed.block));
        for parcel in batches {
            self.disk.put_batch(parcel.clone());
        }
        if self.power_fails_here() {
            return;
        }
        self.disk.commit(committed.clone(), head.clone());
        let words = || format!("committed {} {:?}", head.height, head.hash);
        self.trace(head.height.0, words);
        if self.place.honest {
            self.shared.watch.committed(self.place, &committed, &self.disk.now);
        }
        let block = &committed.block;
        self.mind.pool.committed(&block.batches);
        for signed in &block.entries {
            self.mind.entries.remove(&signed.entry.sequence);
        }
        self.mind.head = head;
        if !block.entries.is_empty() {
            self.sort_out_pool();
        }
        self.mind.last_said.hear_certificate(&committed.certificate);
        if self.power_fails_here() {
            return;
        }
        self.disk.put_last_said(&self.mind.last_said);
        self.mind.head_certificate = Some(committed.certificate.clone());
        self.mind.checks.clear();
        self.mind.wanted_block = None;
        self.mind.timer = None;
        self.mind.said.clear();
        self.mind.retold.clear();
        let start = self.start_of_height(None);
        self.tell(Event::Committed(Box::new(start)));
        self.note_work();
        self.replay_early();
        match unknown {
            Some(_) => self.lose_record(),
            None => self.settle_standing(),
        }
    }

    // After the membership changed: what may not be in a block goes, and what this peer accepted
    // before it left, and was admitted again, comes back.
    fn sort_out_pool(&mut self) {
        let membership = &self.mind.head.membership;
        let me = self.place.me;
        let may_create =
            |maker: &chain::keys::PeerId| membership.get(maker).is_some_and(|m| m.may_create());
        self.mind.pool.retain(may_create);
        if may_create(&me) {
            let next = self.mind.head.next_batch(&me);
            for parcel in self.disk.now.batches_of(me, next) {
                self.mind.pool.insert_named(parcel.reference, next);
            }
        }
    }

    // Messages about the height that begins now. `Committed` is told before them.
    pub fn replay_early(&mut self) {
        let early = self.mind.early.take();
        if early.is_empty() {
            return;
        }
        let head = &self.mind.head;
        let known = self.shared.known(head.channel, head.height.next(), &head.validators());
        for (sender, letter) in early {
            if letter.message.height() < known.height {
                continue;
            }
            if self.mind.holds_back || letter.message.height() > known.height {
                self.mind.early.keep(sender, letter, false);
                continue;
            }
            match mutant::verify(self.shared, &letter, &known) {
                Ok(message) => {
                    self.mind.last_said.hear(&message);
                    self.shared.watch.heard(self.place, &message, Round(0));
                    self.tell(Event::Received(Box::new(message)));
                }
                Err(error) => {
                    let why = format!("a consensus message: {error}");
                    self.shared.watch.punished_by_name(self.place, sender, &why);
                }
            }
        }
    }
}
