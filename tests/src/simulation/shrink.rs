//! A failing plan made smaller: troubles, faulty validators and bad links are left out as long as
//! the same property still breaks.

use std::rc::Rc;

use super::invariants::Invariant;
use super::plan::{Plan, Trouble};
use super::world::{self, Options};

/// Runs spent on it.
const RUNS_MAX: usize = 300;

struct Shrinking<'a> {
    options: &'a Options,
    invariant: Invariant,
    runs: usize,
}

/// The smallest plan found that breaks `invariant`.
pub fn shrink(plan: &Plan, options: &Options, invariant: Invariant) -> Plan {
    let mut shrinking = Shrinking { options, invariant, runs: 0 };
    let mut best = plan.clone();
    shrinking.leave_out_troubles(&mut best);
    for at in (0..best.faulty.len()).rev() {
        let mut smaller = best.clone();
        smaller.faulty.remove(at);
        shrinking.keep(&mut best, smaller);
    }
    for change in [calm_links as fn(&mut Plan), true_clocks, no_delay] {
        let mut smaller = best.clone();
        change(&mut smaller);
        shrinking.keep(&mut best, smaller);
    }
    shrinking.leave_out_troubles(&mut best);
    best
}

fn calm_links(plan: &mut Plan) {
    plan.links.loss = 0;
    plan.links.doubled = 0;
}

fn true_clocks(plan: &mut Plan) {
    plan.clocks.fill((0, 100));
}

fn no_delay(plan: &mut Plan) {
    plan.links.delay_us_max = plan.links.delay_us_max.min(5_000).max(plan.links.delay_us_min);
}

impl Shrinking<'_> {
    // Takes `smaller` for `best` if it breaks the same property.
    fn keep(&mut self, best: &mut Plan, smaller: Plan) -> bool {
        if self.runs == RUNS_MAX {
            return false;
        }
        self.runs += 1;
        let smaller = Rc::new(smaller);
        let violation = world::run(&smaller, self.options).violation;
        let same = violation.is_some_and(|violation| violation.invariant == self.invariant);
        if same {
            *best = Rc::unwrap_or_clone(smaller);
        }
        same
    }

    // Halves first, then quarters, then single ones.
    fn leave_out_troubles(&mut self, best: &mut Plan) {
        let mut size = best.troubles.len().div_ceil(2);
        while size > 0 {
            let mut at = 0;
            while at < best.troubles.len() {
                let end = (at + size).min(best.troubles.len());
                let mut smaller = best.clone();
                smaller.troubles.drain(at..end);
                let legal = is_legal(best, &smaller, at);
                if !legal || !self.keep(best, smaller) {
                    at = end;
                }
            }
            size /= 2;
        }
    }
}

// Entries are left out from the end on only: each was chosen to be harmless after those before it.
fn is_legal(before: &Plan, after: &Plan, at: usize) -> bool {
    let changes = |plan: &Plan, from: usize| {
        let later = plan.troubles.iter().skip(from);
        later.filter(|planned| matches!(planned.trouble, Trouble::Change(_))).count()
    };
    changes(after, 0) == changes(before, 0) || changes(after, at) == 0
}
