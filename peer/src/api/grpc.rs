//! gRPC: the calls of existing clients, and ours (`loopchain.v1.Gateway`).

mod gateway;
mod legacy;

use std::net::SocketAddr;
use std::time::Duration;

use tokio_stream::wrappers::TcpListenerStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Server;
use wire::legacy::peer_service_server::PeerServiceServer;
use wire::v1::gateway_server::GatewayServer;

use crate::node::Node;
use gateway::GatewayService;
use legacy::LegacyService;

/// Beside a transaction's data, bytes of a message.
const MESSAGE_OVERHEAD_BYTES: usize = 4096;
/// Streams and calls of one connection under way at once.
const CALLS_PER_CONNECTION: u32 = 1024;

/// Serves until `shutdown`.
pub fn serve(
    node: Node,
    listener: tokio::net::TcpListener,
    shutdown: CancellationToken,
) -> std::io::Result<SocketAddr> {
    let address = listener.local_addr()?;
    let bytes_max =
        node.settings.channel_settings.transaction_bytes_max as usize + MESSAGE_OVERHEAD_BYTES;
    let tasks = node.surroundings.tasks.clone();
    let legacy = PeerServiceServer::new(LegacyService { node: node.clone() })
        .max_decoding_message_size(bytes_max);
    let gateway = GatewayServer::new(GatewayService { node, shutdown: shutdown.clone() })
        .max_decoding_message_size(bytes_max);
    let server = Server::builder()
        .tcp_nodelay(true)
        .http2_keepalive_interval(Some(Duration::from_secs(20)))
        .http2_keepalive_timeout(Some(Duration::from_secs(20)))
        .max_concurrent_streams(Some(CALLS_PER_CONNECTION))
        .add_service(legacy)
        .add_service(gateway);
    let incoming = TcpListenerStream::new(listener);
    tasks.spawn(async move {
        let stopped = async move { shutdown.cancelled().await };
        if let Err(error) = server.serve_with_incoming_shutdown(incoming, stopped).await {
            tracing::error!(%error, "the gRPC service ended");
        }
    });
    Ok(address)
}
