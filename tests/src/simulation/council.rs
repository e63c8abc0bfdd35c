//! Who decides, in arithmetic of its own: what the invariants and the plans of the simulator judge
//! by. Nothing here calls `chain::validators`.
//!
//! A group carries when less than a third of its weight is missing; a set is a quorum when less
//! than a third of the votes belong to groups that do not carry.

use std::collections::{BTreeMap, BTreeSet};

use chain::keys::PeerId;
use chain::membership::{Change, Member, Role};
use chain::validators::Ratio;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Seat {
    peer: PeerId,
    weight: u64,
    group: String,
    role: Role,
}

/// The members of a channel, by order of joining.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Council {
    seats: BTreeMap<u32, Seat>,
    ratio: Option<Ratio>,
}

impl Council {
    /// The members that a channel starts with.
    pub fn new(members: &[Member], ratio: Option<Ratio>) -> Council {
        let mut council = Council { seats: BTreeMap::new(), ratio };
        for member in members {
            council.join(member);
        }
        council
    }

    fn join(&mut self, member: &Member) {
        let peer = member.key.peer_id();
        if self.seat(&peer).is_none() && !self.seats.contains_key(&member.order) {
            let (weight, group, role) = (member.weight.0, member.group.clone(), member.role);
            self.seats.insert(member.order, Seat { peer, weight, group, role });
        }
    }

    fn seat(&self, peer: &PeerId) -> Option<&Seat> {
        self.seats.values().find(|seat| seat.peer == *peer)
    }

    fn edit(&mut self, peer: &PeerId, change: impl FnOnce(&mut Seat)) {
        if let Some(seat) = self.seats.values_mut().find(|seat| seat.peer == *peer) {
            change(seat);
        }
    }

    /// After a committed entry.
    pub fn apply(&mut self, change: &Change) {
        let before = self.clone();
        match change {
            Change::Join(member) => self.join(member),
            Change::Leave(peer) => self.seats.retain(|_, seat| seat.peer != *peer),
            Change::Weight(peer, weight) => self.edit(peer, |seat| seat.weight = weight.0),
            Change::Group(peer, group) => self.edit(peer, |seat| seat.group = group.clone()),
            Change::Role(peer, role) => self.edit(peer, |seat| seat.role = *role),
            Change::Score { .. } => {}
        }
        if self.deciders().next().is_none() {
            *self = before;
        }
    }

    fn deciders(&self) -> impl Iterator<Item = &Seat> {
        self.seats.values().filter(|seat| seat.role == Role::Validator && seat.weight > 0)
    }

    pub fn validators(&self) -> Vec<PeerId> {
        self.deciders().map(|seat| seat.peer).collect()
    }

    pub fn is_validator(&self, peer: &PeerId) -> bool {
        self.deciders().any(|seat| seat.peer == *peer)
    }

    /// Whether blocks may contain its batches.
    pub fn may_create(&self, peer: &PeerId) -> bool {
        self.seat(peer).is_some_and(|seat| seat.role != Role::Auditor)
    }

    // For each group: weight of its members in `set`, and of all.
    fn weights(&self, set: &BTreeSet<PeerId>) -> Vec<(u64, u64)> {
        let mut groups: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for seat in self.deciders() {
            let (inside, all) = groups.entry(&seat.group).or_default();
            *all += seat.weight;
            *inside += if set.contains(&seat.peer) { seat.weight } else { 0 };
        }
        groups.into_values().collect()
    }

    pub fn is_quorum(&self, set: &BTreeSet<PeerId>) -> bool {
        let (mut missing, mut total) = (0, 0);
        for (inside, all) in self.weights(set) {
            total += all;
            missing += if 3 * (all - inside) < all { 0 } else { all };
        }
        let carried = u128::from(total - missing);
        let raised = |ratio: Ratio| {
            carried * u128::from(ratio.denominator)
                >= u128::from(total) * u128::from(ratio.numerator)
        };
        3 * missing < total && self.ratio.is_none_or(raised)
    }

    /// Whether one of `set` is surely honest.
    pub fn has_honest(&self, set: &BTreeSet<PeerId>) -> bool {
        let (mut present, mut total) = (0, 0);
        for (inside, all) in self.weights(set) {
            total += all;
            present += if 3 * inside >= all { all } else { 0 };
        }
        3 * present >= total
    }

    /// Whether these may be dishonest, and silent too, without harm.
    pub fn bears(&self, dishonest: &BTreeSet<PeerId>) -> bool {
        let all = self.validators();
        let rest = all.into_iter().filter(|peer| !dishonest.contains(peer)).collect();
        !self.has_honest(dishonest) && self.is_quorum(&rest)
    }
}
