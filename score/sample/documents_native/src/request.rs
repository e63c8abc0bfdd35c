//! Reads JSON-RPC requests; everything wrong with one is a failure that says what is expected.

use std::collections::BTreeSet;

use loopchain_sdk::Failure;
use serde_json::{Map, Value};

const REQUEST: i64 = 1000;
const PARAMETER: i64 = 1001;
const NAME_CHARACTERS_MAX: usize = 128;
const TEXT_CHARACTERS_MAX: usize = 1024;
const PARTIES_MAX: usize = 64;
const LIMIT_DEFAULT: usize = 20;
const LIMIT_MAX: usize = 100;

pub struct Request {
    pub method: String,
    params: Map<String, Value>,
}

impl Request {
    pub fn read(text: &str) -> Result<Request, Failure> {
        let request: Value = serde_json::from_str(text)
            .map_err(|_| Failure::new(REQUEST, "the request is not JSON"))?;
        let Some(method) = request.get("method").and_then(Value::as_str) else {
            let message = "a JSON object with 'method' and 'params' is expected";
            return Err(Failure::new(REQUEST, message));
        };
        let params = match request.get("params") {
            None => Map::new(),
            Some(Value::Object(params)) => params.clone(),
            Some(_) => return Err(Failure::new(REQUEST, "'params' must be an object")),
        };
        Ok(Request { method: method.to_owned(), params })
    }

    pub fn no_method(&self, methods: &str) -> Failure {
        Failure::new(REQUEST, format!("no method '{}'; there are: {methods}", self.method))
    }

    pub fn name(&self, key: &str) -> Result<String, Failure> {
        let value = self.params.get(key).and_then(as_name);
        value.ok_or_else(|| parameter(format!("'{key}' must be {}", name_expected())))
    }

    pub fn text(&self, key: &str) -> Result<String, Failure> {
        match self.params.get(key) {
            Some(Value::String(text)) if text.chars().count() <= TEXT_CHARACTERS_MAX => {
                Ok(text.clone())
            }
            _ => Err(parameter(format!(
                "'{key}' must be a string of at most {TEXT_CHARACTERS_MAX} characters"
            ))),
        }
    }

    pub fn parties(&self) -> Result<Vec<String>, Failure> {
        let value = self.params.get("parties").and_then(Value::as_array);
        let Some(value) = value.filter(|value| (1..=PARTIES_MAX).contains(&value.len())) else {
            let message = format!("'parties' must be a list of 1 to {PARTIES_MAX} users");
            return Err(parameter(message));
        };
        let parties: Option<Vec<String>> = value.iter().map(as_name).collect();
        let Some(parties) = parties else {
            return Err(parameter(format!("each of 'parties' must be {}", name_expected())));
        };
        if parties.iter().collect::<BTreeSet<_>>().len() < parties.len() {
            return Err(parameter("'parties' names someone twice"));
        }
        Ok(parties)
    }

    pub fn quorum(&self, parties_count: usize) -> Result<usize, Failure> {
        as_whole(self.params.get("quorum"), parties_count).ok_or_else(|| {
            parameter("'quorum' must be a whole number from 1 to the number of parties")
        })
    }

    /// After which name, and how many at most.
    pub fn page(&self) -> Result<(String, usize), Failure> {
        let after = match self.params.get("after") {
            None => String::new(),
            Some(Value::String(after)) if after.is_empty() => String::new(),
            Some(after) => as_name(after)
                .ok_or_else(|| parameter(format!("'after' must be {}", name_expected())))?,
        };
        let limit = match self.params.get("limit") {
            None => LIMIT_DEFAULT,
            limit => as_whole(limit, LIMIT_MAX).ok_or_else(|| {
                parameter(format!("'limit' must be a whole number from 1 to {LIMIT_MAX}"))
            })?,
        };
        Ok((after, limit))
    }
}

fn parameter(message: impl Into<String>) -> Failure {
    Failure::new(PARAMETER, message)
}

fn name_expected() -> String {
    format!("a string of 1 to {NAME_CHARACTERS_MAX} characters without control characters")
}

fn as_name(value: &Value) -> Option<String> {
    let name = value.as_str()?;
    let fits = (1..=NAME_CHARACTERS_MAX).contains(&name.chars().count());
    (fits && name.chars().all(|character| character >= ' ')).then(|| name.to_owned())
}

fn as_whole(value: Option<&Value>, most: usize) -> Option<usize> {
    let value = usize::try_from(value?.as_u64()?).ok()?;
    (1..=most).contains(&value).then_some(value)
}
