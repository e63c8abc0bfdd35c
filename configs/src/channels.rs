//! `channel_manage_data.json`: the channels of a network, their SCOREs, peers and own settings.

use std::path::Path;

use crate::address::HostPort;
use crate::error::ConfigError;
use crate::json::{self, Json, Member, Node};
use crate::kind::{Kind, is_channel_name};
use crate::limits;
use crate::load::folder_of;
use crate::settings::Settings;
use crate::source::Source;
use crate::table;

/// Settings that a channel may have of its own.
pub const CHANNEL_SETTINGS: [&str; 10] = [
    "LEADER_BLOCK_CREATION_LIMIT",
    "MAX_BLOCK_KBYTES",
    "MAX_BLOCK_TX_NUM",
    "VOTING_RATIO",
    "INTERVAL_BLOCKGENERATION",
    "TIMEOUT_FOR_LEADER_COMPLAIN",
    "MAX_TIMEOUT_FOR_LEADER_COMPLAIN",
    "MAX_TX_BYTES",
    "MAX_BATCH_TX_NUM",
    "MAX_BATCH_BYTES",
];

/// Largest weight of a peer: sums over a channel stay far from overflow.
pub const WEIGHT_MAX: u64 = 1_000_000;

/// What a channel file says, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Channels {
    pub definitions: Vec<ChannelDefinition>,
    pub warnings: Vec<String>,
    pub notices: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelDefinition {
    pub name: String,
    /// `A/B`.
    pub score_package: String,
    /// None when the file does not name the channel's peers.
    pub peers: Option<Vec<ChannelPeer>>,
    pub settings: ChannelSettings,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelPeer {
    pub target: HostPort,
    /// None: the peer is a group of its own.
    pub group: Option<String>,
    /// From 1 to `WEIGHT_MAX`.
    pub weight: u64,
    pub role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Votes.
    Validator,
    /// May create transactions.
    Client,
    /// Reads only.
    Auditor,
}

/// What all peers of a channel must agree on; fixed by its genesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelSettings {
    /// Blocks in a row after which the next peer leads.
    pub leader_block_creation_limit: u64,
    pub block_bytes_max: u64,
    pub block_transactions_max: u64,
    pub transaction_bytes_max: u64,
    pub batch_bytes_max: u64,
    pub batch_transactions_max: u64,
    /// Numerator and denominator of the share that a quorum needs; None: more than 2/3.
    pub voting_ratio: Option<(u64, u64)>,
    /// How long a leader may wait to fill a block.
    pub block_interval_ms: u64,
    pub complain_timeout_ms: u64,
    pub complain_timeout_ms_max: u64,
}

impl ChannelSettings {
    pub(crate) fn of(settings: &Settings) -> Self {
        const BYTES_PER_KBYTE: u64 = 1024;
        let ratio = settings.ratio("VOTING_RATIO");
        Self {
            leader_block_creation_limit: settings.count("LEADER_BLOCK_CREATION_LIMIT"),
            block_bytes_max: settings.count("MAX_BLOCK_KBYTES") * BYTES_PER_KBYTE,
            block_transactions_max: settings.count("MAX_BLOCK_TX_NUM"),
            transaction_bytes_max: settings.count("MAX_TX_BYTES"),
            batch_bytes_max: settings.count("MAX_BATCH_BYTES"),
            batch_transactions_max: settings.count("MAX_BATCH_TX_NUM"),
            voting_ratio: ratio.map(|ratio| (ratio.numerator, ratio.denominator)),
            block_interval_ms: settings.milliseconds("INTERVAL_BLOCKGENERATION"),
            complain_timeout_ms: settings.milliseconds("TIMEOUT_FOR_LEADER_COMPLAIN"),
            complain_timeout_ms_max: settings.milliseconds("MAX_TIMEOUT_FOR_LEADER_COMPLAIN"),
        }
    }
}

pub(crate) fn load(settings: &Settings) -> Result<Channels, ConfigError> {
    let name = "CHANNEL_MANAGE_DATA_PATH";
    let path = settings.path(name);
    if path.exists() || settings.is_set(name) || settings.flag("ENABLE_CHANNEL_AUTH") {
        return parse(&json::read_object(path)?, path, settings);
    }
    let channel = settings.text("LOOPCHAIN_DEFAULT_CHANNEL").to_owned();
    let notice = format!(
        "there is no {}; the one channel is {channel}, with SCORE {}",
        path.display(),
        settings.text("DEFAULT_SCORE_PACKAGE")
    );
    let definition = ChannelDefinition {
        name: channel,
        score_package: settings.text("DEFAULT_SCORE_PACKAGE").to_owned(),
        peers: None,
        settings: ChannelSettings::of(settings),
    };
    Ok(Channels { definitions: vec![definition], warnings: Vec::new(), notices: vec![notice] })
}

