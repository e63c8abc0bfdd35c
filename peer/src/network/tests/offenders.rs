//! Peers with a key that is let in, who write what they like.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use chain::count::Height;
use chain::encoding::encode;
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::NetworkBehaviour;
use libp2p::{
    Multiaddr, PeerId as TransportId, Stream, StreamProtocol, SwarmBuilder, identity, noise, ping,
    tcp, yamux,
};
use libp2p_stream::Control;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::{BATCH_BYTES_MAX, CHANNEL, SOON, Station, a_batch};
use crate::network::packet::RESPONSE_BYTES_MAX;
use crate::network::swarm::{self, Command, Connected};
use crate::network::{
    Contact, Envelope, Lane, Names, Packet, Request, RequestError, Routes, frame, transport_id,
};
use crate::tests::{free_address, key, peer, wait_for};

fn pair(number: u8) -> identity::Keypair {
    let mut secret = key(number).to_bytes();
    let secret = identity::secp256k1::SecretKey::try_from_bytes(&mut secret).unwrap();
    identity::Keypair::from(identity::secp256k1::Keypair::from(secret))
}

struct Offender {
    control: Control,
    peer: TransportId,
    _commands: mpsc::Sender<Command>,
}

impl Offender {
    async fn meets(number: u8, other: &Station) -> Offender {
        let pair = pair(number);
        let (routes, names) = (Routes::default(), Names::default());
        let commands = swarm::start(pair, free_address(), routes, names).await.unwrap();
        let peer = transport_id(&key(other.number).public_key()).unwrap();
        commands.send(Command::Allow(BTreeSet::from([peer]))).await.ok().unwrap();
        let address = resolved(other.address);
        let (connected, met) = oneshot::channel();
        commands.send(Command::Connect { peer, address, connected }).await.ok().unwrap();
        let Connected { control, .. } = timeout(SOON, met).await.expect("not let in").unwrap();
        Offender { control, peer, _commands: commands }
    }

    async fn stream(&mut self, lane: Lane) -> Stream {
        let protocol = StreamProtocol::new(lane.protocol());
        self.control.open_stream(self.peer, protocol).await.unwrap()
    }
}

/// Whether the other side ends the connection that `witness` is a stream of.
async fn is_closed(witness: &mut Stream, within: Duration) -> bool {
    match timeout(within, witness.read(&mut [0])).await {
        Ok(Ok(0) | Err(_)) => true,
        Ok(Ok(_)) => panic!("an answer on a lane that has none"),
        Err(_) => false,
    }
}

fn resolved(address: SocketAddr) -> Multiaddr {
    Multiaddr::from(address.ip()).with(Protocol::Tcp(address.port()))
}

fn framed(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_le_bytes(), bytes].concat()
}

fn enveloped<T: borsh::BorshSerialize>(content: T) -> Vec<u8> {
    encode(&Envelope { channel: CHANNEL, content })
}

#[tokio::test(flavor = "multi_thread")]
async fn breaking_the_rules_costs_the_connection() {
    let status = enveloped(Packet::Status { height: Height(1) });
    let packet = enveloped(Packet::Batch(Box::new(a_batch(1, 10))));
    let request = enveloped(Request::Batches(Vec::new()));
    let over = |lane: Lane| (lane.frame_bytes_max() as u32 + 1).to_le_bytes().to_vec();
    let too_many = framed(&[&status[..], &[0]].concat());
    let over_batch = (BATCH_BYTES_MAX as u32 + 300).to_le_bytes().to_vec();
    let cases: [(&str, Lane, Vec<u8>, bool); 14] = [
        ("a status", Lane::Consensus, framed(&status), false),
        ("a batch", Lane::Bulk, framed(&packet), false),
        ("half a frame", Lane::Consensus, framed(&status)[..9].to_vec(), false),
        ("over the bound", Lane::Consensus, over(Lane::Consensus), true),
        ("over the bound", Lane::Bulk, over(Lane::Bulk), true),
        ("over the channel's bound", Lane::Bulk, over_batch, true),
        ("over the bound", Lane::Requests, over(Lane::Requests), true),
        ("an empty frame", Lane::Consensus, framed(b""), true),
        ("nonsense", Lane::Bulk, framed(&[0xff; 100]), true),
        ("nonsense", Lane::Requests, framed(&[0xff; 100]), true),
        ("a byte too many", Lane::Consensus, too_many, true),
        ("a batch among the urgent", Lane::Consensus, framed(&packet), true),
        ("a status among the batches", Lane::Bulk, framed(&status), true),
        ("a request where none is answered", Lane::Consensus, framed(&request), true),
    ];
    for (what, lane, bytes, closes) in cases {
        let victim = Station::start(1).await;
        // The address of the offender is nobody's: it comes by itself.
        let address = free_address().to_string();
        victim.members(&[2]);
        victim.network.set_contacts(&[Contact { key: key(2).public_key(), address }]).await;
        let mut offender = Offender::meets(2, &victim).await;
        let witness = if lane == Lane::Bulk { Lane::Consensus } else { Lane::Bulk };
        let mut witness = offender.stream(witness).await;
        let mut stream = offender.stream(lane).await;
        stream.write_all(&bytes).await.unwrap();
        stream.flush().await.unwrap();
        let within = if closes { SOON } else { Duration::from_millis(300) };
        assert_eq!(is_closed(&mut witness, within).await, closes, "{what} on {lane:?}");
    }
}

#[derive(NetworkBehaviour)]
struct Answering {
    ping: ping::Behaviour,
    streams: libp2p_stream::Behaviour,
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_breaks_the_rules_costs_the_connection() {
    let over = (RESPONSE_BYTES_MAX as u32 + 1).to_le_bytes().to_vec();
    for (what, bytes) in [("over the bound", over), ("nonsense", framed(&[0xff; 100]))] {
        let mut asker = Station::start(1).await;
        let address = free_address();
        let mut offender = SwarmBuilder::with_existing_identity(pair(2))
            .with_tokio()
            .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
            .unwrap()
            .with_behaviour(|_| Answering {
                ping: ping::Behaviour::default(),
                streams: libp2p_stream::Behaviour::new(),
            })
            .unwrap()
            .build();
        offender.listen_on(resolved(address)).unwrap();
        let mut control = offender.behaviour().streams.new_control();
        let lanes = Lane::ALL.map(|lane| StreamProtocol::new(lane.protocol()));
        let [mut consensus, mut bulk, mut requests] =
            lanes.map(|protocol| control.accept(protocol).unwrap());
        tokio::spawn(async move {
            loop {
                offender.select_next_some().await;
            }
        });
        tokio::spawn(async move {
            let _kept = (consensus.next().await, bulk.next().await);
            let (_, mut stream) = requests.next().await.unwrap();
            frame::read(&mut stream, 1000).await.unwrap();
            stream.write_all(&bytes).await.unwrap();
            stream.flush().await.unwrap();
            std::future::pending::<()>().await;
        });
        asker.members(&[2]);
        let contact = Contact { key: key(2).public_key(), address: address.to_string() };
        asker.network.set_contacts(&[contact]).await;
        wait_for("connected", SOON, || asker.network.is_connected(&peer(2))).await;
        let request = Request::Batches(Vec::new());
        let answer = asker.network.request(peer(2), CHANNEL, request).await;
        assert_eq!(answer, Err(RequestError::Lost), "{what}");
        asker.told_of(peer(2), false).await;
    }
}
