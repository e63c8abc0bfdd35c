//! A registry with peers that sign, and what came out of it in words.

use chain::channel::{Genesis, SignedGenesis};
use chain::encoding::decode;
use chain::keys::{PeerId, SecretKey, Signature, verify};
use chain::membership::{Change, Role, SignedEntry, join_digest, record_digest};
use chain::score::Version;
use configs::{ChannelDefinition, ChannelPeer, ChannelSettings, HostPort};
use wire::v1;
use wire::v1::announcement::Kind;

use crate::registry::{
    Definition, Effect, Event, NONCE_BYTES, PlaceRow, Proven, Registry, Rules, Saved, SavedChannel,
    SessionId, Wanted, Write, check_join, check_reports,
};

pub const SECOND: u64 = 1_000_000;
const NONCE: [u8; NONCE_BYTES] = [7; NONCE_BYTES];

pub struct World {
    pub registry: Registry,
    pub now_us: u64,
    pub saved: Saved,
    definitions: Vec<Definition>,
    rules: Rules,
    sessions: u64,
}

/// A peer of the tests: number 3 listens on 10.0.0.3:7100.
pub fn key(peer: u8) -> SecretKey {
    SecretKey::from_bytes([peer; 32]).unwrap()
}

pub fn id(peer: u8) -> PeerId {
    key(peer).public_key().peer_id()
}

pub fn target(peer: u8) -> String {
    format!("10.0.0.{peer}:7100")
}

pub fn rules(channel_auth: bool) -> Rules {
    Rules {
        channel_auth,
        reconnect_allowed: true,
        silence_max_us: Some(10 * SECOND),
        removal_us: 300 * SECOND,
    }
}

/// A channel that names these peers, as `number` or `number role`.
pub fn channel(name: &str, peers: &[(u8, configs::Role)]) -> Definition {
    let peers = peers.iter().map(|(peer, role)| ChannelPeer {
        target: HostPort::parse(&target(*peer)).unwrap(),
        group: (*peer == 9).then(|| "bank".to_owned()),
        weight: if *peer == 9 { 5 } else { 1 },
        role: *role,
    });
    Definition::new(ChannelDefinition {
        name: name.to_owned(),
        score_package: "score/one".to_owned(),
        peers: Some(peers.collect()),
        settings: ChannelSettings {
            leader_block_creation_limit: 10,
            block_bytes_max: 1 << 20,
            block_transactions_max: 1000,
            transaction_bytes_max: 1 << 10,
            batch_bytes_max: 1 << 16,
            batch_transactions_max: 100,
            voting_ratio: None,
            block_interval_ms: 0,
            complain_timeout_ms: 1000,
            complain_timeout_ms_max: 4000,
        },
    })
    .unwrap()
}

pub fn report(channel: &str, height: u64, leader: Option<u8>, entries: u64) -> v1::ChannelReport {
    v1::ChannelReport {
        channel: channel.to_owned(),
        height,
        block_hash: vec![1; 32],
        leader: leader.map(|peer| id(peer).to_string()).unwrap_or_default(),
        entries,
    }
}

pub fn signed_join(peer: u8, target: &str, channels: Vec<v1::ChannelReport>) -> v1::Join {
    let p2p_address = target.replace(":7100", ":7900");
    let signature = key(peer).sign(&join_digest(&NONCE, target, &p2p_address, ""));
    v1::Join {
        public_key: key(peer).public_key().to_bytes().to_vec(),
        target: target.to_owned(),
        p2p_address,
        group_id: String::new(),
        signature: signature.0.to_vec(),
        channels,
    }
}

pub fn check(join: &v1::Join) -> Result<Proven, crate::registry::Refusal> {
    check_join(&NONCE, join)
}

impl World {
    pub fn new(channel_auth: bool, definitions: Vec<Definition>) -> World {
        let rules = rules(channel_auth);
        let saved = Saved { order_next: 1, ..Saved::default() };
        let registry = restore(&definitions, &rules, &saved, 0);
        World { registry, now_us: SECOND, saved, definitions, rules, sessions: 0 }
    }

    /// As after kill -9: only what was persisted is left.
    pub fn restart(&mut self) {
        self.registry = restore(&self.definitions, &self.rules, &self.saved, self.now_us);
    }

