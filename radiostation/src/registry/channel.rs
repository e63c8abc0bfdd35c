//! One channel: what the operator defined, and since its genesis who is on it and what was signed.

use std::collections::BTreeMap;

use chain::channel::{Genesis, Settings, SettingsError, SignedGenesis};
use chain::count::{Sequence, Weight};
use chain::encoding::encode;
use chain::hash::Hash;
use chain::keys::{PeerId, SecretKey};
use chain::membership::{Change, Entry, Member, Membership, Role, SignedEntry};
use chain::score::Version;
use chain::validators::Ratio;
use configs::{ChannelDefinition, ChannelPeer, HostPort};

use super::GRANT_ENTRIES_MAX;
use super::effect::{PlaceRow, Write};
use super::peer::Peer;

/// A channel of `channel_manage_data.json`, its settings known to work.
#[derive(Clone, Debug)]
pub struct Definition {
    pub name: String,
    /// `A/B`.
    pub score_package: String,
    peers: Option<Vec<ChannelPeer>>,
    settings: Settings,
}

impl Definition {
    /// # Errors
    /// Settings with which a chain could not make progress.
    pub fn new(given: ChannelDefinition) -> Result<Definition, SettingsError> {
        let ratio = given
            .settings
            .voting_ratio
            .map(|(numerator, denominator)| Ratio { numerator, denominator });
        let settings = Settings {
            leader_block_limit: given.settings.leader_block_creation_limit,
            block_bytes_max: given.settings.block_bytes_max,
            block_transactions_max: given.settings.block_transactions_max,
            transaction_bytes_max: given.settings.transaction_bytes_max,
            batch_bytes_max: given.settings.batch_bytes_max,
            batch_transactions_max: given.settings.batch_transactions_max,
            voting_ratio: ratio,
            block_interval_ms: given.settings.block_interval_ms,
            complain_timeout_ms: given.settings.complain_timeout_ms,
            complain_timeout_ms_max: given.settings.complain_timeout_ms_max,
        };
        settings.check()?;
        let ChannelDefinition { name, score_package, peers, .. } = given;
        Ok(Definition { name, score_package, peers, settings })
    }

    /// What the file says of the peer at `target`.
    fn named(&self, target: &HostPort) -> Option<&ChannelPeer> {
        self.peers.iter().flatten().find(|peer| peer.target == *target)
    }

    /// The member that `peer` would become; the file counts, then what the peer said.
    fn member(&self, peer: &Peer) -> Option<Member> {
        let named = self.named(&HostPort::parse(&peer.row.target)?);
        let role = named.map_or(configs::Role::Validator, |named| named.role);
        let group = named.and_then(|named| named.group.clone());
        Some(Member {
            key: peer.row.key,
            order: peer.row.order,
            weight: Weight(named.map_or(1, |named| named.weight)),
            group: group.unwrap_or_else(|| peer.row.group_id.clone()),
            role: match role {
                configs::Role::Validator => Role::Validator,
                configs::Role::Client => Role::Client,
                configs::Role::Auditor => Role::Auditor,
            },
            target: peer.row.target.clone(),
        })
    }
}

/// A channel, before or after its genesis.
pub(super) struct Channel {
    pub definition: Definition,
    pub chain: Option<Chain>,
}

/// A channel since its genesis.
pub(super) struct Chain {
    pub genesis: SignedGenesis,
    pub genesis_bytes: Vec<u8>,
    hash: Hash,
    /// As it is once all entries are committed.
    pub membership: Membership,
    /// Canonical encodings; the entry of sequence 1 first.
    entries: Vec<Vec<u8>>,
    /// Of every member, and of nobody else.
    pub places: BTreeMap<PeerId, Place>,
    pub leader: Option<PeerId>,
    /// The SCORE's version once all entries are committed; none if no entry ever changed it.
    pub score: Option<Version>,
}

/// What is known of a member.
#[derive(Clone, Debug, Default)]
pub(super) struct Place {
    pub row: PlaceRow,
    /// Sequence of the entry that admitted it; 0 for genesis.
    pub admitted: u64,
    /// What it last reported, since the radiostation started.
    pub height: Option<u64>,
    pub leader: Option<PeerId>,
}

impl Channel {
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// Whether a peer with this target may be on the channel at all.
    pub fn admits(&self, target: &str, channel_auth: bool) -> bool {
        if !channel_auth {
            return !target.is_empty();
        }
        HostPort::parse(target).is_some_and(|target| self.definition.named(&target).is_some())
    }

    pub fn has_member(&self, peer: &PeerId) -> bool {
        self.chain.as_ref().is_some_and(|chain| chain.places.contains_key(peer))
    }

