//! The routes below `peer/`.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use serde_json::{Value, json};

use super::answer::Answer;
use super::routes::Asked;
use crate::api::Shared;
use crate::api::grpc::peer_status;
use crate::clock::{now_us, shown};
use crate::registry::{ChannelView, PeerView};

/// Peers asked for their status at a time.
const ASKED_MAX: usize = 32;
/// Longest wait for each of them; a list is not held up by a peer that is gone.
const LISTED_WAIT_MAX: Duration = Duration::from_secs(5);

pub async fn list(shared: &Arc<Shared>, asked: &Asked) -> Result<Answer, Answer> {
    let view = view(shared, asked).await?.1;
    let registered: Vec<Value> = view.peers.iter().map(peer).collect();
    let connected: Vec<Value> = view.connected().map(peer).collect();
    Ok(Answer::data(json!({
        "registered_peer_count": registered.len(),
        "connected_peer_count": connected.len(),
        "registered_peer_list": registered,
        "connected_peer_list": connected,
    })))
}

pub async fn leader(shared: &Arc<Shared>, asked: &Asked) -> Result<Answer, Answer> {
    let (channel, view) = view(shared, asked).await?;
    let Some(leader) = &view.leader else {
        let text = format!("no peer has reported a leader of channel {channel} yet");
        return Ok(Answer::error(200, -5, text));
    };
    let mut leader = peer(leader);
    if let Some(members) = leader.as_object_mut() {
        members.shift_remove("peer_type");
    }
    Ok(Answer::data(leader))
}

pub async fn status(shared: &Arc<Shared>, asked: &Asked) -> Result<Answer, Answer> {
    let (Some(id), Some(group_id)) = (asked.parameter("peer_id"), asked.parameter("group_id"))
    else {
        let text = "A parameter is missing. You must throw all of parameters : peer_id, group_id";
        return Err(Answer::error(400, -6, text.to_owned()));
    };
    let (channel, _) = view(shared, asked).await?;
    let unknown = || {
        let text =
            format!("the radiostation knows no peer {id:?} of group {group_id:?} on {channel}");
        Answer::error(200, -800, text)
    };
    let parsed: chain::keys::PeerId = id.parse().map_err(|_| unknown())?;
    let name = channel.clone();
    let peer = shared.desk.read(move |registry| registry.member(&name, &parsed)).await?;
    let peer = peer.filter(|peer| peer.group_id == group_id || id == group_id);
    let peer = peer.ok_or_else(unknown)?;
    let status = own_status(&peer, &channel, shared.grpc_timeout()).await;
    Ok(status.map_or_else(|text| Answer::error(200, -1, text), Answer::ok))
}

pub async fn status_list(shared: &Arc<Shared>, asked: &Asked) -> Result<Answer, Answer> {
    let (channel, view) = view(shared, asked).await?;
    let timeout = shared.grpc_timeout().min(LISTED_WAIT_MAX);
    let peers = view.peers.clone().into_iter();
    let statuses: Vec<_> =
        peers.map(|peer| listed_status(peer, channel.clone(), timeout)).collect();
    let statuses: Vec<Value> = stream::iter(statuses).buffered(ASKED_MAX).collect().await;
    Ok(Answer::data(json!({
        "registered_peer_count": view.peers.len(),
        "connected_peer_count": view.connected().count(),
        "peer_status_list": statuses,
    })))
}

/// The peer's own status with its order, or why there is none.
async fn listed_status(peer: PeerView, channel: String, timeout: Duration) -> Value {
    let status = own_status(&peer, &channel, timeout).await;
    let mut status = status.unwrap_or_else(|text| {
        json!({
            "response_code": -1,
            "status": text,
            "peer_id": peer.id.to_string(),
            "peer_target": peer.target,
        })
    });
    status["order"] = peer.order.into();
    status
}

/// The object that the peer itself answers with.
async fn own_status(peer: &PeerView, channel: &str, timeout: Duration) -> Result<Value, String> {
    let reply =
        peer_status::ask(peer, channel, timeout).await.map_err(|error| error.to_string())?;
    match serde_json::from_str(&reply.status) {
        Ok(status @ Value::Object(_)) => Ok(status),
        _ => Err(format!("peer at {} answered with a status that is no JSON object", peer.target)),
    }
}

/// The channel that was asked for, and what is known of it.
async fn view(shared: &Arc<Shared>, asked: &Asked) -> Result<(String, ChannelView), Answer> {
    let channel = asked.parameter("channel").unwrap_or(&shared.default_channel).to_owned();
    let name = channel.clone();
    let view = shared.desk.read(move |registry| registry.view(now_us(), &name)).await?;
    let view = view.ok_or_else(|| Answer::unknown_channel(&channel))?;
    Ok((channel, view))
}

/// `cert` is empty: there are no certificates in this version.
fn peer(peer: &PeerView) -> Value {
    json!({
        "order": peer.order,
        "peer_id": peer.id.to_string(),
        "group_id": peer.group_id,
        "target": peer.target,
        "cert": "",
        "status": peer.status as u8,
        "status_update_time": shown(peer.status_update_time_us),
        "peer_type": u8::from(peer.leads),
    })
}
