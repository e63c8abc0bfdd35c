//! SCOREs written in Rust: a library in the package's folder, loaded into this process.
//!
//! The library was built by someone else, so what crosses is the narrow C interface of
//! `loopchain_sdk::abi`, checked by its version.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::error::Error;
use std::ffi::c_void;
use std::rc::Rc;
use std::sync::Arc;

use libloading::Library;
use loopchain_sdk::abi::{Bytes, Host, RawBlock, RawTransaction, ScoreTable, Take, VERSION};
use wire::runner::{Answer, Block, Load, Receipt};

use crate::engine::{EXCEPTION, Engine, EngineError};
use crate::limits::{Subject, Watchdog};
use crate::package::Package;
use crate::session::{Refusal, Session};
use crate::store::Outcome;

/// A library that is no SCORE of ours.
#[derive(Debug, thiserror::Error)]
pub enum NativeError {
    #[error("{path} cannot be loaded: {reason} (build the package's crate and copy its library)")]
    Library { path: String, reason: String },
    #[error("the library was built for version {found} of the SDK's interface, not {VERSION}")]
    Version { found: u32 },
    #[error("the library gives no table")]
    NoTable,
    #[error("no thread for watching calls: {0}")]
    Thread(std::io::Error),
}

/// A loaded native SCORE.
pub struct NativeEngine {
    table: &'static ScoreTable,
    session: Rc<RefCell<Session>>,
    watchdog: Watchdog,
    invoke_timeout_ms: u64,
    query_timeout_ms: u64,
    block: Option<Arc<Block>>,
}

impl NativeEngine {
    pub fn load(
        package: &Package,
        load: &Load,
        session: &Rc<RefCell<Session>>,
    ) -> Result<NativeEngine, NativeError> {
        let path = package.folder.join(format!("lib{}.so", package.main));
        let failed = |error: libloading::Error| NativeError::Library {
            path: path.display().to_string(),
            reason: error.source().map_or_else(|| error.to_string(), ToString::to_string),
        };
        // SAFETY: the operator chose to run this package's code; the library is never unloaded,
        // so what it gives out stays valid.
        let table = unsafe {
            let library: &'static Library =
                Box::leak(Box::new(Library::new(&path).map_err(failed)?));
            let table = library
                .get::<extern "C" fn() -> *const ScoreTable>(b"loopchain_score_table")
                .map_err(failed)?;
            table().as_ref().ok_or(NativeError::NoTable)?
        };
        if table.version != VERSION {
            return Err(NativeError::Version { found: table.version });
        }
        let store = Arc::clone(session.borrow().store());
        Ok(NativeEngine {
            table,
            session: Rc::clone(session),
            watchdog: Watchdog::start(store, None).map_err(NativeError::Thread)?,
            invoke_timeout_ms: load.invoke_timeout_ms,
            query_timeout_ms: load.query_timeout_ms,
            block: None,
        })
    }

    /// Lends the session to `call` and gives back the code and text that it finished with.
    fn called(&self, subject: Subject, limit_ms: u64, call: impl FnOnce(&Host)) -> (i64, String) {
        let context = Context {
            session: &self.session,
            finished: RefCell::new(None),
            refused: RefCell::new(None),
        };
        let host = Host { context: (&raw const context).cast(), get, write, scan, finish };
        self.watchdog.begin(subject, limit_ms);
        call(&host);
        self.watchdog.end();
        if let Some(refused) = context.refused.into_inner() {
            return (EXCEPTION, refused);
        }
        let unfinished = || (EXCEPTION, "the SCORE returned without a result".to_owned());
        context.finished.into_inner().unwrap_or_else(unfinished)
    }
}

impl Engine for NativeEngine {
    fn begin_block(&mut self, block: &Arc<Block>) -> Result<(), EngineError> {
        self.block = Some(Arc::clone(block));
        Ok(())
    }

