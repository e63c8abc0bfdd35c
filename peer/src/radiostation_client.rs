//! The peer's side of its stream to the radiostation: joins with proof of its key, takes grants and
//! announcements, reports. Nothing that the channels decide waits for it.

use std::collections::BTreeMap;
use std::time::Duration;

use chain::channel::{Genesis, SignedGenesis};
use chain::count::Sequence;
use chain::encoding::decode;
use chain::keys::{self, PublicKey};
use chain::membership::{Change, SignedEntry, join_digest, record_digest};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::{Channel as Connection, Endpoint};
use tonic::{Code, Status, Streaming};
use wire::v1::registry_client::RegistryClient;
use wire::v1::{
    Announcement, Challenge, ChannelGrant, ChannelReport, FromPeer, Join, Leaving, PeerRecord,
    Report, ToPeer, Welcome, announcement, from_peer, to_peer,
};

use crate::channel::{Channel, Control, NEVER};
use crate::node::Node;
use crate::storage::KnownPeer;

/// How often this peer reports; it is its heartbeat.
const REPORT_INTERVAL: Duration = Duration::from_secs(2);
/// How often it looks whether something changed that is worth a report at once.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const KEEPALIVE: Duration = Duration::from_secs(10);
/// A Welcome holds every grant.
const MESSAGE_BYTES_MAX: usize = 64 << 20;
/// Pause after a refusal that will not change by itself soon.
const REFUSED_PAUSE: Duration = Duration::from_secs(10);

/// Why a stream ended.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("cannot reach the radiostation: {0}")]
    Unreachable(String),
    #[error("the radiostation ended the stream: {}", .0.message())]
    Status(#[from] Status),
    #[error("the radiostation broke its protocol: {0}")]
    Protocol(String),
    #[error("it is another radiostation than the one this peer joined first")]
    OtherRadiostation,
    #[error("the peer is stopping")]
    Stopping,
}

/// Attends until the peer stops: the first radiostation, and the second while the first cannot be
/// reached.
pub async fn run(node: Node, p2p_address: String) {
    let stations = node.settings.radiostations.clone();
    let mut turn = 0;
    while !node.stop.is_cancelled() {
        let station = &stations[turn % stations.len()];
        turn += 1;
        let ended = attend(&node, &station.to_string(), &p2p_address).await;
        let pause = match ended {
            Ended::Stopping => return,
            Ended::Status(status) if status.code() == Code::Aborted => {
                tracing::error!(
                    "another process attends the radiostation with this peer's key; this one does \
                     not try again"
                );
                return;
            }
            Ended::Status(status) if is_refusal(&status) => {
                tracing::error!(radiostation = %station, reason = status.message(), "not admitted");
                REFUSED_PAUSE
            }
            ended => {
                tracing::warn!(radiostation = %station, %ended, "without radiostation");
                node.settings.connection.retry_interval
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = node.stop.cancelled() => return,
        }
    }
}

fn is_refusal(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::InvalidArgument
            | Code::Unauthenticated
            | Code::AlreadyExists
            | Code::PermissionDenied
    )
}

async fn attend(node: &Node, station: &str, p2p_address: &str) -> Ended {
    let (sender, requests) = mpsc::channel(64);
    let opened = open(station, requests);
    let mut stream = tokio::select! {
        opened = opened => match opened {
            Ok(stream) => stream,
            Err(ended) => return ended,
        },
        () = node.stop.cancelled() => return Ended::Stopping,
    };
    let mut attendance = Attendance { node, sender, reported: BTreeMap::new() };
    let mut looks = tokio::time::interval(LOOK_INTERVAL);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut welcomed = false;
    let mut last_report = tokio::time::Instant::now();
    loop {
        tokio::select! {
            message = stream.message() => {
                let handled = match message {
                    Ok(Some(message)) => attendance.on_message(message, p2p_address, &mut welcomed).await,
                    Ok(None) => Err(Ended::Unreachable("it closed the stream".into())),
                    Err(status) => Err(status.into()),
                };
                if let Err(ended) = handled {
                    return ended;
                }
            }
            _ = looks.tick(), if welcomed => {
                let due = last_report.elapsed() >= REPORT_INTERVAL;
                if attendance.report(due).await {
                    last_report = tokio::time::Instant::now();
                }
            }
            () = node.stop.cancelled() => {
                let leaving = Leaving { reason: "stopped by its operator".into() };
                attendance.send(from_peer::Kind::Leaving(leaving)).await;
                drop(attendance);
                // The radiostation ends the stream once it knows.
                let _ = tokio::time::timeout(Duration::from_secs(1), stream.message()).await;
                return Ended::Stopping;
            }
        }
    }
}

