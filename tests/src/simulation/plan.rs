//! What a seed decides before anything runs: who takes part, who is faulty and how, and which
//! troubles come when. A plan is data: a failing one is made smaller by leaving troubles out.

use std::collections::BTreeSet;
use std::fmt;

use chain::count::Weight;
use chain::keys::PeerId;
use chain::membership::{Change, Member, Role};
use chain::validators::Ratio;

use super::charter::{self, Pace};
use super::council::Council;
use super::dice::Dice;
use super::faulty::Kind;
use super::profile::Profile;

/// How links behave.
#[derive(Clone, Copy, Debug)]
pub struct Links {
    pub delay_us_min: u64,
    pub delay_us_max: u64,
    /// Percent.
    pub loss: u64,
    /// Percent.
    pub doubled: u64,
}

/// Something that goes wrong, or changes.
#[derive(Clone, Debug)]
pub enum Trouble {
    /// Peers of one side do not hear those of the other.
    Partition { side: Vec<bool>, lasts_us: u64 },
    /// What goes from one to the other waits; then it is let go one by one, in random order.
    Clog { from: usize, to: usize, lasts_us: u64 },
    /// The power of a peer fails after that many more effects.
    Crash { peer: usize, effects: u64, down_us: u64 },
    /// What a peer sends is lost; then its power fails.
    Dying { peer: usize, lasts_us: u64, down_us: u64 },
    /// Everybody's power fails, between any two effects.
    Blackout { down_us: u64 },
    /// So many percent of all packets are lost.
    Storm { loss: u64, lasts_us: u64 },
    /// The radiostation signs a change of the membership.
    Change(Change),
}

#[derive(Clone, Debug)]
pub struct Planned {
    pub at_us: u64,
    pub trouble: Trouble,
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub profile: Profile,
    pub pace: Pace,
    /// Members at the start.
    pub members: Vec<Member>,
    /// Peers in all; those that are no members at first have the higher numbers.
    pub peers: usize,
    pub faulty: Vec<(usize, Kind)>,
    pub links: Links,
    /// After the troubles.
    pub calm: Links,
    /// Of each peer's clock: microseconds ahead or behind, and how fast it runs in percent.
    pub clocks: Vec<(i64, u64)>,
    pub troubles: Vec<Planned>,
    pub trouble_us: u64,
    /// Between two submissions at one peer, on average.
    pub load_us: u64,
}

const SECOND_US: u64 = 1_000_000;

impl Plan {
    pub fn new(profile: Profile, seed: u64) -> Plan {
        let mut dice = Dice::new(seed, 1 + profile as u64);
        let slow = profile == Profile::Slow;
        let mixed = profile == Profile::Mixed;
        let grouped = profile == Profile::Groups || mixed && dice.chance(25);
        let members = members(&mut dice, grouped);
        let changes =
            matches!(profile, Profile::Membership | Profile::Mixed) || grouped && dice.chance(30);
        let peers = members.len() + if changes { dice.below(3) as usize } else { 0 };
        let trouble_us = dice.between(8, 16) * SECOND_US;
        let mut plan = Plan {
            seed,
            profile,
            pace: pace(&mut dice, slow),
            faulty: Vec::new(),
            links: links(&mut dice, profile),
            calm: calm(slow),
            clocks: (0..peers).map(|_| clock(&mut dice)).collect(),
            troubles: Vec::new(),
            trouble_us,
            load_us: dice.between(300, 2_500) * 1_000,
            members,
            peers,
        };
        let often = match profile {
            Profile::Byzantine | Profile::Groups => 100,
            Profile::Crashes => 60,
            _ => 30,
        };
        if dice.chance(often) {
            plan.choose_faulty(&mut dice);
        }
        plan.choose_troubles(&mut dice);
        if changes {
            plan.choose_changes(&mut dice);
        }
        plan.troubles.sort_by_key(|planned| planned.at_us);
        plan
    }

