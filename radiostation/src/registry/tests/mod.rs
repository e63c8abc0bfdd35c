#![allow(clippy::unwrap_used)]

mod change;
mod channels;
mod join;
mod report;
mod world;
