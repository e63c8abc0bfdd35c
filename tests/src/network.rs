//! A network of real programs in a temporary folder. One at a time: they would take each other's
//! processor. Whatever happens to the test, its processes end with it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::namespace::{HUB, Wires};
use crate::node::Node;
use crate::note;
use crate::plan::{ChannelPlan, Plan};
use crate::wait::wait_for;

const READY_LIMIT: Duration = Duration::from_secs(60);
const CHANNEL_FILE: &str = "channels.json";
const LOG_LINES_SHOWN: usize = 40;

pub struct Network {
    pub radiostation: Node,
    pub peers: Vec<Node>,
    pub channels: Vec<ChannelPlan>,
    /// Peers that start with the network.
    planned: usize,
    folder: PathBuf,
    _turn: MutexGuard<'static, ()>,
}

/// Waits until no other network of this process is there.
pub fn take_turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    // A test that failed has ended its processes.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Network {
    /// Starts all of it and waits until every channel answers on every peer.
    pub fn start(plan: Plan) -> Network {
        let mut network = Network::prepare(plan);
        network.start_planned();
        network
    }

    /// Starts the radiostation and the peers that the plan starts, and waits for them.
    pub fn start_planned(&mut self) {
        self.radiostation.start();
        self.wait_for_radiostation();
        self.peers.iter_mut().take(self.planned).for_each(Node::start);
        self.wait_ready();
    }

    /// Ports, folders and settings, and nothing running.
    pub fn prepare(plan: Plan) -> Network {
        let turn = take_turn();
        let folder = tempfile::Builder::new().prefix("loopchain-network-").tempdir();
        let folder = folder.expect("the system gives a temporary folder").keep();
        let mut radiostation = Node::new("radiostation", "radiostation", &folder);
        let count = plan.peers + plan.later_peers;
        let name = |number: usize| format!("peer{}", number + 1);
        let mut peers: Vec<Node> =
            (0..count).map(|number| Node::new(&name(number), "peer", &folder)).collect();
        let channel_file = folder.join(CHANNEL_FILE);
        let channels = channel_file_text(&plan.channels, &peers);
        std::fs::write(&channel_file, channels).expect("a temporary folder can be written");
        let packages = plan.packages.unwrap_or_else(shipped_packages);
        settle_radiostation(&mut radiostation, &channel_file, plan.channel_auth);
        for peer in &mut peers {
            settle_peer(peer, radiostation.grpc_port, &packages, &plan.peer_settings);
        }
        let (channels, planned) = (plan.channels, plan.peers);
        Network { radiostation, peers, channels, planned, folder, _turn: turn }
    }

    /// Puts each peer, before anything is started, into the namespace of its number. The
    /// radiostation stays with the test.
    pub fn spread(&mut self, wires: &Wires) {
        self.radiostation.place(HUB, None);
        for (peer, namespace) in self.peers.iter_mut().zip(wires.namespaces()) {
            peer.place(&namespace.address, Some(namespace.process()));
            peer.set("IP_RADIOSTATION", HUB);
        }
    }

    /// Waits until the radiostation answers.
    pub fn wait_for_radiostation(&self) {
        let rest = &self.radiostation.rest;
        wait_for("the radiostation to answer", READY_LIMIT, || {
            rest.try_object("conf?name=GRPC_TIMEOUT").map(drop)
        });
    }

    /// Waits until all peers that run answer on all their channels and are connected.
    pub fn wait_ready(&self) {
        for channel in &self.channels {
            let name = &channel.name;
            let members = self.members(name);
            let others = members.len().saturating_sub(1).to_string();
            for number in members {
                let peer = &self.peers[number];
                let what = format!("{} to be ready on {name}", peer.name);
                wait_for(&what, READY_LIMIT, || {
                    let status = peer.rest.status(name)?;
                    let enough = status["audience_count"] == others.as_str();
                    if enough { Ok(()) } else { Err(status.to_string()) }
                });
            }
        }
    }

    /// Numbers of the peers that run and are on the channel.
    pub fn members(&self, channel: &str) -> Vec<usize> {
        let plan = self.channels.iter().find(|plan| plan.name == channel);
        let plan = plan.unwrap_or_else(|| panic!("the plan has no channel {channel}"));
        let named = |number: &usize| plan.named.as_ref().is_none_or(|all| all.contains(number));
        let running = |number: &usize| self.peers[*number].should_run();
        (0..self.peers.len()).filter(named).filter(running).collect()
    }

    /// Number of the peer that leads the channel, as one that runs says.
    pub fn leader(&self, channel: &str) -> usize {
        wait_for(&format!("a leader of {channel}"), READY_LIMIT, || {
            let members = self.members(channel);
            let mut missing = "no peer runs".to_owned();
            for number in members {
                match self.peers[number].rest.status(channel) {
                    Ok(status) if status["peer_type"] == "1" => return Ok(number),
                    other => missing = format!("{other:?}"),
                }
            }
            Err(missing)
        })
    }

    /// Block height of a peer.
    pub fn height(&self, peer: usize, channel: &str) -> u64 {
        let status = self.peers[peer].rest.status(channel);
        let status = status.unwrap_or_else(|missing| panic!("peer {peer} on {channel}: {missing}"));
        status["block_height"].as_u64().expect("block_height is a number")
    }

    /// Waits until each of `peers` has so many blocks more than any of them has now.
    ///
    /// # Panics
    /// When they have not after `limit`.
    pub fn wait_for_blocks(&self, peers: &[usize], channel: &str, more: u64, limit: Duration) {
        let highest = peers.iter().map(|peer| self.height(*peer, channel)).max();
        let goal = highest.expect("somebody is named") + more;
        for peer in peers {
            let what = format!("{} to reach height {goal} on {channel}", self.peers[*peer].name);
            wait_for(&what, limit, || {
                let status = self.peers[*peer].rest.status(channel)?;
                let height = status["block_height"].as_u64().unwrap_or_default();
                if height >= goal { Ok(()) } else { Err(format!("height {height}")) }
            });
        }
    }

    /// Peer id of a peer.
    pub fn peer_id(&self, peer: usize) -> String {
        let channels = self.channels.iter().map(|channel| &channel.name);
        let mut statuses = channels.filter_map(|name| self.peers[peer].rest.status(name).ok());
        let status = statuses.next().expect("the peer answers on one of its channels");
        status["peer_id"].as_str().expect("peer_id is a text").to_owned()
    }

    /// That everything that should run does, and nothing in a log speaks of a panic.
    pub fn assert_healthy(&mut self) {
        for node in [&mut self.radiostation].into_iter().chain(&mut self.peers) {
            if node.should_run() {
                assert!(node.is_running(), "{} has ended by itself", node.name);
            }
            let log = node.log();
            let panic = log.lines().find(|line| line.contains("panicked at"));
            assert!(panic.is_none(), "{}: {}", node.name, panic.unwrap_or_default());
        }
    }

    /// The channel file.
    pub fn channel_file(&self) -> PathBuf {
        self.folder.join(CHANNEL_FILE)
    }

    /// Folder of the whole network.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn show_logs(&self) {
        for node in [&self.radiostation].into_iter().chain(&self.peers) {
            let log = node.log();
            let lines: Vec<&str> = log.lines().collect();
            let last = &lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..];
            note(&format!("=== last lines of {}\n{}", node.log_path().display(), last.join("\n")));
        }
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        let nodes = [&mut self.radiostation].into_iter().chain(&mut self.peers);
        nodes.filter(|node| node.should_run()).for_each(Node::kill);
        if std::thread::panicking() {
            self.show_logs();
            note(&format!("=== kept: {}", self.folder.display()));
        } else {
            // A runner may be closing its store; what is left behind is in a temporary folder.
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

/// Gives a radiostation what it needs to run in a network of tests.
pub fn settle_radiostation(node: &mut Node, channel_file: &Path, channel_auth: bool) {
    node.set("PORT_RADIOSTATION", node.grpc_port);
    node.set("RADIOSTATION_STORAGE_PATH", "storage");
    node.set("CHANNEL_MANAGE_DATA_PATH", channel_file.display().to_string());
    node.set("ENABLE_CHANNEL_AUTH", channel_auth);
    // A peer that is gone is noticed within seconds.
    node.set("SLEEP_SECONDS_IN_RADIOSTATION_HEARTBEAT", 2);
    node.set("NO_RESPONSE_COUNT_ALLOW_BY_HEARTBEAT", 3);
}

/// Gives a peer what it needs to join the radiostation on that port.
pub fn settle_peer(node: &mut Node, radiostation: u16, packages: &Path, more: &Map<String, Value>) {
    node.set("PORT_PEER", node.grpc_port);
    node.set("PORT_P2P", node.p2p_port);
    node.set("IP_RADIOSTATION", "127.0.0.1");
    node.set("PORT_RADIOSTATION", radiostation);
    node.set("DEFAULT_STORAGE_PATH", "storage");
    node.set("DEFAULT_SCORE_REPOSITORY_PATH", packages.display().to_string());
    for (name, value) in more {
        node.set(name, value.clone());
    }
}

fn channel_file_text(channels: &[ChannelPlan], peers: &[Node]) -> String {
    let mut file = Map::new();
    for channel in channels {
        let mut entry = channel.settings.clone();
        entry.insert("score_package".to_owned(), channel.score_package.clone().into());
        if let Some(named) = &channel.named {
            let target = |number: &usize| json!({ "peer_target": peers[*number].target() });
            entry.insert("peers".to_owned(), named.iter().map(target).collect());
        }
        file.insert(channel.name.clone(), Value::Object(entry));
    }
    Value::Object(file).to_string()
}

/// The checkout's `score` folder.
pub fn shipped_packages() -> PathBuf {
    // Asked for at run time when cargo runs the test: checkouts share compiled tests.
    let manifest = std::env::var("CARGO_MANIFEST_DIR");
    let manifest = manifest.unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    let root = Path::new(&manifest).parent().expect("this crate is a folder of the workspace");
    root.join("score")
}
