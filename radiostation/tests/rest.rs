//! The REST routes of the real program.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::{Value, json};
use support::peer::{Attending, id, report, target};
use support::{Station, agent, one_channel, read};

#[tokio::test(flavor = "multi_thread")]
async fn peers_are_listed_as_the_contract_says() {
    let station = Station::start(&json!({}), &one_channel());
    let empty = station.got("/api/v1/peer/list");
    assert_eq!(empty["data"]["registered_peer_list"], json!([]));
    assert_eq!(station.got("/api/v1/peer/leader")["response_code"], -5);

    let (mut first, _) = Attending::join(&station, 1).await;
    let (second, _) = Attending::join(&station, 2).await;
    first.report(vec![report("one", 1, 2, 1)]).await;
    while !first.heard().await.contains("leader") {}
    drop(second);
    while !first.heard().await.contains("lost") {}

    let list = station.got("/api/v1/peer/list?channel=one");
    let text = list.to_string();
    let start = "{\"response_code\":0,\"data\":{\"registered_peer_count\":2,\
                 \"connected_peer_count\":1,\"registered_peer_list\":[{\"order\":1,\"peer_id\":";
    assert!(text.starts_with(start), "{text}");
    let peer = &list["data"]["registered_peer_list"][1];
    let time = peer["status_update_time"].as_str().unwrap();
    assert_eq!(time.len(), "2018-03-05 07:21:21.848287".len());
    let expected = json!({
        "order": 2, "peer_id": id(2).to_string(), "group_id": id(2).to_string(),
        "target": target(2), "cert": "", "status": 2, "status_update_time": time, "peer_type": 1,
    });
    assert_eq!(peer, &expected);
    assert_eq!(list["data"]["connected_peer_list"][0]["order"], 1);
    let mut leader = expected;
    leader.as_object_mut().unwrap().shift_remove("peer_type");
    assert_eq!(station.got("/api/v1/peer/leader"), json!({ "response_code": 0, "data": leader }));
}

#[tokio::test(flavor = "multi_thread")]
async fn statuses_come_from_the_peers_themselves() {
    let station = Station::start(&json!({ "GRPC_TIMEOUT": 2 }), &one_channel());
    let (_first, _) = Attending::join(&station, 1).await;
    let serving = support::serving::serve().await;
    let (_second, _) =
        Attending::join_with(&station, 2, &serving.to_string(), Vec::new()).await.unwrap();
    let path =
        |peer: &str, group: &str| format!("/api/v1/peer/status?peer_id={peer}&group_id={group}");
    let (one, two) = (id(1).to_string(), id(2).to_string());

    assert_eq!(station.got(&path(&two, &two)), json!({ "peer_type": "0", "asked": "one" }));
    let gone = station.got(&path(&one, &one));
    assert_eq!(gone["response_code"], -1, "{gone}");
    assert!(gone["message"].as_str().unwrap().contains("cannot be reached"), "{gone}");
    for (peer, group) in [(&two, &one), (&id(3).to_string(), &one), (&"x".to_owned(), &one)] {
        assert_eq!(station.got(&path(peer, group))["response_code"], -800);
    }
    for missing in ["", "?peer_id=a", "?group_id=a", "?peer_id=&group_id=a"] {
        let (status, body) = station.get(&format!("/api/v1/peer/status{missing}"));
        assert_eq!((status, &body["response_code"]), (400, &json!(-6)), "{missing}");
        let text = "You must throw all of parameters : peer_id, group_id";
        assert!(body["message"].as_str().unwrap().ends_with(text));
    }
    let list = station.got("/api/v1/peer/status-list");
    let statuses = &list["data"]["peer_status_list"];
    assert_eq!(statuses[0]["response_code"], -1);
    assert_eq!((&statuses[0]["order"], &statuses[0]["peer_id"]), (&json!(1), &json!(one)));
    assert_eq!(statuses[1], json!({ "peer_type": "0", "asked": "one", "order": 2 }));
    assert_eq!(list["data"]["connected_peer_count"], 2);
}

