//! Bad input for every route: the answer says what was wrong, and the process lives on.

use serde_json::{Value, json};
use tests::network::Network;
use tests::plan::{CERTIFICATES, Plan};
use tests::raw_http::{RawAnswer, exchange, request};

/// A request and the HTTP status and `response_code` it must get.
struct Case {
    request: Vec<u8>,
    what: String,
    status: u16,
    code: Option<i64>,
}

const JSON: &[&str] = &["Content-Type: application/json"];
const MAX_TX_BYTES: usize = 1 << 20;

fn get(target: &str, status: u16, code: i64) -> Case {
    send("GET", target.as_bytes(), &[], b"", status, Some(code))
}

fn post(target: &str, body: &[u8], status: u16, code: Option<i64>) -> Case {
    send("POST", target.as_bytes(), JSON, body, status, code)
}

fn send(
    method: &str,
    target: &[u8],
    headers: &[&str],
    body: &[u8],
    status: u16,
    code: Option<i64>,
) -> Case {
    let shown = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
    let what = format!("{method} {} {headers:?} {}", shown(target), shown(body));
    Case { request: request(method, target, headers, body), what, status, code }
}

#[test]
fn bad_input_gets_the_documented_answer_and_harms_nothing() {
    let mut network = Network::start(Plan::default());
    let peer = network.peers[0].rest_port;
    let radiostation = network.radiostation.rest_port;
    let mut failures = Vec::new();
    let tables = [
        (peer, parameters()),
        (peer, bodies()),
        (peer, peer_routes_and_methods()),
        (radiostation, radiostation_parameters()),
        (radiostation, radiostation_routes_and_methods()),
    ];
    for (port, cases) in tables {
        failures.extend(cases.iter().filter_map(|case| check(port, case).err()));
    }
    for port in [peer, radiostation] {
        failures.extend(preflight(port).err());
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
    for port in [peer, radiostation, network.peers[0].grpc_port, network.peers[0].p2p_port] {
        not_even_http(port);
    }
    network.assert_healthy();
    let rest = &network.peers[0].rest;
    let hash = rest.accepted(&json!({ "data": "after all that" }));
    assert_eq!(rest.executed(CERTIFICATES, &hash)["code"], 0);
    network.assert_healthy();
}

fn check(port: u16, case: &Case) -> Result<(), String> {
    let fail = |why: String| Err(format!("{}: {why}", case.what));
    let answer = match exchange(port, &case.request) {
        Ok(answer) => answer,
        Err(error) => return fail(error),
    };
    let shown: String = answer.text().chars().take(300).collect();
    if answer.status != case.status {
        return fail(format!("HTTP {} instead of {}: {shown}", answer.status, case.status));
    }
    if let Err(why) = headers_are_right(&answer) {
        return fail(why);
    }
    if case.request.starts_with(b"HEAD ") {
        return Ok(());
    }
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
        return fail(format!("no JSON: {shown}"));
    };
    let code = &body["response_code"];
    let message = body["message"].as_str().unwrap_or_default();
    if case.code.is_some_and(|expected| *code != expected) || !code.is_i64() {
        return fail(format!("response_code {code}: {shown}"));
    }
    if message.is_empty() || body.as_object().map(|all| all.len()) != Some(2) {
        return fail(format!("not response_code and message alone: {shown}"));
    }
    Ok(())
}

fn headers_are_right(answer: &RawAnswer) -> Result<(), String> {
    let kind = answer.header("content-type").unwrap_or_default();
    if !kind.starts_with("application/json") {
        return Err(format!("content type {kind:?}"));
    }
    match answer.header("access-control-allow-origin") {
        Some("*") => Ok(()),
        other => Err(format!("Access-Control-Allow-Origin {other:?}")),
    }
}

fn preflight(port: u16) -> Result<(), String> {
    let headers = ["Origin: http://elsewhere", "Access-Control-Request-Method: POST"];
    let answer = exchange(port, &request("OPTIONS", b"/api/v1/openapi.json", &headers, b""))?;
    let methods = answer.header("access-control-allow-methods").unwrap_or_default();
    let names = answer.header("access-control-allow-headers").unwrap_or_default();
    let fine = matches!(answer.status, 200 | 204)
        && answer.header("access-control-allow-origin") == Some("*")
        && methods == "GET, POST"
        && names == "accept, content-type";
    if fine { Ok(()) } else { Err(format!("OPTIONS on {port}: {answer:?}")) }
}

