//! A validator whose storage was put back from an earlier copy does not contradict what a quorum
//! with it heard it say before it was put back, as long as those remember: it asks them before it
//! speaks. What fewer have heard it may contradict, and then counts among the dishonest.

use std::collections::{BTreeMap, BTreeSet};

use chain::certificate::Stage;
use chain::count::{Height, Round};
use chain::hash::Hash;
use chain::keys::PeerId;
use chain::lft::message::Message;

use super::Verdict;
use crate::simulation::council::Council;
use crate::simulation::shared::Place;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Statement {
    Vote(Round, Hash),
    Confirm(Round, Hash),
    Complaint(Round),
}

type Of = (usize, PeerId, Height);

/// What was said and who has heard it, before the speaker started anew and since.
#[derive(Debug, Default)]
struct Heard {
    before: BTreeMap<Statement, BTreeSet<PeerId>>,
    since: BTreeMap<Statement, BTreeSet<PeerId>>,
}

#[derive(Debug, Default)]
pub struct Memory(BTreeMap<Of, Heard>);

fn statement(message: &Message) -> Option<(PeerId, Statement)> {
    match message {
        Message::Ballot { ballot, signer, .. } => {
            let said = match ballot.stage {
                Stage::Vote => Statement::Vote(ballot.round, ballot.block),
                Stage::Confirm => Statement::Confirm(ballot.round, ballot.block),
            };
            Some((*signer, said))
        }
        Message::Complaint { complaint, signer, .. } => {
            Some((*signer, Statement::Complaint(complaint.round)))
        }
        Message::Proposal { .. } | Message::Justification(_) => None,
    }
}

impl Statement {
    fn contradicts(self, earlier: Statement) -> bool {
        match (self, earlier) {
            (Statement::Vote(now, a), Statement::Vote(before, b))
            | (Statement::Confirm(now, a), Statement::Confirm(before, b)) => {
                now == before && a != b
            }
            (
                Statement::Vote(now, _) | Statement::Confirm(now, _),
                Statement::Complaint(complained),
            ) => now <= complained,
            _ => false,
        }
    }
}

impl Memory {
    /// An honest peer has heard `message`, and remembers it until its power fails.
    pub fn heard(&mut self, place: &Place, message: &Message) {
        if let Some((signer, said)) = statement(message) {
            let heard = self.0.entry((place.channel, signer, message.height())).or_default();
            heard.since.entry(said).or_default().insert(place.me);
        }
    }

    /// What `place` heard is lost; and what it said itself is from now on of before it started.
    pub fn failed(&mut self, place: &Place) {
        for ((channel, signer, _), heard) in &mut self.0 {
            if *channel != place.channel {
                continue;
            }
            for hearers in heard.before.values_mut().chain(heard.since.values_mut()) {
                hearers.remove(&place.me);
            }
            if *signer == place.me {
                for (said, hearers) in std::mem::take(&mut heard.since) {
                    heard.before.entry(said).or_default().extend(hearers);
                }
            }
        }
    }

    /// `place`, put back at times, says `message` to others.
    pub fn sent(&self, place: &Place, message: &Message, council: Option<&Council>) -> Verdict {
        let key = (place.channel, place.me, message.height());
        let (Some((_, now)), Some(heard), Some(council)) =
            (statement(message), self.0.get(&key), council)
        else {
            return Ok(());
        };
        for (earlier, hearers) in &heard.before {
            let with_it = hearers.iter().copied().chain([place.me]).collect();
            if now.contradicts(*earlier) && council.is_quorum(&with_it) {
                let at = place.at;
                return Err(format!("peer {at} says {now:?} after {earlier:?}, heard by a quorum"));
            }
        }
        Ok(())
    }
}
