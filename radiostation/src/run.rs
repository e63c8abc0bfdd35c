//! From settings to a serving radiostation, and back down.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chain::channel::SettingsError;
use chain::keys::SecretKey;
use configs::key_files::{KeyFileError, Made};
use configs::{ConfigError, LogControl, RadiostationSettings, Settings};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::api::{Shared, grpc, rest, rules};
use crate::clock::now_us;
use crate::random::Random;
use crate::registrar::{Desk, Registrar};
use crate::registry::{Definition, ForeignRegistry, Registry};
use crate::store::{Store, StoreError};

/// How long calls may take to end when the radiostation stops.
const STOP_WAIT_MAX: Duration = Duration::from_secs(3);

/// Why the radiostation does not start, or ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("channel {channel}: {error}; change it in the channel file or the settings")]
    Channel { channel: String, error: SettingsError },
    #[error(transparent)]
    Keys(#[from] KeyFileError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Foreign(#[from] ForeignRegistry),
    #[error("the {service} service cannot listen on {address}: {error}; {advice}")]
    Listen { service: &'static str, address: SocketAddr, error: io::Error, advice: &'static str },
    #[error("the system gives no random bytes: {0}")]
    Random(io::Error),
    #[error(transparent)]
    Grpc(#[from] grpc::GrpcError),
}

/// Serves until `shutdown`, a Stop call, or a registry that cannot be written.
///
/// # Errors
/// What keeps the radiostation from starting or from going on.
pub async fn run(
    settings: Settings,
    log: Option<LogControl>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), RunError> {
    let typed = settings.radiostation();
    let definitions = definitions(&settings)?;
    let store = Store::open(&typed.storage_path)?;
    let registry = restore(&typed, definitions, &store)?;
    let random = Random::open().map_err(RunError::Random)?;
    let grpc_listener = listen("gRPC", typed.listen_address, typed.grpc_port).await?;
    let rest_listener = match typed.rest.enabled {
        true => Some(listen("REST", typed.listen_address, typed.rest.port).await?),
        false => None,
    };
    let (registrar, desk) = Registrar::new(registry, store);
    let shared = Arc::new(Shared::new(desk.clone(), settings, log));
    let (stop, stopped) = watch::channel(false);
    let mut registrar = tokio::spawn(registrar.run());
    let grpc = grpc::serve(Arc::clone(&shared), random, grpc_listener, until(stopped.clone()));
    let mut grpc = tokio::spawn(grpc);
    let rest = rest_listener
        .map(|listener| tokio::spawn(rest::serve(Arc::clone(&shared), listener, until(stopped))));
    say_where(&typed);
    let outcome = tokio::select! {
        () = shutdown => Ok(()),
        () = shared.stop.notified() => Ok(()),
        ended = &mut registrar => return joined(ended).map_err(RunError::from),
        ended = &mut grpc => joined(ended).map_err(RunError::from),
    };
    tracing::info!("the radiostation stops");
    // Nobody may be left to hear it when a service has ended by itself.
    let _ = stop.send(true);
    end(&desk, grpc, rest).await;
    outcome?;
    joined(registrar.await).map_err(RunError::from)
}

/// Ends all streams, then waits a while for calls that are being answered.
async fn end(
    desk: &Desk,
    grpc: tokio::task::JoinHandle<Result<(), grpc::GrpcError>>,
    rest: Option<tokio::task::JoinHandle<()>>,
) {
    desk.stop().await;
    let services = async {
        if !grpc.is_finished() {
            // How it ends no longer matters to anybody.
            let _ = grpc.await;
        }
        if let Some(rest) = rest {
            let _ = rest.await;
        }
    };
    if tokio::time::timeout(STOP_WAIT_MAX, services).await.is_err() {
        tracing::info!("calls that did not end in {} s are cut off", STOP_WAIT_MAX.as_secs());
    }
}

/// A task of ours that panicked has already said why; the process ends with it.
fn joined<T>(ended: Result<T, tokio::task::JoinError>) -> T {
    match ended {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(error) => panic!("a task of the radiostation was cancelled: {error}"),
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // A sender that is gone means that the process is ending.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

fn definitions(settings: &Settings) -> Result<Vec<Definition>, RunError> {
    let channels = settings.channels()?;
    for warning in &channels.warnings {
        tracing::warn!("{warning}");
    }
    for notice in &channels.notices {
        tracing::info!("{notice}");
    }
    let checked = channels.definitions.into_iter().map(|given| {
        let channel = given.name.clone();
        Definition::new(given).map_err(|error| RunError::Channel { channel, error })
    });
    checked.collect()
}

fn restore(
    settings: &RadiostationSettings,
    definitions: Vec<Definition>,
    store: &Store,
) -> Result<Registry, RunError> {
    let pair = settings.key_files.load_or_make()?;
    match pair.made {
        Made::Nothing => {}
        Made::PublicKey => tracing::info!("the public key is written anew"),
        Made::Pair => tracing::info!("a key pair is made; keep a copy of it: channels rest on it"),
    }
    let key = SecretKey::from_bytes(*pair.secret.reveal())
        .expect("a key that was read from its file is a key of the curve");
    let kept = settings.registry_kept;
    let saved = store.load()?;
    let restored = Registry::restore(definitions, rules(settings), key, saved, kept, now_us())?;
    if !restored.writes.is_empty() {
        store.write(&restored.writes)?;
    }
    for warning in &restored.warnings {
        tracing::warn!("{warning}");
    }
    if settings.certificate_folder.is_some() {
        tracing::warn!("--cert is read, but this version keeps no certificates");
    }
    Ok(restored.registry)
}

async fn listen(
    service: &'static str,
    address: std::net::IpAddr,
    port: u16,
) -> Result<TcpListener, RunError> {
    let address = SocketAddr::new(address, port);
    TcpListener::bind(address).await.map_err(|error| {
        let advice = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "stop the process that uses the port, or choose another one with -p"
            }
            io::ErrorKind::PermissionDenied => "choose a port from 1024 on with -p",
            _ => "set LISTEN_ADDRESS to an address of this machine",
        };
        RunError::Listen { service, address, error, advice }
    })
}

fn say_where(settings: &RadiostationSettings) {
    let grpc = SocketAddr::new(settings.listen_address, settings.grpc_port);
    let rest = match settings.rest.enabled {
        true => SocketAddr::new(settings.listen_address, settings.rest.port).to_string(),
        false => "off".to_owned(),
    };
    tracing::info!("the radiostation serves: gRPC {grpc}, REST {rest}");
}
