//! REST requests, as bytes on a connection to the servers as shipped.

pub mod servers;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::world::world;
use crate::{Target, Verdict};

pub const PEER_REST: Target = Target {
    name: "peer_rest",
    decodes: "requests to the peer's REST service: paths, queries, headers, bodies (peer::api::rest)",
    bytes_max: 1024,
    runs: 8_000,
    memory_max: 4 << 20,
    run: |bytes| {
        static CONNECTION: Connection = Connection::new(servers::peer);
        CONNECTION.ask(bytes)
    },
    seeds: || {
        let world = world();
        let transaction = world.batches[0].transaction_hashes()[0];
        let block = world.committed[0].block.hash();
        let json = "content-type: application/json";
        [
            "GET /api/v1/status/peer".to_owned(),
            "GET /api/v1/status/score?channel=letters".to_owned(),
            format!("GET /api/v1/transactions?hash={transaction}&channel="),
            format!("GET /api/v1/transactions/result?hash={transaction}"),
            "GET /api/v1/blocks".to_owned(),
            format!("GET /api/v1/blocks/?channel=letters&hash={block}"),
            "OPTIONS /api/v1/transactions\norigin: http://a".to_owned(),
            "POST /api/v1/query\n\n{\"jsonrpc\":\"2.0\",\"method\":\"get\",\"channel\":\"letters\"}".to_owned(),
            format!("POST /api/v1/query\n{json}; charset=utf-8\n\n{{\"a\":[1e400,\"\\ud83d\\ude00\"]}}"),
        ]
        .map(String::into_bytes)
        .to_vec()
    },
};

pub const RADIOSTATION_REST: Target = Target {
    name: "radiostation_rest",
    decodes: "requests to the radiostation's REST service (radiostation::api::rest)",
    bytes_max: 1024,
    runs: 8_000,
    memory_max: 4 << 20,
    run: |bytes| {
        static CONNECTION: Connection = Connection::new(servers::radiostation);
        CONNECTION.ask(bytes)
    },
    seeds: || {
        let json = "content-type: application/json";
        [
            "GET /api/v1/peer/list?channel=one".to_owned(),
            "GET /api/v1/peer/status-list".to_owned(),
            "GET /api/v1/conf?name=GRPC_TIMEOUT&x=%c3%a4+%00".to_owned(),
            "GET /api/v1/conf".to_owned(),
            format!("POST /api/v1/conf\n{json}\n\n{{\"name\":\"GRPC_TIMEOUT\",\"value\":2.5}}"),
        ]
        .map(String::into_bytes)
        .to_vec()
    },
};

/// A connection that is kept from input to input.
struct Connection {
    serve: fn() -> SocketAddr,
    stream: Mutex<Option<TcpStream>>,
}

/// What came back.
struct Answer {
    status: u16,
    json: bool,
    body: Vec<u8>,
}

impl Connection {
    const fn new(serve: fn() -> SocketAddr) -> Connection {
        Connection { serve, stream: Mutex::new(None) }
    }

    /// Sends the request that `bytes` stand for and judges the answer.
    fn ask(&self, bytes: &[u8]) -> Verdict {
        let request = request(bytes);
        let mut kept = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        // One that was kept may have been closed after what it carried before.
        let again = kept.take().and_then(|stream| exchange(stream, &request).ok());
        let (answer, stream) = match again {
            Some(answered) => answered,
            None => {
                let stream = TcpStream::connect((self.serve)()).expect("the server listens");
                let limit = Some(Duration::from_secs(4));
                stream.set_read_timeout(limit).expect("a limit that is not zero");
                stream.set_nodelay(true).expect("a connection");
                exchange(stream, &request).expect("every request is answered")
            }
        };
        *kept = stream;
        judge(&answer)
    }
}

fn judge(answer: &Answer) -> Verdict {
    let Answer { status, json, body } = answer;
    let known = [200, 204, 400, 403, 404, 405, 413, 414, 415, 429, 431, 501, 503];
    assert!(known.contains(status), "status {status}: {:?}", String::from_utf8_lossy(body));
    // What HTTP itself does not allow never comes as far as the service.
    let below = [204, 400, 414, 431].contains(status) && body.is_empty();
    assert!(*json || below, "status {status} without JSON");
    if !body.is_empty() {
        let body: Value = serde_json::from_slice(body).expect("a body is JSON");
        let coded = *status == 200 || body.get("response_code").is_some();
        assert!(coded, "status {status} without a response code: {body}");
    }
    if [200, 204].contains(status) { Verdict::Taken } else { Verdict::Refused }
}

/// `METHOD TARGET`, lines of headers, an empty line, the body; whatever would not be one request
/// of HTTP is made one, so that it comes as far as what is examined.
fn request(bytes: &[u8]) -> Vec<u8> {
    let (head, body) = split(bytes, b"\n\n");
    let (line, headers) = split(head, b"\n");
    let (method, target) = split(line, b" ");
    let letters = method.iter().all(u8::is_ascii_uppercase) && (1..=7).contains(&method.len());
    // The answers to these have no body, whatever their headers say.
    let bodiless = [&b"HEAD"[..], b"CONNECT"].contains(&method);
    let mut request = if letters && !bodiless { method.to_vec() } else { b"GET".to_vec() };
    request.push(b' ');
    if target.first() != Some(&b'/') {
        request.push(b'/');
    }
    for byte in target {
        match byte {
            b'!'..=b'~' if *byte != b'#' => request.push(*byte),
            _ => request.extend(format!("%{byte:02x}").bytes()),
        }
    }
    request.extend(b" HTTP/1.1\r\nhost: peer\r\n");
    for header in headers.split(|byte| *byte == b'\n').take(16) {
        let (name, value) = split(header, b":");
        let framing =
            ["content-length", "transfer-encoding", "connection", "expect", "upgrade", "te"];
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
        let named = !name.is_empty() && name.iter().all(plain);
        if named && !framing.iter().any(|one| name.eq_ignore_ascii_case(one.as_bytes())) {
            request.extend(name);
            request.push(b':');
            request.extend(value.iter().filter(|byte| **byte >= b' ' && **byte != 127));
            request.extend(b"\r\n");
        }
    }
    request.extend(format!("content-length: {}\r\n\r\n", body.len()).bytes());
    request.extend(body);
    request
}

fn split<'a>(bytes: &'a [u8], at: &[u8]) -> (&'a [u8], &'a [u8]) {
    let place = bytes.windows(at.len()).position(|window| window == at);
    place.map_or((bytes, &[]), |place| (&bytes[..place], &bytes[place + at.len()..]))
}

/// One request and its answer; the connection, unless the server ends it.
fn exchange(mut stream: TcpStream, request: &[u8]) -> std::io::Result<(Answer, Option<TcpStream>)> {
    stream.write_all(request)?;
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(known, _)| *known == name).map(|(_, value)| value.trim().to_owned())
    };
    let length = header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let answer = Answer {
        status: status.ok_or(std::io::ErrorKind::InvalidData)?,
        json: header("content-type").is_some_and(|media| media.starts_with("application/json")),
        body,
    };
    let closes = header("connection").is_some_and(|word| word == "close");
    Ok((answer, (!closes).then_some(stream)))
}