#[test]
fn settings_are_shown_and_changed() {
    let station = Station::start(&json!({ "GRPC_TIMEOUT": "30" }), &one_channel());
    let all = station.got("/api/v1/conf");
    let all = all["data"].as_array().unwrap();
    assert!(all.contains(&json!({ "name": "PORT_PEER", "value": "7100", "type": 1 })));
    assert!(!all.iter().any(|entry| entry["value"] == "a password of tests"));
    let name = "NO_RESPONSE_COUNT_ALLOW_BY_HEARTBEAT";
    let one = station.got(&format!("/api/v1/conf?name={name}"));
    assert_eq!(one["data"], json!({ "name": name, "value": "5", "type": 1 }));
    let unknown = station.got("/api/v1/conf?name=X");
    let message = "'X' is an incorrect configuration name.";
    assert_eq!(unknown, json!({ "response_code": -1, "message": message }));

    let success = (200, json!({ "response_code": 0, "message": "success" }));
    let post = |name: &str, value: Value| {
        station.post("/api/v1/conf", &json!({ "name": name, "value": value }))
    };
    assert_eq!(post(name, json!("7")), success);
    assert_eq!(post("ENABLE_RADIOSTATION_HEARTBEAT", json!(false)), success);
    assert_eq!(station.got(&format!("/api/v1/conf?name={name}"))["data"]["value"], "7");
    assert_eq!(post("X", json!("1")).1["message"], message);
    for (name, value, text) in [
        (name, json!("many"), "expected"),
        ("PORT_RADIOSTATION", json!(7102), "cannot be changed while running"),
        ("MAX_TX_BYTES", json!(4096), "cannot be changed while running"),
    ] {
        let (status, body) = post(name, value);
        assert_eq!((status, &body["response_code"]), (200, &json!(-1)), "{name}");
        assert!(body["message"].as_str().unwrap().contains(text), "{body}");
    }
    for body in [json!({}), json!({ "name": name }), json!({ "name": name, "value": [1] })] {
        assert_eq!(station.post("/api/v1/conf", &body).0, 400, "{body}");
    }
}