/// Reads the members of the file at `path`.
///
/// # Errors
/// A name, member or value that is wrong, missing or there twice; peers missing although
/// `ENABLE_CHANNEL_AUTH` is true; settings of a channel that do not go together.
pub fn parse(
    members: &[Member],
    path: &Path,
    settings: &Settings,
) -> Result<Channels, ConfigError> {
    let reader = Reader { path, settings };
    reader.refuse_twice(members, "channel")?;
    let mut channels =
        Channels { definitions: Vec::new(), warnings: Vec::new(), notices: Vec::new() };
    for member in members {
        channels.definitions.push(reader.channel(member, &mut channels.notices)?);
    }
    if members.is_empty() {
        return Err(reader.place(1, "there is no channel; expected at least one".to_owned()));
    }
    let default = settings.text("LOOPCHAIN_DEFAULT_CHANNEL");
    if !channels.definitions.iter().any(|channel| channel.name == default) {
        channels.warnings.push(format!(
            "{}: LOOPCHAIN_DEFAULT_CHANNEL {default} is not among the channels; requests that \
             name no channel will fail",
            path.display()
        ));
    }
    Ok(channels)
}

struct Reader<'a> {
    path: &'a Path,
    settings: &'a Settings,
}

impl Reader<'_> {
    fn channel(
        &self,
        member: &Member,
        notices: &mut Vec<String>,
    ) -> Result<ChannelDefinition, ConfigError> {
        let name = &member.name;
        if !is_channel_name(name) {
            let expected = format!("a channel's name: {}", Kind::ChannelName.expected());
            return Err(self.wrong(member.line, name, json::quoted(name), &expected));
        }
        let Json::Object(parts) = &member.node.json else {
            let expected = "an object with score_package and peers";
            return Err(self.wrong_node(&member.node, name, expected));
        };
        self.refuse_twice(parts, "member")?;
        let mut settings = self.settings.clone();
        let (mut package, mut peers) = (None, None);
        for part in parts {
            match part.name.as_str() {
                "score_package" => package = Some(self.package(name, &part.node)?),
                "peers" => peers = Some(self.peers(name, &part.node)?),
                _ => self.own_setting(name, part, &mut settings)?,
            }
        }
        let Some(score_package) = package else {
            let message = format!("{name}: score_package is missing; expected a package A/B");
            return Err(self.place(member.line, message));
        };
        self.check_peers(member, peers.as_deref())?;
        let lowered = limits::settle(&mut settings)?;
        notices.extend(lowered.into_iter().map(|text| format!("channel {name}: {text}")));
        let settings = ChannelSettings::of(&settings);
        Ok(ChannelDefinition { name: name.clone(), score_package, peers, settings })
    }

    fn package(&self, channel: &str, node: &Node) -> Result<String, ConfigError> {
        let name = format!("{channel}.score_package");
        match &node.json {
            Json::Text(text) if crate::kind::is_package(text) => Ok(text.clone()),
            _ => Err(self.wrong_node(node, &name, &Kind::Package.expected())),
        }
    }

    fn own_setting(
        &self,
        channel: &str,
        part: &Member,
        settings: &mut Settings,
    ) -> Result<(), ConfigError> {
        if !CHANNEL_SETTINGS.contains(&part.name.as_str()) {
            let known = ["score_package", "peers"].into_iter().chain(CHANNEL_SETTINGS);
            return Err(self.unknown(&format!("channel {channel}"), part, known));
        }
        let setting = table::find(&part.name).expect("the channel's settings are in the table");
        let source = Source::File { path: self.path.to_owned(), line: part.node.line };
        settings.assign(setting, &part.node.json, &folder_of(self.path), source)?;
        Ok(())
    }

    fn peers(&self, channel: &str, node: &Node) -> Result<Vec<ChannelPeer>, ConfigError> {
        let Json::Array(items) = &node.json else {
            let expected = "a list of objects with peer_target";
            return Err(self.wrong_node(node, &format!("{channel}.peers"), expected));
        };
        let mut peers: Vec<ChannelPeer> = Vec::new();
        for (position, item) in items.iter().enumerate() {
            let place = format!("{channel}.peers[{position}]");
            let peer = self.peer(&place, item)?;
            if peers.iter().any(|earlier| earlier.target == peer.target) {
                let message = format!("{place}: {} is there twice; expected once", peer.target);
                return Err(self.place(item.line, message));
            }
            peers.push(peer);
        }
        Ok(peers)
    }

    fn peer(&self, place: &str, item: &Node) -> Result<ChannelPeer, ConfigError> {
        let Json::Object(parts) = &item.json else {
            return Err(self.wrong_node(item, place, "an object with peer_target"));
        };
        self.refuse_twice(parts, "member")?;
        let mut target = None;
        let (mut group, mut weight, mut role) = (None, 1, Role::Validator);
        for part in parts {
            let name = format!("{place}.{}", part.name);
            match part.name.as_str() {
                "peer_target" => target = Some(self.target(&name, &part.node)?),
                "group" => group = self.group(&name, &part.node)?,
                "weight" => weight = self.weight(&name, &part.node)?,
                "role" => role = self.role(&name, &part.node)?,
                _ => {
                    let known = ["peer_target", "group", "weight", "role"].into_iter();
                    return Err(self.unknown(place, part, known));
                }
            }
        }
        let Some(target) = target else {
            let message = format!("{place}: peer_target is missing; expected HOST:PORT");
            return Err(self.place(item.line, message));
        };
        Ok(ChannelPeer { target, group, weight, role })
    }

    fn target(&self, name: &str, node: &Node) -> Result<HostPort, ConfigError> {
        let found = match &node.json {
            Json::Text(text) => HostPort::parse(text),
            _ => None,
        };
        found.ok_or_else(|| self.wrong_node(node, name, "HOST:PORT, such as 10.0.0.1:7100"))
    }

    /// An empty group means none, as for PEER_GROUP_ID.
    fn group(&self, name: &str, node: &Node) -> Result<Option<String>, ConfigError> {
        const BYTES_MAX: usize = 64;
        match &node.json {
            Json::Text(text) if text.is_empty() => Ok(None),
            Json::Text(text) if text.len() <= BYTES_MAX => Ok(Some(text.clone())),
            _ => Err(self.wrong_node(node, name, "a text of at most 64 bytes")),
        }
    }

    fn weight(&self, name: &str, node: &Node) -> Result<u64, ConfigError> {
        let max = i64::try_from(WEIGHT_MAX).expect("a constant within i64");
        let kind = Kind::Integer { min: 1, max };
        match kind.accept(&node.json, Path::new(""), false).map(|accepted| accepted.value) {
            Ok(crate::value::Value::Integer(weight)) => Ok(weight.unsigned_abs()),
            _ => Err(self.wrong_node(node, name, &kind.expected())),
        }
    }

    fn role(&self, name: &str, node: &Node) -> Result<Role, ConfigError> {
        match &node.json {
            Json::Text(text) if text == "validator" => Ok(Role::Validator),
            Json::Text(text) if text == "client" => Ok(Role::Client),
            Json::Text(text) if text == "auditor" => Ok(Role::Auditor),
            _ => Err(self.wrong_node(node, name, "\"validator\", \"client\" or \"auditor\"")),
        }
    }

    /// With authentication only named peers come in, so somebody who votes must be named.
    fn check_peers(
        &self,
        member: &Member,
        peers: Option<&[ChannelPeer]>,
    ) -> Result<(), ConfigError> {
        if !self.settings.flag("ENABLE_CHANNEL_AUTH") {
            return Ok(());
        }
        let message = match peers {
            None => "peers is missing; expected a list of them, since ENABLE_CHANNEL_AUTH is true",
            Some(peers) if peers.iter().all(|peer| peer.role != Role::Validator) => {
                "no peer is a validator; expected at least one, since ENABLE_CHANNEL_AUTH is true"
            }
            Some(_) => return Ok(()),
        };
        Err(self.place(member.line, format!("{}: {message}", member.name)))
    }

    fn refuse_twice(&self, members: &[Member], what: &str) -> Result<(), ConfigError> {
        for (position, member) in members.iter().enumerate() {
            let earlier = members[..position].iter().find(|one| one.name == member.name);
            if let Some(earlier) = earlier {
                let name = json::quoted(&member.name);
                let line = earlier.line;
                let message = format!("{what} {name} is there twice, first on line {line}");
                return Err(self.place(member.line, format!("{message}; expected once")));
            }
        }
        Ok(())
    }

    fn unknown<'b>(
        &self,
        owner: &str,
        part: &Member,
        known: impl Iterator<Item = &'b str> + Clone,
    ) -> ConfigError {
        let known_names: Vec<&str> = known.clone().collect();
        let expected = table::closest_of(&part.name, known).map_or_else(
            || format!("one of {}", known_names.join(", ")),
            |closest| format!("{closest}, perhaps"),
        );
        let name = json::quoted(&part.name);
        let message = format!("{owner}: {name} is not a member it can have; expected {expected}");
        self.place(part.line, message)
    }

    fn wrong_node(&self, node: &Node, name: &str, expected: &str) -> ConfigError {
        self.wrong(node.line, name, node.json.describe(), expected)
    }

    fn wrong(&self, line: usize, name: &str, found: String, expected: &str) -> ConfigError {
        let place = Source::File { path: self.path.to_owned(), line };
        ConfigError::Value { place, name: name.to_owned(), found, expected: expected.to_owned() }
    }

    fn place(&self, line: usize, message: String) -> ConfigError {
        ConfigError::Place { place: Source::File { path: self.path.to_owned(), line }, message }
    }
}

#[cfg(test)]
mod tests;
