//! A client of the REST routes, of a peer or a radiostation.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};

use crate::wait::wait_for;

const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const RESULT_WAIT: Duration = Duration::from_secs(30);
const ANSWER_BYTES_MAX: u64 = 256 << 20;

/// One process's REST service.
#[derive(Clone)]
pub struct Rest {
    base: String,
    agent: ureq::Agent,
}

/// What was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub text: String,
}

impl Answer {
    /// # Panics
    /// When it is no JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("the answer is not JSON ({error}): {}", self.text))
    }
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub enum Unanswered {
    /// The request did not arrive.
    NotSent(String),
    /// It may have arrived.
    Lost(String),
}

/// What became of a transaction that was sent.
#[derive(Clone, Debug)]
pub enum Submitted {
    /// Its hash, hex.
    Accepted(String),
    /// 429 or 503: not taken, worth another try.
    Busy(String),
    NotSent(String),
    Lost(String),
    Refused(String),
}

impl Rest {
    /// The service at host:port.
    pub fn new(target: &str) -> Rest {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(REQUEST_TIMEOUT))
            .http_status_as_error(false)
            .proxy(None)
            .build();
        Rest { base: format!("http://{target}/api/v1/"), agent: config.into() }
    }

    /// GET of a path below `/api/v1/`.
    pub fn get(&self, path: &str) -> Result<Answer, Unanswered> {
        let response = self.agent.get(format!("{}{path}", self.base)).call();
        read(response.map_err(unanswered)?)
    }

    /// POST of a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> Result<Answer, Unanswered> {
        let request = self.agent.post(format!("{}{path}", self.base));
        let response = request.content_type("application/json").send(body.to_string());
        read(response.map_err(unanswered)?)
    }

    /// The object of a GET that must be answered with 200.
    ///
    /// # Panics
    /// When it is not.
    pub fn object(&self, path: &str) -> Value {
        self.try_object(path).unwrap_or_else(|missing| panic!("GET {path}: {missing}"))
    }

    /// As `object`, with the reason why there is none.
    pub fn try_object(&self, path: &str) -> Result<Value, String> {
        let answer = self.get(path).map_err(|unanswered| format!("{unanswered:?}"))?;
        match answer.status {
            200 => Ok(answer.json()),
            status => Err(format!("{status} {}", answer.text)),
        }
    }

    /// `status/peer` of a channel.
    pub fn status(&self, channel: &str) -> Result<Value, String> {
        self.try_object(&format!("status/peer?channel={channel}"))
    }

    /// Sends a transaction; its body names the channel.
    pub fn submit(&self, body: &Value) -> Submitted {
        let answer = match self.post("transactions", body) {
            Ok(answer) => answer,
            Err(Unanswered::NotSent(why)) => return Submitted::NotSent(why),
            Err(Unanswered::Lost(why)) => return Submitted::Lost(why),
        };
        match answer.status {
            200 => match answer.json()["tx_hash"].as_str() {
                Some(hash) => Submitted::Accepted(hash.to_owned()),
                None => Submitted::Refused(answer.text),
            },
            429 | 503 => Submitted::Busy(answer.text),
            status => Submitted::Refused(format!("{status} {}", answer.text)),
        }
    }

    /// Sends a transaction that must be accepted; its hash.
    ///
    /// # Panics
    /// When it is not.
    pub fn accepted(&self, body: &Value) -> String {
        match self.submit(body) {
            Submitted::Accepted(hash) => hash,
            other => panic!("a transaction was not accepted: {other:?}"),
        }
    }

    /// The answer of `transactions/result`.
    pub fn result(&self, channel: &str, hash: &str) -> Value {
        self.object(&format!("transactions/result?channel={channel}&hash={hash}"))
    }

    /// The `response` of a result, once the transaction is executed.
    pub fn executed(&self, channel: &str, hash: &str) -> Value {
        wait_for(&format!("the result of {hash} on {channel}"), RESULT_WAIT, || {
            let result = self.result(channel, hash);
            match result["response"]["code"].as_i64() {
                None | Some(2 | 9100) => Err(result.to_string()),
                Some(_) => Ok(result["response"].clone()),
            }
        })
    }

    /// Asks the SCORE.
    pub fn query(&self, channel: &str, method: &str, params: Value) -> Value {
        let body = json!({
            "jsonrpc": "2.0", "channel": channel, "method": method, "params": params, "id": 1,
        });
        let answer = self.post("query", &body).expect("a running peer answers queries");
        assert!(answer.status == 200, "query {method}: {} {}", answer.status, answer.text);
        answer.json()
    }
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Result<Answer, Unanswered> {
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_string();
    Ok(Answer { status, text: body.map_err(|error| Unanswered::Lost(error.to_string()))? })
}

fn unanswered(error: ureq::Error) -> Unanswered {
    match &error {
        ureq::Error::Io(inner) if inner.kind() == io::ErrorKind::ConnectionRefused => {
            Unanswered::NotSent(error.to_string())
        }
        ureq::Error::ConnectionFailed => Unanswered::NotSent(error.to_string()),
        _ => Unanswered::Lost(error.to_string()),
    }
}
