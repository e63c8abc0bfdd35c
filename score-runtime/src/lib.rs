//! The program `score-runner`: one process per channel, beside its peer, that runs a SCORE.
//!
//! - `serve`: orders in, reports out
//! - `conversation`: the socket to the peer
//! - `package`: finds a SCORE and its versions
//! - `store`: the SCORE's data on disk; the only use of rocksdb here
//! - `state`: what a transaction, a block and the disk hold, one over the other
//! - `session`: what contract code may reach, whatever it is written in
//! - `service`: what a contract may ask about the chain
//! - `executor`: a block, from order to receipts and state hash
//! - `engine`: what Python and native SCOREs have in common
//! - `python`: Python SCOREs; the only use of pyo3
//! - `native`: SCOREs written in Rust
//! - `local`: a channel with one peer and no network, for authors
//! - `trial`: a package's transactions and tests, on such a channel
//! - `scaffold`: a new package
//! - `difference`: which keys differ between two stores
//! - `limits`: the wall time a call may take, and calls that are not tried again
//! - `confine`: what the system keeps the process from

pub mod confine;
pub mod conversation;
pub mod difference;
pub mod engine;
pub mod executor;
pub mod exit;
pub mod limits;
pub mod local;
pub mod native;
pub mod package;
pub mod python;
pub mod scaffold;
pub mod serve;
pub mod service;
pub mod session;
pub mod state;
pub mod store;
pub mod trial;
