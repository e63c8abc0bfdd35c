//! Which mix of troubles a seed meets.

use std::fmt;
use std::str::FromStr;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    Partitions,
    Crashes,
    Byzantine,
    Membership,
    Groups,
    Slow,
    Mixed,
}

impl Profile {
    pub const ALL: [Profile; 7] = [
        Profile::Partitions,
        Profile::Crashes,
        Profile::Byzantine,
        Profile::Membership,
        Profile::Groups,
        Profile::Slow,
        Profile::Mixed,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Profile::Partitions => "partitions",
            Profile::Crashes => "crashes",
            Profile::Byzantine => "byzantine",
            Profile::Membership => "membership",
            Profile::Groups => "groups",
            Profile::Slow => "slow",
            Profile::Mixed => "mixed",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No profile has that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoProfile(String);

impl fmt::Display for NoProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Profile::ALL.map(Profile::name).join(", ");
        write!(f, "there is no profile {:?}; there are {names}", self.0)
    }
}

impl std::error::Error for NoProfile {}

impl FromStr for Profile {
    type Err = NoProfile;

    fn from_str(text: &str) -> Result<Profile, NoProfile> {
        let found = Profile::ALL.into_iter().find(|profile| profile.name() == text);
        found.ok_or_else(|| NoProfile(text.to_string()))
    }
}