fn parameters() -> Vec<Case> {
    let mut cases = Vec::new();
    let sixty_three = "a".repeat(63);
    let hashes = [
        "",
        "zz",
        "%00",
        "%ff%fe",
        "%EA%B0%80",
        &sixty_three,
        &format!("{sixty_three}g"),
        &"a".repeat(65),
        &"a".repeat(20_000),
        "0x00",
        "'%20OR%201=1",
        "../../etc/passwd",
    ];
    for route in ["transactions", "transactions/result", "blocks"] {
        for hash in hashes {
            cases.push(get(&format!("/api/v1/{route}?hash={hash}"), 400, -6));
        }
    }
    for route in ["transactions", "transactions/result"] {
        cases.push(get(&format!("/api/v1/{route}"), 400, -6));
        cases.push(get(&format!("/api/v1/{route}?Hash={}", "a".repeat(64)), 400, -6));
        cases.push(get(&format!("/api/v1/{route}?{}", "&".repeat(5000)), 400, -6));
    }
    let hash = "a".repeat(64);
    let channels =
        ["nowhere", "%ff%fe", "%00", "kofia%20certificate", &"c".repeat(20_000), "%F0%9F%98%80"];
    for route in ["status/peer", "status/score", "blocks", "transactions", "transactions/result"] {
        for channel in channels {
            cases.push(get(&format!("/api/v1/{route}?channel={channel}&hash={hash}"), 404, -1));
        }
    }
    cases
}

fn bodies() -> Vec<Case> {
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let wrong: [&[u8]; 15] = [
        b"",
        b" ",
        b"this is no JSON",
        b"[1]",
        b"\"text\"",
        b"null",
        b"17",
        b"{",
        b"{\"a\":}",
        b"{\"a\":NaN}",
        b"{\"a\":\"\\ud800\"}",
        b"{\"a\":1} trailing",
        b"\xff\xfe{}",
        b"{\"a\":\"\xc3\x28\"}",
        deep.as_bytes(),
    ];
    let oversize = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_TX_BYTES));
    let mut cases = Vec::new();
    for route in ["/api/v1/transactions", "/api/v1/query"] {
        cases.extend(wrong.iter().map(|body| post(route, body, 400, None)));
        for channel in ["5", "null", "[\"x\"]", "{}", "true", "1.5"] {
            let body = format!("{{\"channel\":{channel}}}");
            cases.push(post(route, body.as_bytes(), 400, Some(-6)));
        }
        for channel in ["nowhere", "\\u0000", "../x", &"c".repeat(10_000)] {
            let body = format!("{{\"channel\":\"{channel}\"}}");
            cases.push(post(route, body.as_bytes(), 404, Some(-1)));
        }
        cases.push(post(route, oversize.as_bytes(), 413, None));
        for kind in ["text/html", "image/png", "multipart/form-data", "application/xml", "x", "é"]
        {
            let header = format!("Content-Type: {kind}");
            cases.push(send("POST", route.as_bytes(), &[&header], b"{}", 415, None));
        }
    }
    cases
}

fn peer_routes_and_methods() -> Vec<Case> {
    let both = ["transactions"];
    let reads = ["status/peer", "status/score", "transactions/result", "blocks", "openapi.json"];
    let writes = ["query"];
    let mut cases = wrong_methods(&both, &["PUT", "DELETE", "PATCH", "HEAD", "TRACE", "BREW"]);
    cases.extend(wrong_methods(&reads, &["POST", "PUT", "DELETE", "PATCH", "BREW"]));
    cases.extend(wrong_methods(&writes, &["GET", "PUT", "DELETE", "HEAD"]));
    cases.extend(unknown_routes());
    cases
}

fn wrong_methods(routes: &[&str], methods: &[&str]) -> Vec<Case> {
    let pairs = routes.iter().flat_map(|route| methods.iter().map(move |method| (route, method)));
    let one = |(route, method): (&&str, &&str)| {
        let target = format!("/api/v1/{route}");
        send(method, target.as_bytes(), JSON, b"", 405, None)
    };
    pairs.map(one).collect()
}

fn unknown_routes() -> Vec<Case> {
    let long = format!("/api/v1/{}", "a".repeat(20_000));
    let targets: [&[u8]; 14] = [
        b"/",
        b"/api",
        b"/api/v1",
        b"/api/v1/",
        b"/api/v2/status/peer",
        b"/api/v1/nothing",
        b"/api/v1/status",
        b"/api/v1/Status/peer",
        b"//api/v1/status/peer",
        b"/api/v1/../../etc/passwd",
        b"/api/v1/%00",
        b"/api/v1/%ff%fe",
        b"/api/v1/status%2Fpeer",
        long.as_bytes(),
    ];
    let known = |target: &[u8], method| send(method, target, JSON, b"", 404, None);
    targets.iter().flat_map(|target| [known(target, "GET"), known(target, "POST")]).collect()
}

