//! The consensus rules, the pool, the ledger and catch-up as shipped, run by simulated peers: in
//! virtual time, on one thread, from one seed. `simulate` and `tests/simulation.rs` drive it.
//!
//! - `plan`, `profile`, `charter`, `council`: what a seed decides, and who may decide
//! - `world`, `queue`, `network`, `disk`, `node`, `packet`, `shared`: what runs
//! - `faulty`: validators that break the rules
//! - `invariants`: what must always hold
//! - `mutant`: rules broken on purpose
//! - `fleet`, `shrink`, `report`: many seeds, and what is told of a failing one

pub mod charter;
pub mod council;
pub mod dice;
mod disk;
pub mod faulty;
pub mod fleet;
pub mod invariants;
mod memo;
pub mod mutant;
mod network;
mod node;
mod packet;
pub mod plan;
pub mod profile;
mod queue;
pub mod report;
mod shared;
pub mod shrink;
mod tape;
mod trace;
mod words;
pub mod world;
