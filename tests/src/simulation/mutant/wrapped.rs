//! Mutants made around `lft::step`: a state changed before it, effects and state after it.

use std::collections::BTreeSet;
use std::rc::Rc;

use chain::block::Block;
use chain::certificate::Stage;
use chain::count::Round;
use chain::keys::PeerId;
use chain::lft::message::{Ballot, Known, Message, Proposal, Statement};
use chain::lft::{self, Effect, Event, Record, State};

use super::{Heard, Mutant, quorums, verify};
use crate::simulation::node::Turn;
use crate::simulation::packet::Letter;

/// `lft::step`, or what a mutant makes of it.
pub fn step(turn: &mut Turn<'_>, state: State, event: Event) -> (State, Vec<Effect>) {
    match turn.shared.mutant {
        Some(Mutant::ConfirmsAfterComplaining) => forgetful(turn, state, event, is_vote),
        Some(Mutant::VotesAfterComplaining) => forgetful(turn, state, event, is_about_block),
        Some(Mutant::NoJoin) => without_joining(turn, state, event),
        Some(Mutant::NothingSaidAgain) => without_saying_again(turn, state, event),
        Some(Mutant::HighNotReported) => without_reporting(turn, state, event),
        Some(Mutant::IgnoresHigh) => ignoring_high(turn, state, event),
        Some(Mutant::StaleValidators) => with_stale_validators(turn, state, event),
        Some(mutant @ (Mutant::QuorumOfHalf | Mutant::QuorumOf65)) => {
            with_low_quorum(mutant, turn, state, event)
        }
        Some(Mutant::DropsEvidence) => {
            without(turn, state, event, |effect| matches!(effect, Effect::Accuse(_)))
        }
        Some(Mutant::NotPassedOn) => without(turn, state, event, is_passed_on),
        Some(mutant @ (Mutant::GroupsFromMessage | Mutant::RatioIgnored)) => {
            let mut state = state;
            state.validators = quorums::seen(mutant, turn.shared, &state.validators);
            lft::step(&turn.mind.rules, state, event)
        }
        _ => lft::step(&turn.mind.rules, state, event),
    }
}

fn without(
    turn: &Turn<'_>,
    state: State,
    event: Event,
    dropped: fn(&Effect) -> bool,
) -> (State, Vec<Effect>) {
    let (state, mut effects) = lft::step(&turn.mind.rules, state, event);
    effects.retain(|effect| !dropped(effect));
    (state, effects)
}

fn is_passed_on(effect: &Effect) -> bool {
    matches!(effect, Effect::Send(statement) if matches!(**statement, Statement::PassOn(_)))
}

fn is_vote(event: &Event) -> bool {
    let Event::Received(message) = event else { return false };
    matches!(&***message, Message::Ballot { ballot, .. } if ballot.stage == Stage::Vote)
}

fn is_about_block(event: &Event) -> bool {
    match event {
        Event::Received(message) => matches!(&***message, Message::Proposal { .. }),
        Event::BlockChecked { .. } => true,
        _ => false,
    }
}

// The peer does not remember that it complained while it is told such an event.
fn forgetful(
    turn: &Turn<'_>,
    mut state: State,
    event: Event,
    when: fn(&Event) -> bool,
) -> (State, Vec<Effect>) {
    let forgotten = if when(&event) { state.record.complained.take() } else { None };
    let (mut state, mut effects) = lft::step(&turn.mind.rules, state, event);
    let remember = |record: &mut Record| record.complained = record.complained.max(forgotten);
    remember(&mut state.record);
    each_record(&mut effects, remember);
    (state, effects)
}

fn each_record(effects: &mut [Effect], change: impl Fn(&mut Record)) {
    for effect in effects {
        if let Effect::Persist(record) = effect {
            change(record);
        }
    }
}

fn is_complaint(effect: &Effect) -> bool {
    matches!(effect, Effect::Send(statement) if matches!(**statement, Statement::Complain(..)))
}

