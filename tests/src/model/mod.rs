//! Exhaustive search of what the rules of agreement can come to at small size: every order in which
//! four validators, one of them dishonest, can be told everything that can be said.
//!
//! - `plan`: who decides, how many heights and rounds, what may happen
//! - `scene`, `said`, `universe`: the blocks of a height, what honest peers said, signed messages
//! - `told`, `offer`: what can be told to a peer, given what all have said
//! - `local`, `turn`, `face`: one peer around `lft::step`; each of its states is computed once
//! - `search`, `visited`, `account`: all states of all peers, breadth first, and what was seen
//! - `mutant`: rules broken on purpose, which the search must notice

pub mod account;
mod face;
mod local;
pub mod mutant;
mod offer;
pub mod plan;
pub mod said;
mod scene;
pub mod search;
mod told;
mod turn;
mod universe;
mod visited;

#[cfg(test)]
mod tests;
