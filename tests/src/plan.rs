//! What a network is made of.

use std::path::PathBuf;

use serde_json::{Map, Value};

/// A network to be started.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Peers that start at once.
    pub peers: usize,
    /// Peers that have their place and settings, and are started by the test.
    pub later_peers: usize,
    pub channels: Vec<ChannelPlan>,
    /// `ENABLE_CHANNEL_AUTH`.
    pub channel_auth: bool,
    /// Settings of every peer beside those that a network needs.
    pub peer_settings: Map<String, Value>,
    /// Folder of SCORE packages; none: those that are shipped.
    pub packages: Option<PathBuf>,
}

/// A channel of it.
#[derive(Clone, Debug)]
pub struct ChannelPlan {
    pub name: String,
    pub score_package: String,
    /// Peers that the channel file names, by number; none: it names nobody.
    pub named: Option<Vec<usize>>,
    pub settings: Map<String, Value>,
}

impl ChannelPlan {
    pub fn new(name: &str, score_package: &str) -> ChannelPlan {
        ChannelPlan {
            name: name.to_owned(),
            score_package: score_package.to_owned(),
            named: None,
            settings: Map::new(),
        }
    }

    pub fn named(self, peers: &[usize]) -> ChannelPlan {
        ChannelPlan { named: Some(peers.to_vec()), ..self }
    }
}

/// Channels of the default plan.
pub const CERTIFICATES: &str = "kofia_certificate";
pub const DOCUMENTS: &str = "documents";

impl Default for Plan {
    /// Four peers, the two channels that are shipped.
    fn default() -> Plan {
        Plan {
            peers: 4,
            later_peers: 0,
            channels: vec![
                ChannelPlan::new(CERTIFICATES, "loopchain/default"),
                ChannelPlan::new(DOCUMENTS, "sample/documents"),
            ],
            channel_auth: false,
            peer_settings: Map::new(),
            packages: None,
        }
    }
}
