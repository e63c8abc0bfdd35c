//! Changes of membership by the operator.

use std::sync::Arc;

use chain::keys::PeerId;
use chain::membership::Role;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::routes::Asked;
use crate::api::Shared;
use crate::registry::{ChangeRefused, Wanted};

const MEMBERS: [&str; 4] = ["channel", "peer_id", "change", "value"];

pub async fn post(shared: &Arc<Shared>, asked: Asked) -> Result<Answer, Answer> {
    let allowed = asked.caller.may_change(shared.admin_token.as_ref());
    allowed.map_err(|forbidden| Answer::error(403, -1, forbidden.to_string()))?;
    let body = asked.body.unwrap_or_default();
    if let Some(unknown) = body.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        let text = format!("found member {unknown:?}; expected {}", MEMBERS.join(", "));
        return Err(Answer::error(400, -6, text));
    }
    let channel = match body.get("channel") {
        None => shared.default_channel.clone(),
        Some(_) => text(&body, "channel", "a channel's name")?.to_owned(),
    };
    let peer: PeerId = text(&body, "peer_id", "a peer id")?
        .parse()
        .map_err(|error| Answer::error(400, -6, format!("peer_id: {error}")))?;
    let wanted = wanted(&body)?;
    match shared.desk.change(channel.clone(), peer, wanted).await? {
        Ok(sequence) => Ok(Answer::data(json!({
            "channel": channel,
            "peer_id": peer.to_string(),
            "sequence": sequence.0,
        }))),
        Err(refused) => Err(match refused {
            ChangeRefused::UnknownChannel(_) => Answer::unknown_channel(&channel),
            ChangeRefused::NotAMember { .. } => Answer::error(200, -800, refused.to_string()),
            ChangeRefused::Weight(_) | ChangeRefused::Group => {
                Answer::error(200, -6, refused.to_string())
            }
            ChangeRefused::Same | ChangeRefused::NoValidator(_) => {
                Answer::error(200, -1, refused.to_string())
            }
        }),
    }
}

fn wanted(body: &Map<String, Value>) -> Result<Wanted, Answer> {
    let wrong = |message: &str| Answer::error(400, -6, message.to_owned());
    match text(body, "change", "\"leave\", \"weight\", \"group\" or \"role\"")? {
        "leave" if body.contains_key("value") => Err(wrong("value: \"leave\" takes none")),
        "leave" => Ok(Wanted::Leave),
        "weight" => {
            let given = body.get("value");
            let number = given.and_then(|value| match value {
                Value::String(digits) => digits.parse().ok(),
                other => other.as_u64(),
            });
            number.map(Wanted::Weight).ok_or_else(|| wrong("value: expected a whole number from 1"))
        }
        "group" => Ok(Wanted::Group(text(body, "value", "a group's name")?.to_owned())),
        "role" => match text(body, "value", ROLES)? {
            "validator" => Ok(Wanted::Role(Role::Validator)),
            "client" => Ok(Wanted::Role(Role::Client)),
            "auditor" => Ok(Wanted::Role(Role::Auditor)),
            other => Err(wrong(&format!("value: found {other:?}; expected {ROLES}"))),
        },
        other => Err(wrong(&format!(
            "change: found {other:?}; expected \"leave\", \"weight\", \"group\" or \"role\""
        ))),
    }
}

const ROLES: &str = "\"validator\", \"client\" or \"auditor\"";

fn text<'a>(body: &'a Map<String, Value>, name: &str, expected: &str) -> Result<&'a str, Answer> {
    let found = body.get(name).and_then(Value::as_str);
    found.ok_or_else(|| Answer::error(400, -6, format!("{name}: expected {expected}")))
}