    pub fn define(&mut self, definitions: Vec<Definition>) {
        self.definitions = definitions;
    }

    pub fn join(&mut self, peer: u8) -> (SessionId, Vec<String>) {
        self.join_with(peer, &target(peer), Vec::new())
    }

    pub fn join_with(
        &mut self,
        peer: u8,
        target: &str,
        channels: Vec<v1::ChannelReport>,
    ) -> (SessionId, Vec<String>) {
        self.sessions += 1;
        let session = SessionId(self.sessions);
        let join = check(&signed_join(peer, target, channels)).unwrap();
        (session, self.step(Event::Joined { session, join }))
    }

    pub fn report(&mut self, session: SessionId, channels: &[v1::ChannelReport]) -> Vec<String> {
        let reports = check_reports(channels).unwrap();
        self.step(Event::Reported { session, reports })
    }

    pub fn step(&mut self, event: Event) -> Vec<String> {
        let effects = self.registry.step(self.now_us, event);
        self.take(effects)
    }

    pub fn change(&mut self, channel: &str, peer: u8, wanted: Wanted) -> Result<u64, String> {
        let changed = self.registry.change(channel, id(peer), wanted);
        let (sequence, effects) = changed.map_err(|error| error.to_string())?;
        self.take(effects);
        Ok(sequence.0)
    }

    pub fn change_score(
        &mut self,
        channel: &str,
        from: Option<u8>,
        to: u8,
    ) -> Result<Vec<String>, String> {
        let version = |byte| Version([byte; 20]);
        let changed = self.registry.change_score(channel, from.map(version), version(to));
        let (_, effects) = changed.map_err(|error| error.to_string())?;
        Ok(self.take(effects))
    }

    /// The same, in words of what was sent.
    pub fn changed(&mut self, channel: &str, peer: u8, wanted: Wanted) -> Vec<String> {
        let (_, effects) = self.registry.change(channel, id(peer), wanted).unwrap();
        self.take(effects)
    }

    /// Persists, checks that everything signed is signed well, and says what was sent.
    fn take(&mut self, effects: Vec<Effect>) -> Vec<String> {
        let mut words = Vec::new();
        for effect in effects {
            match effect {
                Effect::Persist(writes) => writes.into_iter().for_each(|write| self.save(write)),
                Effect::Send { session, message } => {
                    words.push(format!("{}: {}", session.0, self.message(message)));
                }
                Effect::End { session, ending } => {
                    words.push(format!("{}: end: {ending}", session.0))
                }
                Effect::Tell(_) | Effect::Warn(_) => {}
            }
        }
        words
    }

    fn save(&mut self, write: Write) {
        let channel = |saved: &mut Saved, name: &str| {
            saved.channels.iter().position(|one| one.genesis.genesis.name == name).unwrap()
        };
        match write {
            Write::OrderNext(order) => self.saved.order_next = order,
            Write::Peer(row) => {
                self.saved.peers.retain(|known| known.key != row.key);
                self.saved.peers.push(row);
            }
            Write::ForgetPeer(peer) => self.saved.peers.retain(|one| one.key.peer_id() != peer),
            Write::Genesis(genesis) => self.saved.channels.push(SavedChannel {
                genesis,
                entries: Vec::new(),
                places: Vec::new(),
            }),
            Write::Entry { channel: name, entry } => {
                let at = channel(&mut self.saved, &name);
                self.saved.channels[at].entries.push(entry);
            }
            Write::Place { channel: name, peer, place } => {
                let at = channel(&mut self.saved, &name);
                let places: &mut Vec<(PeerId, PlaceRow)> = &mut self.saved.channels[at].places;
                places.retain(|(known, _)| *known != peer);
                places.push((peer, place));
            }
            Write::ForgetPlace { channel: name, peer } => {
                let at = channel(&mut self.saved, &name);
                self.saved.channels[at].places.retain(|(known, _)| *known != peer);
            }
        }
    }

