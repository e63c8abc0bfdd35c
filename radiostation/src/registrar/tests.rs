#![allow(clippy::unwrap_used)]

use std::time::Duration;

use chain::keys::SecretKey;
use chain::membership::join_digest;
use configs::{Program, Settings};
use futures::{Stream, StreamExt};
use wire::v1::{self, ToPeer};

use super::{Desk, Registrar};
use crate::api::rules;
use crate::clock::now_us;
use crate::registry::{
    Definition, Ending, NONCE_BYTES, Proven, Registry, Saved, SessionId, Status, check_join,
    check_reports,
};
use crate::session::{self, QUEUE_MAX};
use crate::store::Store;

const NONCE: [u8; NONCE_BYTES] = [1; NONCE_BYTES];

fn key(peer: u8) -> SecretKey {
    SecretKey::from_bytes([peer; 32]).unwrap()
}

fn join(peer: u8) -> Proven {
    let (target, p2p_address) = (format!("10.0.0.{peer}:1"), format!("10.0.0.{peer}:2"));
    let signature = key(peer).sign(&join_digest(&NONCE, &target, &p2p_address, ""));
    let public_key = key(peer).public_key().to_bytes().to_vec();
    let (group_id, channels) = (String::new(), Vec::new());
    let signature = signature.0.to_vec();
    let join = v1::Join { public_key, target, p2p_address, group_id, signature, channels };
    check_join(&NONCE, &join).unwrap()
}

/// A registrar of one channel in `folder`.
fn start(folder: &std::path::Path) -> (Registrar, Desk, String) {
    let settings = Settings::built_in(Program::Radiostation, folder);
    let definitions = settings.channels().unwrap().definitions;
    let channel = definitions[0].name.clone();
    let definitions = definitions.into_iter().map(|one| Definition::new(one).unwrap()).collect();
    let rules = rules(&settings.radiostation());
    let store = Store::open(folder).unwrap();
    let saved: Saved = store.load().unwrap();
    let restored = Registry::restore(definitions, rules, key(100), saved, true, now_us()).unwrap();
    let (registrar, desk) = Registrar::new(restored.registry, store);
    (registrar, desk, channel)
}

async fn attend(
    desk: &Desk,
    peer: u8,
) -> (SessionId, impl Stream<Item = Result<ToPeer, Ending>> + Unpin + use<>) {
    let session = SessionId(u64::from(peer));
    let (outbound, messages) = session::open();
    desk.joined(session, outbound, join(peer)).await.unwrap();
    (session, Box::pin(messages))
}

async fn status(desk: &Desk, channel: &str, peer: u8) -> Status {
    let (channel, id) = (channel.to_owned(), key(peer).public_key().peer_id());
    desk.read(move |registry| registry.member(&channel, &id).unwrap().status).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_does_not_read_is_cut_off_and_the_others_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let (registrar, desk, channel) = start(folder.path());
    let running = tokio::spawn(registrar.run());
    let (_, mut sleeping) = attend(&desk, 1).await;
    let (talking, mut heard) = attend(&desk, 2).await;
    let reading = tokio::spawn(async move { while heard.next().await.is_some() {} });
    for turn in 0..=QUEUE_MAX as u64 {
        let leader = key(1 + (turn % 2) as u8).public_key().peer_id().to_string();
        let (channel, height) = (channel.clone(), turn);
        let report =
            v1::ChannelReport { channel, height, block_hash: Vec::new(), leader, entries: 0 };
        desk.reported(talking, check_reports(&[report]).unwrap()).await.unwrap();
    }
    assert_eq!(status(&desk, &channel, 1).await, Status::Disconnected);
    assert_eq!(status(&desk, &channel, 2).await, Status::Connected);
    assert_eq!(sleeping.next().await, Some(Err(Ending::Slow)));
    desk.stop().await;
    running.await.unwrap().unwrap();
    tokio::time::timeout(Duration::from_secs(5), reading).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_welcomed_is_there_after_the_registrar_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    for (run, expected) in [(1, Status::Connected), (2, Status::Unknown)] {
        let (registrar, desk, channel) = start(folder.path());
        let running = tokio::spawn(registrar.run());
        let attending = if run == 1 { Some(attend(&desk, 1).await) } else { None };
        if let Some((_, mut messages)) = attending {
            let kind = messages.next().await.unwrap().unwrap().kind;
            assert!(matches!(kind, Some(v1::to_peer::Kind::Welcome(_))), "{kind:?}");
        }
        assert_eq!(status(&desk, &channel, 1).await, expected);
        running.abort();
        // Wait until the store is closed, so that it can be opened again.
        assert!(running.await.unwrap_err().is_cancelled());
    }
}
