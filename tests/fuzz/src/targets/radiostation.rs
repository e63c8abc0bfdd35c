//! Protobuf: what peers and the radiostation tell each other, and the calls of clients.

use chain::channel::SignedGenesis;
use chain::encoding::{decode, encode};
use chain::keys::{SecretKey, Signature, verify};
use chain::membership::{Member, Role, SignedEntry, join_digest, record_digest};
use configs::{ChannelDefinition, ChannelPeer, ChannelSettings, HostPort};
use peer::radiostation_client::known_peer;
use prost::Message;
use radiostation::registry::{
    Definition, Effect, Event, NONCE_BYTES, Registry, Rules, Saved, SessionId, check_join,
    check_reports,
};
use wire::v1::{self, announcement, from_peer, to_peer};

use super::SMALL;
use crate::world::{ANYTHING, RADIOSTATION, key, member, world};
use crate::{Target, Verdict, memory};

/// The value of which `bytes` are one encoding: protobuf has many, of which the one written here is
/// read back as the same.
pub fn message<T: Message + Default + PartialEq>(bytes: &[u8]) -> Option<T> {
    let (found, held) = memory::measured(|| T::decode(bytes));
    let justified = (64 << 10) + 256 * bytes.len();
    assert!(held <= justified, "decoding {} bytes held {held}", bytes.len());
    let found = found.ok()?;
    let again = T::decode(&*found.encode_to_vec()).expect("what was written is read");
    assert!(again == found, "a message is read back as another");
    Some(found)
}

pub const REGISTRY: Target = Target {
    name: "registry",
    decodes: "what peers tell the radiostation: Join, Report, Leaving (radiostation::registry)",
    bytes_max: 2048,
    runs: 6_000,
    memory_max: 4 << 20,
    run: registry,
    seeds: || {
        let messages =
            [joining("10.0.0.1:7100", ""), joining("10.0.0.2:7100", "east"), report(), leaving()];
        let streams = [&[0, 0, 3, 2][..], &[1, 1], &[0, 1, 2, 4, 5, 2]];
        let one = |at: &u8| {
            let message = messages[usize::from(*at % 4)].encode_to_vec();
            let length = u8::try_from(message.len()).expect("it is short");
            [&[*at, length], &message[..]].concat()
        };
        let streams = streams.map(|order| order.iter().flat_map(one).collect::<Vec<u8>>());
        let plain = messages.iter().map(Message::encode_to_vec);
        streams.into_iter().chain(plain).collect()
    },
};

const NONCE: [u8; NONCE_BYTES] = [7; NONCE_BYTES];

fn joining(target: &str, group_id: &str) -> v1::FromPeer {
    let digest = join_digest(&NONCE, target, target, group_id);
    let join = v1::Join {
        public_key: key(1).public_key().to_bytes().to_vec(),
        target: target.into(),
        p2p_address: target.into(),
        group_id: group_id.into(),
        signature: key(1).sign(&digest).0.to_vec(),
        channels: Vec::new(),
    };
    v1::FromPeer { kind: Some(from_peer::Kind::Join(join)) }
}

fn report() -> v1::FromPeer {
    let channel = v1::ChannelReport {
        channel: "one".into(),
        height: 3,
        block_hash: vec![1; 32],
        leader: key(10).public_key().peer_id().to_string(),
        entries: 1,
    };
    v1::FromPeer { kind: Some(from_peer::Kind::Report(v1::Report { channels: vec![channel] })) }
}

fn leaving() -> v1::FromPeer {
    let leaving = v1::Leaving { reason: "stopped".into() };
    v1::FromPeer { kind: Some(from_peer::Kind::Leaving(leaving)) }
}