async fn open(
    station: &str,
    requests: mpsc::Receiver<FromPeer>,
) -> Result<Streaming<ToPeer>, Ended> {
    let unreachable = |error: &dyn std::fmt::Display| Ended::Unreachable(error.to_string());
    let endpoint = Endpoint::from_shared(format!("http://{station}"))
        .map_err(|error| unreachable(&error))?
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE)
        .keep_alive_while_idle(true);
    let connection: Connection = endpoint.connect().await.map_err(|error| unreachable(&error))?;
    let mut client = RegistryClient::new(connection).max_decoding_message_size(MESSAGE_BYTES_MAX);
    Ok(client.attend(ReceiverStream::new(requests)).await?.into_inner())
}

struct Attendance<'a> {
    node: &'a Node,
    sender: mpsc::Sender<FromPeer>,
    /// What was last reported of each channel, without its height.
    reported: BTreeMap<String, (String, u64)>,
}

impl Attendance<'_> {
    async fn send(&self, kind: from_peer::Kind) {
        // A stream that has ended says so when it is read.
        let _ = self.sender.send(FromPeer { kind: Some(kind) }).await;
    }

    async fn on_message(
        &mut self,
        message: ToPeer,
        p2p_address: &str,
        welcomed: &mut bool,
    ) -> Result<(), Ended> {
        match message.kind {
            Some(to_peer::Kind::Challenge(challenge)) => self.join(challenge, p2p_address).await,
            Some(to_peer::Kind::Welcome(welcome)) => {
                self.on_welcome(welcome).await?;
                *welcomed = true;
                self.report(true).await;
                Ok(())
            }
            Some(to_peer::Kind::Announcement(announcement)) => {
                self.on_announcement(announcement).await
            }
            None => Err(Ended::Protocol("a message of no kind this version knows".into())),
        }
    }

    async fn join(&self, challenge: Challenge, p2p_address: &str) -> Result<(), Ended> {
        if challenge.nonce.len() != 32 {
            return Err(Ended::Protocol("a challenge is 32 bytes".into()));
        }
        let node = self.node;
        let group_id = node.settings.group_id.clone().unwrap_or_default();
        let digest = join_digest(&challenge.nonce, &node.target, p2p_address, &group_id);
        let key = &node.surroundings.key;
        let channels = node.channels();
        let join = Join {
            public_key: key.public_key().to_bytes().to_vec(),
            target: node.target.clone(),
            p2p_address: p2p_address.to_string(),
            group_id,
            signature: key.sign(&digest).0.to_vec(),
            // A ledger without its record of votes is as good as none: the peer may be new again.
            channels: channels.iter().filter(|c| !has_lost_record(c)).map(report_of).collect(),
        };
        self.send(from_peer::Kind::Join(join)).await;
        Ok(())
    }

    async fn on_welcome(&mut self, welcome: Welcome) -> Result<(), Ended> {
        let key = PublicKey::from_bytes(&welcome.radiostation_key)
            .map_err(|error| Ended::Protocol(error.to_string()))?;
        match self.node.store.radiostation() {
            Some(known) if known != key => return Err(Ended::OtherRadiostation),
            Some(_) => {}
            None => self.node.store.set_radiostation(&key),
        }
        tracing::info!(
            order = welcome.order,
            peer_id = welcome.peer_id,
            channels = welcome.channels.len(),
            "admitted by the radiostation"
        );
        for grant in welcome.channels {
            self.on_grant(grant, &key).await?;
        }
        self.node.set_welcomed();
        Ok(())
    }

    async fn on_grant(
        &mut self,
        grant: ChannelGrant,
        radiostation: &PublicKey,
    ) -> Result<(), Ended> {
        let protocol = |what: &str| Ended::Protocol(format!("grant of {}: {what}", grant.name));
        let genesis: SignedGenesis =
            decode(&grant.genesis).map_err(|error| protocol(&error.to_string()))?;
        let genesis = keys::verify(genesis, radiostation)
            .map_err(|error| protocol(&error.to_string()))?
            .into_inner();
        if genesis.genesis.name != grant.name {
            return Err(protocol("the first block is of another channel"));
        }
        // The name is a folder's here.
        if !configs::kind::is_channel_name(&grant.name) {
            return Err(protocol("it is no name of a channel"));
        }
        let mut entries: Vec<SignedEntry> = Vec::new();
        for bytes in &grant.entries {
            entries.push(decode(bytes).map_err(|error| protocol(&error.to_string()))?);
        }
        let admitted = self.may_sign_after(&grant, &genesis.genesis, &entries);
        let channel = match self.node.join(&genesis, admitted) {
            Ok(channel) => channel,
            Err(error) => {
                tracing::error!(channel = grant.name, %error, "cannot join the channel");
                return Ok(());
            }
        };
        // A peer that lost its record signs again once it has been admitted again.
        if !grant.had_ledger && has_lost_record(&channel) {
            channel.tell(Control::Admitted(admitted)).await;
        }
        let peers = self.records(&grant.peers, radiostation);
        self.node.add_peers(&grant.name, &peers).await;
        for entry in entries {
            channel.tell(Control::Entry(Box::new(entry))).await;
        }
        // Before this peer's first signature the radiostation knows that it has a ledger.
        self.report(true).await;
        Ok(())
    }

    // The entry that must be committed before this peer signs on the channel.
    fn may_sign_after(
        &self,
        grant: &ChannelGrant,
        genesis: &Genesis,
        entries: &[SignedEntry],
    ) -> Option<Sequence> {
        let me = self.node.me;
        let mine = |signed: &&SignedEntry| matches!(&signed.entry.change, Change::Join(member) if member.key.peer_id() == me);
        let admitted = entries.iter().filter(mine).map(|signed| signed.entry.sequence).max();
        if grant.had_ledger {
            Some(NEVER)
        } else if admitted.is_none() && genesis.first.key.peer_id() == me {
            None
        } else {
            admitted.or(Some(NEVER))
        }
    }

    // Records that the radiostation really signed.
    fn records(&self, records: &[PeerRecord], radiostation: &PublicKey) -> Vec<KnownPeer> {
        let known = records.iter().filter_map(|record| {
            let known = known_peer(record, radiostation);
            if known.is_none() {
                tracing::warn!(
                    target_address = record.target,
                    "a peer's record is not genuine; left out"
                );
            }
            known
        });
        known.collect()
    }

    async fn on_announcement(&mut self, announcement: Announcement) -> Result<(), Ended> {
        let Some(radiostation) = self.node.store.radiostation() else {
            return Err(Ended::Protocol("an announcement before the welcome".into()));
        };
        let name = announcement.channel;
        match announcement.kind {
            Some(announcement::Kind::Granted(grant)) => self.on_grant(grant, &radiostation).await?,
            Some(announcement::Kind::PeerJoined(record)) => {
                tracing::info!(channel = name, joined = record.target, "peer joined");
                let peers = self.records(&[record], &radiostation);
                self.node.add_peers(&name, &peers).await;
            }
            Some(announcement::Kind::Entry(bytes)) => {
                let entry: SignedEntry =
                    decode(&bytes).map_err(|error| Ended::Protocol(error.to_string()))?;
                if let Some(channel) = self.node.channel(&name) {
                    channel.tell(Control::Entry(Box::new(entry))).await;
                }
            }
            Some(announcement::Kind::PeerLeft(peer)) => {
                tracing::info!(channel = name, peer, "peer left");
            }
            Some(announcement::Kind::ConnectionLost(peer)) => {
                tracing::info!(
                    channel = name,
                    peer,
                    "the radiostation lost its connection to a peer"
                );
            }
            Some(announcement::Kind::NewLeader(peer)) => {
                tracing::info!(channel = name, leader = peer, "new leader");
            }
            None => {}
        }
        Ok(())
    }

    // Reports when it is due, or when a leader or the membership has changed; whether it did.
    async fn report(&mut self, due: bool) -> bool {
        let reports: Vec<ChannelReport> = self.node.channels().iter().map(report_of).collect();
        let news = reports.iter().map(|r| (r.channel.clone(), (r.leader.clone(), r.entries)));
        let news: BTreeMap<_, _> = news.collect();
        if !due && news == self.reported {
            return false;
        }
        self.reported = news;
        self.send(from_peer::Kind::Report(Report { channels: reports })).await;
        true
    }
}

fn has_lost_record(channel: &Channel) -> bool {
    channel.status.borrow().lost_record
}

fn report_of(channel: &Channel) -> ChannelReport {
    let status = channel.status.borrow();
    ChannelReport {
        channel: channel.name.clone(),
        height: status.height.0,
        block_hash: status.hash.0.to_vec(),
        leader: status.leader.to_string(),
        entries: status.entries.0,
    }
}

/// The peer that `record` tells of; none unless the radiostation signed it.
pub fn known_peer(record: &PeerRecord, radiostation: &PublicKey) -> Option<KnownPeer> {
    let key = PublicKey::from_bytes(&record.public_key).ok()?;
    let digest =
        record_digest(&key, &record.target, &record.p2p_address, &record.group_id, record.order);
    let signature = chain::keys::Signature(record.signature.as_slice().try_into().ok()?);
    radiostation.check(&digest, &signature).ok()?;
    Some(KnownPeer {
        key,
        target: record.target.clone(),
        p2p_address: record.p2p_address.clone(),
        group_id: record.group_id.clone(),
        order: record.order,
    })
}
