//! What clients were told about the transactions they sent.

use std::collections::BTreeSet;

/// What a client knows of one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted; its hash, hex.
    Accepted(String),
    /// The answer was lost: it may have been accepted.
    Unknown,
    /// Not accepted, and the client was told so.
    Refused(String),
}

#[derive(Clone, Debug)]
pub struct Sent {
    /// Stands in the transaction as its `id`, and in no other.
    pub marker: String,
    /// The result that the contract must come to if everything before it on this document, as sent
    /// by this client, was accepted.
    pub expected_code: i64,
    /// Number of the client's document that it is about.
    pub document: u64,
    pub outcome: Outcome,
}

/// One client: it sent in this order, one after another, to one peer.
#[derive(Clone, Debug)]
pub struct ClientRecord {
    pub client: String,
    pub channel: String,
    pub peer: usize,
    pub sent: Vec<Sent>,
}

impl ClientRecord {
    /// Hashes of what was accepted, in the order of sending.
    pub fn accepted(&self) -> impl Iterator<Item = &str> {
        self.sent.iter().filter_map(|sent| match &sent.outcome {
            Outcome::Accepted(hash) => Some(hash.as_str()),
            Outcome::Unknown | Outcome::Refused(_) => None,
        })
    }

    /// Hash and code of accepted transactions whose result is certain.
    pub fn certain_results(&self) -> Vec<(&str, i64)> {
        let mut doubtful = BTreeSet::new();
        let mut certain = Vec::new();
        for sent in &self.sent {
            match &sent.outcome {
                Outcome::Accepted(hash) if !doubtful.contains(&sent.document) => {
                    certain.push((hash.as_str(), sent.expected_code));
                }
                Outcome::Accepted(_) => {}
                Outcome::Unknown | Outcome::Refused(_) => {
                    doubtful.insert(sent.document);
                }
            }
        }
        certain
    }
}

/// All clients of one or more loads.
#[derive(Clone, Debug, Default)]
pub struct Record {
    pub clients: Vec<ClientRecord>,
}

impl Record {
    pub fn add(&mut self, other: Record) {
        self.clients.extend(other.clients);
    }

    pub fn of_channel<'a>(&'a self, channel: &'a str) -> impl Iterator<Item = &'a ClientRecord> {
        self.clients.iter().filter(move |client| client.channel == channel)
    }

    pub fn accepted_count(&self) -> usize {
        self.clients.iter().map(|client| client.accepted().count()).sum()
    }

    /// One line for the reader of a test's output.
    pub fn summary(&self) -> String {
        let all = || self.clients.iter().flat_map(|client| &client.sent);
        let unknown = all().filter(|sent| sent.outcome == Outcome::Unknown).count();
        let refused = all().filter(|sent| matches!(sent.outcome, Outcome::Refused(_))).count();
        format!(
            "{} clients: {} transactions accepted, {unknown} answers lost, {refused} refused",
            self.clients.len(),
            self.accepted_count()
        )
    }
}
