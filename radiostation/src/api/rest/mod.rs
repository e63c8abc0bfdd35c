//! The REST service, and the only use of warp: HTTP comes in, `routes` answers, JSON goes out.

mod answer;
mod conf;
mod membership;
mod peers;
mod routes;

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use warp::http::{HeaderMap, Method, Response, header};
use warp::path::FullPath;
use warp::{Buf, Filter};

use super::Shared;
use super::caller::Caller;
use answer::Answer;
use routes::{Asked, Route, Verb};

/// Requests worked on at a time; beyond it they are answered 429.
const REQUESTS_MAX: usize = 512;
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Serves until `shutdown`, then until what was asked is answered.
pub async fn serve(
    shared: Arc<Shared>,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let busy = Arc::new(Semaphore::new(REQUESTS_MAX));
    let filter = warp::any()
        .and(warp::method())
        .and(warp::path::full())
        .and(warp::query::<Vec<(String, String)>>())
        .and(warp::header::headers_cloned())
        .and(warp::addr::remote())
        .and(warp::body::stream())
        .then(move |method, path: FullPath, query, headers, address, body| {
            let (shared, busy) = (Arc::clone(&shared), Arc::clone(&busy));
            async move {
                let Ok(_permit) = busy.try_acquire() else {
                    let text = format!("{REQUESTS_MAX} requests are being answered; try again");
                    return response(&Answer::error(429, -1, text), None);
                };
                let request = Request { method, path, query, headers, address };
                respond(&shared, request, body).await
            }
        })
        .recover(|_| async {
            let text = "the query cannot be read; expected name=value pairs joined by &";
            Ok::<_, Infallible>(response(&Answer::error(400, -6, text.to_owned()), None))
        });
    warp::serve(filter).incoming(listener).graceful(shutdown).run().await;
}

struct Request {
    method: Method,
    path: FullPath,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    address: Option<SocketAddr>,
}

async fn respond(
    shared: &Arc<Shared>,
    request: Request,
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
) -> Response<Vec<u8>> {
    let route = match Route::find(request.path.as_str()) {
        Ok(route) => route,
        Err(answer) => return response(&answer, None),
    };
    let verb = match request.method {
        Method::OPTIONS => return response(&Answer::ok(Value::Object(Default::default())), None),
        Method::GET => Some(Verb::Get),
        Method::POST => Some(Verb::Post),
        _ => None,
    };
    let Some(verb) = verb.filter(|verb| route.verbs().contains(verb)) else {
        let allowed: Vec<&str> = route.verbs().iter().map(|verb| verb.name()).collect();
        let allowed = allowed.join(", ");
        let text = format!("found {}; expected {allowed}", request.method);
        return response(&Answer::error(405, -1, text), Some(&allowed));
    };
    let body = match verb {
        Verb::Get => None,
        Verb::Post => match read_object(&request.headers, body, shared.body_bytes_max).await {
            Ok(object) => Some(object),
            Err(answer) => return response(&answer, None),
        },
    };
    let caller = caller(&request.headers, request.address);
    let asked = Asked { query: request.query, body, caller };
    response(&routes::answer(shared, route, verb, asked).await, None)
}

fn caller(headers: &HeaderMap, address: Option<SocketAddr>) -> Caller {
    let proxies = ["origin", "forwarded", "x-forwarded-for", "x-real-ip"];
    let authorization = headers.get(header::AUTHORIZATION);
    Caller {
        address,
        // One that is no text is kept as a wrong one.
        authorization: authorization.map(|value| value.to_str().unwrap_or_default().to_owned()),
        on_behalf: proxies.iter().any(|name| headers.contains_key(*name)),
    }
}

/// The JSON object that was posted.
async fn read_object(
    headers: &HeaderMap,
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
    bytes_max: usize,
) -> Result<serde_json::Map<String, Value>, Answer> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
    if !media_type.trim().eq_ignore_ascii_case("application/json") {
        let text = format!("content type: found {media_type:?}; expected application/json");
        return Err(Answer::error(415, -1, text));
    }
    let too_large = || {
        let text =
            format!("the body is too large; expected at most {bytes_max} bytes (MAX_TX_BYTES)");
        Answer::error(413, -1, text)
    };
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if length.and_then(|text| text.parse::<u64>().ok()).is_some_and(|n| n > bytes_max as u64) {
        return Err(too_large());
    }
    let reading = read_all(body, bytes_max);
    let bytes = tokio::time::timeout(BODY_TIMEOUT, reading).await.map_err(|_| {
        let text = format!("the body did not come within {} s", BODY_TIMEOUT.as_secs());
        Answer::error(408, -900, text)
    })?;
    let bytes = match bytes {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(too_large()),
        Err(error) => {
            return Err(Answer::error(400, -1, format!("the body cannot be read: {error}")));
        }
    };
    match serde_json::from_slice(&bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Answer::error(400, -1, "the body is JSON; expected a JSON object".to_owned())),
        Err(error) => {
            let text = format!("the body is not JSON: {error}; expected a JSON object");
            Err(Answer::error(400, -1, text))
        }
    }
}

/// None when there are more than `bytes_max`.
async fn read_all(
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
    bytes_max: usize,
) -> Result<Option<Vec<u8>>, warp::Error> {
    let mut body = std::pin::pin!(body);
    let mut bytes = Vec::new();
    while let Some(part) = body.next().await {
        let mut part = part?;
        if bytes.len() + part.remaining() > bytes_max {
            return Ok(None);
        }
        while part.has_remaining() {
            let chunk = part.chunk();
            bytes.extend_from_slice(chunk);
            let length = chunk.len();
            part.advance(length);
        }
    }
    Ok(Some(bytes))
}

fn response(answer: &Answer, allowed: Option<&str>) -> Response<Vec<u8>> {
    let mut builder = Response::builder()
        .status(answer.status)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")
        .header(header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST")
        .header(header::ACCESS_CONTROL_ALLOW_HEADERS, "accept, content-type");
    if let Some(allowed) = allowed {
        builder = builder.header(header::ALLOW, allowed);
    }
    builder.body(answer.body.to_string().into_bytes()).expect("the headers are our own")
}
