//! The kinds of settings: what each accepts, how it converts, and how an error calls it.

use std::net::IpAddr;
use std::path::Path;

use crate::address::HostPort;
use crate::channel_options;
use crate::json::{self, Json, quoted};
use crate::logging;
use crate::secret::Secret;
use crate::value::{Ratio, Value, whole};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Text,
    /// Relative paths are taken from the folder of the file that names them.
    Path,
    Secret,
    /// A host name or address.
    Host,
    /// An IP address.
    Address,
    /// `[A-Za-z0-9_.-]{1,64}`, not beginning with a point.
    ChannelName,
    /// A SCORE package, `A/B`.
    Package,
    LogLevel,
    /// `lft`; the old names are read as it.
    Algorithm,
    /// `allow` or `deny`; true and false mean the same.
    Permission,
    Integer {
        min: i64,
        max: i64,
    },
    Number {
        min: f64,
        max: f64,
    },
    Flag,
    /// More than 2/3, at most 1.
    Ratio,
    /// `CHANNEL_OPTION`.
    ChannelOptions,
    /// Kept as text, whatever it is: settings that have no effect.
    Any,
}

/// A value as converted, and what to tell the operator about the conversion.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    pub value: Value,
    pub notices: Vec<String>,
}

impl From<Value> for Accepted {
    fn from(value: Value) -> Self {
        Self { value, notices: Vec::new() }
    }
}

/// Why a value was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    pub found: String,
    pub expected: String,
    /// For a value inside an object: where in it, such as `.channel1.load_cert`, and its line.
    pub within: Option<(String, usize)>,
}

impl Kind {
    /// Code of `GET /api/v1/conf`: string 0, int 1, float 2, bool 3, dict 4.
    pub fn type_code(self, value: &Value) -> u8 {
        match (self, value) {
            (Kind::Integer { .. }, _) => 1,
            (Kind::Number { .. }, Value::Number(seconds)) if whole(*seconds).is_none() => 2,
            (Kind::Number { .. }, _) => 1,
            (Kind::Ratio, _) => 2,
            (Kind::Flag, _) => 3,
            (Kind::ChannelOptions, _) => 4,
            _ => 0,
        }
    }

    /// One word for the documentation.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Path => "path",
            Kind::Secret => "text, secret",
            Kind::Host => "host",
            Kind::Address => "IP address",
            Kind::Integer { .. } => "integer",
            Kind::Number { .. } => "number",
            Kind::Flag => "true or false",
            Kind::Ratio => "fraction",
            Kind::ChannelOptions => "object",
            Kind::Any => "any",
            _ => "text",
        }
    }

    /// The values it accepts, as an error message and the documentation say it.
    pub fn expected(self) -> String {
        match self {
            Kind::Text => "a text".to_owned(),
            Kind::Path => "a path".to_owned(),
            Kind::Secret => "a text".to_owned(),
            Kind::Host => "a host name or an IP address, without a port".to_owned(),
            Kind::Address => "an IP address, such as 127.0.0.1 or 0.0.0.0".to_owned(),
            Kind::ChannelName => {
                "1 to 64 letters, digits, '_', '.' or '-', not beginning with '.'".to_owned()
            }
            Kind::Package => {
                "a SCORE package A/B, such as loopchain/default, of letters, digits, '_', '.' \
                 and '-'"
                    .to_owned()
            }
            Kind::LogLevel => logging::EXPECTED_LEVEL.to_owned(),
            Kind::Algorithm => "\"lft\"".to_owned(),
            Kind::Permission => "\"allow\" or \"deny\"".to_owned(),
            Kind::Integer { min, max: i64::MAX } => format!("a whole number from {min}"),
            Kind::Integer { min, max } => format!("a whole number from {min} to {max}"),
            Kind::Number { min, max } => format!("a number from {min} to {max}"),
            Kind::Flag => "true or false".to_owned(),
            Kind::Ratio => "a fraction of more than 2/3 and at most 1, such as 0.7 or 3/4 \
                 (with less, two quorums may share no honest peer and the chain can fork)"
                .to_owned(),
            Kind::ChannelOptions => "an object of channel: {options}".to_owned(),
            Kind::Any => "any value".to_owned(),
        }
    }

    /// Converts what a file, a variable or an option gave. `folder` is where paths are relative
    /// to; `nullable` is whether null means "not set" and not the empty text.
    pub fn accept(self, given: &Json, folder: &Path, nullable: bool) -> Result<Accepted, Mismatch> {
        if *given == Json::Null && nullable {
            return Ok(Value::Null.into());
        }
        let converted = match self {
            Kind::Algorithm => return self.algorithm(given),
            Kind::ChannelOptions => return self.channel_options(given, folder),
            Kind::Any => Some(Value::Text(any_text(given))),
            Kind::Integer { min, max } => {
                integer(given).filter(|number| (min..=max).contains(number)).map(Value::Integer)
            }
            Kind::Number { min, max } => {
                number(given).filter(|seconds| (min..=max).contains(seconds)).map(Value::Number)
            }
            Kind::Ratio => ratio(given),
            Kind::Flag => flag(given).map(Value::Flag),
            Kind::Permission => permission(given),
            _ => text(given).and_then(|text| self.accept_text(text, folder)),
        };
        converted.map(Accepted::from).ok_or_else(|| self.mismatch(given))
    }

    fn accept_text(self, text: &str, folder: &Path) -> Option<Value> {
        let accepted = match self {
            Kind::Path => return path(text, folder),
            Kind::Secret => return Some(Value::Secret(Secret::new(text.to_owned()))),
            Kind::Host => HostPort::is_host(text),
            Kind::Address => text.parse::<IpAddr>().is_ok(),
            Kind::ChannelName => is_channel_name(text),
            Kind::Package => is_package(text),
            Kind::LogLevel => logging::directives(text).is_some(),
            _ => true,
        };
        accepted.then(|| Value::Text(text.to_owned()))
    }

    fn mismatch(self, given: &Json) -> Mismatch {
        let found = match self {
            Kind::Secret => given.describe_kind().to_owned(),
            _ => given.describe(),
        };
        Mismatch { found, expected: self.expected(), within: None }
    }

    fn algorithm(self, given: &Json) -> Result<Accepted, Mismatch> {
        let name = match given {
            Json::Text(name) => name.trim().to_ascii_lowercase(),
            Json::Number(number) => number.clone(),
            _ => return Err(self.mismatch(given)),
        };
        let notices = match name.as_str() {
            "lft" => Vec::new(),
            "siever" | "2" | "3" => {
                vec![format!("CONSENSUS_ALGORITHM {} is read as \"lft\"", quoted(&name))]
            }
            _ => return Err(self.mismatch(given)),
        };
        Ok(Accepted { value: Value::Text("lft".to_owned()), notices })
    }

    /// An environment variable holds the object as JSON text.
    fn channel_options(self, given: &Json, folder: &Path) -> Result<Accepted, Mismatch> {
        let parsed = match given {
            Json::Text(text) => json::parse(text).ok().map(|node| node.json),
            other => Some(other.clone()),
        };
        match parsed {
            Some(Json::Object(channels)) => channel_options::accept(&channels, folder),
            // Not shown: the text may hold passwords.
            _ => Err(Mismatch {
                found: given.describe_kind().to_owned(),
                expected: self.expected(),
                within: None,
            }),
        }
    }
}

