//! What is searched: who decides, how far, and what may happen.

use super::mutant::Mutant;

/// One bounded world.
#[derive(Clone, Debug)]
pub struct Plan {
    pub name: String,
    /// Weight and group of each validator, in the order of leading.
    pub members: Vec<(u64, &'static str)>,
    /// Place of the dishonest validator among them.
    pub dishonest: usize,
    /// At most 2.
    pub heights: usize,
    /// At most 3; in the last one nobody needs to complain.
    pub rounds: usize,
    /// Whether power may fail between any two effects.
    pub crashes: bool,
    /// Whether states are left out from which nothing can come that cannot come from others (see
    /// `World::prompt`, `World::is_vain`, `Turn::is_idle`, `face`).
    pub lean: bool,
    /// Whether one peer may be at the second height while others are at the first. What is said at
    /// one height is nothing to the other, so every history is also one in which the first height
    /// comes first; without this they are searched so, one after the other.
    pub interleaved: bool,
    pub mutant: Option<Mutant>,
}

const EQUAL: [(u64, &str); 3] = [(1, "a"), (1, "b"), (1, "c")];
// V = 7, of which 2 may be rotten: a whole group of weight 2.
const ROTTEN: [(u64, &str); 3] = [(2, "A"), (1, "A"), (2, "B")];
// V = 9: A and B carry, C is neither here nor there. Of A's 4 one may be dishonest.
const SHARED: [(u64, &str); 4] = [(2, "A"), (3, "B"), (1, "A"), (2, "C")];

impl Plan {
    fn new(
        kind: &str,
        honest: &[(u64, &'static str)],
        dishonest: (u64, &'static str),
    ) -> Vec<Plan> {
        let at = |place: usize| {
            let mut members = honest.to_vec();
            members.insert(place, dishonest);
            Plan {
                name: format!("{kind}-{place}"),
                members,
                dishonest: place,
                heights: 2,
                rounds: 3,
                crashes: false,
                lean: true,
                interleaved: false,
                mutant: None,
            }
        };
        (0..=honest.len()).map(at).collect()
    }

    /// Every plan; the number in a name is the first round that the
    /// dishonest validator leads at height 1.
    pub fn all() -> Vec<Plan> {
        let equal = || Plan::new("equal", &EQUAL, (1, "d"));
        let like = |kind: &str, change: &dyn Fn(Plan) -> Plan| -> Vec<Plan> {
            let changed = equal().into_iter().enumerate();
            let named = |(at, plan)| Plan { name: format!("{kind}-{at}"), ..change(plan) };
            changed.map(named).collect()
        };
        let mut all = equal();
        all.extend(Plan::new("rotten", &ROTTEN, (2, "C")));
        let two = |plan| Plan { rounds: 2, ..plan };
        all.extend(Plan::new("shared", &SHARED, (1, "A")).into_iter().map(two));
        let one = |plan| Plan { heights: 1, ..two(plan) };
        all.extend(like("crashes", &|plan| Plan { crashes: true, ..one(plan) }));
        all.extend(like("unreduced", &|plan| Plan { lean: false, ..one(plan) }));
        all.extend(like("interleaved", &|plan| Plan { interleaved: true, ..two(plan) }));
        all
    }

    /// The plan of that name.
    pub fn find(name: &str) -> Option<Plan> {
        Plan::all().into_iter().find(|plan| plan.name == name)
    }

    /// The smallest plan in which a mutant does harm.
    pub fn of_mutant(mutant: Mutant) -> Plan {
        let name = if mutant.needs_crashes() { "crashes" } else { "equal" };
        let plan = Plan::find(&format!("{name}-{}", mutant.place()));
        let plan = plan.expect("there is a plan for every place");
        Plan { heights: 1, rounds: 2, mutant: Some(mutant), ..plan }
    }
}
