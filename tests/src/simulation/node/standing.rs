//! Whether this peer speaks, as in `peer/src/channel/standing.rs`: not before it knows that its
//! record is the last one, and not once something turns up that it signed and its record lacks.

use chain::evidence::{Contradiction, Evidence};
use chain::keys;
use chain::lft::standing::{Author, Said, SignedSaid, Standing};
use chain::lft::{Event, State};

use super::turn::Turn;
use crate::simulation::packet::{Request, Response};

impl Turn<'_> {
    /// Begins the height after the head as after a start, from the record on disk.
    pub fn begin(&mut self) {
        self.mind.queue.clear();
        self.mind.timer = None;
        let record = self.disk.now.record.as_deref().cloned();
        let start = self.start_of_height(record);
        self.mind.state = Some(State::new(start));
        self.mind.known = None;
        if !self.mind.holds_back {
            self.tell(Event::Recovered);
        }
        self.note_work();
        self.replay_early();
    }

    /// Asks what others last heard this peer say: all who have not told yet, while it holds back;
    /// all of them `again` if its complaints lead nowhere.
    pub fn ask_what_was_said(&mut self, again: bool) {
        let again = again && self.may_sign() && self.state().is_complaining();
        if !self.place.careful || !self.mind.holds_back && !again {
            return;
        }
        for other in self.shared.others(self.place).iter() {
            let peer = self.shared.places[*other].me;
            let under_way =
                self.mind.asked.values().any(|(asked, request)| {
                    *asked == peer && matches!(request, Request::LastSaid(_))
                });
            let connected = self.shared.is_connected(self.place.at, *other);
            let told = !again && self.mind.standing.has_answer_of(&peer);
            if connected && !under_way && !told {
                self.ask(peer, Request::LastSaid(self.place.me));
            }
        }
    }

    pub fn on_last_said(&mut self, from: Option<usize>, response: &Response) {
        let (Some(from), Response::LastSaid(last)) = (from, response) else { return };
        if !self.may_sign() {
            return;
        }
        let author = Author { channel: self.head().channel, key: self.place.key.public_key() };
        for signed in last {
            match keys::verify::<SignedSaid>(*signed, &author) {
                Ok(signed) if !self.state().record.covers(&signed.said) => {
                    return self.lose_record();
                }
                Ok(_) => {}
                Err(error) => return self.punish(from, &format!("what was said: {error}")),
            }
        }
        let peer = self.shared.places[from].me;
        self.mind.standing.answered(peer);
        self.settle_standing();
    }

    /// Speaks from now on, if enough others have answered.
    pub fn settle_standing(&mut self) {
        let me = self.place.me;
        let mind = &mut *self.mind;
        let Some(state) = mind.state.as_ref().filter(|_| mind.holds_back) else { return };
        if mind.standing.settle(me, &state.validators) {
            self.begin();
        }
    }

    /// Whether the peer has, as far as it knows, all that it said on its disk.
    pub fn may_sign(&self) -> bool {
        !self.disk.now.lost
    }

    /// Looks for what this peer signed, and has no record of, in proven contradictions.
    pub fn look_into_evidence(&mut self, evidence: &Evidence) {
        if evidence.signer != self.place.me || !self.place.careful || !self.may_sign() {
            return;
        }
        let unknown_batch = match &evidence.contradiction {
            Contradiction::Batches(batches) => batches.iter().any(|(header, _)| {
                let kept = self.disk.now.batches.get(&(header.maker, header.number));
                let hash = header.hash();
                !kept.is_some_and(|kept| kept.iter().any(|p| p.reference.hash == hash))
            }),
            _ => false,
        };
        if unknown_batch || Said::in_evidence(evidence).iter().any(|said| self.is_unknown(said)) {
            self.lose_record();
        }
    }

    /// Whether `said`, by this peer, is something that its record lacks.
    pub fn is_unknown(&self, said: &Said) -> bool {
        self.place.careful && self.may_sign() && !self.state().record.covers(said)
    }

    /// From now on this peer only watches.
    pub fn lose_record(&mut self) {
        self.trace(0x1057, || "its record lacks what it said: it only watches".to_string());
        self.disk.lose_record();
        self.mind.standing = Standing::default();
        self.begin();
    }
}
