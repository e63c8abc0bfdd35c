//! Once troubles are over, what waits is committed within a bound: [`TIMEOUTS_MAX`] of the longest
//! timeouts, first for what waited already, then for new work at every honest peer.

/// Longest timeouts within which things settle, and within which new work is committed.
pub const TIMEOUTS_MAX: u64 = 24;

/// How long the two parts took, microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub settled_us: u64,
    pub resumed_us: u64,
    /// The channel's longest timeout.
    pub timeout_us: u64,
}

impl Progress {
    /// The longer part, in longest timeouts.
    pub fn timeouts(&self) -> f64 {
        self.settled_us.max(self.resumed_us) as f64 / self.timeout_us.max(1) as f64
    }
}
