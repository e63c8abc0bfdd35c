//! LFT: how a channel's validators agree on one block after the other.
//!
//! At each height the leader of round 0 sends a BLOCK; validators answer everyone with a VOTE;
//! whoever holds a quorum of votes (a vote certificate) answers everyone with a CONFIRM; a quorum
//! of confirms (a commit certificate) commits. When a round does not commit in time, COMPLAIN moves
//! the height to its next round and leader. Q(S): S is a quorum. H(S): S surely contains an honest
//! validator. leader(r) is r places after the base leader in the order of joining.
//!
//! Durable before sent: `Record` holds the highest round voted in and for what, the highest round
//! complained about, the highest vote certificate (`high`), the block voted for, the last proposal,
//! and what led to the round. It is persisted before the message that relies on it is sent.
//!
//! 1. Vote. On BLOCK(r) from leader(r), r not below the own round: vote once, if r is above the
//!    rounds voted in and complained about, the block is valid, and r = 0 or the justification
//!    holds: a complaint certificate for r−1, and, if that reports `high` = q, a vote certificate
//!    of round ≥ q for exactly this block. A block that breaks this earns a complaint at once.
//! 2. Confirm. On a vote certificate of round r: keep the highest as `high`. If r is above the
//!    round complained about, CONFIRM. A certificate of a later round brings the peer there.
//! 3. Commit. On a commit certificate of any round: the block is final.
//! 4. Complain. When the timer of the round ends: complain about it, with `high`; from then on
//!    neither vote nor confirm at any round up to it. Again at every timeout until the round
//!    changes, and with it what others may have missed: the complaints that led to the round, and
//!    from its leader the BLOCK.
//! 5. Join. Complaints about rounds ≥ r, r not below the own round, from a set with H: complain
//!    about the highest such r too.
//! 6. Next round. On a complaint certificate for r: enter r+1 and pass the certificate on. Its
//!    leader proposes the block of its highest vote certificate if the complaints report one, else
//!    a new block. One BLOCK a round.
//! 7. Behind. What belongs to a later height is not for `step`: the caller fetches committed blocks
//!    and says `Committed`.
//!
//! Why it is safe: votes are unique per round, so a round certifies at most one block. Let b be
//! committed in round r by confirms of C. A certified block of a later round v needs an honest
//! voter whose justification held: complaints of a quorum about v−1 ≥ r. That quorum and C share an
//! honest peer, which confirmed b in r before it complained about any round ≥ r (rule 4), so it
//! reports `high` ≥ r; and by induction all certificates of rounds r … v−1 are for b.
//!
//! Why it is live: once the network is steady, rules 5 and 6 bring all honest peers into one round
//! within two delays, and whether its block is acceptable depends on what it carries alone.
//! Timeouts that double outlast any delay.

pub mod effect;
pub mod event;
pub mod message;
mod recovery;
mod round;
pub mod standing;
pub mod state;
pub mod tally;
mod turn;
pub mod waits;

#[cfg(test)]
mod tests;

pub use effect::Effect;
pub use event::Event;
pub use state::{Record, Rules, Start, State};
use turn::Turn;
pub use waits::WaitsFor;

/// Applies one event: the state after it, and what is to be done, in order.
#[must_use]
pub fn step(rules: &Rules, state: State, event: Event) -> (State, Vec<Effect>) {
    let mut turn = Turn::new(rules, state);
    match event {
        Event::Recovered => turn.on_recovered(),
        Event::Received(message) => turn.on_received(message.into_inner()),
        Event::WorkWaits => turn.on_work_waits(),
        Event::BlockBuilt { height, round, block } => turn.on_block_built(height, round, block),
        Event::BlockChecked { height, block, valid } => turn.on_block_checked(height, block, valid),
        Event::BlockFound(block) => turn.on_block_found(block),
        Event::TimedOut { height, round } => turn.on_timed_out(height, round),
        Event::Committed(start) => turn.on_committed(*start),
    }
    turn.end()
}
