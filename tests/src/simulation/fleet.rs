//! Many seeds, on as many threads as wanted; each run itself is on one.

use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::invariants::{Invariant, Violation};
use super::mutant::Mutant;
use super::plan::Plan;
use super::profile::Profile;
use super::world::{self, Options, Outcome};

/// What a row of seeds came to.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub seeds: u64,
    pub heights: u64,
    pub events: u64,
    /// The longest that anything took after the troubles, in longest timeouts.
    pub timeouts: f64,
    /// The failing seed that came first, with what it broke.
    pub failure: Option<(Profile, u64, Violation)>,
}

/// The profile of a seed when none is asked for.
pub fn profile_of(seed: u64) -> Profile {
    Profile::ALL[(seed % Profile::ALL.len() as u64) as usize]
}

/// Runs `count` seeds from `first` on and stops at the first that fails. `seen` hears of the tally
/// after every seed.
pub fn sweep(
    profile: Option<Profile>,
    first: u64,
    count: u64,
    threads: usize,
    options: &Options,
    seen: impl Fn(&Tally) + Sync,
) -> Tally {
    let next = AtomicU64::new(first);
    let failed = AtomicBool::new(false);
    let tally = Mutex::new(Tally::default());
    let work = || {
        while !failed.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed - first >= count {
                return;
            }
            let profile = profile.unwrap_or(profile_of(seed));
            let plan = Rc::new(Plan::new(profile, seed));
            let outcome = world::run(&plan, options);
            let mut tally = tally.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            if outcome.violation.is_some() {
                failed.store(true, Ordering::Relaxed);
            }
            tally.add(profile, seed, &outcome);
            seen(&tally);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    tally.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner())
}

/// How a mutant was caught.
#[derive(Clone, Debug)]
pub struct Caught {
    pub mutant: Mutant,
    /// Seeds run until then, this one included; none if it was not caught.
    pub after: Option<u64>,
    pub profile: Profile,
    pub violation: Option<Violation>,
}

/// Runs each of `mutants` until a seed catches it, or `count` have not. Seeds are taken one after
/// the other, from 0, so that their number means something.
pub fn hunt(
    mutants: &[Mutant],
    profile: Option<Profile>,
    only: Option<Invariant>,
    count: u64,
    threads: usize,
) -> Vec<Caught> {
    let next = AtomicUsize::new(0);
    let caught = Mutex::new(Vec::new());
    let work = || {
        while let Some(mutant) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
            let options = Options { mutant: Some(*mutant), only, words: false };
            let tally = sweep(profile, 0, count, 1, &options, |_| ());
            let found = match tally.failure {
                Some((profile, _, violation)) => {
                    let (after, violation) = (Some(tally.seeds), Some(violation));
                    Caught { mutant: *mutant, after, profile, violation }
                }
                None => {
                    let profile = profile.unwrap_or(Profile::Mixed);
                    Caught { mutant: *mutant, after: None, profile, violation: None }
                }
            };
            caught.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).push(found);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    let mut caught = caught.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
    caught.sort_by_key(|caught| caught.mutant);
    caught
}

impl Tally {
    fn add(&mut self, profile: Profile, seed: u64, outcome: &Outcome) {
        self.seeds += 1;
        self.heights += outcome.heights;
        self.events += outcome.events;
        self.timeouts = self.timeouts.max(outcome.progress.timeouts());
        let earlier = self.failure.as_ref().is_none_or(|(_, first, _)| seed < *first);
        if let Some(violation) = &outcome.violation
            && earlier
        {
            self.failure = Some((profile, seed, violation.clone()));
        }
    }
}
