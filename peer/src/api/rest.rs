//! REST, `/api/v1`, served by warp. The only use of warp.
//!
//! One filter takes every request, so that every answer, errors too, has the one shape that the
//! contract gives it.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures::StreamExt;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;
use warp::http::{HeaderMap, Method, Response, StatusCode, header};
use warp::hyper::body::Bytes;
use warp::{Buf, Filter};

use super::{NoChannel, TransactionResult, code};
use crate::channel::Channel;
use crate::intake::Refused;
use crate::node::Node;
use crate::view::Which;

const BLOCK_FIELDS: [&str; 5] =
    ["prev_block_hash", "merkle_tree_root_hash", "time_stamp", "height", "peer_id"];
const TRANSACTION_FIELDS: [&str; 4] = ["tx_hash", "timestamp", "data_string", "peer_id"];
const OPENAPI: &str = include_str!("openapi.json");

/// Bodies being read at once, and how long one may take.
pub const BODIES_MAX: usize = 512;
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// An answer that is not 200.
#[derive(Debug)]
struct Failure {
    status: StatusCode,
    code: i32,
    message: String,
}

type Outcome = Result<Value, Failure>;

fn failure(status: StatusCode, code: i32, message: impl Into<String>) -> Failure {
    Failure { status, code, message: message.into() }
}

fn bad(message: impl Into<String>) -> Failure {
    failure(StatusCode::BAD_REQUEST, code::INVALID_PARAMETERS, message)
}

impl From<NoChannel> for Failure {
    fn from(error: NoChannel) -> Failure {
        let status = match error {
            NoChannel::Unknown(..) => StatusCode::NOT_FOUND,
            NoChannel::NotJoined(_) => StatusCode::SERVICE_UNAVAILABLE,
        };
        failure(status, code::FAIL, error.to_string())
    }
}

impl From<Refused> for Failure {
    fn from(error: Refused) -> Failure {
        let status = match error {
            Refused::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Refused::Overloaded { .. } | Refused::OverloadedBytes { .. } => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Refused::ReadOnly => StatusCode::FORBIDDEN,
            Refused::NotJoined | Refused::LostRecord | Refused::HoldsBack | Refused::Stopping => {
                StatusCode::SERVICE_UNAVAILABLE
            }
        };
        failure(status, code::FAIL, error.to_string())
    }
}

/// Serves until `shutdown`.
pub async fn serve(
    node: Node,
    listener: tokio::net::TcpListener,
    shutdown: CancellationToken,
) -> std::io::Result<SocketAddr> {
    let address = listener.local_addr()?;
    let tasks = node.surroundings.tasks.clone();
    let route = warp::method()
        .and(warp::path::full())
        .and(warp::query::raw().or(warp::any().map(String::new)).unify())
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .then(
            move |method: Method,
                  path: warp::path::FullPath,
                  query: String,
                  headers: HeaderMap,
                  body| {
                let node = node.clone();
                async move {
                    render(handle(&node, &method, path.as_str(), &query, &headers, body).await)
                }
            },
        );
    let stopped = async move { shutdown.cancelled().await };
    let served = warp::serve(route).incoming(listener).graceful(stopped).run();
    tasks.spawn(served);
    Ok(address)
}