// A peer that complains already takes back that it complained about a later round. One that does
// not is told of a set in which it weighs nearly everything, so that the others' complaints are
// nothing to it: its timer must not start either.
fn without_joining(turn: &Turn<'_>, state: State, event: Event) -> (State, Vec<Effect>) {
    let of_other = matches!(&event, Event::Received(message)
        if matches!(&***message, Message::Complaint { .. }));
    if !of_other {
        return lft::step(&turn.mind.rules, state, event);
    }
    let rules = &turn.mind.rules;
    let (before, round) = (state.record.complained, state.round);
    let (mut after, mut effects) = lft::step(rules, state.clone(), event.clone());
    if after.record.complained == before || after.round > round {
        return (after, effects);
    }
    if before >= Some(round) {
        after.record.complained = before;
        each_record(&mut effects, |record| record.complained = before);
        effects.retain(|effect| !is_complaint(effect));
        return (after, effects);
    }
    let truth = state.validators.clone();
    let mut state = state;
    state.validators = quorums::weighed(&truth, &BTreeSet::from([turn.place.me]));
    let (mut state, effects) = lft::step(rules, state, event);
    state.validators = truth;
    (state, effects)
}

fn without_saying_again(turn: &Turn<'_>, state: State, event: Event) -> (State, Vec<Effect>) {
    let timed_out = matches!(event, Event::TimedOut { .. });
    let before = state.record.complained;
    let (state, mut effects) = lft::step(&turn.mind.rules, state, event);
    if timed_out {
        let again = state.record.complained == before;
        effects.retain(|effect| match effect {
            Effect::Send(_) => is_complaint(effect) && !again,
            _ => true,
        });
    }
    (state, effects)
}

fn without_reporting(turn: &Turn<'_>, state: State, event: Event) -> (State, Vec<Effect>) {
    let (state, mut effects) = lft::step(&turn.mind.rules, state, event);
    for effect in &mut effects {
        if let Effect::Send(statement) = effect
            && let Statement::Complain(complaint, high) = statement.as_mut()
        {
            complaint.high = None;
            *high = None;
        }
    }
    (state, effects)
}

fn with_stale_validators(turn: &Turn<'_>, state: State, event: Event) -> (State, Vec<Effect>) {
    let event = match event {
        Event::Committed(mut start) => {
            start.validators = turn.mind.head.deciders.clone();
            Event::Committed(start)
        }
        other => other,
    };
    lft::step(&turn.mind.rules, state, event)
}

// Counts ballots and complaints itself; when those heard are enough for the mutant, the validators
// are weighed so that they are for the rules too.
fn with_low_quorum(
    mutant: Mutant,
    turn: &mut Turn<'_>,
    mut state: State,
    event: Event,
) -> (State, Vec<Effect>) {
    let rules = turn.mind.rules.clone();
    let heard = &mut turn.mind.heard;
    let signers: BTreeSet<PeerId> = match &event {
        Event::Committed(_) => {
            *heard = Heard::default();
            BTreeSet::new()
        }
        Event::Received(message) => match &***message {
            Message::Ballot { ballot, signer, .. } => {
                let Ballot { stage, round, block, .. } = *ballot;
                let all = heard.ballots.entry((stage, round, block)).or_default();
                all.insert(*signer);
                all.clone()
            }
            Message::Complaint { complaint, signer, .. } => {
                let last = heard.complaints.entry(*signer).or_insert(complaint.round);
                *last = complaint.round.max(*last);
                let about = heard.complaints.iter().filter(|(_, r)| **r == complaint.round);
                about.map(|(signer, _)| *signer).collect()
            }
            Message::Proposal { .. } | Message::Justification(_) => BTreeSet::new(),
        },
        _ => BTreeSet::new(),
    };
    let begins = matches!(event, Event::Committed(_));
    let truth = state.validators.clone();
    if let Some(validators) = quorums::lowered(mutant, &truth, &signers) {
        state.validators = validators;
    }
    let (mut state, effects) = lft::step(&rules, state, event);
    if !begins {
        state.validators = truth;
    }
    (state, effects)
}

