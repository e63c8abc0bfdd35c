//! `score-runner run` and `score-runner test`: a package tried out on a [`LocalChannel`].
//!
//! A test is a JSON file in the package's folder `tests`, executed on a channel of its own:
//! `{"steps": [STEP, …]}`. A step is one of
//! - `{"invoke": DATA, "code": 0, "message": "part of it"}`: a block of one transaction;
//! - `{"block": [{"invoke": …}, …]}`: a block of several, each with what is expected of it;
//! - `{"query": REQUEST, "answer": EXPECTED}`, or `"fails": "part of the reason"` instead.
//!
//! DATA and REQUEST are texts as they are, or JSON. Without `code` 0 is expected, with `null`
//! anything. An answer may have more members than the expected object; lists must be equal in
//! length. An expected text is compared with the answer as it is, too.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use wire::runner::{Answer, Receipt};

use crate::local::{LocalChannel, LocalError};

/// Wall time of one call while a package is tried out.
pub const INVOKE_TIMEOUT_MS: u64 = 5_000;
const TESTS: &str = "tests";

/// Why a trial could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TrialError {
    #[error(transparent)]
    Local(#[from] LocalError),
    #[error("{path}: {error}")]
    File { path: String, error: io::Error },
    #[error(
        "{path}: {error}; expected is {{\"steps\": [{{\"invoke\": …}}, …]}}, see docs/score.md"
    )]
    Format { path: String, error: serde_json::Error },
    #[error("{path}, step {step}: it must have just one of 'invoke', 'block' and 'query'")]
    Step { path: String, step: usize },
    #[error("{0} holds no tests: put .json files into its folder 'tests', see docs/score.md")]
    NoTests(String),
    #[error("standard output: {0}")]
    Output(io::Error),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    #[serde(default, rename = "description")]
    _description: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    invoke: Option<Value>,
    #[serde(default, deserialize_with = "given")]
    code: Option<Option<i64>>,
    message: Option<String>,
    block: Option<Vec<Call>>,
    query: Option<Value>,
    answer: Option<Value>,
    fails: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    invoke: Value,
    #[serde(default, deserialize_with = "given")]
    code: Option<Option<i64>>,
    message: Option<String>,
}

// Tells null from nothing.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::<i64>::deserialize(deserializer).map(Some)
}

/// Runs the tests of a package; whether all passed. A line for each is written to `output`.
///
/// # Errors
/// There are none, one is no test, or the package does not load.
pub fn test(package: &Path, output: &mut impl Write) -> Result<bool, TrialError> {
    let files = test_files(&package.join(TESTS))?;
    if files.is_empty() {
        return Err(TrialError::NoTests(package.display().to_string()));
    }
    let mut failed = 0;
    for file in &files {
        let name = file.strip_prefix(package).unwrap_or(file).display().to_string();
        let script = read_script(file)?;
        let mut channel = LocalChannel::start(package, INVOKE_TIMEOUT_MS)?;
        let verdict = play(&mut channel, &script, &name)?;
        let line = match &verdict {
            Ok(()) => format!("ok      {name}: {} steps", script.steps.len()),
            Err(why) => format!("FAILED  {name}, {why}"),
        };
        writeln!(output, "{line}").map_err(TrialError::Output)?;
        failed += usize::from(verdict.is_err());
    }
    let passed = files.len() - failed;
    writeln!(output, "{passed} passed, {failed} failed").map_err(TrialError::Output)?;
    Ok(failed == 0)
}

