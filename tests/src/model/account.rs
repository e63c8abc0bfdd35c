//! What a search came to.

use std::fmt;

use super::plan::Plan;
use super::said;

/// Why the search stopped before its end.
#[derive(Clone, Debug)]
pub struct Violation {
    pub what: String,
    /// What happened to whom, in order, if traces were kept.
    pub trace: Vec<String>,
}

/// Figures of a search.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// States looked at.
    pub states: usize,
    pub transitions: u64,
    /// Steps from a start to the state farthest from it.
    pub depth: usize,
    /// States seen and not looked at yet.
    pub waiting: usize,
    /// Different states of single peers.
    pub locals: usize,
    /// Heights begun: the first, and the second after each maker of a block that was committed.
    pub starts: usize,
    /// For each height: votes, confirms and complaints of which a certificate could be made in some
    /// state. Of complaints only those that an honest peer made.
    pub reached: [u64; 2],
    pub violation: Option<Violation>,
    /// Whether every state that can be reached was looked at.
    pub ended: bool,
}

/// Something that a search must come across, or the model is not what it is taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    Commit { height: usize, round: usize },
    Complaints { height: usize, round: usize, high: Option<usize> },
}

impl Goal {
    /// All that can happen within `plan`.
    pub fn all(plan: &Plan) -> Vec<Goal> {
        let mut all = Vec::new();
        for height in 0..plan.heights {
            all.extend((0..plan.rounds).map(|round| Goal::Commit { height, round }));
            for round in 0..plan.rounds - 1 {
                let highs = [None].into_iter().chain((0..=round).map(Some));
                all.extend(highs.map(|high| Goal::Complaints { height, round, high }));
            }
        }
        all
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Goal::Commit { height, round } => {
                write!(f, "a commit at height {} in round {round}", height + 1)
            }
            Goal::Complaints { height, round, high } => {
                write!(f, "complaints of a quorum at height {} about round {round}", height + 1)?;
                match high {
                    Some(high) => write!(f, " that report a certificate of round {high}"),
                    None => f.write_str(" that report no certificate"),
                }
            }
        }
    }
}

impl Account {
    /// Whether the search came across it.
    pub fn has(&self, goal: &Goal) -> bool {
        match *goal {
            Goal::Commit { height, round } => self.reached[height] & said::confirms_of(round) != 0,
            Goal::Complaints { height, round, high } => {
                self.reached[height] & said::complaint(round, high) != 0
            }
        }
    }

    /// What it should have come across and did not.
    pub fn missing(&self, plan: &Plan) -> Vec<Goal> {
        Goal::all(plan).into_iter().filter(|goal| !self.has(goal)).collect()
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Account { states, waiting, transitions, depth, locals, .. } = self;
        write!(
            f,
            "{states} states, {waiting} waiting, {transitions} transitions, depth {depth}, \
             {locals} states of single peers"
        )
    }
}
