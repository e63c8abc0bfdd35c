//! The settings of a peer, parsed: what the program itself works with.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::address::HostPort;
use crate::channels::ChannelSettings;
use crate::key_files::KeyFiles;
use crate::logging::LogSettings;
use crate::secret::Secret;
use crate::settings::Settings;

#[derive(Clone, Debug)]
pub struct PeerSettings {
    pub log: LogSettings,
    /// Where gRPC, REST and the peers' network listen.
    pub listen_address: IpAddr,
    /// Host under which others reach this peer; None: `address::own_address_toward` the
    /// radiostation.
    pub advertised_host: Option<String>,
    pub grpc_port: u16,
    /// Port on which peers talk to each other.
    pub p2p_port: u16,
    pub rest: RestSettings,
    /// The radiostation, then the one to fall back to, if there is one.
    pub radiostations: Vec<HostPort>,
    pub connection: ConnectionSettings,
    /// Folder of ledgers and keys, absolute.
    pub storage_path: PathBuf,
    pub default_channel: String,
    /// Group of this peer; None: alone, the group has the peer's id.
    pub group_id: Option<String>,
    pub score: ScoreSettings,
    pub waiting: WaitingLimits,
    pub pool: PoolLimits,
    /// How long a batch waits for more transactions before it is closed.
    pub batch_interval: Duration,
    /// What a channel gets whose definition says nothing else.
    pub channel_settings: ChannelSettings,
    pub key_files: KeyFiles,
}

#[derive(Clone, Debug)]
pub struct RestSettings {
    pub enabled: bool,
    pub port: u16,
    /// Lets requests from elsewhere change something; None: only this machine may.
    pub admin_token: Option<Secret>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// Longest wait for the answer to a gRPC call.
    pub grpc_timeout: Duration,
    /// Pause between two attempts to connect.
    pub retry_interval: Duration,
}

#[derive(Clone, Debug)]
pub struct ScoreSettings {
    /// Folder of packages, absolute.
    pub repository_path: PathBuf,
    /// Folder of the SCOREs' stores, absolute.
    pub storage_path: PathBuf,
    /// Package of the default channel when nothing else names one.
    pub default_package: String,
    /// Where other packages are cloned from; empty: nowhere.
    pub base: String,
    pub branch: String,
    /// SSH key for `base`.
    pub key_path: Option<PathBuf>,
    /// Whether a repository with a remote is pulled first.
    pub pull: bool,
    /// Name of the develop folder in `repository_path`; None: developing is not allowed.
    pub develop_root: Option<String>,
    /// The score-runner program; None: beside the peer program.
    pub runner_path: Option<PathBuf>,
    pub load_timeout: Duration,
    pub query_timeout: Duration,
    pub invoke_timeout: Duration,
    /// Private memory of a SCORE's process, bytes.
    pub memory_bytes_max: u64,
    /// Attempts to load in quick succession.
    pub load_retry_times: u64,
    pub load_retry_interval: Duration,
    /// All settings but the secret ones, a JSON object.
    pub settings_json: String,
}

/// Per channel; beyond them clients get 429.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingLimits {
    pub transactions_max: u64,
    pub bytes_max: u64,
}

/// Memory for waiting batches, per channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolLimits {
    pub bytes_max_per_maker: u64,
    pub bytes_max: u64,
}

impl Settings {
    /// The typed form, for `Program::Peer`.
    pub fn peer(&self) -> PeerSettings {
        let storage_path = self.path("DEFAULT_STORAGE_PATH").to_owned();
        let group_id = self.text("PEER_GROUP_ID").to_owned();
        PeerSettings {
            log: self.log(),
            listen_address: self.listen_address(),
            advertised_host: self.advertised_host(),
            grpc_port: self.port("PORT_PEER"),
            p2p_port: self.p2p_port(),
            rest: self.rest(self.port("PORT_PEER")),
            radiostations: self.radiostations(),
            connection: self.connection(),
            key_files: self.key_files(&storage_path),
            storage_path,
            default_channel: self.text("LOOPCHAIN_DEFAULT_CHANNEL").to_owned(),
            group_id: (!group_id.is_empty()).then_some(group_id),
            score: self.score(),
            waiting: WaitingLimits {
                transactions_max: self.count("MAX_WAITING_TX_NUM"),
                bytes_max: self.count("MAX_WAITING_BYTES"),
            },
            pool: PoolLimits {
                bytes_max_per_maker: self.count("POOL_MAX_BYTES_PER_MAKER"),
                bytes_max: self.count("POOL_MAX_BYTES"),
            },
            batch_interval: Duration::from_millis(self.count("BATCH_INTERVAL_MS")),
            channel_settings: ChannelSettings::of(self),
        }
    }

