//! What arrives on libp2p's streams: frames, and what peers put into them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use chain::block::Executed;
use chain::count::Height;
use chain::encoding::encode;
use chain::lft::message::Message;
use chain::lft::standing::SignedSaid;
use futures::executor::block_on;
use futures::io::{AsyncRead, Cursor};
use peer::network::{Envelope, Lane, Packet, Request, Response, frame};

use super::SMALL;
use crate::world::{peer, world};
use crate::{Target, Verdict, decoded, memory, taken};

pub const FRAME: Target = Target {
    name: "frame",
    decodes: "frames on a libp2p stream that comes in pieces (peer::network::frame)",
    bytes_max: 2048,
    runs: 120_000,
    memory_max: SMALL,
    run: frames,
    seeds: || {
        let stream = |frames: &[&[u8]], pieces: u8| {
            let mut bytes = vec![pieces, 40];
            for frame in frames {
                bytes.extend(u32::try_from(frame.len()).expect("it is short").to_le_bytes());
                bytes.extend(*frame);
            }
            bytes
        };
        vec![stream(&[b"one", b"", b"three"], 0), stream(&[b"in pieces"], 1)]
    },
};

/// Gives its bytes in pieces, as a socket does.
struct Pieces<'a> {
    bytes: &'a [u8],
    most: usize,
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let length = into.len().min(self.most).min(self.bytes.len());
        let (piece, rest) = self.bytes.split_at(length);
        into[..length].copy_from_slice(piece);
        self.bytes = rest;
        Poll::Ready(Ok(length))
    }
}

/// The first byte is the size of pieces, the second the longest frame; 255 stands for a large one.
fn frames(bytes: &[u8]) -> Verdict {
    let [pieces, max, stream @ ..] = bytes else { return Verdict::Refused };
    let most = if *pieces == 0 { usize::MAX } else { usize::from(*pieces) };
    let max = if *max == u8::MAX { 130 << 20 } else { usize::from(*max) };
    let mut reader = Pieces { bytes: stream, most };
    let mut rest = stream;
    loop {
        let (read, held) = memory::measured(|| block_on(frame::read(&mut reader, max)));
        let justified = (64 << 10) + 4096 + 4 * bytes.len();
        assert!(held <= justified, "a frame took {held} bytes, of a stream of {}", bytes.len());
        match (read, expected(rest, max)) {
            (Ok(Some(found)), Expected::Frame(frame, after)) => {
                assert_eq!(found, frame);
                let mut written = Cursor::new(Vec::new());
                block_on(frame::write(&mut written, &found)).expect("memory takes all");
                assert_eq!(written.into_inner(), rest[..rest.len() - after.len()]);
                rest = after;
            }
            (Ok(None), Expected::End) => return Verdict::Taken,
            (Err(error), Expected::TooLong) => {
                assert_eq!(error.kind(), io::ErrorKind::InvalidData);
                return Verdict::Refused;
            }
            (Err(error), Expected::Broken) => {
                assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
                return Verdict::Refused;
            }
            (found, _) => panic!("{found:?} of {rest:?} with at most {max}"),
        }
    }
}

enum Expected<'a> {
    Frame(&'a [u8], &'a [u8]),
    TooLong,
    Broken,
    End,
}

fn expected(stream: &[u8], max: usize) -> Expected<'_> {
    if stream.is_empty() {
        return Expected::End;
    }
    let Some((length, rest)) = stream.split_first_chunk() else { return Expected::Broken };
    let length = u32::from_le_bytes(*length) as usize;
    match rest.split_at_checked(length) {
        _ if length > max => Expected::TooLong,
        Some((frame, after)) => Expected::Frame(frame, after),
        None => Expected::Broken,
    }
}

pub const PACKET: Target = Target {
    name: "packet",
    decodes: "what peers send to all: messages, heights, evidence, entries, batches (peer::network)",
    bytes_max: 4096,
    runs: 120_000,
    memory_max: SMALL,
    run: |bytes| {
        let Some(envelope) = decoded::<Envelope<Packet>>(bytes) else { return Verdict::Refused };
        let bulk = matches!(envelope.content, Packet::Batch(_));
        assert_eq!(
            envelope.content.lane() == Lane::Bulk,
            bulk,
            "small messages wait behind batches"
        );
        Verdict::Taken
    },
    seeds: || {
        let world = world();
        let executed = Executed { height: Height(6), state: world.head.hash };
        let mut packets = vec![Packet::Status { height: Height(7) }, Packet::Executed(executed)];
        packets.extend(world.messages.iter().cloned().map(|one| Packet::Message(Box::new(one))));
        packets.extend(world.evidence.iter().cloned().map(|one| Packet::Evidence(Box::new(one))));
        packets.extend(world.entries.iter().cloned().map(|one| Packet::Entry(Box::new(one))));
        packets.extend(world.batches.iter().cloned().map(|one| Packet::Batch(Box::new(one))));
        let channel = world.head.channel;
        packets.into_iter().map(|content| encode(&Envelope { channel, content })).collect()
    },
};

pub const REQUEST: Target = Target {
    name: "request",
    decodes: "what a peer asks another one (peer::network)",
    bytes_max: 2048,
    runs: 120_000,
    memory_max: SMALL,
    run: |bytes| taken(decoded::<Envelope<Request>>(bytes)),
    seeds: || {
        let world = world();
        let block = &world.committed[1].block;
        let requests = [
            Request::Blocks { first: Height(1), count: 32 },
            Request::Batches(block.batches.clone()),
            Request::Block { height: Height(2), hash: block.hash() },
            Request::LastSaid(peer(2)),
            Request::State(Height(1)),
            Request::Traces(Height(1)),
        ];
        let channel = world.head.channel;
        requests.map(|content| encode(&Envelope { channel, content })).to_vec()
    },
};

fn last_said(message: &Message) -> Option<SignedSaid> {
    SignedSaid::of(message).map(|(_, signed)| signed)
}

pub const RESPONSE: Target = Target {
    name: "response",
    decodes: "a peer's answer: blocks with their batches, batches, a block (peer::network)",
    bytes_max: 4096,
    runs: 100_000,
    memory_max: SMALL,
    run: |bytes| taken(decoded::<Response>(bytes)),
    seeds: || {
        let world = world();
        let block = |at: usize, batches: &[usize]| {
            let batches = batches.iter().map(|batch| world.batches[*batch].clone()).collect();
            (world.committed[at].clone(), batches)
        };
        let responses = [
            Response::Blocks(vec![block(0, &[0])]),
            Response::Blocks(vec![block(1, &[1, 2])]),
            Response::Batches(world.batches.clone()),
            Response::Block(Some(Box::new(world.committed[0].block.clone()))),
            Response::Block(None),
            Response::State(Some(world.head.hash)),
            Response::Traces(vec![[1, 2, 3, 4], [5, 6, 7, 8]]),
            Response::LastSaid(world.messages.iter().filter_map(last_said).take(4).collect()),
            Response::Nothing,
        ];
        responses.iter().map(encode).collect()
    },
};
