//! Changes of membership, and of the version of a channel's SCORE, by the operator.

use std::sync::Arc;

use chain::keys::PeerId;
use chain::membership::Role;
use chain::score::Version;
use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::routes::Asked;
use crate::api::Shared;
use crate::registry::{ChangeRefused, Wanted};

const MEMBERS: [&str; 5] = ["channel", "peer_id", "change", "value", "from"];

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
    if body.get("change").and_then(Value::as_str) == Some("score") {
        return post_score(shared, channel, &body).await;
    }
    if body.contains_key("from") {
        return Err(Answer::error(400, -6, "from: only \"score\" takes one".to_owned()));
    }
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
        Err(refused) => Err(answer(&refused, &channel)),
    }
}

async fn post_score(
    shared: &Arc<Shared>,
    channel: String,
    body: &Map<String, Value>,
) -> Result<Answer, Answer> {
    if body.contains_key("peer_id") {
        let text = "peer_id: \"score\" takes none, it is of the whole channel".to_owned();
        return Err(Answer::error(400, -6, text));
    }
    let version = |name: &str| {
        let text = text(body, name, "a version, 40 hex digits")?;
        text.parse::<Version>().map_err(|error| Answer::error(400, -6, format!("{name}: {error}")))
    };
    let to = version("value")?;
    let from = if body.contains_key("from") { Some(version("from")?) } else { None };
    match shared.desk.change_score(channel.clone(), from, to).await? {
        Ok(sequence) => Ok(Answer::data(json!({
            "channel": channel,
            "version": to.to_string(),
            "sequence": sequence.0,
        }))),
        Err(refused) => Err(answer(&refused, &channel)),
    }
}

fn answer(refused: &ChangeRefused, channel: &str) -> Answer {
    let text = refused.to_string();
    match refused {
        ChangeRefused::UnknownChannel(_) => Answer::unknown_channel(channel),
        ChangeRefused::NotAMember { .. } => Answer::error(200, -800, text),
        ChangeRefused::Weight(_) | ChangeRefused::Group | ChangeRefused::NoVersion(_) => {
            Answer::error(200, -6, text)
        }
        ChangeRefused::Same
        | ChangeRefused::NoValidator(_)
        | ChangeRefused::NotBegun(_)
        | ChangeRefused::OtherVersion { .. } => Answer::error(200, -1, text),
    }
}

fn wanted(body: &Map<String, Value>) -> Result<Wanted, Answer> {
    let wrong = |message: &str| Answer::error(400, -6, message.to_owned());
    match text(body, "change", CHANGES)? {
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
        other => Err(wrong(&format!("change: found {other:?}; expected {CHANGES}"))),
    }
}

const CHANGES: &str = "\"leave\", \"weight\", \"group\", \"role\" or \"score\"";
const ROLES: &str = "\"validator\", \"client\" or \"auditor\"";

fn text<'a>(body: &'a Map<String, Value>, name: &str, expected: &str) -> Result<&'a str, Answer> {
    let found = body.get(name).and_then(Value::as_str);
    found.ok_or_else(|| Answer::error(400, -6, format!("{name}: expected {expected}")))
}
