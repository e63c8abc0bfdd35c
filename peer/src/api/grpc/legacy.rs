//! The calls of existing clients; their wire form does not change.

use chain::count::Height;
use serde_json::{Value, json};
use tonic::{Request, Response, Status};
use wire::legacy::peer_service_server::PeerService;
use wire::legacy::{
    BlockReply, CommonReply, CommonRequest, CreateTxReply, CreateTxRequest, GetBlockReply,
    GetBlockRequest, GetInvokeResultReply, GetInvokeResultRequest, GetTxReply, GetTxRequest,
    Message, QueryReply, QueryRequest, StatusReply, StatusRequest, StopReply, StopRequest,
};

use crate::api::{self, NoChannel, TransactionResult, code};
use crate::channel::Channel;
use crate::node::Node;
use crate::view::{self, Which};

/// Codes of `Request`.
const STATUS: i32 = 1;
const PEER_LIST: i32 = 600;

pub(super) struct LegacyService {
    pub node: Node,
}

impl LegacyService {
    // Old replies have a code for what fails, so only a channel that cannot be used is a status.
    fn channel(&self, name: Option<&str>) -> Result<Channel, Status> {
        api::channel(&self.node, name).map_err(|error| match error {
            NoChannel::Unknown(..) => Status::not_found(error.to_string()),
            NoChannel::NotJoined(_) => Status::unavailable(error.to_string()),
        })
    }

    fn status(
        &self,
        name: Option<&str>,
        status: impl Fn(&Channel) -> Value,
    ) -> Result<StatusReply, Status> {
        let channel = self.channel(name)?;
        let now = channel.status.borrow().clone();
        Ok(StatusReply {
            status: status(&channel).to_string(),
            block_height: i32::try_from(now.height.0).unwrap_or(i32::MAX),
            total_tx: i32::try_from(now.transactions).unwrap_or(i32::MAX),
            is_leader_complaining: Some(if now.is_complaining { 2 } else { 1 }),
        })
    }
}

#[tonic::async_trait]
impl PeerService for LegacyService {
    async fn create_tx(
        &self,
        request: Request<CreateTxRequest>,
    ) -> Result<Response<CreateTxReply>, Status> {
        let CreateTxRequest { data, channel } = request.into_inner();
        let channel = self.channel(channel.as_deref())?;
        let reply = match api::create_transaction(&channel, data).await {
            Ok(hash) => CreateTxReply {
                response_code: code::SUCCESS,
                tx_hash: hash.to_string(),
                more_info: String::new(),
            },
            Err(error) => CreateTxReply {
                response_code: code::FAIL,
                tx_hash: String::new(),
                more_info: error.to_string(),
            },
        };
        Ok(Response::new(reply))
    }

    async fn get_tx(&self, request: Request<GetTxRequest>) -> Result<Response<GetTxReply>, Status> {
        let GetTxRequest { tx_hash, channel } = request.into_inner();
        let channel = self.channel(channel.as_deref())?;
        let found = tx_hash.parse().ok().and_then(|hash| api::transaction(&channel, &hash));
        let reply = match found {
            Some((found, meta)) => GetTxReply {
                response_code: code::SUCCESS,
                meta: meta.to_string(),
                data: found.transaction.data,
                more_info: "success".into(),
                signature: found.signature,
                public_key: found.public_key,
            },
            None => GetTxReply {
                response_code: code::FAIL,
                more_info: "fail".into(),
                ..GetTxReply::default()
            },
        };
        Ok(Response::new(reply))
    }

    async fn get_invoke_result(
        &self,
        request: Request<GetInvokeResultRequest>,
    ) -> Result<Response<GetInvokeResultReply>, Status> {
        let GetInvokeResultRequest { tx_hash, channel } = request.into_inner();
        let channel = self.channel(channel.as_deref())?;
        let found = tx_hash.parse().map(|hash| api::result(&channel, &hash));
        let reply = match found.unwrap_or(TransactionResult::Unknown) {
            TransactionResult::Known { code, message } => GetInvokeResultReply {
                response_code: code::SUCCESS,
                result: Some(api::response(code, message.as_deref()).to_string()),
            },
            TransactionResult::Unknown => {
                GetInvokeResultReply { response_code: code::FAIL, result: None }
            }
        };
        Ok(Response::new(reply))
    }

    async fn query(&self, request: Request<QueryRequest>) -> Result<Response<QueryReply>, Status> {
        let QueryRequest { params, channel } = request.into_inner();
        let channel = self.channel(channel.as_deref())?;
        let (response_code, response) = api::query(&channel, params).await;
        let response = match response {
            Some(Value::String(text)) if response_code == code::FAIL => text,
            Some(value) => value.to_string(),
            None => String::new(),
        };
        Ok(Response::new(QueryReply { response_code, response }))
    }

