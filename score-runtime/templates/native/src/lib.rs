//! A counter for each name.

use loopchain_sdk::serde_json::{self, Value, json};
use loopchain_sdk::{Block, Failure, Score, State, Transaction, View};

const COUNTERS: &str = "counters";
const BAD_REQUEST: i64 = 1;
const UNKNOWN_METHOD: i64 = 2;

/// Made anew for every call: what is to stay goes into the state.
#[derive(Default)]
struct Counters;

loopchain_sdk::score!(Counters);

impl Score for Counters {
    /// Executes one transaction. Whatever it writes is undone unless this is `Ok`.
    fn invoke(
        &self,
        transaction: &Transaction<'_>,
        _block: &Block<'_>,
        state: &mut State<'_>,
    ) -> Result<(), Failure> {
        let request: Value = serde_json::from_str(transaction.data)
            .map_err(|error| Failure::new(BAD_REQUEST, error.to_string()))?;
        if request["method"] != "add" {
            return Err(Failure::new(UNKNOWN_METHOD, format!("no method {}", request["method"])));
        }
        let params = &request["params"];
        let (Some(name), Some(count)) = (params["name"].as_str(), params["count"].as_u64()) else {
            return Err(wrong());
        };
        let sum = read(state, name).checked_add(count).filter(|_| count > 0).ok_or_else(wrong)?;
        state.put(COUNTERS, name.as_bytes(), &sum.to_be_bytes());
        Ok(())
    }

    /// Answers a question from committed state, JSON in and out.
    fn query(&self, request: &str, state: &View<'_>) -> Result<String, String> {
        let request: Value = serde_json::from_str(request).map_err(|error| error.to_string())?;
        match (request["method"].as_str(), request["params"]["name"].as_str()) {
            (Some("count"), Some(name)) => {
                Ok(json!({"code": 0, "count": read(state, name)}).to_string())
            }
            (Some("count"), None) => Err("'name' is a text".to_owned()),
            _ => Ok(json!({"code": UNKNOWN_METHOD, "message": "no such method"}).to_string()),
        }
    }
}

fn wrong() -> Failure {
    Failure::new(BAD_REQUEST, "'name' is a text, 'count' a number above 0")
}

fn read(state: &View<'_>, name: &str) -> u64 {
    let bytes = state.get(COUNTERS, name.as_bytes()).and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(0, u64::from_be_bytes)
}
