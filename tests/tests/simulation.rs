//! A fixed number of simulated seeds, each of which must hold every invariant; and the same rules
//! broken on purpose, each of which must be noticed. `simulate` runs more, and explains failures.

use std::rc::Rc;

use tests::note;
use tests::simulation::fleet::{self, Tally};
use tests::simulation::mutant::Mutant;
use tests::simulation::plan::Plan;
use tests::simulation::profile::Profile;
use tests::simulation::report::report;
use tests::simulation::world::{self, Options};

/// Seeds over all profiles in turn.
const SEEDS: u64 = 980;
/// Seeds within which every mutant is caught; the same, so that what CI runs would notice.
const MUTANT_SEEDS: u64 = 980;
const THREADS: usize = 2;

#[test]
fn every_invariant_holds() {
    let options = Options::default();
    let tally = fleet::sweep(None, 0, SEEDS, THREADS, &options, |_| ());
    if let Some((profile, seed, violation)) = &tally.failure {
        panic!("{}", report(*profile, *seed, violation, &options));
    }
    assert_eq!(tally.seeds, SEEDS);
    assert!(tally.heights > SEEDS * 5, "only {} heights were committed", tally.heights);
    let Tally { heights, events, timeouts, .. } = tally;
    let within = format!("all went on within {timeouts:.1} of the longest timeouts");
    note(&format!("{SEEDS} seeds, {heights} heights, {events} events; {within}"));
}

#[test]
fn one_seed_gives_one_history() {
    for (profile, seed) in Profile::ALL.into_iter().zip(1000..) {
        let plan = Rc::new(Plan::new(profile, seed));
        let print = |words| world::run(&plan, &Options { words, ..Options::default() }).print;
        assert_eq!(print(false), print(true), "seed {seed}, profile {profile}");
        let other = Rc::new(Plan::new(profile, seed + 100));
        let other = world::run(&other, &Options::default()).print;
        assert_ne!(print(false), other, "seed {} is no other than {seed}", seed + 100);
    }
}

#[test]
fn every_mutant_is_caught() {
    let caught = fleet::hunt(Mutant::ALL, None, None, MUTANT_SEEDS, THREADS);
    for caught in &caught {
        let by = caught.violation.as_ref().map(|violation| violation.invariant.name());
        note(&format!("{}: {:?} seeds, {:?}", caught.mutant, caught.after, by));
    }
    let free = caught.iter().filter(|caught| caught.after.is_none());
    let free: Vec<&str> = free.map(|caught| caught.mutant.name()).collect();
    assert!(free.is_empty(), "not caught within {MUTANT_SEEDS} seeds: {free:?}");
}
