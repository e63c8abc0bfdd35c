//! The states seen so far: whole states, not fingerprints of them, so that none is ever taken for
//! another. Open addressing; eight bytes a place, at most four fifths of them taken.

/// A set of numbers below 2^64 − 1.
pub struct Visited {
    // One more than the number; 0 is a free place.
    places: Vec<u64>,
    len: usize,
}

impl Visited {
    pub fn new() -> Visited {
        Visited { places: vec![0; 1 << 16], len: 0 }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    /// Adds `state`; whether it was not there before.
    pub fn insert(&mut self, state: u64) -> bool {
        if (self.len + 1) * 5 > self.places.len() * 4 {
            self.grow();
        }
        let at = find(&self.places, state + 1);
        let new = self.places[at] == 0;
        if new {
            self.places[at] = state + 1;
            self.len += 1;
        }
        new
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = u64> {
        self.places.iter().filter(|state| **state != 0).map(|state| state - 1)
    }

    fn grow(&mut self) {
        let larger = vec![0; self.places.len() * 2];
        let smaller = std::mem::replace(&mut self.places, larger);
        for state in smaller.into_iter().filter(|state| *state != 0) {
            let at = find(&self.places, state);
            self.places[at] = state;
        }
    }
}

// Where `state` is, or the free place where it belongs.
fn find(places: &[u64], state: u64) -> usize {
    let mask = places.len() - 1;
    let mixed = (state ^ (state >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut at = (mixed ^ (mixed >> 32)) as usize & mask;
    while places[at] != 0 && places[at] != state {
        at = (at + 1) & mask;
    }
    at
}
