//! Which version of its SCORE a channel executes, and from which height on: changed by committed
//! entries, for all peers at one height.

use std::fmt;
use std::str::FromStr;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::count::Height;

/// A commit of a package's repository, or the digest that stands for one; 40 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, BorshSerialize, BorshDeserialize)]
pub struct Version(pub [u8; 20]);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", hex::encode(&self.0[..4]))
    }
}

/// The text was not 40 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a SCORE's version is 40 hex digits; status/score of a peer lists those it has")]
pub struct NotAVersion;

impl FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Version, NotAVersion> {
        let mut bytes = [0; 20];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| NotAVersion)?;
        Ok(Version(bytes))
    }
}

/// What a channel's committed entries say about its SCORE's version.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Versions(Vec<(Height, Version)>);

impl Versions {
    /// Takes over a change that block `height` has committed; in force from the next height on.
    /// The first change says by itself what it changes from, which was in force from the
    /// beginning; a later one that does not fit what is in force changes nothing.
    pub fn change(&mut self, height: Height, from: Version, to: Version) {
        match self.0.last() {
            None if from != to => self.0.extend([(Height(1), from), (height.next(), to)]),
            Some((_, now)) if *now == from && from != to => self.0.push((height.next(), to)),
            _ => {}
        }
    }

    /// The version that executes `height`; none where no change was ever committed.
    pub fn at(&self, height: Height) -> Option<Version> {
        self.0.iter().rev().find(|(from, _)| *from <= height).map(|(_, version)| *version)
    }

    /// All that were in force, ascending by the height from which on.
    pub fn all(&self) -> &[(Height, Version)] {
        &self.0
    }
}

#[cfg(test)]
mod tests;