fn render(outcome: Result<Option<Value>, Failure>) -> Response<String> {
    let (status, body) = match outcome {
        Ok(Some(value)) => (StatusCode::OK, value.to_string()),
        Ok(None) => (StatusCode::NO_CONTENT, String::new()),
        Err(Failure { status, code, message }) => {
            (status, json!({"response_code": code, "message": message}).to_string())
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_TYPE, "application/json; charset=utf-8"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "accept, content-type"),
    ];
    for (name, value) in fixed {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    response
}

// Routes, with the method each takes.
const ROUTES: [(&str, Method); 8] = [
    ("/api/v1/status/peer", Method::GET),
    ("/api/v1/status/score", Method::GET),
    ("/api/v1/transactions", Method::GET),
    ("/api/v1/transactions", Method::POST),
    ("/api/v1/transactions/result", Method::GET),
    ("/api/v1/query", Method::POST),
    ("/api/v1/blocks", Method::GET),
    ("/api/v1/openapi.json", Method::GET),
];

async fn handle<S, B>(
    node: &Node,
    method: &Method,
    path: &str,
    query: &str,
    headers: &HeaderMap,
    body: S,
) -> Result<Option<Value>, Failure>
where
    S: futures::Stream<Item = Result<B, warp::Error>> + Send,
    B: Buf,
{
    let path = path.trim_end_matches('/');
    let allowed: Vec<&Method> =
        ROUTES.iter().filter(|(route, _)| *route == path).map(|(_, m)| m).collect();
    if allowed.is_empty() {
        let message = format!("no route {path}; /api/v1/openapi.json lists them");
        return Err(failure(StatusCode::NOT_FOUND, code::FAIL, message));
    }
    if method == Method::OPTIONS {
        return Ok(None);
    }
    if !allowed.contains(&method) {
        let names: Vec<&str> = allowed.iter().map(|m| m.as_str()).collect();
        let message = format!("{path} takes {}, not {method}", names.join(" and "));
        return Err(failure(StatusCode::METHOD_NOT_ALLOWED, code::FAIL, message));
    }
    let outcome = if method == Method::POST {
        let body = read_body(node, headers, body).await?;
        post(node, path, body).await
    } else {
        get(node, path, query).await
    };
    outcome.map(Some)
}

async fn get(node: &Node, path: &str, query: &str) -> Outcome {
    let parameter = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    };
    if path == "/api/v1/openapi.json" {
        return Ok(serde_json::from_str(OPENAPI).expect("a test reads the document"));
    }
    let name = parameter("channel");
    let channel = super::channel(node, name.as_deref())?;
    let hash = parameter("hash");
    match path {
        "/api/v1/status/peer" => Ok(super::peer_status(node, &channel)),
        "/api/v1/status/score" => Ok(super::score_status(&channel)),
        "/api/v1/blocks" => get_block(&channel, hash.as_deref()),
        _ => {
            let text =
                hash.ok_or_else(|| bad("the parameter 'hash' is missing; expected 64 hex digits"))?;
            if path == "/api/v1/transactions" {
                get_transaction(&channel, &text)
            } else {
                get_result(&channel, &text)
            }
        }
    }
}

