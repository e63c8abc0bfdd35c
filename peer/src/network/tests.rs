mod offenders;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use chain::batch::Batch;
use chain::count::Height;
use chain::hash::Hash;
use chain::keys::PeerId;
use chain::ledger::Head;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{
    Arrival, Asked, Contact, Network, Packet, Request, RequestError, Response, Route, lock,
};
use crate::tests::{batch, free_address, genesis, hash, key, peer, settings, wait_for};

const SOON: Duration = Duration::from_secs(15);
/// How long something that must not happen is waited for.
const WHILE: Duration = Duration::from_millis(1_500);
const CHANNEL: Hash = Hash([1; 32]);
const BATCH_BYTES_MAX: usize = 2 << 20;

/// A peer that is on one channel.
struct Station {
    network: Network,
    number: u8,
    address: SocketAddr,
    consensus: mpsc::Receiver<Arrival>,
    bulk: mpsc::Receiver<Arrival>,
    requests: mpsc::Receiver<Asked>,
}

impl Station {
    async fn start(number: u8) -> Station {
        Station::at(number, free_address(), 1024).await
    }

    async fn at(number: u8, address: SocketAddr, queue_max: usize) -> Station {
        let network = Network::start(&key(number), address).await.unwrap();
        let (consensus, consensus_queue) = mpsc::channel(queue_max);
        let (bulk, bulk_queue) = mpsc::channel(queue_max);
        let (requests, requests_queue) = mpsc::channel(queue_max);
        let (members, batch_bytes_max) = (BTreeSet::new(), BATCH_BYTES_MAX);
        let route = Route { members, batch_bytes_max, consensus, bulk, requests };
        network.routes().set(CHANNEL, route);
        let (consensus, bulk, requests) = (consensus_queue, bulk_queue, requests_queue);
        Station { network, number, address, consensus, bulk, requests }
    }

    fn contact(&self) -> Contact {
        Contact { key: key(self.number).public_key(), address: self.address.to_string() }
    }

    /// Knows `others`, all of them members of the channel.
    async fn knows(&self, others: &[&Station]) {
        self.members(&others.iter().map(|other| other.number).collect::<Vec<_>>());
        let contacts: Vec<Contact> = others.iter().map(|other| other.contact()).collect();
        self.network.set_contacts(&contacts).await;
    }

    fn members(&self, numbers: &[u8]) {
        let members = numbers.iter().map(|number| peer(*number)).collect();
        self.network.routes().set_members(&CHANNEL, members);
    }

    async fn connected(&self, other: &Station) {
        let connected = || self.network.is_connected(&peer(other.number));
        wait_for("connected", SOON, connected).await;
    }

    fn say(&self, to: &Station, height: u64) {
        let status = Packet::Status { height: Height(height) };
        self.network.send(std::iter::once(peer(to.number)), CHANNEL, status);
    }

    /// The next height that `from` says, whatever else arrives before.
    async fn height_said(&mut self) -> (PeerId, u64) {
        loop {
            match timeout(SOON, self.consensus.recv()).await.expect("nothing arrives").unwrap() {
                Arrival::Packet(from, Packet::Status { height }) => return (from, height.0),
                Arrival::Packet(_, other) => panic!("{other:?}"),
                Arrival::Connected(_) | Arrival::Lost(_) => {}
            }
        }
    }

    /// Waits to be told that the link to `peer` stands, or is lost.
    async fn told_of(&mut self, peer: PeerId, connected: bool) {
        loop {
            let arrival = timeout(SOON, self.consensus.recv()).await;
            match arrival.unwrap_or_else(|_| panic!("never told: connected {connected}")).unwrap() {
                Arrival::Connected(of) if connected && of == peer => return,
                Arrival::Lost(of) if !connected && of == peer => return,
                _ => {}
            }
        }
    }
}

async fn pair() -> (Station, Station) {
    let (a, b) = (Station::start(1).await, Station::start(2).await);
    a.knows(&[&b]).await;
    b.knows(&[&a]).await;
    a.connected(&b).await;
    b.connected(&a).await;
    (a, b)
}

