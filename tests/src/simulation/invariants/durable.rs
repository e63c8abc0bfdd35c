//! What an honest peer signs is on its disk before.

use chain::certificate::Stage;
use chain::lft::Record;
use chain::lft::message::Message;

use super::Verdict;
use crate::simulation::words;

pub fn check(message: &Message, record: Option<&Record>) -> Verdict {
    let height = message.height();
    let none = Record::at(height);
    let record = record.filter(|record| record.height == height).unwrap_or(&none);
    let durable = match message {
        Message::Proposal { proposal, .. } => record.proposed.as_ref() == Some(proposal),
        Message::Ballot { ballot, .. } if ballot.stage == Stage::Vote => {
            let voted = record.voted == Some((ballot.round, ballot.block));
            let block = record.block.as_ref().map(|block| block.hash());
            voted && block == Some(ballot.block)
        }
        Message::Ballot { ballot, .. } => record.high.as_ref().is_some_and(|high| {
            high.round > ballot.round || (high.round, high.block) == (ballot.round, ballot.block)
        }),
        Message::Complaint { complaint, high, .. } => {
            record.complained >= Some(complaint.round) && record.high == *high
        }
        Message::Justification(_) => true,
    };
    if durable {
        return Ok(());
    }
    Err(format!("{}; on disk: {record:?}", words::message_in_words(message)))
}