/// One message by itself, and a stream of them from several peers: whose, length, message.
fn registry(bytes: &[u8]) -> Verdict {
    let mut verdict = Verdict::Refused;
    if let Some(v1::FromPeer { kind: Some(kind) }) = message::<v1::FromPeer>(bytes) {
        verdict = Verdict::Taken;
        if let from_peer::Kind::Join(join) = kind
            && check_join(&NONCE, &join).is_ok()
        {
            let genuine = [joining("10.0.0.1:7100", ""), joining("10.0.0.2:7100", "east")];
            let signed = |one: &v1::FromPeer| {
                matches!(&one.kind, Some(from_peer::Kind::Join(one))
                if v1::Join { channels: join.channels.clone(), ..one.clone() } == join)
            };
            assert!(genuine.iter().any(signed), "nobody signed {join:?}");
        }
    }
    let mut registry = empty_registry();
    let mut rest = bytes;
    let mut now_us = 0;
    while let [whose, length, after @ ..] = rest {
        let Some((one, after)) = after.split_at_checked(usize::from(*length)) else { break };
        rest = after;
        now_us += 1_000_000;
        let Some(told) = message::<v1::FromPeer>(one) else { continue };
        let Some(event) = event(*whose % 4, told) else { continue };
        verdict = Verdict::Taken;
        for effect in registry.step(now_us, event) {
            judge(&effect);
        }
        registry.step(now_us, Event::Ticked);
    }
    verdict
}

fn empty_registry() -> Registry {
    let peer = |target: &str, role, weight| ChannelPeer {
        target: HostPort::parse(target).expect("an address"),
        group: None,
        weight,
        role,
    };
    let peers = vec![
        peer("10.0.0.1:7100", configs::Role::Validator, 3),
        peer("10.0.0.2:7100", configs::Role::Client, 1),
    ];
    let definition = |name: &str, peers| ChannelDefinition {
        name: name.into(),
        score_package: "score/one".into(),
        peers,
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
    };
    let definitions = [definition("one", Some(peers)), definition("two", None)];
    let definitions =
        definitions.map(|one| Definition::new(one).expect("its settings go together"));
    let rules = Rules {
        channel_auth: false,
        reconnect_allowed: true,
        silence_max_us: Some(3_000_000),
        removal_us: 300_000_000,
    };
    let restored =
        Registry::restore(definitions.into(), rules, key(ANYTHING), Saved::default(), true, 0);
    restored.expect("nothing was kept").registry
}

/// What the registry hears: a Join with a key of its own that proves itself, as anybody may.
fn event(whose: u8, told: v1::FromPeer) -> Option<Event> {
    let session = SessionId(u64::from(whose));
    Some(match told.kind? {
        from_peer::Kind::Join(mut join) => {
            prove(&mut join, &key(10 + whose));
            Event::Joined { session, join: check_join(&NONCE, &join).ok()? }
        }
        from_peer::Kind::Report(report) => {
            Event::Reported { session, reports: check_reports(&report.channels).ok()? }
        }
        from_peer::Kind::Leaving(leaving) if leaving.reason.is_empty() => Event::Broken { session },
        from_peer::Kind::Leaving(_) => Event::Left { session },
    })
}

fn prove(join: &mut v1::Join, key: &SecretKey) {
    let digest = join_digest(&NONCE, &join.target, &join.p2p_address, &join.group_id);
    join.public_key = key.public_key().to_bytes().to_vec();
    join.signature = key.sign(&digest).0.to_vec();
}

/// Whatever peers say, a peer that is told of it understands and believes it.
fn judge(effect: &Effect) {
    let Effect::Send { message, .. } = effect else { return };
    let told = message.kind.as_ref().expect("nobody is told nothing");
    let grants = match told {
        to_peer::Kind::Welcome(welcome) => welcome.channels.iter().collect(),
        to_peer::Kind::Announcement(v1::Announcement { kind, .. }) => match kind {
            Some(announcement::Kind::Granted(grant)) => vec![grant],
            Some(announcement::Kind::PeerJoined(record)) => return check_record(record),
            _ => return,
        },
        to_peer::Kind::Challenge(_) => return,
    };
    let radiostation = key(ANYTHING).public_key();
    for grant in grants {
        let genesis: SignedGenesis = decode(&grant.genesis).expect("a grant has a genesis");
        let genesis = verify(genesis, &radiostation).expect("a peer takes the genesis");
        assert_eq!(genesis.genesis.name, grant.name);
        for entry in &grant.entries {
            let entry: SignedEntry = decode(entry).expect("a grant has entries");
            verify(entry, &radiostation).expect("a peer takes the entry");
        }
        grant.peers.iter().for_each(check_record);
    }
}