    /// Name of the peer of that number.
    pub fn peer(&self, number: usize) -> PeerId {
        charter::key(number).public_key().peer_id()
    }

    /// Who may do anything at all.
    pub fn dishonest(&self) -> BTreeSet<PeerId> {
        self.faulty.iter().map(|(number, _)| self.peer(*number)).collect()
    }

    pub fn council(&self) -> Council {
        Council::new(&self.members, self.pace.voting_ratio)
    }

    // As many as the members bear, at times fewer, of kinds that may repeat.
    fn choose_faulty(&mut self, dice: &mut Dice) {
        let council = self.council();
        let mut numbers: Vec<usize> = (0..self.members.len()).collect();
        dice.shuffle(&mut numbers);
        let most = dice.between(1, self.members.len() as u64) as usize;
        for number in numbers {
            let mut dishonest = self.dishonest();
            dishonest.insert(self.peer(number));
            if self.faulty.len() < most && council.bears(&dishonest) {
                let kind = match self.profile {
                    Profile::Crashes => *dice.one_of(&[Kind::Silent, Kind::PutBack]),
                    Profile::Partitions => Kind::Silent,
                    _ => *dice.one_of(&Kind::ALL),
                };
                self.faulty.push((number, kind));
            }
        }
    }

    fn choose_troubles(&mut self, dice: &mut Dice) {
        let per_second = match self.profile {
            Profile::Partitions | Profile::Crashes => 8,
            Profile::Mixed => 6,
            _ => 3,
        };
        let count = dice.below(self.trouble_us / SECOND_US * per_second / 4 + 1);
        for _ in 0..count {
            let at_us = dice.below(self.trouble_us);
            let trouble = self.trouble(dice);
            self.troubles.push(Planned { at_us, trouble });
        }
    }

    fn trouble(&self, dice: &mut Dice) -> Trouble {
        let peers = self.peers as u64;
        let lasts_us = dice.between(200, 5_000) * 1_000;
        let kind = match self.profile {
            Profile::Partitions => dice.below(60),
            Profile::Crashes => 50 + dice.below(50),
            _ => dice.below(100),
        };
        match kind {
            0..25 => {
                let side = (0..peers).map(|_| dice.chance(50)).collect();
                Trouble::Partition { side, lasts_us }
            }
            25..50 => {
                let (from, to) = (dice.below(peers) as usize, dice.below(peers) as usize);
                Trouble::Clog { from, to, lasts_us }
            }
            50..60 => Trouble::Storm { loss: dice.between(10, 90), lasts_us },
            60..72 => {
                let peer = dice.below(peers) as usize;
                let down_us = dice.between(1, 1_000) * 1_000;
                Trouble::Dying { peer, lasts_us: 2 * lasts_us, down_us }
            }
            72..94 => {
                let peer = dice.below(peers) as usize;
                let down_us = dice.between(1, 3_000) * 1_000;
                Trouble::Crash { peer, effects: dice.below(12), down_us }
            }
            _ => Trouble::Blackout { down_us: dice.between(1, 2_000) * 1_000 },
        }
    }

    // Only changes after which the members bear those that are faulty, in the order of entries.
    fn choose_changes(&mut self, dice: &mut Dice) {
        let mut council = self.council();
        let dishonest = self.dishonest();
        let count = dice.between(1, 8);
        let mut times: Vec<u64> = (0..count).map(|_| dice.below(self.trouble_us)).collect();
        times.sort_unstable();
        for at_us in times {
            let change = self.change(dice);
            let mut after = council.clone();
            after.apply(&change);
            if after.validators().len() >= 3 && after.bears(&dishonest) {
                council = after;
                self.troubles.push(Planned { at_us, trouble: Trouble::Change(change) });
            }
        }
    }

