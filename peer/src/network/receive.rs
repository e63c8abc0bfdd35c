//! Reading what other peers send: one task a stream. A frame that is too long or cannot be decoded,
//! or that does not belong on its lane, costs the sender its connection.

use std::collections::BTreeMap;
use std::io;

use chain::encoding::{decode, encode};
use chain::keys::PeerId;
use futures::{AsyncWriteExt, StreamExt};
use libp2p::{PeerId as TransportId, Stream};
use libp2p_stream::IncomingStreams;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::packet::Envelope;
use super::swarm::Command;
use super::{Arrival, Asked, Lane, Names, Packet, Request, Response, Routes, frame, lock};

/// Accepts the streams of one lane; a peer's new stream takes the place of its old one.
pub async fn accept(
    lane: Lane,
    mut incoming: IncomingStreams,
    routes: Routes,
    names: Names,
    commands: mpsc::WeakSender<Command>,
) {
    let mut readers: BTreeMap<TransportId, AbortHandle> = BTreeMap::new();
    while let Some((id, stream)) = incoming.next().await {
        readers.retain(|_, reader| !reader.is_finished());
        let Some(peer) = lock(&names).get(&id).copied() else { continue };
        let (routes, commands) = (routes.clone(), commands.clone());
        let reader = tokio::spawn(async move {
            let ended = match lane {
                Lane::Requests => answer(peer, stream, &routes).await,
                Lane::Consensus | Lane::Bulk => read(lane, peer, stream, &routes).await,
            };
            if let Err(error) = ended
                && error.kind() == io::ErrorKind::InvalidData
            {
                tracing::warn!(%peer, %error, ?lane, "connection closed: the peer broke the rules");
                if let Some(commands) = commands.upgrade() {
                    let _ = commands.send(Command::Disconnect(id)).await;
                }
            }
        });
        if let Some(old) = readers.insert(id, reader.abort_handle()) {
            old.abort();
        }
    }
}

fn invalid(why: impl ToString) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_string())
}

async fn read(lane: Lane, peer: PeerId, mut stream: Stream, routes: &Routes) -> io::Result<()> {
    while let Some(bytes) = frame::read(&mut stream, routes.frame_bytes_max(lane)).await? {
        let envelope: Envelope<Packet> = decode(&bytes).map_err(invalid)?;
        if envelope.content.lane() != lane {
            return Err(invalid("a packet came on the wrong stream"));
        }
        // Not a member here, or no longer, or not yet: membership changes reach peers at
        // different times, so it is no offence.
        let Some(route) = routes.of_member(&envelope.channel, &peer) else { continue };
        if route.queue(lane).send(Arrival::Packet(peer, envelope.content)).await.is_err() {
            tracing::debug!(channel = %envelope.channel, "a channel ended");
        }
    }
    Ok(())
}

async fn answer(peer: PeerId, mut stream: Stream, routes: &Routes) -> io::Result<()> {
    while let Some(bytes) = frame::read(&mut stream, Lane::Requests.frame_bytes_max()).await? {
        let envelope: Envelope<Request> = decode(&bytes).map_err(invalid)?;
        let mut response = Response::Nothing;
        if let Some(route) = routes.of_member(&envelope.channel, &peer) {
            let (answer, answered) = oneshot::channel();
            let asked = Asked { request: envelope.content, answer };
            if route.requests.send(asked).await.is_ok() {
                response = answered.await.unwrap_or(Response::Nothing);
            }
        }
        frame::write(&mut stream, &encode(&response)).await?;
        stream.flush().await?;
    }
    Ok(())
}