    async fn get_block(
        &self,
        request: Request<GetBlockRequest>,
    ) -> Result<Response<GetBlockReply>, Status> {
        let request = request.into_inner();
        let channel = self.channel(request.channel.as_deref())?;
        let height = request.block_height();
        let asked = request.block_hash.unwrap_or_default();
        let which = match (asked.as_str(), height) {
            ("", -1) => Some(Which::Last),
            ("", height) => u64::try_from(height).ok().map(|height| Which::Height(Height(height))),
            (hash, _) => hash.parse().ok().map(Which::Hash),
        };
        let Some(block) = which.and_then(|which| api::block(&channel, which)) else {
            return Ok(Response::new(GetBlockReply {
                response_code: code::WRONG_BLOCK_HASH,
                block_hash: asked,
                block_data_json: "{}".into(),
                tx_data_json: Vec::new(),
            }));
        };
        let fields = block.fields(&view::names(&request.block_data_filter));
        let transactions =
            block.transactions(&channel.ledger, &view::names(&request.tx_data_filter));
        Ok(Response::new(GetBlockReply {
            response_code: code::SUCCESS,
            block_hash: block.hash.to_string(),
            block_data_json: Value::Object(fields).to_string(),
            tx_data_json: transactions.into_iter().map(|t| Value::Object(t).to_string()).collect(),
        }))
    }

    async fn get_last_block_hash(
        &self,
        request: Request<CommonRequest>,
    ) -> Result<Response<BlockReply>, Status> {
        let channel = self.channel(request.into_inner().channel.as_deref())?;
        let block_hash = channel.status.borrow().hash.to_string();
        Ok(Response::new(BlockReply {
            response_code: code::SUCCESS,
            message: "success".into(),
            block_hash,
        }))
    }

    async fn get_status(
        &self,
        request: Request<StatusRequest>,
    ) -> Result<Response<StatusReply>, Status> {
        let name = request.into_inner().channel;
        self.status(name.as_deref(), |channel| api::peer_status(&self.node, channel))
            .map(Response::new)
    }

    async fn get_score_status(
        &self,
        request: Request<StatusRequest>,
    ) -> Result<Response<StatusReply>, Status> {
        let name = request.into_inner().channel;
        self.status(name.as_deref(), api::score_status).map(Response::new)
    }

    async fn echo(&self, request: Request<CommonRequest>) -> Result<Response<CommonReply>, Status> {
        let message = request.into_inner().request;
        Ok(Response::new(CommonReply { response_code: code::SUCCESS, message }))
    }

    async fn stop(&self, request: Request<StopRequest>) -> Result<Response<StopReply>, Status> {
        if !self.may_stop(&request) {
            let message = "Stop is for loopback, or with the admin token (ADMIN_TOKEN) as \
                           'authorization: Bearer …'";
            return Err(Status::permission_denied(message));
        }
        let reason = request.into_inner().reason;
        tracing::info!(reason, "asked to stop");
        self.node.stop.cancel();
        Ok(Response::new(StopReply { status: "stopping".into() }))
    }

    async fn request(&self, request: Request<Message>) -> Result<Response<Message>, Status> {
        let Message { code: asked, channel, meta, .. } = request.into_inner();
        let reply = |code: i32, message: String| Message {
            code,
            channel: channel.clone(),
            message: Some(message),
            meta: meta.clone(),
            object: None,
        };
        Ok(Response::new(match asked {
            STATUS => {
                let found = self.channel(channel.as_deref())?;
                reply(code::SUCCESS, api::peer_status(&self.node, &found).to_string())
            }
            PEER_LIST => {
                let found = self.channel(channel.as_deref())?;
                let peers = self.node.peers(&found.name);
                let peers: Vec<Value> = peers
                    .into_iter()
                    .map(|peer| {
                        json!({
                            "order": peer.order,
                            "peer_id": peer.key.peer_id().to_string(),
                            "group_id": peer.group_id,
                            "target": peer.target,
                        })
                    })
                    .collect();
                reply(code::SUCCESS, json!(peers).to_string())
            }
            _ => reply(code::NOT_HANDLED, format!("message code {asked} is not handled")),
        }))
    }
}

impl LegacyService {
    fn may_stop<T>(&self, request: &Request<T>) -> bool {
        let from_here = request.remote_addr().is_some_and(|address| address.ip().is_loopback());
        let token = request.metadata().get("authorization").and_then(|value| value.to_str().ok());
        self.node.may_administer(from_here, token)
    }
}
