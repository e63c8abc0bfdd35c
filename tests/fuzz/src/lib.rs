//! Fuzz targets: every decoder of bytes from outside, with what must hold of all bytes. How to run
//! them: tests/README.md, "Fuzzing".
//!
//! - `targets`: one function a decoder, by where the bytes come from
//! - `world`: a small channel with fixed keys: all that anybody ever signed there is known
//! - `memory`: what decoding may allocate
//! - `corpus`: the inputs in the repository

pub mod corpus;
pub mod memory;
mod targets;
mod world;

pub use targets::TARGETS;

use std::sync::{Mutex, PoisonError};

use borsh::{BorshDeserialize, BorshSerialize};
use chain::encoding::{decode, encode};

/// What became of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It was what was expected there.
    Taken,
    Refused,
}

impl Verdict {
    /// `Taken` if either is.
    fn or(self, other: Verdict) -> Verdict {
        if self == Verdict::Taken { self } else { other }
    }
}

/// One decoder.
pub struct Target {
    /// As in `tests/fuzz/run --target`.
    pub name: &'static str,
    /// For people.
    pub decodes: &'static str,
    /// Longest input that libFuzzer tries.
    pub bytes_max: usize,
    /// Inputs that take some seconds together, for a short run.
    pub runs: usize,
    /// What examining an input may hold, bytes, beside `MEMORY_PER_BYTE` for each of its bytes.
    pub memory_max: usize,
    /// Panics when the bytes break a promise.
    pub run: fn(&[u8]) -> Verdict,
    /// Inputs made of real objects; each is taken.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Bytes of memory that each byte of input may cost: a JSON value of two bytes is some hundred.
pub const MEMORY_PER_BYTE: usize = 1_000;

/// Runs `target` on `bytes`.
///
/// # Panics
/// When something does not hold that must.
pub fn examine(target: &Target, bytes: &[u8]) -> Verdict {
    // Targets keep folders and connections from input to input.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (verdict, held) = memory::measured(|| (target.run)(bytes));
    let most = target.memory_max + bytes.len() * MEMORY_PER_BYTE;
    assert!(
        held <= most,
        "{} held {held} bytes for an input of {}, which justifies {most}",
        target.name,
        bytes.len()
    );
    verdict
}

/// Memory that decoding may take for whatever length a text announces: borsh reads texts in pieces
/// of at most 1 MiB.
const PIECE_BYTES: usize = (1 << 20) + (64 << 10);
/// Memory that decoding may take for each byte: a text of no bytes takes 4 and is 24 in memory, and
/// a growing list is there twice.
const DECODED_PER_BYTE: usize = 32;

/// The value of which `bytes` are the encoding. Decoding holds what the bytes justify, and the
/// encoding is canonical: hashes and signatures rest on it.
fn decoded<T: BorshDeserialize + BorshSerialize>(bytes: &[u8]) -> Option<T> {
    let (value, held) = memory::measured(|| decode::<T>(bytes));
    let most = PIECE_BYTES + bytes.len() * DECODED_PER_BYTE;
    assert!(held <= most, "decoding {} bytes held {held}, justified are {most}", bytes.len());
    let value = value.ok()?;
    assert!(encode(&value) == bytes, "two encodings of one value");
    Some(value)
}

/// `Taken` if there is something.
fn taken<T>(value: Option<T>) -> Verdict {
    if value.is_some() { Verdict::Taken } else { Verdict::Refused }
}
