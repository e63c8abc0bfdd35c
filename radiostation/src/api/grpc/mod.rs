//! The gRPC server: `loopchain.v1.Registry` for peers and the old `RadioStation` for clients. Here
//! and below is the only use of tonic.

mod attend;
mod legacy;
pub mod peer_status;

use std::convert::Infallible;
use std::future::{Future, ready};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::TcpListener;
use tonic::Status;
use tonic::body::Body;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::NamedService;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use wire::legacy::radio_station_server::RadioStationServer;
use wire::v1::registry_server::RegistryServer;

use super::Shared;
use crate::random::Random;
use attend::Attendance;
use legacy::Legacy;

/// A report of `REPORT_CHANNELS_MAX` channels fits well.
const ATTEND_BYTES_MAX: usize = 1 << 20;
const LEGACY_BYTES_MAX: usize = 1 << 16;
const STREAMS_MAX_PER_CONNECTION: u32 = 128;
const HEADER_BYTES_MAX: u32 = 1 << 14;
/// A peer whose machine is gone is noticed within the sum of both.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(10);

/// The transport failed.
#[derive(Debug, thiserror::Error)]
#[error("the gRPC service ended: {0}")]
pub struct GrpcError(#[from] tonic::transport::Error);

/// Serves until `shutdown`, then until every stream has ended.
///
/// # Errors
/// As the transport.
pub async fn serve(
    shared: Arc<Shared>,
    random: Random,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), GrpcError> {
    let attendance = Attendance::new(shared.desk.clone(), random);
    let routes = Routes {
        registry: RegistryServer::new(attendance).max_decoding_message_size(ATTEND_BYTES_MAX),
        legacy: RadioStationServer::new(Legacy::new(shared))
            .max_decoding_message_size(LEGACY_BYTES_MAX),
    };
    Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .http2_max_header_list_size(HEADER_BYTES_MAX)
        .max_concurrent_streams(STREAMS_MAX_PER_CONNECTION)
        .serve_with_incoming_shutdown(
            routes,
            TcpIncoming::from(listener).with_nodelay(Some(true)),
            shutdown,
        )
        .await?;
    Ok(())
}

/// Both services on one port.
#[derive(Clone)]
struct Routes {
    registry: RegistryServer<Attendance>,
    legacy: RadioStationServer<Legacy>,
}

impl Service<http::Request<Body>> for Routes {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let service = request.uri().path().trim_start_matches('/').split('/').next();
        match service.unwrap_or_default() {
            RegistryServer::<Attendance>::NAME => self.registry.call(request),
            RadioStationServer::<Legacy>::NAME => self.legacy.call(request),
            other => {
                let text = format!(
                    "there is no service {other:?}; expected {} or {}",
                    RegistryServer::<Attendance>::NAME,
                    RadioStationServer::<Legacy>::NAME
                );
                Box::pin(ready(Ok(Status::unimplemented(text).into_http())))
            }
        }
    }
}
