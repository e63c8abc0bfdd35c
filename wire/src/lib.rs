//! What crosses a socket: generated gRPC, and the runner's messages.
//!
//! - `legacy`: the client-facing calls of existing clients
//! - `v1`: ours, package `loopchain.v1`
//! - `runner`: peer and SCORE runner

pub mod runner;

#[allow(clippy::all, clippy::too_many_lines)]
pub mod legacy {
    tonic::include_proto!("_");
}

#[allow(clippy::all, clippy::too_many_lines)]
pub mod v1 {
    tonic::include_proto!("loopchain.v1");
}
