//! What is told of a failing seed: what broke, the smallest plan that breaks it, and what each peer
//! last did, in words.

use std::fmt::Write;
use std::rc::Rc;

use super::invariants::{Invariant, Violation};
use super::mutant::Mutant;
use super::plan::Plan;
use super::profile::Profile;
use super::shrink::shrink;
use super::world::{self, Options};

/// The whole of it.
pub fn report(profile: Profile, seed: u64, violation: &Violation, options: &Options) -> String {
    let plan = Plan::new(profile, seed);
    let small = shrink(&plan, options, violation.invariant);
    let in_words = Options { words: true, ..*options };
    let outcome = world::run(&Rc::new(small.clone()), &in_words);
    let mut text = String::new();
    let broken = outcome.violation.unwrap_or(violation.clone());
    let _ = writeln!(text, "seed {seed}, profile {profile}: {}", violation.invariant.name());
    let _ = writeln!(text, "  {}", violation.what);
    let _ = writeln!(
        text,
        "in the smallest plan found ({} of {} troubles):",
        small.troubles.len(),
        plan.troubles.len()
    );
    let _ = writeln!(text, "  {}", broken.what);
    describe(&mut text, &small);
    for (at, words) in outcome.words.iter().enumerate() {
        let _ = writeln!(text, "\npeer {at}, its last {} events:", words.len());
        words.iter().for_each(|line| {
            let _ = writeln!(text, "  {line}");
        });
    }
    let number = options.mutant.and_then(|m| Mutant::ALL.iter().position(|other| *other == m));
    let mutant = number.map_or(String::new(), |number| format!(" --mutant {number}"));
    let number = options.only.and_then(|o| Invariant::ALL.iter().position(|other| *other == o));
    let only = number.map_or(String::new(), |number| format!(" --only {number}"));
    let _ = writeln!(text, "\nagain: simulate --seed {seed} --profile {profile}{mutant}{only}");
    text
}

fn describe(text: &mut String, plan: &Plan) {
    let _ = writeln!(text, "  pace: {:?}", plan.pace);
    let _ = writeln!(text, "  links: {:?}, then {:?}", plan.links, plan.calm);
    for (number, member) in plan.members.iter().enumerate() {
        let kind = plan.faulty.iter().find(|(n, _)| *n == number).map(|(_, kind)| kind);
        let (peer, weight) = (member.key.peer_id(), member.weight);
        let _ = write!(text, "  peer {number} is {peer:?}, weight {weight}, {:?}", member.group);
        let _ = match kind {
            Some(kind) => writeln!(text, ", faulty: {kind:?}"),
            None => writeln!(text),
        };
    }
    for number in plan.members.len()..plan.peers {
        let _ = writeln!(text, "  peer {number} is {:?}, no member at first", plan.peer(number));
    }
    for planned in &plan.troubles {
        let _ = writeln!(text, "  {planned}");
    }
}