    fn change(&self, dice: &mut Dice) -> Change {
        let number = dice.below(self.peers as u64) as usize;
        let peer = self.peer(number);
        let group = dice.below(3);
        match dice.below(10) {
            0..4 => {
                let weight = dice.between(1, 3);
                Change::Join(charter::member(number, weight, None))
            }
            4..6 => Change::Leave(peer),
            6..8 => Change::Weight(peer, Weight(dice.between(1, 4))),
            8 => Change::Group(peer, format!("group {group}")),
            _ => {
                let roles = [Role::Validator, Role::Client, Role::Auditor];
                Change::Role(peer, *dice.one_of(&roles))
            }
        }
    }
}

fn members(dice: &mut Dice, grouped: bool) -> Vec<Member> {
    let count = if grouped { dice.between(6, 10) } else { *dice.one_of(&[4, 4, 4, 4, 5, 6, 7]) };
    let groups = dice.between(2, 4);
    let weighted = dice.chance(30);
    let member = |number: u64| {
        let weight = if weighted { dice.between(1, 5) } else { 1 };
        let group = (grouped && dice.chance(90)).then(|| dice.below(groups));
        charter::member(number as usize, weight, group)
    };
    (0..count).map(member).collect()
}

fn pace(dice: &mut Dice, slow: bool) -> Pace {
    let raised = Ratio { numerator: 3, denominator: 4 };
    Pace {
        leader_block_limit: dice.between(1, 6),
        block_interval_ms: *dice.one_of(&[0, 0, 50, 200]),
        timeout_ms: if slow { 400 } else { 1_000 },
        timeout_ms_max: if slow { 25_600 } else { 8_000 },
        voting_ratio: dice.chance(5).then_some(raised),
    }
}

fn links(dice: &mut Dice, profile: Profile) -> Links {
    let delay_us_max = match profile {
        Profile::Slow => dice.between(800, 3_000) * 1_000,
        _ => *dice.one_of(&[5_000, 50_000, 300_000, 1_000_000]),
    };
    let loss = *dice.one_of(&[0, 0, 2, 10, 25]);
    Links { delay_us_min: 100, delay_us_max, loss, doubled: *dice.one_of(&[0, 5, 20]) }
}

fn calm(slow: bool) -> Links {
    let (delay_us_min, delay_us_max) = if slow { (600_000, 900_000) } else { (1_000, 50_000) };
    Links { delay_us_min, delay_us_max, loss: 0, doubled: 0 }
}

fn clock(dice: &mut Dice) -> (i64, u64) {
    let off_us = dice.below(40 * SECOND_US) as i64 - 20 * SECOND_US as i64;
    (off_us, dice.between(90, 110))
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>10.3} s  ", self.at_us as f64 / 1e6)?;
        let seconds = |us: &u64| *us as f64 / 1e6;
        match &self.trouble {
            Trouble::Partition { side, lasts_us } => {
                let peers = |which| {
                    let inside = side.iter().enumerate().filter(move |(_, on)| **on == which);
                    inside.map(|(at, _)| at).collect::<Vec<_>>()
                };
                let lasts = seconds(lasts_us);
                write!(f, "{:?} and {:?} are apart for {lasts:.3} s", peers(true), peers(false))
            }
            Trouble::Clog { from, to, lasts_us } => {
                write!(f, "what {from} sends to {to} waits for {:.3} s", seconds(lasts_us))
            }
            Trouble::Crash { peer, effects, down_us } => {
                let down = seconds(down_us);
                write!(f, "{peer} crashes after {effects} more effects, for {down:.3} s")
            }
            Trouble::Dying { peer, lasts_us, down_us } => {
                let (lasts, down) = (seconds(lasts_us), seconds(down_us));
                write!(f, "what {peer} sends is lost for {lasts:.3} s, then it is down {down:.3} s")
            }
            Trouble::Blackout { down_us } => {
                write!(f, "all crash, for up to {:.3} s", seconds(down_us))
            }
            Trouble::Storm { loss, lasts_us } => {
                write!(f, "{loss} % of all packets are lost for {:.3} s", seconds(lasts_us))
            }
            Trouble::Change(change) => write!(f, "entry: {change:?}"),
        }
    }
}
