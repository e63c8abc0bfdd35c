//! The libp2p swarm: who may connect, dialling, and handing incoming streams to their readers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use futures::StreamExt;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{NetworkBehaviour, SwarmEvent};
use libp2p::{
    Multiaddr, PeerId as TransportId, StreamProtocol, Swarm, SwarmBuilder, allow_block_list,
    connection_limits, identity, noise, ping, tcp, yamux,
};
use libp2p_stream::Control;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::{Lane, Names, NetworkError, Routes, receive};

/// Orders to the swarm.
pub enum Command {
    /// These peers may connect, nobody else.
    Allow(BTreeSet<TransportId>),
    /// Connect, unless connected; answered with a way to open streams once it is so, or dropped.
    Connect {
        peer: TransportId,
        address: Multiaddr,
        connected: oneshot::Sender<Connected>,
    },
    Disconnect(TransportId),
}

/// A connection that stands.
pub struct Connected {
    /// Opens streams.
    pub control: Control,
    /// Cancelled when a connection to the peer has ended: streams do not notice it by themselves
    /// when it is ended here.
    pub closed: CancellationToken,
}

/// Links that wait to be connected, and those to be told when they no longer are.
#[derive(Default)]
struct Meetings {
    waiting: Vec<(TransportId, oneshot::Sender<Connected>)>,
    closed: BTreeMap<TransportId, CancellationToken>,
    /// Connections refused since the start, and when that was last said.
    refused: u64,
    refused_said: Option<Instant>,
}

impl Meetings {
    fn met(
        &mut self,
        swarm: &Swarm<Behaviour>,
        peer: TransportId,
        connected: oneshot::Sender<Connected>,
    ) {
        let control = swarm.behaviour().streams.new_control();
        let closed = self.closed.entry(peer).or_default().clone();
        // A link that has ended does not wait.
        let _ = connected.send(Connected { control, closed });
    }
}

#[derive(NetworkBehaviour)]
struct Behaviour {
    allowed: allow_block_list::Behaviour<allow_block_list::AllowedPeers>,
    limits: connection_limits::Behaviour,
    ping: ping::Behaviour,
    streams: libp2p_stream::Behaviour,
}

const PING_INTERVAL: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(15);
/// Connections that have not yet shown who they are, and how long they may take to.
const PENDING_MAX: u32 = 512;
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(3);
/// Between two lines of log about refused connections.
const REFUSED_PAUSE: Duration = Duration::from_secs(5);
/// Between two peers; more than one only while both dial at once.
const CONNECTIONS_PER_PEER_MAX: u32 = 4;

/// Starts the swarm listening on `address`; it ends when the command sender is dropped.
pub async fn start(
    key: identity::Keypair,
    address: SocketAddr,
    routes: Routes,
    names: Names,
) -> Result<mpsc::Sender<Command>, NetworkError> {
    let mut swarm = build(key)?;
    let ip = match address.ip() {
        IpAddr::V4(ip) => Multiaddr::from(ip),
        IpAddr::V6(ip) => Multiaddr::from(ip),
    };
    let listen = ip.with(libp2p::multiaddr::Protocol::Tcp(address.port()));
    let refused = |reason: String| NetworkError::Listen { address, reason };
    swarm.listen_on(listen).map_err(|e| refused(e.to_string()))?;
    loop {
        match swarm.select_next_some().await {
            SwarmEvent::NewListenAddr { .. } => break,
            SwarmEvent::ListenerClosed { reason, .. } => {
                return Err(refused(format!("{reason:?}")));
            }
            SwarmEvent::ListenerError { error, .. } => return Err(refused(error.to_string())),
            _ => {}
        }
    }
    let (commands, orders) = mpsc::channel(256);
    for lane in Lane::ALL {
        let mut control = swarm.behaviour().streams.new_control();
        let incoming = control
            .accept(StreamProtocol::new(lane.protocol()))
            .map_err(|e| NetworkError::Start(e.to_string()))?;
        tokio::spawn(receive::accept(
            lane,
            incoming,
            routes.clone(),
            names.clone(),
            commands.downgrade(),
        ));
    }
    tokio::spawn(run(swarm, orders));
    Ok(commands)
}

