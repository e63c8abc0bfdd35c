//! `score-runner diff`: which keys and rows differ between the SCORE stores of two peers.

use std::path::Path;

use crate::engine::EngineError;
use crate::python;
use crate::state::{Entry, named};
use crate::store::{Reader, StoreError};

/// Lines written at most; the rest is counted.
const LINES_MAX: usize = 1_000;
/// A longer key or value is cut.
const SHOWN_BYTES_MAX: usize = 120;

/// The stores cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum DifferenceError {
    #[error("{0} is no SCORE store: it has no folder 'state'")]
    NoStore(String),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// One line for each difference; empty when there is none. Peers may be running: what they write
/// meanwhile is not looked at.
///
/// # Errors
/// A folder is no SCORE store, or cannot be read.
pub fn differences(first: &Path, second: &Path) -> Result<Vec<String>, DifferenceError> {
    let (one, other) = (open(first)?, open(second)?);
    let mut lines = Vec::new();
    let heads = [one.head()?, other.head()?];
    if (heads[0].height, heads[0].state_hash) != (heads[1].height, heads[1].state_hash) {
        let head =
            |at: usize| format!("{} {}", heads[at].height, hex::encode(heads[at].state_hash));
        lines.push(format!("height and state hash: {} | {}", head(0), head(1)));
    }
    let mut more = compare(&one, &other, &mut lines)?;
    for line in python::differences(&first.join("sqlite"), &second.join("sqlite"))? {
        match lines.len() < LINES_MAX {
            true => lines.push(line),
            false => more += 1,
        }
    }
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    Ok(lines)
}

fn open(folder: &Path) -> Result<Reader, DifferenceError> {
    let state = folder.join("state");
    if !state.is_dir() {
        return Err(DifferenceError::NoStore(folder.display().to_string()));
    }
    Ok(Reader::open(&state)?)
}

/// Walks both in the order of keys; how many lines were too many.
fn compare(one: &Reader, other: &Reader, lines: &mut Vec<String>) -> Result<usize, StoreError> {
    let mut more = 0;
    let mut say = |line: String| match lines.len() < LINES_MAX {
        true => lines.push(line),
        false => more += 1,
    };
    let (mut left, mut right) = (one.data(), other.data());
    let (mut a, mut b) = (left.next().transpose()?, right.next().transpose()?);
    loop {
        let order = match (&a, &b) {
            (None, None) => return Ok(more),
            (Some(_), None) => std::cmp::Ordering::Less,
            (None, Some(_)) => std::cmp::Ordering::Greater,
            (Some((a, _)), Some((b, _))) => a.cmp(b),
        };
        let key = if order.is_gt() { &b } else { &a };
        let key = key.as_ref().map(|(key, _)| shown_key(key)).unwrap_or_default();
        let of = |entry: &Option<Entry>, there: bool| match entry {
            Some((_, value)) if there => shown(value),
            _ => "nothing".to_owned(),
        };
        if order.is_ne() || a != b {
            say(format!("{key}: {} | {}", of(&a, order.is_le()), of(&b, order.is_ge())));
        }
        if order.is_le() {
            a = left.next().transpose()?;
        }
        if order.is_ge() {
            b = right.next().transpose()?;
        }
    }
}

fn shown_key(full: &[u8]) -> String {
    match named(full) {
        Some((database, key)) => {
            format!("{}, key {}", String::from_utf8_lossy(database), shown(key))
        }
        None => shown(full),
    }
}

/// As text where it is plain text, else in hex digits.
fn shown(bytes: &[u8]) -> String {
    let cut = &bytes[..bytes.len().min(SHOWN_BYTES_MAX)];
    let rest = if cut.len() < bytes.len() {
        format!("… ({} bytes)", bytes.len())
    } else {
        String::new()
    };
    match std::str::from_utf8(cut) {
        Ok(text) if !text.chars().any(char::is_control) => format!("{text:?}{rest}"),
        _ => format!("0x{}{rest}", hex::encode(cut)),
    }
}