fn parse_hash(text: &str) -> Result<chain::hash::Hash, Failure> {
    text.parse()
        .map_err(|_| bad(format!("'{}' is not a hash; expected 64 hex digits", shortened(text))))
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

fn get_transaction(channel: &Channel, text: &str) -> Outcome {
    let Some((found, meta)) = super::transaction(channel, &parse_hash(text)?) else {
        return Ok(json!({
            "response_code": code::FAIL, "data": "", "meta": "", "more_info": "fail",
            "signature": "", "public_key": "",
        }));
    };
    let text = found.transaction.data;
    let data: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Ok(json!({
        "response_code": code::SUCCESS,
        "data": data,
        "meta": meta,
        "more_info": "success",
        "signature": BASE64.encode(found.signature),
        "public_key": BASE64.encode(found.public_key),
    }))
}

fn get_result(channel: &Channel, text: &str) -> Outcome {
    Ok(match super::result(channel, &parse_hash(text)?) {
        TransactionResult::Unknown => json!({"response_code": code::FAIL.to_string()}),
        TransactionResult::Known { code, message } => {
            let response = super::response(code, message.as_deref());
            json!({"response_code": "0", "response": response})
        }
    })
}

fn get_block(channel: &Channel, text: Option<&str>) -> Outcome {
    let which = match text {
        None => Which::Last,
        Some(text) => Which::Hash(parse_hash(text)?),
    };
    let Some(block) = super::block(channel, which) else {
        return Ok(json!({
            "response_code": code::WRONG_BLOCK_HASH, "block_hash": text.unwrap_or_default(),
            "block_data_json": {}, "tx_data_json": "",
        }));
    };
    let fields = block.fields(&BLOCK_FIELDS);
    if text.is_none() {
        return Ok(json!({
            "response_code": code::SUCCESS, "block_hash": block.hash.to_string(),
            "block_data_json": fields,
        }));
    }
    let transactions = block.transactions(&channel.ledger, &TRANSACTION_FIELDS);
    let transactions = if transactions.is_empty() { json!("") } else { json!(transactions) };
    Ok(json!({
        "block_hash": block.hash.to_string(), "block_data_json": fields,
        "tx_data_json": transactions,
    }))
}

async fn post(node: &Node, path: &str, body: Bytes) -> Outcome {
    let text = String::from_utf8(body.to_vec()).map_err(|_| bad("the body is not UTF-8"))?;
    let object: Map<String, Value> = serde_json::from_str(&text)
        .map_err(|error| bad(format!("the body is not a JSON object: {error}")))?;
    let name = match object.get("channel") {
        None => None,
        Some(Value::String(name)) => Some(name.as_str()),
        Some(_) => return Err(bad("'channel' is not a string; expected a channel's name")),
    };
    let channel = super::channel(node, name)?;
    if path == "/api/v1/query" {
        let (code, response) = super::query(&channel, text).await;
        return Ok(match response {
            Some(response) => json!({"response_code": code.to_string(), "response": response}),
            None => json!({"response_code": code.to_string()}),
        });
    }
    let hash = super::create_transaction(&channel, text).await?;
    Ok(json!({"response_code": "0", "tx_hash": hash.to_string(), "more_info": ""}))
}

async fn read_body<S, B>(node: &Node, headers: &HeaderMap, body: S) -> Result<Bytes, Failure>
where
    S: futures::Stream<Item = Result<B, warp::Error>> + Send,
    B: Buf,
{
    // One that is no text is another kind than JSON.
    let media = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let media = media.unwrap_or("application/json").split(';').next().unwrap_or_default().trim();
    // curl -d without a header says it sends a form; the old tutorials do so. A web page may send
    // such types anywhere without being asked for, so pages have to say that it is JSON.
    let known = ["application/json", "application/x-www-form-urlencoded", "text/plain"];
    let known = if headers.contains_key(header::ORIGIN) { &known[..1] } else { &known[..] };
    if !known.iter().any(|name| media.eq_ignore_ascii_case(name)) {
        let message =
            format!("content type '{}' is not JSON; send application/json", shortened(media));
        return Err(failure(StatusCode::UNSUPPORTED_MEDIA_TYPE, code::FAIL, message));
    }
    let busy = |_| {
        let message = format!("{BODIES_MAX} requests are being read; try again later");
        failure(StatusCode::TOO_MANY_REQUESTS, code::FAIL, message)
    };
    let _place = node.rest_bodies.try_acquire().map_err(busy)?;
    let read = tokio::time::timeout(BODY_TIMEOUT, collect(node, body)).await;
    read.unwrap_or_else(|_| {
        let message = format!("the body took longer than {} s", BODY_TIMEOUT.as_secs());
        Err(failure(StatusCode::REQUEST_TIMEOUT, code::FAIL, message))
    })
}

async fn collect<S, B>(node: &Node, body: S) -> Result<Bytes, Failure>
where
    S: futures::Stream<Item = Result<B, warp::Error>> + Send,
    B: Buf,
{
    let max = node.settings.channel_settings.transaction_bytes_max as usize;
    let mut bytes = Vec::new();
    futures::pin_mut!(body);
    while let Some(part) = body.next().await {
        let mut part = part.map_err(|error| bad(format!("the body broke off: {error}")))?;
        if bytes.len() + part.remaining() > max {
            let message = format!("the body is over {max} bytes (MAX_TX_BYTES)");
            return Err(failure(StatusCode::PAYLOAD_TOO_LARGE, code::FAIL, message));
        }
        while part.has_remaining() {
            let piece = part.chunk();
            bytes.extend_from_slice(piece);
            let length = piece.len();
            part.advance(length);
        }
    }
    Ok(bytes.into())
}