fn a_batch(number: u64, bytes: usize) -> Batch {
    let head = Head::new(&genesis(settings()).genesis);
    batch(&head, 1, number, &[&"x".repeat(bytes)])
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_connect_whoever_knows_the_other_first() {
    let [a, b, c] = [Station::start(1).await, Station::start(2).await, Station::start(3).await];
    a.knows(&[&b, &c]).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    b.knows(&[&a, &c]).await;
    c.knows(&[&a, &b]).await;
    for (one, other) in [(&a, &b), (&a, &c), (&b, &a), (&b, &c), (&c, &a), (&c, &b)] {
        one.connected(other).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_arrive_in_order_on_the_queue_of_their_lane() {
    let (a, mut b) = pair().await;
    for number in 1..=500 {
        a.say(&b, number);
        let packet = Packet::Batch(Box::new(a_batch(number, 100)));
        a.network.send(std::iter::once(peer(2)), CHANNEL, packet);
    }
    for number in 1..=500 {
        assert_eq!(b.height_said().await, (peer(1), number));
        match timeout(SOON, b.bulk.recv()).await.unwrap().unwrap() {
            Arrival::Packet(from, Packet::Batch(batch)) => {
                assert_eq!((from, *batch), (peer(1), a_batch(number, 100)));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_to_a_channel_reaches_it_only_from_its_members() {
    let (a, mut b) = pair().await;
    let elsewhere = Packet::Status { height: Height(9) };
    // Not a member; then one; then not again. The last word proves that the others have passed.
    b.members(&[7]);
    a.say(&b, 1);
    a.network.send(std::iter::once(peer(2)), hash(7), elsewhere);
    tokio::time::sleep(Duration::from_millis(300)).await;
    b.members(&[1]);
    a.say(&b, 2);
    assert_eq!(b.height_said().await, (peer(1), 2));
    b.members(&[]);
    a.say(&b, 3);
    tokio::time::sleep(Duration::from_millis(300)).await;
    b.members(&[1]);
    a.say(&b, 4);
    assert_eq!(b.height_said().await, (peer(1), 4));
    assert!(a.network.is_connected(&peer(2)), "it is no offence");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_refused_at_the_door() {
    let (a, mut b) = pair().await;
    let stranger = Station::start(3).await;
    stranger.knows(&[&a, &b]).await;
    // Even as a member of the channel: who is not in the directory does not get in.
    b.members(&[1, 3]);
    let end = tokio::time::Instant::now() + WHILE;
    while tokio::time::Instant::now() < end {
        for other in [&a, &b] {
            assert!(!stranger.network.is_connected(&peer(other.number)), "it got in");
            stranger.say(other, 666);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    a.say(&b, 1);
    assert_eq!(b.height_said().await, (peer(1), 1), "the others do not notice");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_no_contact_any_more_is_put_out() {
    let (mut a, b) = pair().await;
    b.knows(&[]).await;
    a.told_of(peer(2), false).await;
    assert!(!b.network.is_connected(&peer(1)));
    tokio::time::sleep(WHILE).await;
    assert!(!a.network.is_connected(&peer(2)), "it got in again");
    b.knows(&[&a]).await;
    a.connected(&b).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_noticed_and_made_again_when_the_other_is_back() {
    let (mut a, b) = pair().await;
    let address = b.address;
    drop(b);
    // Nothing is sent meanwhile.
    a.told_of(peer(2), false).await;
    assert!(!a.network.is_connected(&peer(2)));
    let request = Request::Batches(Vec::new());
    let asked = a.network.request(peer(2), CHANNEL, request).await;
    assert_eq!(asked, Err(RequestError::NotConnected));

    let mut b = Station::at(2, address, 1024).await;
    b.knows(&[&a]).await;
    a.told_of(peer(2), true).await;
    a.say(&b, 5);
    assert_eq!(b.height_said().await, (peer(1), 5));
    b.connected(&a).await;
    b.say(&a, 6);
    assert_eq!(a.height_said().await, (peer(2), 6));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_moved_is_found_at_its_new_address() {
    let (a, b) = pair().await;
    drop(b);
    let mut b = Station::start(2).await;
    b.knows(&[&a]).await;
    a.knows(&[&b]).await;
    a.connected(&b).await;
    wait_for("heard at the new address", SOON, || {
        a.say(&b, 1);
        b.consensus.try_recv().is_ok_and(|arrival| matches!(arrival, Arrival::Packet(..)))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_answered_and_nobody_else_learns_anything() {
    let (a, mut b) = pair().await;
    let answers = tokio::spawn(async move {
        for turn in 0.. {
            let Some(Asked { request, answer }) = b.requests.recv().await else { return };
            match (turn, request) {
                (0..10, Request::Blocks { first, .. }) => {
                    let batch = a_batch(first.0, 10);
                    let _ = answer.send(Response::Batches(vec![batch]));
                }
                // Not answered at all.
                (10, _) => drop(answer),
                other => panic!("a request that must not arrive: {other:?}"),
            }
        }
    });
    let request = |first| Request::Blocks { first: Height(first), count: 1 };
    for first in 0..10 {
        let answer = a.network.request(peer(2), CHANNEL, request(first)).await;
        assert_eq!(answer, Ok(Response::Batches(vec![a_batch(first, 10)])));
    }
    let answer = a.network.request(peer(2), CHANNEL, request(1)).await;
    assert_eq!(answer, Ok(Response::Nothing), "not answered there");
    let answer = a.network.request(peer(2), hash(7), request(1)).await;
    assert_eq!(answer, Ok(Response::Nothing), "a channel it is not on");
    let answer = a.network.request(peer(9), CHANNEL, request(1)).await;
    assert_eq!(answer, Err(RequestError::NotConnected), "nobody's name");
    answers.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_a_member_is_answered_nothing() {
    let (a, mut b) = pair().await;
    b.members(&[7]);
    let request = Request::Blocks { first: Height(1), count: 1 };
    let answer = a.network.request(peer(2), CHANNEL, request).await;
    assert_eq!(answer, Ok(Response::Nothing));
    assert!(b.requests.try_recv().is_err(), "the channel was not asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_under_way_fails_when_the_connection_breaks() {
    let (a, mut b) = pair().await;
    let network = a.network.clone();
    let request = Request::Blocks { first: Height(1), count: 1 };
    let asked = tokio::spawn(async move { network.request(peer(2), CHANNEL, request).await });
    let unanswered = timeout(SOON, b.requests.recv()).await.unwrap();
    drop(b);
    let answer = timeout(Duration::from_secs(5), asked).await.expect("it waits on").unwrap();
    assert_eq!(answer, Err(RequestError::Lost));
    drop(unanswered);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_beyond_a_bound_are_refused_at_once() {
    let (a, b) = pair().await;
    let ask = || {
        let network = a.network.clone();
        let request = Request::Blocks { first: Height(1), count: 1 };
        tokio::spawn(async move { network.request(peer(2), CHANNEL, request).await })
    };
    // The other never answers.
    let asked: Vec<_> = (0..200).map(|_| ask()).collect();
    let busy = || asked.iter().filter(|asked| asked.is_finished()).count() >= 100;
    wait_for("most are refused", Duration::from_secs(5), busy).await;
    for asked in asked {
        if asked.is_finished() {
            assert_eq!(asked.await.unwrap(), Err(RequestError::Busy));
        } else {
            asked.abort();
        }
    }
    drop(b);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_is_punished_loses_its_connection_and_may_come_back() {
    let (mut a, b) = pair().await;
    a.network.punish(&peer(2), "a test");
    a.told_of(peer(2), false).await;
    a.told_of(peer(2), true).await;
    b.connected(&a).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_slow_peer_cannot_take_is_dropped_and_does_not_stop_the_urgent() {
    const SENT: u64 = 400;
    let address = free_address();
    let (a, mut b) = (Station::start(1).await, Station::at(2, address, 1).await);
    a.knows(&[&b]).await;
    b.knows(&[&a]).await;
    a.connected(&b).await;
    let packets: Vec<Packet> =
        (1..=SENT).map(|number| Packet::Batch(Box::new(a_batch(number, 1 << 20)))).collect();
    let before = tokio::time::Instant::now();
    let network = a.network.clone();
    let sending = tokio::task::spawn_blocking(move || {
        for packet in packets {
            network.send(std::iter::once(peer(2)), CHANNEL, packet);
        }
    });
    timeout(SOON, sending).await.expect("sending waits for nobody").unwrap();
    assert!(before.elapsed() < SOON);
    let queued = lock(&a.network.links)[&peer(2)].queued();
    assert!(queued <= 128 << 20, "{queued} bytes are queued");
    // The other has not taken a single batch yet.
    a.say(&b, 1);
    assert_eq!(b.height_said().await, (peer(1), 1));
    let mut taken = Vec::new();
    while let Ok(Some(Arrival::Packet(_, Packet::Batch(batch)))) =
        timeout(WHILE, b.bulk.recv()).await
    {
        taken.push(batch.header.number.0);
    }
    assert!(taken.is_sorted_by(|a, b| a < b), "{taken:?}");
    assert!(taken.len() > 100, "{} arrived", taken.len());
    assert!(taken.len() < SENT as usize, "nothing was dropped");
    assert_eq!(lock(&a.network.links)[&peer(2)].queued(), 0, "all that was queued has left");
    let packet = Packet::Batch(Box::new(a_batch(SENT + 1, 10)));
    a.network.send(std::iter::once(peer(2)), CHANNEL, packet);
    assert!(timeout(SOON, b.bulk.recv()).await.is_ok(), "later ones arrive again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let Err(error) = Network::start(&key(1), address).await else { panic!("listens twice") };
    let text = error.to_string();
    assert!(text.starts_with(&format!("cannot listen for peers on {address}: ")), "{text}");
    assert!(text.ends_with("Choose another PORT_P2P, or end what uses it"), "{text}");
}
