//! Runs the consensus simulator: seed after seed, or one again.

use std::io::Write;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use clap::Parser;
use tests::simulation::fleet::{self, Tally};
use tests::simulation::invariants::Invariant;
use tests::simulation::mutant::Mutant;
use tests::simulation::plan::Plan;
use tests::simulation::profile::Profile;
use tests::simulation::report::report;
use tests::simulation::world::{self, Options};

/// Between two lines of progress.
const LINE_EVERY: Duration = Duration::from_secs(2);

/// Simulated networks of validators under every kind of trouble, each from one seed. Ends at the
/// first seed that breaks an invariant, and explains it.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// How many seeds; without it: until something breaks.
    #[arg(long)]
    seeds: Option<u64>,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    first: u64,
    /// This seed alone, once more.
    #[arg(long, conflicts_with_all = ["seeds", "first"])]
    seed: Option<u64>,
    /// partitions, crashes, byzantine, membership, groups, slow or mixed; without it each seed has
    /// one of them in turn.
    #[arg(long)]
    profile: Option<Profile>,
    /// Threads; without it as many as there are processors.
    #[arg(long)]
    threads: Option<usize>,
    /// A rule to break on purpose, by its number (see --list-mutants).
    #[arg(long)]
    mutant: Option<usize>,
    /// Lists the rules that can be broken.
    #[arg(long)]
    list_mutants: bool,
    /// Breaks each rule in turn and says after how many seeds which invariant noticed; --seeds is
    /// the most for each (default 300).
    #[arg(long)]
    mutants: bool,
    /// Judges this invariant alone, by its number (0: agreement).
    #[arg(long)]
    only: Option<usize>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list_mutants {
        for (number, mutant) in Mutant::ALL.iter().enumerate() {
            say(&format!("{number:>3}  {mutant}"));
        }
        return ExitCode::SUCCESS;
    }
    let mutant = match arguments.mutant.map(|number| Mutant::ALL.get(number)) {
        Some(None) => {
            say("there is no mutant of that number; --list-mutants shows them");
            return ExitCode::from(2);
        }
        found => found.flatten().copied(),
    };
    let only = match arguments.only.map(|number| Invariant::ALL.get(number)) {
        Some(None) => {
            say(&format!("an invariant's number is below {}", Invariant::ALL.len()));
            return ExitCode::from(2);
        }
        found => found.flatten().copied(),
    };
    if arguments.mutants {
        return hunt(&arguments, only);
    }
    let options = Options { mutant, only, words: false };
    match arguments.seed {
        Some(seed) => replay(arguments.profile.unwrap_or(fleet::profile_of(seed)), seed, &options),
        None => sweep(&arguments, &options),
    }
}

fn replay(profile: Profile, seed: u64, options: &Options) -> ExitCode {
    let plan = Rc::new(Plan::new(profile, seed));
    let outcome = world::run(&plan, options);
    say(&format!(
        "seed {seed}, profile {profile}: {} heights, {} events, hash {:016x}, settled after \
         {:.3} s, went on after {:.3} s",
        outcome.heights,
        outcome.events,
        outcome.print,
        outcome.progress.settled_us as f64 / 1e6,
        outcome.progress.resumed_us as f64 / 1e6,
    ));
    match &outcome.violation {
        None => ExitCode::SUCCESS,
        Some(violation) => {
            say(&report(profile, seed, violation, options));
            ExitCode::FAILURE
        }
    }
}

fn sweep(arguments: &Arguments, options: &Options) -> ExitCode {
    let threads = threads(arguments);
    let began = Instant::now();
    let last = Mutex::new(began);
    let seen = |tally: &Tally| {
        let mut last = last.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if last.elapsed() >= LINE_EVERY {
            *last = Instant::now();
            say(&line(tally, began));
        }
    };
    let count = arguments.seeds.unwrap_or(u64::MAX);
    let tally = fleet::sweep(arguments.profile, arguments.first, count, threads, options, seen);
    say(&line(&tally, began));
    match &tally.failure {
        None => ExitCode::SUCCESS,
        Some((profile, seed, violation)) => {
            say(&report(*profile, *seed, violation, options));
            ExitCode::FAILURE
        }
    }
}

fn hunt(arguments: &Arguments, only: Option<Invariant>) -> ExitCode {
    let count = arguments.seeds.unwrap_or(300);
    // Mutants may panic; that is one way to be caught.
    std::panic::set_hook(Box::new(|_| ()));
    let mut all = true;
    let caught = fleet::hunt(Mutant::ALL, arguments.profile, only, count, threads(arguments));
    for caught in caught {
        let how = match (caught.after, caught.violation) {
            (Some(seeds), Some(violation)) => {
                format!("{seeds} | {} | {}", caught.profile, violation.invariant.name())
            }
            _ => format!("not within {count}"),
        };
        all &= caught.after.is_some();
        say(&format!("| {} | {how} |", caught.mutant));
    }
    if all { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn threads(arguments: &Arguments) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, |count| count.get());
    arguments.threads.unwrap_or(processors).max(1)
}

fn line(tally: &Tally, began: Instant) -> String {
    let seconds = began.elapsed().as_secs_f64().max(0.001);
    format!(
        "{seconds:>8.1} s  {} seeds  {} heights  {:.0} events/s  went on within {:.1} timeouts",
        tally.seeds,
        tally.heights,
        tally.events as f64 / seconds,
        tally.timeouts,
    )
}

fn say(text: &str) {
    // A closed standard output is no reason to fail.
    let _ = writeln!(std::io::stdout(), "{text}");
}
