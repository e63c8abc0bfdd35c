//! Runs the model checker: plan after plan, until every state of each was looked at.

use std::io::Write;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use tests::model::account::{Account, Goal};
use tests::model::mutant::Mutant;
use tests::model::plan::Plan;
use tests::model::search::{Limits, search};

/// Looks at every state that a small channel with a dishonest validator can get into under the
/// consensus rules as shipped. Ends at the first that breaks agreement, and tells how it came.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Plans, by name or by the beginning of one (see --list); without any: all but `unreduced` and
    /// `interleaved`.
    plans: Vec<String>,
    /// Lists the plans.
    #[arg(long)]
    list: bool,
    /// Breaks one rule after the other instead: each must be noticed.
    #[arg(long, conflicts_with = "plans")]
    mutants: bool,
    /// Heights, if fewer than the plan's.
    #[arg(long)]
    heights: Option<usize>,
    /// Rounds, if others than the plan's (at most 3).
    #[arg(long)]
    rounds: Option<usize>,
    /// Remembers how each state was reached, so that a violation is told step by step; takes about
    /// five times the memory.
    #[arg(long)]
    traces: bool,
    /// Gives up on a plan after that many states from one start; each takes up to 30 bytes.
    #[arg(long, default_value_t = 400_000_000)]
    states_max: usize,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.list {
        Plan::all().iter().for_each(|plan| say(&words(plan)));
        return ExitCode::SUCCESS;
    }
    if arguments.mutants {
        return hunt();
    }
    let wanted = |plan: &Plan| {
        let by_default = ["equal", "rotten", "shared", "crashes"];
        let mut named = arguments.plans.iter().map(String::as_str);
        if arguments.plans.is_empty() {
            by_default.iter().any(|kind| plan.name.starts_with(kind))
        } else {
            named.any(|name| plan.name.starts_with(name))
        }
    };
    let plans: Vec<Plan> = Plan::all().into_iter().filter(wanted).collect();
    if plans.is_empty() {
        say(&format!("no plan begins with {:?}; --list shows them", arguments.plans));
        return ExitCode::from(2);
    }
    let limits =
        Limits { states_max: arguments.states_max, traces: arguments.traces, ..Limits::default() };
    let mut good = true;
    for plan in plans {
        let heights = arguments.heights.unwrap_or(plan.heights).clamp(1, plan.heights);
        let rounds = arguments.rounds.unwrap_or(plan.rounds).clamp(1, 3);
        good &= check(&Plan { heights, rounds, ..plan }, &limits);
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn words(plan: &Plan) -> String {
    let member = |(at, (weight, group)): (usize, &(u64, &str))| {
        let dishonest = if at == plan.dishonest { " dishonest" } else { "" };
        format!("{group}:{weight}{dishonest}")
    };
    let members: Vec<String> = plan.members.iter().enumerate().map(member).collect();
    let mut words = format!(
        "{}: {} heights, {} rounds, validators (group:weight) {}",
        plan.name,
        plan.heights,
        plan.rounds,
        members.join(", ")
    );
    for (is, what) in [
        (plan.crashes, ", power fails"),
        (!plan.lean, ", nothing left out"),
        (plan.interleaved, ", heights interleaved"),
    ] {
        words.push_str(if is { what } else { "" });
    }
    words
}

// Whether the search ended, found nothing wrong and came across all that it should.
fn check(plan: &Plan, limits: &Limits) -> bool {
    say(&words(plan));
    let began = Instant::now();
    let progress = |account: &Account| {
        say(&format!("  {:>6.0} s  {account}", began.elapsed().as_secs_f64()));
    };
    let account = search(plan, limits, progress);
    let seconds = began.elapsed().as_secs_f64();
    say(&format!(
        "  {seconds:>6.1} s  {account}, {} starts, {}",
        account.starts,
        memory().unwrap_or_else(|| "memory unknown".to_string())
    ));
    if let Some(violation) = &account.violation {
        say(&format!("  VIOLATION: {}", violation.what));
        violation.trace.iter().for_each(|step| say(&format!("    {step}")));
        if violation.trace.is_empty() {
            say("    --traces tells how it came to that");
        }
        return false;
    }
    if !account.ended {
        say("  the search did NOT end: it was given up at --states-max");
        return false;
    }
    let missing: Vec<Goal> = account.missing(plan);
    for goal in &missing {
        say(&format!("  never seen: {goal}"));
    }
    let seen = Goal::all(plan).len() - missing.len();
    let certificates = account.reached.map(|reached| format!("{reached:x}")).join(" ");
    say(&format!(
        "  the search ended: no state is left, none breaks agreement; {seen} goals seen, possible \
         certificates {certificates}"
    ));
    missing.is_empty()
}

fn hunt() -> ExitCode {
    let mut all = true;
    for mutant in Mutant::ALL {
        let plan = Plan::of_mutant(mutant);
        let limits = Limits { traces: true, ..Limits::default() };
        let account = search(&plan, &limits, |_| ());
        say(&format!("{mutant} ({}): {account}", plan.name));
        match &account.violation {
            Some(violation) => {
                say(&format!("  {}", violation.what));
                violation.trace.iter().for_each(|step| say(&format!("    {step}")));
            }
            None => {
                say("  NOT noticed");
                all = false;
            }
        }
    }
    if all { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

// The most that this process has taken so far.
fn memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(format!("{:.0} MB at most", kilobytes / 1024.0))
}

fn say(text: &str) {
    // A closed standard output is no reason to fail.
    let _ = writeln!(std::io::stdout(), "{text}");
}
