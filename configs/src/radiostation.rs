//! The settings of a radiostation, parsed. After `Settings::set` they are taken anew.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::channels::{self, Channels};
use crate::error::ConfigError;
use crate::key_files::KeyFiles;
use crate::logging::LogSettings;
use crate::peer::RestSettings;
use crate::settings::Settings;

#[derive(Clone, Debug)]
pub struct RadiostationSettings {
    pub log: LogSettings,
    /// Where gRPC and REST listen.
    pub listen_address: IpAddr,
    pub grpc_port: u16,
    pub rest: RestSettings,
    /// Folder of the registry and keys, absolute.
    pub storage_path: PathBuf,
    pub default_channel: String,
    /// Whether a peer is told of, and may join, only the channels that name it.
    pub channel_auth: bool,
    pub heartbeat: HeartbeatSettings,
    /// Longest wait for the answer to a gRPC call.
    pub grpc_timeout: Duration,
    /// Whether a peer that was disconnected may come back.
    pub reconnect_allowed: bool,
    /// Disconnection after which a peer no longer stands in the list of registered peers.
    pub peer_removal_timeout: Duration,
    /// Whether the registry of the last run is kept.
    pub registry_kept: bool,
    /// How long a peer's token is valid.
    pub token_validity: Duration,
    pub key_files: KeyFiles,
    /// `--cert`: folder of the certificate authority.
    pub certificate_folder: Option<PathBuf>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeartbeatSettings {
    pub enabled: bool,
    pub interval: Duration,
    /// Unanswered ones in a row after which a peer counts as disconnected.
    pub unanswered_max: u64,
}

impl Settings {
    /// The typed form, for `Program::Radiostation`.
    pub fn radiostation(&self) -> RadiostationSettings {
        const SECONDS_PER_MINUTE: f64 = 60.0;
        let storage_path = self.path("RADIOSTATION_STORAGE_PATH").to_owned();
        let grpc_port = self.port("PORT_RADIOSTATION");
        RadiostationSettings {
            log: self.log(),
            listen_address: self.listen_address(),
            grpc_port,
            rest: self.rest(grpc_port),
            key_files: self.key_files(&storage_path),
            storage_path,
            default_channel: self.text("LOOPCHAIN_DEFAULT_CHANNEL").to_owned(),
            channel_auth: self.flag("ENABLE_CHANNEL_AUTH"),
            heartbeat: HeartbeatSettings {
                enabled: self.flag("ENABLE_RADIOSTATION_HEARTBEAT"),
                interval: self.duration("SLEEP_SECONDS_IN_RADIOSTATION_HEARTBEAT"),
                unanswered_max: self.count("NO_RESPONSE_COUNT_ALLOW_BY_HEARTBEAT"),
            },
            grpc_timeout: self.duration("GRPC_TIMEOUT"),
            reconnect_allowed: self.flag("ALLOW_PEER_RECONNECT"),
            peer_removal_timeout: self.duration("TIMEOUT_PEER_REMOVE_IN_LIST"),
            registry_kept: self.flag("IS_LOAD_PEER_MANAGER_FROM_DB"),
            token_validity: Duration::from_secs_f64(
                self.seconds("TOKEN_INTERVAL") * SECONDS_PER_MINUTE,
            ),
            certificate_folder: self.certificate_folder.clone(),
        }
    }

    /// The channels of `CHANNEL_MANAGE_DATA_PATH`. When that setting is the built-in one and the
    /// file does not exist: the default channel with `DEFAULT_SCORE_PACKAGE`.
    ///
    /// # Errors
    /// As `channels::parse`, and when a file that was set cannot be read.
    pub fn channels(&self) -> Result<Channels, ConfigError> {
        channels::load(self)
    }
}
