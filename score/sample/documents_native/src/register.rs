//! Where documents are kept: one entry for each, and one for each party that it has.
//!
//! Keys: "d/" document, and "u/" user, a zero byte, document. Names hold no zero byte.

use loopchain_sdk::{State, View};
use serde_json::{Map, Value};

const DATABASE: &str = "documents";

pub fn find(state: &View<'_>, name: &str) -> Option<Map<String, Value>> {
    let bytes = state.get(DATABASE, format!("d/{name}").as_bytes())?;
    serde_json::from_slice(&bytes).ok()
}

pub fn add(state: &mut State<'_>, name: &str, document: &Value, parties: &[String]) {
    change(state, name, document);
    for party in parties {
        state.put(DATABASE, format!("u/{party}\0{name}").as_bytes(), b"");
    }
}

pub fn change(state: &mut State<'_>, name: &str, document: &Value) {
    let text = document.to_string();
    state.put(DATABASE, format!("d/{name}").as_bytes(), text.as_bytes());
}

pub fn list(state: &View<'_>, after: &str, limit: usize) -> Vec<String> {
    names(state, "d/", after, limit)
}

pub fn of_user(state: &View<'_>, user: &str, after: &str, limit: usize) -> Vec<Map<String, Value>> {
    let names = names(state, &format!("u/{user}\0"), after, limit);
    names.iter().filter_map(|name| find(state, name)).collect()
}

fn names(state: &View<'_>, prefix: &str, after: &str, limit: usize) -> Vec<String> {
    let after = (!after.is_empty()).then(|| format!("{prefix}{after}"));
    let after = after.as_deref().map(str::as_bytes);
    let entries = state.scan_prefix(DATABASE, prefix.as_bytes(), after, limit);
    let name = |(key, _): (Vec<u8>, _)| String::from_utf8(key.get(prefix.len()..)?.to_vec()).ok();
    entries.into_iter().filter_map(name).collect()
}
