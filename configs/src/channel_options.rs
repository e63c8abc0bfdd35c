//! `CHANNEL_OPTION`: per channel, where old files name the key. A process has one key pair, the
//! one of its default channel; PRIVATE_PATH is stronger.

use std::path::{Path, PathBuf};

use serde_json::Value as Plain;

use crate::json::{Json, Member};
use crate::kind::{Accepted, Kind, Mismatch, is_channel_name};
use crate::secret::Secret;
use crate::settings::Settings;
use crate::value::Value;

/// The key files of one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelOption {
    pub channel: String,
    pub public_path: Option<PathBuf>,
    pub private_path: Option<PathBuf>,
    pub private_password: Option<Secret>,
}

/// Checks the object; paths in it become absolute.
pub(crate) fn accept(channels: &[Member], folder: &Path) -> Result<Accepted, Mismatch> {
    let mut plain = serde_json::Map::new();
    let mut notices = Vec::new();
    for channel in channels {
        if !is_channel_name(&channel.name) {
            let found = Json::Text(channel.name.clone()).describe();
            let expected = format!("a channel's name: {}", Kind::ChannelName.expected());
            return Err(Mismatch { found, expected, within: Some((String::new(), channel.line)) });
        }
        let Json::Object(members) = &channel.node.json else {
            return Err(Mismatch {
                found: channel.node.json.describe_kind().to_owned(),
                expected: "an object of options".to_owned(),
                within: Some((format!(".{}", channel.name), channel.node.line)),
            });
        };
        let mut options = serde_json::Map::new();
        for member in members {
            let option = accept_option(&channel.name, member, folder, &mut notices)?;
            options.insert(member.name.clone(), option);
        }
        plain.insert(channel.name.clone(), Plain::Object(options));
    }
    Ok(Accepted { value: Value::Dictionary(Plain::Object(plain)), notices })
}

fn accept_option(
    channel: &str,
    member: &Member,
    folder: &Path,
    notices: &mut Vec<String>,
) -> Result<Plain, Mismatch> {
    let name = member.name.as_str();
    let (kind, expected) = match name {
        "load_cert" | "consensus_cert_use" | "tx_cert_use" => (Kind::Flag, "true or false"),
        "key_load_type" => {
            (Kind::Integer { min: 0, max: 0 }, "0: keys are read from files, there is no other way")
        }
        "public_path" | "private_path" => (Kind::Path, "a path"),
        "private_password" => (Kind::Secret, "a text"),
        _ => {
            notices.push(format!("CHANNEL_OPTION.{channel}.{name} has no effect here"));
            return Ok(member.node.json.to_plain());
        }
    };
    let accepted = kind.accept(&member.node.json, folder, false).map_err(|wrong| Mismatch {
        expected: expected.to_owned(),
        within: Some((format!(".{channel}.{name}"), member.node.line)),
        ..wrong
    })?;
    Ok(match accepted.value {
        Value::Secret(password) => password.reveal().into(),
        Value::Flag(true) => {
            notices.push(format!(
                "CHANNEL_OPTION.{channel}.{name} true has no effect here: the public key signs, \
                 without a certificate"
            ));
            Plain::Bool(true)
        }
        other => other.to_shown_json(),
    })
}

/// The options of every channel that has some, in the order of the file.
pub fn all(settings: &Settings) -> Vec<ChannelOption> {
    let Value::Dictionary(Plain::Object(channels)) = settings.value("CHANNEL_OPTION") else {
        return Vec::new();
    };
    let one = |(channel, options): (&String, &Plain)| {
        let text = |name: &str| {
            let found = options.get(name).and_then(Plain::as_str);
            found.filter(|text| !text.is_empty()).map(str::to_owned)
        };
        ChannelOption {
            channel: channel.clone(),
            public_path: text("public_path").map(PathBuf::from),
            private_path: text("private_path").map(PathBuf::from),
            private_password: text("private_password").map(Secret::new),
        }
    };
    channels.iter().map(one).collect()
}

/// The options that decide on this process's key: those of the default channel, when they name a
/// private key and PRIVATE_PATH does not.
pub fn of_default_channel(settings: &Settings) -> Option<ChannelOption> {
    let channel = settings.text("LOOPCHAIN_DEFAULT_CHANNEL");
    if settings.path_if_set("PRIVATE_PATH").is_some() {
        return None;
    }
    all(settings)
        .into_iter()
        .find(|option| option.channel == channel && option.private_path.is_some())
}

#[cfg(test)]
mod tests;