    /// Of all members, ascending.
    pub fn member_ids(&self) -> impl Iterator<Item = PeerId> {
        self.chain.iter().flat_map(|chain| chain.places.keys().copied())
    }

    /// Makes `peer` a member: by the genesis, when it is the channel's first validator, or by an
    /// entry. None when somebody who votes must come first.
    pub fn admit(&mut self, peer: &Peer, key: &SecretKey) -> Option<Admission> {
        let member = self.definition.member(peer)?;
        if let Some(chain) = &mut self.chain {
            let (entry, write) = chain.add(&self.definition.name, Change::Join(member), key);
            return Some(Admission::Entry(entry, write));
        }
        if !member.is_validator() {
            return None;
        }
        let genesis = Genesis {
            name: self.definition.name.clone(),
            score_package: self.definition.score_package.clone(),
            settings: self.definition.settings.clone(),
            radiostation: key.public_key(),
            first: member,
        };
        let genesis = genesis.sign(key);
        self.chain = Some(Chain::new(genesis.clone()));
        Some(Admission::Genesis(Write::Genesis(genesis)))
    }

    /// How the channel's fixed genesis differs from the file, if it does.
    pub fn difference(&self) -> Option<&'static str> {
        let genesis = &self.chain.as_ref()?.genesis.genesis;
        if genesis.settings != self.definition.settings {
            return Some("settings");
        }
        (genesis.score_package != self.definition.score_package).then_some("score_package")
    }
}

/// How a peer came on a channel.
pub(super) enum Admission {
    Genesis(Write),
    Entry(Vec<u8>, Write),
}

impl Chain {
    pub fn new(genesis: SignedGenesis) -> Chain {
        let first = genesis.genesis.first.clone();
        Chain {
            genesis_bytes: encode(&genesis),
            hash: genesis.genesis.hash(),
            places: BTreeMap::from([(first.key.peer_id(), Place::default())]),
            membership: Membership::new(first),
            entries: Vec::new(),
            leader: None,
            score: None,
            genesis,
        }
    }

    /// Signs the next entry and takes it over.
    pub fn add(&mut self, channel: &str, change: Change, key: &SecretKey) -> (Vec<u8>, Write) {
        let sequence = self.membership.entries.next();
        let entry = Entry { channel: self.hash, sequence, change }.sign(key);
        let bytes = self.take(&entry);
        (bytes, Write::Entry { channel: channel.to_owned(), entry })
    }

    /// Takes a signed entry over, which is the next one.
    pub fn take(&mut self, entry: &SignedEntry) -> Vec<u8> {
        self.membership.apply(&entry.entry);
        match &entry.entry.change {
            Change::Join(member) => {
                let admitted = entry.entry.sequence.0;
                let place = Place { admitted, ..Place::default() };
                self.places.insert(member.key.peer_id(), place);
            }
            Change::Leave(peer) => {
                self.places.remove(peer);
            }
            Change::Weight(..) | Change::Group(..) | Change::Role(..) => {}
            Change::Score { to, .. } => self.score = Some(*to),
        }
        let bytes = encode(entry);
        self.entries.push(bytes.clone());
        bytes
    }

    /// Sequence of the last entry signed.
    pub fn last(&self) -> u64 {
        self.membership.entries.0
    }

    /// Whether `change` would have an effect; `apply` ignores one that leaves no validator.
    pub fn allows(&self, change: &Change) -> bool {
        let mut after = self.membership.clone();
        let entry = Entry { channel: self.hash, sequence: Sequence(0), change: change.clone() };
        after.apply(&entry);
        after.members() != self.membership.members()
    }

    /// The entries to send to a member, ascending. `committed` is its own count when it has a
    /// ledger. One without a ledger gets what nobody has committed, the rest comes with the blocks;
    /// and always the entry that admitted it, from which it knows when it may sign.
    pub fn entries_for(&self, peer: &PeerId, committed: Option<u64>) -> Vec<Vec<u8>> {
        let known = self.places.values().map(|place| place.row.entries).max().unwrap_or(0);
        let after = committed.unwrap_or(known).min(self.last());
        let after = after.max(self.last().saturating_sub(GRANT_ENTRIES_MAX as u64));
        let admitted = self.places.get(peer).map_or(0, |place| place.admitted);
        let own = (committed.is_none() && (1..=after).contains(&admitted)).then_some(admitted);
        own.into_iter()
            .chain(after + 1..=self.last())
            .map(|sequence| self.entry(sequence))
            .collect()
    }

    fn entry(&self, sequence: u64) -> Vec<u8> {
        let index = usize::try_from(sequence - 1).expect("an entry in memory has an index");
        self.entries[index].clone()
    }
}
