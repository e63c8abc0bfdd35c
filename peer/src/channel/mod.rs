//! One channel on this peer: its ledger, its consensus, its intake and its SCORE.
//!
//! Each channel has a thread of its own (`driver`), the only caller of `lft::step` and the only
//! writer of blocks; it shares nothing with other channels but the network.

mod apply;
mod batches;
mod blocks;
mod catching_up;
mod differences;
mod driver;
mod early;
mod serve;
mod standing;
mod status;
mod waiting_for;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use chain::channel::Genesis;
use chain::count::Sequence;
use chain::hash::Hash;
use chain::keys::{PeerId, SecretKey};
use chain::lft::standing::Standing;
use chain::membership::SignedEntry;
use chain::pool::PoolLimits;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::executor::{Executor, ExecutorHandle, ScoreRunner};
use crate::intake::{self, Intake, WaitingLimits};
use crate::network::{Network, Route};
use crate::storage::Ledger;
pub use blocks::now_us;
pub use differences::Difference;
use driver::{Driver, Inputs};
pub use status::ChannelStatus;
pub use waiting_for::WaitingFor;

/// In place of the entry that admits a peer: it lost its record of votes, and no entry is known
/// that admits it again.
pub const NEVER: Sequence = Sequence(u64::MAX);

/// What the rest of the peer tells a channel.
#[derive(Debug)]
pub enum Control {
    /// The radiostation signed a membership entry.
    Entry(Box<SignedEntry>),
    /// This peer, which lost its record of votes, is admitted again by that entry.
    Admitted(Option<Sequence>),
    /// These peers are on the channel, this one included.
    Members(BTreeSet<PeerId>),
}

/// What a channel tells the rest of the peer.
#[derive(Debug)]
pub enum Notice {
    /// A committed entry removed this peer from the channel.
    Left { channel: String, peer: PeerId },
}

/// What a channel needs of the peer.
#[derive(Clone)]
pub struct Surroundings {
    pub key: SecretKey,
    pub network: Network,
    pub pool: PoolLimits,
    pub waiting: WaitingLimits,
    pub batch_interval: std::time::Duration,
    pub score: ScoreRunner,
    pub notices: mpsc::Sender<Notice>,
    pub shutdown: CancellationToken,
    /// Tasks that are waited for when the peer stops.
    pub tasks: TaskTracker,
}

/// Transactions and bytes that were accepted here and are not committed.
#[derive(Debug, Default)]
pub struct Waiting {
    pub transactions: AtomicU64,
    pub bytes: AtomicU64,
}

/// A running channel, as the rest of the peer sees it; cheap to clone.
#[derive(Clone)]
pub struct Channel {
    pub name: String,
    pub genesis: Arc<Genesis>,
    /// Genesis hash.
    pub id: Hash,
    pub ledger: Ledger,
    pub status: watch::Receiver<ChannelStatus>,
    pub waiting_for: watch::Receiver<WaitingFor>,
    pub intake: Intake,
    pub executor: ExecutorHandle,
    control: mpsc::Sender<Control>,
}

/// Small things that wait for the channel's thread.
const QUEUE_MAX: usize = 512;
/// Batches that wait for the channel's thread.
const BATCHES_MAX: usize = 64;
/// Requests of other peers that wait.
const REQUESTS_MAX: usize = 64;

impl Channel {
    /// Starts the channel whose ledger this is; the ledger has begun. `standing` is what is known
    /// of its record of votes, `score_storage` the folder of the channel's SCORE store.
    pub fn start(
        ledger: Ledger,
        members: BTreeSet<PeerId>,
        standing: Standing,
        score_storage: PathBuf,
        around: &Surroundings,
    ) -> std::io::Result<(Channel, Vec<std::thread::JoinHandle<()>>)> {
        let signed = ledger.genesis().expect("the ledger has begun");
        let head = ledger.head().expect("a ledger that has begun has a head");
        let genesis = Arc::new(signed.genesis);
        let (id, name) = (head.channel, genesis.name.clone());
        let me = around.key.public_key().peer_id();

        let (consensus, consensus_queue) = mpsc::channel(QUEUE_MAX);
        let (bulk, bulk_queue) = mpsc::channel(BATCHES_MAX);
        let (requests, requests_queue) = mpsc::channel(REQUESTS_MAX);
        let batch_bytes_max = usize::try_from(head.settings.batch_bytes_max).unwrap_or(usize::MAX);
        let route = Route { members: members.clone(), batch_bytes_max, consensus, bulk, requests };
        around.network.routes().set(id, route);

        let (status, status_now) = watch::channel(ChannelStatus::at(&head, &me));
        let (waiting_for, waiting_for_now) =
            watch::channel(WaitingFor::nothing(head.height.next()));
        let (control, control_queue) = mpsc::channel(QUEUE_MAX);
        let (committed, committed_now) = watch::channel(head.height);
        let executor = Executor::start(
            name.clone(),
            genesis.clone(),
            ledger.clone(),
            score_storage,
            committed_now,
            status_now.clone(),
            around,
        );
        let waiting = Arc::new(Waiting::default());
        let (sealed, sealed_queue) = mpsc::channel(BATCHES_MAX);
        let (intake, intake_thread) =
            intake::start(&ledger, &head, waiting.clone(), sealed, status_now.clone(), around)?;
        let inputs = Inputs {
            consensus: consensus_queue,
            bulk: bulk_queue,
            requests: requests_queue,
            control: control_queue,
            sealed: sealed_queue,
        };
        let driver = Driver::new(
            name.clone(),
            ledger.clone(),
            head,
            members,
            standing,
            around.clone(),
            executor.clone(),
            committed,
            status,
            waiting_for,
            waiting,
        );
        let runtime = tokio::runtime::Handle::current();
        let thread = std::thread::Builder::new()
            .name(format!("channel {name}"))
            .spawn(move || runtime.block_on(driver.run(inputs)))?;
        let channel = Channel {
            name,
            genesis,
            id,
            ledger,
            status: status_now,
            waiting_for: waiting_for_now,
            intake,
            executor,
            control,
        };
        Ok((channel, vec![thread, intake_thread]))
    }

    /// Tells the channel something; waits while its queue is full.
    pub async fn tell(&self, control: Control) {
        if self.control.send(control).await.is_err() {
            tracing::debug!(channel = self.name, "the channel has ended");
        }
    }
}

#[cfg(test)]
mod tests;
