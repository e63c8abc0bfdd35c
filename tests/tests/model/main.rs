//! Every state of small channels with a dishonest validator, of a size that CI has time for; and
//! the same with rules broken on purpose, each of which must be noticed. `model_check` does more.

use tests::model::account::Account;
use tests::model::mutant::Mutant;
use tests::model::plan::Plan;
use tests::model::said;
use tests::model::search::{Limits, search};
use tests::note;

// Fails unless the search looked at every state, found nothing wrong, and came across every kind of
// commit and of complaint.
fn check(plan: &Plan) -> Account {
    let account = search(plan, &Limits::default(), |_| ());
    let name = &plan.name;
    if let Some(violation) = &account.violation {
        panic!("{name}: {}; model_check {name} --traces tells how it came", violation.what);
    }
    assert!(account.ended && account.waiting == 0, "{name}: the search did not end");
    assert_eq!(account.missing(plan), [], "{name}: never seen");
    note(&format!("{name}: {account}, {} starts; the search ended", account.starts));
    account
}

fn plans(kind: &str) -> Vec<Plan> {
    let found: Vec<Plan> = Plan::all().into_iter().filter(|p| p.name.starts_with(kind)).collect();
    assert!(found.len() >= 4, "{kind} has a plan for every place of the dishonest validator");
    found
}

#[test]
fn equal_validators_agree() {
    for plan in plans("equal") {
        let account = check(&Plan { rounds: 2, ..plan });
        assert!(account.starts > 1, "height 2 was never begun");
    }
}

#[test]
fn groups_agree() {
    // The dishonest member of a group leads after an honest one of its group, or never.
    let shared = plans("shared").into_iter().filter(|plan| [1, 4].contains(&plan.dishonest));
    for plan in plans("rotten").into_iter().chain(shared) {
        check(&Plan { heights: 1, rounds: 2, ..plan });
    }
}

#[test]
fn validators_that_crash_agree() {
    check(&Plan::find("crashes-3").expect("the plan is listed"));
}

// What is left out of a search must not be missed: the same certificates are possible.
#[test]
fn nothing_is_lost_by_leaving_states_out() {
    let whole = Plan { rounds: 2, ..Plan::find("unreduced-3").expect("the plan is listed") };
    let all = check(&whole);
    let lean = check(&Plan { lean: true, ..whole.clone() });
    assert!(lean.states < all.states / 100, "{} of {} states", lean.states, all.states);
    // The last round's complaints alone are left out on purpose.
    let last = said::complaints_of(whole.rounds - 1);
    assert_eq!(lean.reached[0], all.reached[0] & !last);
}

#[test]
fn mutants_fork() {
    for mutant in Mutant::ALL {
        let account = search(&Plan::of_mutant(mutant), &Limits::default(), |_| ());
        let violation = account.violation.as_ref();
        let violation = violation.unwrap_or_else(|| panic!("not noticed: {mutant}"));
        note(&format!("{mutant}: after {} states, {}", account.states, violation.what));
        assert!(violation.what.starts_with("two commit certificates"), "{}", violation.what);
    }
}
