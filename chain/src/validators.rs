//! Who decides at a height, with which weight and in which group; what a quorum is; who leads.
//!
//! A group with votes V_g carries when its members in a set weigh at least w_g − ⌊(w_g−1)/3⌋. A
//! set is a quorum when carrying groups hold V − ⌊(V−1)/3⌋ votes. One peer a group is plain
//! weighted voting. Why this is safe: lft, "Who decides".

use std::collections::{BTreeMap, BTreeSet};

use borsh::{BorshDeserialize, BorshSerialize};

use crate::count::{Round, Weight};
use crate::keys::{PeerId, PublicKey};
use crate::membership::Membership;

/// A fraction of the votes, from a decimal setting without passing through a float.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Ratio {
    pub numerator: u64,
    pub denominator: u64,
}

impl Ratio {
    /// Above 2/3 and at most 1.
    pub fn is_valid(&self) -> bool {
        let (n, d) = (u128::from(self.numerator), u128::from(self.denominator));
        d > 0 && n <= d && 3 * n > 2 * d
    }

    /// The smallest whole number that is at least this part of `votes`.
    fn of(&self, votes: u128) -> u128 {
        let (n, d) = (u128::from(self.numerator), u128::from(self.denominator));
        // votes × n / d, in two steps that cannot overflow.
        votes / d * n + (votes % d * n).div_ceil(d)
    }
}

/// One validator.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Validator {
    pub peer: PeerId,
    pub key: PublicKey,
    pub weight: Weight,
    pub group: String,
    /// Order of joining.
    pub order: u32,
}

/// The validators of a height, ascending by order of joining; never empty.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ValidatorSet {
    validators: Vec<Validator>,
    ratio: Option<Ratio>,
}

/// What a validator set withstands, counted in peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tolerance {
    /// Smallest number of dishonest peers that can break safety. Exact, unless weights are so
    /// many and different that only a lower bound can be had.
    pub dishonest_to_break_safety: usize,
    /// Smallest number of silent peers that can stop progress.
    pub silent_to_stop_progress: usize,
}

/// ⌊(total − 1) / 3⌋: what may be dishonest among `total`, which is at least 1.
fn faulty(total: u128) -> u128 {
    (total - 1) / 3
}

impl ValidatorSet {
    /// The validators among `membership`'s members.
    pub fn of(membership: &Membership, ratio: Option<Ratio>) -> ValidatorSet {
        let members = membership.members().iter().filter(|m| m.is_validator());
        let validators = members.map(|m| Validator {
            peer: m.key.peer_id(),
            key: m.key,
            weight: m.weight,
            group: m.group.clone(),
            order: m.order,
        });
        ValidatorSet { validators: validators.collect(), ratio }
    }

    /// Ascending by order of joining.
    pub fn all(&self) -> &[Validator] {
        &self.validators
    }

    /// The validator of that name.
    pub fn get(&self, peer: &PeerId) -> Option<&Validator> {
        self.validators.iter().find(|v| v.peer == *peer)
    }

    /// Whether any other quorum surely shares an honest validator with `set`.
    pub fn is_quorum(&self, set: &BTreeSet<PeerId>) -> bool {
        let (votes, needed) = self.quorum(set);
        votes >= needed
    }

    /// The votes that `set` has, and those that a quorum needs.
    pub fn quorum(&self, set: &BTreeSet<PeerId>) -> (u128, u128) {
        let (mut votes, mut total) = (0, 0);
        for (inside, all) in self.groups(set).values() {
            total += all;
            if *inside >= all - faulty(*all) {
                votes += all;
            }
        }
        let raised = self.ratio.map_or(0, |ratio| ratio.of(total));
        (votes, raised.max(total - faulty(total)))
    }

    /// Whether `set` surely contains an honest validator.
    pub fn has_honest(&self, set: &BTreeSet<PeerId>) -> bool {
        let (mut votes, mut total) = (0, 0);
        for (inside, all) in self.groups(set).values() {
            total += all;
            if *inside > faulty(*all) {
                votes += all;
            }
        }
        votes > faulty(total)
    }

