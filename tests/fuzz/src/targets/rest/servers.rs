//! A peer, with REST and gRPC, and a radiostation, with REST, in this process, on ports of the
//! system. The peer is an auditor of a channel with one block: it refuses transactions, so that no input changes
//! what the next one finds.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chain::certificate::Stage;
use chain::count::{Round, Sequence};
use chain::ledger::Head;
use chain::lft::message::Ballot;
use chain::membership::{Change, Entry, Member, Role};
use configs::{Program, Settings, Start, Surroundings};
use peer::channel::Surroundings as PeerSurroundings;
use peer::executor::ScoreRunner;
use peer::network::Network;
use peer::node::Node;
use peer::storage::{Ledger, NodeStore};
use radiostation::api::{Shared, rules};
use radiostation::registrar::Registrar;
use radiostation::registry::{Definition, Registry, Saved};
use radiostation::store::Store;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::targets::folder::Folder;
use crate::world::{RADIOSTATION, certificate, key, member, next_block, world};

/// Number of the key of the peer that serves.
const AUDITOR: u8 = 9;

pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(1).enable_all().build().expect("a runtime")
    })
}

fn settings(program: Program, folder: &Folder, text: &str) -> Settings {
    let file = folder.write("configuration.json", text.as_bytes());
    let arguments = [OsString::from(program.name()), "-o".into(), file.into()];
    let surroundings =
        Surroundings { working_folder: folder.path().into(), ..Surroundings::default() };
    match configs::load(program, arguments, &surroundings) {
        Ok(Start::Run(loaded)) => loaded.settings,
        other => panic!("these settings do not load: {other:?}"),
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port of the system");
    let address = listener.local_addr().expect("it listens");
    (listener, address)
}

/// Where the peer's REST service listens.
pub fn peer() -> SocketAddr {
    peer_addresses().0
}

/// Where the peer's gRPC service listens.
pub fn peer_calls() -> SocketAddr {
    peer_addresses().1
}

fn peer_addresses() -> (SocketAddr, SocketAddr) {
    static ADDRESSES: OnceLock<(SocketAddr, SocketAddr)> = OnceLock::new();
    *ADDRESSES.get_or_init(|| runtime().block_on(start_peer()))
}

async fn start_peer() -> (SocketAddr, SocketAddr) {
    let folder = Folder::get("peer_rest");
    let text = r#"{"DEFAULT_STORAGE_PATH": "storage", "LOOPCHAIN_DEFAULT_CHANNEL": "letters"}"#;
    let settings = settings(Program::Peer, &folder, text).peer();
    let storage = folder.path().join("storage");
    begin_ledger(&storage.join("channels/letters"));
    let store = NodeStore::open(&storage.join("node")).expect("a new store");
    store.add_channel("letters");
    let loopback = "127.0.0.1:0".parse().expect("an address");
    let network = Network::start(&key(AUDITOR), loopback).await.expect("a port of the system");
    let stop = CancellationToken::new();
    let long = Duration::from_secs(1 << 20);
    let surroundings = PeerSurroundings {
        key: key(AUDITOR),
        network: network.clone(),
        pool: chain::pool::PoolLimits { bytes_per_maker: 1 << 20, bytes: 1 << 20 },
        waiting: peer::intake::WaitingLimits { transactions: 1, bytes: 1 << 20 },
        batch_interval: Duration::ZERO,
        score: ScoreRunner {
            program: folder.path().join("no-runner"),
            repository_path: folder.path().into(),
            base: String::new(),
            branch: "master".into(),
            key_path: None,
            pull: false,
            develop_root: None,
            load_timeout: long,
            load_retry_times: 1,
            load_retry_interval: long,
            query_timeout: Duration::from_secs(1),
            invoke_timeout: long,
            memory_bytes_max: 1 << 30,
            settings_json: "{}".into(),
        },
        notices: tokio::sync::mpsc::channel(16).0,
        shutdown: stop.clone(),
        tasks: TaskTracker::new(),
    };
    let target = "127.0.0.1:7100".to_owned();
    let node = Node::new(settings, target, store, network, surroundings, stop.clone());
    node.start_known_channels().await.expect("the ledger has begun");
    let (listener, address) = listen().await;
    peer::api::rest::serve(node.clone(), listener, stop.clone()).await.expect("it listens");
    let (listener, calls) = listen().await;
    peer::api::grpc::serve(node, listener, stop).expect("it listens");
    (address, calls)
}

/// The world's first batch, in a block that admits the auditor.
fn begin_ledger(path: &Path) {
    let world = world();
    let begun = Head::new(&world.genesis.genesis);
    let ledger = Ledger::open(path).expect("a new ledger");
    ledger.begin(&world.genesis, &begun, None);
    let auditor = Member { role: Role::Auditor, ..member(AUDITOR) };
    let (channel, sequence) = (begun.channel, Sequence(1));
    let entry = Entry { channel, sequence, change: Change::Join(auditor) };
    let entry = entry.sign(&key(RADIOSTATION));
    let block = next_block(&begun, &[&world.batches[0]], vec![entry], None);
    let (stage, height, round) = (Stage::Confirm, block.header.height, Round(0));
    let ballot = Ballot { stage, height, round, block: block.hash() };
    let after = begun.apply(&block);
    let certificate = certificate(channel, ballot, &[1]);
    let committed = chain::block::CommittedBlock { block, certificate };
    assert_eq!(begun.check_committed(&committed), Ok(()));
    ledger.commit(&committed, &after, &world.batches[..1]);
}

/// Where the radiostation's REST service listens.
pub fn radiostation() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| runtime().block_on(start_radiostation()))
}

async fn start_radiostation() -> SocketAddr {
    let folder = Folder::get("radiostation_rest");
    folder.write("channels.json", br#"{"one": {"score_package": "score/one"}}"#);
    let text = r#"{"DEFAULT_STORAGE_PATH": "storage", "LOOPCHAIN_DEFAULT_CHANNEL": "one",
        "CHANNEL_MANAGE_DATA_PATH": "channels.json"}"#;
    let settings = settings(Program::Radiostation, &folder, text);
    let channels = settings.channels().expect("the channels file is right").definitions;
    let definition = |one| Definition::new(one).expect("its settings go together");
    let definitions: Vec<Definition> = channels.into_iter().map(definition).collect();
    let store = Store::open(&folder.path().join("storage")).expect("a new store");
    let rules = rules(&settings.radiostation());
    let restored =
        Registry::restore(definitions, rules, key(RADIOSTATION), Saved::default(), true, 0);
    let registry = restored.expect("nothing was kept").registry;
    let (registrar, desk) = Registrar::new(registry, store);
    tokio::spawn(registrar.run());
    let shared = Arc::new(Shared::new(desk, settings, None));
    let (listener, address) = listen().await;
    tokio::spawn(radiostation::api::rest::serve(shared, listener, std::future::pending()));
    address
}
