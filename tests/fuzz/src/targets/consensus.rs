//! What validators say to each other.

use borsh::{BorshDeserialize, BorshSerialize};
use chain::certificate::Certificate;
use chain::count::Round;
use chain::encoding::encode;
use chain::evidence::Evidence;
use chain::hash::Hash;
use chain::keys::{PeerId, verify};
use chain::lft::message::{Justification, Known, Message, Statement};
use chain::lft::standing::{Author, SignedSaid};
use chain::lft::{Effect, Event, Rules, Start, State, step};

use super::SMALL;
use crate::world::{DISHONEST, key, peer, world};
use crate::{Target, Verdict, decoded};

pub const CERTIFICATE: Target = Target {
    name: "certificate",
    decodes: "votes or confirms of a quorum, and complaints of one (chain::certificate)",
    bytes_max: 2048,
    runs: 80_000,
    memory_max: SMALL,
    run: certificate,
    seeds: || {
        let world = world();
        let mut seeds: Vec<Vec<u8>> =
            world.committed.iter().map(|block| encode(&block.certificate)).collect();
        for message in &world.messages {
            match message {
                Message::Complaint { high: Some(high), .. } => seeds.push(encode(high)),
                Message::Justification(justification) => seeds.push(encode(justification)),
                _ => {}
            }
        }
        seeds.sort();
        seeds.dedup();
        seeds
    },
};

fn certificate(bytes: &[u8]) -> Verdict {
    let world = world();
    if let Some(justification) = decoded::<Justification>(bytes) {
        return judge(Message::Justification(justification));
    }
    let Some(certificate) = decoded::<Certificate>(bytes) else { return Verdict::Refused };
    let deciders = &world.known.validators;
    if certificate.check(&world.head.channel, deciders).is_ok() {
        assert!(
            world.book.holds_certificate(&certificate),
            "a forged certificate: {certificate:?}"
        );
        let weight = certificate.signatures.len();
        assert!(weight >= 3, "{weight} of four are no quorum");
    }
    Verdict::Taken
}

pub const MESSAGE: Target = Target {
    name: "message",
    decodes: "BLOCK, VOTE, CONFIRM, COMPLAIN and what led to a round (chain::lft::message)",
    bytes_max: 4096,
    runs: 80_000,
    memory_max: SMALL,
    run: |bytes| decoded::<Message>(bytes).map_or(Verdict::Refused, judge),
    seeds: || world().messages.iter().map(encode).collect(),
};

/// Whether `verify` takes no more than what was signed, and on that channel and height alone.
fn judge(message: Message) -> Verdict {
    let world = world();
    let other = Known { channel: Hash([7; 32]), ..world.known.clone() };
    assert!(verify(message.clone(), &other).is_err(), "a message of another channel");
    if verify(message.clone(), &world.known).is_ok() {
        assert!(world.book.holds(&message), "a forged message: {message:?}");
    }
    Verdict::Taken
}

pub const SAID: Target = Target {
    name: "said",
    decodes: "what others heard a peer say last (chain::lft::standing)",
    bytes_max: 256,
    runs: 50_000,
    memory_max: SMALL,
    run: last_said,
    seeds: || {
        let said = world().messages.iter().filter_map(SignedSaid::of);
        said.map(|(_, signed)| encode(&signed)).collect()
    },
};

fn last_said(bytes: &[u8]) -> Verdict {
    let Some(signed) = decoded::<SignedSaid>(bytes) else { return Verdict::Refused };
    let world = world();
    for number in 1..=DISHONEST {
        let author = Author { channel: world.head.channel, key: key(number).public_key() };
        let other = Author { channel: Hash([7; 32]), ..author };
        assert!(verify(signed, &other).is_err(), "said on another channel: {signed:?}");
        if verify(signed, &author).is_ok() {
            assert!(world.book.holds_last(&peer(number), &signed), "forged: {signed:?}");
        }
    }
    Verdict::Taken
}

pub const EVIDENCE: Target = Target {
    name: "evidence",
    decodes: "proofs that a validator contradicted itself (chain::evidence)",
    bytes_max: 1024,
    runs: 50_000,
    memory_max: SMALL,
    run: evidence,
    seeds: || world().evidence.iter().map(encode).collect(),
};

fn evidence(bytes: &[u8]) -> Verdict {
    let Some(evidence) = decoded::<Evidence>(bytes) else { return Verdict::Refused };
    let world = world();
    for number in 1..=DISHONEST {
        if evidence.is_genuine(&world.head.channel, &key(number).public_key()) {
            assert_eq!(number, DISHONEST, "an honest validator is accused");
            let turned = turned(&evidence);
            let known = world.evidence.contains(&evidence) || world.evidence.contains(&turned);
            assert!(known, "a forged proof: {evidence:?}");
        }
    }
    Verdict::Taken
}

/// The same proof with its two statements the other way round.
fn turned(evidence: &Evidence) -> Evidence {
    use chain::evidence::Contradiction;
    let mut evidence = evidence.clone();
    match &mut evidence.contradiction {
        Contradiction::Proposals { statements, .. } => statements.reverse(),
        Contradiction::Ballots { statements, .. } => statements.reverse(),
        Contradiction::Batches(headers) => headers.reverse(),
        Contradiction::ConfirmAndComplaint { .. } => {}
    }
    evidence
}

