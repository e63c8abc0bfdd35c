//! What contract code may reach, whatever it is written in, and in which phase.

use std::sync::Arc;

use wire::runner::Block;

use crate::conversation::{Conversation, ConversationError};
use crate::state::{self, Draft, Entry, NAME_BYTES_MAX, Scan, TooMuchWritten, Writes};
use crate::store::{Store, StoreError};

/// What runs now.
#[derive(Clone)]
pub enum Phase {
    /// No contract code.
    Idle,
    /// The package is loaded; what it writes counts only before the first block.
    Loading,
    /// A transaction of this block.
    Executing(Arc<Block>),
    /// A query: reads committed state.
    Querying,
}

/// A request of contract code that was not fulfilled.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("a query reads only: data is written by transactions, in invoke")]
    ReadOnly,
    #[error("{who} may write at most {bytes_max} bytes")]
    TooMuchWritten { who: &'static str, bytes_max: usize },
    #[error("a database's name has at most {NAME_BYTES_MAX} bytes, this one {0}")]
    NameTooLong(usize),
    #[error("{0} differs between peers: a transaction may not depend on it")]
    Differs(&'static str),
    /// The runner itself cannot go on; kept in [`Session::broken`] too.
    #[error("the runner failed: {0}")]
    Broken(String),
}

/// Why the runner cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Conversation(#[from] ConversationError),
}

/// One for the process; engines lend it to the contract.
pub struct Session {
    pub channel: String,
    pub peer_id: String,
    pub conversation: Conversation,
    store: Arc<Store>,
    phase: Phase,
    draft: Draft,
    broken: Option<Broken>,
}

impl Session {
    pub fn new(
        channel: String,
        peer_id: String,
        conversation: Conversation,
        store: Arc<Store>,
    ) -> Session {
        let draft = Draft::default();
        Session { channel, peer_id, conversation, store, phase: Phase::Idle, draft, broken: None }
    }

    pub fn enter(&mut self, phase: Phase) {
        self.phase = phase;
    }

    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// What made a request fail that is the runner's own trouble; asked after every call.
    pub fn take_broken(&mut self) -> Option<Broken> {
        self.broken.take()
    }

    /// The value at a key, as the running transaction has it.
    pub fn get(&mut self, database: &str, key: &[u8]) -> Result<Option<Vec<u8>>, Refusal> {
        let key = full_key(database, key)?;
        if let Some(drafted) = self.draft.get(&key) {
            return Ok(drafted.clone());
        }
        let stored = self.store.get(&key);
        self.or_break(stored)
    }

    /// The value at a key, as the last block left it.
    pub fn get_committed(
        &mut self,
        database: &str,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, Refusal> {
        let stored = self.store.get(&full_key(database, key)?);
        self.or_break(stored)
    }

    pub fn write(
        &mut self,
        database: &str,
        key: &[u8],
        value: Option<Vec<u8>>,
    ) -> Result<(), Refusal> {
        if !matches!(self.phase, Phase::Executing(_) | Phase::Loading) {
            return Err(Refusal::ReadOnly);
        }
        let key = full_key(database, key)?;
        self.draft
            .write(key, value)
            .map_err(|TooMuchWritten { who, bytes_max }| Refusal::TooMuchWritten { who, bytes_max })
    }

    /// Entries of a database from `from` on and, when given, before `to`.
    pub fn scan(
        &mut self,
        database: &str,
        from: &[u8],
        to: Option<&[u8]>,
        reverse: bool,
    ) -> Result<Scan, Refusal> {
        let from = full_key(database, from)?;
        let to = to.map_or_else(|| state::end(database), |to| state::key(database, to));
        Ok(self.draft.scan(from, to, reverse))
    }

    /// The next entry of a scan; its key as the contract knows it.
    pub fn next_of(&mut self, scan: &mut Scan, database: &str) -> Result<Option<Entry>, Refusal> {
        let entry = scan.next(&self.store);
        let prefix = state::key(database, b"").len();
        let entry = self.or_break(entry)?;
        Ok(entry.map(|(mut key, value)| (key.split_off(prefix), value)))
    }

    pub fn end_transaction(&mut self, keep: bool) -> Writes {
        self.draft.end_transaction(keep)
    }

    pub fn end_block(&mut self) -> Writes {
        self.draft.end_block()
    }

    /// Passes a result on; a failure of the runner's own is kept for the executor.
    pub fn or_break<T, E: Into<Broken>>(&mut self, result: Result<T, E>) -> Result<T, Refusal> {
        result.map_err(|error| {
            let broken = error.into();
            let refusal = Refusal::Broken(broken.to_string());
            self.broken.get_or_insert(broken);
            refusal
        })
    }
}

fn full_key(database: &str, key: &[u8]) -> Result<Vec<u8>, Refusal> {
    if database.len() > NAME_BYTES_MAX {
        return Err(Refusal::NameTooLong(database.len()));
    }
    Ok(state::key(database, key))
}
