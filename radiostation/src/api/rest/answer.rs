//! Answers in the shapes of the contract.

use serde_json::{Value, json};

use crate::registrar::Stopped;

/// HTTP status and JSON body.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// 200 with this body.
    pub fn ok(body: Value) -> Answer {
        Answer { status: 200, body }
    }

    /// `{"response_code": 0, "data": …}`
    pub fn data(data: Value) -> Answer {
        Answer::ok(json!({ "response_code": 0, "data": data }))
    }

    /// `{"response_code": …, "message": …}`
    pub fn error(status: u16, response_code: i32, message: String) -> Answer {
        Answer { status, body: json!({ "response_code": response_code, "message": message }) }
    }

    pub fn unknown_channel(channel: &str) -> Answer {
        Answer::error(404, -1, format!("there is no channel {channel:?} on this radiostation"))
    }
}

impl From<Stopped> for Answer {
    fn from(stopped: Stopped) -> Answer {
        Answer::error(503, -1, stopped.to_string())
    }
}
