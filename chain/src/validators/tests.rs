use std::collections::BTreeSet;

use super::{Ratio, ValidatorSet};
use crate::count::{Round, Weight};
use crate::keys::PeerId;
use crate::membership::Role;
use crate::tests::{Dice, member, members, peer};

fn set(weights: &[(u64, &str)], ratio: Option<(u64, u64)>) -> ValidatorSet {
    let ratio = ratio.map(|(numerator, denominator)| Ratio { numerator, denominator });
    ValidatorSet::of(&members(weights), ratio)
}

fn plain(weights: &[u64]) -> Vec<(u64, &'static str)> {
    weights.iter().map(|weight| (*weight, "")).collect()
}

fn named(numbers: &[u8]) -> BTreeSet<PeerId> {
    numbers.iter().map(|number| peer(*number)).collect()
}

/// Whether the peers `numbers`, from 1, are a quorum and surely hold an honest one.
fn check(validators: &ValidatorSet, numbers: &[u8], quorum: bool, honest: bool) {
    let found = (validators.is_quorum(&named(numbers)), validators.has_honest(&named(numbers)));
    assert_eq!(found, (quorum, honest), "{numbers:?}");
}

#[test]
fn plain_weights() {
    let four = set(&plain(&[1, 1, 1, 1]), None);
    check(&four, &[], false, false);
    check(&four, &[1], false, false);
    check(&four, &[1, 2], false, true);
    check(&four, &[1, 2, 3], true, true);
    check(&four, &[9, 8, 7, 6, 5], false, false);
    let one = set(&plain(&[1]), None);
    check(&one, &[], false, false);
    check(&one, &[1], true, true);
    let three = set(&plain(&[1, 1, 1]), None);
    check(&three, &[1, 2], false, true);
    check(&three, &[1, 2, 3], true, true);
    // W = 10, F = 3.
    let uneven = set(&plain(&[4, 3, 2, 1]), None);
    check(&uneven, &[1, 2], true, true);
    check(&uneven, &[1, 3], false, true);
    check(&uneven, &[2, 3, 4], false, true);
    check(&uneven, &[2], false, false);
    check(&uneven, &[1], false, true);
    let heaviest =
        set(&plain(&[u64::MAX, u64::MAX, u64::MAX, u64::MAX]), Some((u64::MAX - 1, u64::MAX)));
    check(&heaviest, &[1, 2, 3], false, true);
    check(&heaviest, &[1, 2, 3, 4], true, true);
}

#[test]
fn groups() {
    // Votes 3, 1, 1, 1: V = 6, F = 1, so a quorum takes 5 and an honest one is in 2.
    let groups = set(&[(1, "a"), (1, "a"), (1, "a"), (1, ""), (1, ""), (1, "")], None);
    check(&groups, &[1, 2, 3, 4, 5], true, true);
    // Group a, three strong, carries only as a whole.
    check(&groups, &[1, 2, 4, 5, 6], false, true);
    check(&groups, &[1, 2, 3, 4], false, true);
    check(&groups, &[1], false, true);
    check(&groups, &[4], false, false);
    check(&groups, &[4, 5], false, true);
    // A group of four carries by three of its members, and two of them surely are not both rotten.
    let four = set(&[(1, "a"), (1, "a"), (1, "a"), (1, "a")], None);
    check(&four, &[1, 2, 3], true, true);
    check(&four, &[1, 2], false, true);
    check(&four, &[1], false, false);
}

#[test]
fn a_voting_ratio_raises_a_quorum_and_never_lowers_it() {
    let ten = plain(&[1; 10]);
    for (ratio, needed) in
        [((67, 100), 7), ((71, 100), 8), ((9, 10), 9), ((91, 100), 10), ((1, 1), 10)]
    {
        let numbers: Vec<u8> = (1..=10).collect();
        let validators = set(&ten, Some(ratio));
        for count in 0..=10 {
            let quorum = validators.is_quorum(&named(&numbers[..count]));
            assert_eq!(quorum, count >= needed, "{count} of 10 with {ratio:?}");
        }
    }
    // W − F = 5 of 6 is more than 67 %.
    let six = set(&plain(&[1; 6]), Some((67, 100)));
    check(&six, &[1, 2, 3, 4, 5], true, true);
    check(&six, &[1, 2, 3, 4], false, true);
    // Below what safety needs, had it come past the settings' check.
    let low = set(&plain(&[1; 4]), Some((1, 2)));
    check(&low, &[1, 2], false, true);
}

