//! The real programs, as an operator starts them and clients use them.
//!
//! `LOOPCHAIN_TEST_SEED=n` chooses another load; the seed is printed with every failure.

#![allow(clippy::unwrap_used)]

mod bad_calls;
mod bad_requests;
mod bad_start;
mod channel_auth;
mod chaos;
mod disk_full;
mod divergence;
mod faults;
mod fifth_peer;
mod frozen;
mod legacy_calls;
mod load;
mod lost_record;
mod namespaces;
mod native;
mod not_joined;
mod old_packages;
mod restored;
mod runner;
mod score_versions;
mod shape;
mod stop;
mod stranger;
mod stuck;
mod tutorial;
mod twin;
mod undisturbed;
