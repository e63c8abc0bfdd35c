//! A client of the load that sends by gRPC stream, without waiting for each answer.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};
use wire::v1::gateway_client::GatewayClient;
use wire::v1::{SubmitReply, SubmitRequest};

use crate::grpc::endpoint;
use crate::load::{Client, PATIENCE};
use crate::record::{ClientRecord, Outcome};
use crate::requests::Request;

/// Transactions sent and not answered.
const WINDOW: usize = 64;
const RETRY_PAUSE: Duration = Duration::from_millis(50);
/// How soon it is noticed that the load is to stop.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

const ACCEPTED: i32 = 0;
const TRY_LATER: i32 = -900;

pub fn run(mut client: Client) -> ClientRecord {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("the system gives a runtime").block_on(async {
        while client.wants_more() {
            let mut unanswered = VecDeque::new();
            let Err(status) = stream(&mut client, &mut unanswered).await else { break };
            for request in unanswered {
                client.note(request, Outcome::Unknown);
            }
            client.lose_patience(&status.to_string());
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    });
    client.record()
}

// One stream, until the client has what it wants or the stream breaks.
async fn stream(client: &mut Client, unanswered: &mut VecDeque<Request>) -> Result<(), Status> {
    let connection = endpoint(&client.target).connect().await;
    let connection = connection.map_err(|error| Status::unavailable(error.to_string()))?;
    let (sender, requests) = mpsc::channel(WINDOW);
    let mut gateway = GatewayClient::new(connection);
    let mut replies = gateway.submit(ReceiverStream::new(requests)).await?.into_inner();
    let mut next_send = Instant::now();
    loop {
        let room = WINDOW.min(client.left());
        let wants_more = client.wants_more();
        if !wants_more && unanswered.is_empty() {
            return Ok(());
        }
        let may_send = wants_more && unanswered.len() < room;
        tokio::select! {
            reply = next(&mut replies) => on_reply(client, unanswered, reply?).await,
            () = tokio::time::sleep_until(next_send), if may_send => {
                let request = client.author.write();
                let message = SubmitRequest {
                    channel: client.channel.clone(),
                    data: request.body.to_string().into_bytes(),
                };
                unanswered.push_back(request);
                if sender.send(message).await.is_err() {
                    return Err(Status::unavailable("the stream takes nothing more"));
                }
                next_send = Instant::now() + client.pause;
            }
            () = tokio::time::sleep(LOOK_INTERVAL) => client.lose_patience("no answer"),
        }
    }
}

async fn next(replies: &mut Streaming<SubmitReply>) -> Result<SubmitReply, Status> {
    let reply = tokio::time::timeout(PATIENCE, replies.message()).await;
    let reply = reply.map_err(|_| Status::deadline_exceeded("no answer"))??;
    reply.ok_or_else(|| Status::unavailable("the stream ended"))
}

async fn on_reply(client: &mut Client, unanswered: &mut VecDeque<Request>, reply: SubmitReply) {
    let request = unanswered.pop_front().expect("there is a reply for every request, not more");
    let outcome = match reply.response_code {
        ACCEPTED => Outcome::Accepted(hex::encode(&reply.tx_hash)),
        TRY_LATER => {
            tokio::time::sleep(RETRY_PAUSE).await;
            Outcome::Refused(reply.message)
        }
        code => panic!("client {} was refused: {code} {}", client.name, reply.message),
    };
    client.note(request, outcome);
}
