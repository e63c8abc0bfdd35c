//! Newtypes for what is counted, so that a height is never taken for a round.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

macro_rules! count {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(BorshSerialize, BorshDeserialize)]
        pub struct $name(pub u64);

        impl $name {
            /// The one after; 2^64 of anything is out of reach, so passing the end is a bug.
            #[must_use]
            pub fn next(self) -> $name {
                $name(self.0.checked_add(1).expect("a count of 2^64 is out of reach"))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

count!(
    /// Place of a block in its chain; genesis is 0.
    Height
);
count!(
    /// Attempt at one height; 0 first.
    Round
);
count!(
    /// A validator's voting weight; at least 1.
    Weight
);
count!(
    /// Number of a batch of one maker, or of a membership entry of a channel; from 1 without gaps.
    Sequence
);