/// Whether `name` may be a channel's name; it is also a folder's. Peers refuse the first block of a
/// channel that is named otherwise.
pub fn is_channel_name(name: &str) -> bool {
    is_folder_name(name) && !name.starts_with('.')
}

fn is_folder_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(allowed) && name != "." && name != ".."
}

/// Whether `name` is `A/B`, both parts safe to be folders.
pub fn is_package(name: &str) -> bool {
    let (root, package) = name.split_once('/').unwrap_or(("", ""));
    is_folder_name(root) && is_folder_name(package)
}

fn text(given: &Json) -> Option<&str> {
    match given {
        Json::Text(text) => Some(text),
        Json::Null => Some(""),
        _ => None,
    }
}

fn path(text: &str, folder: &Path) -> Option<Value> {
    if text.contains('\0') {
        return None;
    }
    let resolved = crate::address::resolve(folder, Path::new(text));
    Some(Value::Path(resolved))
}

fn any_text(given: &Json) -> String {
    match given {
        Json::Text(text) => text.clone(),
        other => other.to_plain().to_string(),
    }
}

fn number_text(given: &Json) -> Option<&str> {
    match given {
        Json::Number(number) => Some(number),
        Json::Text(text) => Some(text.trim()),
        _ => None,
    }
}

fn number(given: &Json) -> Option<f64> {
    let text = number_text(given)?;
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    text.parse::<f64>().ok().filter(|number| plain && number.is_finite())
}

/// Whole numbers written as 30.0 or 3e1 count as well.
fn integer(given: &Json) -> Option<i64> {
    match number_text(given)?.parse::<i64>() {
        Ok(number) => Some(number),
        Err(_) => number(given).and_then(whole),
    }
}

fn flag(given: &Json) -> Option<bool> {
    match given {
        Json::Bool(flag) => Some(*flag),
        Json::Number(number) => flag_word(number),
        Json::Text(text) => flag_word(&text.trim().to_ascii_lowercase()),
        _ => None,
    }
}

fn flag_word(word: &str) -> Option<bool> {
    match word {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

fn permission(given: &Json) -> Option<Value> {
    let allowed = match given {
        Json::Text(word) if word == "allow" => true,
        Json::Text(word) if word == "deny" || word.is_empty() => false,
        other => flag(other)?,
    };
    Some(Value::Text(if allowed { "allow" } else { "deny" }.to_owned()))
}

fn ratio(given: &Json) -> Option<Value> {
    let ratio = Ratio::parse(number_text(given)?)?;
    (ratio.is_more_than_two_thirds() && ratio.is_at_most_one()).then_some(Value::Ratio(ratio))
}

#[cfg(test)]
mod tests;
