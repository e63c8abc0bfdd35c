//! What can be told to a peer, as the search sees it: not one signature after the other, but what
//! signatures come to.

use std::fmt;

/// Something that a peer is told. Peers are honest ones by their number, blocks and proposals by
/// their place in the scene's and the leader's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Told {
    /// Votes of a quorum, one by one.
    Votes { round: u8, block: u8 },
    /// Confirms of a quorum, one by one.
    Confirms { round: u8, block: u8 },
    /// A complaint certificate, with the vote certificate (high, block) that it reports.
    Complaints { round: u8, high: Option<(u8, u8)> },
    /// A BLOCK of an honest leader.
    Proposal { from: u8, slot: u8 },
    /// A BLOCK of the dishonest leader: after complaints that report `reported`, with the vote
    /// certificate `certificate`.
    Crafted { round: u8, block: u8, reported: Option<(u8, u8)>, certificate: Option<(u8, u8)> },
    /// A complaint of an honest peer, with the certificate it mentions.
    Complaint { from: u8, round: u8, high: Option<(u8, u8)> },
    /// A complaint of the dishonest validator, which reports nothing.
    Grumble { round: u8 },
    /// The round's timer has ended.
    TimedOut,
    /// The power fails.
    Crashed,
    /// The peer starts again with what it had on disk.
    Recovered,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reporting = |high: &Option<(u8, u8)>| match high {
            Some((round, block)) => format!("reporting block {block} of round {round}"),
            None => "reporting no certificate".to_string(),
        };
        match self {
            Told::Votes { round, block } => {
                write!(f, "hears votes of a quorum for block {block} in round {round}")
            }
            Told::Confirms { round, block } => {
                write!(f, "hears confirms of a quorum for block {block} in round {round}")
            }
            Told::Complaints { round, high } => {
                write!(f, "hears complaints of a quorum about round {round}, {}", reporting(high))
            }
            Told::Proposal { from, slot } => {
                write!(f, "hears proposal {slot} of honest peer {from}")
            }
            Told::Crafted { round, block, reported, certificate } => {
                let with = certificate.map_or("none".to_string(), |(r, b)| format!("{b} of {r}"));
                write!(
                    f,
                    "hears the dishonest leader of round {round} propose block {block}, after \
                     complaints {}, certificate: {with}",
                    reporting(reported)
                )
            }
            Told::Complaint { from, round, high } => {
                let high = reporting(high);
                write!(
                    f,
                    "hears honest peer {from}, perhaps after others, complain about round {round}, {high}"
                )
            }
            Told::Grumble { round } => {
                write!(
                    f,
                    "hears the dishonest validator, perhaps after others, complain about round {round}"
                )
            }
            Told::TimedOut => f.write_str("times out"),
            Told::Crashed => f.write_str("crashes"),
            Told::Recovered => f.write_str("starts again"),
        }
    }
}
