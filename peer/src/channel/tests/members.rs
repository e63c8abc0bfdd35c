//! A channel and one other member, of which the test decides what it says.

use std::collections::BTreeSet;
use std::time::Duration;

use chain::batch::Batch;
use chain::block::CommittedBlock;
use chain::certificate::Stage;
use chain::count::{Height, Round, Sequence};
use chain::encoding::encode;
use chain::evidence::{Contradiction, Evidence};
use chain::hash::Hash;
use chain::keys::Signature;
use chain::ledger::Head;
use chain::lft::message::{Ballot, Message, Statement};
use chain::membership::{Change, Entry, Member, Role};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::channel::Control;
use crate::network::{Arrival, Asked, Contact, Network, Packet, Request, Response, Route};
use crate::tests::{
    Repository, Solo, Start, batch, begun, committed, entry, free_address, genesis, hash, key,
    member, peer, settings, wait_for,
};

pub const SOON: Duration = Duration::from_secs(15);

/// The other member.
pub struct Other {
    pub network: Network,
    number: u8,
    channel: Hash,
    arrivals: mpsc::Receiver<Arrival>,
    pub requests: mpsc::Receiver<Asked>,
}

impl Other {
    /// Connects the peer with key `number` to the channel of `solo`, which has key `me`.
    pub async fn meets(number: u8, solo: &Solo, me: u8) -> Other {
        // A port that was free a moment ago may be taken by now.
        let (address, network) = loop {
            let address = free_address();
            match Network::start(&key(number), address).await {
                Ok(network) => break (address, network),
                Err(error) => tracing::warn!(%error, "another port"),
            }
        };
        let channel = solo.channel.id;
        let (consensus, arrivals) = mpsc::channel(1024);
        let (sender, requests) = mpsc::channel(64);
        let (members, bulk) = (BTreeSet::from([peer(me)]), consensus.clone());
        let batch_bytes_max = 1 << 20;
        let route = Route { members, batch_bytes_max, consensus, bulk, requests: sender };
        network.routes().set(channel, route);
        // The channel's peer listens on a port that only it knows, and is the one that dials.
        let nowhere = free_address().to_string();
        network.set_contacts(&[Contact { key: key(me).public_key(), address: nowhere }]).await;
        let members = BTreeSet::from([peer(me), peer(number)]);
        solo.channel.tell(Control::Members(members)).await;
        let contact = Contact { key: key(number).public_key(), address: address.to_string() };
        solo.network.set_contacts(&[contact]).await;
        let mut other = Other { network, number, channel, arrivals, requests };
        other.is_connected(me, true).await;
        let both = || solo.network.is_connected(&peer(number));
        wait_for("both are connected", SOON, both).await;
        other
    }

    pub async fn next(&mut self) -> Arrival {
        timeout(SOON, self.arrivals.recv()).await.expect("nothing arrives").unwrap()
    }

    /// Waits to be told that the link to `me` stands, or is lost.
    pub async fn is_connected(&mut self, me: u8, expected: bool) {
        loop {
            match self.next().await {
                Arrival::Connected(of) if expected && of == peer(me) => return,
                Arrival::Lost(of) if !expected && of == peer(me) => return,
                _ => {}
            }
        }
    }

    pub fn say(&self, packet: Packet) {
        let to: Vec<_> = [1, 2].into_iter().filter(|n| *n != self.number).map(peer).collect();
        self.network.send(to.into_iter(), self.channel, packet);
    }

    /// Whether the connection is ended within a moment.
    pub async fn is_punished(&mut self) -> bool {
        let end = tokio::time::Instant::now() + Duration::from_millis(500);
        loop {
            match tokio::time::timeout_at(end, self.arrivals.recv()).await {
                Ok(Some(Arrival::Lost(_))) => return true,
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return false,
            }
        }
    }
}

/// The channel of validator 1, with client 2 on it.
async fn with_client(folder: &std::path::Path, repository: &Repository) -> (Solo, Head) {
    let (ledger, head) = begun(&folder.join("ledger"), settings());
    let client = Member { role: Role::Client, ..member(2) };
    let (block, head) = committed(&head, None, &[], vec![entry(&head, 1, Change::Join(client))]);
    ledger.commit(&block, &head, &[]);
    drop(ledger);
    (Solo::start(folder, repository, Start::default()).await, head)
}

fn ballot(head: &Head, signer: u8) -> Message {
    let (stage, height, round) = (Stage::Vote, head.height.next(), Round(0));
    let ballot = Ballot { stage, height, round, block: hash(1) };
    Statement::Ballot(ballot).sign(&head.channel, &key(signer))
}