#[test]
fn only_validators_decide() {
    let mut membership = members(&plain(&[1, 1, 1]));
    for (number, role) in [(4, Role::Client), (5, Role::Auditor)] {
        let member = crate::membership::Member { role, ..member(number) };
        membership.apply(&crate::membership::Entry {
            channel: crate::hash::Hash::ZERO,
            sequence: membership.entries.next(),
            change: crate::membership::Change::Join(member),
        });
    }
    let validators = ValidatorSet::of(&membership, None);
    assert_eq!(validators.all().len(), 3);
    check(&validators, &[1, 2, 4, 5], false, true);
    check(&validators, &[1, 2, 3], true, true);
    assert!(validators.get(&peer(4)).is_none());
    assert_eq!(validators.get(&peer(2)).unwrap().weight, Weight(1));
}

#[test]
fn leaders_follow_the_order_of_joining() {
    let validators = set(&plain(&[1, 1, 1, 1]), None);
    for (base, round, leader) in [
        (1, 0, 1),
        (1, 1, 2),
        (1, 3, 4),
        (1, 4, 1),
        (3, 0, 3),
        (3, 2, 1),
        (4, u64::MAX, 3),
        // The base has left: the next one.
        (5, 0, 1),
        (0, 0, 1),
    ] {
        let found = validators.leader(base, Round(round)).peer;
        assert_eq!(found, peer(leader), "base {base}, round {round}");
    }
    for (order, after) in [(1, 2), (3, 4), (4, 1), (0, 1), (9, 1)] {
        assert_eq!(validators.after(order), after, "after {order}");
    }
}

/// (dishonest that break safety, silent that stop progress), as computed.
fn tolerance(validators: &ValidatorSet) -> (usize, usize) {
    let found = validators.tolerance();
    (found.dishonest_to_break_safety, found.silent_to_stop_progress)
}

#[test]
fn what_known_sets_withstand() {
    let in_four_groups: Vec<(u64, &str)> =
        ["a", "b", "c", "d"].iter().flat_map(|group| [(1, *group); 4]).collect();
    let (grouped, single) = (set(&in_four_groups, None), set(&plain(&[1; 16]), None));
    // They stand 3 and 5.
    assert_eq!(tolerance(&grouped), (4, 4));
    assert_eq!(tolerance(&single), (6, 6));
    assert_eq!(tolerance(&set(&plain(&[1]), None)), (1, 1));
    assert_eq!(tolerance(&set(&plain(&[1; 3]), None)), (3, 1));
    assert_eq!(tolerance(&set(&plain(&[1; 4]), None)), (2, 2));
    assert_eq!(tolerance(&set(&plain(&[1; 100]), None)), (34, 34));
    // All three are needed for a quorum, so two quorums share all three.
    assert_eq!(tolerance(&set(&plain(&[3; 3]), None)), (3, 1));
    assert_eq!(tolerance(&set(&plain(&[2, 1, 1]), None)), (1, 1));
    // A group of three speaks only as a whole: one silent member stops it, no one splits it.
    let threes: Vec<(u64, &str)> =
        ["a", "b", "c", "d"].iter().flat_map(|group| [(1, *group); 3]).collect();
    assert_eq!(tolerance(&set(&threes, None)), (6, 2));
    assert_eq!(tolerance(&set(&plain(&[1; 4]), Some((1, 1)))), (4, 1));
}

/// The same by looking at every pair of quorums and every set that is none.
fn brute(validators: &ValidatorSet) -> (usize, usize) {
    let peers: Vec<PeerId> = validators.all().iter().map(|v| v.peer).collect();
    let all = 1_u32 << peers.len();
    let chosen = |bits: u32| {
        peers.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, p)| *p).collect()
    };
    let quorums: Vec<u32> = (0..all).filter(|bits| validators.is_quorum(&chosen(*bits))).collect();
    let shared = quorums.iter().flat_map(|a| quorums.iter().map(move |b| (a & b).count_ones()));
    let stopped = (0..all).filter(|silent| !quorums.contains(&(all - 1 - silent)));
    let silent = stopped.map(u32::count_ones);
    (shared.min().unwrap() as usize, silent.min().unwrap() as usize)
}

