//! A peer's client-facing service that answers GetStatus alone, as the radiostation asks it.

use std::net::SocketAddr;

use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use wire::legacy::peer_service_server::{PeerService, PeerServiceServer};
use wire::legacy::{
    BlockReply, CommonReply, CommonRequest, CreateTxReply, CreateTxRequest, GetBlockReply,
    GetBlockRequest, GetInvokeResultReply, GetInvokeResultRequest, GetTxReply, GetTxRequest,
    Message, QueryReply, QueryRequest, StatusReply, StatusRequest, StopReply, StopRequest,
};

struct Serving;

type Outcome<T> = Result<Response<T>, Status>;

fn not_asked<T>() -> Outcome<T> {
    Err(Status::unimplemented("the radiostation asks for the status alone"))
}

/// Serves on a port of the system for as long as the test runs.
pub async fn serve() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = PeerServiceServer::new(Serving);
    tokio::spawn(Server::builder().serve_with_incoming(service, TcpIncoming::from(listener)));
    address
}

#[tonic::async_trait]
impl PeerService for Serving {
    async fn get_status(&self, request: Request<StatusRequest>) -> Outcome<StatusReply> {
        let channel = request.into_inner().channel;
        let status = serde_json::json!({ "peer_type": "0", "asked": channel }).to_string();
        let reply =
            StatusReply { status, block_height: 1, total_tx: 2, is_leader_complaining: None };
        Ok(Response::new(reply))
    }
    async fn create_tx(&self, _: Request<CreateTxRequest>) -> Outcome<CreateTxReply> {
        not_asked()
    }
    async fn get_tx(&self, _: Request<GetTxRequest>) -> Outcome<GetTxReply> {
        not_asked()
    }
    async fn get_invoke_result(
        &self,
        _: Request<GetInvokeResultRequest>,
    ) -> Outcome<GetInvokeResultReply> {
        not_asked()
    }
    async fn query(&self, _: Request<QueryRequest>) -> Outcome<QueryReply> {
        not_asked()
    }
    async fn get_block(&self, _: Request<GetBlockRequest>) -> Outcome<GetBlockReply> {
        not_asked()
    }
    async fn get_last_block_hash(&self, _: Request<CommonRequest>) -> Outcome<BlockReply> {
        not_asked()
    }
    async fn get_score_status(&self, _: Request<StatusRequest>) -> Outcome<StatusReply> {
        not_asked()
    }
    async fn echo(&self, _: Request<CommonRequest>) -> Outcome<CommonReply> {
        not_asked()
    }
    async fn stop(&self, _: Request<StopRequest>) -> Outcome<StopReply> {
        not_asked()
    }
    async fn request(&self, _: Request<Message>) -> Outcome<Message> {
        not_asked()
    }
}
