//! The wall time a call into a contract may take, and calls that are not tried again.
//!
//! A thread watches the running call. Past its limit the call is interrupted, if the engine can
//! do that; a call that still runs after a grace ends the process. The transaction is marked
//! first, so that it is not tried again when the peer starts the next runner.

use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tracing::{error, warn};

use wire::runner::{Load, Receipt};

use crate::engine::{EXCEPTION, timed_out};
use crate::exit;
use crate::state::WRITTEN_BYTES_MAX;
use crate::store::{Condemned, Store, StoreError};

/// How long an interrupted call may take to end.
const GRACE: Duration = Duration::from_secs(3);
/// How often the running call is looked at, and interrupted again when it is late.
const PERIOD: Duration = Duration::from_millis(20);
const INTERRUPT_PERIOD: Duration = Duration::from_millis(500);

/// Interrupts the running call. It may only do so while the function it is given says that this
/// call still runs, and must return soon.
pub type Interrupt = Arc<dyn Fn(&dyn Fn() -> bool) + Send + Sync>;

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    Load,
    Transaction { height: u64, index: usize },
    Query,
}

/// What a transaction may take, and whether the next block is executed with care.
///
/// A contract can end the process in ways that nothing here can catch. The peer then starts it
/// again and says so: each transaction of the block that was not finished is marked before it is
/// tried, so that the one that ends the process once more is known and not tried a third time.
pub struct Limits {
    invoke_timeout_ms: u64,
    careful_with: Option<u64>,
}

impl Limits {
    /// Reads and settles what an earlier process left in `store`.
    ///
    /// # Errors
    /// The store cannot be read or written.
    pub fn new(load: &Load, store: &Store) -> Result<Limits, StoreError> {
        if let Some((height, index)) = store.attempt()? {
            // One that could not be stopped is known already, by that reason.
            if load.careful && store.condemned(height, index as usize)?.is_none() {
                warn!(height, index, "this transaction ended the process and is not tried again");
                store.condemn(height, index as usize, Condemned::Crashed)?;
            }
            store.forget_attempt()?;
        }
        let careful_with = load.careful.then_some(store.head().height + 1);
        Ok(Limits { invoke_timeout_ms: load.invoke_timeout_ms, careful_with })
    }

    /// Whether the transactions of this block are marked before they are tried.
    pub fn is_careful_with(&self, height: u64) -> bool {
        self.careful_with == Some(height)
    }

    /// The receipt of a transaction that is not tried again.
    pub fn receipt(&self, condemned: Condemned) -> Receipt {
        match condemned {
            Condemned::Overran => timed_out(self.invoke_timeout_ms),
            Condemned::Crashed => exception("invoke ended the SCORE's process"),
            // As `sqlite.py` says it where the process need not end for it.
            Condemned::Overgrown => exception(&format!(
                "a transaction may add at most {WRITTEN_BYTES_MAX} bytes to a database"
            )),
        }
    }
}

fn exception(message: &str) -> Receipt {
    Receipt { code: EXCEPTION, message: Some(message.to_owned()) }
}

/// Watches one call at a time.
pub struct Watchdog {
    watched: Arc<Watched>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Watched {
    state: Mutex<State>,
    begun: Condvar,
}

#[derive(Default)]
struct State {
    call: Option<Call>,
    /// Counts calls, so that an interruption meant for one never meets the next.
    number: u64,
    /// The watching thread waits for a call to begin.
    asleep: bool,
    ended: bool,
}

struct Call {
    subject: Subject,
    deadline: Instant,
    late: bool,
    next_interrupt: Instant,
}

impl Watchdog {
    /// Starts the thread. `interrupt` is none for an engine that cannot be interrupted.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn start(store: Arc<Store>, interrupt: Option<Interrupt>) -> std::io::Result<Watchdog> {
        let watched = Arc::new(Watched::default());
        let of_thread = Arc::clone(&watched);
        let thread = thread::Builder::new()
            .name("limits".to_owned())
            .spawn(move || of_thread.watch(&store, interrupt.as_ref()))?;
        Ok(Watchdog { watched, thread: Some(thread) })
    }

    pub fn begin(&self, subject: Subject, limit_ms: u64) {
        let deadline = Instant::now() + Duration::from_millis(limit_ms);
        let mut state = self.watched.lock();
        state.number += 1;
        state.call = Some(Call { subject, deadline, late: false, next_interrupt: deadline });
        if state.asleep {
            state.asleep = false;
            self.watched.begun.notify_one();
        }
    }

    /// Ends the call; whether it was over its limit. No interruption follows.
    pub fn end(&self) -> bool {
        self.watched.lock().call.take().is_some_and(|call| call.late)
    }

    /// Whether the running call is over its limit.
    pub fn is_late(&self) -> bool {
        self.watched.lock().call.as_ref().is_some_and(|call| call.late)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.watched.lock().ended = true;
        self.watched.begun.notify_one();
        // It holds the store, which must be closed before the process ends.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Watched {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of the lock panics")
    }

    fn watch(self: &Arc<Watched>, store: &Store, interrupt: Option<&Interrupt>) {
        let mut state = self.lock();
        while !state.ended {
            state.asleep = state.call.is_none();
            let wait = if state.asleep { Duration::from_secs(3600) } else { PERIOD };
            state = self.begun.wait_timeout(state, wait).expect("no holder panics").0;
            let number = state.number;
            let Some(call) = state.call.as_mut() else { continue };
            let now = Instant::now();
            if now < call.deadline {
                continue;
            }
            if !call.late {
                call.late = true;
                warn!(subject = ?call.subject, "a call is over its time limit");
            }
            match interrupt {
                Some(interrupt) if now < call.deadline + GRACE => {
                    if now >= call.next_interrupt {
                        call.next_interrupt = now + INTERRUPT_PERIOD;
                        self.interrupt(number, interrupt);
                    }
                }
                _ => end_process(store, call.subject),
            }
        }
    }

    /// On a thread of its own: the engine may never let it run.
    fn interrupt(self: &Arc<Watched>, number: u64, interrupt: &Interrupt) {
        let watched = Arc::clone(self);
        let interrupt = Arc::clone(interrupt);
        let still_runs = move || {
            let state = watched.lock();
            state.number == number && state.call.is_some()
        };
        let spawned = thread::Builder::new()
            .name("interrupt".to_owned())
            .spawn(move || interrupt(&still_runs));
        if let Err(error) = spawned {
            warn!(%error, "the late call cannot be interrupted");
        }
    }
}

fn end_process(store: &Store, subject: Subject) -> ! {
    error!(?subject, "the call cannot be stopped: the process ends");
    if let Subject::Transaction { height, index } = subject
        && let Err(error) = store.condemn(height, index, Condemned::Overran)
    {
        error!(%error, "the transaction could not be marked and will be tried again");
    }
    std::process::exit(exit::STUCK.into())
}
