//! Documents that several parties approve; the same contract as `score/sample/documents`.
//!
//! A proposed document names its parties and how many of them must approve it.
//! - `request`: reads what clients send
//! - `register`: where documents are kept

mod register;
mod request;

use loopchain_sdk::{Block, Failure, Score, State, Transaction, View};
use serde_json::{Map, Value, json};

use request::Request;

const EXISTS: i64 = 1002;
const UNKNOWN: i64 = 1003;
const NOT_A_PARTY: i64 = 1004;
const TWICE: i64 = 1005;
const COMPLETE: i64 = 1006;

loopchain_sdk::score!(Documents);

/// The contract.
#[derive(Default)]
pub struct Documents;

impl Score for Documents {
    fn invoke(
        &self,
        transaction: &Transaction<'_>,
        block: &Block<'_>,
        state: &mut State<'_>,
    ) -> Result<(), Failure> {
        let request = Request::read(transaction.data)?;
        match request.method.as_str() {
            "propose" => propose(&request, transaction, block, state),
            "approve" => approve(&request, transaction, block, state),
            _ => Err(request.no_method("propose, approve")),
        }
    }

    fn query(&self, request: &str, state: &View<'_>) -> Result<String, String> {
        let answer = match answer(request, state) {
            Ok(response) => json!({"code": 0, "jsonrpc": "2.0", "response": response}),
            Err(Failure { code, message }) => {
                json!({"code": code, "jsonrpc": "2.0", "message": message})
            }
        };
        Ok(answer.to_string())
    }
}

fn answer(request: &str, state: &View<'_>) -> Result<Value, Failure> {
    let request = Request::read(request)?;
    match request.method.as_str() {
        "document" => existing(&request.name("document")?, state).map(Value::Object),
        "user" => {
            let user = request.name("user")?;
            let (after, limit) = request.page()?;
            let documents = register::of_user(state, &user, &after, limit);
            Ok(json!({"documents": documents, "user": user}))
        }
        "list" => {
            let (after, limit) = request.page()?;
            Ok(json!({"documents": register::list(state, &after, limit)}))
        }
        _ => Err(request.no_method("document, user, list")),
    }
}

fn propose(
    request: &Request,
    transaction: &Transaction<'_>,
    block: &Block<'_>,
    state: &mut State<'_>,
) -> Result<(), Failure> {
    let name = request.name("document")?;
    let user = request.name("user")?;
    let parties = request.parties()?;
    let quorum = request.quorum(parties.len())?;
    let content_hash = request.text("content_hash")?;
    if register::find(state, &name).is_some() {
        return Err(Failure::new(EXISTS, format!("the document '{name}' was proposed already")));
    }
    // In the order of their names, as the contract in Python stores them.
    let document = json!({
        "approvals": [],
        "content_hash": content_hash,
        "document": name,
        "parties": parties,
        "proposed_by_transaction": transaction.hash,
        "proposed_height": block.height,
        "proposer": user,
        "quorum": quorum,
        "status": "proposed",
    });
    register::add(state, &name, &document, &parties);
    Ok(())
}

fn approve(
    request: &Request,
    transaction: &Transaction<'_>,
    block: &Block<'_>,
    state: &mut State<'_>,
) -> Result<(), Failure> {
    let name = request.name("document")?;
    let mut document = existing(&name, state)?;
    let user = request.name("user")?;
    if !strings(&document, "parties").any(|party| party == user) {
        let message = format!("'{user}' is no party of the document '{name}'");
        return Err(Failure::new(NOT_A_PARTY, message));
    }
    let mut approvals = document["approvals"].as_array().cloned().unwrap_or_default();
    if approvals.iter().any(|approval| approval["user"] == user.as_str()) {
        let message = format!("'{user}' has approved the document '{name}' already");
        return Err(Failure::new(TWICE, message));
    }
    if document["status"] == "approved" {
        return Err(Failure::new(COMPLETE, format!("the document '{name}' is approved already")));
    }
    approvals.push(json!({
        "height": block.height,
        "transaction": transaction.hash,
        "user": user,
    }));
    if document["quorum"] == approvals.len() {
        document["status"] = json!("approved");
    }
    document["approvals"] = Value::Array(approvals);
    register::change(state, &name, &Value::Object(document));
    Ok(())
}

fn existing(name: &str, state: &View<'_>) -> Result<Map<String, Value>, Failure> {
    let unknown = || Failure::new(UNKNOWN, format!("there is no document '{name}'"));
    register::find(state, name).ok_or_else(unknown)
}

fn strings<'a>(document: &'a Map<String, Value>, key: &str) -> impl Iterator<Item = &'a str> {
    document[key].as_array().into_iter().flatten().filter_map(Value::as_str)
}
