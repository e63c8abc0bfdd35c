use std::ffi::OsString;
use std::time::Duration;

use chain::channel::Settings;
use configs::{PeerSettings, Program};
use tempfile::TempDir;

use super::{ChannelError, Node};
use crate::channel::{Channel, Surroundings};
use crate::storage::{KnownPeer, Ledger, NodeStore};
use crate::tests::{Start, genesis, key, peer, settings, surroundings, wait_for};

/// A folder in which a peer lives, and its settings.
pub struct Home(TempDir);

impl Home {
    pub fn new() -> Home {
        Home(tempfile::tempdir().unwrap())
    }

    fn settings(&self, more: &str) -> PeerSettings {
        let file = self.0.path().join("peer.json");
        std::fs::write(&file, format!("{{\"DEFAULT_STORAGE_PATH\": \"storage\"{more}}}")).unwrap();
        let arguments = [OsString::from("peer"), "-o".into(), file.into()];
        let around = configs::Surroundings {
            working_folder: self.0.path().to_path_buf(),
            ..configs::Surroundings::default()
        };
        match configs::load(Program::Peer, arguments, &around).unwrap() {
            configs::Start::Run(loaded) => loaded.settings.peer(),
            configs::Start::Print(text) => panic!("{text}"),
        }
    }

    /// A peer whose SCORE runners do not start.
    pub async fn node(&self) -> Node {
        self.node_with("").await
    }

    async fn node_with(&self, more: &str) -> Node {
        let settings = self.settings(more);
        let program = Some(self.0.path().join("no-runner"));
        let start = Start { program, ..Start::default() };
        let around: Surroundings = surroundings(&start, self.0.path()).await;
        let store = NodeStore::open(&settings.storage_path.join("node")).unwrap();
        let (network, stop) = (around.network.clone(), around.shutdown.clone());
        Node::new(settings, "127.0.0.1:7100".into(), store, network, around, stop)
    }

    pub fn join(&self, node: &Node) -> Channel {
        node.join(&genesis(settings()), None).unwrap()
    }
}

async fn stop(node: Node) {
    node.stop.cancel();
    tokio::task::spawn_blocking(move || node.join_threads()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_administer() {
    let right = Some("Bearer a-token");
    // The token that is set, whether from loopback, what was sent, and whether that will do.
    let cases = [
        ("", true, None, true),
        ("", false, None, false),
        ("", false, Some("Bearer "), false),
        ("", false, Some("Bearer a-token"), false),
        ("a-token", true, None, true),
        ("a-token", true, Some("Bearer wrong"), true),
        ("a-token", false, None, false),
        ("a-token", false, right, true),
        ("a-token", false, Some("Bearer "), false),
        ("a-token", false, Some("Bearer a-toke"), false),
        ("a-token", false, Some("Bearer a-token2"), false),
        ("a-token", false, Some("Bearer A-token"), false),
        ("a-token", false, Some("a-token"), false),
        ("a-token", false, Some("Basic a-token"), false),
    ];
    for (token, from_loopback, sent, expected) in cases {
        let home = Home::new();
        let node = home.node_with(&format!(", \"ADMIN_TOKEN\": \"{token}\"")).await;
        let may = node.may_administer(from_loopback, sent);
        assert_eq!(may, expected, "{token:?}, {from_loopback}, {sent:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_joined_once_and_only_with_its_own_first_block() {
    let home = Home::new();
    let node = home.node().await;
    let first = home.join(&node);
    assert_eq!(home.join(&node).id, first.id, "a second grant changes nothing");
    let other = genesis(Settings { leader_block_limit: 7, ..settings() });
    let refused = node.join(&other, None).map(|_| ());
    assert!(matches!(refused, Err(ChannelError::OtherGenesis)), "{refused:?}");
    assert_eq!(node.channel_names(), ["letters"]);
    drop(first);
    stop(node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn known_channels_and_peers_come_back_after_a_restart() {
    let home = Home::new();
    let node = home.node().await;
    let id = home.join(&node).id;
    let other = |number: u8| KnownPeer {
        key: key(number).public_key(),
        target: format!("127.0.0.1:{number}"),
        p2p_address: format!("127.0.0.1:{number}"),
        group_id: String::new(),
        order: 10 - u32::from(number),
    };
    node.add_peers("letters", &[other(2), other(3), other(4)]).await;
    node.remove_peer("letters", &peer(3)).await;
    let orders: Vec<u32> = node.peers("letters").iter().map(|peer| peer.order).collect();
    assert_eq!(orders, [6, 8], "in the order of joining");
    stop(node).await;
    let node = restarted(&home).await;
    assert!(node.channels().is_empty());
    node.start_known_channels().await.unwrap();
    assert_eq!(node.channel("letters").map(|channel| channel.id), Some(id));
    assert_eq!(node.peers("letters"), [other(4), other(2)]);
    stop(node).await;
}

// What stopped a moment ago may still be closing its stores.
async fn restarted(home: &Home) -> Node {
    let storage = home.settings("").storage_path;
    let is_free = || {
        NodeStore::open(&storage.join("node")).is_ok()
            && Ledger::open(&storage.join("channels/letters")).is_ok()
    };
    wait_for("the stores are free", Duration::from_secs(10), is_free).await;
    home.node().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_was_only_named_is_not_started() {
    let home = Home::new();
    let node = home.node().await;
    node.store.add_channel("letters");
    node.start_known_channels().await.unwrap();
    assert!(node.channels().is_empty());
    home.join(&node);
    assert_eq!(node.channel_names(), ["letters"]);
    stop(node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn to_be_welcomed_is_remembered() {
    let home = Home::new();
    let node = home.node().await;
    assert!(!node.knows_its_channels());
    node.clone().set_welcomed();
    assert!(node.knows_its_channels());
}
