//! Peers at the real program: joining, announcements, being turned away, kill -9.
#![allow(clippy::unwrap_used)]

mod support;

use chain::channel::SignedGenesis;
use chain::keys::{PublicKey, verify};
use serde_json::json;
use support::peer::{Attending, id, join, report, said, target};
use support::{Station, one_channel};
use tonic::Code;
use wire::v1;
use wire::v1::from_peer::Kind;

#[tokio::test(flavor = "multi_thread")]
async fn peers_join_and_hear_of_each_other() {
    let station = Station::start(&json!({}), &one_channel());
    let (mut first, welcome) = Attending::join(&station, 1).await;
    assert_eq!((welcome.order, welcome.peer_id), (1, id(1).to_string()));
    let radiostation = PublicKey::from_bytes(&welcome.radiostation_key).unwrap();
    let grant = &welcome.channels[0];
    let genesis: SignedGenesis = chain::encoding::decode(&grant.genesis).unwrap();
    let genesis = verify(genesis, &radiostation).unwrap();
    assert_eq!(genesis.genesis.name, "one");
    assert_eq!(genesis.genesis.first.key.peer_id(), id(1));
    assert_eq!((grant.entries.len(), grant.peers.len(), grant.had_ledger), (0, 1, false));

    let (mut second, welcome) = Attending::join(&station, 2).await;
    assert_eq!(welcome.order, 2);
    assert_eq!(welcome.channels[0].genesis, grant.genesis);
    let entries = &welcome.channels[0].entries;
    assert_eq!(said(&entries[0], Some(&radiostation)), format!("1 + {}", target(2)));
    let targets: Vec<&str> =
        welcome.channels[0].peers.iter().map(|peer| peer.target.as_str()).collect();
    assert_eq!(targets, [target(1), target(2)]);
    assert_eq!(first.heard().await, format!("one: 1 + {}", target(2)));
    assert_eq!(first.heard().await, format!("one: joined {}", target(2)));

    second.report(vec![report("one", 3, 2, 1)]).await;
    for peer in [&mut first, &mut second] {
        assert_eq!(peer.heard().await, format!("one: leader {}", id(2)));
    }
    second.send(Kind::Leaving(v1::Leaving { reason: "the test is over".to_owned() })).await;
    second.end().await.unwrap();
    assert_eq!(first.heard().await, format!("one: left {}", id(2)));
    let (second, _) = Attending::join(&station, 2).await;
    assert_eq!(first.heard().await, format!("one: joined {}", target(2)));
    drop(second);
    assert_eq!(first.heard().await, format!("one: lost {}", id(2)));
    assert!(first.is_quiet().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_prove_its_key_is_turned_away() {
    let station = Station::start(&json!({}), &one_channel());
    let (_first, _) = Attending::join(&station, 1).await;
    let leaving = Kind::Leaving(v1::Leaving::default());
    let empty = Kind::Report(v1::Report::default());
    let good = |nonce: &[u8]| join(2, &target(2), nonce, Vec::new());
    type Answer<'a> = Box<dyn Fn(&[u8]) -> Kind + 'a>;
    let cases: Vec<(Answer, Code, &str)> = vec![
        (Box::new(|_| good(&[0; 32]).into_kind()), Code::Unauthenticated, "challenge"),
        (
            Box::new(|nonce| {
                let mut join = good(nonce);
                join.target = target(3);
                join.into_kind()
            }),
            Code::Unauthenticated,
            "signature",
        ),
        (
            Box::new(|nonce| join(2, "nowhere", nonce, Vec::new()).into_kind()),
            Code::InvalidArgument,
            "host:port",
        ),
        (
            Box::new(|nonce| join(2, &target(1), nonce, Vec::new()).into_kind()),
            Code::AlreadyExists,
            "in use by the connected peer",
        ),
        (Box::new(move |_| leaving.clone()), Code::InvalidArgument, "expected a Join"),
        (Box::new(move |_| empty.clone()), Code::InvalidArgument, "expected a Join"),
    ];
    for (answer, code, text) in cases {
        let (mut attending, nonce) = Attending::open(&station).await;
        attending.send(answer(&nonce)).await;
        let status = attending.next().await.unwrap_err();
        assert_eq!(status.code(), code, "{status}");
        assert!(status.message().contains(text), "{status}");
    }
    // Challenges differ, and a peer may not join twice on one stream.
    let (one, other) = (Attending::open(&station).await, Attending::open(&station).await);
    assert_ne!(one.1, other.1);
    let (mut second, _) = Attending::join(&station, 2).await;
    second.send(Kind::Join(good(&[0; 32]))).await;
    assert_eq!(second.end().await.unwrap_err().code(), Code::InvalidArgument);
}

trait IntoKind {
    fn into_kind(self) -> Kind;
}

impl IntoKind for v1::Join {
    fn into_kind(self) -> Kind {
        Kind::Join(self)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_stream_replaces_the_first() {
    let station = Station::start(&json!({}), &one_channel());
    let (mut old, _) = Attending::join(&station, 1).await;
    let (mut new, welcome) = Attending::join(&station, 1).await;
    assert_eq!(welcome.order, 1);
    assert_eq!(old.end().await.unwrap_err().code(), Code::Aborted);
    drop(old);
    assert!(new.is_quiet().await);
    assert_eq!(station.got("/api/v1/peer/list")["data"]["connected_peer_count"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_ends_a_stream() {
    let settings = json!({
        "SLEEP_SECONDS_IN_RADIOSTATION_HEARTBEAT": 0.2,
        "NO_RESPONSE_COUNT_ALLOW_BY_HEARTBEAT": 5,
    });
    let station = Station::start(&settings, &one_channel());
    let (mut talking, _) = Attending::join(&station, 1).await;
    let (mut silent, _) = Attending::join(&station, 2).await;
    let talk = async {
        loop {
            talking.report(Vec::new()).await;
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    let status = tokio::select! {
        () = talk => unreachable!("it talks for ever"),
        ended = silent.end() => ended.unwrap_err(),
    };
    assert_eq!(status.code(), Code::DeadlineExceeded, "{status}");
    for expected in [
        format!("one: 1 + {}", target(2)),
        format!("one: joined {}", target(2)),
        format!("one: lost {}", id(2)),
    ] {
        assert_eq!(talking.heard().await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_are_for_named_peers_when_authentication_is_on() {
    let named = |peers: &[u8]| {
        let peers: Vec<_> =
            peers.iter().map(|peer| json!({ "peer_target": target(*peer) })).collect();
        json!({ "score_package": "score/one", "peers": peers })
    };
    let channels = json!({ "one": named(&[1, 2]), "two": named(&[2]) });
    let station = Station::start(&json!({ "ENABLE_CHANNEL_AUTH": true }), &channels);
    let (mut first, welcome) = Attending::join(&station, 1).await;
    assert_eq!(names(&welcome), ["one"]);
    let (_second, welcome) = Attending::join(&station, 2).await;
    assert_eq!(names(&welcome), ["one", "two"]);
    let (mut third, welcome) = Attending::join(&station, 3).await;
    assert_eq!(names(&welcome), [""; 0]);
    assert!(first.heard().await.starts_with("one: 1 +"));
    assert!(first.heard().await.starts_with("one: joined"));
    assert!(first.is_quiet().await, "of channel two it hears nothing");
    assert!(third.is_quiet().await);
}

fn names(welcome: &v1::Welcome) -> Vec<&str> {
    welcome.channels.iter().map(|grant| grant.name.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_survives_kill_9() {
    let mut station = Station::start(&json!({}), &one_channel());
    let (mut first, before) = Attending::join(&station, 1).await;
    let (mut second, _) = Attending::join(&station, 2).await;
    first.report(vec![report("one", 1, 1, 1)]).await;
    assert!(second.heard().await.starts_with("one: leader"));
    station.kill();
    first.end().await.unwrap_err();
    second.end().await.unwrap_err();
    station.restart();

    let list = station.got("/api/v1/peer/list");
    assert_eq!(list["data"]["registered_peer_count"], 2);
    assert_eq!(list["data"]["registered_peer_list"][0]["status"], 0);
    let (_third, welcome) = Attending::join(&station, 3).await;
    assert_eq!(welcome.order, 3);
    assert_eq!(welcome.radiostation_key, before.radiostation_key);
    assert_eq!(welcome.channels[0].genesis, before.channels[0].genesis);
    assert_eq!(said(&welcome.channels[0].entries[0], None), format!("2 + {}", target(3)));
    assert_eq!(welcome.channels[0].peers.len(), 3);
    let channels = vec![report("one", 1, 1, 1)];
    let again = Attending::join_with(&station, 1, &target(1), channels).await;
    let (_first, welcome) = again.unwrap();
    assert_eq!((welcome.order, welcome.channels[0].had_ledger), (1, true));
    assert_eq!(welcome.channels[0].entries.len(), 1);

    assert!(station.terminate().success());
}
