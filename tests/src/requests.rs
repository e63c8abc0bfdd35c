//! Transactions of mixed methods, chosen by a seed, with the result that each must have.

use serde_json::{Value, json};

use crate::plan::DOCUMENTS;
use crate::random::Random;

const USERS: [&str; 5] = ["ann", "bob", "cho", "dee", "eve"];

/// Codes of the documents contract.
const REQUEST: i64 = 1000;
const PARAMETER: i64 = 1001;
const EXISTS: i64 = 1002;
const UNKNOWN: i64 = 1003;
const NOT_A_PARTY: i64 = 1004;
const TWICE: i64 = 1005;
const COMPLETE: i64 = 1006;

/// A transaction to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    pub body: Value,
    pub marker: String,
    /// Which of its author's documents it is about.
    pub document: u64,
    pub expected_code: i64,
}

/// Writes one client's transactions. Each author has documents of its own, so the results follow
/// from its own order alone.
pub struct Author {
    client: String,
    channel: String,
    random: Random,
    sequence: u64,
    documents: u64,
    draft: Option<Draft>,
}

struct Draft {
    name: String,
    parties: Vec<&'static str>,
    quorum: usize,
    approved: Vec<&'static str>,
}

impl Author {
    pub fn new(client: &str, channel: &str, seed: u64) -> Author {
        Author {
            client: client.to_owned(),
            channel: channel.to_owned(),
            random: Random::new(seed),
            sequence: 0,
            documents: 0,
            draft: None,
        }
    }

    /// What happened to the last document is not known: the next request begins another.
    pub fn abandon(&mut self) {
        self.draft = None;
    }

    pub fn write(&mut self) -> Request {
        self.sequence += 1;
        let marker = format!("{}/{}", self.client, self.sequence);
        if self.channel != DOCUMENTS {
            return self.write_anything(marker);
        }
        let (method, params, expected_code) = self.choose();
        let body = json!({
            "jsonrpc": "2.0", "channel": self.channel, "method": method, "params": params,
            "id": marker,
        });
        Request { body, marker, document: self.documents, expected_code }
    }

    /// A read of the same channel: method and params of a query.
    pub fn write_query(&mut self) -> (&'static str, Value) {
        if self.channel != DOCUMENTS {
            return ("echo", json!({ "number": self.random.below(1000) }));
        }
        match self.random.below(2) {
            0 => ("list", json!({ "limit": 5 })),
            _ => ("user", json!({ "user": self.random.one_of(&USERS), "limit": 5 })),
        }
    }

    // The default contract takes whatever it is.
    fn write_anything(&mut self, marker: String) -> Request {
        let filling = "x".repeat(self.random.below(300) as usize);
        let body = match self.random.below(3) {
            0 => json!({ "data": filling, "id": marker, "channel": self.channel }),
            1 => json!({
                "jsonrpc": "2.0", "method": "hello", "id": marker, "channel": self.channel,
                "params": { "text": "grüße, 안녕하세요", "list": [1, 2.5, null, true] },
            }),
            _ => json!({ "id": marker, "channel": self.channel, "deep": [[[[{ "a": {} }]]]] }),
        };
        Request { body, marker, document: 0, expected_code: 0 }
    }

    fn choose(&mut self) -> (&'static str, Value, i64) {
        if self.draft.is_none() || self.random.below(6) == 0 {
            return self.propose();
        }
        match self.random.below(12) {
            0 => self.propose_again(),
            1 => ("approve", json!({ "document": "of nobody", "user": "ann" }), UNKNOWN),
            2 => ("approve", json!({ "document": 7, "user": "ann" }), PARAMETER),
            3 => ("forget", json!({}), REQUEST),
            _ => self.approve(),
        }
    }

    fn propose(&mut self) -> (&'static str, Value, i64) {
        self.documents += 1;
        let parties = USERS[..1 + self.random.below(4) as usize].to_vec();
        let quorum = 1 + self.random.below(parties.len() as u64) as usize;
        let name = format!("{}-{}", self.client, self.documents);
        let draft = Draft { name, parties, quorum, approved: Vec::new() };
        let params = proposal(&draft);
        self.draft = Some(draft);
        ("propose", params, 0)
    }

    fn propose_again(&mut self) -> (&'static str, Value, i64) {
        let draft = self.draft.as_ref().expect("the caller has looked");
        ("propose", proposal(draft), EXISTS)
    }

    fn approve(&mut self) -> (&'static str, Value, i64) {
        let user = *self.random.one_of(&USERS);
        let draft = self.draft.as_mut().expect("the caller has looked");
        let expected_code = if !draft.parties.contains(&user) {
            NOT_A_PARTY
        } else if draft.approved.contains(&user) {
            TWICE
        } else if draft.approved.len() == draft.quorum {
            COMPLETE
        } else {
            draft.approved.push(user);
            0
        };
        ("approve", json!({ "document": draft.name, "user": user }), expected_code)
    }
}

fn proposal(draft: &Draft) -> Value {
    json!({
        "document": draft.name, "user": "ann", "parties": draft.parties, "quorum": draft.quorum,
        "content_hash": "3f786850e387550fdab836ed7e6dc881de23001b",
    })
}
