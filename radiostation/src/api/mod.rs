//! What others see of the radiostation: gRPC and REST. Nothing is decided here.
//!
//! - `caller`: who may change something
//! - `grpc`: the streams of peers, the calls of existing clients, and calls to peers
//! - `rest`: the routes

pub mod caller;
pub mod grpc;
pub mod rest;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use configs::{LogControl, RadiostationSettings, Secret, SetRefused, Settings};
use tokio::sync::Notify;

use crate::registrar::{Desk, Stopped};
use crate::registry::Rules;

/// What all calls work with.
pub struct Shared {
    pub desk: Desk,
    /// Asked to stop by a call.
    pub stop: Notify,
    pub default_channel: String,
    pub admin_token: Option<Secret>,
    /// Largest body of a request, bytes.
    pub body_bytes_max: usize,
    settings: Mutex<Settings>,
    log: Option<LogControl>,
}

impl Shared {
    pub fn new(desk: Desk, settings: Settings, log: Option<LogControl>) -> Shared {
        let typed = settings.radiostation();
        let largest = settings.get("MAX_TX_BYTES").and_then(|entry| entry.value.parse().ok());
        Shared {
            desk,
            stop: Notify::new(),
            default_channel: typed.default_channel,
            admin_token: typed.rest.admin_token,
            body_bytes_max: largest.expect("MAX_TX_BYTES is a whole number of the table"),
            settings: Mutex::new(settings),
            log,
        }
    }

    /// Longest wait for a peer's answer.
    pub fn grpc_timeout(&self) -> Duration {
        self.with_settings(|settings| settings.radiostation().grpc_timeout)
    }

    /// Looks something up in the settings as they are now.
    pub fn with_settings<T>(&self, look: impl FnOnce(&mut Settings) -> T) -> T {
        // A panic elsewhere leaves the settings whole: `set` changes them in one assignment.
        look(&mut self.settings.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes a setting while running; it is in effect when this returns.
    pub async fn set(&self, name: &str, text: &str) -> Result<Result<(), SetRefused>, Stopped> {
        let outcome = self
            .with_settings(|settings| settings.set(name, text).map(|()| settings.radiostation()));
        let typed = match outcome {
            Ok(typed) => typed,
            Err(refused) => return Ok(Err(refused)),
        };
        if name == "LOOPCHAIN_LOG_LEVEL"
            && let Some(log) = &self.log
            && let Err(error) = log.set_level(&typed.log.level)
        {
            tracing::error!("the log level stays as it was: {error}");
        }
        self.desk.set_rules(rules(&typed)).await?;
        tracing::info!("the operator changed {name}");
        Ok(Ok(()))
    }
}

/// The settings that the registry works by.
pub fn rules(settings: &RadiostationSettings) -> Rules {
    let us = |duration: Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    let heartbeat = &settings.heartbeat;
    Rules {
        channel_auth: settings.channel_auth,
        reconnect_allowed: settings.reconnect_allowed,
        silence_max_us: heartbeat
            .enabled
            .then(|| us(heartbeat.interval).saturating_mul(heartbeat.unanswered_max)),
        removal_us: us(settings.peer_removal_timeout),
    }
}