fn ignoring_high(turn: &mut Turn<'_>, state: State, event: Event) -> (State, Vec<Effect>) {
    if let Event::Received(message) = &event
        && let Message::Proposal { proposal, signer, .. } = &***message
        && is_disobedient(proposal, signer, &state)
    {
        return vote_all_the_same(turn, state, proposal.clone());
    }
    let rules = turn.mind.rules.clone();
    let (mut state, mut effects) = lft::step(&rules, state, event);
    let obeyed = effects.iter().find_map(|effect| match effect {
        Effect::Send(statement) => match statement.as_ref() {
            Statement::Propose(proposal) if obliged(proposal) => Some(proposal.clone()),
            _ => None,
        },
        _ => None,
    });
    if let Some(obeyed) = obeyed.filter(|p| p.block.header.maker != turn.place.me)
        && let Some(block) = turn.build_block()
    {
        replace(&mut state.record, &obeyed, &block);
        each_record(&mut effects, |record| replace(record, &obeyed, &block));
        for effect in &mut effects {
            replace_said(effect, &obeyed, &block);
        }
    }
    (state, effects)
}

fn obliged(proposal: &Proposal) -> bool {
    proposal.justification.as_ref().is_some_and(|j| j.complaints.high().is_some())
}

fn is_disobedient(proposal: &Proposal, signer: &PeerId, state: &State) -> bool {
    let high = proposal.justification.as_ref().and_then(|j| j.high.as_ref());
    obliged(proposal)
        && *signer == state.leader(proposal.round)
        && proposal.block.header.maker == *signer
        && high.is_some_and(|high| high.block != proposal.block.hash())
}

// Rule 1 without its last condition.
fn vote_all_the_same(
    turn: &mut Turn<'_>,
    state: State,
    proposal: Proposal,
) -> (State, Vec<Effect>) {
    let Proposal { height, round, block, justification } = proposal;
    let rules = turn.mind.rules.clone();
    let Some(justification) = justification else { return (state, Vec::new()) };
    let (channel, validators) = (rules.channel, state.validators.clone());
    let letter = Letter::new(Message::Justification(justification));
    let known = Rc::new(Known { channel, height, validators });
    let Ok(message) = verify(turn.shared, &letter, &known) else { return (state, Vec::new()) };
    let (mut state, mut effects) = lft::step(&rules, state, Event::Received(Box::new(message)));
    let now_us = turn.now_us();
    let valid = turn.mind.head.check_proposed(&block, now_us).is_ok()
        && block.batches.iter().all(|batch| turn.mind.pool.holds(batch));
    let voted = state.record.voted.map(|(round, _)| round);
    let open = voted < Some(round) && state.record.complained < Some(round);
    let decides = state.validators.get(&rules.me).is_some();
    if valid && open && decides && (state.height, state.round) == (height, round) {
        vote(&mut state, &mut effects, round, block);
    }
    (state, effects)
}

fn vote(state: &mut State, effects: &mut Vec<Effect>, round: Round, block: Block) {
    let hash = block.hash();
    state.record.voted = Some((round, hash));
    state.record.block = Some(block);
    effects.push(Effect::Persist(Box::new(state.record.clone())));
    let ballot = Ballot { stage: Stage::Vote, height: state.height, round, block: hash };
    effects.push(Effect::Send(Box::new(Statement::Ballot(ballot))));
}

fn replace(record: &mut Record, obeyed: &Proposal, block: &Block) {
    if record.proposed.as_ref() == Some(obeyed) {
        record.proposed = Some(Proposal { block: block.clone(), ..obeyed.clone() });
        if record.voted == Some((obeyed.round, obeyed.block.hash())) {
            record.voted = Some((obeyed.round, block.hash()));
            record.block = Some(block.clone());
        }
    }
}

fn replace_said(effect: &mut Effect, obeyed: &Proposal, block: &Block) {
    let Effect::Send(statement) = effect else { return };
    match statement.as_mut() {
        Statement::Propose(proposal) if proposal == obeyed => proposal.block = block.clone(),
        Statement::Ballot(ballot)
            if ballot.round == obeyed.round && ballot.block == obeyed.block.hash() =>
        {
            ballot.block = block.hash();
        }
        _ => {}
    }
}
