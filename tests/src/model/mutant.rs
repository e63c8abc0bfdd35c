//! Rules broken on purpose around the shipped `step`, to see that the search notices.

use std::collections::BTreeSet;
use std::fmt;

use chain::certificate::Stage;
use chain::count::{Sequence, Weight};
use chain::hash::Hash;
use chain::keys::PeerId;
use chain::lft::message::{Ballot, Known, Message, Proposal, Statement};
use chain::lft::{self, Effect, Event, Record, Rules, State};
use chain::membership::{Change, Entry, Member, Membership, Role};
use chain::validators::ValidatorSet;

/// A broken rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    ConfirmsAfterComplaining,
    IgnoresHigh,
    QuorumOfHalf,
    HighNotReported,
    HighNotPersisted,
    VoteNotPersisted,
    ComplaintNotPersisted,
}

impl Mutant {
    /// All of them, by number.
    pub const ALL: [Mutant; 7] = [
        Mutant::ConfirmsAfterComplaining,
        Mutant::IgnoresHigh,
        Mutant::QuorumOfHalf,
        Mutant::HighNotReported,
        Mutant::HighNotPersisted,
        Mutant::VoteNotPersisted,
        Mutant::ComplaintNotPersisted,
    ];

    /// Place of the dishonest validator at which it does harm.
    pub fn place(self) -> usize {
        match self {
            Mutant::IgnoresHigh | Mutant::QuorumOfHalf => 1,
            Mutant::VoteNotPersisted => 0,
            _ => 3,
        }
    }

    /// Whether it does harm only where power fails.
    pub fn needs_crashes(self) -> bool {
        use Mutant::{ComplaintNotPersisted, HighNotPersisted, VoteNotPersisted};
        matches!(self, HighNotPersisted | VoteNotPersisted | ComplaintNotPersisted)
    }
}

impl fmt::Display for Mutant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Mutant::ConfirmsAfterComplaining => "confirm after complaining",
            Mutant::IgnoresHigh => "voters may ignore the reported high",
            Mutant::QuorumOfHalf => "quorum of half the weight",
            Mutant::HighNotReported => "complaints never report high",
            Mutant::HighNotPersisted => "high not persisted before CONFIRM",
            Mutant::VoteNotPersisted => "vote not persisted",
            Mutant::ComplaintNotPersisted => "complaint not persisted",
        })
    }
}

/// What reaches the disk of a record.
pub fn stored(mutant: Option<Mutant>, record: &Record) -> Record {
    let record = record.clone();
    match mutant {
        Some(Mutant::HighNotPersisted) => Record { high: None, ..record },
        Some(Mutant::VoteNotPersisted) => {
            Record { voted: None, block: None, earlier: Vec::new(), ..record }
        }
        Some(Mutant::ComplaintNotPersisted) => Record { complained: None, ..record },
        _ => record,
    }
}

/// Whether `signers` are a quorum for the mutant.
pub fn is_weak_quorum(
    mutant: Option<Mutant>,
    validators: &ValidatorSet,
    signers: &BTreeSet<PeerId>,
) -> bool {
    let weight = |validator: &chain::validators::Validator| validator.weight.0;
    let total: u64 = validators.all().iter().map(weight).sum();
    let signed = validators.all().iter().filter(|v| signers.contains(&v.peer));
    mutant == Some(Mutant::QuorumOfHalf) && 2 * signed.map(weight).sum::<u64>() >= total
}

// The shipped arithmetic cannot be told a lower threshold, so a set of validators is made in which
// those who signed weigh nearly everything.
fn weighed(validators: &ValidatorSet, heavy: &BTreeSet<PeerId>) -> ValidatorSet {
    let mut members = validators.all().iter().map(|validator| Member {
        key: validator.key,
        order: validator.order,
        weight: Weight(if heavy.contains(&validator.peer) { 1 << 20 } else { 1 }),
        group: validator.peer.to_string(),
        role: Role::Validator,
        target: String::new(),
    });
    let mut membership = Membership::new(members.next().expect("there are validators"));
    for (at, member) in members.enumerate() {
        let (channel, sequence) = (Hash::ZERO, Sequence(at as u64 + 1));
        membership.apply(&Entry { channel, sequence, change: Change::Join(member) });
    }
    ValidatorSet::of(&membership, None)
}