fn check_record(record: &v1::PeerRecord) {
    assert!(known_peer(record, &key(ANYTHING).public_key()).is_some(), "not genuine: {record:?}");
}

pub const TO_PEER: Target = Target {
    name: "to_peer",
    decodes: "what the radiostation tells peers (wire::v1, peer::radiostation_client)",
    bytes_max: 2048,
    runs: 80_000,
    memory_max: SMALL,
    run: to_peer,
    seeds: || {
        let record = record(&member(2));
        let world = world();
        let grant = v1::ChannelGrant {
            name: "letters".into(),
            genesis: encode(&world.genesis),
            entries: world.entries.iter().take(2).map(encode).collect(),
            peers: vec![record.clone()],
            had_ledger: true,
        };
        let welcome = v1::Welcome {
            radiostation_key: key(RADIOSTATION).public_key().to_bytes().to_vec(),
            order: 2,
            peer_id: key(2).public_key().peer_id().to_string(),
            channels: vec![grant.clone()],
        };
        let announced = [
            announcement::Kind::Granted(grant),
            announcement::Kind::PeerJoined(record),
            announcement::Kind::Entry(encode(&world.entries[0])),
            announcement::Kind::PeerLeft("a".into()),
            announcement::Kind::ConnectionLost("b".into()),
            announcement::Kind::NewLeader("c".into()),
        ];
        let announced = announced.map(|kind| {
            let channel = "letters".into();
            to_peer::Kind::Announcement(v1::Announcement { channel, kind: Some(kind) })
        });
        let others = [
            to_peer::Kind::Challenge(v1::Challenge { nonce: NONCE.to_vec() }),
            to_peer::Kind::Welcome(welcome),
        ];
        let all = announced.into_iter().chain(others);
        all.map(|kind| v1::ToPeer { kind: Some(kind) }.encode_to_vec()).collect()
    },
};

fn record(member: &Member) -> v1::PeerRecord {
    assert_eq!(member.role, Role::Validator);
    let (target, group) = (&member.target, &member.group);
    let digest = record_digest(&member.key, target, target, group, member.order);
    v1::PeerRecord {
        public_key: member.key.to_bytes().to_vec(),
        target: target.clone(),
        p2p_address: target.clone(),
        group_id: group.clone(),
        order: member.order,
        signature: key(RADIOSTATION).sign(&digest).0.to_vec(),
    }
}

fn to_peer(bytes: &[u8]) -> Verdict {
    let Some(v1::ToPeer { kind: Some(kind) }) = message::<v1::ToPeer>(bytes) else {
        return Verdict::Refused;
    };
    let mut grants = Vec::new();
    let mut records = Vec::new();
    let mut entries = Vec::new();
    match kind {
        to_peer::Kind::Welcome(welcome) => grants = welcome.channels,
        to_peer::Kind::Announcement(announcement) => match announcement.kind {
            Some(announcement::Kind::Granted(grant)) => grants.push(grant),
            Some(announcement::Kind::PeerJoined(record)) => records.push(record),
            Some(announcement::Kind::Entry(entry)) => entries.push(entry),
            _ => {}
        },
        to_peer::Kind::Challenge(_) => {}
    }
    let radiostation = key(RADIOSTATION).public_key();
    for grant in grants {
        let genesis = decode::<SignedGenesis>(&grant.genesis).ok();
        if let Some(genesis) = genesis.and_then(|one| verify(one, &radiostation).ok()) {
            assert_eq!(*genesis, world().genesis, "nobody signed this genesis");
        }
        records.extend(grant.peers);
        entries.extend(grant.entries);
    }
    for bytes in entries {
        let entry = decode::<SignedEntry>(&bytes).ok();
        if let Some(entry) = entry.and_then(|one| verify(one, &radiostation).ok()) {
            assert!(world().entries.contains(&entry), "nobody signed this entry");
        }
    }
    for found in records {
        if known_peer(&found, &radiostation).is_some() {
            assert_eq!(found, record(&member(2)), "nobody signed this record");
        }
        // A signature is 64 bytes, whatever else is sent.
        let length = <[u8; 64]>::try_from(&*found.signature).map(Signature);
        assert!(length.is_ok() || known_peer(&found, &radiostation).is_none());
    }
    Verdict::Taken
}
