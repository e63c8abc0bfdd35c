//! Everything a peer decides without the world: data, keys, rules and LFT. Pure: no clock, files,
//! sockets, randomness, threads, async or logs (clippy.toml bans them).
//!
//! - `hash`, `merkle`, `keys`, `encoding`: what is hashed, signed and written
//! - `count`: heights, rounds, weights, sequences
//! - `transaction`, `batch`, `block`, `certificate`, `channel`: what a chain is made of
//! - `membership`, `validators`: who belongs to a channel, who decides, who leads
//! - `score`: which version of its SCORE a channel executes
//! - `ledger`: what makes a block valid, and what it changes
//! - `pool`: batches that wait for a block
//! - `evidence`: proofs that somebody signed two things that contradict each other
//! - `catch_up`: which committed blocks to ask whom for
//! - `lft`: how the validators agree on one block after the other

pub mod batch;
pub mod block;
pub mod catch_up;
pub mod certificate;
pub mod channel;
pub mod count;
pub mod encoding;
pub mod evidence;
pub mod hash;
pub mod keys;
pub mod ledger;
pub mod lft;
pub mod membership;
pub mod merkle;
pub mod pool;
pub mod score;
pub mod transaction;
pub mod validators;

#[cfg(test)]
mod tests;
