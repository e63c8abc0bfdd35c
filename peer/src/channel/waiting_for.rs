//! What a channel waits for, in words, so that whoever looks after a channel that stands still
//! knows whom to call.

use std::collections::BTreeSet;
use std::time::Instant;

use chain::count::{Height, Round};
use chain::keys::PeerId;
use chain::lft::WaitsFor;

use super::driver::Driver;

/// Peers named; the rest are counted.
const NAMED_MAX: usize = 8;

/// A snapshot of what the height being decided waits for; taken every 100 ms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingFor {
    /// The height being decided.
    pub height: Height,
    pub round: Round,
    pub what: What,
    /// Those it waits for, and when each was last heard.
    pub missing: Vec<(PeerId, Option<Instant>)>,
}

/// The next thing that must happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    Nothing,
    /// This peer to be admitted to the channel.
    Admission,
    /// This peer, which lost its record of votes, to be admitted again.
    AdmissionAgain,
    /// Others to tell what they last heard this peer say.
    Answers(Votes),
    /// Committed blocks up to there.
    Blocks(Height),
    /// The leader's block.
    Leader,
    /// This peer, which leads, to propose a block.
    Proposal,
    /// A block that a quorum has certified.
    CertifiedBlock,
    /// Batches that the leader's block names: how many are not here.
    Batches(usize),
    /// The SCORE of this peer to execute that height.
    Execution(Height),
    /// This peer to judge the leader's block.
    Check,
    Votes(Votes),
    Confirms(Votes),
    Complaints(Round, Votes),
}

/// Voting weight that is there, and that a quorum needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Votes {
    pub there: u128,
    pub needed: u128,
}

impl WaitingFor {
    /// Before the first look.
    pub fn nothing(height: Height) -> WaitingFor {
        WaitingFor { height, round: Round(0), what: What::Nothing, missing: Vec::new() }
    }

    /// In words; `name` says how a peer is called.
    pub fn words(&self, now: Instant, name: impl Fn(&PeerId) -> String) -> String {
        let votes = |what: &str, votes: Votes| {
            let Votes { there, needed } = votes;
            let missing = if self.missing.is_empty() { "" } else { ", missing " };
            format!("{what}: {there} of {needed}{missing}{}", self.names(now, &name))
        };
        let from = || self.names(now, &name);
        let round = self.round;
        match self.what {
            What::Nothing => "nothing: no transactions wait".into(),
            What::Admission => "the radiostation, to admit this peer to the channel".into(),
            What::AdmissionAgain => "the radiostation's operator, to admit this peer again: its \
                                     record of votes is lost or old"
                .into(),
            What::Answers(there) => votes("answers about what this peer said before", there),
            What::Blocks(to) => format!("committed blocks up to height {to} from {}", from()),
            What::Leader => format!("the block of round {round} from {}", from()),
            What::Proposal => format!("this peer, to propose the block of round {round}"),
            What::CertifiedBlock => format!("a block that a quorum has signed, from {}", from()),
            What::Batches(count) => {
                format!("{count} batches that the block of round {round} names, from {}", from())
            }
            What::Execution(height) => {
                format!("the SCORE of this peer, to execute height {height}")
            }
            What::Check => "this peer, to check the leader's block".into(),
            What::Votes(there) => votes("votes", there),
            What::Confirms(there) => votes("confirms", there),
            What::Complaints(round, there) => {
                votes(&format!("complaints about round {round}"), there)
            }
        }
    }

    fn names(&self, now: Instant, name: &impl Fn(&PeerId) -> String) -> String {
        let one = |(peer, heard): &(PeerId, Option<Instant>)| match heard {
            Some(at) => {
                let seconds = now.saturating_duration_since(*at).as_secs_f64();
                format!("{}, last heard {seconds:.1} s ago", name(peer))
            }
            None => format!("{}, not heard yet", name(peer)),
        };
        let mut names: Vec<String> = self.missing.iter().take(NAMED_MAX).map(one).collect();
        if self.missing.len() > NAMED_MAX {
            names.push(format!("and {} more", self.missing.len() - NAMED_MAX));
        }
        names.join("; ")
    }
}

