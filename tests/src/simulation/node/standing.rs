//! Whether this peer speaks, as in `peer/src/channel/standing.rs`: not before it knows that its
//! record is the last one, and not once something turns up that it signed and its record lacks.

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

    /// Asks all who have not told yet what they last heard this peer say.
    pub fn ask_what_was_said(&mut self) {
        if !self.mind.holds_back {
            return;
        }
        for other in self.shared.others(self.place).iter() {
            let peer = self.shared.places[*other].me;
            let under_way =
                self.mind.asked.values().any(|(asked, request)| {
                    *asked == peer && matches!(request, Request::LastSaid(_))
                });
            let connected = self.shared.is_connected(self.place.at, *other);
            if connected && !under_way && !self.mind.standing.has_answer_of(&peer) {
                self.ask(peer, Request::LastSaid(self.place.me));
            }
        }
    }

    pub fn on_last_said(&mut self, from: Option<usize>, response: &Response) {
        let (Some(from), Response::LastSaid(last)) = (from, response) else { return };
        if !self.mind.holds_back {
            return;
        }
        if let Some(signed) = last {
            let author = Author { channel: self.head().channel, key: self.place.key.public_key() };
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

    /// Whether `said`, by this peer, is something that its record lacks.
    pub fn is_unknown(&self, said: &Said) -> bool {
        self.place.careful && !self.disk.now.lost && !self.state().record.covers(said)
    }

    /// From now on this peer only watches.
    pub fn lose_record(&mut self) {
        self.trace(0x1057, || "its record lacks what it said: it only watches".to_string());
        self.disk.lose_record();
        self.mind.standing = Standing::default();
        self.begin();
    }
}
