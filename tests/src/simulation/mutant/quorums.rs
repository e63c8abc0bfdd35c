//! Quorums that are too small. The shipped arithmetic cannot be told a lower threshold, so a set of
//! validators is made in which those who signed weigh nearly everything.

use std::collections::BTreeSet;

use chain::block::Block;
use chain::count::{Height, Sequence, Weight};
use chain::hash::Hash;
use chain::keys::PeerId;
use chain::ledger::Head;
use chain::lft::message::{Justification, Message};
use chain::membership::{Change, Entry, Member, Membership, Role};
use chain::validators::{Validator, ValidatorSet};

use super::Mutant;
use crate::simulation::shared::Shared;

/// Weight of those that shall be a quorum; of all others 1.
const NEARLY_ALL: u64 = 1 << 20;

// The same validators in the same order, with other weights and groups.
fn remade(validators: &ValidatorSet, change: impl Fn(&Validator) -> (u64, String)) -> ValidatorSet {
    let member = |validator: &Validator| {
        let (weight, group) = change(validator);
        Member {
            key: validator.key,
            order: validator.order,
            weight: Weight(weight),
            group,
            role: Role::Validator,
            target: String::new(),
        }
    };
    let mut members = validators.all().iter().map(member);
    let mut membership = Membership::new(members.next().expect("there are validators"));
    for (at, member) in members.enumerate() {
        let (channel, sequence) = (Hash::ZERO, Sequence(at as u64 + 1));
        membership.apply(&Entry { channel, sequence, change: Change::Join(member) });
    }
    ValidatorSet::of(&membership, None)
}

/// The validators as the mutant sees them.
pub fn seen(mutant: Mutant, shared: &Shared, validators: &ValidatorSet) -> ValidatorSet {
    match mutant {
        Mutant::GroupsFromMessage => {}
        // What is made anew has no ratio.
        Mutant::RatioIgnored => return remade(validators, |v| (v.weight.0, v.group.clone())),
        _ => return validators.clone(),
    }
    let dishonest = shared.plan.dishonest();
    let honest = validators.all().iter().find(|v| !dishonest.contains(&v.peer));
    let Some(group) = honest.map(|v| v.group.clone()) else { return validators.clone() };
    remade(validators, |v| {
        let claimed = if dishonest.contains(&v.peer) { &group } else { &v.group };
        (v.weight.0, claimed.clone())
    })
}

// Whether `signers` are enough for the mutant, and not for the rules.
fn is_weak(mutant: Mutant, validators: &ValidatorSet, signers: &BTreeSet<PeerId>) -> bool {
    let weight = |v: &Validator| v.weight.0;
    let total: u64 = validators.all().iter().map(weight).sum();
    let inside: u64 =
        validators.all().iter().filter(|v| signers.contains(&v.peer)).map(weight).sum();
    match mutant {
        Mutant::QuorumOfHalf => 2 * inside >= total,
        Mutant::QuorumOf65 => 100 * inside >= 65 * total,
        _ => false,
    }
}

/// A set in which `signers` are a quorum, if they are one for the mutant.
pub fn lowered(
    mutant: Mutant,
    validators: &ValidatorSet,
    signers: &BTreeSet<PeerId>,
) -> Option<ValidatorSet> {
    is_weak(mutant, validators, signers).then(|| weighed(validators, signers))
}

/// The same validators, of which `heavy` weigh nearly everything.
pub fn weighed(validators: &ValidatorSet, heavy: &BTreeSet<PeerId>) -> ValidatorSet {
    remade(validators, |v| {
        let weight = if heavy.contains(&v.peer) { NEARLY_ALL } else { 1 };
        (weight, v.peer.to_string())
    })
}

/// A set in which all certificates of `message` have quorums, if they have for the mutant.
pub fn forged_for(
    mutant: Mutant,
    message: &Message,
    validators: &ValidatorSet,
) -> Option<ValidatorSet> {
    let of = |justification: &Justification| {
        let complaints = justification.complaints.complaints.iter().map(|(peer, ..)| *peer);
        let mut sets = vec![complaints.collect::<BTreeSet<PeerId>>()];
        let high = justification.high.iter();
        sets.extend(high.map(|c| c.signatures.iter().map(|(peer, _)| *peer).collect()));
        sets
    };
    let sets = match message {
        Message::Proposal { proposal, .. } => of(proposal.justification.as_ref()?),
        Message::Justification(justification) => of(justification),
        Message::Complaint { high, .. } => {
            vec![high.as_ref()?.signatures.iter().map(|(peer, _)| *peer).collect()]
        }
        Message::Ballot { .. } => return None,
    };
    let shared = sets.iter().skip(1).fold(sets[0].clone(), |shared, set| &shared & set);
    let enough = sets.iter().all(|set| is_weak(mutant, validators, set)) && !shared.is_empty();
    enough.then(|| weighed(validators, &shared))
}

/// A head that takes the certificate in `block` if the mutant does.
pub fn lenient(mutant: Mutant, shared: &Shared, head: &Head, block: &Block) -> Head {
    let mut lenient = head.clone();
    if head.height == Height(0) {
        return lenient;
    }
    lenient.deciders = seen(mutant, shared, &head.deciders);
    if let Some(certificate) = &block.previous_certificate {
        let signers = certificate.signatures.iter().map(|(peer, _)| *peer).collect();
        if let Some(validators) = lowered(mutant, &lenient.deciders, &signers) {
            lenient.deciders = validators;
        }
    }
    lenient
}
