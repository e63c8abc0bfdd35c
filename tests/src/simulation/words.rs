//! Events and effects in words, and as numbers that tell them apart.

use chain::certificate::Stage;
use chain::hash::Hash;
use chain::lft::message::{Ballot, Justification, Message, Proposal, Statement};
use chain::lft::{Effect, Event, Record};

use super::packet::{Packet, Response};
use super::trace::print_of;

fn first(hash: &Hash) -> u64 {
    u64::from_le_bytes(hash.0[..8].try_into().unwrap_or_default())
}

fn mixed(kind: u64, parts: &[u64]) -> u64 {
    let mix = |print: u64, part: &u64| (print ^ part).wrapping_mul(0x100_0000_01b3).rotate_left(17);
    parts.iter().fold(kind, mix)
}

pub fn event_print(event: &Event) -> u64 {
    match event {
        Event::Recovered => 1,
        Event::Received(message) => mixed(2, &[print_of::<Message>(message)]),
        Event::WorkWaits => 3,
        Event::BlockBuilt { height, round, block } => {
            mixed(4, &[height.0, round.0, block.as_ref().map_or(0, |b| first(&b.hash()))])
        }
        Event::BlockChecked { height, block, valid } => {
            mixed(5, &[height.0, first(block), u64::from(*valid)])
        }
        Event::BlockFound(block) => mixed(6, &[first(&block.hash())]),
        Event::TimedOut { height, round } => mixed(7, &[height.0, round.0]),
        Event::Committed(start) => mixed(8, &[start.height.0]),
    }
}

pub fn effect_print(effect: &Effect) -> u64 {
    match effect {
        Effect::Persist(record) => mixed(11, &[print_of(record.as_ref())]),
        Effect::Send(statement) => mixed(12, &[statement_print(statement)]),
        Effect::SetTimer { height, round, timeout_ms } => {
            mixed(13, &[height.0, round.0, *timeout_ms])
        }
        Effect::BuildBlock { height, round } => mixed(14, &[height.0, round.0]),
        Effect::CheckBlock(block) => mixed(15, &[first(&block.hash())]),
        Effect::FetchBlock { height, block } => mixed(16, &[height.0, first(block)]),
        Effect::Commit(committed) => mixed(17, &[print_of(committed.as_ref())]),
        Effect::Accuse(evidence) => mixed(18, &[print_of(evidence.as_ref())]),
    }
}

fn statement_print(statement: &Statement) -> u64 {
    match statement {
        Statement::Propose(proposal) => print_of(&(0_u8, proposal)),
        Statement::Ballot(ballot) => print_of(&(1_u8, ballot)),
        Statement::Complain(complaint, high) => print_of(&(2_u8, complaint, high)),
        Statement::PassOn(justification) => print_of(&(3_u8, justification)),
    }
}

pub fn event(event: &Event) -> String {
    match event {
        Event::Recovered => "started again".to_string(),
        Event::Received(message) => format!("received {}", message_in_words(message)),
        Event::WorkWaits => "work waits".to_string(),
        Event::BlockBuilt { height, round, block: None } => {
            format!("nothing to put into block {height} of round {round}")
        }
        Event::BlockBuilt { height, round, block: Some(block) } => {
            format!("built {:?} for {height} round {round}", block.hash())
        }
        Event::BlockChecked { height, block, valid } => {
            format!("block {block:?} of {height} is {}", if *valid { "valid" } else { "refused" })
        }
        Event::BlockFound(block) => format!("found block {:?}", block.hash()),
        Event::TimedOut { height, round } => format!("{height} round {round} timed out"),
        Event::Committed(start) => {
            format!("height {} begins, base leader {}", start.height, start.base_leader)
        }
    }
}

pub fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Persist(record) => format!("persist {}", record_in_words(record)),
        Effect::Send(statement) => format!("send {}", statement_in_words(statement)),
        Effect::SetTimer { height, round, timeout_ms } => {
            format!("timer of {height} round {round}: {timeout_ms} ms")
        }
        Effect::BuildBlock { height, round } => format!("build a block for {height} round {round}"),
        Effect::CheckBlock(block) => format!("check block {:?}", block.hash()),
        Effect::FetchBlock { height, block } => format!("fetch block {block:?} of {height}"),
        Effect::Commit(committed) => {
            let (block, round) = (&committed.block, committed.certificate.round);
            format!("commit {:?} at {} by round {round}", block.hash(), block.header.height)
        }
        Effect::Accuse(evidence) => format!("accuse {:?}: {:?}", evidence.signer, evidence),
    }
}

