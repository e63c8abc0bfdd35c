//! Changes of membership, and of a channel's SCORE, that the operator asks for.

use chain::count::{Sequence, Weight};
use chain::keys::PeerId;
use chain::membership::{Change, GROUP_BYTES_MAX, Role};
use chain::score::Version;
use configs::channels::WEIGHT_MAX;
use wire::v1::announcement::Kind;

use super::Registry;
use super::effect::{Effect, Write};
use super::proof::is_group;

/// What shall become of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Off the channel; a later Join of the peer admits it anew.
    Leave,
    Weight(u64),
    /// Empty: a group of its own, with the peer's id.
    Group(String),
    Role(Role),
}

/// Why a change is not signed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeRefused {
    #[error("there is no channel {0:?}")]
    UnknownChannel(String),
    #[error(
        "peer {peer} is not a member of channel {channel}; its members stand in /api/v1/peer/list"
    )]
    NotAMember { peer: PeerId, channel: String },
    #[error("weight: found {0}; expected a whole number from 1 to {WEIGHT_MAX}")]
    Weight(u64),
    #[error("group: expected at most {GROUP_BYTES_MAX} bytes, without control characters")]
    Group,
    #[error("it is so already; nothing is changed")]
    Same,
    #[error(
        "no entry has changed the version of channel {0} yet: say in 'from' which one it executes; \
         status/score of a peer shows it"
    )]
    NoVersion(String),
    #[error("channel {channel} executes version {found}, not {from}; nothing is changed")]
    OtherVersion { channel: String, found: Version, from: Version },
    #[error("channel {0} has no member yet")]
    NotBegun(String),
    #[error("channel {0} would be left without a validator, and could never commit again")]
    NoValidator(String),
}

impl Registry {
    /// Signs and announces that a channel's SCORE changes to version `to`; gives the sequence of the
    /// entry. Without `from` it is what the entries so far have come to.
    ///
    /// # Errors
    /// A change that would be without effect; nothing is signed then.
    pub fn change_score(
        &mut self,
        channel: &str,
        from: Option<Version>,
        to: Version,
    ) -> Result<(Sequence, Vec<Effect>), ChangeRefused> {
        let name = || channel.to_owned();
        let position = self.channels.iter().position(|one| one.name() == channel);
        let index = position.ok_or_else(|| ChangeRefused::UnknownChannel(name()))?;
        let members = self.channels[index].member_ids().collect::<Vec<_>>();
        let chain = self.channels[index].chain.as_mut();
        let chain = chain.ok_or_else(|| ChangeRefused::NotBegun(name()))?;
        let from = match (chain.score, from) {
            (None, None) => return Err(ChangeRefused::NoVersion(name())),
            (Some(found), Some(from)) if found != from => {
                return Err(ChangeRefused::OtherVersion { channel: name(), found, from });
            }
            (found, from) => found.or(from).expect("one of them is there"),
        };
        if from == to {
            return Err(ChangeRefused::Same);
        }
        let (entry, write) = chain.add(channel, Change::Score { from, to }, &self.key);
        let sequence = chain.membership.entries;
        let mut effects = vec![Effect::Persist(vec![write])];
        let changed = &self.channels[index];
        effects.extend(self.announce_to(changed, members, &Kind::Entry(entry)));
        effects.push(Effect::Tell(format!(
            "channel {channel}: the operator changed the SCORE from version {from} to {to}, entry \
             {sequence}"
        )));
        Ok((sequence, effects))
    }

    /// Signs and announces a change; gives the sequence of its entry, and what to do before the
    /// operator is answered.
    ///
    /// # Errors
    /// A change that cannot be made; nothing is changed then.
    pub fn change(
        &mut self,
        channel: &str,
        peer: PeerId,
        wanted: Wanted,
    ) -> Result<(Sequence, Vec<Effect>), ChangeRefused> {
        let change = self.checked(channel, peer, wanted)?;
        let leaves = matches!(change, Change::Leave(_));
        let position = self.channels.iter().position(|one| one.name() == channel);
        let index = position.expect("it was found when the change was checked");
        let before = self.channels[index].member_ids().collect::<Vec<_>>();
        let chain = self.channels[index].chain.as_mut().expect("a channel with a member has one");
        let (entry, write) = chain.add(channel, change, &self.key);
        let sequence = chain.membership.entries;
        if leaves && chain.leader == Some(peer) {
            chain.leader = None;
        }
        let mut writes = vec![write];
        if leaves {
            writes.push(Write::ForgetPlace { channel: channel.to_owned(), peer });
        }
        let mut effects = vec![Effect::Persist(writes)];
        let changed = &self.channels[index];
        effects.extend(self.announce_to(changed, before.clone(), &Kind::Entry(entry)));
        if leaves {
            let left = Kind::PeerLeft(peer.to_string());
            effects.extend(self.announce_to(changed, before, &left));
        }
        effects.push(Effect::Tell(format!(
            "channel {channel}: the operator changed the membership of peer {peer}, entry {sequence}"
        )));
        Ok((sequence, effects))
    }

    fn checked(&self, name: &str, peer: PeerId, wanted: Wanted) -> Result<Change, ChangeRefused> {
        let channel =
            self.channel(name).ok_or_else(|| ChangeRefused::UnknownChannel(name.to_owned()))?;
        let member =
            channel.chain.as_ref().and_then(|chain| Some((chain, chain.membership.get(&peer)?)));
        let Some((chain, member)) = member else {
            return Err(ChangeRefused::NotAMember { peer, channel: name.to_owned() });
        };
        let (change, same) = match wanted {
            Wanted::Leave => (Change::Leave(peer), false),
            Wanted::Weight(weight) => {
                if !(1..=WEIGHT_MAX).contains(&weight) {
                    return Err(ChangeRefused::Weight(weight));
                }
                (Change::Weight(peer, Weight(weight)), member.weight == Weight(weight))
            }
            Wanted::Group(group) => {
                if !is_group(&group) {
                    return Err(ChangeRefused::Group);
                }
                let group = if group.is_empty() { peer.to_string() } else { group };
                let same = member.group == group;
                (Change::Group(peer, group), same)
            }
            Wanted::Role(role) => (Change::Role(peer, role), member.role == role),
        };
        if same {
            return Err(ChangeRefused::Same);
        }
        if !chain.allows(&change) {
            return Err(ChangeRefused::NoValidator(name.to_owned()));
        }
        Ok(change)
    }
}