fn test_files(folder: &Path) -> Result<Vec<PathBuf>, TrialError> {
    let error = |error| TrialError::File { path: folder.display().to_string(), error };
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(error)? {
        let path = entry.map_err(error)?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read_script(file: &Path) -> Result<Script, TrialError> {
    let path = || file.display().to_string();
    let text =
        fs::read_to_string(file).map_err(|error| TrialError::File { path: path(), error })?;
    serde_json::from_str(&text).map_err(|error| TrialError::Format { path: path(), error })
}

/// Whether all went as expected; else what did not.
fn play(
    channel: &mut LocalChannel,
    script: &Script,
    name: &str,
) -> Result<Result<(), String>, TrialError> {
    for (at, step) in (1..).zip(&script.steps) {
        let verdict = match (&step.invoke, &step.block, &step.query) {
            (Some(data), None, None) => {
                let Step { code, message, .. } = step;
                let call = Call { invoke: data.clone(), code: *code, message: message.clone() };
                play_block(channel, &[call])?
            }
            (None, Some(calls), None) => play_block(channel, calls)?,
            (None, None, Some(request)) => judge_answer(&channel.query(&text_of(request))?, step),
            _ => return Err(TrialError::Step { path: name.to_owned(), step: at }),
        };
        if let Err(why) = verdict {
            return Ok(Err(format!("step {at}: {why}")));
        }
    }
    Ok(Ok(()))
}

fn play_block(
    channel: &mut LocalChannel,
    calls: &[Call],
) -> Result<Result<(), String>, TrialError> {
    let texts: Vec<String> = calls.iter().map(|call| text_of(&call.invoke)).collect();
    let executed = channel.execute(&texts)?;
    for ((call, text), receipt) in calls.iter().zip(&texts).zip(&executed.receipts) {
        if let Err(why) = judge_receipt(receipt, call) {
            return Ok(Err(format!("{why}, of {text}")));
        }
    }
    Ok(Ok(()))
}

/// A text as it is; anything else as JSON.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    }
}

fn judge_receipt(receipt: &Receipt, expected: &Call) -> Result<(), String> {
    let message = receipt.message.as_deref().unwrap_or_default();
    let code = expected.code.unwrap_or(Some(0));
    if code.is_some_and(|code| code != receipt.code) {
        let code = code.unwrap_or_default();
        return Err(format!("code {} ({message:?}) instead of {code}", receipt.code));
    }
    match &expected.message {
        Some(part) if !message.contains(part.as_str()) => {
            Err(format!("the message {message:?} lacks {part:?}"))
        }
        _ => Ok(()),
    }
}

fn judge_answer(answer: &Answer, step: &Step) -> Result<(), String> {
    match (answer, &step.fails) {
        (Answer::Raised(reason), Some(part)) if reason.contains(part.as_str()) => Ok(()),
        (Answer::TimedOut, Some(_)) => Ok(()),
        (Answer::Returned(text), None) => {
            let Some(expected) = &step.answer else { return Ok(()) };
            let found = serde_json::from_str(text).unwrap_or(Value::String(text.clone()));
            let same_text = expected.as_str().is_some_and(|expected| expected == text);
            let fits = same_text || fits(expected, &found);
            if fits { Ok(()) } else { Err(format!("the answer is {text}, not {expected}")) }
        }
        (answer, Some(part)) => Err(format!("{answer:?}; to fail with {part:?} is expected")),
        (answer, None) => Err(format!("the query failed: {answer:?}")),
    }
}

/// Whether `found` is `expected`, or has more members.
fn fits(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            let fits = |(name, value): (&String, &Value)| {
                found.get(name).is_some_and(|found| fits(value, found))
            };
            expected.iter().all(fits)
        }
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len() && expected.iter().zip(found).all(|(e, f)| fits(e, f))
        }
        (expected, found) => expected == found,
    }
}

/// Executes the transactions in `lines`, one a line as it is; an empty line ends a block. Then
/// answers `queries`. Writes a line for each transaction, block and answer.
///
/// # Errors
/// The package does not load, or its runner ends again and again.
pub fn run(
    package: &Path,
    lines: &str,
    queries: &[String],
    output: &mut impl Write,
) -> Result<(), TrialError> {
    let mut channel = LocalChannel::start(package, INVOKE_TIMEOUT_MS)?;
    let mut say = |line: String| writeln!(output, "{line}").map_err(TrialError::Output);
    say(format!("version {}", channel.loaded().version))?;
    for block in blocks_of(lines) {
        let executed = channel.execute(&block)?;
        for (index, receipt) in executed.receipts.iter().enumerate() {
            let message = receipt.message.as_deref().unwrap_or_default();
            say(format!("{}/{index} {} {message}", executed.height, receipt.code))?;
        }
        say(format!("{} state {}", executed.height, hex::encode(executed.state_hash)))?;
    }
    for request in queries {
        let answer = match channel.query(request)? {
            Answer::Returned(text) => text,
            Answer::Raised(reason) => format!("failed: {reason}"),
            Answer::TimedOut => "failed: it took too long".to_owned(),
        };
        say(format!("query {request} {answer}"))?;
    }
    Ok(())
}

fn blocks_of(lines: &str) -> Vec<Vec<String>> {
    let lines: Vec<String> = lines.lines().map(str::to_owned).collect();
    let blocks = lines.split(|line| line.is_empty()).filter(|block| !block.is_empty());
    blocks.map(<[String]>::to_vec).collect()
}

#[cfg(test)]
mod tests;