    fn invoke(&mut self, index: usize) -> Result<Receipt, EngineError> {
        let block = self.block.as_ref().expect("a block was begun");
        let transaction = &block.transactions[index];
        let channel = self.session.borrow().channel.clone();
        let transaction_hash = hex::encode(transaction.hash);
        let hash = hex::encode(block.block_hash);
        let previous_hash = hex::encode(block.previous_block_hash);
        let lent_transaction = RawTransaction {
            hash: Bytes::lend(transaction_hash.as_bytes()),
            timestamp_us: transaction.timestamp_us,
            data: Bytes::lend(transaction.data.as_bytes()),
            peer_id: Bytes::lend(transaction.peer_id.as_bytes()),
            signature: Bytes::lend(&transaction.signature),
            public_key: Bytes::lend(&transaction.public_key),
        };
        let lent_block = RawBlock {
            height: block.height,
            hash: Bytes::lend(hash.as_bytes()),
            previous_hash: Bytes::lend(previous_hash.as_bytes()),
            timestamp_us: block.timestamp_us,
            peer_id: Bytes::lend(block.peer_id.as_bytes()),
            channel: Bytes::lend(channel.as_bytes()),
            transaction_count: block.transactions.len() as u64,
        };
        let subject = Subject::Transaction { height: block.height, index };
        let (code, text) = self.called(subject, self.invoke_timeout_ms, |host| {
            (self.table.invoke)(host, &raw const lent_transaction, &raw const lent_block);
        });
        Ok(Receipt { code, message: (code != 0).then_some(text) })
    }

    fn end_transaction(&mut self, _keep: bool) -> Result<Vec<u8>, EngineError> {
        Ok(Vec::new())
    }

    fn commit_block(&mut self, _outcome: &Outcome) -> Result<(), EngineError> {
        self.block = None;
        Ok(())
    }

    fn query(&mut self, request: &str) -> Result<Answer, EngineError> {
        let (code, text) = self.called(Subject::Query, self.query_timeout_ms, |host| {
            (self.table.query)(host, Bytes::lend(request.as_bytes()));
        });
        Ok(if code == 0 { Answer::Returned(text) } else { Answer::Raised(text) })
    }
}

/// What the callbacks work on, for the length of one call.
struct Context<'a> {
    session: &'a RefCell<Session>,
    finished: RefCell<Option<(i64, String)>>,
    /// The first request that was refused: the call fails, whatever it says itself.
    refused: RefCell<Option<String>>,
}

impl Context<'_> {
    /// # Safety
    /// `context` is what a callback of the running call was given.
    unsafe fn of<'a>(context: *const c_void) -> &'a Context<'a> {
        // SAFETY: `called` put it there and waits for the call to return.
        unsafe { &*context.cast::<Context<'a>>() }
    }

    fn or_refuse<T>(&self, result: Result<T, Refusal>) -> Option<T> {
        result
            .map_err(|refusal| {
                self.refused.borrow_mut().get_or_insert(refusal.to_string());
            })
            .ok()
    }
}

extern "C" fn get(
    context: *const c_void,
    database: Bytes,
    key: Bytes,
    take: Take,
    taker: *mut c_void,
) {
    // SAFETY: called by the library within the call that was given `context`, with bytes that it
    // lends for this callback.
    let (context, database, key) = unsafe { (Context::of(context), database.text(), key.borrow()) };
    let value = context.session.borrow_mut().get(database, key);
    if let Some(Some(value)) = context.or_refuse(value) {
        take(taker, Bytes::lend(&[]), Bytes::lend(&value));
    }
}

extern "C" fn write(context: *const c_void, database: Bytes, key: Bytes, value: *const Bytes) {
    // SAFETY: as in `get`; `value` is null or lent like the others.
    let (context, database, key, value) = unsafe {
        let value = value.as_ref().map(|value| value.borrow().to_vec());
        (Context::of(context), database.text(), key.borrow(), value)
    };
    let written = context.session.borrow_mut().write(database, key, value);
    context.or_refuse(written);
}

extern "C" fn scan(
    context: *const c_void,
    database: Bytes,
    from: Bytes,
    to: *const Bytes,
    count_max: usize,
    take: Take,
    taker: *mut c_void,
) {
    // SAFETY: as in `get`; `to` is null or lent like the others.
    let (context, database, from, to) = unsafe {
        let to = to.as_ref().map(|to| to.borrow());
        (Context::of(context), database.text(), from.borrow(), to)
    };
    let opened = context.session.borrow_mut().scan(database, from, to, false);
    let Some(mut scan) = context.or_refuse(opened) else { return };
    for _ in 0..count_max {
        let entry = context.session.borrow_mut().next_of(&mut scan, database);
        let Some(Some((key, value))) = context.or_refuse(entry) else { return };
        take(taker, Bytes::lend(&key), Bytes::lend(&value));
    }
}

extern "C" fn finish(context: *const c_void, code: i64, text: Bytes) {
    // SAFETY: as in `get`.
    let (context, text) = unsafe { (Context::of(context), text.text()) };
    *context.finished.borrow_mut() = Some((code, text.to_owned()));
}
