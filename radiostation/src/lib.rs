//! The radiostation: admits peers, tells them who else is on their channels, and signs what it
//! says. No transaction and no commit needs it.
//!
//! - `registry`: what it knows and decides, pure
//! - `registrar`: the one task that owns the registry
//! - `store`: the registry on disk
//! - `session`: the queue toward one peer
//! - `api`: gRPC and REST
//! - `clock`, `random`: the world's two answers

pub mod api;
pub mod clock;
pub mod random;
pub mod registrar;
pub mod registry;
pub mod session;
pub mod store;

mod run;

pub use run::{RunError, run};