pub const STEP: Target = Target {
    name: "step",
    decodes: "events of one height, among them whatever a dishonest validator may sign (chain::lft)",
    bytes_max: 4096,
    runs: 40_000,
    memory_max: SMALL,
    run: |bytes| decoded::<Vec<Told>>(bytes).map_or(Verdict::Refused, play),
    seeds: || {
        let all = 0..u8::try_from(world().messages.len()).expect("they are few");
        let dishonest = world().messages.iter().filter(|m| encode(*m).len() < 1000).take(3);
        let dishonest: Vec<Told> =
            dishonest.cloned().map(|one| Told::Dishonest(Box::new(one))).collect();
        let timeouts = vec![Told::TimedOut(Round(0)), Told::TimedOut(Round(1)), Told::Honest(2)];
        vec![
            encode(&all.clone().map(Told::Honest).collect::<Vec<_>>()),
            encode(&all.rev().map(Told::Honest).collect::<Vec<_>>()),
            encode(&dishonest),
            encode(&timeouts),
            encode(&vec![Told::WorkWaits, Told::Built, Told::Recovered]),
        ]
    },
};

/// What validator 1 is told.
#[derive(BorshSerialize, BorshDeserialize)]
enum Told {
    /// One of the world's messages.
    Honest(u8),
    /// Anything, signed by the dishonest one.
    Dishonest(Box<Message>),
    TimedOut(Round),
    WorkWaits,
    Built,
    Recovered,
}

fn play(events: Vec<Told>) -> Verdict {
    let world = world();
    let rules = Rules {
        me: peer(1),
        channel: world.head.channel,
        timeout_ms: 1_000,
        timeout_ms_max: 60_000,
    };
    let mut state = State::new(Start::after(&world.head, None, false));
    for told in events {
        let mut events = Vec::from_iter(event(&state, told));
        // Answers are events in turn, but not without end.
        for _ in 0..8 {
            let Some(event) = events.pop() else { break };
            let (after, effects) = step(&rules, state, event);
            state = after;
            assert!(effects.len() <= 64, "{} effects of one event", effects.len());
            for effect in effects {
                events.extend(carry_out(&state, effect));
            }
        }
    }
    let size = encode(&state.record).len();
    assert!(size <= 64 << 10, "a record of {size} bytes");
    Verdict::Taken
}

fn event(state: &State, told: Told) -> Option<Event> {
    let world = world();
    let (height, round) = (state.height, state.round);
    Some(match told {
        Told::Honest(at) => {
            let message = world.messages.get(usize::from(at))?;
            // Those of validator 1 are for it to say, or not.
            return (signer(message) != Some(peer(1))).then(|| received(message.clone()))?;
        }
        Told::Dishonest(message) => {
            return received(statement(*message).sign(&world.head.channel, &key(DISHONEST)));
        }
        Told::TimedOut(round) => Event::TimedOut { height, round },
        Told::WorkWaits => Event::WorkWaits,
        Told::Built => {
            let block = Some(world.committed[1].block.clone());
            Event::BlockBuilt { height, round, block }
        }
        Told::Recovered => Event::Recovered,
    })
}

fn signer(message: &Message) -> Option<PeerId> {
    match message {
        Message::Proposal { signer, .. }
        | Message::Ballot { signer, .. }
        | Message::Complaint { signer, .. } => Some(*signer),
        Message::Justification(_) => None,
    }
}

fn statement(message: Message) -> Statement {
    match message {
        Message::Proposal { proposal, .. } => Statement::Propose(proposal),
        Message::Ballot { ballot, .. } => Statement::Ballot(ballot),
        Message::Complaint { complaint, high, .. } => Statement::Complain(complaint, high),
        Message::Justification(justification) => Statement::PassOn(justification),
    }
}

fn received(message: Message) -> Option<Event> {
    let verified = verify(message, &world().known).ok()?;
    Some(Event::Received(Box::new(verified)))
}

/// What is judged of an effect, and the event that answers it.
fn carry_out(state: &State, effect: Effect) -> Option<Event> {
    let world = world();
    let channel = world.head.channel;
    match effect {
        Effect::Send(statement) => {
            let message = statement.sign(&channel, &key(1));
            let verified = verify(message, &world.known).expect("what is sent verifies");
            Some(Event::Received(Box::new(verified)))
        }
        Effect::CheckBlock(block) => {
            let valid = world.head.check(&block).is_ok();
            Some(Event::BlockChecked { height: state.height, block: block.hash(), valid })
        }
        Effect::Commit(committed) => {
            assert_eq!(
                world.head.check_committed(&committed),
                Ok(()),
                "committed without a quorum"
            );
            None
        }
        Effect::Accuse(evidence) => {
            let accused = key(DISHONEST).public_key();
            assert!(
                evidence.is_genuine(&channel, &accused),
                "an honest one is accused: {evidence:?}"
            );
            None
        }
        Effect::Persist(_)
        | Effect::SetTimer { .. }
        | Effect::BuildBlock { .. }
        | Effect::FetchBlock { .. } => None,
    }
}
