//! Whether this peer speaks on the channel: not before it knows that its record is the last one,
//! and not once something turns up that it signed and its record lacks (`chain::lft::standing`).

use chain::evidence::{Contradiction, Evidence};
use chain::keys::{self, PeerId};
use chain::lft::standing::{Author, LastSaid, Said, SignedSaid, Standing};
use chain::lft::{Event, State};

use super::NEVER;
use super::driver::{Answer, Driver};
use crate::network::{Request, Response};

impl Driver {
    /// Begins the height after the head as after a start, from the record on disk.
    pub(super) fn begin(&mut self) {
        self.queue.clear();
        self.timer = None;
        let start = self.start_of_height(self.ledger.record());
        self.state = Some(State::new(start));
        if !self.holds_back {
            self.queue.push_back(Event::Recovered);
        }
        self.note_work();
        self.replay_early();
    }

    /// Asks what others last heard this peer say: all who have not told yet, while it holds back;
    /// all of them `again` if its complaints lead nowhere, for another process may have its key.
    pub(super) fn ask_what_was_said(&mut self, again: bool) {
        let again = again && self.may_sign() && self.state().is_complaining();
        if !self.holds_back && !again {
            return;
        }
        let unasked = |peer: &&PeerId| {
            **peer != self.me
                && (again || !self.standing.has_answer_of(peer))
                && !self.asked.contains(peer)
                && self.around.network.is_connected(peer)
        };
        let unasked: Vec<PeerId> = self.members.iter().filter(unasked).copied().collect();
        for peer in unasked {
            self.asked.insert(peer);
            let (network, channel, answers) =
                (self.around.network.clone(), self.head.channel, self.answers.clone());
            let request = Request::LastSaid(self.me);
            tokio::spawn(async move {
                let response = network.request(peer, channel, request).await;
                let response = response.unwrap_or(Response::Nothing);
                let _ = answers.send(Answer::LastSaid(peer, response)).await;
            });
        }
    }

    pub(super) fn on_last_said(&mut self, peer: PeerId, response: Response) {
        self.asked.remove(&peer);
        let (true, Response::LastSaid(last)) = (self.may_sign(), response) else { return };
        if last.len() > LastSaid::OF_ONE_MAX {
            let why = format!("{} things last said, more than there are", last.len());
            return self.around.network.punish(&peer, &why);
        }
        let author = Author { channel: self.head.channel, key: self.around.key.public_key() };
        for signed in last {
            match keys::verify::<SignedSaid>(signed, &author) {
                Ok(signed) if !self.state().record.covers(&signed.said) => {
                    return self.lose_record(&format!("{peer} heard it say {:?}", signed.said));
                }
                Ok(_) => {}
                Err(error) => {
                    let why = format!("what this peer is said to have said: {error}");
                    return self.around.network.punish(&peer, &why);
                }
            }
        }
        self.standing.answered(peer);
        self.settle_standing();
    }

    /// Speaks from now on, if enough others have answered.
    pub(super) fn settle_standing(&mut self) {
        let validators = self.state.as_ref().map(|state| &state.validators);
        let Some(validators) = validators.filter(|_| self.holds_back) else { return };
        if self.standing.settle(self.me, validators) {
            tracing::info!(
                channel = self.name,
                "the others know of nothing said here that is lost"
            );
            self.begin();
        }
    }

    /// Looks for what this peer signed, and has no record of, in proven contradictions.
    pub(super) fn look_into_evidence(&mut self, evidence: &Evidence) {
        if evidence.signer != self.me || !self.may_sign() {
            return;
        }
        let unknown_batch = match &evidence.contradiction {
            Contradiction::Batches(batches) => batches.iter().any(|(header, _)| {
                self.ledger.batch(&self.me, header.number, &header.hash()).is_none()
            }),
            _ => false,
        };
        let record = &self.state().record;
        if unknown_batch || Said::in_evidence(evidence).iter().any(|said| !record.covers(said)) {
            self.lose_record("there is evidence that it contradicted itself");
        }
    }

    /// From now on this peer is one that lost its record of votes: until it is admitted again.
    pub(super) fn lose_record(&mut self, proof: &str) {
        tracing::error!(
            channel = self.name, height = %self.head.height, proof,
            "this peer's key has signed what its storage does not know of: the storage was put back \
             from an earlier copy, or the key is in use elsewhere. It signs nothing here any more. \
             See that the key runs once; then let the radiostation's operator admit it again \
             (change leave, then restart this peer)"
        );
        self.ledger.set_may_sign_after(Some(NEVER));
        self.may_sign_after = Some(NEVER);
        self.standing = Standing::default();
        self.begin();
    }
}
