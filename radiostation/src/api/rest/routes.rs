//! Which path is answered by what.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::answer::Answer;
use super::{conf, membership, peers};
use crate::api::Shared;
use crate::api::caller::Caller;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Get,
    Post,
}

impl Verb {
    pub fn name(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Post => "POST",
        }
    }
}

/// Everything below `/api/v1/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    PeerList,
    PeerLeader,
    PeerStatus,
    PeerStatusList,
    Conf,
    Membership,
    Certificate,
    OpenApi,
}

/// What a request says beside its route.
pub struct Asked {
    pub query: Vec<(String, String)>,
    /// Of a POST.
    pub body: Option<Map<String, Value>>,
    pub caller: Caller,
}

impl Asked {
    /// A query parameter that is there and not empty; the first one of that name.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

const PREFIX: &str = "/api/v1/";

const ROUTES: &[(&str, Route, &[Verb])] = &[
    ("peer/list", Route::PeerList, &[Verb::Get]),
    ("peer/leader", Route::PeerLeader, &[Verb::Get]),
    ("peer/status", Route::PeerStatus, &[Verb::Get]),
    ("peer/status-list", Route::PeerStatusList, &[Verb::Get]),
    ("conf", Route::Conf, &[Verb::Get, Verb::Post]),
    ("membership", Route::Membership, &[Verb::Post]),
    ("cert/list/ca", Route::Certificate, &[Verb::Get]),
    ("cert/list/peer", Route::Certificate, &[Verb::Get]),
    ("cert/issue/ca", Route::Certificate, &[Verb::Get]),
    ("cert/issue/peer", Route::Certificate, &[Verb::Get]),
    ("openapi.json", Route::OpenApi, &[Verb::Get]),
];

const OPENAPI: &str = include_str!("openapi.json");

impl Route {
    /// The route of a path, or the answer that there is none.
    pub fn find(path: &str) -> Result<Route, Answer> {
        let below = path.strip_prefix(PREFIX).unwrap_or_default();
        if let Some((_, route, _)) = ROUTES.iter().find(|(known, ..)| *known == below) {
            return Ok(*route);
        }
        let resource = below.starts_with("peer/") || below.starts_with("cert/");
        let message = if resource {
            "The resource doesn't exist".to_owned()
        } else {
            let shown: String = path.chars().take(100).collect();
            format!("there is no route {shown:?}; the routes stand in {PREFIX}openapi.json")
        };
        Err(Answer::error(404, -1, message))
    }

    pub fn verbs(self) -> &'static [Verb] {
        let found = ROUTES.iter().find(|(_, route, _)| *route == self);
        found.map_or(&[], |(.., verbs)| verbs)
    }
}

pub async fn answer(shared: &Arc<Shared>, route: Route, verb: Verb, asked: Asked) -> Answer {
    let answered = match (route, verb) {
        (Route::PeerList, _) => peers::list(shared, &asked).await,
        (Route::PeerLeader, _) => peers::leader(shared, &asked).await,
        (Route::PeerStatus, _) => peers::status(shared, &asked).await,
        (Route::PeerStatusList, _) => peers::status_list(shared, &asked).await,
        (Route::Conf, Verb::Get) => Ok(conf::get(shared, &asked)),
        (Route::Conf, Verb::Post) => conf::post(shared, asked).await,
        (Route::Membership, _) => membership::post(shared, asked).await,
        (Route::Certificate, _) => Ok(no_certificates()),
        (Route::OpenApi, _) => {
            let document = serde_json::from_str(OPENAPI);
            Ok(Answer::ok(document.expect("the compiled-in document is tested")))
        }
    };
    answered.unwrap_or_else(|refused| refused)
}

fn no_certificates() -> Answer {
    let text = "this version of the radiostation keeps and issues no certificates; peers prove \
                their keys when they join";
    Answer::error(501, -1, text.to_owned())
}

#[cfg(test)]
mod tests;
