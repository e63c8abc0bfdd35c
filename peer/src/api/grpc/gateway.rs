//! Streams of transactions in, streams of executed blocks out.

use std::pin::Pin;

use chain::count::Height;
use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, Streaming};
use wire::v1::gateway_server::Gateway;
use wire::v1::{BlocksRequest, ExecutedBlock, ExecutedTransaction, SubmitReply, SubmitRequest};

use crate::api::{self, NoChannel, code};
use crate::channel::Channel;
use crate::intake::{Offered, Refused};
use crate::node::Node;

/// Transactions of one stream that are not answered yet; the next waits in the client.
const UNANSWERED_MAX: usize = 4096;
/// Blocks a subscriber may be behind before reading waits for it.
const BLOCKS_AHEAD: usize = 16;
/// How long an overloaded stream waits before it tries its transaction again.
const OVERLOAD_PAUSE: std::time::Duration = std::time::Duration::from_millis(5);

pub(super) struct GatewayService {
    pub node: Node,
    pub shutdown: CancellationToken,
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl Gateway for GatewayService {
    type SubmitStream = Answers<SubmitReply>;
    type BlocksStream = Answers<ExecutedBlock>;

    async fn submit(
        &self,
        request: Request<Streaming<SubmitRequest>>,
    ) -> Result<Response<Self::SubmitStream>, Status> {
        let node = self.node.clone();
        let mut name = node.settings.default_channel.clone();
        let until = self.shutdown.clone().cancelled_owned();
        let requests = request.into_inner().take_until(until);
        let answers = requests
            .map(move |request| {
                let request = request.map(|request| {
                    if !request.channel.is_empty() {
                        name = request.channel;
                    }
                    (name.clone(), request.data)
                });
                (node.clone(), request)
            })
            // One after the other: who waits for room is not overtaken.
            .then(|(node, request)| offer(node, request))
            .map(answer)
            .buffered(UNANSWERED_MAX);
        Ok(Response::new(Box::pin(answers)))
    }

    async fn blocks(
        &self,
        request: Request<BlocksRequest>,
    ) -> Result<Response<Self::BlocksStream>, Status> {
        let BlocksRequest { channel, from_height } = request.into_inner();
        let channel = api::channel(&self.node, Some(&channel)).map_err(no_channel)?;
        let (sender, blocks) = mpsc::channel(BLOCKS_AHEAD);
        let shutdown = self.shutdown.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = send_blocks(channel, Height(from_height.max(1)), sender) => {}
                () = shutdown.cancelled() => {}
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(blocks))))
    }
}

fn no_channel(error: NoChannel) -> Status {
    match error {
        NoChannel::Unknown(..) => Status::not_found(error.to_string()),
        NoChannel::NotJoined(_) => Status::unavailable(error.to_string()),
    }
}

fn refused(code: i32, message: impl ToString) -> SubmitReply {
    SubmitReply { response_code: code, tx_hash: Vec::new(), message: message.to_string() }
}

// A place in the queue, or why there is none.
async fn offer(
    node: Node,
    request: Result<(String, Vec<u8>), Status>,
) -> Result<Result<Offered, SubmitReply>, Status> {
    let (name, data) = request?;
    let channel = match api::channel(&node, Some(&name)) {
        Ok(channel) => channel,
        Err(error @ NoChannel::Unknown(..)) => return Ok(Err(refused(code::FAIL, error))),
        Err(error @ NoChannel::NotJoined(_)) => return Ok(Err(refused(code::TIMEOUT, error))),
    };
    let Ok(data) = String::from_utf8(data) else {
        return Ok(Err(refused(code::FAIL, "the data is not UTF-8")));
    };
    loop {
        match channel.intake.offer(&data) {
            Ok(offered) => return Ok(Ok(offered)),
            // The stream is slowed down instead of being refused.
            Err(Refused::Overloaded { .. } | Refused::OverloadedBytes { .. }) => {
                tokio::time::sleep(OVERLOAD_PAUSE).await;
            }
            Err(error @ Refused::TooLarge { .. }) => return Ok(Err(refused(code::FAIL, error))),
            Err(error) => return Ok(Err(refused(code::TIMEOUT, error))),
        }
    }
}

async fn answer(
    offered: Result<Result<Offered, SubmitReply>, Status>,
) -> Result<SubmitReply, Status> {
    let accepted = match offered? {
        Ok(offered) => offered.accepted().await,
        Err(reply) => return Ok(reply),
    };
    Ok(match accepted {
        Ok(hash) => SubmitReply {
            response_code: code::SUCCESS,
            tx_hash: hash.0.to_vec(),
            message: String::new(),
        },
        Err(error) => refused(code::TIMEOUT, error),
    })
}

async fn send_blocks(
    channel: Channel,
    first: Height,
    sender: mpsc::Sender<Result<ExecutedBlock, Status>>,
) {
    let mut executed = channel.executor.watch();
    let mut next = first;
    loop {
        while next <= executed.borrow_and_update().height {
            let ledger = channel.clone();
            let height = next;
            let read = tokio::task::spawn_blocking(move || executed_block(&ledger, height)).await;
            let Ok(Some(block)) = read else { return };
            if sender.send(Ok(block)).await.is_err() {
                return;
            }
            next = next.next();
        }
        tokio::select! {
            changed = executed.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = sender.closed() => return,
        }
    }
}

fn executed_block(channel: &Channel, height: Height) -> Option<ExecutedBlock> {
    let ledger = &channel.ledger;
    let committed = ledger.block(height)?;
    let results = ledger.results(height)?;
    let mut transactions = Vec::new();
    for reference in &committed.block.batches {
        let batch = ledger.batch(&reference.maker, reference.number, &reference.hash)?;
        let receipts = ledger.receipts(&ledger.place(&reference.maker, reference.number)?)?;
        for (hash, receipt) in batch.transaction_hashes().into_iter().zip(receipts) {
            transactions.push(ExecutedTransaction {
                tx_hash: hash.0.to_vec(),
                code: i32::try_from(receipt.code).unwrap_or(i32::MAX),
                message: receipt.message.unwrap_or_default(),
            });
        }
    }
    Some(ExecutedBlock {
        height: height.0,
        block_hash: committed.block.hash().0.to_vec(),
        state_hash: results.state.0.to_vec(),
        timestamp_us: committed.block.header.timestamp_us,
        transactions,
    })
}
