//! Starting and stopping the real program, and the calls of existing clients.
#![allow(clippy::unwrap_used)]

mod support;

use std::process::Stdio;

use serde_json::{Value, json};
use support::peer::{Attending, id, report, target};
use support::{Station, command, free_ports, one_channel, write, write_settings};
use tonic::Code;
use wire::legacy::radio_station_client::RadioStationClient;
use wire::legacy::{GetChannelInfosRequest, PeerId, StatusRequest, StopRequest};

/// How a start that fails ends: exit code and what it says.
fn failed_start(folder: &std::path::Path) -> (Option<i32>, String) {
    let output = command(folder).stderr(Stdio::piped()).output().unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_second_process_on_the_same_storage_is_refused() {
    let station = Station::start(&json!({}), &one_channel());
    let storage = station.folder.path().join("storage");
    let other = tempfile::tempdir().unwrap();
    write(&other.path().join("channels.json"), &one_channel());
    let (grpc_port, rest_port) = free_ports();
    let settings = json!({ "RADIOSTATION_STORAGE_PATH": storage });
    write_settings(other.path(), &settings, grpc_port, rest_port);
    let (code, text) = failed_start(other.path());
    assert_eq!(code, Some(1));
    assert!(text.contains("another process uses this storage"), "{text}");
    assert_eq!(station.got("/api/v1/peer/list")["response_code"], 0);
}

#[test]
fn a_port_in_use_is_named() {
    let station = Station::start(&json!({}), &one_channel());
    for (grpc, rest, service) in [
        (station.grpc_port, station.rest_port, "gRPC"),
        (station.rest_port - 1, station.rest_port, "REST"),
    ] {
        let other = tempfile::tempdir().unwrap();
        write(&other.path().join("channels.json"), &one_channel());
        write_settings(other.path(), &json!({}), grpc, rest);
        let (code, text) = failed_start(other.path());
        assert_eq!(code, Some(1));
        let port = if service == "gRPC" { grpc } else { rest };
        let expected = format!("the {service} service cannot listen on 127.0.0.1:{port}");
        assert!(text.contains(&expected), "{text}");
        assert!(text.contains("choose another one with -p"), "{text}");
    }
}

#[test]
fn a_start_that_cannot_work_says_why() {
    let cases: [(Value, Value, &str); 4] = [
        (json!({}), json!({ "one": {} }), "score_package is missing"),
        (json!({ "CHANNEL_MANAGE_DATA_PATH": "nowhere.json" }), one_channel(), "nowhere.json"),
        (json!({ "PORT_PEER": "many" }), one_channel(), "PORT_PEER"),
        (json!({ "DEFAULT_PW": "" }), one_channel(), "password of the private key is empty"),
    ];
    for (settings, channels, expected) in cases {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("channels.json"), &channels);
        let (grpc_port, rest_port) = free_ports();
        write_settings(folder.path(), &settings, grpc_port, rest_port);
        let (code, text) = failed_start(folder.path());
        assert_eq!(code, Some(1), "{text}");
        assert!(text.contains(expected), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_ends_it_well_and_is_told_to_peers() {
    let mut station = Station::start(&json!({}), &one_channel());
    let (mut peer, _) = Attending::join(&station, 1).await;
    let begun = std::time::Instant::now();
    assert!(station.terminate().success());
    assert!(begun.elapsed() < std::time::Duration::from_secs(5));
    let status = peer.end().await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    let log = station.log();
    let expected = format!(
        "the radiostation serves: gRPC 127.0.0.1:{}, REST 127.0.0.1:{}",
        station.grpc_port, station.rest_port
    );
    assert!(log.contains(&expected), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn existing_grpc_clients_are_answered() {
    let mut station = Station::start(&json!({ "GRPC_TIMEOUT": 2 }), &one_channel());
    let serving = support::serving::serve().await.to_string();
    let (mut peer, _) = Attending::join_with(&station, 1, &serving, Vec::new()).await.unwrap();
    peer.report(vec![report("one", 7, 1, 0)]).await;
    assert_eq!(peer.heard().await, format!("one: leader {}", id(1)));
    let (_gone, _) = Attending::join(&station, 2).await;
    let address = format!("http://127.0.0.1:{}", station.grpc_port);
    let mut client = RadioStationClient::connect(address).await.unwrap();

    let ask =
        |channel: &str| StatusRequest { request: String::new(), channel: Some(channel.to_owned()) };
    let reply = client.get_status(ask("one")).await.unwrap().into_inner();
    let status: Value = serde_json::from_str(&reply.status).unwrap();
    assert_eq!(status["connected_peer_count"], 2);
    assert_eq!(status["leader"], id(1).to_string());
    assert_eq!(reply.block_height, 7);
    assert_eq!(client.get_status(ask("two")).await.unwrap_err().code(), Code::NotFound);

    let ask = |peer: u8| PeerId {
        peer_id: id(peer).to_string(),
        channel: None,
        group_id: id(peer).to_string(),
    };
    let reply = client.get_peer_status(ask(1)).await.unwrap().into_inner();
    assert_eq!(reply.status, "{\"peer_type\":\"0\",\"asked\":\"one\"}");
    assert_eq!(client.get_peer_status(ask(2)).await.unwrap_err().code(), Code::Unavailable);
    assert_eq!(client.get_peer_status(ask(3)).await.unwrap_err().code(), Code::NotFound);

    let request = GetChannelInfosRequest {
        peer_id: id(1).to_string(),
        peer_target: target(1),
        group_id: String::new(),
        cert: None,
    };
    let reply = client.get_channel_infos(request).await.unwrap().into_inner();
    assert_eq!(reply.channel_infos, "{\"one\":{\"score_package\":\"score/one\"}}");

    let mut request = tonic::Request::new(StopRequest { reason: "test".to_owned() });
    request.metadata_mut().insert("x-forwarded-for", "10.0.0.1".parse().unwrap());
    assert_eq!(client.stop(request).await.unwrap_err().code(), Code::PermissionDenied);
    client.stop(StopRequest { reason: "the test is over".to_owned() }).await.unwrap();
    assert!(station.ended().success());
    assert_eq!(peer.end().await.unwrap_err().code(), Code::Unavailable);
}
