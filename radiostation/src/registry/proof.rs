//! What a peer says, checked before it reaches the registry.

use std::collections::BTreeSet;

use chain::hash::Hash;
use chain::keys::{PeerId, PublicKey, Signature};
use chain::membership::{GROUP_BYTES_MAX, join_digest};
use configs::HostPort;
use wire::v1;

use super::{ADDRESS_BYTES_MAX, REPORT_CHANNELS_MAX};

/// Length of a challenge.
pub const NONCE_BYTES: usize = 32;

const CHANNEL_BYTES_MAX: usize = 64;

/// Why a peer is turned away.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{0}")]
    Malformed(String),
    #[error(
        "the signature is not by public_key over this stream's challenge; expected the key's \
         signature over nonce, target, p2p_address and group_id exactly as sent"
    )]
    Proof,
    #[error(
        "target {target} is in use by the connected peer {holder}; give this peer another port or \
         address, or stop the other one"
    )]
    TargetInUse { target: String, holder: PeerId },
    #[error(
        "target {target} belongs to peer {holder}, a member of channel {channel}, and \
         ENABLE_CHANNEL_AUTH gives a target to one key; start the peer with its former key, or \
         take the former one off the channel with POST /api/v1/membership, change \"leave\""
    )]
    TargetOfMember { target: String, holder: PeerId, channel: String },
    #[error("the peer was disconnected, and ALLOW_PEER_RECONNECT is false; set it to true")]
    ReconnectForbidden,
    #[error("the registry is full with {0} peers that belong to channels")]
    Full(usize),
}

/// A Join whose key is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    pub(super) key: PublicKey,
    pub(super) target: HostPort,
    pub(super) p2p_address: HostPort,
    /// Empty: the peer's own id.
    pub(super) group_id: String,
    pub(super) reports: Vec<Report>,
}

impl Proven {
    /// The peer's name.
    pub fn peer_id(&self) -> PeerId {
        self.key.peer_id()
    }
}

/// Where a peer stands on a channel that it has a ledger of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    pub(super) channel: String,
    pub(super) height: u64,
    pub(super) leader: Option<PeerId>,
    pub(super) entries: u64,
}

/// Checks the form of a Join and that its signature answers `nonce`.
///
/// # Errors
/// `Malformed` or `Proof`.
pub fn check_join(nonce: &[u8; NONCE_BYTES], join: &v1::Join) -> Result<Proven, Refusal> {
    let key = PublicKey::from_bytes(&join.public_key)
        .map_err(|error| Refusal::Malformed(format!("public_key: {error}")))?;
    let target = address("target", &join.target)?;
    let p2p_address = address("p2p_address", &join.p2p_address)?;
    let group_id = &join.group_id;
    if !is_group(group_id) {
        return Err(Refusal::Malformed(format!(
            "group_id: found {} bytes; expected at most {GROUP_BYTES_MAX}, without control characters",
            group_id.len()
        )));
    }
    let signature: [u8; 64] = join.signature.as_slice().try_into().map_err(|_| {
        let length = join.signature.len();
        Refusal::Malformed(format!("signature: found {length} bytes; expected 64"))
    })?;
    let digest = join_digest(nonce, &join.target, &join.p2p_address, group_id);
    key.check(&digest, &Signature(signature)).map_err(|_| Refusal::Proof)?;
    let reports = check_reports(&join.channels)?;
    Ok(Proven { key, target, p2p_address, group_id: group_id.clone(), reports })
}

/// Whether a group may be called so; empty is allowed.
pub(super) fn is_group(text: &str) -> bool {
    text.len() <= GROUP_BYTES_MAX && !text.chars().any(char::is_control)
}

fn address(field: &str, text: &str) -> Result<HostPort, Refusal> {
    let parsed = if text.len() > ADDRESS_BYTES_MAX { None } else { HostPort::parse(text) };
    parsed.ok_or_else(|| {
        let found: String = text.chars().take(64).collect();
        Refusal::Malformed(format!(
            "{field}: found {found:?}; expected host:port of at most {ADDRESS_BYTES_MAX} bytes"
        ))
    })
}

/// Checks the form of reports; their truth cannot be.
///
/// # Errors
/// `Malformed`.
pub fn check_reports(reports: &[v1::ChannelReport]) -> Result<Vec<Report>, Refusal> {
    let malformed = |text: String| Err(Refusal::Malformed(format!("channels: {text}")));
    if reports.len() > REPORT_CHANNELS_MAX {
        return malformed(format!(
            "found {}; expected at most {REPORT_CHANNELS_MAX}",
            reports.len()
        ));
    }
    let mut names = BTreeSet::new();
    let mut checked = Vec::with_capacity(reports.len());
    for (at, report) in reports.iter().enumerate() {
        if report.channel.is_empty() || report.channel.len() > CHANNEL_BYTES_MAX {
            return malformed(format!("[{at}].channel: expected 1 to {CHANNEL_BYTES_MAX} bytes"));
        }
        if !names.insert(report.channel.as_str()) {
            return malformed(format!("[{at}].channel: {:?} is there twice", report.channel));
        }
        if !matches!(report.block_hash.len(), 0 | HASH_BYTES) {
            let length = report.block_hash.len();
            return malformed(format!(
                "[{at}].block_hash: found {length} bytes; expected 32 or none"
            ));
        }
        let leader = match report.leader.as_str() {
            "" => None,
            text => match text.parse() {
                Ok(leader) => Some(leader),
                Err(error) => return malformed(format!("[{at}].leader: {error}, or empty")),
            },
        };
        let channel = report.channel.clone();
        checked.push(Report { channel, height: report.height, leader, entries: report.entries });
    }
    Ok(checked)
}

const HASH_BYTES: usize = Hash::ZERO.0.len();