#[test]
fn changes_are_for_the_operator_alone() {
    let station = Station::start(&json!({ "ADMIN_TOKEN": "token of tests" }), &one_channel());
    let body = json!({ "name": "ALLOW_PEER_RECONNECT", "value": "true" }).to_string();
    for path in ["/api/v1/conf", "/api/v1/membership"] {
        for (name, value) in [
            ("origin", "http://elsewhere.example"),
            ("x-forwarded-for", "10.0.0.1"),
            ("authorization", "Bearer wrong"),
        ] {
            let request = agent().post(station.url(path)).content_type("application/json");
            let (status, answer) = read(request.header(name, value).send(&body).unwrap());
            assert_eq!((status, &answer["response_code"]), (403, &json!(-1)), "{name}");
        }
    }
    let request = agent().post(station.url("/api/v1/conf")).content_type("application/json");
    let request = request.header("x-forwarded-for", "10.0.0.1");
    let request = request.header("authorization", "Bearer token of tests");
    assert_eq!(read(request.send(&body).unwrap()).1["response_code"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_changes_memberships() {
    let station = Station::start(&json!({}), &one_channel());
    let (mut first, _) = Attending::join(&station, 1).await;
    let (mut second, _) = Attending::join(&station, 2).await;
    let two = id(2).to_string();
    let post = |body: Value| station.post("/api/v1/membership", &body);
    let (status, answer) =
        post(json!({ "channel": "one", "peer_id": two, "change": "weight", "value": 3 }));
    assert_eq!((status, &answer["data"]["sequence"]), (200, &json!(2)), "{answer}");
    assert!(second.heard().await.starts_with("one: 2 Weight"));
    assert_eq!(post(json!({ "peer_id": two, "change": "leave" })).1["data"]["sequence"], 3);
    assert_eq!(second.heard().await, format!("one: 3 - {two}"));
    assert_eq!(second.heard().await, format!("one: left {two}"));
    while !first.heard().await.contains("left") {}
    let one = id(1).to_string();
    for (body, status, code) in [
        (json!({ "peer_id": two, "change": "leave" }), 200, -800),
        (json!({ "peer_id": one, "change": "leave" }), 200, -1),
        (json!({ "peer_id": one, "change": "weight", "value": 0 }), 200, -6),
        (json!({ "peer_id": one, "change": "weight", "value": 1.5 }), 400, -6),
        (json!({ "peer_id": one, "change": "weight" }), 400, -6),
        (json!({ "peer_id": one, "change": "role", "value": "king" }), 400, -6),
        (json!({ "peer_id": one, "change": "leave", "value": 1 }), 400, -6),
        (json!({ "peer_id": one, "change": "enter" }), 400, -6),
        (json!({ "peer_id": "one", "change": "leave" }), 400, -6),
        (json!({ "peer_id": one, "change": "leave", "chanel": "one" }), 400, -6),
        (json!({ "change": "leave" }), 400, -6),
        (json!({ "channel": "two", "peer_id": one, "change": "leave" }), 404, -1),
    ] {
        let (found, answer) = post(body.clone());
        assert_eq!((found, &answer["response_code"]), (status, &json!(code)), "{body}: {answer}");
        assert!(answer["message"].is_string());
    }
    // A new Join admits the peer anew.
    let (_second, welcome) = Attending::join(&station, 2).await;
    let entries = &welcome.channels[0].entries;
    let last = support::peer::said(entries.last().unwrap(), None);
    assert_eq!(last, format!("4 + {}", target(2)));
}

#[test]
fn bad_requests_are_answered_with_what_is_expected() {
    let station = Station::start(&json!({ "MAX_TX_BYTES": 2048 }), &one_channel());
    for (path, status, text) in [
        ("/", 404, "there is no route"),
        ("/api/v1", 404, "there is no route"),
        ("/api/v1/peer/other", 404, "The resource doesn't exist"),
        ("/api/v1/cert/other", 404, "The resource doesn't exist"),
        ("/api/v1/cert/list/ca", 501, "no certificates"),
        ("/api/v1/cert/issue/peer", 501, "no certificates"),
        ("/api/v1/peer/list?channel=two", 404, "there is no channel \"two\""),
        ("/api/v1/peer/leader?channel=%22%00%ff", 404, "there is no channel"),
        ("/api/v1/peer/status-list?channel=two", 404, "there is no channel"),
        ("/api/v1/peer/status?channel=two&peer_id=a&group_id=b", 404, "there is no channel"),
        ("/api/v1/membership", 405, "expected POST"),
    ] {
        let (found, body) = station.get(path);
        assert_eq!(found, status, "{path}: {body}");
        assert!(body["message"].as_str().unwrap().contains(text), "{path}: {body}");
        assert_eq!(body["response_code"], -1, "{path}");
    }
    let long = format!("{{\"name\": \"{}\"}}", "a".repeat(3000));
    for (path, content_type, body, status) in [
        ("/api/v1/peer/list", "application/json", "{}", 405),
        ("/api/v1/conf", "text/plain", "{}", 415),
        ("/api/v1/conf", "application/x-www-form-urlencoded", "name=a", 415),
        ("/api/v1/conf", "application/json", "", 400),
        ("/api/v1/conf", "application/json", "{\"name\":", 400),
        ("/api/v1/conf", "Application/JSON; charset=utf-8", "[1]", 400),
        ("/api/v1/conf", "application/json", long.as_str(), 413),
        ("/api/v1/membership", "application/json", "{}", 400),
        ("/api/v1/nowhere", "application/json", "{}", 404),
    ] {
        let (found, answer) = station.post_text(path, content_type, body);
        assert_eq!(found, status, "{path} {content_type}: {answer}");
        assert!(answer["message"].is_string() && answer["response_code"].is_number());
    }
    let deleted = agent().delete(station.url("/api/v1/conf")).call().unwrap();
    assert_eq!(deleted.headers().get("allow").unwrap(), "GET, POST");
    assert_eq!(read(deleted).0, 405);
    let asked = agent().options(station.url("/api/v1/conf")).call().unwrap();
    for (name, value) in [
        ("access-control-allow-methods", "GET, POST"),
        ("access-control-allow-headers", "accept, content-type"),
    ] {
        assert_eq!(asked.headers().get(name).unwrap(), value);
    }
    assert_eq!(read(asked).0, 200);
}