fn radiostation_parameters() -> Vec<Case> {
    let mut cases = Vec::new();
    let id = "0".repeat(8);
    for query in ["", "?peer_id=a", "?group_id=a", "?peer_id=&group_id=", "?peer_id=a&group_id="] {
        cases.push(get(&format!("/api/v1/peer/status{query}"), 400, -6));
    }
    for (peer, group) in [("nobody", "nobody"), (&id[..], &id[..]), ("%ff", "%00"), ("é", "é")] {
        let target = format!("/api/v1/peer/status?peer_id={peer}&group_id={group}");
        cases.push(send("GET", target.as_bytes(), &[], b"", 200, Some(-800)));
    }
    for route in ["peer/list", "peer/leader", "peer/status-list"] {
        for channel in ["nowhere", "%ff%fe", "%00", &"c".repeat(20_000)] {
            cases.push(get(&format!("/api/v1/{route}?channel={channel}"), 404, -1));
        }
    }
    let both = "/api/v1/peer/status?peer_id=a&group_id=a&channel=nowhere";
    cases.push(get(both, 404, -1));
    for name in ["NOTHING", "%ff%fe", "grpc_timeout", &"N".repeat(20_000)] {
        cases.push(get(&format!("/api/v1/conf?name={name}"), 200, -1));
    }
    cases.extend(radiostation_bodies());
    cases
}

fn radiostation_bodies() -> Vec<Case> {
    let deep = format!("{{\"a\":{}", "[".repeat(50_000));
    let oversize = format!("{{\"name\":\"{}\"}}", "x".repeat(MAX_TX_BYTES));
    let mut cases = Vec::new();
    for route in ["/api/v1/conf", "/api/v1/membership"] {
        let wrong: [&[u8]; 6] = [b"", b"no JSON", b"[]", b"{", b"\xff\xfe", deep.as_bytes()];
        cases.extend(wrong.iter().map(|body| post(route, body, 400, None)));
        cases.push(post(route, b"{}", 400, Some(-6)));
        cases.push(post(route, oversize.as_bytes(), 413, None));
        cases.push(send("POST", route.as_bytes(), &["Content-Type: text/html"], b"{}", 415, None));
        let page = ["Origin: http://elsewhere.example", "Content-Type: text/plain"];
        cases.push(send("POST", route.as_bytes(), &page, b"{}", 415, None));
    }
    let conf = [
        (r#"{"name":"GRPC_TIMEOUT"}"#, 400, -6),
        (r#"{"name":5,"value":"1"}"#, 400, -6),
        (r#"{"name":"GRPC_TIMEOUT","value":[]}"#, 400, -6),
        (r#"{"name":"NOTHING","value":"1"}"#, 200, -1),
        (r#"{"name":"PORT_RADIOSTATION","value":"1"}"#, 200, -1),
        (r#"{"name":"GRPC_TIMEOUT","value":"soon"}"#, 200, -1),
        (r#"{"name":"GRPC_TIMEOUT","value":"-5"}"#, 200, -1),
    ];
    let membership = [
        (r#"{"peer_id":"nobody","change":"leave"}"#, 400, -6),
        (r#"{"peer_id":"00000000-0000-0000-0000-000000000000","change":"dance"}"#, 400, -6),
        (r#"{"change":"leave"}"#, 400, -6),
        (r#"{"peer_id":7,"change":"leave"}"#, 400, -6),
    ];
    let case = |route: &'static str| {
        move |(body, status, code): &(&str, u16, i64)| {
            post(route, body.as_bytes(), *status, Some(*code))
        }
    };
    // A proxy on this machine speaks for somebody who is not.
    for proxied in ["X-Forwarded-For: 10.0.0.1", "Origin: http://elsewhere"] {
        let body = br#"{"name":"GRPC_TIMEOUT","value":"1"}"#;
        let headers = [JSON[0], proxied];
        cases.push(send("POST", b"/api/v1/conf", &headers, body, 403, Some(-1)));
        cases.push(send("POST", b"/api/v1/membership", &headers, b"{}", 403, Some(-1)));
    }
    cases.extend(conf.iter().map(case("/api/v1/conf")));
    cases.extend(membership.iter().map(case("/api/v1/membership")));
    cases
}

fn radiostation_routes_and_methods() -> Vec<Case> {
    let reads = ["peer/list", "peer/leader", "peer/status", "peer/status-list", "openapi.json"];
    let mut cases = wrong_methods(&reads, &["POST", "PUT", "DELETE", "PATCH", "HEAD", "BREW"]);
    cases.extend(wrong_methods(&["conf"], &["PUT", "DELETE", "PATCH", "HEAD"]));
    cases.extend(wrong_methods(&["membership"], &["GET", "PUT", "DELETE"]));
    cases.extend(unknown_routes());
    for target in ["/api/v1/peer/nothing", "/api/v1/cert/nothing", "/api/v1/peer/"] {
        cases.push(get(target, 404, -1));
    }
    cases
}

/// Bytes that are none of the protocols spoken there: the connection ends or stays silent.
fn not_even_http(port: u16) {
    let noise: Vec<u8> =
        (0..20_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for bytes in
        [&b"\0\0\0\0"[..], b"GET\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff", &noise]
    {
        tests::raw_http::throw(port, bytes);
    }
}
