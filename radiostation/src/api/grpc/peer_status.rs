//! Asks a peer for its own status, through the call that existing clients use.

use std::time::Duration;

use tonic::transport::Endpoint;
use wire::legacy::peer_service_client::PeerServiceClient;
use wire::legacy::{StatusReply, StatusRequest};

/// Largest answer that is read.
const REPLY_BYTES_MAX: usize = 1 << 20;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    #[error("peer {0} has no address: another peer has taken it over")]
    NoAddress(String),
    #[error("peer at {target} cannot be reached: {reason}")]
    Failed { target: String, reason: String },
    #[error("peer at {target} did not answer within {seconds} s")]
    Timeout { target: String, seconds: u64 },
}

/// The peer's answer, within `timeout` in all.
///
/// # Errors
/// When there is none.
pub async fn ask(
    peer: &crate::registry::PeerView,
    channel: &str,
    timeout: Duration,
) -> Result<StatusReply, Unreachable> {
    if peer.target.is_empty() {
        return Err(Unreachable::NoAddress(peer.id.to_string()));
    }
    let target = peer.target.clone();
    match tokio::time::timeout(timeout, call(&target, channel)).await {
        Ok(Ok(reply)) => Ok(reply),
        Ok(Err(reason)) => Err(Unreachable::Failed { target, reason }),
        Err(_) => Err(Unreachable::Timeout { target, seconds: timeout.as_secs() }),
    }
}

async fn call(target: &str, channel: &str) -> Result<StatusReply, String> {
    let endpoint =
        Endpoint::from_shared(format!("http://{target}")).map_err(|error| error.to_string())?;
    let connection = endpoint.connect().await.map_err(|error| innermost(&error))?;
    let mut client = PeerServiceClient::new(connection).max_decoding_message_size(REPLY_BYTES_MAX);
    let request = StatusRequest { request: String::new(), channel: Some(channel.to_owned()) };
    let reply = client.get_status(request).await;
    reply.map(tonic::Response::into_inner).map_err(|status| status.message().to_owned())
}

/// tonic's own message is "transport error"; what happened stands below it.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut deepest = error;
    while let Some(below) = deepest.source() {
        deepest = below;
    }
    deepest.to_string()
}
