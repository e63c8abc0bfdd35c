//! Networks of the real programs, for tests: started, driven, broken and audited.
//!
//! - `network`, `plan`, `node`: a radiostation and peers in a temporary folder
//! - `process`, `ports`: what they stand on
//! - `namespace`: network namespaces, and wires between them that delay, lose and part
//! - `rest`, `grpc`, `raw_http`: clients
//! - `load`, `stream_client`, `requests`, `record`: many clients at once, and what they were told
//! - `audit`, `history`: whether the peers kept all of it, once, in order, alike
//! - `standing`: whether a peer speaks on its channels
//! - `wait`, `random`: bounded waiting, numbers from a seed

pub mod audit;
pub mod grpc;
pub mod history;
pub mod load;
pub mod model;
pub mod namespace;
pub mod network;
pub mod node;
pub mod plan;
pub mod ports;
pub mod process;
pub mod random;
pub mod raw_http;
pub mod record;
pub mod requests;
pub mod rest;
pub mod simulation;
pub mod standing;
mod stream_client;
pub mod wait;

/// Writes a line that is seen although the test passes.
pub fn note(text: &str) {
    use std::io::Write;
    // A closed standard error is no reason to fail.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Whether tests of more than two minutes are wanted (`LOOPCHAIN_TEST_ALL=1`, `./run_tests --all`);
/// otherwise says that `name` is left out.
pub fn long_tests_wanted(name: &str) -> bool {
    let wanted = std::env::var("LOOPCHAIN_TEST_ALL").is_ok_and(|value| value == "1");
    if !wanted {
        note(&format!("left out: {name} takes more than two minutes; ./run_tests --all runs it"));
    }
    wanted
}
