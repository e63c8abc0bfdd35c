//! After complaining about a round an honest validator neither votes nor confirms in it or an
//! earlier one; and its complaint about a round reports a certificate as high as any that it has
//! confirmed up to there.

use std::collections::BTreeMap;

use chain::certificate::Stage;
use chain::count::{Height, Round};
use chain::lft::message::Message;

use super::Verdict;
use crate::simulation::shared::Place;
use crate::simulation::words;

#[derive(Debug, Default)]
struct Said {
    complained: Option<Round>,
    confirmed: Vec<Round>,
    ballots: Vec<(Stage, Round)>,
}

#[derive(Debug, Default)]
pub struct Complaints(BTreeMap<(usize, Height), Said>);

impl Complaints {
    pub fn sent(&mut self, place: &Place, message: &Message) -> Verdict {
        let said = self.0.entry((place.at, message.height())).or_default();
        let at = place.at;
        let fault = match message {
            Message::Ballot { ballot, .. } => {
                let again = said.ballots.contains(&(ballot.stage, ballot.round));
                if !again {
                    said.ballots.push((ballot.stage, ballot.round));
                }
                if ballot.stage == Stage::Confirm {
                    said.confirmed.push(ballot.round);
                }
                said.complained >= Some(ballot.round)
            }
            Message::Complaint { complaint, .. } => {
                said.complained = said.complained.max(Some(complaint.round));
                let denied =
                    |round: &Round| *round <= complaint.round && complaint.high < Some(*round);
                said.confirmed.iter().any(denied)
            }
            Message::Proposal { .. } | Message::Justification(_) => false,
        };
        if !fault {
            return Ok(());
        }
        let words = words::message_in_words(message);
        Err(format!("peer {at} said: {words}; before that: {said:?}"))
    }
}