#[test]
fn tolerance_is_what_trying_everything_finds() {
    for seed in 0..400 {
        let mut dice = Dice(seed);
        let count = 1 + dice.below(7) as usize;
        let one = |dice: &mut Dice| (1 + dice.below(5), ["", "", "a", "b"][dice.below(4) as usize]);
        let weights: Vec<(u64, &str)> = (0..count).map(|_| one(&mut dice)).collect();
        let ratio = [None, None, Some((3, 4)), Some((1, 1))][dice.below(4) as usize];
        let validators = set(&weights, ratio);
        assert_eq!(
            tolerance(&validators),
            brute(&validators),
            "seed {seed}: {weights:?} {ratio:?}"
        );
    }
}

#[test]
fn with_too_many_different_weights_the_figure_is_a_lower_bound() {
    let mut dice = Dice(1);
    let weights: Vec<u64> = (0..40).map(|_| 1 + dice.below(1_000_000_000)).collect();
    let found = set(&plain(&weights), None).tolerance();
    // Whoever weighs F may be dishonest or silent.
    let faulty = (weights.iter().sum::<u64>() - 1) / 3;
    let mut heaviest = weights;
    heaviest.sort_unstable_by(|a, b| b.cmp(a));
    let mut sum = 0;
    let tolerated = heaviest
        .iter()
        .take_while(|w| {
            sum += **w;
            sum <= faulty
        })
        .count();
    assert_eq!(found.dishonest_to_break_safety, tolerated + 1);
    assert_eq!(found.silent_to_stop_progress, tolerated + 1);
}

/// While rotten groups hold at most ⌊(V−1)/3⌋ votes, two quorums share an honest validator, and a
/// set that surely holds one does.
#[test]
fn any_tolerated_set_of_faulty_peers_breaks_nothing() {
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let count = 1 + dice.below(6) as usize;
        let one = |dice: &mut Dice| (1 + dice.below(4), ["", "a", "b"][dice.below(3) as usize]);
        let weights: Vec<(u64, &str)> = (0..count).map(|_| one(&mut dice)).collect();
        let validators = set(&weights, None);
        let all = 1_u8 << count;
        let chosen = |bits: u8| {
            named(&(1..=count as u8).filter(|n| bits >> (n - 1) & 1 == 1).collect::<Vec<_>>())
        };
        let quorums: Vec<u8> =
            (0..all).filter(|bits| validators.is_quorum(&chosen(*bits))).collect();
        for faulty in (0..all).filter(|bits| is_tolerated(&weights, *bits)) {
            let honest_sets = (0..all).filter(|bits| validators.has_honest(&chosen(*bits)));
            let shared = quorums.iter().flat_map(|a| quorums.iter().map(move |b| a & b));
            for sure in honest_sets.chain(shared) {
                assert!(sure & !faulty != 0, "seed {seed}: {weights:?}, {faulty:b} in {sure:b}");
            }
        }
    }
}

/// The definition of what is tolerated, read from the specification.
fn is_tolerated(weights: &[(u64, &str)], faulty: u8) -> bool {
    let mut names: Vec<String> = Vec::new();
    let mut sums: Vec<(u64, u64)> = Vec::new();
    for (at, (weight, group)) in weights.iter().enumerate() {
        let name = if group.is_empty() { at.to_string() } else { group.to_string() };
        let place = names.iter().position(|n| *n == name).unwrap_or(names.len());
        if place == names.len() {
            names.push(name);
            sums.push((0, 0));
        }
        sums[place].0 += weight;
        sums[place].1 += if faulty >> at & 1 == 1 { *weight } else { 0 };
    }
    let total: u64 = sums.iter().map(|(all, _)| all).sum();
    let rotten = sums.iter().filter(|(all, faulty)| *faulty > (all - 1) / 3);
    rotten.map(|(all, _)| all).sum::<u64>() <= (total - 1) / 3
}
