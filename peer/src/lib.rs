//! The peer: `run` puts it together and lives until it is told to stop.
//!
//! - `node`: the peer as a whole
//! - `channel`: one channel; the only caller of `lft::step`
//! - `intake`: clients' transactions become batches
//! - `executor`: committed blocks go to the SCORE runner
//! - `network`: other peers
//! - `storage`: the disk
//! - `radiostation_client`: admission and announcements
//! - `api`: REST and gRPC; `view`: how blocks and transactions look there

pub mod api;
pub mod channel;
pub mod executor;
pub mod intake;
pub mod network;
pub mod node;
pub mod radiostation_client;
mod start;
pub mod storage;
pub mod view;

pub use start::{StartError, run};

#[cfg(test)]
mod tests;
