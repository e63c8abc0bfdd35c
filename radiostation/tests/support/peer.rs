//! A peer that attends, and one that answers for its status.

use std::time::Duration;

use chain::keys::{PeerId, PublicKey, SecretKey, verify};
use chain::membership::{Change, SignedEntry, join_digest};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use wire::v1;
use wire::v1::announcement::Kind as Announced;
use wire::v1::from_peer::Kind;
use wire::v1::registry_client::RegistryClient;
use wire::v1::{FromPeer, ToPeer};

use super::{Station, WAIT};

/// A stream of a test's peer.
pub struct Attending {
    outward: mpsc::Sender<FromPeer>,
    inward: Streaming<ToPeer>,
}

pub fn key(peer: u8) -> SecretKey {
    SecretKey::from_bytes([peer; 32]).unwrap()
}

pub fn id(peer: u8) -> PeerId {
    key(peer).public_key().peer_id()
}

pub fn target(peer: u8) -> String {
    format!("127.0.0.1:{}", 1000 + u16::from(peer))
}

pub fn report(channel: &str, height: u64, leader: u8, entries: u64) -> v1::ChannelReport {
    let (channel, leader) = (channel.to_owned(), id(leader).to_string());
    v1::ChannelReport { channel, height, block_hash: vec![0; 32], leader, entries }
}

/// A Join as a peer of this number makes it.
pub fn join(peer: u8, target: &str, nonce: &[u8], channels: Vec<v1::ChannelReport>) -> v1::Join {
    let p2p_address = format!("127.0.0.1:{}", 2000 + u16::from(peer));
    let signature = key(peer).sign(&join_digest(nonce, target, &p2p_address, ""));
    v1::Join {
        public_key: key(peer).public_key().to_bytes().to_vec(),
        target: target.to_owned(),
        p2p_address,
        group_id: String::new(),
        signature: signature.0.to_vec(),
        channels,
    }
}

impl Attending {
    /// Opens a stream; gives the challenge.
    pub async fn open(station: &Station) -> (Attending, Vec<u8>) {
        let address = format!("http://127.0.0.1:{}", station.grpc_port);
        let client = RegistryClient::connect(address).await.unwrap();
        let mut client = client.max_decoding_message_size(64 << 20);
        let (outward, messages) = mpsc::channel(16);
        let inward = client.attend(ReceiverStream::new(messages)).await.unwrap().into_inner();
        let mut attending = Attending { outward, inward };
        match attending.next().await.unwrap() {
            Some(v1::to_peer::Kind::Challenge(challenge)) => (attending, challenge.nonce),
            other => panic!("expected a challenge, found {other:?}"),
        }
    }

    /// The whole of joining.
    pub async fn join(station: &Station, peer: u8) -> (Attending, v1::Welcome) {
        Attending::join_with(station, peer, &target(peer), Vec::new()).await.unwrap()
    }

    pub async fn join_with(
        station: &Station,
        peer: u8,
        target: &str,
        channels: Vec<v1::ChannelReport>,
    ) -> Result<(Attending, v1::Welcome), Status> {
        let (mut attending, nonce) = Attending::open(station).await;
        attending.send(Kind::Join(join(peer, target, &nonce, channels))).await;
        match attending.next().await? {
            Some(v1::to_peer::Kind::Welcome(welcome)) => Ok((attending, welcome)),
            other => panic!("expected a welcome, found {other:?}"),
        }
    }

    pub async fn send(&self, kind: Kind) {
        self.outward.send(FromPeer { kind: Some(kind) }).await.unwrap();
    }

    pub async fn report(&self, channels: Vec<v1::ChannelReport>) {
        self.send(Kind::Report(v1::Report { channels })).await;
    }

    /// None when the stream ended well.
    pub async fn next(&mut self) -> Result<Option<v1::to_peer::Kind>, Status> {
        let message = tokio::time::timeout(WAIT, self.inward.message()).await;
        let message = message.expect("the radiostation says nothing")?;
        Ok(message.map(|message| message.kind.unwrap()))
    }

    /// How the stream ends; announcements before it are passed over.
    pub async fn end(&mut self) -> Result<(), Status> {
        while self.next().await?.is_some() {}
        Ok(())
    }

    /// The next announcement, as `channel: what`.
    pub async fn heard(&mut self) -> String {
        let announcement = match self.next().await.unwrap() {
            Some(v1::to_peer::Kind::Announcement(announcement)) => announcement,
            other => panic!("expected an announcement, found {other:?}"),
        };
        let what = match announcement.kind.unwrap() {
            Announced::PeerJoined(record) => format!("joined {}", record.target),
            Announced::PeerLeft(peer) => format!("left {peer}"),
            Announced::ConnectionLost(peer) => format!("lost {peer}"),
            Announced::NewLeader(peer) => format!("leader {peer}"),
            Announced::Entry(bytes) => said(&bytes, None),
            Announced::Granted(grant) => format!("granted {}", grant.name),
        };
        format!("{}: {what}", announcement.channel)
    }

    /// Whether nothing is announced for a while.
    pub async fn is_quiet(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(300), self.inward.message()).await.is_err()
    }
}

/// `sequence + peer` of a joining entry; with a key, its signature is checked.
pub fn said(bytes: &[u8], radiostation: Option<&PublicKey>) -> String {
    let entry: SignedEntry = chain::encoding::decode(bytes).unwrap();
    if let Some(key) = radiostation {
        verify(entry.clone(), key).unwrap();
    }
    let change = match &entry.entry.change {
        Change::Join(member) => format!("+ {}", member.target),
        Change::Leave(peer) => format!("- {peer}"),
        other => format!("{other:?}"),
    };
    format!("{} {change}", entry.entry.sequence)
}
