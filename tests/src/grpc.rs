//! Clients of the gRPC services, for tests that wait for each answer.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Runtime;
use tonic::transport::{Channel, Endpoint};
use tonic::{Response, Status};
use wire::legacy::peer_service_client::PeerServiceClient;
use wire::legacy::radio_station_client::RadioStationClient;
use wire::v1::gateway_client::GatewayClient;
use wire::v1::{BlocksRequest, ExecutedBlock};

const CALL_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const MESSAGE_BYTES_MAX: usize = 256 << 20;

/// A connection to one process.
pub struct Grpc {
    runtime: Runtime,
    connection: Channel,
}

/// A process's gRPC service, at host:port.
pub fn endpoint(target: &str) -> Endpoint {
    let endpoint = Endpoint::from_shared(format!("http://{target}"));
    endpoint.expect("a program's own address").connect_timeout(CONNECT_TIMEOUT)
}

impl Grpc {
    /// To the service at host:port.
    pub fn new(target: &str) -> Grpc {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("the system gives a runtime");
        let connection = {
            let _inside = runtime.enter();
            endpoint(target).connect_lazy()
        };
        Grpc { runtime, connection }
    }

    /// The old calls of a peer.
    pub fn peer(&self) -> PeerServiceClient<Channel> {
        PeerServiceClient::new(self.connection.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    /// The old calls of a radiostation.
    pub fn radiostation(&self) -> RadioStationClient<Channel> {
        RadioStationClient::new(self.connection.clone())
    }

    /// Our streams of a peer.
    pub fn gateway(&self) -> GatewayClient<Channel> {
        GatewayClient::new(self.connection.clone()).max_decoding_message_size(MESSAGE_BYTES_MAX)
    }

    /// The message of a call's answer.
    ///
    /// # Errors
    /// The status; DEADLINE_EXCEEDED after 30 s.
    pub fn call<T>(
        &self,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Status> {
        let answer = self.wait(call).ok_or_else(|| Status::deadline_exceeded("no answer"))?;
        answer.map(Response::into_inner)
    }

    /// Executed blocks 1 to `last`.
    ///
    /// # Errors
    /// Why they did not all come.
    pub fn executed_blocks(&self, channel: &str, last: u64) -> Result<Vec<ExecutedBlock>, String> {
        let request = BlocksRequest { channel: channel.to_owned(), from_height: 1 };
        let reading = async {
            let mut gateway = self.gateway();
            let stream = gateway.blocks(request).await.map_err(|status| status.to_string())?;
            let mut stream = stream.into_inner();
            let mut blocks = Vec::new();
            while (blocks.len() as u64) < last {
                match stream.message().await {
                    Ok(Some(block)) => blocks.push(block),
                    Ok(None) => return Err("the stream of blocks ended".to_owned()),
                    Err(status) => return Err(status.to_string()),
                }
            }
            Ok(blocks)
        };
        self.wait(reading).unwrap_or_else(|| Err(format!("block {last} did not come in time")))
    }

    /// What the future comes to, within 30 s.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        self.runtime.block_on(async { tokio::time::timeout(CALL_TIMEOUT, future).await.ok() })
    }
}
