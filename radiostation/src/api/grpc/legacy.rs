//! The calls of existing clients.

use std::sync::Arc;

use serde_json::json;
use tonic::{Request, Response, Status};
use wire::legacy::radio_station_server::RadioStation;
use wire::legacy::{
    GetChannelInfosReply, GetChannelInfosRequest, PeerId, StatusReply, StatusRequest, StopReply,
    StopRequest,
};

use super::peer_status;
use crate::api::Shared;
use crate::api::caller::Caller;
use crate::clock::now_us;
use crate::registrar::Stopped;

/// The old service.
pub struct Legacy {
    shared: Arc<Shared>,
}

impl Legacy {
    pub fn new(shared: Arc<Shared>) -> Legacy {
        Legacy { shared }
    }

    fn channel(&self, given: Option<String>) -> String {
        let given = given.filter(|name| !name.is_empty());
        given.unwrap_or_else(|| self.shared.default_channel.clone())
    }

    fn check_caller<T>(&self, request: &Request<T>) -> Result<(), Status> {
        let header = |name: &str| request.metadata().get(name)?.to_str().ok().map(str::to_owned);
        let caller = Caller {
            address: request.remote_addr(),
            authorization: header("authorization"),
            on_behalf: header("x-forwarded-for").is_some() || header("forwarded").is_some(),
        };
        let allowed = caller.may_change(self.shared.admin_token.as_ref());
        allowed.map_err(|forbidden| Status::permission_denied(forbidden.to_string()))
    }
}

fn stopping(stopped: Stopped) -> Status {
    Status::unavailable(stopped.to_string())
}

// A status is a header, which must stay small.
fn shown(name: &str) -> String {
    name.chars().take(80).collect()
}

fn unknown_channel(channel: &str) -> Status {
    Status::not_found(format!("there is no channel {:?}", shown(channel)))
}

#[tonic::async_trait]
impl RadioStation for Legacy {
    /// `status` holds JSON; `block_height` is the greatest that was reported. The radiostation
    /// keeps no ledger and counts no transactions: `total_tx` is 0.
    async fn get_status(
        &self,
        request: Request<StatusRequest>,
    ) -> Result<Response<StatusReply>, Status> {
        let channel = self.channel(request.into_inner().channel);
        let name = channel.clone();
        let view = self.shared.desk.read(move |registry| registry.view(now_us(), &name));
        let view = view.await.map_err(stopping)?.ok_or_else(|| unknown_channel(&channel))?;
        let status = json!({
            "status": "Service is online",
            "channel": channel,
            "registered_peer_count": view.peers.len(),
            "connected_peer_count": view.connected().count(),
            "leader": view.leader.map(|leader| leader.id.to_string()),
        });
        Ok(Response::new(StatusReply {
            status: status.to_string(),
            block_height: i32::try_from(view.height).unwrap_or(i32::MAX),
            total_tx: 0,
            is_leader_complaining: None,
        }))
    }

    /// The peer's own answer.
    async fn get_peer_status(
        &self,
        request: Request<PeerId>,
    ) -> Result<Response<StatusReply>, Status> {
        let asked = request.into_inner();
        let channel = self.channel(asked.channel);
        let id: chain::keys::PeerId = asked
            .peer_id
            .parse()
            .map_err(|error| Status::invalid_argument(format!("peer_id: {error}")))?;
        let name = channel.clone();
        let peer = self.shared.desk.read(move |registry| registry.member(&name, &id));
        let peer = peer.await.map_err(stopping)?.ok_or_else(|| {
            let channel = shown(&channel);
            Status::not_found(format!("the radiostation knows no peer {id} on channel {channel:?}"))
        })?;
        let reply = peer_status::ask(&peer, &channel, self.shared.grpc_timeout()).await;
        reply.map(Response::new).map_err(|error| Status::unavailable(error.to_string()))
    }

    /// Names and SCORE packages. With `ENABLE_CHANNEL_AUTH` a target alone proves nothing, so only
    /// the operator is answered here; peers are told on their streams.
    async fn get_channel_infos(
        &self,
        request: Request<GetChannelInfosRequest>,
    ) -> Result<Response<GetChannelInfosReply>, Status> {
        let authenticated = self.check_caller(&request);
        let target = request.into_inner().peer_target;
        let (auth, channels) = self
            .shared
            .desk
            .read(move |registry| (registry.channel_auth(), registry.channels_of(&target)))
            .await
            .map_err(stopping)?;
        if auth {
            authenticated?;
        }
        let infos =
            channels.into_iter().map(|(name, package)| (name, json!({ "score_package": package })));
        let infos = serde_json::Value::Object(infos.collect());
        let reply = GetChannelInfosReply { response_code: 0, channel_infos: infos.to_string() };
        Ok(Response::new(reply))
    }

    async fn stop(&self, request: Request<StopRequest>) -> Result<Response<StopReply>, Status> {
        self.check_caller(&request)?;
        let reason: String = request.into_inner().reason.chars().take(200).collect();
        tracing::info!("asked to stop: {reason:?}");
        self.shared.stop.notify_one();
        Ok(Response::new(StopReply { status: "0".to_owned() }))
    }
}