    fn message(&self, message: v1::ToPeer) -> String {
        match message.kind.unwrap() {
            v1::to_peer::Kind::Challenge(_) => panic!("the registry sends no challenge"),
            v1::to_peer::Kind::Welcome(welcome) => {
                let grants: Vec<String> =
                    welcome.channels.iter().map(|grant| self.grant(grant)).collect();
                format!("welcome {} [{}]", welcome.order, grants.join("; "))
            }
            v1::to_peer::Kind::Announcement(announcement) => {
                let channel = announcement.channel;
                let said = match announcement.kind.unwrap() {
                    Kind::PeerJoined(record) => format!("joined {}", self.record(&record)),
                    Kind::PeerLeft(peer) => format!("left {}", name_of(&peer)),
                    Kind::ConnectionLost(peer) => format!("lost {}", name_of(&peer)),
                    Kind::NewLeader(peer) => format!("leader {}", name_of(&peer)),
                    Kind::Entry(bytes) => self.entry(&bytes),
                    Kind::Granted(grant) => format!("granted {}", self.grant(&grant)),
                };
                format!("{channel}: {said}")
            }
        }
    }

    /// `name genesis of first, entries, peers`; every signature is checked.
    fn grant(&self, grant: &v1::ChannelGrant) -> String {
        let genesis: SignedGenesis = decode(&grant.genesis).unwrap();
        self.check_persisted(&genesis);
        let genesis: Genesis = verify(genesis, &station()).unwrap().into_inner().genesis;
        let entries: Vec<String> = grant.entries.iter().map(|entry| self.entry(entry)).collect();
        let peers: Vec<String> = grant.peers.iter().map(|peer| self.record(peer)).collect();
        let had_ledger = if grant.had_ledger { ", had ledger" } else { "" };
        let first = name_of(&genesis.first.key.peer_id().to_string());
        let (entries, peers) = (entries.join(", "), peers.join(" "));
        format!("{} of {first}, ({entries}), ({peers}){had_ledger}", grant.name)
    }

    fn check_persisted(&self, genesis: &SignedGenesis) {
        assert!(self.saved.channels.iter().any(|channel| channel.genesis == *genesis));
    }

    fn entry(&self, bytes: &[u8]) -> String {
        let entry: SignedEntry = decode(bytes).unwrap();
        let kept = self.saved.channels.iter().any(|channel| channel.entries.contains(&entry));
        assert!(kept, "an entry is persisted before it is sent");
        let entry = verify(entry, &station()).unwrap().into_inner().entry;
        let change = match &entry.change {
            Change::Join(member) => {
                let role = match member.role {
                    Role::Validator => "",
                    Role::Client => " client",
                    Role::Auditor => " auditor",
                };
                format!("+{}{role}", name_of(&member.key.peer_id().to_string()))
            }
            Change::Leave(peer) => format!("-{}", name_of(&peer.to_string())),
            Change::Weight(peer, weight) => {
                format!("{} weighs {weight}", name_of(&peer.to_string()))
            }
            Change::Group(peer, group) => format!("{} in {group}", name_of(&peer.to_string())),
            Change::Role(peer, role) => format!("{} is {role:?}", name_of(&peer.to_string())),
            Change::Score { from, to } => format!("SCORE {} to {}", from.0[0], to.0[0]),
        };
        format!("{}:{change}", entry.sequence)
    }

    fn record(&self, record: &v1::PeerRecord) -> String {
        let key = chain::keys::PublicKey::from_bytes(&record.public_key).unwrap();
        let v1::PeerRecord { target, p2p_address, group_id, order, .. } = record;
        let digest = record_digest(&key, target, p2p_address, group_id, *order);
        let signature = Signature(record.signature.as_slice().try_into().unwrap());
        station().check(&digest, &signature).unwrap();
        let peer = name_of(&key.peer_id().to_string());
        let elsewhere = if *target == self::target(peer.parse().unwrap()) {
            String::new()
        } else {
            format!("@{target}")
        };
        format!("{peer}{elsewhere}")
    }
}

fn station() -> chain::keys::PublicKey {
    key(100).public_key()
}

fn restore(definitions: &[Definition], rules: &Rules, saved: &Saved, now_us: u64) -> Registry {
    let (definitions, rules, saved) = (definitions.to_vec(), rules.clone(), saved.clone());
    let restored = Registry::restore(definitions, rules, key(100), saved, true, now_us).unwrap();
    assert_eq!(restored.writes, []);
    restored.registry
}

fn name_of(peer: &str) -> String {
    let found = (1..100).find(|number| id(*number).to_string() == peer);
    found.unwrap_or_else(|| panic!("{peer} is none of the tests' peers")).to_string()
}