impl Driver {
    /// Lets others see what is waited for.
    pub(super) fn publish_waiting_for(&self) {
        self.waiting_for.send_replace(self.look_what_for());
    }

    fn look_what_for(&self) -> WaitingFor {
        let state = self.state();
        let (what, missing) = self.what_and_whom();
        let heard = |peer: PeerId| (peer, self.heard_at.get(&peer).copied());
        let missing = missing.into_iter().filter(|peer| *peer != self.me).map(heard).collect();
        WaitingFor { height: state.height, round: state.round, what, missing }
    }

    fn what_and_whom(&self) -> (What, Vec<PeerId>) {
        let state = self.state();
        if self.lost_record() {
            return (What::AdmissionAgain, Vec::new());
        }
        let target = self.believed_target();
        if target > self.head.height {
            let able = |peer: &&PeerId| self.catch_up.height_of(peer) >= Some(target);
            return (What::Blocks(target), self.members.iter().filter(able).copied().collect());
        }
        if self.head.membership.get(&self.me).is_none() {
            return (What::Admission, Vec::new());
        }
        if self.holds_back {
            let (votes, missing) = self.votes(self.standing.answers(self.me));
            return (What::Answers(votes), missing);
        }
        let quorum = |what: fn(Votes) -> What, there: Vec<PeerId>| {
            let (votes, missing) = self.votes(there.into_iter().collect());
            (what(votes), missing)
        };
        match state.waits_for(self.me) {
            WaitsFor::Nothing => match self.executor.executed().height {
                executed if executed < self.head.height => {
                    (What::Execution(executed.next()), Vec::new())
                }
                _ => (What::Nothing, Vec::new()),
            },
            WaitsFor::Proposal => (What::Proposal, Vec::new()),
            WaitsFor::Block(_) => (What::CertifiedBlock, self.members.iter().copied().collect()),
            WaitsFor::Leader(leader) => (What::Leader, vec![leader]),
            WaitsFor::Check(hash) => {
                let Some(block) = self.checks.get(&hash) else { return (What::Check, Vec::new()) };
                let lacking = block.batches.iter().filter(|batch| !self.pool.holds(batch)).count();
                match lacking {
                    0 => (What::Execution(block.header.executed.height), Vec::new()),
                    _ => (What::Batches(lacking), vec![state.leader(state.round)]),
                }
            }
            WaitsFor::Votes(there) => quorum(What::Votes, there),
            WaitsFor::Confirms(there) => quorum(What::Confirms, there),
            WaitsFor::Complaints(round, there) => {
                let (votes, missing) = self.votes(there.into_iter().collect());
                (What::Complaints(round, votes), missing)
            }
        }
    }

    /// The greatest height that is committed elsewhere, as far as others' word can be taken: that of
    /// validators one of which surely is honest, or anybody's while this peer is no member yet. Who
    /// claims a height that nobody has must not hide what else is missing.
    pub(super) fn believed_target(&self) -> Height {
        if self.head.membership.get(&self.me).is_none() {
            return self.target();
        }
        let validators = &self.state().validators;
        let heights: Vec<(Height, PeerId)> = validators
            .all()
            .iter()
            .filter_map(|v| Some((self.catch_up.height_of(&v.peer)?, v.peer)))
            .collect();
        let is_sure = |height: &Height| {
            let there = heights.iter().filter(|(claimed, _)| claimed >= height);
            validators.has_honest(&there.map(|(_, peer)| *peer).collect())
        };
        let sure = heights.iter().map(|(height, _)| *height).filter(is_sure).max();
        sure.unwrap_or_default().max(self.head.height)
    }

    // What a set of validators weighs, and which are not in it.
    fn votes(&self, set: BTreeSet<PeerId>) -> (Votes, Vec<PeerId>) {
        let validators = &self.state().validators;
        let (there, needed) = validators.quorum(&set);
        let others = validators.all().iter().map(|validator| validator.peer);
        (Votes { there, needed }, others.filter(|peer| !set.contains(peer)).collect())
    }
}

#[cfg(test)]
mod tests;