fn record_in_words(record: &Record) -> String {
    let Record { height, voted, complained, high, proposed, entered, .. } = record;
    let high = high.as_ref().map(|c| (c.round, c.block));
    let proposed = proposed.as_ref().map(|p| (p.round, p.block.hash()));
    let entered = entered.as_ref().map(|j| j.complaints.round);
    format!(
        "{height}: voted {voted:?}, complained {complained:?}, high {high:?}, \
         proposed {proposed:?}, entered after {entered:?}"
    )
}

fn statement_in_words(statement: &Statement) -> String {
    match statement {
        Statement::Propose(proposal) => proposal_in_words(proposal),
        Statement::Ballot(ballot) => ballot_in_words(ballot),
        Statement::Complain(complaint, _) => {
            format!(
                "COMPLAIN {} round {}, high {:?}",
                complaint.height, complaint.round, complaint.high
            )
        }
        Statement::PassOn(justification) => justification_in_words(justification),
    }
}

/// What arrives from another peer, in a line.
pub fn packet(from: usize, packet: &Packet) -> String {
    match packet {
        Packet::Message(letter) => format!("← {from}: {}", message_in_words(&letter.message)),
        Packet::Status(height) => format!("← {from}: height {height}"),
        Packet::Batch(parcel) => {
            let batch = &parcel.reference;
            format!("← {from}: batch {} of {:?} {:?}", batch.number, batch.maker, batch.hash)
        }
        Packet::Entry(signed) => {
            format!("← {from}: entry {} {:?}", signed.entry.sequence, signed.entry.change)
        }
        Packet::Evidence(evidence) => format!("← {from}: evidence {evidence:?}"),
        Packet::Ask { number, request } => format!("← {from}: asks {number:x} {request:?}"),
        Packet::Answer { number, response } => {
            let what = match response {
                Response::Batches(parcels) => format!("{} batches", parcels.len()),
                Response::Block(block) => format!("block {:?}", block.hash()),
                Response::Blocks(blocks) => format!("{} committed blocks", blocks.len()),
                Response::LastSaid(said) => format!("{said:?}"),
                Response::Nothing => "nothing".to_string(),
            };
            format!("← {from}: answers {number:x}: {what}")
        }
    }
}

/// A message in a line.
pub fn message_in_words(message: &Message) -> String {
    match message {
        Message::Proposal { proposal, signer, .. } => {
            format!("{} from {signer:?}", proposal_in_words(proposal))
        }
        Message::Ballot { ballot, signer, .. } => {
            format!("{} from {signer:?}", ballot_in_words(ballot))
        }
        Message::Complaint { complaint, signer, .. } => format!(
            "COMPLAIN {} round {}, high {:?}, from {signer:?}",
            complaint.height, complaint.round, complaint.high
        ),
        Message::Justification(justification) => justification_in_words(justification),
    }
}

fn proposal_in_words(proposal: &Proposal) -> String {
    let Proposal { height, round, block, justification } = proposal;
    let because = justification.as_ref().map_or(String::new(), |justification| {
        format!(", because of {}", justification_in_words(justification))
    });
    format!("BLOCK {height} round {round} {:?}{because}", block.hash())
}

fn ballot_in_words(ballot: &Ballot) -> String {
    let stage = if ballot.stage == Stage::Vote { "VOTE" } else { "CONFIRM" };
    format!("{stage} {} round {} {:?}", ballot.height, ballot.round, ballot.block)
}

fn justification_in_words(justification: &Justification) -> String {
    let Justification { complaints, high } = justification;
    let signers: Vec<_> = complaints.complaints.iter().map(|(peer, ..)| peer).collect();
    let high = high.as_ref().map(|c| (c.round, c.block));
    format!("complaints about {} by {signers:?}, high {high:?}", complaints.round)
}
