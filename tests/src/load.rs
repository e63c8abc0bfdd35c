//! Many clients at once, over all peers and channels, by REST and by gRPC streams.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::network::Network;
use crate::random::Random;
use crate::record::{ClientRecord, Outcome, Record, Sent};
use crate::requests::{Author, Request};
use crate::rest::{Rest, Submitted};
use crate::stream_client;
use crate::wait::wait_for;

/// A client that gets nothing accepted for so long says so and fails.
pub const PATIENCE: Duration = Duration::from_secs(120);
const RETRY_PAUSE: Duration = Duration::from_millis(30);
/// One in so many steps of a REST client reads instead.
const READ_EVERY: u64 = 10;

#[derive(Clone, Debug)]
pub struct LoadPlan {
    /// Begins the clients' names; each load on one network has its own.
    pub label: String,
    pub seed: u64,
    /// Accepted transactions after which a client is done; none: it goes on until told to stop.
    pub transactions_per_client: Option<usize>,
    /// Between two transactions of a client.
    pub pause: Duration,
}

/// A running load.
pub struct Load {
    shared: Arc<Shared>,
    clients: Vec<JoinHandle<ClientRecord>>,
}

pub(crate) struct Shared {
    stop: AtomicBool,
    accepted: AtomicUsize,
}

/// One client, whatever door it uses.
pub(crate) struct Client {
    pub name: String,
    pub channel: String,
    pub peer: usize,
    /// host:port of the peer's gRPC service.
    pub target: String,
    pub rest: Rest,
    pub author: Author,
    pub pause: Duration,
    quota: Option<usize>,
    accepted: usize,
    last_accepted: Instant,
    shared: Arc<Shared>,
    sent: Vec<Sent>,
}

impl Load {
    /// Starts one REST client and one streaming client for every peer that runs and every channel
    /// it is on.
    pub fn start(network: &Network, plan: &LoadPlan) -> Load {
        let running: Vec<usize> = (0..network.peers.len()).collect();
        Load::start_at(network, plan, &running)
    }

    /// The same for those of `peers` that run.
    pub fn start_at(network: &Network, plan: &LoadPlan, peers: &[usize]) -> Load {
        let shared =
            Arc::new(Shared { stop: AtomicBool::new(false), accepted: AtomicUsize::new(0) });
        let mut seeds = Random::new(plan.seed);
        let mut clients = Vec::new();
        for channel in &network.channels {
            let members = network.members(&channel.name).into_iter();
            for peer in members.filter(|peer| peers.contains(peer)) {
                for (door, run) in DOORS {
                    let name = format!("{}-{}-{door}", plan.label, network.peers[peer].name);
                    let author = Author::new(&name, &channel.name, seeds.number());
                    let client = Client {
                        name,
                        channel: channel.name.clone(),
                        peer,
                        target: network.peers[peer].target(),
                        rest: network.peers[peer].rest.clone(),
                        author,
                        pause: plan.pause,
                        quota: plan.transactions_per_client,
                        accepted: 0,
                        last_accepted: Instant::now(),
                        shared: shared.clone(),
                        sent: Vec::new(),
                    };
                    clients.push(std::thread::spawn(move || run(client)));
                }
            }
        }
        Load { shared, clients }
    }

    /// Transactions accepted so far.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::Relaxed)
    }

    /// Waits until so many more transactions are accepted.
    ///
    /// # Panics
    /// When they are not after `limit`.
    pub fn wait_for_more(&self, more: usize, limit: Duration) {
        let wanted = self.accepted() + more;
        wait_for(&format!("{more} more accepted transactions"), limit, || {
            let accepted = self.accepted();
            if accepted >= wanted { Ok(()) } else { Err(format!("{accepted} of {wanted}")) }
        });
    }

    /// Tells the clients to stop, and waits for the answers they still expect.
    pub fn stop(self) -> Record {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.join()
    }

    /// Waits until every client has done its part.
    pub fn join(self) -> Record {
        let joined = self.clients.into_iter().map(|client| match client.join() {
            Ok(record) => record,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        Record { clients: joined.collect() }
    }
}

type Run = fn(Client) -> ClientRecord;

const DOORS: [(&str, Run); 2] = [("rest", run_rest), ("stream", stream_client::run)];

impl Client {
    pub fn wants_more(&self) -> bool {
        let within = self.quota.is_none_or(|quota| self.accepted < quota);
        within && !self.stopped()
    }

    /// Transactions still to be accepted.
    pub fn left(&self) -> usize {
        self.quota.map_or(usize::MAX, |quota| quota - self.accepted)
    }

    pub fn stopped(&self) -> bool {
        self.shared.stop.load(Ordering::Relaxed)
    }

    /// # Panics
    /// When nothing was accepted for `PATIENCE`.
    pub fn lose_patience(&self, reason: &str) {
        let waited = self.last_accepted.elapsed();
        assert!(
            waited < PATIENCE,
            "client {} had nothing accepted for {} s; at last: {reason}",
            self.name,
            waited.as_secs()
        );
    }

    pub fn note(&mut self, request: Request, outcome: Outcome) {
        if let Outcome::Accepted(_) = outcome {
            self.accepted += 1;
            self.last_accepted = Instant::now();
            self.shared.accepted.fetch_add(1, Ordering::Relaxed);
        } else {
            self.author.abandon();
        }
        let Request { marker, expected_code, document, .. } = request;
        self.sent.push(Sent { marker, expected_code, document, outcome });
    }

    pub fn record(self) -> ClientRecord {
        let Client { name, channel, peer, sent, .. } = self;
        ClientRecord { client: name, channel, peer, sent }
    }
}

fn run_rest(mut client: Client) -> ClientRecord {
    let mut step = 0;
    while client.wants_more() {
        step += 1;
        if step % READ_EVERY == 0 {
            read(&mut client);
        }
        let request = client.author.write();
        let outcome = submit(&client, &request);
        client.note(request, outcome);
        std::thread::sleep(client.pause);
    }
    client.record()
}

// Sends until there is an answer, or none can be had.
fn submit(client: &Client, request: &Request) -> Outcome {
    loop {
        let reason = match client.rest.submit(&request.body) {
            Submitted::Accepted(hash) => return Outcome::Accepted(hash),
            Submitted::Lost(_) => return Outcome::Unknown,
            Submitted::Refused(why) => panic!("client {} was refused: {why}", client.name),
            Submitted::Busy(why) | Submitted::NotSent(why) => why,
        };
        if client.stopped() {
            return Outcome::Refused(reason);
        }
        client.lose_patience(&reason);
        std::thread::sleep(RETRY_PAUSE);
    }
}

// A read that is answered is answered well; peers that are away or starting are not asked more.
fn read(client: &mut Client) {
    let (method, params) = client.author.write_query();
    let body = serde_json::json!({
        "jsonrpc": "2.0", "channel": client.channel, "method": method, "params": params, "id": 1,
    });
    if let Ok(answer) = client.rest.post("query", &body) {
        let fine = match answer.status {
            200 => matches!(answer.json()["response"]["code"].as_i64(), Some(0 | 9100)),
            status => matches!(status, 429 | 503),
        };
        assert!(fine, "query {method} of {}: {} {}", client.name, answer.status, answer.text);
    }
}
