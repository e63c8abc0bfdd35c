//! Settings: all, one, and changed while running.

use std::sync::Arc;

use configs::settings::Entry;
use serde_json::{Value, json};

use super::answer::Answer;
use super::routes::Asked;
use crate::api::Shared;

pub fn get(shared: &Arc<Shared>, asked: &Asked) -> Answer {
    let Some(name) = asked.parameter("name") else {
        let entries = shared.with_settings(|settings| settings.entries());
        return Answer::data(entries.iter().map(entry).collect());
    };
    match shared.with_settings(|settings| settings.get(name)) {
        Some(found) => Answer::data(entry(&found)),
        None => Answer::error(200, -1, format!("'{name}' is an incorrect configuration name.")),
    }
}

pub async fn post(shared: &Arc<Shared>, asked: Asked) -> Result<Answer, Answer> {
    let allowed = asked.caller.may_change(shared.admin_token.as_ref());
    allowed.map_err(|forbidden| Answer::error(403, -1, forbidden.to_string()))?;
    let body = asked.body.unwrap_or_default();
    let name = body.get("name").and_then(Value::as_str);
    let value = match body.get("value") {
        Some(Value::String(text)) => Some(text.clone()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Some(value.to_string()),
        _ => None,
    };
    let (Some(name), Some(value)) = (name, value) else {
        let text = "expected {\"name\": a text, \"value\": a text, number, true or false}";
        return Err(Answer::error(400, -6, text.to_owned()));
    };
    match shared.set(name, &value).await? {
        Ok(()) => Ok(Answer::ok(json!({ "response_code": 0, "message": "success" }))),
        Err(refused) => Ok(Answer::error(200, -1, refused.to_string())),
    }
}

fn entry(entry: &Entry) -> Value {
    json!({ "name": entry.name, "value": entry.value, "type": entry.type_code })
}
