//! The C interface between score-runner and a native SCORE's library.
//!
//! Nothing is allocated on one side and freed on the other: bytes are lent for the length of a
//! call, and answers are handed over through callbacks. A change here raises [`VERSION`].
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Block, Failure, Score, State, Transaction, View};

/// The runner refuses a library of another version.
pub const VERSION: u32 = 1;

/// Result code of a SCORE that panicked.
pub const EXCEPTION: i64 = 9000;

/// Bytes lent for the length of a call.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    pub start: *const u8,
    pub length: usize,
}

impl Bytes {
    pub fn lend(bytes: &[u8]) -> Bytes {
        Bytes { start: bytes.as_ptr(), length: bytes.len() }
    }

    /// The bytes lent.
    ///
    /// # Safety
    /// Only within the call that lent them.
    pub unsafe fn borrow<'a>(self) -> &'a [u8] {
        // SAFETY: `lend` is the only maker; the caller stays within the call.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }

    /// The text lent; empty should it not be UTF-8.
    ///
    /// # Safety
    /// Only within the call that lent it.
    pub unsafe fn text<'a>(self) -> &'a str {
        // SAFETY: as the caller promises.
        std::str::from_utf8(unsafe { self.borrow() }).unwrap_or_default()
    }
}

/// What the runner lets a SCORE do during a call. Scanning and reading hand what they find to
/// `take`, with `taker` as its first argument.
#[repr(C)]
pub struct Host {
    pub context: *const c_void,
    pub get: extern "C" fn(*const c_void, Bytes, Bytes, Take, *mut c_void),
    /// `value` null: delete.
    pub write: extern "C" fn(*const c_void, Bytes, Bytes, *const Bytes),
    /// From, to (null: to the end), and how many at most.
    pub scan: extern "C" fn(*const c_void, Bytes, Bytes, *const Bytes, usize, Take, *mut c_void),
    /// Called once by `invoke` and `query` with the code and the message or answer.
    pub finish: extern "C" fn(*const c_void, i64, Bytes),
}

/// Receives a key (empty from `get`) and a value.
pub type Take = extern "C" fn(*mut c_void, Bytes, Bytes);

/// A transaction in C's terms.
#[repr(C)]
pub struct RawTransaction {
    pub hash: Bytes,
    pub timestamp_us: u64,
    pub data: Bytes,
    pub peer_id: Bytes,
    pub signature: Bytes,
    pub public_key: Bytes,
}

/// A block in C's terms.
#[repr(C)]
pub struct RawBlock {
    pub height: u64,
    pub hash: Bytes,
    pub previous_hash: Bytes,
    pub timestamp_us: u64,
    pub peer_id: Bytes,
    pub channel: Bytes,
    pub transaction_count: u64,
}

/// What `loopchain_score_table` of a library points to.
#[repr(C)]
pub struct ScoreTable {
    pub version: u32,
    pub invoke: extern "C" fn(*const Host, *const RawTransaction, *const RawBlock),
    pub query: extern "C" fn(*const Host, Bytes),
}

/// The table of a SCORE; used by `score!`.
pub const fn table<S: Score + Default>() -> ScoreTable {
    ScoreTable { version: VERSION, invoke: invoke::<S>, query: query::<S> }
}

extern "C" fn invoke<S: Score + Default>(
    host: *const Host,
    transaction: *const RawTransaction,
    block: *const RawBlock,
) {
    // SAFETY: the runner passes pointers to values of its own that outlive the call.
    let (host, transaction, block) = unsafe { (&*host, &*transaction, &*block) };
    let outcome = caught(|| {
        let (transaction, block) = (transaction.lent(), block.lent());
        S::default().invoke(&transaction, &block, &mut State::new(host))
    });
    match outcome.unwrap_or_else(|panic| Err(Failure::new(EXCEPTION, panic))) {
        Ok(()) => host.finish(0, ""),
        Err(Failure { code: 0, message }) => host.finish(EXCEPTION, &message),
        Err(Failure { code, message }) => host.finish(code, &message),
    }
}

extern "C" fn query<S: Score + Default>(host: *const Host, request: Bytes) {
    // SAFETY: the runner passes a pointer to a value of its own that outlives the call.
    let host = unsafe { &*host };
    // SAFETY: within the call that lends it.
    let request = unsafe { request.text() };
    match caught(|| S::default().query(request, &View::new(host))).unwrap_or_else(Err) {
        Ok(answer) => host.finish(0, &answer),
        Err(reason) => host.finish(EXCEPTION, &reason),
    }
}

/// A panic must not cross into the runner. The SCORE is dropped with it, so nothing half-changed
/// is seen again.
fn caught<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        format!("panicked: {}", text.unwrap_or("without a text"))
    })
}

impl RawTransaction {
    fn lent(&self) -> Transaction<'_> {
        // SAFETY: the result's lifetime is bound to `self`, which lives as long as the call.
        unsafe {
            Transaction {
                hash: self.hash.text(),
                timestamp_us: self.timestamp_us,
                data: self.data.text(),
                peer_id: self.peer_id.text(),
                signature: self.signature.borrow(),
                public_key: self.public_key.borrow(),
            }
        }
    }
}

impl RawBlock {
    fn lent(&self) -> Block<'_> {
        // SAFETY: the result's lifetime is bound to `self`, which lives as long as the call.
        unsafe {
            Block {
                height: self.height,
                hash: self.hash.text(),
                previous_hash: self.previous_hash.text(),
                timestamp_us: self.timestamp_us,
                peer_id: self.peer_id.text(),
                channel: self.channel.text(),
                transaction_count: self.transaction_count,
            }
        }
    }
}

impl Host {
    pub(crate) fn get(&self, database: &str, key: &[u8]) -> Option<Vec<u8>> {
        let mut found: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let taker = (&raw mut found).cast();
        let database = Bytes::lend(database.as_bytes());
        (self.get)(self.context, database, Bytes::lend(key), take_entry, taker);
        found.pop().map(|(_, value)| value)
    }

    pub(crate) fn write(&self, database: &str, key: &[u8], value: Option<&[u8]>) {
        let value = value.map(Bytes::lend);
        let value = value.as_ref().map_or(std::ptr::null(), |value| &raw const *value);
        (self.write)(self.context, Bytes::lend(database.as_bytes()), Bytes::lend(key), value);
    }

    pub(crate) fn scan(
        &self,
        database: &str,
        from: &[u8],
        to: Option<&[u8]>,
        count_max: usize,
    ) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut found: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        let taker = (&raw mut found).cast();
        let to = to.map(Bytes::lend);
        let to = to.as_ref().map_or(std::ptr::null(), |to| &raw const *to);
        let (database, from) = (Bytes::lend(database.as_bytes()), Bytes::lend(from));
        (self.scan)(self.context, database, from, to, count_max, take_entry, taker);
        found
    }

    fn finish(&self, code: i64, text: &str) {
        (self.finish)(self.context, code, Bytes::lend(text.as_bytes()));
    }
}

extern "C" fn take_entry(taker: *mut c_void, key: Bytes, value: Bytes) {
    // SAFETY: `taker` is the `found` of `get` or `scan`, which waits for this call to return; the
    // bytes are copied within it.
    unsafe {
        let found = &mut *taker.cast::<Vec<(Vec<u8>, Vec<u8>)>>();
        found.push((key.borrow().to_vec(), value.borrow().to_vec()));
    }
}

#[cfg(test)]
mod tests;
