//! `score-runner serve`: loads what the peer says, then answers its orders until it ends.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use tracing::{error, info, warn};
use wire::runner::{Load, Loaded, Order, Report};

use crate::confine::confine;
use crate::conversation::{Conversation, ConversationError};
use crate::engine::{Engine, EngineError, bounded_answer};
use crate::executor::{ExecuteError, execute};
use crate::exit;
use crate::limits::Limits;
use crate::native::{NativeEngine, NativeError};
use crate::package::{self, Package, PackageError, Runtime};
use crate::python::{self, LoadError, PythonEngine, Recovery};
use crate::session::{Broken, Phase, Session};
use crate::store::{Outcome, Store, StoreError};

/// Why the process ends other than cleanly.
#[derive(Debug, thiserror::Error)]
enum ServeError {
    #[error("the first order must be Load")]
    NotLoad,
    #[error("Load was ordered twice")]
    LoadAgain,
    /// Already reported to the peer.
    #[error("the package cannot be loaded: {0}")]
    Package(String),
    #[error("{path}: {error}")]
    Folder { path: String, error: std::io::Error },
    #[error("the store came to height {}, which another version executes; it is tried again", .0 - 1)]
    OtherVersion(u64),
    #[error("standard input is no socket to a peer ({0}): score-runner is started by a peer")]
    NoPeer(std::io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Conversation(#[from] ConversationError),
    #[error(transparent)]
    Execute(#[from] ExecuteError),
    #[error(transparent)]
    Broken(#[from] Broken),
}

impl ServeError {
    fn exit_code(&self) -> u8 {
        match self {
            ServeError::Package(_) => exit::PACKAGE,
            ServeError::NotLoad | ServeError::LoadAgain => exit::ORDER,
            ServeError::Execute(ExecuteError::Gap { .. } | ExecuteError::Forgotten(_)) => {
                exit::ORDER
            }
            _ => exit::FAILED,
        }
    }
}

/// Serves until the peer says stop or is gone; the process's exit code.
pub fn serve() -> u8 {
    match converse() {
        Ok(()) => exit::CLEAN,
        Err(error) => {
            error!(%error, "score-runner ends");
            error.exit_code()
        }
    }
}

fn converse() -> Result<(), ServeError> {
    let mut conversation = Conversation::from_standard_input().map_err(ServeError::NoPeer)?;
    let load = match conversation.next_order()? {
        Some(Order::Load(load)) => load,
        Some(Order::Stop) | None => return Ok(()),
        Some(_) => return Err(ServeError::NotLoad),
    };
    let height = Store::peek(&state_folder(&load))?;
    let package = match package::find(&load, height + 1) {
        Ok(package) => package,
        Err(error) => return refuse_package(&mut conversation, error.to_string()),
    };
    match package.runtime {
        Runtime::Python => python::attached(|| run(conversation, &load, &package)),
        Runtime::Native => run(conversation, &load, &package),
    }
}

fn refuse_package(conversation: &mut Conversation, reason: String) -> Result<(), ServeError> {
    conversation.report(&Report::LoadFailed { reason: reason.clone() })?;
    Err(ServeError::Package(reason))
}

fn run(conversation: Conversation, load: &Load, package: &Package) -> Result<(), ServeError> {
    let storage = Path::new(&load.storage_path);
    fs::create_dir_all(storage).map_err(|error| folder_error(storage, error))?;
    for line in confine(storage, &package.folder, load.memory_bytes_max) {
        info!("{line}");
    }
    let sqlite_folder = storage.join("sqlite");
    let store = Arc::new(open_store(load, package.runtime, &sqlite_folder)?);
    let next = store.head().height + 1;
    if load.version_at(next).is_some_and(|version| version != package.version) {
        return Err(ServeError::OtherVersion(next));
    }
    let limits = Limits::new(load, &store)?;
    let session = Session::new(load.channel.clone(), load.peer_id.clone(), conversation, store);
    let session = Rc::new(RefCell::new(session));
    let mut engine = match load_engine(&session, load, package, &sqlite_folder) {
        Ok(engine) => engine,
        Err(ServeError::Package(reason)) => {
            return refuse_package(&mut session.borrow_mut().conversation, reason);
        }
        Err(error) => return Err(error),
    };
    let head = session.borrow().store().head();
    info!(id = package.id, version = package.version, height = head.height, "SCORE loaded");
    let loaded = Loaded {
        height: head.height,
        state_hash: head.state_hash,
        id: package.id.clone(),
        version: package.version.clone(),
        versions: package.versions.clone(),
    };
    session.borrow_mut().conversation.report(&Report::Loaded(loaded))?;
    answer_orders(engine.as_mut(), &session, &limits)
}

fn answer_orders(
    engine: &mut dyn Engine,
    session: &Rc<RefCell<Session>>,
    limits: &Limits,
) -> Result<(), ServeError> {
    loop {
        let order = session.borrow_mut().conversation.next_order()?;
        let report = match order {
            None | Some(Order::Stop) => return Ok(()),
            Some(Order::Load(_)) => return Err(ServeError::LoadAgain),
            Some(Order::ServiceReply(_)) => return Err(ConversationError::Unasked.into()),
            Some(Order::Execute(block)) => {
                Report::Executed(execute(engine, session, limits, block)?)
            }
            Some(Order::Query { id, request }) => {
                session.borrow_mut().enter(Phase::Querying);
                let answer = engine.query(&request);
                session.borrow_mut().enter(Phase::Idle);
                if let Some(broken) = session.borrow_mut().take_broken() {
                    return Err(broken.into());
                }
                Report::Answered { id, answer: bounded_answer(answer?) }
            }
        };
        session.borrow_mut().conversation.report(&report)?;
    }
}

/// Opens the store and brings it and the sqlite files to one height.
fn open_store(load: &Load, runtime: Runtime, sqlite_folder: &Path) -> Result<Store, ServeError> {
    let folder = state_folder(load);
    fs::create_dir_all(&folder).map_err(|error| folder_error(&folder, error))?;
    let store = Store::open(&folder)?;
    let head = store.head();
    let recovery = match runtime {
        _ if head.height == 0 => Recovery::Wipe,
        Runtime::Python => python::recovery(sqlite_folder, head.height)?,
        Runtime::Native => Recovery::Fine,
    };
    match recovery {
        Recovery::Fine => {}
        Recovery::Redo(outcome) => {
            let outcome: Outcome = borsh::from_slice(&outcome).map_err(StoreError::Damaged)?;
            info!(height = outcome.executed.height, "completing the block that sqlite has already");
            store.commit(&outcome, 0)?;
        }
        Recovery::Wipe => {
            if head.height > 0 {
                warn!(height = head.height, "sqlite and the store differ: starting from nothing");
            }
            store.clear()?;
            if sqlite_folder.exists() {
                fs::remove_dir_all(sqlite_folder)
                    .map_err(|error| folder_error(sqlite_folder, error))?;
            }
        }
    }
    Ok(store)
}

fn state_folder(load: &Load) -> PathBuf {
    Path::new(&load.storage_path).join("state")
}

fn load_engine(
    session: &Rc<RefCell<Session>>,
    load: &Load,
    package: &Package,
    sqlite_folder: &Path,
) -> Result<Box<dyn Engine>, ServeError> {
    let first = session.borrow().store().head().height == 0;
    session.borrow_mut().enter(Phase::Loading);
    let engine: Result<Box<dyn Engine>, ServeError> = match package.runtime {
        Runtime::Python => PythonEngine::load(package, load, session, sqlite_folder, first)
            .map(|engine| Box::new(engine) as Box<dyn Engine>)
            .map_err(ServeError::from),
        Runtime::Native => NativeEngine::load(package, load, session)
            .map(|engine| Box::new(engine) as Box<dyn Engine>)
            .map_err(ServeError::from),
    };
    let mut session = session.borrow_mut();
    session.enter(Phase::Idle);
    if let Some(broken) = session.take_broken() {
        return Err(broken.into());
    }
    session.end_transaction(true);
    let writes = session.end_block();
    if first {
        session.store().write_initial(&writes)?;
    } else if !writes.is_empty() {
        info!(
            count = writes.len(),
            "what the package wrote while it was loaded is dropped: blocks were executed before"
        );
    }
    engine
}

impl From<LoadError> for ServeError {
    fn from(error: LoadError) -> ServeError {
        match error {
            LoadError::Package(traceback) => ServeError::Package(traceback),
            LoadError::Engine(error) => ServeError::Engine(error),
        }
    }
}

impl From<NativeError> for ServeError {
    fn from(error: NativeError) -> ServeError {
        ServeError::Package(error.to_string())
    }
}

impl From<PackageError> for ServeError {
    fn from(error: PackageError) -> ServeError {
        ServeError::Package(error.to_string())
    }
}

fn folder_error(path: &Path, error: std::io::Error) -> ServeError {
    ServeError::Folder { path: path.display().to_string(), error }
}