    /// For each group: the weight of its members in `set`, and of all.
    fn groups(&self, set: &BTreeSet<PeerId>) -> BTreeMap<&str, (u128, u128)> {
        let mut groups = BTreeMap::new();
        for validator in &self.validators {
            let weight = u128::from(validator.weight.0);
            let (inside, all) = groups.entry(validator.group.as_str()).or_insert((0, 0));
            *all += weight;
            if set.contains(&validator.peer) {
                *inside += weight;
            }
        }
        groups
    }

    /// The leader of `round`: that many places after `base`, which is a validator's order.
    pub fn leader(&self, base: u32, round: Round) -> &Validator {
        let at = self.validators.iter().position(|v| v.order >= base).unwrap_or(0);
        let count = self.validators.len() as u64;
        let place = (at as u64 + round.0 % count) % count;
        &self.validators[place as usize]
    }

    /// The order of the first validator after `order`, around the end.
    pub fn after(&self, order: u32) -> u32 {
        let next = self.validators.iter().find(|v| v.order > order);
        next.or(self.validators.first()).map_or(order, |v| v.order)
    }

    /// What this set withstands. Inside a group and among groups alike: safety breaks when two
    /// sets that both suffice share dishonest ones only, progress stops when the rest do not.
    pub fn tolerance(&self) -> Tolerance {
        let mut rotten = Vec::new();
        let mut stopped = Vec::new();
        let mut total = 0;
        let mut groups: BTreeMap<&str, Vec<u128>> = BTreeMap::new();
        for validator in &self.validators {
            groups.entry(&validator.group).or_default().push(u128::from(validator.weight.0));
        }
        for weights in groups.values() {
            let all: u128 = weights.iter().sum();
            total += all;
            let members: Vec<_> = weights.iter().map(|weight| (1, *weight)).collect();
            rotten.push((fewest_shared(&members, all, all - faulty(all)), all));
            stopped.push((cheapest(&members, faulty(all) + 1), all));
        }
        let raised = self.ratio.map_or(0, |ratio| ratio.of(total));
        let quorum = raised.max(total - faulty(total));
        Tolerance {
            dishonest_to_break_safety: fewest_shared(&rotten, total, quorum),
            silent_to_stop_progress: cheapest(&stopped, total - quorum + 1),
        }
    }
}

/// Pairs of sums that [`fewest_shared`] looks at; more are too many.
const PAIRS_MAX: usize = 1 << 12;

/// The fewest peers that two sets with `quorum` of `total` votes each must share, over (peers,
/// votes): every one is in the first set, in the second, or in both at the price of its peers.
fn fewest_shared(items: &[(usize, u128)], total: u128, quorum: u128) -> usize {
    let mut fewest = BTreeMap::from([((0, 0), 0)]);
    for (peers, votes) in items {
        let mut next = BTreeMap::new();
        for ((a, b), shared) in fewest {
            let (with_a, with_b) = (quorum.min(a + votes), quorum.min(b + votes));
            for (a, b, shared) in
                [(with_a, b, shared), (a, with_b, shared), (with_a, with_b, shared + peers)]
            {
                let least = next.entry((a.min(b), a.max(b))).or_insert(shared);
                *least = shared.min(*least);
            }
        }
        if next.len() > PAIRS_MAX {
            // Two quorums share at least 2q − V votes.
            return cheapest(items, 2 * quorum - total);
        }
        fewest = next;
    }
    fewest.get(&(quorum, quorum)).copied().unwrap_or(usize::MAX)
}

/// The fewest peers whose groups hold `wanted` votes: a 0-1 knapsack over (peers, votes), by the
/// most votes that each number of peers can buy.
fn cheapest(groups: &[(usize, u128)], wanted: u128) -> usize {
    let peers_max: usize = groups.iter().map(|(peers, _)| peers).sum();
    let mut best = vec![0_u128; peers_max + 1];
    for (peers, votes) in groups {
        for at in (*peers..=peers_max).rev() {
            best[at] = best[at].max(best[at - peers] + votes);
        }
    }
    best.iter().position(|votes| *votes >= wanted).unwrap_or(peers_max)
}

#[cfg(test)]
mod tests;
