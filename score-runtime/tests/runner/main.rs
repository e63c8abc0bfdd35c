//! Starts the built `score-runner` and speaks to it as a peer does.
//!
//! - `driver`: the peer's side
//! - `python`: Python packages, as tables of transactions and what becomes of them
//! - `sqlite`: sqlite3 databases
//! - `chance`: what must be the same on every peer
//! - `recovery`: crashes, replays, orders out of turn
//! - `limits`: calls that do not end
//! - `packages`: where packages are found
//! - `shipped`: the packages under `score/`
//! - `breakout`: what a package may not do
//! - `authors`: packages written by others, with their own tests
//! - `commands`: the command line
#![allow(clippy::unwrap_used)]

mod authors;
mod breakout;
mod chance;
mod commands;
mod driver;
mod limits;
mod packages;
mod python;
mod recovery;
mod service;
mod shipped;
mod sqlite;
