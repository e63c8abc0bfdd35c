//! Putting the peer together.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chain::keys::SecretKey;
use chain::pool::PoolLimits;
use configs::PeerSettings;
use configs::address::own_address_toward;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::api;
use crate::channel::{Notice, Surroundings};
use crate::executor::ScoreRunner;
use crate::intake::WaitingLimits;
use crate::network::{Network, NetworkError};
use crate::node::{ChannelError, Node};
use crate::radiostation_client;
use crate::storage::{NodeStore, StorageError};

/// How long clients and runners may take to end.
const STOP_TIMEOUT: Duration = Duration::from_secs(6);
/// Notices of channels that wait.
const NOTICES_MAX: usize = 1024;

/// Why the peer cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0}")]
    Key(String),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Network(#[from] NetworkError),
    #[error(
        "cannot listen on {address} ({setting}): {reason}. Choose another port, or end what uses it"
    )]
    Listen { address: SocketAddr, setting: &'static str, reason: std::io::Error },
    #[error("cannot find out this machine's address: {0}. Set LOOPCHAIN_HOST")]
    Address(std::io::Error),
    #[error("channel: {0}")]
    Channel(#[from] ChannelError),
    #[error("no SCORE runner at {}. Build it, or set SCORE_RUNNER_PATH", .0.display())]
    NoRunner(PathBuf),
}

/// Runs a peer until `stop` is cancelled.
pub async fn run(settings: PeerSettings, stop: CancellationToken) -> Result<(), StartError> {
    // First of all: it keeps a second process from touching anything here.
    let store = NodeStore::open(&settings.storage_path.join("node"))?;
    let pair = settings.key_files.load_or_make().map_err(|e| StartError::Key(e.to_string()))?;
    let key = SecretKey::from_bytes(*pair.secret.reveal())
        .map_err(|error| StartError::Key(error.to_string()))?;
    let host = match &settings.advertised_host {
        Some(host) => host.clone(),
        None => {
            let station = settings.radiostations.first().ok_or_else(|| {
                StartError::Address(std::io::Error::other("no radiostation is named"))
            })?;
            own_address_toward(station).map_err(StartError::Address)?.to_string()
        }
    };
    let score = score_runner(&settings)?;
    let listen = |port| SocketAddr::new(settings.listen_address, port);
    let grpc = bind(listen(settings.grpc_port), "PORT_PEER").await?;
    let rest = match settings.rest.enabled {
        true => Some(bind(listen(settings.rest.port), "PORT_DIFF_REST_SERVICE_CONTAINER").await?),
        false => None,
    };
    let network = Network::start(&key, listen(settings.p2p_port)).await?;
    let target = host_port(&host, settings.grpc_port);
    let p2p_address = host_port(&host, settings.p2p_port);
    let (notices, notices_queue) = mpsc::channel(NOTICES_MAX);
    let surroundings = Surroundings {
        key,
        network: network.clone(),
        pool: PoolLimits {
            bytes_per_maker: settings.pool.bytes_max_per_maker,
            bytes: settings.pool.bytes_max,
        },
        waiting: WaitingLimits {
            transactions: settings.waiting.transactions_max,
            bytes: settings.waiting.bytes_max,
        },
        batch_interval: settings.batch_interval,
        score,
        notices,
        shutdown: stop.clone(),
        tasks: TaskTracker::new(),
    };
    let node = Node::new(settings, target, store, network, surroundings, stop.clone());
    node.start_known_channels().await?;
    api::grpc::serve(node.clone(), grpc, stop.clone()).map_err(StartError::Address)?;
    if let Some(rest) = rest {
        api::rest::serve(node.clone(), rest, stop.clone()).await.map_err(StartError::Address)?;
    }
    tracing::info!(
        peer_id = %node.me, target_address = node.target, p2p = p2p_address,
        rest = node.settings.rest.port, "peer is up"
    );
    tokio::spawn(heed(node.clone(), notices_queue));
    radiostation_client::run(node.clone(), p2p_address).await;
    stop.cancelled().await;
    // Runners end, and clients that were let in are answered.
    let tasks = node.surroundings.tasks.clone();
    tasks.close();
    if tokio::time::timeout(STOP_TIMEOUT, tasks.wait()).await.is_err() {
        tracing::warn!("some connections did not end in time; closing them");
    }
    // Threads of channels end at their next turn; what they hold is on disk already.
    tokio::task::spawn_blocking(move || node.join_threads()).await.unwrap_or_default();
    tracing::info!("peer stopped");
    Ok(())
}

// Acts on what the channels tell.
async fn heed(node: Node, mut notices: mpsc::Receiver<Notice>) {
    while let Some(Notice::Left { channel, peer }) = notices.recv().await {
        node.remove_peer(&channel, &peer).await;
    }
}

fn host_port(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

async fn bind(address: SocketAddr, setting: &'static str) -> Result<TcpListener, StartError> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|reason| StartError::Listen { address, setting, reason })
}

fn score_runner(settings: &PeerSettings) -> Result<ScoreRunner, StartError> {
    let score = &settings.score;
    let beside = || {
        let me = std::env::current_exe().unwrap_or_default();
        let me = me.canonicalize().unwrap_or(me);
        me.parent().unwrap_or(Path::new(".")).join("score-runner")
    };
    let program = score.runner_path.clone().unwrap_or_else(beside);
    if !program.is_file() {
        return Err(StartError::NoRunner(program));
    }
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    Ok(ScoreRunner {
        program,
        repository_path: absolute(&score.repository_path),
        base: score.base.clone(),
        branch: score.branch.clone(),
        key_path: score.key_path.as_deref().map(absolute),
        pull: score.pull,
        develop_root: score.develop_root.clone(),
        load_timeout: score.load_timeout,
        load_retry_times: score.load_retry_times,
        load_retry_interval: score.load_retry_interval,
        query_timeout: score.query_timeout,
        invoke_timeout: score.invoke_timeout,
        memory_bytes_max: score.memory_bytes_max,
        settings_json: score.settings_json.clone(),
    })
}