/// What the mutant checks certificates in messages against. Every one that the search makes bears
/// the dishonest validator's signature, and is enough by the mutant's own count.
pub fn known(mutant: Option<Mutant>, known: Known, dishonest: PeerId) -> Option<Known> {
    let heavy = Some(dishonest).filter(|_| mutant == Some(Mutant::QuorumOfHalf))?;
    let validators = weighed(&known.validators, &BTreeSet::from([heavy]));
    Some(Known { validators, ..known })
}

/// `lft::step`, or what a mutant makes of it. `signers` have signed the ballot that is told.
pub fn step(
    mutant: Option<Mutant>,
    rules: &Rules,
    state: State,
    event: Event,
    signers: Option<&BTreeSet<PeerId>>,
    verify: &dyn Fn(Message) -> Event,
) -> (State, Vec<Effect>) {
    match (mutant, signers) {
        (Some(Mutant::ConfirmsAfterComplaining), _) => forgetful(rules, state, event),
        (Some(Mutant::IgnoresHigh), _) => ignoring_high(rules, state, event, verify),
        (Some(Mutant::HighNotReported), _) => without_reporting(rules, state, event),
        (Some(Mutant::QuorumOfHalf), Some(signers)) => {
            let mut state = state;
            let truth = state.validators.clone();
            state.validators = weighed(&truth, signers);
            let (mut state, effects) = lft::step(rules, state, event);
            state.validators = truth;
            (state, effects)
        }
        _ => lft::step(rules, state, event),
    }
}

// Does not remember that it complained while it is told of a vote.
fn forgetful(rules: &Rules, mut state: State, event: Event) -> (State, Vec<Effect>) {
    let is_vote = matches!(&event, Event::Received(message)
        if matches!(&***message, Message::Ballot { ballot, .. } if ballot.stage == Stage::Vote));
    let forgotten = if is_vote { state.record.complained.take() } else { None };
    let (mut state, mut effects) = lft::step(rules, state, event);
    let remember = |record: &mut Record| record.complained = record.complained.max(forgotten);
    remember(&mut state.record);
    for effect in &mut effects {
        if let Effect::Persist(record) = effect {
            remember(record);
        }
    }
    (state, effects)
}

fn without_reporting(rules: &Rules, state: State, event: Event) -> (State, Vec<Effect>) {
    let (state, mut effects) = lft::step(rules, state, event);
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

// Rule 1 without its last condition: votes for a new block where the complaints oblige to another.
fn ignoring_high(
    rules: &Rules,
    state: State,
    event: Event,
    verify: &dyn Fn(Message) -> Event,
) -> (State, Vec<Effect>) {
    let disobedient = match &event {
        Event::Received(message) => match &***message {
            Message::Proposal { proposal, .. } => Some(proposal.clone()).filter(is_disobedient),
            _ => None,
        },
        _ => None,
    };
    let Some(Proposal { height, round, block, justification: Some(justification) }) = disobedient
    else {
        return lft::step(rules, state, event);
    };
    let (mut state, mut effects) =
        lft::step(rules, state, verify(Message::Justification(justification)));
    let voted = state.record.voted.map(|(round, _)| round);
    let open = voted < Some(round) && state.record.complained < Some(round);
    if open && state.round == round {
        let hash = block.hash();
        state.record.voted = Some((round, hash));
        state.record.block = Some(block);
        effects.push(Effect::Persist(Box::new(state.record.clone())));
        let ballot = Ballot { stage: Stage::Vote, height, round, block: hash };
        effects.push(Effect::Send(Box::new(Statement::Ballot(ballot))));
    }
    (state, effects)
}

fn is_disobedient(proposal: &Proposal) -> bool {
    let Some(justification) = &proposal.justification else { return false };
    let high = justification.high.as_ref();
    justification.complaints.high().is_some()
        && high.is_some_and(|high| high.block != proposal.block.hash())
}