fn build(key: identity::Keypair) -> Result<Swarm<Behaviour>, NetworkError> {
    let limits = connection_limits::ConnectionLimits::default()
        .with_max_pending_incoming(Some(PENDING_MAX))
        .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER_MAX));
    let ping = ping::Config::new().with_interval(PING_INTERVAL).with_timeout(PING_TIMEOUT);
    let start = |e: &dyn std::fmt::Display| NetworkError::Start(e.to_string());
    let swarm = SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
        .map_err(|e| start(&e))?
        .with_behaviour(|_| Behaviour {
            allowed: allow_block_list::Behaviour::default(),
            limits: connection_limits::Behaviour::new(limits),
            ping: ping::Behaviour::new(ping),
            streams: libp2p_stream::Behaviour::new(),
        })
        .map_err(|e| start(&e))?
        // A link is kept for as long as both are members; only failures close it.
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::MAX))
        .with_connection_timeout(HANDSHAKE_TIMEOUT)
        .build();
    Ok(swarm)
}

async fn run(mut swarm: Swarm<Behaviour>, mut orders: mpsc::Receiver<Command>) {
    let mut meetings = Meetings::default();
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                None => return,
                Some(Command::Allow(allowed)) => allow(&mut swarm, &allowed),
                Some(Command::Disconnect(peer)) => {
                    let _ = swarm.disconnect_peer_id(peer);
                }
                Some(Command::Connect { peer, address, connected }) => {
                    if swarm.is_connected(&peer) {
                        meetings.met(&swarm, peer, connected);
                    } else {
                        meetings.waiting.retain(|(_, waiter)| !waiter.is_closed());
                        meetings.waiting.push((peer, connected));
                        dial(&mut swarm, peer, address);
                    }
                }
            },
            event = swarm.select_next_some() => on_event(&mut swarm, &mut meetings, event),
        }
    }
}

fn allow(swarm: &mut Swarm<Behaviour>, allowed: &BTreeSet<TransportId>) {
    let list = &mut swarm.behaviour_mut().allowed;
    let gone: Vec<_> =
        list.allowed_peers().iter().filter(|p| !allowed.contains(p)).copied().collect();
    for peer in gone {
        list.disallow_peer(peer);
    }
    for peer in allowed {
        list.allow_peer(*peer);
    }
}

fn dial(swarm: &mut Swarm<Behaviour>, peer: TransportId, address: Multiaddr) {
    let options = DialOpts::peer_id(peer)
        .condition(PeerCondition::DisconnectedAndNotDialing)
        .addresses(vec![address])
        .build();
    if let Err(error) = swarm.dial(options) {
        tracing::debug!(%peer, %error, "not dialled");
    }
}

fn on_event(
    swarm: &mut Swarm<Behaviour>,
    meetings: &mut Meetings,
    event: SwarmEvent<BehaviourEvent>,
) {
    match event {
        SwarmEvent::ConnectionEstablished { peer_id, .. } => {
            let waiting = std::mem::take(&mut meetings.waiting);
            let (met, waiting): (Vec<_>, Vec<_>) =
                waiting.into_iter().partition(|(peer, _)| *peer == peer_id);
            meetings.waiting = waiting;
            for (peer, connected) in met {
                meetings.met(swarm, peer, connected);
            }
        }
        SwarmEvent::OutgoingConnectionError { peer_id: Some(peer), error, .. } => {
            tracing::debug!(%peer, %error, "cannot connect");
            meetings.waiting.retain(|(waiter, _)| *waiter != peer);
        }
        SwarmEvent::IncomingConnectionError { send_back_addr, error, .. } => {
            meetings.refused += 1;
            if meetings.refused_said.is_none_or(|at| at.elapsed() > REFUSED_PAUSE) {
                let count = meetings.refused;
                tracing::info!(from = %send_back_addr, %error, count, "connection refused");
                meetings.refused_said = Some(Instant::now());
            }
        }
        SwarmEvent::Behaviour(BehaviourEvent::Ping(ping::Event {
            peer,
            connection,
            result: Err(error),
        })) => {
            tracing::info!(%peer, %error, "no answer to ping, connection closed");
            // Only this one: the peer may have started again and have connected anew.
            swarm.close_connection(connection);
        }
        SwarmEvent::ConnectionClosed { peer_id, cause, .. } => {
            tracing::debug!(peer = %peer_id, ?cause, "connection ended");
            if let Some(closed) = meetings.closed.remove(&peer_id) {
                closed.cancel();
            }
        }
        _ => {}
    }
}