fn evidence(number: u64, head: &Head, signer: u8) -> Evidence {
    let (stage, height, round) = (Stage::Vote, Height(number), Round(0));
    let said = |block| {
        let digest = chain::certificate::ballot_digest(&head.channel, stage, height, round, &block);
        (block, key(signer).sign(&digest))
    };
    let statements = [said(hash(1)), said(hash(2))];
    let contradiction = Contradiction::Ballots { stage, height, round, statements };
    Evidence { signer: peer(2), contradiction }
}

fn packets(head: &Head) -> Vec<(&'static str, Packet, bool)> {
    let unsigned = |batch: Batch| Batch { signature: Signature([1; 64]), ..batch };
    let elsewhere = Head { channel: hash(9), ..head.clone() };
    let change = Change::Role(peer(2), Role::Validator);
    let forged = Entry { channel: head.channel, sequence: Sequence(2), change }.sign(&key(2));
    let boxed_batch = |batch| Packet::Batch(Box::new(batch));
    let of_two = |number: u64| batch(head, 2, number, &["x"]);
    let said = |message| Packet::Message(Box::new(message));
    let later = Head { height: Height(90), ..head.clone() };
    let earlier = Head::new(&genesis(settings()).genesis);
    vec![
        ("its own batch", boxed_batch(of_two(1)), false),
        ("a batch far ahead", boxed_batch(of_two(1 << 40)), false),
        ("a batch of a stranger", boxed_batch(batch(head, 7, 1, &["x"])), false),
        ("an unsigned batch", boxed_batch(unsigned(of_two(2))), true),
        ("a batch numbered 0", boxed_batch(of_two(0)), false),
        ("a batch of another channel", boxed_batch(batch(&elsewhere, 2, 3, &["x"])), true),
        ("an empty batch", boxed_batch(batch(head, 2, 3, &[])), true),
        ("a height out of reach", Packet::Status { height: Height(u64::MAX) }, false),
        ("evidence that proves something", Packet::Evidence(Box::new(evidence(1, head, 2))), false),
        ("evidence that proves nothing", Packet::Evidence(Box::new(evidence(1, head, 1))), true),
        ("a forged entry", Packet::Entry(Box::new(forged)), true),
        ("a vote of who has none", said(ballot(head, 2)), true),
        ("a vote for a later height", said(ballot(&later, 2)), false),
        ("a vote for an earlier height", said(ballot(&earlier, 2)), false),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn breaking_the_rules_of_the_channel_costs_the_connection() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let (solo, _) = with_client(folder.path(), &repository).await;
    let mut other = Other::meets(2, &solo, 1).await;
    for (at, (what, _, punished)) in
        packets(&solo.channel.ledger.head().unwrap()).iter().enumerate()
    {
        // By the head of now: some of what is said is committed.
        let (_, packet, _) = packets(&solo.channel.ledger.head().unwrap()).swap_remove(at);
        other.say(packet);
        assert_eq!(other.is_punished().await, *punished, "{what}");
        if *punished {
            other.is_connected(1, true).await;
        }
        let after = solo.submit(&["after"]).await;
        solo.commits(&after).await;
    }
    let committed = solo.channel.ledger.place(&peer(2), Sequence(1));
    assert!(committed.is_some(), "the good batch is in a block");
    solo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn evidence_is_passed_on_once_and_shown() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let (solo, head) = with_client(folder.path(), &repository).await;
    let mut other = Other::meets(2, &solo, 1).await;
    for number in [1, 2, 1, 1, 2] {
        other.say(Packet::Evidence(Box::new(evidence(number, &head, 2))));
    }
    let status = solo.channel.status.clone();
    wait_for("shown", SOON, || status.borrow().evidence == 2).await;
    other.say(Packet::Evidence(Box::new(evidence(2, &head, 2))));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut passed_on = 0;
    while let Ok(arrival) = other.arrivals.try_recv() {
        passed_on += usize::from(matches!(arrival, Arrival::Packet(_, Packet::Evidence(_))));
    }
    assert_eq!(passed_on, 2);
    solo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_members_are_answered_whatever_they_ask() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let (solo, head) = with_client(folder.path(), &repository).await;
    let other = Other::meets(2, &solo, 1).await;
    let block = solo.channel.ledger.block(Height(1)).unwrap();
    let unknown = batch(&head, 2, 9, &["x"]).reference(100);
    let asked_by_height = |first, count| Request::Blocks { first: Height(first), count };
    let asked_by_hash = |height, hash| Request::Block { height: Height(height), hash };
    let cases = [
        (asked_by_height(1, 5), Response::Blocks(vec![(block.clone(), Vec::new())])),
        (asked_by_height(0, 5), Response::Blocks(Vec::new())),
        (asked_by_height(u64::MAX, u64::MAX), Response::Blocks(Vec::new())),
        (Request::Batches(Vec::new()), Response::Batches(Vec::new())),
        (Request::Batches(vec![unknown; 20_000]), Response::Batches(Vec::new())),
        (asked_by_hash(1, head.hash), Response::Block(Some(Box::new(block.block)))),
        (asked_by_hash(1, hash(1)), Response::Block(None)),
        (asked_by_hash(u64::MAX, head.hash), Response::Block(None)),
    ];
    for (request, expected) in cases {
        let answer = other.network.request(peer(1), other.channel, request.clone()).await;
        assert_eq!(answer, Ok(expected), "{request:.80?}");
    }
    solo.stop().await;
}

/// Blocks of validator 1 with which peer 2 joins, leaves and joins again.
fn comings_and_goings() -> Vec<CommittedBlock> {
    let mut head = Head::new(&genesis(settings()).genesis);
    let mut blocks: Vec<CommittedBlock> = Vec::new();
    let client = || Change::Join(Member { role: Role::Client, ..member(2) });
    for (sequence, change) in (1..).zip([client(), Change::Leave(peer(2)), client()]) {
        let entries = vec![entry(&head, sequence, change)];
        let (block, after) = committed(&head, blocks.last(), &[], entries);
        blocks.push(block);
        head = after;
    }
    blocks
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_behind_fetches_blocks_and_sends_again_what_it_had_accepted() {
    let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
    let (ledger, head) = begun(&folder.path().join("ledger"), settings());
    // Accepted when it was a member, before it left.
    let accepted = batch(&head, 2, 1, &["accepted"]);
    ledger.put_own_batch(&accepted, &encode(&accepted));
    drop(ledger);
    let start = Start { me: 2, ..Start::default() };
    let solo = Solo::start(folder.path(), &repository, start).await;
    let mut validator = Other::meets(1, &solo, 2).await;
    validator.say(Packet::Status { height: Height(3) });
    let blocks = comings_and_goings();
    let mut requests = std::mem::replace(&mut validator.requests, mpsc::channel(1).1);
    let answering = tokio::spawn(async move {
        while let Some(Asked { request, answer }) = requests.recv().await {
            let Request::Blocks { first, count } = request else { continue };
            let asked = blocks.iter().skip(first.0 as usize - 1).take(count as usize);
            let _ = answer.send(Response::Blocks(asked.map(|b| (b.clone(), vec![])).collect()));
        }
    });
    let status = solo.channel.status.clone();
    wait_for("caught up", SOON, || status.borrow().height == Height(3)).await;
    assert!(status.borrow().is_member && status.borrow().may_create);
    loop {
        if let Arrival::Packet(from, Packet::Batch(sent)) = validator.next().await {
            assert_eq!((from, *sent), (peer(2), accepted));
            break;
        }
    }
    answering.abort();
    solo.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_wrong_blocks_loses_its_connection() {
    type Spoil = fn(&mut CommittedBlock);
    let cases: [(&str, Spoil); 4] = [
        ("a certificate of nobody", |b| b.certificate.signatures.clear()),
        ("a certificate of another block", |b| b.certificate.block = hash(1)),
        ("a changed block", |b| b.block.header.timestamp_us += 1),
        ("the wrong height", |b| b.block.header.height = Height(u64::MAX)),
    ];
    for (what, spoil) in cases {
        let (folder, repository) = (tempfile::tempdir().unwrap(), Repository::new());
        let start = Start { me: 2, ..Start::default() };
        let solo = Solo::start(folder.path(), &repository, start).await;
        let mut validator = Other::meets(1, &solo, 2).await;
        validator.say(Packet::Status { height: Height(3) });
        let mut blocks = comings_and_goings();
        spoil(&mut blocks[1]);
        let Asked { answer, .. } = timeout(SOON, validator.requests.recv()).await.unwrap().unwrap();
        let blocks = blocks.into_iter().map(|block| (block, Vec::new())).collect();
        answer.send(Response::Blocks(blocks)).unwrap();
        validator.is_connected(2, false).await;
        let height = solo.channel.ledger.head().unwrap().height;
        assert_eq!(height, Height(1), "{what}: the first block was right");
        solo.stop().await;
    }
}