    pub(crate) fn log(&self) -> LogSettings {
        LogSettings {
            level: self.text("LOOPCHAIN_LOG_LEVEL").to_owned(),
            file: self.path_if_set("LOG_FILE_PATH"),
            develop: self.develop,
        }
    }

    pub(crate) fn listen_address(&self) -> IpAddr {
        self.text("LISTEN_ADDRESS").parse().expect("the table accepts addresses only")
    }

    fn advertised_host(&self) -> Option<String> {
        match self.value("LOOPCHAIN_HOST") {
            crate::value::Value::Text(host) => Some(host.clone()),
            _ => self.is_set("IP_PEER").then(|| self.text("IP_PEER").to_owned()),
        }
    }

    fn p2p_port(&self) -> u16 {
        match self.port("PORT_P2P") {
            0 => sum(self.port("PORT_PEER"), self.port("PORT_DIFF_P2P_SERVICE")),
            port => port,
        }
    }

    pub(crate) fn rest(&self, grpc_port: u16) -> RestSettings {
        let token = self.secret("ADMIN_TOKEN");
        let enabled = self.flag("ENABLE_REST_SERVICE");
        let difference = self.port("PORT_DIFF_REST_SERVICE_CONTAINER");
        RestSettings {
            enabled,
            port: if enabled { sum(grpc_port, difference) } else { 0 },
            admin_token: (!token.is_empty()).then(|| token.clone()),
        }
    }

    fn radiostations(&self) -> Vec<HostPort> {
        let target = |host: &str, port: &str| HostPort {
            host: self.text(host).to_owned(),
            port: self.port(port),
        };
        let first = target("IP_RADIOSTATION", "PORT_RADIOSTATION");
        let second = target("IP_RADIOSTATION_SUB", "PORT_RADIOSTATION_SUB");
        let named = self.is_set("IP_RADIOSTATION_SUB") || self.is_set("PORT_RADIOSTATION_SUB");
        let second = (named && second != first).then_some(second);
        std::iter::once(first).chain(second).collect()
    }

    fn connection(&self) -> ConnectionSettings {
        ConnectionSettings {
            grpc_timeout: self.duration("GRPC_TIMEOUT"),
            retry_interval: self.duration("CONNECTION_RETRY_INTERVAL"),
        }
    }

    fn score(&self) -> ScoreSettings {
        let base = match (self.text("DEFAULT_SCORE_BASE"), self.text("DEFAULT_SCORE_HOST")) {
            ("", "") => String::new(),
            ("", host) => format!("git@{host}"),
            (base, _) => base.to_owned(),
        };
        let root = self.text("DEVELOP_SCORE_PACKAGE_ROOT").to_owned();
        let allowed = self.text("ALLOW_LOAD_SCORE_IN_DEVELOP") == "allow" && !root.is_empty();
        ScoreSettings {
            repository_path: self.path("DEFAULT_SCORE_REPOSITORY_PATH").to_owned(),
            storage_path: self.path("DEFAULT_SCORE_STORAGE_PATH").to_owned(),
            default_package: self.text("DEFAULT_SCORE_PACKAGE").to_owned(),
            base,
            branch: self.text("DEFAULT_SCORE_BRANCH").to_owned(),
            key_path: self.path_if_set("DEFAULT_SCORE_REPOSITORY_KEY"),
            pull: self.flag("REMOTE_PULL_SCORE"),
            develop_root: allowed.then_some(root),
            runner_path: self.path_if_set("SCORE_RUNNER_PATH"),
            load_timeout: self.duration("SCORE_LOAD_TIMEOUT"),
            query_timeout: self.duration("SCORE_QUERY_TIMEOUT"),
            invoke_timeout: self.duration("SCORE_INVOKE_TIMEOUT"),
            memory_bytes_max: self.count("SCORE_MEMORY_BYTES"),
            load_retry_times: self.count("SCORE_LOAD_RETRY_TIMES"),
            load_retry_interval: self.duration("SCORE_LOAD_RETRY_INTERVAL"),
            settings_json: self.to_json().to_string(),
        }
    }
}

/// Of ports that `limits` has checked.
fn sum(base: u16, difference: u16) -> u16 {
    base.checked_add(difference).expect("checked to be a port when the settings were loaded")
}
